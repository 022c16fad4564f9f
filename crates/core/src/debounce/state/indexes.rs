//! The indexes of each table.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::calendar_index::CalendarIndex;
use super::erased::Erased;
use super::expiry::Expiry;
use super::leftovers::Leftovers;
use super::table::Indexes;
use super::targets::Targets;
use crate::account::Account;
use crate::debounce::model::account_state::AccountState;
use crate::debounce::model::keys::{MachineKey, VersionKey};
use crate::debounce::model::machine::Machine;
use crate::debounce::model::policy::Policy;
use crate::debounce::model::policy_record::PolicyRecord;
use crate::debounce::model::rows::{Seen, SeenKey};
use crate::debounce::model::shadow::is_shadow;
use crate::debounce::policy::bound::bounded;
use crate::ids::{AccountId, PolicyName};
use crate::time::Time;

/// The indexes of the accounts.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccountIndexes {
    /// The accounts by the days of their calendar's entries.
    pub(crate) calendar: CalendarIndex,
    /// The accounts that were erased.
    pub(crate) erased: Erased,
    /// The accounts that have fires of shadows.
    pub(crate) fires: Leftovers,
    /// The accounts that are still to hear of an event.
    pub(crate) targets: Option<Targets>,
}

impl Indexes<AccountId, Arc<AccountState>> for AccountIndexes {
    fn change(&mut self, id: &AccountId, old: Option<&Arc<AccountState>>, new: Option<&Arc<AccountState>>) {
        let (old, new) = (old.map(|old| &**old), new.map(|new| &**new));
        self.calendar.change(id, listed(old), listed(new));
        self.erased.change(id, old, new);
        if let Some(targets) = &mut self.targets {
            targets.change(id, new);
        }
        let (was, is) = (shadow_fires(old), shadow_fires(new));
        for policy in was.union(&is) {
            self.fires.set(id, policy, is.contains(policy));
        }
    }

    fn kept(state: Arc<AccountState>) -> Arc<AccountState> {
        bounded(state)
    }

    fn rolled_back(&mut self) {
        self.erased.find_anew();
        self.targets = None;
    }
}

fn listed(state: Option<&AccountState>) -> Option<&Account> {
    state.and_then(|state| state.account.as_ref())
}

/// The shadows whose fires an account has.
fn shadow_fires(state: Option<&AccountState>) -> BTreeSet<PolicyName> {
    let fires = state.into_iter().flat_map(|state| &state.fires).map(|fire| &fire.policy);
    fires.filter(|policy| is_shadow(policy.as_str())).cloned().collect()
}

/// The indexes of the machines.
#[derive(Clone, Debug, Default)]
pub(crate) struct MachineIndexes {
    /// Open bursts by deadline, account, policy.
    pub(crate) deadlines: BTreeSet<(Time, MachineKey)>,
    /// The ends of cool-downs.
    pub(crate) cooldowns: Expiry<MachineKey>,
    /// The ends of scores that were carried over.
    pub(crate) scores: Expiry<MachineKey>,
    /// The ends of what keeps something unsaid.
    pub(crate) unsaid: Expiry<MachineKey>,
    /// The machines that have something to say when a hold is let go.
    pub(crate) held_back: BTreeSet<MachineKey>,
    /// The machines in which shadows left something.
    pub(crate) leftovers: Leftovers,
    /// The number of open bursts under each version of a policy.
    uses: HashMap<VersionKey, usize, RandomState>,
}

impl MachineIndexes {
    /// True while a burst is open under that version.
    pub(crate) fn is_used(&self, version: &VersionKey) -> bool {
        self.uses.get(version).is_some_and(|uses| *uses > 0)
    }
}

