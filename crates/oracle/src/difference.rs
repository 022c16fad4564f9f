//! The possible differences, and the words for them.

use serde::Serialize;
use serde_json::Value;
use winback_core::closed_enum;

closed_enum! {
    /// What differs from what one process would have made.
    Kind {
        /// The core fires it, the log has it not.
        TriggerMissing = "trigger_missing",
        /// The log has it, the core does not fire it there.
        TriggerUnexpected = "trigger_unexpected",
        /// The log has its id more than once.
        TriggerDoubled = "trigger_doubled",
        /// The log has it with another payload.
        TriggerChanged = "trigger_changed",
        /// The core makes it, the log has it not.
        DecisionMissing = "decision_missing",
        /// The log has it, the core does not make it there.
        DecisionUnexpected = "decision_unexpected",
        /// The log has it more than once.
        DecisionDoubled = "decision_doubled",
        /// The log has it with another outcome or other facts.
        DecisionChanged = "decision_changed",
        /// A row of the state that the changelog should have.
        RowMissing = "row_missing",
        /// A row of the changelog that should not be there.
        RowUnexpected = "row_unexpected",
        /// A row of the changelog that says something else.
        RowChanged = "row_changed",
        /// The group's committed position and the one stored with the state differ.
        Position = "position",
        /// A position beyond the end of the inbox.
        PositionAhead = "position_ahead",
        /// A trigger or decision of an inbox record that no committed position covers.
        OutputAhead = "output_ahead",
        /// Bursts opened are not those that ended and those that are open.
        Bursts = "bursts",
        /// A matched signal that has not one outcome for each policy.
        Signals = "signals",
    }
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What.
    pub kind: Kind,
    /// The inbox partition.
    pub partition: i32,
    /// The inbox record, where one is meant.
    pub offset: Option<i64>,
    /// The account, where one is meant.
    pub account: String,
    /// The trigger's id, the decision's policy and subject, or the row's key.
    pub id: String,
    /// What it is instead, and where it stands.
    pub text: String,
}

/// Where two messages first say different things: `evidence.signals is 3, should be 4`.
pub(crate) fn first_difference(expected: &impl Serialize, found: &impl Serialize) -> String {
    let values = (serde_json::to_value(expected), serde_json::to_value(found));
    let (Ok(expected), Ok(found)) = values else { return "it cannot be shown".to_owned() };
    differing(&expected, &found, "")
        .unwrap_or_else(|| "its fields are the same, but its bytes are not".to_owned())
}

fn differing(expected: &Value, found: &Value, path: &str) -> Option<String> {
    match (expected, found) {
        (Value::Object(left), Value::Object(right)) => {
            let keys = left.keys().chain(right.keys().filter(|key| !left.contains_key(*key)));
            keys.into_iter().find_map(|key| {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let null = &Value::Null;
                differing(left.get(key).unwrap_or(null), right.get(key).unwrap_or(null), &path)
            })
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            let pairs = left.iter().zip(right).enumerate();
            pairs.into_iter().find_map(|(at, (left, right))| differing(left, right, &format!("{path}[{at}]")))
        }
        _ if expected == found => None,
        _ => Some(format!("{path} is {}, should be {}", short(found), short(expected))),
    }
}

/// A value in at most 80 bytes.
fn short(value: &Value) -> String {
    if value.is_null() {
        return "nothing".to_owned();
    }
    shortened(&value.to_string())
}

/// A text in at most 80 bytes.
pub(crate) fn shortened(text: &str) -> String {
    let cut = winback_core::signal::truncated(text, 80);
    if cut.len() < text.len() { format!("{cut}…") } else { text.to_owned() }
}
