//! Rows by the time at which they are forgotten.

use std::collections::BTreeSet;

use crate::time::Time;

/// Keys by time.
#[derive(Clone, Debug)]
pub(crate) struct Expiry<K>(BTreeSet<(Time, K)>);

impl<K> Default for Expiry<K> {
    fn default() -> Self {
        Self(BTreeSet::new())
    }
}

impl<K: Ord + Clone> Expiry<K> {
    /// A key's time is another now.
    pub(crate) fn change(&mut self, key: &K, old: Option<Time>, new: Option<Time>) {
        if old == new {
            return;
        }
        if let Some(old) = old {
            self.0.remove(&(old, key.clone()));
        }
        self.0.extend(new.map(|new| (new, key.clone())));
    }

    /// The key with the earliest time.
    pub(crate) fn first(&self) -> Option<&(Time, K)> {
        self.0.first()
    }
}
