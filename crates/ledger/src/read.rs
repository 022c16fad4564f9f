//! Records of the log as facts.

use sha2::{Digest as _, Sha256};
use winback_core::closed_enum;
use winback_core::segment::Segment;
use winback_core::time::Time;
use winback_log::Message;
use winback_proto::v1::decision::Subject;
use winback_proto::{account, v1};

use crate::fact::{Act, Amount, Answer, AnswerKind, Fact, Interest, Judgement, State, Trigger};

/// The currency of the list's revenues.
const LIST_CURRENCY: &str = "USD";
/// Minor units of a unit of it.
const MINOR: i64 = 100;
/// Milliseconds of a day.
pub(crate) const DAY: i64 = 86_400_000;
/// The strength of an act by which somebody asks.
const ASKS: u32 = 3;
/// The end of the name of a policy that nobody acts on.
const SHADOW: &str = "~shadow";

closed_enum! {
    /// The topics that the ledger reads.
    Feed {
        /// The list of accounts.
        Accounts = "accounts",
        /// Triggers.
        Triggers = "triggers",
        /// Decisions.
        Decisions = "decisions",
        /// Actions.
        Actions = "actions",
        /// Answers.
        Answers = "answers",
        /// The erased accounts, as keyed hashes.
        Suppressions = "suppressions",
    }
}

/// The account and the fact of a record; `None` where it holds no fact.
///
/// # Errors
/// If the record cannot be understood, and why.
pub fn read(feed: Feed, message: &Message) -> Result<Option<(String, Fact)>, String> {
    let Some(value) = message.value() else { return removed(feed, message) };
    let fact = match feed {
        Feed::Accounts => state(value, message.timestamp)?,
        Feed::Triggers => trigger(value)?,
        Feed::Decisions => return decision(value),
        Feed::Actions => act(value)?,
        Feed::Answers => answer(value)?,
        Feed::Suppressions => return Ok(None),
    };
    if fact.0.is_empty() {
        return Err("it names no account".to_owned());
    }
    Ok(Some(fact))
}

/// A tombstone: on the list it says that the account is gone, elsewhere that nothing is known any more.
fn removed(feed: Feed, message: &Message) -> Result<Option<(String, Fact)>, String> {
    if feed != Feed::Accounts {
        return Ok(None);
    }
    let id = std::str::from_utf8(message.key().unwrap_or_default());
    let id = id.map_err(|error| format!("its key is no account: {error}"))?;
    let state = State {
        at: message.timestamp,
        version: 0,
        gone: true,
        active: false,
        churned_at: message.timestamp,
        reason: String::new(),
        tier: String::new(),
        segment: String::new(),
        owner: String::new(),
        arr: dollars(0),
        held_out: false,
    };
    Ok(Some((id.to_owned(), Fact::State(state))))
}

fn wire<M: winback_proto::WireMessage>(value: &[u8]) -> Result<M, String> {
    M::from_bytes(value).map_err(|error| error.to_string())
}

fn needed(stamp: Option<&winback_proto::Timestamp>, name: &str) -> Result<Time, String> {
    stamp.map(Time::from).ok_or_else(|| format!("it says no {name}"))
}

fn dollars(units: u64) -> Amount {
    let minor = i64::try_from(units).unwrap_or(i64::MAX).saturating_mul(MINOR);
    Amount { minor, currency: LIST_CURRENCY.to_owned() }
}

fn state(value: &[u8], at: Time) -> Result<(String, Fact), String> {
    let account = account::from_wire(wire::<v1::Account>(value)?).map_err(|error| error.to_string())?;
    let state = State {
        at,
        version: i64::try_from(account.version).unwrap_or(i64::MAX),
        gone: false,
        active: account.status == winback_core::account::Status::Active,
        churned_at: account.churned_at,
        reason: account.reason.to_string(),
        tier: account.tier().to_string(),
        segment: Segment::of(&account).map_or("", Segment::as_str).to_owned(),
        owner: account.owner.clone().unwrap_or_default(),
        arr: dollars(account.arr_usd),
        held_out: account.hold_out,
    };
    Ok((account.id.as_str().to_owned(), Fact::State(state)))
}

