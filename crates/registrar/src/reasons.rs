//! The reasons of a row: those of winback, and finer ones that books use.

use winback_core::account::Reason;
use winback_core::text::nearest;

use crate::error::RowError;
use crate::fields::wrong;

/// Finer reasons that books use, and what they belong to (docs/domain.md, *Accounts*).
const FINER: [(&str, Reason); 10] = [
    ("budget_freeze", Reason::Situational),
    ("team_change", Reason::Situational),
    ("champion_left", Reason::Situational),
    ("project_done", Reason::Situational),
    ("overload", Reason::Situational),
    ("bankrupt", Reason::Impossible),
    ("acquired_other_tool", Reason::Impossible),
    ("function_gone", Reason::Impossible),
    ("in_house_build", Reason::Impossible),
    ("regulation", Reason::Impossible),
];

/// All words for reasons.
pub(crate) fn known() -> Vec<&'static str> {
    Reason::ALL.iter().map(|reason| reason.as_str()).chain(FINER.map(|(name, _)| name)).collect()
}

/// The reason that a word says, and the word itself where it is a finer one.
pub(crate) fn read(word: &str) -> Result<(Reason, String), RowError> {
    let text = word.to_ascii_lowercase();
    if let Some(reason) = Reason::parse(&text) {
        return Ok((reason, String::new()));
    }
    let finer = FINER.iter().find(|(name, _)| *name == text);
    let unknown = || {
        let fix = format!(
            "no such reason{} A CRM's own words are named in accounts.mapping.reasons",
            sentence(&nearest(&text, &known()))
        );
        wrong("reason", &word.into(), &fix)
    };
    finer.map(|(name, reason)| (*reason, (*name).to_owned())).ok_or_else(unknown)
}

/// A hint with a full stop, where it ends with none.
pub(crate) fn sentence(hint: &str) -> String {
    if hint.ends_with('?') { hint.to_owned() } else { format!("{hint}.") }
}
