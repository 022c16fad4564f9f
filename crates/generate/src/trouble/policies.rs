//! Two policies with times so short that bursts end, quiet times matter and caps are reached within a minute.

use winback_core::time::Span;

use super::PolicyFile;

/// `max_wait` of the policy that waits longest, in units.
const LONGEST_WAIT: i64 = 6;
/// The greatest age of a visit, in units.
pub(super) const MAX_AGE: i64 = 30;
/// The longest time that an id is remembered, in units: the age and the longest wait.
pub(super) const DEDUPE: i64 = MAX_AGE + LONGEST_WAIT;

/// So many units.
pub(super) const fn times(unit: Span, many: i64) -> Span {
    Span::from_millis(unit.millis().saturating_mul(many))
}

/// The longest that a burst is open.
pub(super) const fn longest_burst(unit: Span) -> Span {
    times(unit, LONGEST_WAIT)
}

/// The policies for that unit.
pub(super) fn files(unit: Span) -> Vec<PolicyFile> {
    let kinds = format!(
        "[kinds.web_visit]\nstrength = 1\nweight = 2\nmax_age = \"{age}\"\ndedupe = \"{dedupe}\"\n\
         classes.blog = {{ strength = 0, weight = 1 }}\nclasses.pricing = {{ strength = 2, weight = 5 }}\n",
        age = times(unit, MAX_AGE),
        dedupe = times(unit, DEDUPE),
    );
    vec![
        PolicyFile { file: "eager.toml", toml: eager(unit) + &kinds },
        PolicyFile { file: "patient.toml", toml: patient(unit) + &kinds },
    ]
}

/// Acts at once on what is strong, escalates, and is capped.
fn eager(unit: Span) -> String {
    format!(
        "name = \"eager\"\nleading = \"strength>=2\"\nquiet = \"{unit}\"\nmax_wait = \"{wait}\"\nmax_signals = 12\n\
         min_score = 3\ncooldown = \"{cooldown}\"\nescalate = \"strength-up\"\n\
         [[caps]]\nper = \"policy\"\nmax = 3\nwindow = \"{window}\"\n",
        wait = times(unit, 5),
        cooldown = times(unit, 8),
        window = times(unit, 30),
    )
}

/// Gathers, never acts at once, and has no cap.
fn patient(unit: Span) -> String {
    format!(
        "name = \"patient\"\nleading = \"off\"\nquiet = \"{quiet}\"\nmax_wait = \"{wait}\"\nmax_signals = 8\n\
         min_score = 4\ncooldown = \"{wait}\"\nescalate = \"off\"\n",
        quiet = times(unit, 2),
        wait = times(unit, LONGEST_WAIT),
    )
}
