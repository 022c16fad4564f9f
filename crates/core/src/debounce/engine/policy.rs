//! A version of a policy comes into force, or a shadow ends.

use std::sync::Arc;

use super::step::Step;
use super::versions::{drop_unused, end_shadow, revive};
use crate::debounce::model::effect::DeadReason;
use crate::debounce::model::keys::VersionKey;
use crate::debounce::model::policy_record::{PolicyContent, PolicyRecord};
use crate::debounce::model::shadow::shadow_of;

/// Takes a version of a policy in. One that is not newer than the known one changes nothing.
pub(crate) fn handle(cx: &mut Step<'_>, record: &PolicyRecord) {
    let name = &record.name;
    let known = cx.policy(name).map(|policy| policy.version);
    if known.is_some_and(|known| known >= record.version) {
        return;
    }
    match &record.content {
        PolicyContent::ShadowEnded => end_shadow(cx.store, name),
        PolicyContent::Invalid(why) => cx.dead_letter(DeadReason::Policy, why.clone()),
        PolicyContent::Compiled(policy) if policy.name == *name => {
            // A version in force ends the shadow beside it; a shadow comes anew.
            end_shadow(cx.store, &shadow_of(name.as_str()).into());
            revive(cx.store, name);
            cx.store.policies.set(VersionKey::of(name, record.version), Some(Arc::new(record.clone())));
            known.into_iter().for_each(|known| drop_unused(cx.store, name, known));
        }
        PolicyContent::Compiled(policy) => {
            let text = format!("the record says `{name}`, its file `{}`: apply it again", policy.name);
            cx.dead_letter(DeadReason::Policy, text);
        }
    }
}
