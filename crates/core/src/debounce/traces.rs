//! What shadows leave behind in the rows of accounts: quiet times, evidence, scores and fires.
//!
//! When a shadow ends it goes, a few accounts a report of the readers, since there may be many; when one of the name comes
//! anew before all is gone, the rest goes at once, so that it begins without a memory. Which rows are meant is an index
//! over them, so that a partition that was restored goes on as the one that never stopped.

use std::collections::{BTreeMap, BTreeSet};

use super::account_state::AccountState;
use super::machine::Machine;
use super::partition::{MachineKey, Partition};
use super::shadow::is_shadow;
use crate::ids::{AccountId, PolicyName};

/// Accounts by the shadow that left something with them.
type Left = BTreeMap<PolicyName, BTreeSet<AccountId>>;

/// Where shadows left something besides open bursts.
#[derive(Clone, Debug, Default)]
pub(super) struct Traces {
    machines: Left,
    fires: Left,
}

/// One of them.
enum Trace {
    Machine(MachineKey),
    Fires(MachineKey),
}

impl Traces {
    /// A machine is so now.
    pub(super) fn machine(&mut self, key: &MachineKey, new: Option<&Machine>) {
        if is_shadow(key.1.as_str()) {
            let is_left = |machine: &Machine| {
                machine.quiet.is_some() || machine.score.is_some() || !machine.carried.is_empty()
            };
            set(&mut self.machines, key, new.is_some_and(is_left));
        }
    }

    /// An account is so now.
    pub(super) fn account(&mut self, id: &AccountId, old: Option<&AccountState>, new: Option<&AccountState>) {
        let fires = |state: Option<&AccountState>| -> BTreeSet<PolicyName> {
            let fires = state.into_iter().flat_map(|state| &state.fires).map(|fire| &fire.policy);
            fires.filter(|policy| is_shadow(policy.as_str())).cloned().collect()
        };
        let never_fired = |state: Option<&AccountState>| state.is_none_or(|state| state.fires.is_empty());
        if never_fired(old) && never_fired(new) {
            return;
        }
        let (old, new) = (fires(old), fires(new));
        for policy in old.union(&new) {
            set(&mut self.fires, &(id.clone(), policy.clone()), new.contains(policy));
        }
    }

    /// The shadows that left anything.
    pub(super) fn names(&self) -> impl Iterator<Item = &PolicyName> {
        self.machines.keys().chain(self.fires.keys())
    }

    fn first(&self, is_meant: impl Fn(&PolicyName) -> bool) -> Option<Trace> {
        let first = |left: &Left| {
            let (name, accounts) = left.iter().find(|(name, _)| is_meant(name))?;
            Some((accounts.first()?.clone(), name.clone()))
        };
        first(&self.machines).map(Trace::Machine).or_else(|| first(&self.fires).map(Trace::Fires))
    }
}

fn set(left: &mut Left, (account, policy): &MachineKey, is_left: bool) {
    if is_left {
        left.entry(policy.clone()).or_default().insert(account.clone());
    } else if let Some(accounts) = left.get_mut(policy) {
        accounts.remove(account);
        if accounts.is_empty() {
            left.remove(policy);
        }
    }
}

impl Partition {
    /// Forgets at most `most` of what shadows left that have ended.
    pub(super) fn forget_ended(&mut self, most: usize) {
        for _ in 0..most {
            let newest = &self.newest;
            let Some(trace) = self.traces.first(|name| !newest.contains_key(name)) else { return };
            self.forget_trace(trace);
        }
    }

    /// Forgets all that the shadow of that name left.
    pub(super) fn forget_shadow(&mut self, name: &PolicyName) {
        while let Some(trace) = self.traces.first(|left| left == name) {
            self.forget_trace(trace);
        }
    }

    fn forget_trace(&mut self, trace: Trace) {
        match trace {
            Trace::Machine(key) => {
                let burst = self.machines.get(&key).and_then(|machine| machine.burst.clone());
                self.put_machine(key, Machine { burst, ..Machine::default() });
            }
            Trace::Fires((account, policy)) => {
                self.edit(&account, |state| state.fires.retain(|fire| fire.policy != policy));
            }
        }
    }
}
