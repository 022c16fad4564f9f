//! Every outcome of R14 as a sentence, and what would have had to differ where nothing fired.
//!
//! The lists are closed: an outcome that is added to the core does not compile here before it has its words. What is
//! known beside the decision ([`Known`]) makes the words exact; without it they are general.

use winback_core::debounce::{
    Because, BurstOutcome, CapScope, FiredBecause, Gate, KindRule, Leading, Policy, SignalOutcome,
};
use winback_core::signal::SignalKind;
use winback_core::time::{Span, Time};
use winback_proto::v1;
use winback_proto::v1::decision::Subject;

use super::differ::{Differ, Lack};
use super::gates::gate_words;
use super::words;

/// The most earlier triggers that are named for a reached cap.
const FIRES: usize = 4;

/// The decision in words, and the change that would have made a trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// The decision.
    pub what: String,
    /// The change that would have made a trigger; `None` if something fired.
    pub differ: Option<Differ>,
}

/// Facts beside a decision.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// The policy in the version that decided.
    pub policy: Option<&'a Policy>,
    /// The time at which the same signal counted before.
    pub counted: Option<Time>,
    /// The account's starting triggers before it, oldest first.
    pub fires: &'a [Time],
    /// The time at which the closed gate would have opened by itself.
    pub opens: Option<Time>,
    /// The change of the account at the same inbox record.
    pub happened: Option<&'a str>,
}

impl Sentence {
    fn fired(what: impl Into<String>) -> Self {
        Self { what: what.into(), differ: None }
    }

    fn refused(what: impl Into<String>, differ: Differ) -> Self {
        Self { what: what.into(), differ: Some(differ) }
    }
}

/// The decision in words.
pub fn sentence(decision: &v1::Decision, known: &Known<'_>) -> Sentence {
    let unknown = || {
        Sentence::fired(format!(
            "came to {}, which this version does not know",
            words::spaced(&decision.outcome)
        ))
    };
    match &decision.subject {
        Some(Subject::Signal(signal)) => SignalOutcome::parse(&decision.outcome)
            .map_or_else(unknown, |outcome| of_signal(decision, signal, outcome, known)),
        Some(Subject::Burst(burst)) => BurstOutcome::parse(&decision.outcome)
            .map_or_else(unknown, |outcome| of_burst(decision, burst, outcome, known)),
        None => unknown(),
    }
}

fn decided(decision: &v1::Decision) -> Option<Time> {
    words::time(decision.decided_at.as_ref())
}

/// The future time that the decision names.
fn until(decision: &v1::Decision, stamp: Option<&winback_proto::Timestamp>) -> String {
    words::time(stamp).map_or_else(|| "its end".to_owned(), |until| words::moment(until, decided(decision)))
}

fn of_signal(
    decision: &v1::Decision,
    signal: &v1::SignalSubject,
    outcome: SignalOutcome,
    known: &Known<'_>,
) -> Sentence {
    let quiet = until(decision, decision.quiet_until.as_ref());
    match outcome {
        SignalOutcome::Duplicate => repeat(decision, known),
        SignalOutcome::Expired => expired(decision, signal, known),
        SignalOutcome::Joined => {
            let deadline = until(decision, decision.deadline.as_ref());
            let what = format!("counts in the burst that is open until {deadline}");
            Sentence::refused(what, at_once(signal, known))
        }
        SignalOutcome::FiredLeading => Sentence::fired(format!("fired at once; quiet until {quiet}")),
        SignalOutcome::Escalated => Sentence::fired(format!(
            "is stronger than what fired before: fired in the quiet time, which now lasts until {quiet}"
        )),
        SignalOutcome::InCooldown => {
            let ends = words::time(decision.quiet_until.as_ref());
            let later = ends.zip(decided(decision)).map_or_else(
                || "later".to_owned(),
                |(ends, at)| format!("{} later", words::length(ends.since(at))),
            );
            let differ = format!("it had to come {later}, or be stronger than what fired");
            Sentence::refused(
                format!("came in the quiet time until {quiet}: kept as evidence for the next burst"),
                Differ::new(Lack::Quiet, differ).until(ends),
            )
        }
        SignalOutcome::Gated if Gate::parse(&decision.because) == Some(Gate::NoPolicy) => {
            gated(decision, "came to nothing:", known)
        }
        SignalOutcome::Gated => gated(decision, "would have fired at once, but", known),
        SignalOutcome::Capped => capped(decision, "would have fired at once, but", known),
        SignalOutcome::Ended => Sentence::refused(
            "means they came back by themselves: everything open ends",
            Differ::new(Lack::Nothing, "nothing: who is back needs no win-back"),
        ),
    }
}

