//! One partition of the inbox: its clock, its accounts, its machines, and the batch that can be taken back.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::account_state::AccountState;
use super::clock::InboxClock;
use super::erase::Sweep;
use super::input::{Body, Input, PolicyText};
use super::machine::Machine;
use super::policy::Policy;
use super::policy_file::PolicyError;
use super::state::{Seen, SeenKey, StateKey, StateRow};
use super::table::Table;
use super::trigger::{Decision, Trigger};
use crate::ids::{AccountId, InputName, Offset, PolicyName};
use crate::time::Time;

/// The most rows that one step forgets, so that no step writes much.
const FORGET_A_STEP: usize = 64;

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
        /// From a closed list: `future`, `policy`, `late_row`.
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
}

/// Bursts since the partition began: opened = ended + open (R14).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bursts that opened.
    pub opened: u64,
    /// Bursts that ended.
    pub ended: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Forget {
    Seen(SeenKey),
    Quiet(MachineKey),
    Erased(AccountId),
}

#[derive(Clone, Debug)]
pub(super) struct Versioned {
    pub(super) text: PolicyText,
    pub(super) policy: Arc<Policy>,
}

#[derive(Clone, Debug, Default)]
struct Head {
    clock: InboxClock,
    next: Option<Offset>,
    counts: Counts,
}

