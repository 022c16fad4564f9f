//! Holds: starting triggers of a policy, or of all, stop or go on.

use super::step::Step;
use crate::debounce::model::effect::Note;
use crate::debounce::model::rows::Hold;
use crate::ids::PolicyName;

/// Holds a policy (all: `None`), or lets it go.
pub(crate) fn handle(cx: &mut Step<'_>, policy: Option<&str>, held: bool) {
    let name = policy.unwrap_or_default().to_owned();
    if cx.store.holds.get(&name).is_some() != held {
        cx.note(Note::Held(policy.map(PolicyName::from), held));
    }
    cx.store.holds.set(name, held.then_some(Hold));
}