fn repeat(decision: &v1::Decision, known: &Known<'_>) -> Sentence {
    let what = known.counted.map_or_else(
        || "was seen before: it counts once".to_owned(),
        |at| {
            format!(
                "was seen before, at {}: a repeat, which counts once",
                words::moment(at, decided(decision))
            )
        },
    );
    let differ = Differ::new(Lack::Repeat, "it had to be something new: this one counted already");
    Sentence::refused(what, differ.until(known.counted))
}

fn rule(signal: &v1::SignalSubject, known: &Known<'_>) -> Option<KindRule> {
    Some(known.policy?.rule(SignalKind::parse(&signal.kind)?, &signal.page_class))
}

fn expired(decision: &v1::Decision, signal: &v1::SignalSubject, known: &Known<'_>) -> Sentence {
    let event = words::time(signal.event_time.as_ref());
    let counted = decided(decision).max(words::time(signal.append_time.as_ref()));
    let age = counted.zip(event).map(|(at, event): (Time, Time)| at.since(event));
    let limit = rule(signal, known).map(|rule| rule.max_age);
    let before = age.map_or_else(String::new, |age| format!(": it happened {} before", words::length(age)));
    match (age, limit) {
        // The age is allowed: its id was seen, and is no longer remembered for sure.
        (Some(age), Some(limit)) if age <= limit => Sentence::refused(
            format!("was seen so long ago that it does not count again{before}"),
            Differ::new(Lack::Repeat, "it had to be something new: this one came before")
                .until(known.counted),
        ),
        (Some(age), Some(limit)) => {
            let by = words::length(Span::from_millis(age.millis() - limit.millis()));
            let text =
                format!("it had to be {by} younger: its kind counts for {} (max_age)", words::length(limit));
            let differ = Differ::new(Lack::Age, text).until(event.map(|event| event + limit));
            Sentence::refused(format!("is too old to count{before}"), differ)
        }
        _ => Sentence::refused(
            format!("is too old to count{before}"),
            Differ::new(Lack::Age, "it had to be younger than max_age of its kind"),
        ),
    }
}

/// The conditions that a signal lacked to fire at once; its burst is judged at its end.
fn at_once(signal: &v1::SignalSubject, known: &Known<'_>) -> Differ {
    let leading = known.policy.map(|policy| policy.leading);
    let strength = rule(signal, known).map(|rule| rule.strength);
    let text = match (leading, strength) {
        (Some(Leading::Off), _) => "the policy lets nothing fire at once".to_owned(),
        (Some(Leading::Strength(least)), Some(strength)) if strength < least => {
            format!("to fire at once it had to be of strength {least}, and is of {strength}")
        }
        (Some(_), Some(_)) => {
            "to fire at once it had to be the first strong one of its burst, and matched by more than a name"
                .to_owned()
        }
        _ => "to fire at once it had to be stronger".to_owned(),
    };
    Differ::new(Lack::Strength, format!("{text}; the end of its burst decides"))
}

