//! The detector's state as changelog records: a key that keeps a record small, and a value a row.

use winback_core::debounce::{
    AccountState, Burst, BurstId, Counts, Cut, Entry, Evidence, Fading, FanOut, Fire, Hand, Impossible,
    InboxClock, InputClock, Machine, MajorRelease, PolicyText, Quiet, Seen, SeenKey, StateKey, StateRow,
    TriggerId,
};
use winback_core::ids::{AccountId, Offset, PolicyName};
use winback_core::time::{Span, Time};

use super::trigger::{item_from_wire, item_to_wire, part_from_wire, part_to_wire};
use super::{account, fixed, word};
use crate::error::DecodeError;
use crate::v1;
use crate::v1::state_record::State;
use crate::wire::WireMessage as _;

/// Between the parts of a key; account ids and policy names may hold anything but it.
const SEPARATOR: u8 = 0;

/// The record's key: a letter for the table, then the row's own key.
pub fn key_to_bytes(key: &StateKey) -> Vec<u8> {
    match key {
        StateKey::Clock => b"c".to_vec(),
        StateKey::Account(id) => [b"a", id.as_str().as_bytes()].concat(),
        StateKey::Machine(id, policy) => {
            [b"m", id.as_str().as_bytes(), &[SEPARATOR], policy.as_str().as_bytes()].concat()
        }
        StateKey::Seen(seen) => [b"s", seen.account.as_str().as_bytes(), &[SEPARATOR], &seen.hash].concat(),
        StateKey::Policy(name, version) => {
            [b"p", &version.to_be_bytes()[..], name.as_str().as_bytes()].concat()
        }
        StateKey::Hold(policy) => [b"h", policy.as_bytes()].concat(),
        StateKey::Event(offset) => [b"e", &offset.0.to_be_bytes()[..]].concat(),
    }
}

/// The row that a key names.
///
/// # Errors
/// When it is none of [`key_to_bytes`].
pub fn key_from_bytes(bytes: &[u8]) -> Result<StateKey, DecodeError> {
    let broken = || DecodeError::Invalid {
        field: "key",
        value: String::from_utf8_lossy(bytes).into_owned(),
        fix: "this topic belongs to the detector: where a newer winback wrote it, run that version again, or a later one; \
              nobody else may write to it",
    };
    let text = |bytes| std::str::from_utf8(bytes).map_err(|_| broken());
    let (table, rest) = bytes.split_first().ok_or_else(broken)?;
    let pair = || {
        let at = rest.iter().position(|byte| *byte == SEPARATOR).ok_or_else(broken)?;
        Ok((text(&rest[..at])?, &rest[at + 1..]))
    };
    match table {
        b'c' if rest.is_empty() => Ok(StateKey::Clock),
        b'a' => Ok(StateKey::Account(text(rest)?.into())),
        b'm' => pair().and_then(|(id, policy)| Ok(StateKey::Machine(id.into(), text(policy)?.into()))),
        b's' => pair().and_then(|(id, hash)| {
            Ok(StateKey::Seen(SeenKey { account: id.into(), hash: fixed(hash, "key")? }))
        }),
        b'p' if rest.len() >= 4 => {
            let (version, name) = rest.split_at(4);
            Ok(StateKey::Policy(PolicyName::from(text(name)?), u32::from_be_bytes(fixed(version, "key")?)))
        }
        b'h' => Ok(StateKey::Hold(text(rest)?.to_owned())),
        b'e' => Ok(StateKey::Event(Offset(i64::from_be_bytes(fixed(rest, "key")?)))),
        _ => Err(broken()),
    }
}

/// A record of the changelog: its key and its row, which are of one kind and of one account or policy.
///
/// # Errors
/// When either cannot be read, or the row is one of another key.
pub fn record_from_bytes(key: &StateKey, value: Option<&[u8]>) -> Result<Option<StateRow>, DecodeError> {
    let Some(value) = value else { return Ok(None) };
    let row = row_from_wire(v1::StateRecord::from_bytes(value)?)?;
    let fits = match (key, &row) {
        (StateKey::Clock, StateRow::Clock(_, next, _)) => *next >= Offset::ZERO,
        (StateKey::Account(id), StateRow::Account(state)) => {
            state.account.as_ref().is_none_or(|account| account.id == *id)
        }
        (StateKey::Policy(name, version), StateRow::Policy(text)) => {
            text.name == name.as_str() && text.version == *version
        }
        (StateKey::Machine(..), StateRow::Machine(_))
        | (StateKey::Seen(_), StateRow::Seen(_))
        | (StateKey::Hold(_), StateRow::Hold)
        | (StateKey::Event(_), StateRow::Event(_)) => true,
        _ => false,
    };
    let unfit = DecodeError::Invalid {
        field: "state",
        value: String::from_utf8_lossy(&key_to_bytes(key)).into_owned(),
        fix: "the row is one of another key: nobody but the detector may write to this topic",
    };
    if fits { Ok(Some(row)) } else { Err(unfit) }
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
        StateRow::Policy(text) => State::Policy(super::inbox::policy_to_wire(text)),
        StateRow::Hold => State::Hold(v1::Hold { held: true, ..v1::Hold::default() }),
        StateRow::Event(fan_out) => State::FanOut(v1::FanOutState {
            event: Some(super::inbox::event_to_wire(&fan_out.event, "", 0)),
            after: fan_out.after.as_ref().map(ToString::to_string),
        }),
    };
    v1::StateRecord { state: Some(state) }
}