impl Indexes<MachineKey, Arc<Machine>> for MachineIndexes {
    fn change(&mut self, key: &MachineKey, old: Option<&Arc<Machine>>, new: Option<&Arc<Machine>>) {
        if let Some(burst) = old.and_then(|machine| machine.burst.as_ref()) {
            self.deadlines.remove(&(burst.deadline, key.clone()));
            if let Some(uses) = self.uses.get_mut(&VersionKey::of(&key.policy, burst.policy_version)) {
                *uses = uses.saturating_sub(1);
            }
        }
        if let Some(burst) = new.and_then(|machine| machine.burst.as_ref()) {
            self.deadlines.insert((burst.deadline, key.clone()));
            *self.uses.entry(VersionKey::of(&key.policy, burst.policy_version)).or_default() += 1;
        }
        let cooldown = |machine: &Arc<Machine>| machine.cooldown.map(|cooldown| cooldown.until);
        self.cooldowns.change(key, old.and_then(cooldown), new.and_then(cooldown));
        let score = |machine: &Arc<Machine>| machine.carried_score.map(|score| score.until);
        self.scores.change(key, old.and_then(score), new.and_then(score));
        let due = |machine: &Arc<Machine>| machine.unsaid.as_ref().and_then(|unsaid| unsaid.due);
        self.unsaid.change(key, old.and_then(due), new.and_then(due));
        let is_held =
            |machine: &Arc<Machine>| machine.unsaid.as_ref().is_some_and(|unsaid| unsaid.due.is_none());
        if old.is_some_and(is_held) {
            self.held_back.remove(key);
        }
        if new.is_some_and(is_held) {
            self.held_back.insert(key.clone());
        }
        if is_shadow(key.policy.as_str()) {
            let is_left = |machine: &Arc<Machine>| {
                machine.cooldown.is_some()
                    || machine.unsaid.is_some()
                    || machine.carried_score.is_some()
                    || !machine.cooldown_evidence.is_empty()
            };
            self.leftovers.set(&key.account, &key.policy, new.is_some_and(is_left));
        }
    }
}

/// The indexes of the remembered signal ids.
#[derive(Clone, Debug, Default)]
pub(crate) struct SeenIndexes {
    /// By the time at which they are forgotten.
    pub(crate) expiry: Expiry<SeenKey>,
}

impl Indexes<SeenKey, Seen> for SeenIndexes {
    fn change(&mut self, key: &SeenKey, old: Option<&Seen>, new: Option<&Seen>) {
        self.expiry.change(key, old.map(|seen| seen.until), new.map(|seen| seen.until));
    }
}

/// The newest version of each policy by name.
pub(crate) type Newest = BTreeMap<PolicyName, Arc<Policy>>;

/// The indexes of the policies' versions.
#[derive(Clone, Debug, Default)]
pub(crate) struct PolicyIndexes {
    /// The newest version of each policy; none of a shadow that has ended.
    pub(crate) newest: Arc<Newest>,
    by_name: BTreeMap<PolicyName, BTreeMap<u32, Arc<PolicyRecord>>>,
}

impl PolicyIndexes {
    /// The versions of a policy, the oldest first.
    pub(crate) fn versions(&self, policy: &PolicyName) -> impl Iterator<Item = &Arc<PolicyRecord>> {
        self.by_name.get(policy).into_iter().flat_map(BTreeMap::values)
    }

    /// The names of all policies, also of shadows that have ended.
    pub(crate) fn names(&self) -> impl Iterator<Item = &PolicyName> {
        self.by_name.keys()
    }
}

impl Indexes<VersionKey, Arc<PolicyRecord>> for PolicyIndexes {
    fn change(&mut self, key: &VersionKey, _: Option<&Arc<PolicyRecord>>, new: Option<&Arc<PolicyRecord>>) {
        let versions = self.by_name.entry(key.policy.clone()).or_default();
        match new {
            Some(new) => versions.insert(key.version, new.clone()),
            None => versions.remove(&key.version),
        };
        let has_ended = versions.values().any(|record| record.is_end());
        let newest = versions.values().rev().find_map(|record| record.policy()).filter(|_| !has_ended);
        let all = Arc::make_mut(&mut self.newest);
        match newest {
            Some(newest) => all.insert(key.policy.clone(), newest.clone()),
            None => all.remove(&key.policy),
        };
        if versions.is_empty() {
            self.by_name.remove(&key.policy);
        }
    }
}
