//! The result of a test, held against its expectation.

use std::fmt;

use jiff::civil::DateTime;
use schemars::JsonSchema;
use serde::Deserialize;
use winback_policy::names;

use crate::fit::Lack;
use crate::message::{Message, RenderError};
use crate::model::Sequence;
use crate::plan::{Outcome, Plan, Skip};
use crate::situation::Situation;
use crate::words::End;

/// Something that must come. What it leaves out may be anything.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Then {
    /// The step.
    step: Option<String>,
    /// Set the local time of its touch, such as "2027-02-08T09:00".
    at: Option<String>,
    /// The step sends nothing, because of this.
    #[schemars(with = "Option<String>", extend("enum" = names(Skip::ALL, Skip::as_str)))]
    skipped: Option<Skip>,
    /// The text of one language holds these words.
    says: Option<String>,
    /// The text of no language holds these words.
    never_says: Option<String>,
    /// The sequence ended with this; no later step is sent.
    #[schemars(with = "Option<String>", extend("enum" = names(End::ALL, End::as_str)))]
    ended: Option<End>,
    /// The sequence does not fit, because of this.
    #[schemars(with = "Option<String>", extend("enum" = names(Lack::ALL, Lack::as_str)))]
    lacks: Option<Lack>,
}

impl Then {
    fn is(&self, came: &Came) -> bool {
        let at = self.at.as_deref().map(str::parse::<DateTime>);
        let at = at.is_none_or(|at| at.ok() == came.at && came.at.is_some());
        let says = |words: &String| came.texts.iter().any(|text| text.contains(words));
        let is_touch = self.lacks.is_some() || self.ended.is_some() || self.skipped == came.skipped;
        at && is_touch
            && self.step.as_ref().is_none_or(|step| came.step.as_ref() == Some(step))
            && self.says.as_ref().is_none_or(says)
            && !self.never_says.as_ref().is_some_and(says)
            && self.ended == came.ended
            && self.lacks == came.lacks
    }
}

impl fmt::Display for Then {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted =
            |what: &str, words: &Option<String>| words.as_ref().map(|words| format!("{what} {words:?}"));
        let parts = [
            self.step.clone(),
            self.skipped.map(|skip| format!("skipped({skip})")),
            self.ended.map(|end| format!("ended({end})")),
            self.lacks.map(|lack| format!("lacks({lack})")),
            self.at.as_ref().map(|at| format!("at {at}")),
            quoted("says", &self.says),
            quoted("never says", &self.never_says),
        ];
        write!(f, "{}", parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
    }
}

/// Something that came.
pub(super) struct Came {
    step: Option<String>,
    at: Option<DateTime>,
    skipped: Option<Skip>,
    texts: Vec<String>,
    ended: Option<End>,
    lacks: Option<Lack>,
}

impl fmt::Display for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.step.clone(),
            self.skipped.map(|skip| format!("skipped({skip})")),
            self.ended.map(|end| format!("ended({end})")),
            self.lacks.map(|lack| format!("lacks({lack})")),
            self.at.map(|at| format!("at {}", at.strftime("%Y-%m-%dT%H:%M"))),
        ];
        write!(f, "{}", parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
    }
}

impl Came {
    /// The lacks of a sequence; else its steps up to its end.
    pub(super) fn of(
        sequence: &Sequence,
        situation: &Situation<'_>,
        plan: &Plan<'_>,
        lacks: &[Lack],
    ) -> Result<Vec<Self>, RenderError> {
        let nothing =
            || Self { step: None, at: None, skipped: None, texts: Vec::new(), ended: None, lacks: None };
        if !lacks.is_empty() {
            return Ok(lacks.iter().map(|lack| Self { lacks: Some(*lack), ..nothing() }).collect());
        }
        let mut came = Vec::new();
        for planned in &plan.steps {
            let step = Some(planned.step.id.clone());
            match &planned.outcome {
                Outcome::NotSent => {}
                Outcome::Skipped(skip) => came.push(Self { step, skipped: Some(*skip), ..nothing() }),
                Outcome::Touch(told) => {
                    let messages = Message::of(sequence, planned.step, situation, told)?;
                    let texts =
                        messages.into_iter().map(|one| format!("{}\n{}", one.subject, one.body)).collect();
                    let at = planned.due.as_ref().map(|due| due.local.datetime());
                    came.push(Self { step, at, texts, ..nothing() });
                }
            }
        }
        came.extend(plan.ended.map(|(end, _)| Self { ended: Some(end), ..nothing() }));
        Ok(came)
    }
}

/// The first difference, and all that came.
pub(super) fn difference(expected: &[Then], came: &[Came]) -> Option<String> {
    let at = (0..expected.len().max(came.len())).find(|&at| match (expected.get(at), came.get(at)) {
        (Some(then), Some(came)) => !then.is(came),
        _ => true,
    })?;
    let text = match (expected.get(at), came.get(at)) {
        (Some(then), Some(came)) => {
            let texts = if then.says.is_some() || then.never_says.is_some() {
                came.texts.join("\n---\n")
            } else {
                String::new()
            };
            format!("expected {then}, and what came is {came} {texts}")
        }
        (Some(then), None) => format!("expected {then}, and nothing more came"),
        (None, Some(came)) => format!("{came} came, and `then` has no more"),
        (None, None) => return None,
    };
    let all: Vec<String> = came.iter().map(ToString::to_string).collect();
    let all = if all.is_empty() { "nothing".to_owned() } else { all.join("; ") };
    Some(format!("{}; all that came: {all}", text.trim_end()))
}
