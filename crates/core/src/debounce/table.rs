//! A map that can take back what a batch changed: memory follows the log's commit and never leads it.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::RandomState;

/// What a rollback changed: the key, the value that is gone, the value that is back.
pub(super) type Undone<K, V> = Vec<(K, Option<V>, Option<V>)>;

/// Rows by key, with what each changed row was before the batch.
#[derive(Clone, Debug)]
pub(super) struct Table<K, V> {
    rows: HashMap<K, V, RandomState>,
    before: HashMap<K, Option<V>, RandomState>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { rows: HashMap::default(), before: HashMap::default() }
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Table<K, V> {
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.rows.get(key)
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Sets a row, or removes it.
    pub(super) fn put(&mut self, key: K, value: Option<V>) {
        if !self.before.contains_key(&key) {
            self.before.insert(key.clone(), self.rows.get(&key).cloned());
        }
        match value {
            Some(value) => self.rows.insert(key, value),
            None => self.rows.remove(&key),
        };
    }

    /// Sets a row as the log has it: nothing to take back.
    pub(super) fn load(&mut self, key: K, value: Option<V>) -> Option<V> {
        match value {
            Some(value) => self.rows.insert(key, value),
            None => self.rows.remove(&key),
        }
    }

    /// The rows that the batch touched, as they are now.
    pub(super) fn changed(&self) -> impl Iterator<Item = (&K, Option<&V>)> {
        self.before.keys().map(|key| (key, self.rows.get(key)))
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = (&K, &V)> {
        self.rows.iter()
    }

    pub(super) fn commit(&mut self) {
        self.before.clear();
    }

    pub(super) fn rollback(&mut self) -> Undone<K, V> {
        let before = std::mem::take(&mut self.before);
        let undo = |(key, old): (K, Option<V>)| {
            let new = self.load(key.clone(), old.clone());
            (key, new, old)
        };
        before.into_iter().map(undo).collect()
    }
}
