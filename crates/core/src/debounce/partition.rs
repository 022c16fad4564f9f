//! One partition of the inbox: its clock, its accounts, its machines, and the batch that can be taken back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::account_state::AccountState;
use super::agenda::Agenda;
use super::clock::InboxClock;
use super::erase::Sweep;
use super::fanout::FanOut;
use super::input::{Body, Input, PolicyText};
use super::machine::Machine;
use super::policy::Policy;
use super::state::{Seen, SeenKey};
use super::table::Table;
use super::targets::Targets;
use super::traces::Traces;
use super::trigger::{Decision, Trigger};
use crate::ids::{AccountId, InputName, Offset, PolicyName};
use crate::time::Time;

pub(super) type MachineKey = (AccountId, PolicyName);

/// What a step asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Emit a trigger.
    Trigger(Box<Trigger>),
    /// Write a decision down.
    Decision(Box<Decision>),
    /// This record cannot be processed: why, and what mends it.
    Dead {
        /// From a closed list: `future`, `policy`, `late_row`, `too_large`.
        reason: &'static str,
        /// For a person.
        text: String,
    },
    /// Tell the operator.
    Note(Note),
}

/// What an operator must hear of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// The clock no longer waits for this input (R2).
    LeftOut(InputName),
    /// The clock waits for it (again).
    Counts(InputName),
    /// Starting triggers of a policy (of all: `None`) are held from here on, or let go.
    Held(Option<PolicyName>, bool),
    /// An event came too late to be told: its source and id.
    TooOld(String, String),
}

/// Counts since the partition began: bursts opened = ended + open (R14).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bursts that opened.
    pub opened: u64,
    /// Bursts that ended.
    pub ended: u64,
    /// Signals that were made here, by the calendar and of events.
    pub made: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Forget {
    Seen(SeenKey),
    Quiet(MachineKey),
    Score(MachineKey),
    Erased(AccountId),
}

#[derive(Clone, Debug)]
pub(super) struct Versioned {
    pub(super) text: PolicyText,
    pub(super) policy: Arc<Policy>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    pub(super) clock: InboxClock,
    pub(super) next: Option<Offset>,
    pub(super) counts: Counts,
}

/// The state of one inbox partition.
#[derive(Clone, Debug, Default)]
pub struct Partition {
    pub(super) head: Head,
    pub(super) committed: Option<Head>,
    pub(super) accounts: Table<AccountId, Arc<AccountState>>,
    pub(super) machines: Table<MachineKey, Arc<Machine>>,
    pub(super) seen: Table<SeenKey, Seen>,
    pub(super) versions: Table<(PolicyName, u32), Versioned>,
    pub(super) holds: Table<String, ()>,
    pub(super) newest: Arc<BTreeMap<PolicyName, Arc<Policy>>>,
    pub(super) uses: HashMap<(PolicyName, u32), usize>,
    pub(super) events: Table<Offset, FanOut>,
    pub(super) agenda: Agenda,
    pub(super) targets: Option<Targets>,
    pub(super) deadlines: BTreeSet<(Time, AccountId, PolicyName)>,
    pub(super) forget: BTreeSet<(Time, Forget)>,
    pub(super) sweep: Sweep,
    pub(super) traces: Traces,
}

impl Partition {
    /// Takes the next record in. The effects of the records up to a commit belong into one transaction with
    /// [`Self::changes`]; then [`Self::commit`] or [`Self::rollback`].
    pub fn step(&mut self, input: &Input, out: &mut Vec<Effect>) {
        if self.committed.is_none() {
            self.committed = Some(self.head.clone());
        }
        self.head.next = Some(input.offset.next());
        self.head.clock.record(input.appended_at);
        match &input.body {
            Body::Signal(signal) => self.signal(input.offset, signal, out),
            Body::Account(change) => self.account(change, out),
            Body::Response(response) => self.response(input.offset, response, out),
            Body::SequenceEnded(account, at) => {
                self.edit(account, |state| state.resting_since = state.resting_since.max(Some(*at)));
            }
            Body::Policy(text) => self.policy(text, out),
            Body::Hold(policy, held) => self.hold(policy.as_deref(), *held, out),
            Body::Carried(row) => self.carried(input.offset, row, out),
            Body::Moved(moved) => self.moved(moved),
            Body::Progress(progress) => self.progress(input.offset, progress, input.appended_at, out),
            Body::Event(event) => self.event(input.offset, event, out),
        }
        self.forget_some(matches!(input.body, Body::Progress(_)));
    }

