//! The versions of policies: one goes when nothing needs it any more (R13). A shadow that ends leaves rows behind.
//!
//! Rows that shadows leave go when a shadow has ended, a few accounts a report of the readers, since there may be many.
//! When a shadow of the name comes anew before all are gone, the rest goes at once, so that it begins without a memory.

use std::sync::Arc;

use crate::debounce::model::keys::{MachineKey, VersionKey};
use crate::debounce::model::machine::Machine;
use crate::debounce::model::policy_record::PolicyRecord;
use crate::debounce::state::store::Store;
use crate::ids::PolicyName;

/// Forgets a version that no open burst needs any more (R13).
pub(crate) fn drop_unused(store: &mut Store, name: &PolicyName, version: u32) {
    let newest = store.policies.indexes().newest.get(name).map(|policy| policy.version);
    let key = VersionKey::of(name, version);
    if newest != Some(version) && !store.machines.indexes().is_used(&key) {
        store.policies.set(key, None);
    }
}

/// Ends a shadow: it takes no more signals, and its open bursts are cancelled when they are due.
pub(crate) fn end_shadow(store: &mut Store, name: &PolicyName) {
    let Some(newest) = store.policies.indexes().newest.get(name) else { return };
    let record = PolicyRecord::shadow_ended(name.as_str(), newest.version.saturating_add(1));
    store.policies.set(VersionKey::of(name, record.version), Some(record.into()));
    tidy(store, name);
}

/// A policy comes, or a version of it. The end of a shadow of its name before holds no longer, and the rows that one left
/// are none of its business.
pub(crate) fn revive(store: &mut Store, name: &PolicyName) {
    let is_known = store.policies.indexes().newest.contains_key(name);
    forget_versions(store, name, |record| record.is_end());
    if !is_known {
        while forget_leftover(store, |left| left == name) {}
    }
}

/// Forgets all that nothing needs of a shadow that has ended.
pub(crate) fn tidy(store: &mut Store, name: &PolicyName) {
    let machines = store.machines.indexes();
    let unused: Vec<_> = store
        .policies
        .indexes()
        .versions(name)
        .filter(|record| !record.is_end() && !machines.is_used(&VersionKey::of(name, record.version)))
        .map(|record| record.version)
        .collect();
    forget_versions(store, name, |record| unused.contains(&record.version));
    if store.policies.indexes().versions(name).all(|record| record.is_end()) {
        forget_versions(store, name, |record| record.is_end());
    }
}

fn forget_versions(store: &mut Store, name: &PolicyName, goes: impl Fn(&PolicyRecord) -> bool) {
    let own = store.policies.indexes().versions(name).filter(|record| goes(record));
    let keys: Vec<_> = own.map(|record| VersionKey::of(name, record.version)).collect();
    keys.into_iter().for_each(|key| store.policies.set(key, None));
}

/// Forgets at most `most` rows of shadows that have ended.
pub(crate) fn forget_ended(store: &mut Store, most: usize) {
    let newest = Arc::clone(&store.policies.indexes().newest);
    for _ in 0..most {
        if !forget_leftover(store, |name| !newest.contains_key(name)) {
            return;
        }
    }
}

/// Forgets one row of the shadows that are meant; false when there is none.
fn forget_leftover(store: &mut Store, is_meant: impl Fn(&PolicyName) -> bool) -> bool {
    if let Some(key) = store.machines.indexes().leftovers.first(&is_meant) {
        forget_machine(store, key);
        return true;
    }
    let Some(MachineKey { account, policy }) = store.accounts.indexes().fires.first(&is_meant) else {
        return false;
    };
    store.edit_account(&account, |state| state.fires.retain(|fire| fire.policy != policy));
    true
}

/// Forgets all of a machine but its open burst.
fn forget_machine(store: &mut Store, key: MachineKey) {
    let Some(mut machine) = store.machines.take(&key) else { return };
    let burst = Arc::make_mut(&mut machine).burst.take();
    store.put_machine(key, Arc::new(Machine { burst, ..Machine::default() }));
}
