//! The pure core over one inbox partition, record by record, with what it makes as it travels.

use std::collections::BTreeSet;

use winback_core::debounce::{AccountChange, Body, Effect, Partition, StateKey, StateRow, Subject, shadow};
use winback_core::ids::{AccountId, Offset, Partition as Number};
use winback_log::Message;
use winback_proto::{decision, trigger, v1};

use crate::replay::Replay;

/// The core's effects of one record.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Made {
    /// Triggers of policies in force, in order.
    pub triggers: Vec<v1::Trigger>,
    /// Triggers of policies in shadow, in order.
    pub in_shadow: Vec<v1::Trigger>,
    /// Decisions, in order.
    pub decisions: Vec<v1::Decision>,
    /// Outcomes of the signal that the record is and of those that the core makes at it, and how many there should be: one
    /// of each for each live policy, or a dead letter.
    pub outcomes: (usize, usize),
    /// The core's refusals, each with its fix.
    pub dead: Vec<String>,
}

/// Steps one partition.
#[derive(Default)]
pub struct Stepper {
    replay: Replay,
    partitions: i32,
    effects: Vec<Effect>,
    made: Made,
    erased: BTreeSet<AccountId>,
}

impl Stepper {
    /// Before the first record of an inbox of so many partitions.
    pub fn new(partitions: i32) -> Self {
        Self { partitions, ..Self::default() }
    }

    /// Before the record that the rows' clock names.
    pub fn restored(partitions: i32, rows: impl IntoIterator<Item = (StateKey, StateRow)>) -> Self {
        let mut stepper = Self::new(partitions);
        for (key, row) in rows {
            stepper.replay.partition.load(key, Some(row));
        }
        stepper
    }

    /// Takes the next record in.
    pub fn step(&mut self, message: &Message) -> &Made {
        let due = self.replay.partition.decisions_a_signal();
        let before = self.replay.partition.counts();
        self.made = Made::default();
        let input = self.replay.step(message, self.partitions, &mut self.effects);
        let is_signal = input.as_ref().is_some_and(|input| matches!(input.body, Body::Signal(_)));
        if let Some(Body::Account(AccountChange::Erased(id))) = input.map(|input| input.body) {
            self.erased.insert(id);
        }
        let (number, offset) = (message.partition, message.offset);
        for effect in std::mem::take(&mut self.effects) {
            self.made.take(effect, number, offset);
        }
        let made = self.replay.partition.counts().decisions_since(before, due as u64);
        let arrived = usize::from(is_signal && self.made.dead.is_empty());
        self.made.outcomes.1 = due * arrived + usize::try_from(made).unwrap_or(usize::MAX);
        &self.made
    }

    /// The record was not stepped by the detector either.
    pub fn skip(&mut self, message: &Message) -> &Made {
        self.passed(message.offset.next());
        self.made = Made::default();
        &self.made
    }

    /// Everything before this offset was read, also what is no record.
    pub fn passed(&mut self, next: Offset) {
        self.replay.partition.passed(next);
        self.replay.partition.commit();
    }

    /// The state so far.
    pub const fn partition(&self) -> &Partition {
        &self.replay.partition
    }

    /// Accounts that were erased among the records: their triggers and decisions may be gone.
    pub const fn erased(&self) -> &BTreeSet<AccountId> {
        &self.erased
    }

    /// Records that are none of the inbox.
    pub const fn unreadable(&self) -> u64 {
        self.replay.unreadable
    }
}

impl Made {
    fn take(&mut self, effect: Effect, number: Number, offset: Offset) {
        match effect {
            Effect::Trigger(fired) if shadow::is_shadow(fired.policy.as_str()) => {
                self.in_shadow.push(trigger::to_wire(&fired));
            }
            Effect::Trigger(fired) => self.triggers.push(trigger::to_wire(&fired)),
            Effect::Decision(made) => {
                self.outcomes.0 += usize::from(matches!(made.subject, Subject::Signal { .. }));
                self.decisions.push(decision::to_wire(&made, number, offset));
            }
            Effect::DeadLetter { reason, text } => self.dead.push(format!("{reason}: {text}")),
            Effect::Note(_) => {}
        }
    }
}