/// The state of one inbox partition.
#[derive(Clone, Debug, Default)]
pub struct Partition {
    head: Head,
    committed: Option<Head>,
    pub(super) accounts: Table<AccountId, AccountState>,
    pub(super) machines: Table<MachineKey, Machine>,
    pub(super) seen: Table<SeenKey, Seen>,
    pub(super) versions: Table<(PolicyName, u32), Versioned>,
    pub(super) holds: Table<String, ()>,
    pub(super) newest: Arc<BTreeMap<PolicyName, Arc<Policy>>>,
    pub(super) uses: HashMap<(PolicyName, u32), usize>,
    deadlines: BTreeSet<(Time, AccountId, PolicyName)>,
    pub(super) forget: BTreeSet<(Time, Forget)>,
    pub(super) sweep: Sweep,
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
            Body::Response(response) => self.response(response, out),
            Body::SequenceEnded(account, at) => self.edit(account, |state| state.resting_since = Some(*at)),
            Body::Policy(text) => self.policy(text, out),
            Body::Carried(row) => self.carried(input.offset, row, out),
            Body::Moved(moved) => self.moved(moved),
            Body::Hold(policy, held) => {
                self.holds.put(policy.clone().unwrap_or_default(), held.then_some(()));
            }
            Body::Progress(progress) => {
                let moved = self.head.clock.progress(progress, input.appended_at);
                note(moved, out);
                self.end_due(out);
            }
        }
        self.forget_some();
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
        self.sweep.commit();
    }

    /// Nothing that the batch changed is in the log: back to what the last commit left.
    pub fn rollback(&mut self) {
        if let Some(head) = self.committed.take() {
            self.head = head;
        }
        for (id, new, old) in self.accounts.rollback() {
            self.index_erased(&id, new.as_ref(), old.as_ref());
        }
        self.sweep.rollback();
        self.holds.rollback();
        for (key, new, old) in self.machines.rollback() {
            self.reindex(&key, new.as_ref(), old.as_ref());
        }
        for (key, new, old) in self.seen.rollback() {
            self.index_seen(&key, new, old);
        }
        if !self.versions.rollback().is_empty() {
            self.find_newest();
        }
    }

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
        let head = self.head_row().map(|row| (StateKey::Clock, row));
        accounts.chain(machines).chain(seen).chain(versions).chain(holds).chain(head).collect()
    }

    fn head_row(&self) -> Option<StateRow> {
        let next = self.head.next?;
        Some(StateRow::Clock(self.head.clock.clone(), next, self.head.counts))
    }

    /// Takes a row from the changelog; rows come in the log's order, the last of a key counts.
    ///
    /// # Errors
    /// When a policy that was applied once cannot be read any more.
    pub fn load(&mut self, key: StateKey, row: Option<StateRow>) -> Result<(), PolicyError> {
        match (key, row) {
            (StateKey::Clock, Some(StateRow::Clock(clock, next, counts))) => {
                self.head = Head { clock, next: Some(next), counts };
            }
            (StateKey::Account(id), Some(StateRow::Account(state))) => {
                self.load_account(&id, Some(state));
            }
            (StateKey::Account(id), _) => self.load_account(&id, None),
            (StateKey::Machine(account, policy), row) => {
                let new = if let Some(StateRow::Machine(machine)) = row { Some(machine) } else { None };
                let key = (account, policy);
                let old = self.machines.load(key.clone(), new.clone());
                self.reindex(&key, old.as_ref(), new.as_ref());
            }
            (StateKey::Seen(key), row) => {
                let new = if let Some(StateRow::Seen(seen)) = row { Some(seen) } else { None };
                let old = self.seen.load(key.clone(), new);
                self.index_seen(&key, old, new);
            }
            (StateKey::Policy(name, version), Some(StateRow::Policy(text))) => {
                let policy = Arc::new(Policy::parse(&text.toml, text.version)?);
                self.versions.load((name, version), Some(Versioned { text, policy }));
                self.find_newest();
            }
            (StateKey::Policy(name, version), _) => {
                self.versions.load((name, version), None);
                self.find_newest();
            }
            (StateKey::Hold(policy), row) => drop(self.holds.load(policy, row.map(|_| ()))),
            (StateKey::Clock, _) => {}
        }
        Ok(())
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

    /// Accounts known.
    pub fn known_accounts(&self) -> usize {
        self.accounts.len()
    }

    /// What is known of an account.
    pub fn account_state(&self, id: &AccountId) -> Option<&AccountState> {
        self.accounts.get(id)
    }

    /// The newest version of each policy.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.newest.values().map(|policy| &**policy)
    }

    pub(super) const fn clock_mut(&mut self) -> &mut InboxClock {
        &mut self.head.clock
    }

    pub(super) const fn counts_mut(&mut self) -> &mut Counts {
        &mut self.head.counts
    }

    /// The burst with the earliest deadline, by deadline, account, policy.
    pub(super) fn next_due(&self) -> Option<(Time, MachineKey)> {
        let (deadline, account, policy) = self.deadlines.first()?;
        Some((*deadline, (account.clone(), policy.clone())))
    }

    /// Sets a machine; one that has nothing left to remember is removed.
    pub(super) fn put_machine(&mut self, key: MachineKey, machine: Machine) {
        let machine = (!machine.is_over(self.head.clock.now())).then_some(machine);
        let old = self.machines.get(&key).cloned();
        self.reindex(&key, old.as_ref(), machine.as_ref());
        self.machines.put(key, machine);
    }

    /// Remembers a signal id.
    pub(super) fn put_seen(&mut self, key: SeenKey, seen: Option<Seen>) {
        let old = self.seen.get(&key).copied();
        self.index_seen(&key, old, seen);
        self.seen.put(key, seen);
    }

    pub(super) fn edit(&mut self, account: &AccountId, change: impl FnOnce(&mut AccountState)) {
        if let Some(state) = self.accounts.get(account).filter(|state| !state.erased) {
            let mut state = state.clone();
            change(&mut state);
            self.accounts.put(account.clone(), Some(state));
        }
    }

    fn reindex(&mut self, key: &MachineKey, old: Option<&Machine>, new: Option<&Machine>) {
        let entry = |deadline: Time| (deadline, key.0.clone(), key.1.clone());
        if let Some(burst) = old.and_then(|machine| machine.burst.as_ref()) {
            self.deadlines.remove(&entry(burst.deadline));
            if let Some(uses) = self.uses.get_mut(&(key.1.clone(), burst.policy_version)) {
                *uses = uses.saturating_sub(1);
            }
        }
        if let Some(burst) = new.and_then(|machine| machine.burst.as_ref()) {
            self.deadlines.insert(entry(burst.deadline));
            *self.uses.entry((key.1.clone(), burst.policy_version)).or_default() += 1;
        }
        if let Some(quiet) = old.and_then(|machine| machine.quiet) {
            self.forget.remove(&(quiet.until, Forget::Quiet(key.clone())));
        }
        if let Some(quiet) = new.and_then(|machine| machine.quiet) {
            self.forget.insert((quiet.until, Forget::Quiet(key.clone())));
        }
    }

    fn index_seen(&mut self, key: &SeenKey, old: Option<Seen>, new: Option<Seen>) {
        if let Some(seen) = old {
            self.forget.remove(&(seen.until, Forget::Seen(key.clone())));
        }
        if let Some(seen) = new {
            self.forget.insert((seen.until, Forget::Seen(key.clone())));
        }
    }

    fn forget_some(&mut self) {
        let now = self.head.clock.now();
        let Some(left) = self.sweep_some(FORGET_A_STEP) else { return };
        for _ in 0..left {
            let Some((until, forget)) = self.forget.first().cloned() else { return };
            if until >= now {
                return;
            }
            match &forget {
                Forget::Seen(key) => self.put_seen(key.clone(), None),
                Forget::Quiet(key) => self.forget_quiet(key),
                Forget::Erased(id) => self.accounts.put(id.clone(), None),
            }
            self.forget.remove(&(until, forget));
        }
    }

    /// The quiet is over; what was carried stays for the next burst.
    fn forget_quiet(&mut self, key: &MachineKey) {
        if let Some(machine) = self.machines.get(key).cloned() {
            self.put_machine(key.clone(), Machine { quiet: None, ..machine });
        }
    }
}

pub(super) fn note(moved: Vec<(InputName, bool)>, out: &mut Vec<Effect>) {
    let told =
        |(input, counts)| Effect::Note(if counts { Note::Counts(input) } else { Note::LeftOut(input) });
    out.extend(moved.into_iter().map(told));
}
