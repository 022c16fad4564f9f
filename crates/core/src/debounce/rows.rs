//! A partition as rows: what a batch changed goes to the changelog, and comes back from it.

use std::collections::BTreeMap;

use super::bound;
use super::partition::{Head, Partition, Versioned};
use super::policy_file::PolicyError;
use super::shadow;
use super::state::{StateKey, StateRow};

impl Partition {
    /// The rows that the batch changed, as they are now, the clock last; `None` for a row that is gone.
    pub fn changes(&self, mut visit: impl FnMut(StateKey, Option<StateRow>)) {
        for (key, row) in self.accounts.changed() {
            visit(StateKey::Account(key.clone()), row.cloned().map(StateRow::Account));
        }
        for ((account, policy), row) in self.machines.changed() {
            visit(StateKey::Machine(account.clone(), policy.clone()), row.cloned().map(StateRow::Machine));
        }
        for (key, row) in self.seen.changed() {
            visit(StateKey::Seen(key.clone()), row.copied().map(StateRow::Seen));
        }
        for ((name, version), row) in self.versions.changed() {
            visit(
                StateKey::Policy(name.clone(), *version),
                row.map(|row| StateRow::Policy(row.text.clone())),
            );
        }
        for (key, row) in self.holds.changed() {
            visit(StateKey::Hold(key.clone()), row.map(|()| StateRow::Hold));
        }
        for (offset, row) in self.events.changed() {
            visit(StateKey::Event(*offset), row.cloned().map(|row| StateRow::Event(row.into())));
        }
        if self.committed.is_some() {
            visit(StateKey::Clock, self.head_row());
        }
    }

    /// Every row there is, in the order of the keys: two partitions are equal when these are.
    pub fn rows(&self) -> BTreeMap<StateKey, StateRow> {
        let accounts = self
            .accounts
            .rows()
            .map(|(key, row)| (StateKey::Account(key.clone()), StateRow::Account(row.clone())));
        let machines = self.machines.rows().map(|((account, policy), row)| {
            (StateKey::Machine(account.clone(), policy.clone()), StateRow::Machine(row.clone()))
        });
        let seen = self.seen.rows().map(|(key, row)| (StateKey::Seen(key.clone()), StateRow::Seen(*row)));
        let versions = self.versions.rows().map(|((name, version), row)| {
            (StateKey::Policy(name.clone(), *version), StateRow::Policy(row.text.clone()))
        });
        let holds = self.holds.rows().map(|(key, ())| (StateKey::Hold(key.clone()), StateRow::Hold));
        let events =
            self.events.rows().map(|(key, row)| (StateKey::Event(*key), StateRow::Event(row.clone().into())));
        let head = self.head_row().map(|row| (StateKey::Clock, row));
        accounts.chain(machines).chain(seen).chain(versions).chain(holds).chain(events).chain(head).collect()
    }

    fn head_row(&self) -> Option<StateRow> {
        let next = self.head.next?;
        Some(StateRow::Clock(self.head.clock.clone().into(), next, self.head.counts))
    }

    /// Takes a row from the changelog; rows come in the log's order, the last of a key counts.
    ///
    /// # Errors
    /// When a policy that was applied once cannot be read any more.
    pub fn load(&mut self, key: StateKey, row: Option<StateRow>) -> Result<(), PolicyError> {
        match (key, row) {
            (StateKey::Clock, Some(StateRow::Clock(clock, next, counts))) => {
                self.head = Head { clock: *clock, next: Some(next), counts };
            }
            (StateKey::Account(id), row) => {
                let row = if let Some(StateRow::Account(state)) = row { Some(state) } else { None };
                let new = row.map(bound::bounded);
                let old = self.accounts.load(id.clone(), new.clone());
                self.index_account(&id, old.as_deref(), new.as_deref());
                self.sweep.loaded();
            }
            (StateKey::Machine(account, policy), row) => {
                let new = if let Some(StateRow::Machine(machine)) = row { Some(machine) } else { None };
                let key = (account, policy);
                let old = self.machines.load(key.clone(), new.clone());
                self.reindex(&key, old.as_deref(), new.as_deref());
            }
            (StateKey::Seen(key), row) => {
                let new = if let Some(StateRow::Seen(seen)) = row { Some(seen) } else { None };
                let old = self.seen.load(key.clone(), new);
                self.index_seen(&key, old, new);
            }
            (StateKey::Policy(name, version), Some(StateRow::Policy(text))) => {
                let policy = shadow::read(&text)?;
                self.versions.load((name, version), Some(Versioned { text, policy }));
                self.find_newest();
            }
            (StateKey::Policy(name, version), _) => {
                self.versions.load((name, version), None);
                self.find_newest();
            }
            (StateKey::Hold(policy), row) => drop(self.holds.load(policy, row.map(|_| ()))),
            (StateKey::Event(offset), row) => {
                let new = if let Some(StateRow::Event(event)) = row { Some(*event) } else { None };
                self.events.load(offset, new);
            }
            (StateKey::Clock, _) => {}
        }
        Ok(())
    }
}
