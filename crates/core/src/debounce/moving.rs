//! A deployment that comes from another log brings its state as records of the inbox, so that what it decides there is a
//! function of that inbox alone (docs/adr/0006).
//!
//! Rows are taken only before the first reader's report: later they would say what is no longer true.

use std::sync::Arc;

use super::fanout::FanOut;
use super::input::Moved;
use super::machine::Machine;
use super::partition::{Counts, Effect, Partition, Versioned};
use super::shadow;
use super::state::{Seen, StateKey, StateRow};
use crate::ids::Offset;

impl Partition {
    /// Rows begin: those of an attempt that was broken off go. They are complete: nothing is to be done.
    pub(super) fn moved(&mut self, moved: &Moved) {
        if moved.complete || self.has_begun() {
            return;
        }
        for (key, _) in self.rows() {
            match key {
                StateKey::Account(id) => self.put_account(id, None),
                StateKey::Machine(account, policy) => {
                    self.put_machine((account, policy), Machine::default());
                }
                StateKey::Seen(key) => self.put_seen(key, None),
                StateKey::Policy(name, version) => self.versions.put((name, version), None),
                StateKey::Hold(policy) => self.holds.put(policy, None),
                StateKey::Event(offset) => self.events.put(offset, None),
                StateKey::Clock => {}
            }
        }
        self.sweep.reset();
        self.find_newest();
        *self.counts_mut() = Counts::default();
    }

    /// One row. A remembered id counts as first seen at the record that brought it: offsets of the other log say nothing.
    pub(super) fn carried(&mut self, offset: Offset, row: &(StateKey, StateRow), out: &mut Vec<Effect>) {
        if self.has_begun() {
            let text = "a row of another log's state came when this one had begun: migrate into an empty log";
            out.push(Effect::Dead { reason: "late_row", text: text.to_owned() });
            return;
        }
        self.sweep.reset();
        match row.clone() {
            (StateKey::Account(id), StateRow::Account(state)) => self.put_account(id, Some(state)),
            (StateKey::Event(_), StateRow::Event(fan_out)) => self.carried_event(offset, *fan_out),
            (StateKey::Machine(account, policy), StateRow::Machine(machine)) => {
                let key = (account, policy);
                let known = self.machines.get(&key).is_some_and(|machine| machine.burst.is_some());
                self.counts_mut().opened += u64::from(machine.burst.is_some() && !known);
                self.put_machine(key, Arc::unwrap_or_clone(machine));
            }
            (StateKey::Seen(key), StateRow::Seen(seen)) => self.put_seen(key, Some(Seen { offset, ..seen })),
            (StateKey::Policy(name, version), StateRow::Policy(text)) => match shadow::read(&text) {
                Ok(policy) => {
                    let row = Versioned { text, policy };
                    self.versions.put((name, version), Some(row));
                    self.find_newest();
                }
                Err(error) => out.push(Effect::Dead { reason: "policy", text: error.to_string() }),
            },
            (StateKey::Hold(policy), StateRow::Hold) => self.holds.put(policy, Some(())),
            (key, _) => {
                let text = format!("a row of another log's state is none of {key:?}: migrate anew");
                out.push(Effect::Dead { reason: "late_row", text });
            }
        }
    }

    /// An event on its way. Each partition of the old log brings its own row of it; told again are those behind the cursor
    /// that stands first, and who has heard of it knows its id.
    fn carried_event(&mut self, offset: Offset, fan_out: FanOut) {
        let is_same = |known: &FanOut| {
            (&known.event.source, &known.event.id) == (&fan_out.event.source, &fan_out.event.id)
        };
        let known = self.events.rows().find(|(_, known)| is_same(known));
        let (at, after) = match known.map(|(at, known)| (*at, known.after.clone())) {
            Some((at, after)) => (at, after.min(fan_out.after)),
            None => (offset, fan_out.after),
        };
        self.events.put(at, Some(FanOut { after, ..fan_out }));
    }

    /// Whether a reader has reported: the clock is about to run, or does.
    fn has_begun(&self) -> bool {
        !self.clock().inputs.is_empty()
    }
}