fn trigger(value: &[u8]) -> Result<(String, Fact), String> {
    let wire = wire::<v1::Trigger>(value)?;
    let at = needed(wire.fired_at.as_ref(), "fired_at")?;
    let account = wire.account.ok_or("it names no account")?;
    let evidence = wire.evidence.unwrap_or_default();
    let asked = evidence.items.iter().filter(|item| item.strength >= ASKS);
    let asked = asked.filter_map(|item| item.event_time.as_ref().map(Time::from)).min();
    let mut kinds: Vec<&str> = evidence.items.iter().map(|item| item.kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let snapshot = State {
        at,
        version: 0,
        gone: false,
        active: false,
        churned_at: needed(account.churned_at.as_ref(), "account.churned_at")?,
        reason: account.reason,
        tier: account.tier,
        segment: account.segment,
        owner: account.owner,
        arr: dollars(account.arr_usd),
        held_out: false,
    };
    let trigger = Trigger {
        id: wire.id,
        at,
        starts: wire.parent_id.is_empty(),
        policy: wire.policy,
        edge: wire.edge,
        strength: i64::from(wire.strength),
        play: wire.play,
        kinds: kinds.join(","),
        first_signal_at: evidence.first_at.as_ref().map(Time::from),
        asked_at: asked,
        snapshot,
    };
    Ok((account.id, Fact::Trigger(Box::new(trigger))))
}

fn act(value: &[u8]) -> Result<(String, Fact), String> {
    let wire = wire::<v1::Action>(value)?;
    let act = Act {
        at: needed(wire.at.as_ref(), "at")?,
        trigger: wire.trigger_id,
        outcome: wire.outcome,
        play: wire.play,
        channel: wire.channel,
    };
    Ok((wire.account_id, Fact::Act(act)))
}

fn answer(value: &[u8]) -> Result<(String, Fact), String> {
    let wire = wire::<v1::Response>(value)?;
    let at = needed(wire.event_time.as_ref(), "event_time")?;
    let kind =
        AnswerKind::parse(&wire.kind).ok_or_else(|| format!("kind = \"{}\" is not known", wire.kind))?;
    // A matcher tells a signal by which somebody came back as an answer of the signal's source.
    let is_own = kind == AnswerKind::Reactivated && wire.source != "responses";
    let mut hash = Sha256::new();
    hash.update(wire.source.as_bytes());
    hash.update([0]);
    hash.update(wire.id.as_bytes());
    let answer = Answer {
        id: hex::encode(hash.finalize()),
        at,
        kind: if is_own { AnswerKind::SelfReactivated } else { kind },
        arr: wire.arr.map(|money| Amount { minor: money.minor, currency: money.currency }),
        terms: wire.terms,
    };
    Ok((wire.account_id, Fact::Answer(answer)))
}

fn decision(value: &[u8]) -> Result<Option<(String, Fact)>, String> {
    let wire = wire::<v1::Decision>(value)?;
    if wire.policy.ends_with(SHADOW) {
        return Ok(None);
    }
    let fact = match wire.subject {
        Some(Subject::Signal(signal)) => {
            let first_at = needed(signal.event_time.as_ref(), "event_time")?;
            Fact::Interest(Interest { day: first_at.millis().div_euclid(DAY), first_at })
        }
        Some(Subject::Burst(burst)) => Fact::Judgement(Judgement {
            burst: burst.burst_id,
            policy: wire.policy,
            at: needed(wire.decided_at.as_ref(), "decided_at")?,
            outcome: wire.outcome,
            because: wire.because,
        }),
        None => return Err("it says no subject".to_owned()),
    };
    Ok(Some((wire.account_id, fact)))
}