    /// Everything before this offset was read, also what is no record, such as a transaction's marker.
    pub fn passed(&mut self, next: Offset) {
        if self.committed.is_none() {
            self.committed = Some(self.head.clone());
        }
        self.head.next = Some(next);
    }

    /// Everything that the batch changed is in the log.
    pub fn commit(&mut self) {
        self.committed = None;
        self.accounts.commit();
        self.machines.commit();
        self.seen.commit();
        self.versions.commit();
        self.holds.commit();
        self.events.commit();
        self.sweep.commit();
    }

    /// Nothing that the batch changed is in the log: back to what the last commit left.
    pub fn rollback(&mut self) {
        if let Some(head) = self.committed.take() {
            self.head = head;
        }
        for (id, new, old) in self.accounts.rollback() {
            self.index_account(&id, new.as_deref(), old.as_deref());
        }
        self.sweep.rollback();
        self.holds.rollback();
        self.events.rollback();
        self.targets = None;
        for (key, new, old) in self.machines.rollback() {
            self.reindex(&key, new.as_deref(), old.as_deref());
        }
        for (key, new, old) in self.seen.rollback() {
            self.index_seen(&key, new, old);
        }
        if !self.versions.rollback().is_empty() {
            self.find_newest();
        }
    }

    /// The offset that is read next: the authority on the position. `None` before the first record.
    pub const fn next_offset(&self) -> Option<Offset> {
        self.head.next
    }

    /// The clock.
    pub const fn clock(&self) -> &InboxClock {
        &self.head.clock
    }

    /// Bursts opened and ended.
    pub const fn counts(&self) -> Counts {
        self.head.counts
    }

    /// Open bursts.
    pub fn open_bursts(&self) -> usize {
        self.deadlines.len()
    }

    /// Whether a burst of the account is open under that policy.
    pub fn has_open_burst(&self, account: &AccountId, policy: &PolicyName) -> bool {
        let machine = self.machines.get(&(account.clone(), policy.clone()));
        machine.is_some_and(|machine| machine.burst.is_some())
    }

    /// Accounts known.
    pub fn known_accounts(&self) -> usize {
        self.accounts.len()
    }

    /// What is known of an account.
    pub fn account_state(&self, id: &AccountId) -> Option<&AccountState> {
        self.accounts.get(id).map(|state| &**state)
    }

    /// The newest version of each policy.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.newest.values().map(|policy| &**policy)
    }

    /// Whether a policy is in force that makes triggers: one in shadow does not.
    pub fn has_live_policy(&self) -> bool {
        self.newest.values().any(|policy| !policy.is_shadow())
    }

    /// How many decisions a signal has: one of each policy, one of nobody where none is live.
    pub fn decisions_a_signal(&self) -> usize {
        self.newest.len() + usize::from(!self.has_live_policy())
    }

    pub(super) const fn clock_mut(&mut self) -> &mut InboxClock {
        &mut self.head.clock
    }

    pub(super) const fn counts_mut(&mut self) -> &mut Counts {
        &mut self.head.counts
    }
}

pub(super) fn note(moved: Vec<(InputName, bool)>, out: &mut Vec<Effect>) {
    let told =
        |(input, counts)| Effect::Note(if counts { Note::Counts(input) } else { Note::LeftOut(input) });
    out.extend(moved.into_iter().map(told));
}
