//! The detector's state as changelog records: a key that keeps a record small, and a value a row.

use std::sync::Arc;

use winback_core::debounce::{
    AccountState, Burst, BurstId, CalendarCursor, Cooldown, Counts, Cut, Entry, Evidence, EvidenceItem,
    Fading, FanOut, Fire, Hold, Impossible, InboxClock, InputClock, Machine, MajorRelease, PolicyContent,
    Seen, StateKey, StateRow, TriggerId,
};
use winback_core::ids::{AccountId, Offset};
use winback_core::time::{Span, Time};

use super::trigger::{item_from_wire, item_to_wire, part_from_wire, part_to_wire};
use super::{account, fixed, word};
use crate::error::DecodeError;
use crate::v1;
use crate::v1::state_record::State;
use crate::wire::WireMessage as _;

/// The record's key: a letter for the table, then the row's own key.
pub fn key_to_bytes(key: &StateKey) -> Vec<u8> {
    key.to_bytes()
}

/// The row that a key names.
///
/// # Errors
/// When it is none of [`key_to_bytes`].
pub fn key_from_bytes(bytes: &[u8]) -> Result<StateKey, DecodeError> {
    StateKey::from_bytes(bytes).ok_or_else(|| DecodeError::Invalid {
        field: "key",
        value: String::from_utf8_lossy(bytes).into_owned(),
        fix: "this topic belongs to the detector: where a newer winback wrote it, run that version again, or a later one; \
              nobody else may write to it",
    })
}

/// A record of the changelog: its key and its row, which are of one kind and of one account or policy.
///
/// # Errors
/// When either cannot be read, or the row is one of another key.
pub fn record_from_bytes(key: &StateKey, value: Option<&[u8]>) -> Result<Option<StateRow>, DecodeError> {
    let Some(value) = value else { return Ok(None) };
    let row = row_from_wire(v1::StateRecord::from_bytes(value)?)?;
    let is_of_key = match (key, &row) {
        (StateKey::Clock, StateRow::Clock(_, next, _)) => *next >= Offset::ZERO,
        (StateKey::Account(id), StateRow::Account(state)) => {
            state.account.as_ref().is_none_or(|account| account.id == *id)
        }
        (StateKey::Policy(version), StateRow::Policy(record)) => {
            record.name == version.policy && record.version == version.version
        }
        _ => row.is_of(key),
    };
    let unfit = DecodeError::Invalid {
        field: "state",
        value: String::from_utf8_lossy(&key_to_bytes(key)).into_owned(),
        fix: "the row is one of another key: nobody but the detector may write to this topic",
    };
    if is_of_key { Ok(Some(row)) } else { Err(unfit) }
}

/// The row as it travels.
pub fn row_to_wire(row: &StateRow) -> v1::StateRecord {
    let state = match row {
        StateRow::Clock(clock, next, counts) => State::Clock(clock_to_wire(clock, *next, *counts)),
        StateRow::Account(state) => State::Account(account_to_wire(state)),
        StateRow::Machine(machine) => State::Machine(machine_to_wire(machine)),
        StateRow::Seen(seen) => State::Seen(v1::SeenState {
            event_ms: seen.event_time.millis(),
            offset: seen.offset.0,
            until_ms: seen.until.millis(),
        }),
        StateRow::Policy(record) => State::Policy(super::policy::to_wire(record)),
        StateRow::Hold(_) => State::Hold(v1::Hold { held: true, ..v1::Hold::default() }),
        StateRow::Event(fan_out) => State::FanOut(v1::FanOutState {
            event: Some(super::event::to_wire(&fan_out.event, "", 0)),
            after: fan_out.after.as_ref().map(ToString::to_string),
        }),
    };
    v1::StateRecord { state: Some(state) }
}

/// The row that the record of a changelog says.
///
/// # Errors
/// Names the field, the value and the fix. A policy that cannot be read any more is an error: bursts may be open under it.
pub fn row_from_wire(record: v1::StateRecord) -> Result<StateRow, DecodeError> {
    let row = row_as_written(record)?;
    if let StateRow::Policy(record) = &row
        && let PolicyContent::Invalid(why) = &record.content
    {
        return Err(DecodeError::Invalid {
            field: "policy",
            value: format!("{} version {}: {why}", record.name, record.version),
            fix: "a newer winback applied it: run that version again, or a later one",
        });
    }
    Ok(row)
}

/// The row that the record says; a policy that cannot be read is a row, too.
pub(super) fn row_as_written(record: v1::StateRecord) -> Result<StateRow, DecodeError> {
    Ok(match record.state.ok_or(DecodeError::Newer("the state"))? {
        State::Clock(clock) => clock_from_wire(clock)?,
        State::Account(state) => StateRow::Account(account_from_wire(state)?.into()),
        State::Machine(machine) => StateRow::Machine(machine_from_wire(machine)?.into()),
        State::Seen(seen) => StateRow::Seen(Seen {
            event_time: Time::from_millis(seen.event_ms),
            offset: Offset(seen.offset),
            until: Time::from_millis(seen.until_ms),
        }),
        State::Policy(wire) => StateRow::Policy(super::policy::from_wire(wire)?.into()),
        State::Hold(_) => StateRow::Hold(Hold),
        State::FanOut(state) => {
            let event = state.event.ok_or(DecodeError::Missing("fan_out.event"))?;
            let after = state.after.map(AccountId::from);
            StateRow::Event(FanOut { event: super::event::from_wire(event)?, after }.into())
        }
    })
}

