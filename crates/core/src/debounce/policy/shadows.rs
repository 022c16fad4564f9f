//! The fires that a policy in shadow counts: its own in the place of those of the policy that it stands beside.

use std::borrow::Cow;

use crate::debounce::model::account_state::{AccountState, Fire};
use crate::debounce::model::shadow::{in_force, is_shadow};
use crate::ids::PolicyName;
use crate::time::Time;

/// The fires that caps of that policy count.
pub(crate) fn counted<'a>(fires: &'a [Fire], policy: &PolicyName) -> Cow<'a, [Fire]> {
    if fires.iter().all(|fire| counts(fire, policy)) {
        return Cow::Borrowed(fires);
    }
    Cow::Owned(fires.iter().filter(|fire| counts(fire, policy)).cloned().collect())
}

fn counts(fire: &Fire, policy: &PolicyName) -> bool {
    if fire.policy == *policy {
        return true;
    }
    // A shadow stands in the place of its policy, whose fires it does not have; other shadows' count for nobody.
    let is_replaced = is_shadow(policy.as_str()) && fire.policy.as_str() == in_force(policy.as_str());
    !is_replaced && !is_shadow(fire.policy.as_str())
}

/// The newest fire that a signal under that policy cannot count before.
pub(crate) fn newest_fire(state: &AccountState, policy: &PolicyName) -> Option<Time> {
    if !is_shadow(policy.as_str()) {
        return state.newest_fire;
    }
    state.fires.iter().filter(|fire| counts(fire, policy)).map(|fire| fire.at).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shadow_counts_its_own_fires_in_the_place_of_its_policys() {
        let fire = |policy: &str| Fire { policy: policy.into(), at: Time::from_millis(1), time_based: false };
        let fires = ["a", "b", "a~shadow", "b~shadow"].map(fire);
        let names = |policy: &str| -> Vec<String> {
            counted(&fires, &policy.into()).iter().map(|fire| fire.policy.to_string()).collect()
        };
        assert_eq!(names("a"), ["a", "b"]);
        assert_eq!(names("a~shadow"), ["b", "a~shadow"]);
    }
}
