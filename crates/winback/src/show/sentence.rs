//! Every outcome of R14 as a sentence, and what would have had to differ where nothing fired.
//!
//! The lists are closed: an outcome or a gate that is added to the core does not compile here before it has its words.

use winback_core::debounce::{BurstOutcome, CapScope, FiredBecause, Gate, SignalOutcome};
use winback_core::time::Time;
use winback_proto::v1;
use winback_proto::v1::decision::Subject;

use super::words;

/// What was decided, and what would have had to differ for a trigger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sentence {
    /// What was decided.
    pub(crate) what: String,
    /// What would have had to differ; `None` where something fired or nothing was refused.
    pub(crate) differ: Option<String>,
}

impl Sentence {
    fn plain(what: impl Into<String>) -> Self {
        Self { what: what.into(), differ: None }
    }

    fn refused(what: impl Into<String>, differ: impl Into<String>) -> Self {
        Self { what: what.into(), differ: Some(differ.into()) }
    }
}

/// The decision in words.
pub(crate) fn sentence(decision: &v1::Decision) -> Sentence {
    let unknown = || {
        Sentence::plain(format!(
            "came to {}, which this version does not know",
            words::spaced(&decision.outcome)
        ))
    };
    match &decision.subject {
        Some(Subject::Signal(signal)) => SignalOutcome::parse(&decision.outcome)
            .map_or_else(unknown, |outcome| of_signal(decision, signal, outcome)),
        Some(Subject::Burst(burst)) => BurstOutcome::parse(&decision.outcome)
            .map_or_else(unknown, |outcome| of_burst(decision, burst, outcome)),
        None => unknown(),
    }
}

/// When something that the decision names will be.
fn until(decision: &v1::Decision, stamp: Option<&winback_proto::Timestamp>) -> String {
    let at = words::time(decision.decided_at.as_ref());
    words::time(stamp).map_or_else(|| "its end".to_owned(), |until| words::moment(until, at))
}

fn of_signal(decision: &v1::Decision, signal: &v1::SignalSubject, outcome: SignalOutcome) -> Sentence {
    let quiet = until(decision, decision.quiet_until.as_ref());
    match outcome {
        SignalOutcome::Duplicate => Sentence::plain("was seen before: it counts once"),
        SignalOutcome::Expired => {
            let age = age(decision, signal);
            Sentence::refused(
                format!("is too old to count{age}"),
                "it had to be younger than max_age of its kind",
            )
        }
        SignalOutcome::Joined => {
            let deadline = until(decision, decision.deadline.as_ref());
            Sentence::plain(format!("counts in the burst that is open until {deadline}"))
        }
        SignalOutcome::Led => Sentence::plain(format!("fired at once; quiet until {quiet}")),
        SignalOutcome::Escalated => Sentence::plain(format!(
            "is stronger than what fired before: fired in the quiet time, which now lasts until {quiet}"
        )),
        SignalOutcome::Cooled => Sentence::refused(
            format!("came in the quiet time until {quiet}: kept as evidence for the next burst"),
            "it had to come later, or be stronger than what fired",
        ),
        SignalOutcome::Gated => gated(decision, "would have fired at once, but"),
        SignalOutcome::Capped => capped(decision, "would have fired at once, but"),
        SignalOutcome::Ended => Sentence::plain("means they came back by themselves: everything open ends"),
    }
}

fn age(decision: &v1::Decision, signal: &v1::SignalSubject) -> String {
    let decided = words::time(decision.decided_at.as_ref());
    let arrived = words::time(signal.append_time.as_ref());
    let counted = decided.max(arrived);
    let age =
        counted.zip(words::time(signal.event_time.as_ref())).map(|(at, event): (Time, Time)| at.since(event));
    age.map_or_else(String::new, |age| format!(": it happened {} before", words::length(age)))
}