fn clock_to_wire(clock: &InboxClock, next: Offset, counts: Counts) -> v1::ClockState {
    let input = |(name, input): (&winback_core::ids::InputName, &InputClock)| v1::InputState {
        input: name.to_string(),
        reached_ms: input.reached.map(Time::millis),
        risen_at_elapsed_ms: input.risen_at.millis(),
        counts: input.counts,
        named: input.named,
    };
    v1::ClockState {
        next_offset: next.0,
        watermark_ms: clock.watermark.map(Time::millis),
        elapsed_ms: clock.elapsed.millis(),
        last_append_ms: clock.last_append.map(Time::millis),
        inputs: clock.inputs.iter().map(input).collect(),
        bursts_opened: counts.opened,
        bursts_ended: counts.ended,
        signals_made: counts.synthetic,
        hand: clock.calendar.as_ref().map(cursor_to_wire),
        release: clock
            .release
            .as_ref()
            .map(|release| v1::ReleaseState { at_ms: release.at.millis(), title: release.title.clone() }),
    }
}

fn cursor_to_wire(cursor: &CalendarCursor) -> v1::HandState {
    let (account, entry) = cursor
        .after
        .as_ref()
        .map_or_else(Default::default, |(account, entry)| (account.to_string(), entry.to_string()));
    v1::HandState { to_ms: cursor.to.millis(), after_account: account, after_entry: entry }
}

fn cursor_from_wire(wire: v1::HandState) -> Result<CalendarCursor, DecodeError> {
    let after = if wire.after_entry.is_empty() {
        None
    } else {
        let entry = word!(Entry, "hand.after_entry", wire.after_entry.as_str())?;
        Some((wire.after_account.into(), entry))
    };
    Ok(CalendarCursor { to: Time::from_millis(wire.to_ms), after })
}

fn clock_from_wire(wire: v1::ClockState) -> Result<StateRow, DecodeError> {
    let input = |input: v1::InputState| {
        let clock = InputClock {
            reached: input.reached_ms.map(Time::from_millis),
            risen_at: Span::from_millis(input.risen_at_elapsed_ms),
            counts: input.counts,
            named: input.named,
        };
        (input.input.into(), clock)
    };
    let clock = InboxClock {
        watermark: wire.watermark_ms.map(Time::from_millis),
        elapsed: Span::from_millis(wire.elapsed_ms),
        last_append: wire.last_append_ms.map(Time::from_millis),
        inputs: wire.inputs.into_iter().map(input).collect(),
        calendar: wire.hand.map(cursor_from_wire).transpose()?,
        release: wire
            .release
            .map(|release| MajorRelease { at: Time::from_millis(release.at_ms), title: release.title }),
    };
    let counts =
        Counts { opened: wire.bursts_opened, ended: wire.bursts_ended, synthetic: wire.signals_made };
    Ok(StateRow::Clock(clock.into(), Offset(wire.next_offset), counts))
}

fn account_to_wire(state: &AccountState) -> v1::AccountState {
    let fire = |fire: &Fire| v1::Fire {
        policy: fire.policy.to_string(),
        at_ms: fire.at.millis(),
        time_based: fire.time_based,
    };
    v1::AccountState {
        account: state.account.as_ref().map(account::to_wire),
        churned_at_ms: state.churned_at.millis(),
        churn_number: state.churn_number,
        fires: state.fires.iter().map(fire).collect(),
        newest_fire_ms: state.newest_fire.map(Time::millis),
        declined_at_ms: state.declined_at.map(Time::millis),
        opted_out: state.opted_out.clone(),
        resting_since_ms: state.no_reply_since.map(Time::millis),
        erased: state.erased,
        reactivated: state.reactivated,
        impossible: state.impossible.map(|why| why.to_string()).unwrap_or_default(),
        entries_ms: state.entries.iter().map(|entry| entry.millis()).collect(),
        erased_at_ms: state.erased_at.map(Time::millis),
        cut: state.cut.iter().map(|part| part.to_string()).collect(),
    }
}

