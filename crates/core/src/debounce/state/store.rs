//! The state of a partition: the tables of the list, the clock, and the batch that can be taken back.

use std::collections::BTreeMap;

use super::indexes::{AccountIndexes, MachineIndexes, PolicyIndexes, SeenIndexes};
use super::table::{IndexedTable, NoIndex};
use crate::debounce::model::clock::{InboxClock, RULES};
use crate::debounce::model::row::{StateKey, StateRow};
use crate::debounce::model::rows::{Counts, Head};
use crate::debounce::model::tables::prelude::*;
use crate::debounce::model::tables::tables;

macro_rules! store {
    ($($(#[$doc:meta])* $letter:literal $name:ident $field:ident: $key:ty => $row:ty, $indexes:ident;)*) => {
        /// The state of one inbox partition.
        #[derive(Clone, Debug, Default)]
        pub(crate) struct Store {
            head: Head,
            committed: Option<Head>,
            $($(#[$doc])* pub(crate) $field: IndexedTable<$key, $row, $indexes>,)*
        }

        impl Store {
            /// Everything that the batch changed is in the log.
            pub(crate) fn commit(&mut self) {
                self.committed = None;
                $(self.$field.commit();)*
            }

            /// Nothing that the batch changed is in the log: back to the last commit.
            pub(crate) fn rollback(&mut self) {
                if let Some(head) = self.committed.take() {
                    self.head = head;
                }
                $(self.$field.rollback();)*
            }

            /// The rows that the batch changed, as they are now, the clock last; `None` for a row that is gone.
            pub(crate) fn changes(&self, mut visit: impl FnMut(StateKey, Option<StateRow>)) {
                $(for (key, row) in self.$field.changed() {
                    visit(StateKey::$name(key.clone()), row.cloned().map(StateRow::$name));
                })*
                if self.committed.is_some() {
                    visit(StateKey::Clock, self.head_row());
                }
            }

            /// Every row there is, in the order of the keys.
            pub(crate) fn rows(&self) -> BTreeMap<StateKey, StateRow> {
                let mut rows = BTreeMap::new();
                rows.extend(self.head_row().map(|row| (StateKey::Clock, row)));
                $(rows.extend(self.$field.rows().iter().map(|(key, row)| {
                    (StateKey::$name(key.clone()), StateRow::$name(row.clone()))
                }));)*
                rows
            }

            /// Takes a row from the changelog.
            pub(crate) fn load(&mut self, key: StateKey, row: Option<StateRow>) {
                match (key, row) {
                    (StateKey::Clock, Some(StateRow::Clock(clock, next, counts))) => {
                        self.head = Head { clock: *clock, next: Some(next), counts };
                    }
                    (StateKey::Clock, _) => {}
                    $((StateKey::$name(key), Some(StateRow::$name(row))) => self.$field.load(key, Some(row)),
                    (StateKey::$name(key), _) => self.$field.load(key, None),)*
                }
            }

            /// Sets a row as a part of the batch, or removes it. The clock is no such row.
            pub(crate) fn set(&mut self, key: StateKey, row: Option<StateRow>) {
                match (key, row) {
                    (StateKey::Clock, _) => {}
                    $((StateKey::$name(key), Some(StateRow::$name(row))) => self.$field.set(key, Some(row)),
                    (StateKey::$name(key), _) => self.$field.set(key, None),)*
                }
            }
        }
    };
}

tables!(store);

impl Store {
    fn head_row(&self) -> Option<StateRow> {
        let next = self.head.next?;
        Some(StateRow::Clock(self.head.clock.clone().into(), next, self.head.counts))
    }

    /// The batch moves to that offset.
    pub(crate) fn moves_to(&mut self, next: Offset) {
        if self.committed.is_none() {
            self.committed = Some(self.head.clone());
        }
        if self.head.next.is_none() {
            // A state that begins here knows no other rules.
            self.head.clock.rules = RULES;
        }
        self.head.next = Some(next);
    }

    pub(crate) const fn next_offset(&self) -> Option<Offset> {
        self.head.next
    }

    pub(crate) const fn clock(&self) -> &InboxClock {
        &self.head.clock
    }

    pub(crate) const fn clock_mut(&mut self) -> &mut InboxClock {
        &mut self.head.clock
    }

    pub(crate) const fn counts(&self) -> Counts {
        self.head.counts
    }

    pub(crate) const fn counts_mut(&mut self) -> &mut Counts {
        &mut self.head.counts
    }

    /// Sets a machine; one that has nothing left to remember is removed.
    pub(crate) fn put_machine(&mut self, key: MachineKey, machine: Arc<Machine>) {
        let is_over = machine.is_over(self.head.clock.now());
        self.machines.set(key, (!is_over).then_some(machine));
    }

    /// Changes what is known of an account; nothing is kept of one that was erased.
    pub(crate) fn edit_account(&mut self, id: &AccountId, change: impl FnOnce(&mut AccountState)) {
        let Some(state) = self.accounts.get(id).filter(|state| !state.erased) else { return };
        let mut state = AccountState::clone(state);
        change(&mut state);
        self.accounts.set(id.clone(), Some(state.into()));
    }
}