fn of_burst(decision: &v1::Decision, burst: &v1::BurstSubject, outcome: BurstOutcome) -> Sentence {
    let ended = ended(&decision.because);
    let signals = words::count(burst.signals, "signal");
    let quiet = until(decision, decision.quiet_until.as_ref());
    match outcome {
        BurstOutcome::Fired => Sentence::plain(format!(
            "{signals}, score {} of {} needed{}: fired {ended}; quiet until {quiet}",
            burst.score,
            burst.needed,
            carried(decision)
        )),
        BurstOutcome::Updated => {
            Sentence::plain(format!("{signals}: told again what came after the first trigger"))
        }
        BurstOutcome::NothingNew => Sentence::plain("nothing came that the trigger had not told"),
        BurstOutcome::BelowThreshold => Sentence::refused(
            format!(
                "{signals}, score {} of {} needed{}: too little",
                burst.score,
                burst.needed,
                carried(decision)
            ),
            format!("it lacked {}", words::count(burst.needed.saturating_sub(burst.score), "point")),
        ),
        BurstOutcome::Capped => capped(decision, "would have fired, but"),
        BurstOutcome::Gated => gated(decision, "would have fired, but"),
        BurstOutcome::Cancelled => Sentence::refused(
            "was cancelled: the account came back, is off the list, was erased or left anew",
            "the account had to stay on the list, and not be a customer again",
        ),
    }
}

/// What bursts before it left of its score.
fn carried(decision: &v1::Decision) -> String {
    match decision.carried_score {
        0 => String::new(),
        points => format!(" ({points} carried over from before)"),
    }
}

/// Why the burst ended then.
fn ended(because: &str) -> &'static str {
    match FiredBecause::parse(because) {
        Some(FiredBecause::Quiet) => "when nothing more came",
        Some(FiredBecause::MaxWait) => "when it had waited as long as it may",
        Some(FiredBecause::MaxSignals) => "when it had as many signals as it may",
        Some(FiredBecause::Leading | FiredBecause::StrengthUp) | None => "at its end",
    }
}

fn capped(decision: &v1::Decision, but: &str) -> Sentence {
    let cap = words::safe(&decision.because);
    let differ = if decision.because.contains(CapScope::TimeBased.describe()) {
        "a live signal, or fewer such triggers before it: no policy allows more than 4 a year"
    } else {
        "fewer triggers before it, or a higher cap in the policy"
    };
    Sentence::refused(format!("{but} the cap is reached: {cap}"), differ)
}

fn gated(decision: &v1::Decision, but: &str) -> Sentence {
    let Some(gate) = Gate::parse(&decision.because) else {
        return Sentence::plain(format!("{but} {} forbids it", words::spaced(&decision.because)));
    };
    let (why, differ) = gate_words(gate);
    Sentence::refused(format!("{but} {why}"), differ)
}

/// Why a gate is shut, and what would open it.
pub(super) const fn gate_words(gate: Gate) -> (&'static str, &'static str) {
    match gate {
        Gate::NotListed => ("the account is not on the list", "it had to be on the list of churned accounts"),
        Gate::Reactivated => ("the account is a customer again", "it had to be churned"),
        Gate::Erased => ("the account was erased", "nothing: an erasure is for ever"),
        Gate::DoNotContact => ("the books say: do not contact", "do_not_contact had to be off"),
        Gate::OptedOut => ("everybody known there opted out", "a contact who did not opt out"),
        Gate::Declined => {
            ("they said no", "the rest after a no had to be over, and something material to have changed")
        }
        Gate::NoConsent => ("they did not agree to be written to", "consent had to be given"),
        Gate::Impossible => (
            "they cannot come back, by the reason they left for or by news since",
            "another churn reason, and no such news since they left",
        ),
        Gate::NotFit => ("it was not a fit", "not_fit = \"allow\" in the policy, or another churn reason"),
        Gate::HoldOut => (
            "the account is in the hold-out group, which is measured and never contacted",
            "it had to be outside the group",
        ),
        Gate::BelowOutreach => {
            ("the account is too small for outreach", "a yearly revenue from $1,000, or the strategic flag")
        }
        Gate::NotYet => ("its earliest date for contact has not come", "earliest_at had to be past"),
        Gate::Resting => {
            ("it rests after a sequence without an answer", "unanswered_rest of the policy had to be over")
        }
        Gate::Window => (
            "only a date speaks for it, and it is too early after they left",
            "a live signal, or the window of the policy for their reason had to be over",
        ),
        Gate::Blackout => (
            "only a date speaks for it, and the policy keeps silent on that day",
            "a live signal, or a day outside of the policy's blackout",
        ),
        Gate::Hold => ("an operator holds starting triggers", "the hold had to be lifted"),
    }
}
