//! The result of a test, held against its expectation.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

use winback_core::debounce::{
    BurstOutcome, Decision, Effect, FiredBecause, Gate, SignalOutcome, Subject, Trigger,
};
use winback_core::text::nearest;
use winback_core::time::{Span, Time};

use super::Length;
use crate::error::{PolicyError, wrong};
use crate::schema::names;

/// An outcome that must come. What it leaves out may be anything.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Then {
    /// Set the time after the test's start.
    at: Option<Length>,
    /// The outcome of a signal or of a burst.
    #[schemars(extend("enum" = outcomes()))]
    outcome: Option<String>,
    /// A burst ended with a trigger, because of this.
    #[schemars(with = "Option<String>", extend("enum" = names(FiredBecause::ALL, FiredBecause::as_str)))]
    fired: Option<FiredBecause>,
    /// This gate forbade a trigger.
    #[schemars(with = "Option<String>", extend("enum" = names(Gate::ALL, Gate::as_str)))]
    gated: Option<Gate>,
    /// This cap was reached, as decisions tell it: "8 in 365d for the account".
    capped: Option<String>,
    /// The trigger recommends this play.
    play: Option<String>,
    /// The trigger, or the burst at its end, has this score.
    score: Option<u32>,
    /// It comes so often, one after the other.
    times: Option<u32>,
}

fn outcomes() -> Vec<&'static str> {
    let mut all = names(SignalOutcome::ALL, SignalOutcome::as_str);
    all.extend(names(BurstOutcome::ALL, BurstOutcome::as_str));
    all.sort_unstable();
    all.dedup();
    all
}

impl Then {
    /// As often as it must come.
    pub(super) fn checked<'a>(
        &'a self,
        key: &str,
    ) -> Result<impl Iterator<Item = &'a Self> + use<'a>, PolicyError> {
        if let Some(outcome) = self.outcome.as_deref().filter(|outcome| !outcomes().contains(outcome)) {
            let fix = format!("no such outcome{}", nearest(outcome, &outcomes()));
            return Err(wrong(&format!("{key}.outcome"), outcome, &fix));
        }
        let says =
            self.outcome.is_some() || self.fired.is_some() || self.gated.is_some() || self.capped.is_some();
        if !says {
            return Err(wrong(key, "nothing", "must have an `outcome`, or `fired`, `gated` or `capped`"));
        }
        Ok(std::iter::repeat_n(self, self.times.unwrap_or(1) as usize))
    }

    fn is(&self, came: &Came) -> bool {
        let fired = self.fired.is_none_or(|because| came.outcome == "fired" && came.because == Some(because));
        let capped = self.capped.is_none() || self.capped == came.cap;
        self.at.is_none_or(|at| at.0 == came.at)
            && self.outcome.as_ref().is_none_or(|outcome| outcome == came.outcome)
            && fired
            && capped
            && self.gated.is_none_or(|gate| came.gate == Some(gate))
            && self.play.as_ref().is_none_or(|play| came.play.as_ref() == Some(play))
            && self.score.is_none_or(|score| came.score == Some(score))
    }
}

impl fmt::Display for Then {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        parts.extend(self.outcome.clone());
        parts.extend(self.fired.map(|because| format!("fired({because})")));
        parts.extend(self.gated.map(|gate| format!("gated({gate})")));
        parts.extend(self.capped.as_ref().map(|cap| format!("capped({cap})")));
        write!(f, "{}", parts.join(" "))?;
        told(f, self.at.map(|at| at.0), self.score, self.play.as_deref())
    }
}

/// Something that came.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Came {
    at: Span,
    outcome: &'static str,
    because: Option<FiredBecause>,
    gate: Option<Gate>,
    cap: Option<String>,
    play: Option<String>,
    score: Option<u32>,
}

impl fmt::Display for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.outcome)?;
        let because = self.because.filter(|_| self.outcome == "fired").map(|because| because.to_string());
        let reason = self.gate.map(|gate| gate.to_string()).or_else(|| self.cap.clone()).or(because);
        if let Some(reason) = reason {
            write!(f, "({reason})")?;
        }
        told(f, Some(self.at), self.score, self.play.as_deref().filter(|play| !play.is_empty()))
    }
}

fn told(f: &mut fmt::Formatter<'_>, at: Option<Span>, score: Option<u32>, play: Option<&str>) -> fmt::Result {
    at.map_or(Ok(()), |at| {
        write!(f, " at {}", if at == Span::ZERO { "0m".to_owned() } else { at.to_string() })
    })?;
    score.map_or(Ok(()), |score| write!(f, ", score {score}"))?;
    play.map_or(Ok(()), |play| write!(f, ", play {play}"))
}

/// The decisions among the effects, with what their triggers tell.
pub(super) fn of(effects: &[Effect], start: Time) -> Vec<Came> {
    let triggers: Vec<&Trigger> = effects
        .iter()
        .filter_map(|effect| if let Effect::Trigger(trigger) = effect { Some(&**trigger) } else { None })
        .collect();
    let came = |effect: &Effect| match effect {
        Effect::Decision(made) => Some(came(made, &triggers, start)),
        Effect::Trigger(_) | Effect::DeadLetter { .. } | Effect::Note(_) => None,
    };
    effects.iter().filter_map(came).collect()
}

fn came(made: &Decision, triggers: &[&Trigger], start: Time) -> Came {
    let trigger = made.trigger.and_then(|id| triggers.iter().find(|trigger| trigger.id == id));
    let (because, score) = match &made.subject {
        Subject::Burst { because, score, .. } => (*because, Some(*score)),
        Subject::Signal { .. } => (None, trigger.map(|trigger| trigger.evidence.score())),
    };
    Came {
        at: made.at.since(start),
        outcome: made.outcome(),
        because,
        gate: made.gate(),
        cap: made.cap().map(|cap| cap.describe()),
        play: trigger.map(|trigger| trigger.play.clone()),
        score,
    }
}

/// The first difference, and all outcomes.
pub(super) fn difference(expected: &[&Then], came: &[Came]) -> Option<String> {
    let at = (0..expected.len().max(came.len())).find(|&at| match (expected.get(at), came.get(at)) {
        (Some(then), Some(came)) => !then.is(came),
        _ => true,
    })?;
    let text = match (expected.get(at), came.get(at)) {
        (Some(then), Some(came)) => format!("expected {then}, and what came is {came}"),
        (Some(then), None) => format!("expected {then}, and nothing more came"),
        (None, Some(came)) => format!("{came} came, and `then` has no more"),
        (None, None) => return None,
    };
    let all: Vec<String> = came.iter().map(ToString::to_string).collect();
    Some(format!(
        "{text}; all that came: {}",
        if all.is_empty() { "nothing".to_owned() } else { all.join("; ") }
    ))
}
