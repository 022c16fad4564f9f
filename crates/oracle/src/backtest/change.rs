//! A starting trigger that one side has and the other has not, or at another time.

use serde::Serialize;
use winback_core::closed_enum;
use winback_core::debounce::{Decision, Edge, FiredBecause, Gate, Refusal, Subject, Trigger};
use winback_core::time::Time;

closed_enum! {
    /// The fate of a starting trigger.
    ChangeKind {
        /// The candidate fires it, the policy in force did not.
        Added = "added",
        /// The policy in force fired it, the candidate does not.
        Removed = "removed",
        /// The candidate fires it earlier.
        Earlier = "earlier",
        /// The candidate fires it later.
        Later = "later",
        /// One side fired it, and the other's burst is still open where the records end.
        Undecided = "undecided",
    }
}

/// A starting trigger of one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Fired {
    /// Its edge.
    pub edge: Edge,
    /// The reason of the fire.
    pub because: FiredBecause,
    /// The time, in milliseconds since 1970.
    #[serde(serialize_with = "text")]
    pub at: Time,
    /// The score of its evidence.
    pub score: u32,
    /// The play that was recommended.
    pub play: String,
}

fn text<S: serde::Serializer>(time: &Time, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(time)
}

impl From<&Trigger> for Fired {
    fn from(trigger: &Trigger) -> Self {
        Self {
            edge: trigger.edge,
            because: trigger.because,
            at: trigger.fired_at,
            score: trigger.evidence.score(),
            play: trigger.play.clone(),
        }
    }
}

/// The decision of the side that did not fire.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Why {
    /// The outcome, with its gate or cap: `below_threshold`, `gated(hold_out)`, `capped(8 in 365d for the account)`.
    pub outcome: String,
    /// The details, if they say more: `score 4, 6 needed`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

impl Why {
    /// The meaning of that decision.
    pub fn of(decision: &Decision) -> Self {
        let outcome = match &decision.refusal {
            Some(Refusal::Gate(gate)) => gated(*gate),
            Some(Refusal::Cap(cap)) => capped(&cap.describe()),
            None => decision.outcome().to_owned(),
        };
        let detail = match &decision.subject {
            Subject::Burst { score, min_score, .. } if decision.outcome() == "below_threshold" => {
                format!("score {score}, {min_score} needed")
            }
            Subject::Signal { outcome, .. } if outcome.as_str() == "cooled" => {
                decision.cooldown_until.map_or_else(String::new, |until| format!("quiet until {until}"))
            }
            Subject::Burst { .. } | Subject::Signal { .. } => String::new(),
        };
        Self { outcome, detail }
    }

    /// True if it ended a burst without a trigger.
    pub(super) fn is_refusal(&self) -> bool {
        !matches!(self.outcome.as_str(), "fired" | "updated" | "nothing_new")
    }

    /// Nothing was decided yet where the records end.
    pub fn open() -> Self {
        Self { outcome: "open".to_owned(), detail: "the burst has not ended yet".to_owned() }
    }

    /// Nothing of the account's came to it.
    pub fn nothing() -> Self {
        Self { outcome: "no_burst".to_owned(), detail: String::new() }
    }

    /// Both fire, at two times.
    pub fn moved(from: &Fired, to: &Fired) -> Self {
        let how = |fired: &Fired| format!("{}({})", fired.edge, fired.because);
        let same = how(from) == how(to);
        let detail = if same { how(to) } else { format!("{} became {}", how(from), how(to)) };
        Self { outcome: to.because.to_string(), detail }
    }
}

/// As decisions that a gate made are counted.
pub(super) fn gated(gate: Gate) -> String {
    format!("gated({gate})")
}

/// As decisions that a cap made are counted.
pub(super) fn capped(cap: &str) -> String {
    format!("capped({cap})")
}

/// A starting trigger that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The fate.
    pub change: ChangeKind,
    /// Whose.
    pub account: String,
    /// The account's name.
    pub name: String,
    /// Under which policy; another one's where a cap is shared.
    pub policy: String,
    /// As it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub live: Option<Fired>,
    /// As it would have been.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub candidate: Option<Fired>,
    /// The other side's decision; if both fire, the way.
    pub why: Why,
}

impl Change {
    /// The fire time, on the side that fires first.
    pub fn at(&self) -> Time {
        let times = [&self.live, &self.candidate].into_iter().flatten().map(|fired| fired.at);
        times.min().unwrap_or(Time::MIN)
    }

    pub(super) fn order(&self) -> (Time, &str, &str, ChangeKind) {
        (self.at(), &self.account, &self.policy, self.change)
    }
}
