//! One step of a story: an object for programs, a paragraph for people.

use serde::Serialize;
use winback_core::time::Time;

use crate::differ::{Differ, rfc3339};
use crate::rules::rule_words;
use crate::words::{self, DIM, GOOD, styled};

/// The greatest width of a paragraph.
const WIDTH: usize = 110;
/// The indent of a step's text.
const INDENT: &str = "                    ";

winback_core::closed_enum! {
    /// The sort of a step.
    StepKind {
        /// Records that retention has taken away.
        Cut = "cut",
        /// The list of accounts changed.
        Account = "account",
        /// They answered.
        Response = "response",
        /// A sequence ended without an answer.
        SequenceEnded = "sequence_ended",
        /// A policy is in force from here on.
        Policy = "policy",
        /// Starting triggers are held or let go.
        Hold = "hold",
        /// The state came from another log.
        Moved = "moved",
        /// A signal and its outcome.
        Signal = "signal",
        /// A signal without a decision.
        Undecided = "undecided",
        /// A burst's end.
        Burst = "burst",
        /// A trigger.
        Trigger = "trigger",
        /// An action of the worker.
        Action = "action",
    }
}

/// The place of a step: the inbox offset, the rank at the same offset, and the order within that.
pub(super) type Order = (i64, u8, usize);

/// One thing that happened. `docs/explain.md` documents the fields.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// The sort of step.
    pub step: StepKind,
    #[serde(serialize_with = "rfc3339")]
    pub at: Option<Time>,
    /// The inbox record that it comes from, `partition/offset`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub inbox: String,
    pub text: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub outcome: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub rule: String,
    /// The rule's words.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) rule_text: &'static str,
    /// The change that would have made a trigger, in words; `differ` has it for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) to_fire: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub differ: Option<Differ>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub policy: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_version: Option<u32>,
    /// `source:id`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub signal: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub burst: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub trigger: String,
    /// The record, in its canonical JSON.
    #[serde(skip_serializing_if = "serde_json::Value::is_null")]
    pub(super) record: serde_json::Value,
    #[serde(skip)]
    pub order: Order,
    /// The trigger that it updates.
    #[serde(skip)]
    pub parent: String,
}

impl Step {
    /// A step of that text, with nothing more known.
    pub fn new(step: StepKind, at: Option<Time>, text: String, order: Order) -> Self {
        let none = String::new;
        Self {
            step,
            at,
            inbox: none(),
            text,
            outcome: none(),
            rule: none(),
            rule_text: "",
            to_fire: None,
            differ: None,
            policy: none(),
            policy_version: None,
            signal: none(),
            burst: none(),
            trigger: none(),
            record: serde_json::Value::Null,
            order,
            parent: none(),
        }
    }

    /// With the record that it tells.
    pub fn record(self, record: &impl Serialize) -> Self {
        Self { record: serde_json::to_value(record).unwrap_or_default(), ..self }
    }

    /// With the rule that decided and what would have had to differ.
    pub fn decided(self, outcome: &str, rule: &str, differ: Option<Differ>) -> Self {
        let to_fire = differ.as_ref().filter(|differ| differ.is_final()).map(|differ| differ.text.clone());
        let (outcome, rule, rule_text) = (outcome.to_owned(), rule.to_owned(), rule_words(rule));
        Self { outcome, rule, rule_text, to_fire, differ, ..self }
    }

    /// As a paragraph.
    pub fn paragraph(&self) -> String {
        let by = if self.rule.is_empty() { String::new() } else { format!(" [{}]", self.decided_by()) };
        let text = words::wrapped(&format!("{}{by}", self.text), INDENT.len(), WIDTH, INDENT);
        let text = if self.step == StepKind::Trigger { styled(GOOD, &text) } else { text };
        let mut shown = format!("  {}  {text}", words::minute(self.at));
        if let Some(differ) = &self.to_fire {
            let differ = words::wrapped(&format!("for a trigger: {differ}"), INDENT.len(), WIDTH, INDENT);
            shown.push_str(&format!("\n{INDENT}{}", styled(DIM, &differ)));
        }
        shown
    }

    /// `default v1, R6: after a trigger it is quiet`.
    fn decided_by(&self) -> String {
        let version = self.policy_version.map_or_else(String::new, |version| format!(" v{version}"));
        // What only waits for its burst's end needs no reason.
        let waits = self.differ.as_ref().is_some_and(|differ| !differ.is_final());
        let is_worded = !waits && !self.rule_text.is_empty();
        let suffix = if is_worded { format!(": {}", self.rule_text) } else { String::new() };
        format!("{}{version}, {}{suffix}", words::safe(&self.policy), words::safe(&self.rule))
    }
}
