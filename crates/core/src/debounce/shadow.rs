//! Policies in shadow: decided beside those in force, with a memory of their own, and without any effect on them.
//!
//! A shadow of the policy `default` has the name `default~shadow`, so that its machines, versions, trigger ids and
//! decisions are its own. What is shared is kept apart here: its fires count for no policy but itself, it counts the fires
//! of other policies in force but not those of the one that it stands beside, and what it alone remembers of signal
//! ids stands under keys of its own. A version of the policy in force ends the shadow at the same record: it was
//! made live, or overtaken.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::account_state::{AccountState, Fire};
use super::input::{MatchedSignal, PolicyText};
use super::machine::Machine;
use super::outcome::BurstOutcome;
use super::partition::{Effect, MachineKey, Partition, Versioned};
use super::policy::Policy;
use super::policy_file::PolicyError;
use super::policy_memo;
use super::state::{Seen, SeenKey};
use crate::ids::{Offset, PolicyName};
use crate::time::{Span, Time};

/// What the name of a shadow ends with; policies in force have no `~` in theirs.
const SUFFIX: &str = "~shadow";
/// Signal ids that only shadows remember stand under a source of this prefix.
const SEEN_PREFIX: &str = "~shadow:";

/// Whether the policy of that name is a shadow.
pub fn is_shadow(policy: &str) -> bool {
    policy.ends_with(SUFFIX)
}

/// The name of the shadow of a policy.
pub fn shadow_of(policy: &str) -> String {
    format!("{policy}{SUFFIX}")
}

/// The policy in force that a shadow stands beside; its own name for one in force.
pub fn in_force(policy: &str) -> &str {
    policy.strip_suffix(SUFFIX).unwrap_or(policy)
}

/// The record that ends a shadow.
pub fn ended(policy: &str, version: u32) -> PolicyText {
    PolicyText { name: policy.to_owned(), version, toml: String::new() }
}

/// The file with `shadow = true`.
pub fn as_shadow(toml: &str) -> String {
    format!("shadow = true\n{}", as_live(toml))
}

/// The file without `shadow`: as it would be in force.
pub fn as_live(toml: &str) -> String {
    let mut in_tables = false;
    let keep = |line: &&str| {
        in_tables |= line.trim_start().starts_with('[');
        in_tables || line.split_once('=').is_none_or(|(key, _)| key.trim() != "shadow")
    };
    toml.split_inclusive('\n').filter(keep).collect()
}

/// Whether the text is the record that ends a shadow.
pub fn is_end(text: &PolicyText) -> bool {
    text.toml.is_empty() && is_shadow(&text.name)
}

/// The policy of a record; a stand-in for what ends one.
pub(super) fn read(text: &PolicyText) -> Result<Arc<Policy>, PolicyError> {
    policy_memo::parse(if is_end(text) { "name = \"ended\"" } else { &text.toml }, text.version)
}

/// The fires that caps of that policy count.
pub(super) fn counted<'a>(fires: &'a [Fire], policy: &PolicyName) -> Cow<'a, [Fire]> {
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
pub(super) fn newest_fire(state: &AccountState, policy: &PolicyName) -> Option<Time> {
    if !is_shadow(policy.as_str()) {
        return state.newest_fire;
    }
    state.fires.iter().filter(|fire| counts(fire, policy)).map(|fire| fire.at).max()
}

impl Policy {
    /// Whether it is a shadow: see [`is_shadow`].
    pub fn is_shadow(&self) -> bool {
        is_shadow(self.name.as_str())
    }
}

