//! The rows that shadows leave behind besides open bursts: machines with a cool-down, evidence or a score, and accounts
//! with fires.
//!
//! It is an index over the rows, so that a partition that was restored goes on as the one that never stopped.

use std::collections::{BTreeMap, BTreeSet};

use crate::debounce::model::keys::MachineKey;
use crate::ids::{AccountId, PolicyName};

/// Accounts by the shadow that left something with them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leftovers(BTreeMap<PolicyName, BTreeSet<AccountId>>);

impl Leftovers {
    /// The shadow has left something with the account, or no longer has.
    pub(crate) fn set(&mut self, account: &AccountId, policy: &PolicyName, is_left: bool) {
        if is_left {
            self.0.entry(policy.clone()).or_default().insert(account.clone());
        } else if let Some(accounts) = self.0.get_mut(policy) {
            accounts.remove(account);
            if accounts.is_empty() {
                self.0.remove(policy);
            }
        }
    }

    /// The shadows that left anything.
    pub(crate) fn names(&self) -> impl Iterator<Item = &PolicyName> {
        self.0.keys()
    }

    /// The first account and shadow of those that are meant.
    pub(crate) fn first(&self, is_meant: impl Fn(&PolicyName) -> bool) -> Option<MachineKey> {
        let (policy, accounts) = self.0.iter().find(|(policy, _)| is_meant(policy))?;
        Some(MachineKey::of(accounts.first()?, policy))
    }
}