fn account_from_wire(wire: v1::AccountState) -> Result<AccountState, DecodeError> {
    let fire = |fire: v1::Fire| Fire {
        policy: fire.policy.into(),
        at: Time::from_millis(fire.at_ms),
        time_based: fire.time_based,
    };
    let impossible = (!wire.impossible.is_empty())
        .then(|| word!(Impossible, "account.impossible", wire.impossible.as_str()));
    Ok(AccountState {
        account: wire.account.map(account::from_wire).transpose()?,
        churned_at: Time::from_millis(wire.churned_at_ms),
        churn_number: wire.churn_number,
        fires: wire.fires.into_iter().map(fire).collect(),
        newest_fire: wire.newest_fire_ms.map(Time::from_millis),
        declined_at: wire.declined_at_ms.map(Time::from_millis),
        opted_out: wire.opted_out,
        no_reply_since: wire.resting_since_ms.map(Time::from_millis),
        erased: wire.erased,
        reactivated: wire.reactivated,
        impossible: impossible.transpose()?,
        entries: wire.entries_ms.into_iter().map(Time::from_millis).collect(),
        erased_at: wire.erased_at_ms.map(Time::from_millis),
        cut: wire
            .cut
            .iter()
            .map(|part| word!(Cut, "account.cut", part.as_str()))
            .collect::<Result<_, _>>()?,
    })
}

fn machine_to_wire(machine: &Machine) -> v1::MachineState {
    let cooldown = |cooldown: Cooldown| v1::QuietState {
        burst: cooldown.burst.0.to_vec(),
        until_ms: cooldown.until.millis(),
        strength: u32::from(cooldown.strength),
    };
    v1::MachineState {
        burst: machine.burst.as_ref().map(burst_to_wire),
        quiet: machine.cooldown.map(cooldown),
        carried: machine.cooldown_evidence.iter().map(|item| item_to_wire(item)).collect(),
        score: machine.carried_score.map(score_to_wire),
    }
}

const fn score_to_wire(score: Fading) -> v1::FadingScore {
    v1::FadingScore { parts: score.parts, at_ms: score.at.millis(), until_ms: score.until.millis() }
}

const fn score_from_wire(wire: v1::FadingScore) -> Fading {
    Fading { parts: wire.parts, at: Time::from_millis(wire.at_ms), until: Time::from_millis(wire.until_ms) }
}

fn machine_from_wire(wire: v1::MachineState) -> Result<Machine, DecodeError> {
    let cooldown = |quiet: v1::QuietState| {
        Ok(Cooldown {
            burst: BurstId(fixed(&quiet.burst, "quiet.burst")?),
            until: Time::from_millis(quiet.until_ms),
            strength: strength(quiet.strength),
        })
    };
    Ok(Machine {
        burst: wire.burst.map(burst_from_wire).transpose()?,
        cooldown: wire.quiet.map(cooldown).transpose()?,
        cooldown_evidence: items(wire.carried)?,
        carried_score: wire.score.map(score_from_wire),
    })
}

fn burst_to_wire(burst: &Burst) -> v1::BurstState {
    v1::BurstState {
        id: burst.id.0.to_vec(),
        policy_version: burst.policy_version,
        first_ms: burst.first.millis(),
        last_ms: burst.last.millis(),
        deadline_ms: burst.deadline.millis(),
        signals: burst.signals,
        untold: burst.signals_since_trigger,
        strength: u32::from(burst.strength),
        leading_tried: burst.leading_tried,
        known_well: burst.has_strong_match,
        led: burst.leading_trigger.map(|id| id.0.to_vec()).unwrap_or_default(),
        parts: burst.evidence.parts.iter().map(part_to_wire).collect(),
        first_event_ms: burst.evidence.first.millis(),
        last_event_ms: burst.evidence.last.millis(),
        items: burst.evidence.items.iter().map(|item| item_to_wire(item)).collect(),
        carried_score: burst.evidence.carried_score,
    }
}

fn burst_from_wire(wire: v1::BurstState) -> Result<Burst, DecodeError> {
    let led = (!wire.led.is_empty()).then(|| fixed(&wire.led, "burst.led").map(TriggerId));
    Ok(Burst {
        id: BurstId(fixed(&wire.id, "burst.id")?),
        policy_version: wire.policy_version,
        first: Time::from_millis(wire.first_ms),
        last: Time::from_millis(wire.last_ms),
        deadline: Time::from_millis(wire.deadline_ms),
        signals: wire.signals,
        signals_since_trigger: wire.untold,
        strength: strength(wire.strength),
        leading_tried: wire.leading_tried,
        has_strong_match: wire.known_well,
        leading_trigger: led.transpose()?,
        evidence: Evidence {
            parts: wire.parts.into_iter().map(part_from_wire).collect::<Result<_, _>>()?,
            first: Time::from_millis(wire.first_event_ms),
            last: Time::from_millis(wire.last_event_ms),
            items: items(wire.items)?,
            carried_score: wire.carried_score,
        },
    })
}

fn strength(wire: u32) -> u8 {
    u8::try_from(wire).unwrap_or(u8::MAX)
}

fn items(wire: Vec<v1::EvidenceItem>) -> Result<Vec<Arc<EvidenceItem>>, DecodeError> {
    wire.into_iter().map(|item| item_from_wire(item).map(Arc::new)).collect()
}