impl Partition {
    /// Takes a signal through the shadows, after the policies in force had it and remember its id for `remembered`.
    pub(super) fn shadows(
        &mut self,
        offset: Offset,
        signal: &MatchedSignal,
        (seen, remembered): (Option<Seen>, Option<Span>),
        out: &mut Vec<Effect>,
    ) {
        let policies = self.newest.clone();
        let mut shadows = policies.values().filter(|policy| policy.is_shadow()).peekable();
        if shadows.peek().is_none() {
            return;
        }
        let key = SeenKey::of(&signal.account, &format!("{SEEN_PREFIX}{}", signal.source), &signal.id);
        let seen = seen.or(self.seen.get(&key).copied().filter(|seen| seen.offset != offset));
        let mut remember = None;
        for shadow in shadows {
            remember = remember.max(self.arrive(shadow, seen, signal, out));
        }
        if let Some(dedupe) = remember.filter(|dedupe| remembered.is_none_or(|live| *dedupe > live)) {
            let until = signal.event_time + dedupe;
            self.put_seen(key, Some(Seen { event_time: signal.event_time, offset, until }));
        }
    }

    /// Ends a shadow: it takes no more signals, and its open bursts are cancelled when they are due.
    pub(super) fn end_shadow(&mut self, name: &PolicyName) {
        let Some(newest) = self.newest.get(name).cloned() else { return };
        let text = ended(name.as_str(), newest.version.saturating_add(1));
        let key = (name.clone(), text.version);
        self.versions.put(key, Some(Versioned { text, policy: newest }));
        self.find_newest();
        self.tidy(name);
    }

    /// A policy comes, or a version of it. What ended a shadow of its name before holds no longer, and what that one left
    /// is none of its business.
    pub(super) fn revive(&mut self, name: &PolicyName) {
        self.forget_versions(name, is_end);
        if !self.newest.contains_key(name) {
            self.forget_shadow(name);
        }
    }

    /// Under which names there may be machines: those of the policies, and of shadows that have ended.
    pub(super) fn names(&self) -> BTreeSet<PolicyName> {
        let own: BTreeSet<_> = self.versions.rows().map(|((name, _), _)| name.clone()).collect();
        let beside = own.iter().map(|name| shadow_of(in_force(name.as_str())).into());
        beside.chain(own.iter().cloned()).chain(self.traces.names().cloned()).collect()
    }

    /// A burst of a shadow that has ended is due, or its account is no more.
    pub(super) fn cancel_ended(&mut self, key: &MachineKey, at: Time, out: &mut Vec<Effect>) {
        let Some(mut machine) = self.machine(key) else { return };
        let Some(burst) = machine.burst.take() else { return };
        let at = at.max(burst.last);
        self.ended(key, &burst, &machine, BurstOutcome::Cancelled, None, at, None, out);
        self.put_machine(key.clone(), Machine::default());
        self.tidy(&key.1);
    }

    /// Forgets what nothing needs of a shadow that has ended.
    fn tidy(&mut self, name: &PolicyName) {
        let uses = self.uses.clone();
        let used = |version: u32| uses.get(&(name.clone(), version)).is_some_and(|uses| *uses > 0);
        self.forget_versions(name, |text| !is_end(text) && !used(text.version));
        if self.versions.rows().filter(|((own, _), _)| own == name).all(|(_, row)| is_end(&row.text)) {
            self.forget_versions(name, is_end);
        }
    }

    fn forget_versions(&mut self, name: &PolicyName, goes: impl Fn(&PolicyText) -> bool) {
        let own = self.versions.rows().filter(|((own, _), row)| own == name && goes(&row.text));
        let keys: Vec<_> = own.map(|(key, _)| key.clone()).collect();
        keys.into_iter().for_each(|key| self.versions.put(key, None));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_put_in_shadow_and_made_live_by_one_line() {
        let file = "# ours\nname = \"default\"\nshadow = false # not yet\n[kinds.hiring]\nweight = 3\n";
        let live = "# ours\nname = \"default\"\n[kinds.hiring]\nweight = 3\n";
        assert_eq!(as_live(file), live);
        assert_eq!(as_shadow(file), format!("shadow = true\n{live}"));
        let shadow = Policy::parse(&as_shadow(file), 1).unwrap();
        assert_eq!((shadow.name.as_str(), shadow.is_shadow()), ("default~shadow", true));
        assert_eq!(Policy::parse(&as_live(file), 1).unwrap().name.as_str(), "default");
    }

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
