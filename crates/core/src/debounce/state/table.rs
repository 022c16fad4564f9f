//! A table that keeps its own indexes, and can take back what a batch changed: memory follows the log's commit and never
//! leads it.

use std::collections::HashMap;
use std::hash::Hash;

use foldhash::fast::RandomState;

/// Rows by key.
pub(crate) type Rows<K, V> = HashMap<K, V, RandomState>;

/// The secondary indexes of a table. The table tells them of every change of a row: by a step, by a rollback, by a load.
pub(crate) trait Indexes<K, V>: Default {
    /// The row of a key was `old` and is `new` now.
    fn change(&mut self, key: &K, old: Option<&V>, new: Option<&V>);

    /// The row as the table keeps it: bounded, where its table has a bound.
    fn kept(row: V) -> V {
        row
    }

    /// A batch was taken back. Memory that is no function of the rows alone goes.
    fn rolled_back(&mut self) {}
}

/// No index.
#[derive(Clone, Debug, Default)]
pub(crate) struct NoIndex;

impl<K, V> Indexes<K, V> for NoIndex {
    fn change(&mut self, _: &K, _: Option<&V>, _: Option<&V>) {}
}

/// Rows by key, their indexes, and the undo journal: each row that the batch touched as it was before.
#[derive(Clone, Debug)]
pub(crate) struct IndexedTable<K, V, I = NoIndex> {
    rows: Rows<K, V>,
    before: Rows<K, Option<V>>,
    indexes: I,
}

impl<K, V, I: Default> Default for IndexedTable<K, V, I> {
    fn default() -> Self {
        Self { rows: HashMap::default(), before: HashMap::default(), indexes: I::default() }
    }
}

impl<K: Hash + Eq + Clone, V: Clone, I: Indexes<K, V>> IndexedTable<K, V, I> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.rows.get(key)
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) const fn rows(&self) -> &Rows<K, V> {
        &self.rows
    }

    pub(crate) const fn indexes(&self) -> &I {
        &self.indexes
    }

    /// The rows, and the indexes with the memory that they keep beside.
    pub(crate) const fn parts(&mut self) -> (&Rows<K, V>, &mut I) {
        (&self.rows, &mut self.indexes)
    }

    /// Sets a row, or removes it.
    pub(crate) fn set(&mut self, key: K, row: Option<V>) {
        let row = row.map(I::kept);
        if !self.before.contains_key(&key) {
            self.before.insert(key.clone(), self.rows.get(&key).cloned());
        }
        self.change(key, row);
    }

    /// Takes a row out to be changed in place; [`Self::set`] brings it back. A row behind an `Arc` is shared with the undo
    /// journal after the first time in a batch, and with nobody after the second.
    pub(crate) fn take(&mut self, key: &K) -> Option<V> {
        let row = self.rows.remove(key)?;
        if !self.before.contains_key(key) {
            self.before.insert(key.clone(), Some(row.clone()));
        }
        self.indexes.change(key, Some(&row), None);
        Some(row)
    }

    /// Sets a row as the log has it: nothing to take back.
    pub(crate) fn load(&mut self, key: K, row: Option<V>) {
        self.change(key, row.map(I::kept));
    }

    fn change(&mut self, key: K, row: Option<V>) {
        self.indexes.change(&key, self.rows.get(&key), row.as_ref());
        match row {
            Some(row) => self.rows.insert(key, row),
            None => self.rows.remove(&key),
        };
    }

    /// The rows that the batch touched, as they are now.
    pub(crate) fn changed(&self) -> impl Iterator<Item = (&K, Option<&V>)> {
        self.before.keys().map(|key| (key, self.rows.get(key)))
    }

    /// Everything that the batch changed is in the log.
    pub(crate) fn commit(&mut self) {
        self.before.clear();
    }

    /// Nothing that the batch changed is in the log.
    pub(crate) fn rollback(&mut self) {
        for (key, old) in std::mem::take(&mut self.before) {
            self.change(key, old);
        }
        self.indexes.rolled_back();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;

    /// The keys by their value.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    struct ByValue(BTreeSet<(u32, u32)>);

    impl Indexes<u32, Arc<u32>> for ByValue {
        fn change(&mut self, key: &u32, old: Option<&Arc<u32>>, new: Option<&Arc<u32>>) {
            assert!(old.is_none_or(|old| self.0.remove(&(**old, *key))), "{key} had no entry");
            self.0.extend(new.map(|new| (**new, *key)));
        }
    }

    type Table = IndexedTable<u32, Arc<u32>, ByValue>;

    fn is_right(table: &Table) {
        let rows = table.rows().iter().map(|(key, row)| (**row, *key)).collect();
        assert_eq!(table.indexes(), &ByValue(rows));
    }

    #[test]
    fn indexes_follow_every_way_that_a_row_changes() {
        let mut table = Table::default();
        (0..10).for_each(|key| table.load(key, Some(Arc::new(key * 7 % 5))));
        table.load(3, None);
        is_right(&table);
        let before = table.rows().clone();
        table.set(1, Some(Arc::new(40)));
        table.set(11, Some(Arc::new(41)));
        table.set(2, None);
        let mut row = table.take(&4).unwrap();
        *Arc::make_mut(&mut row) += 1;
        is_right(&table);
        table.set(4, Some(row));
        is_right(&table);
        assert_eq!(table.changed().count(), 4);
        table.rollback();
        is_right(&table);
        assert_eq!((table.rows(), table.changed().count()), (&before, 0));
    }

    #[test]
    fn a_row_that_is_taken_out_again_in_a_batch_is_changed_in_place() {
        let mut table = Table::default();
        table.load(1, Some(Arc::new(1)));
        let mut places = Vec::new();
        for _ in 0..3 {
            let mut row = table.take(&1).unwrap();
            *Arc::make_mut(&mut row) += 1;
            places.push(Arc::as_ptr(&row));
            table.set(1, Some(row));
        }
        assert_eq!((places[0], places[0]), (places[1], places[2]));
        table.rollback();
        assert_eq!(table.get(&1).map(|row| **row), Some(1));
    }
}