fn of_burst(
    decision: &v1::Decision,
    burst: &v1::BurstSubject,
    outcome: BurstOutcome,
    known: &Known<'_>,
) -> Sentence {
    let ended = ended(&decision.because);
    let signals = words::count(burst.signals, "signal");
    let quiet = until(decision, decision.quiet_until.as_ref());
    match outcome {
        BurstOutcome::Fired => Sentence::fired(format!(
            "{signals}, score {} of {} needed{}: fired {ended}; quiet until {quiet}",
            burst.score,
            burst.needed,
            carried(decision)
        )),
        BurstOutcome::Updated => {
            Sentence::fired(format!("{signals}: told again what came after the first trigger"))
        }
        BurstOutcome::NothingNew => Sentence::refused(
            "nothing came that the trigger had not told",
            Differ::new(Lack::News, "something had to come after the first trigger, for an update"),
        ),
        BurstOutcome::BelowThreshold => {
            let lacking = burst.needed.saturating_sub(burst.score);
            let points = if lacking == 1 { "point" } else { "points" };
            let text = format!("{lacking} more {points} of score");
            Sentence::refused(
                format!(
                    "{signals}, score {} of {} needed{}: too little",
                    burst.score,
                    burst.needed,
                    carried(decision)
                ),
                Differ::new(Lack::Score, text).points(lacking),
            )
        }
        BurstOutcome::Capped => capped(decision, "would have fired, but", known),
        BurstOutcome::Gated => gated(decision, "would have fired, but", known),
        BurstOutcome::TooLarge => {
            let (why, differ) = gate_words(Gate::TooLarge);
            Sentence::refused(format!("would have fired, but {why}"), Differ::new(Lack::Size, differ))
        }
        BurstOutcome::Stale => Sentence::refused(
            format!(
                "{signals}, score {} of {} needed: would have fired {ended}, but came of a backlog",
                burst.score, burst.needed
            ),
            Differ::new(Lack::Late, "it had to be read within `stale` of the policy"),
        ),
        BurstOutcome::Cancelled => Sentence::refused(
            known.happened.map_or_else(
                || {
                    "was cancelled: the account came back, is off the list, was erased or left anew"
                        .to_owned()
                },
                |happened| format!("was cancelled, because the account {happened}"),
            ),
            Differ::new(Lack::Account, "the account had to stay on the list, and not be a customer again"),
        ),
    }
}

/// The part of the score that earlier bursts left.
fn carried(decision: &v1::Decision) -> String {
    match decision.carried_score {
        0 => String::new(),
        points => format!(" ({points} carried over from before)"),
    }
}

/// The reason of the burst's end.
fn ended(because: &str) -> &'static str {
    match FiredBecause::parse(because) {
        Some(FiredBecause::GapElapsed) => "when nothing more came",
        Some(FiredBecause::MaxWait) => "when it had waited as long as it may",
        Some(FiredBecause::MaxSignals) => "when it had as many signals as it may",
        Some(FiredBecause::Leading | FiredBecause::StrengthUp) | None => "at its end",
    }
}

fn is_time_based_cap(because: &str) -> bool {
    matches!(Because::parse(because), Some(Because::Cap(cap)) if cap.scope == CapScope::TimeBased)
}

fn capped(decision: &v1::Decision, but: &str, known: &Known<'_>) -> Sentence {
    let cap = words::safe(&decision.because);
    let days: Vec<String> =
        known.fires.iter().rev().take(FIRES).rev().map(|at| words::day(*at, decided(decision))).collect();
    let counted = if days.is_empty() { String::new() } else { format!(" (the last: {})", days.join(", ")) };
    let text = if is_time_based_cap(&decision.because) {
        format!(
            "a live signal, or fewer such triggers before it{counted}: no policy allows more than 4 a year"
        )
    } else {
        format!("fewer triggers before it{counted}, or a higher cap in the policy")
    };
    let differ = Differ::new(Lack::Cap, text).name(&decision.because);
    Sentence::refused(format!("{but} the cap is reached: {cap}"), differ)
}

fn gated(decision: &v1::Decision, but: &str, known: &Known<'_>) -> Sentence {
    let Some(gate) = Gate::parse(&decision.because) else {
        let differ = Differ::new(Lack::Gate, "it had to be open").name(&decision.because);
        let what = format!("{but} {} forbids it", words::spaced(&decision.because));
        return Sentence::refused(what, differ);
    };
    let (why, differ) = gate_words(gate);
    let at = decided(decision);
    let opens = known.opens.zip(at).filter(|(opens, at)| opens > at);
    let later = opens.map_or_else(String::new, |(opens, at)| {
        format!(
            ", {} later at the earliest ({})",
            words::length(opens.since(at)),
            words::day(opens, Some(at))
        )
    });
    let differ = Differ::new(Lack::Gate, format!("{differ}{later}"));
    let differ = differ.until(opens.map(|(opens, _)| opens)).name(gate.as_str());
    Sentence::refused(format!("{but} {why}"), differ)
}