/// The row that the record says.
///
/// # Errors
/// Names the field, the value and the fix.
pub fn row_from_wire(record: v1::StateRecord) -> Result<StateRow, DecodeError> {
    Ok(match record.state.ok_or(DecodeError::Newer("the state"))? {
        State::Clock(clock) => clock_from_wire(clock)?,
        State::Account(state) => StateRow::Account(account_from_wire(state)?.into()),
        State::Machine(machine) => StateRow::Machine(machine_from_wire(machine)?.into()),
        State::Seen(seen) => StateRow::Seen(Seen {
            event_time: Time::from_millis(seen.event_ms),
            offset: Offset(seen.offset),
            until: Time::from_millis(seen.until_ms),
        }),
        State::Policy(text) => {
            StateRow::Policy(PolicyText { name: text.name, version: text.version, toml: text.toml })
        }
        State::Hold(_) => StateRow::Hold,
        State::FanOut(state) => {
            let event = state.event.ok_or(DecodeError::Missing("fan_out.event"))?;
            let after = state.after.map(AccountId::from);
            StateRow::Event(FanOut { event: super::inbox::event_from_wire(event)?, after }.into())
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
        signals_made: counts.made,
        hand: clock.hand.as_ref().map(hand_to_wire),
        release: clock
            .release
            .as_ref()
            .map(|release| v1::ReleaseState { at_ms: release.at.millis(), title: release.title.clone() }),
    }
}

fn hand_to_wire(hand: &Hand) -> v1::HandState {
    let (account, entry) = hand
        .after
        .as_ref()
        .map_or_else(Default::default, |(account, entry)| (account.to_string(), entry.to_string()));
    v1::HandState { to_ms: hand.to.millis(), after_account: account, after_entry: entry }
}

fn hand_from_wire(wire: v1::HandState) -> Result<Hand, DecodeError> {
    let after = if wire.after_entry.is_empty() {
        None
    } else {
        let entry = word!(Entry, "hand.after_entry", wire.after_entry.as_str())?;
        Some((wire.after_account.into(), entry))
    };
    Ok(Hand { to: Time::from_millis(wire.to_ms), after })
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
        hand: wire.hand.map(hand_from_wire).transpose()?,
        release: wire
            .release
            .map(|release| MajorRelease { at: Time::from_millis(release.at_ms), title: release.title }),
    };
    let counts = Counts { opened: wire.bursts_opened, ended: wire.bursts_ended, made: wire.signals_made };
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
        resting_since_ms: state.resting_since.map(Time::millis),
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
        resting_since: wire.resting_since_ms.map(Time::from_millis),
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
    let quiet = |quiet: Quiet| v1::QuietState {
        burst: quiet.burst.0.to_vec(),
        until_ms: quiet.until.millis(),
        strength: u32::from(quiet.strength),
    };
    v1::MachineState {
        burst: machine.burst.as_ref().map(burst_to_wire),
        quiet: machine.quiet.map(quiet),
        carried: machine.carried.iter().map(item_to_wire).collect(),
        score: machine.score.map(score_to_wire),
    }
}

const fn score_to_wire(score: Fading) -> v1::FadingScore {
    v1::FadingScore { parts: score.parts, at_ms: score.at.millis(), until_ms: score.until.millis() }
}

const fn score_from_wire(wire: v1::FadingScore) -> Fading {
    Fading { parts: wire.parts, at: Time::from_millis(wire.at_ms), until: Time::from_millis(wire.until_ms) }
}

fn machine_from_wire(wire: v1::MachineState) -> Result<Machine, DecodeError> {
    let quiet = |quiet: v1::QuietState| {
        Ok(Quiet {
            burst: BurstId(fixed(&quiet.burst, "quiet.burst")?),
            until: Time::from_millis(quiet.until_ms),
            strength: strength(quiet.strength),
        })
    };
    Ok(Machine {
        burst: wire.burst.map(burst_from_wire).transpose()?,
        quiet: wire.quiet.map(quiet).transpose()?,
        carried: wire.carried.into_iter().map(item_from_wire).collect::<Result<_, _>>()?,
        score: wire.score.map(score_from_wire),
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
        untold: burst.untold,
        strength: u32::from(burst.strength),
        leading_tried: burst.leading_tried,
        known_well: burst.known_well,
        led: burst.led.map(|id| id.0.to_vec()).unwrap_or_default(),
        parts: burst.evidence.parts.iter().map(part_to_wire).collect(),
        first_event_ms: burst.evidence.first.millis(),
        last_event_ms: burst.evidence.last.millis(),
        items: burst.evidence.items.iter().map(item_to_wire).collect(),
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
        untold: wire.untold,
        strength: strength(wire.strength),
        leading_tried: wire.leading_tried,
        known_well: wire.known_well,
        led: led.transpose()?,
        evidence: Evidence {
            parts: wire.parts.into_iter().map(part_from_wire).collect::<Result<_, _>>()?,
            first: Time::from_millis(wire.first_event_ms),
            last: Time::from_millis(wire.last_event_ms),
            items: wire.items.into_iter().map(item_from_wire).collect::<Result<_, _>>()?,
            carried_score: wire.carried_score,
        },
    })
}

fn strength(wire: u32) -> u8 {
    u8::try_from(wire).unwrap_or(u8::MAX)
}
