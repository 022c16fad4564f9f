//! What a partition keeps, the indices over it, and what it forgets in time.

use std::sync::Arc;

use super::account_state::AccountState;
use super::bound;
use super::erase::index_erased;
use super::machine::Machine;
use super::partition::{Forget, MachineKey, Partition};
use super::state::{Seen, SeenKey};
use crate::account::Account;
use crate::ids::AccountId;
use crate::time::Time;

/// The most rows that one step forgets, so that no step writes much.
const FORGET_A_STEP: usize = 64;

impl Partition {
    /// The burst with the earliest deadline, by deadline, account, policy.
    pub(super) fn next_due(&self) -> Option<(Time, MachineKey)> {
        let (deadline, account, policy) = self.deadlines.first()?;
        Some((*deadline, (account.clone(), policy.clone())))
    }

    /// A machine to change; what readers share is not touched.
    pub(super) fn machine(&self, key: &MachineKey) -> Option<Machine> {
        self.machines.get(key).map(|machine| Machine::clone(machine))
    }

    /// Sets a machine; one that has nothing left to remember is removed.
    pub(super) fn put_machine(&mut self, key: MachineKey, machine: Machine) {
        let machine = (!machine.is_over(self.head.clock.now())).then(|| Arc::new(machine));
        let old = self.machines.get(&key).cloned();
        self.reindex(&key, old.as_deref(), machine.as_deref());
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
            let mut state = AccountState::clone(state);
            change(&mut state);
            self.put_account(account.clone(), Some(state.into()));
        }
    }

    /// Sets an account, or forgets it, and who is to hear of what.
    pub(super) fn put_account(&mut self, id: AccountId, state: Option<Arc<AccountState>>) {
        let state = state.map(bound::bounded);
        let old = self.accounts.get(&id).cloned();
        self.index_account(&id, old.as_deref(), state.as_deref());
        if let Some(targets) = &mut self.targets {
            match &state {
                Some(state) => targets.change(&id, state),
                None => targets.remove(&id),
            }
        }
        self.accounts.put(id, state);
    }

    pub(super) fn index_account(
        &mut self,
        id: &AccountId,
        old: Option<&AccountState>,
        new: Option<&AccountState>,
    ) {
        self.agenda.change(id, listed(old), listed(new));
        index_erased(&mut self.forget, id, old, new);
        self.traces.account(id, old, new);
    }

    pub(super) fn reindex(&mut self, key: &MachineKey, old: Option<&Machine>, new: Option<&Machine>) {
        self.traces.machine(key, new);
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
        if let Some(score) = old.and_then(|machine| machine.score) {
            self.forget.remove(&(score.until, Forget::Score(key.clone())));
        }
        if let Some(score) = new.and_then(|machine| machine.score) {
            self.forget.insert((score.until, Forget::Score(key.clone())));
        }
    }

    pub(super) fn index_seen(&mut self, key: &SeenKey, old: Option<Seen>, new: Option<Seen>) {
        if let Some(seen) = old {
            self.forget.remove(&(seen.until, Forget::Seen(key.clone())));
        }
        if let Some(seen) = new {
            self.forget.insert((seen.until, Forget::Seen(key.clone())));
        }
    }

    /// Forgets what is over. What was left of erased accounts and ended shadows goes at reports of the readers only
    /// (`reports`), since it takes a look at all rows to find the first; and so does the row that says "erased".
    pub(super) fn forget_some(&mut self, reports: bool) {
        let mut left = FORGET_A_STEP;
        if reports {
            self.forget_ended(FORGET_A_STEP);
            let Some(rest) = self.sweep_some(FORGET_A_STEP) else { return };
            left = rest;
        }
        let now = self.head.clock.now();
        for _ in 0..left {
            let Some((until, forget)) = self.forget.first().cloned() else { return };
            if until >= now || (matches!(forget, Forget::Erased(_)) && !reports) {
                return;
            }
            match &forget {
                Forget::Seen(key) => self.put_seen(key.clone(), None),
                Forget::Quiet(key) => self.forget_quiet(key),
                Forget::Score(key) => self.forget_score(key),
                Forget::Erased(id) => self.put_account(id.clone(), None),
            }
            self.forget.remove(&(until, forget));
        }
    }

    /// Less than a point is left.
    fn forget_score(&mut self, key: &MachineKey) {
        if let Some(machine) = self.machine(key) {
            self.put_machine(key.clone(), Machine { score: None, ..machine });
        }
    }

    /// The quiet is over; what was carried stays for the next burst.
    fn forget_quiet(&mut self, key: &MachineKey) {
        if let Some(machine) = self.machine(key) {
            self.put_machine(key.clone(), Machine { quiet: None, ..machine });
        }
    }
}

fn listed(state: Option<&AccountState>) -> Option<&Account> {
    state.and_then(|state| state.account.as_ref())
}
