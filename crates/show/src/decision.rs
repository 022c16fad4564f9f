//! A decision in one line.

use winback_proto::v1;
use winback_proto::v1::decision::Subject;

use super::sentence::Known;
use super::words::{self, DIM, GOOD, styled};
use super::{Sentence, sentence};

/// The decision in one line: time, account, outcome, reason.
pub fn decision(decision: &v1::Decision) -> String {
    let Sentence { what, differ } = sentence(decision, &Known::default());
    let fired = !decision.trigger_id.is_empty();
    let outcome = format!("{:<15}", words::short(&words::safe(&decision.outcome), 15));
    let outcome = if fired { styled(GOOD, &outcome) } else { outcome };
    let differ = differ.filter(super::differ::Differ::is_final);
    let differ = differ.map_or_else(String::new, |differ| format!(" ({})", differ.text));
    let policy = format!("{} {}", words::safe(&decision.policy), words::safe(&decision.rule));
    let policy = format!("[{}]", policy.trim_start());
    format!(
        "{}  {:<18}  {:<16}  {outcome}  {what}{differ} {}",
        words::minute(words::time(decision.decided_at.as_ref())),
        words::short(&words::safe(&decision.account_id), 24),
        words::short(&subject(decision), 24),
        styled(DIM, &policy)
    )
}

/// The subject of the decision, in two words.
pub(crate) fn subject(decision: &v1::Decision) -> String {
    match &decision.subject {
        Some(Subject::Signal(signal)) => words::happened(&signal.kind, &signal.page_class),
        Some(Subject::Burst(_)) => "end of burst".to_owned(),
        None => "-".to_owned(),
    }
}
