//! One partition of the inbox: its state, and the handler of each record.

use std::collections::BTreeMap;

use super::step::Step;
use super::{account, erasure, fanout, forget, hold, import, policy, progress, response, signal};
use crate::debounce::model::account_state::AccountState;
use crate::debounce::model::body::{Body, Input};
use crate::debounce::model::clock::InboxClock;
use crate::debounce::model::effect::Effect;
use crate::debounce::model::input::AccountChange;
use crate::debounce::model::keys::MachineKey;
use crate::debounce::model::policy::Policy;
use crate::debounce::model::row::{StateKey, StateRow};
use crate::debounce::model::rows::Counts;
use crate::debounce::state::store::Store;
use crate::ids::{AccountId, Offset, PolicyName};

/// The detector's state of one inbox partition.
#[derive(Clone, Debug, Default)]
pub struct Partition {
    store: Store,
}

impl Partition {
    /// Takes the next record in. The effects of the records up to a commit belong into one transaction with
    /// [`Self::changes`]; then [`Self::commit`] or [`Self::rollback`].
    pub fn step(&mut self, input: &Input, out: &mut Vec<Effect>) {
        self.store.moves_to(input.offset.next());
        self.store.clock_mut().record(input.appended_at);
        let (offset, appended_at) = (input.offset, input.appended_at);
        let cx = &mut Step { store: &mut self.store, offset, appended_at, out };
        match &input.body {
            Body::Signal(signal) => signal::handle(cx, signal),
            Body::Account(AccountChange::Upsert(account)) => account::handle_upsert(cx, account),
            Body::Account(AccountChange::Gone(id)) => account::handle_gone(cx, id),
            Body::Account(AccountChange::Erased(id)) => erasure::handle(cx, id),
            Body::Response(response) => response::handle(cx, response),
            Body::SequenceEnded(account, at) => response::handle_no_reply(cx, account, *at),
            Body::Policy(record) => policy::handle(cx, record),
            Body::Hold(policy, held) => hold::handle(cx, policy.as_deref(), *held),
            Body::Carried(row) => import::handle_row(cx, row),
            Body::Moved(moved) => import::handle(cx, moved),
            Body::Rules(mark) => import::handle_rules(cx, *mark),
            // The state has it, or had it.
            Body::Kept(_) => {}
            Body::Progress(progress) => progress::handle(cx, progress),
            Body::Inputs(all) => progress::handle_inputs(cx, all),
            Body::Event(event) => fanout::handle(cx, event),
        }
        forget::handle(cx, matches!(input.body, Body::Progress(_)));
    }

    /// Everything before this offset was read, also what is no record, such as a transaction's marker.
    pub fn passed(&mut self, next: Offset) {
        self.store.moves_to(next);
    }

    /// Everything that the batch changed is in the log.
    pub fn commit(&mut self) {
        self.store.commit();
    }

    /// Nothing that the batch changed is in the log: back to the state of the last commit.
    pub fn rollback(&mut self) {
        self.store.rollback();
    }

    /// The rows that the batch changed, as they are now, the clock last; `None` for a row that is gone.
    pub fn changes(&self, visit: impl FnMut(StateKey, Option<StateRow>)) {
        self.store.changes(visit);
    }

    /// Every row there is, in the order of the keys: two partitions are equal when these are.
    pub fn rows(&self) -> BTreeMap<StateKey, StateRow> {
        self.store.rows()
    }

    /// Takes a row from the changelog; rows come in the log's order, the last of a key counts.
    pub fn load(&mut self, key: StateKey, row: Option<StateRow>) {
        self.store.load(key, row);
    }

    /// The offset that is read next: the authority on the position. `None` before the first record.
    pub const fn next_offset(&self) -> Option<Offset> {
        self.store.next_offset()
    }

    /// The clock.
    pub const fn clock(&self) -> &InboxClock {
        self.store.clock()
    }

    /// The counts since the partition began.
    pub const fn counts(&self) -> Counts {
        self.store.counts()
    }

    /// Open bursts.
    pub fn open_bursts(&self) -> usize {
        self.store.machines.indexes().deadlines.len()
    }

    /// True while a burst of the account is open under that policy.
    pub fn has_open_burst(&self, account: &AccountId, policy: &PolicyName) -> bool {
        let machine = self.store.machines.get(&MachineKey::of(account, policy));
        machine.is_some_and(|machine| machine.burst.is_some())
    }

    /// Accounts known.
    pub fn known_accounts(&self) -> usize {
        self.store.accounts.len()
    }

    /// The knowledge of an account.
    pub fn account_state(&self, id: &AccountId) -> Option<&AccountState> {
        self.store.accounts.get(id).map(|state| &**state)
    }

    /// The newest version of each policy.
    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.store.policies.indexes().newest.values().map(|policy| &**policy)
    }

    /// True when a policy is in force that makes triggers: one in shadow does not.
    pub fn has_live_policy(&self) -> bool {
        self.policies().any(|policy| !policy.is_shadow())
    }

    /// The number of decisions of a signal: one of each policy, one of nobody where none is live.
    pub fn decisions_a_signal(&self) -> usize {
        self.policies().count() + usize::from(!self.has_live_policy())
    }

    /// True when a progress record that moves nothing would still make signals: the calendar or an event has a backlog.
    pub fn is_behind(&self) -> bool {
        progress::is_behind(&self.store)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::{Account, Reason};
    use crate::debounce::model::input::Progress;
    use crate::debounce::state::calendar_index::SPARE;
    use crate::time::{Span, Time};

    #[test]
    fn who_has_moved_on_is_forgotten_where_no_policy_wants_a_calendar_too() {
        let mut partition = Partition::default();
        let mut step = |body| {
            let input = Input { offset: Offset::ZERO, appended_at: Time::from_millis(0), body };
            partition.step(&input, &mut Vec::new());
        };
        for nth in 0..4_000 {
            let churned = Time::from_millis(0) + Span::from_days(nth);
            let mut account = Account::new("a", "a", churned, Reason::ServiceSupport);
            account.version = nth.unsigned_abs();
            step(Body::Account(AccountChange::Upsert(Box::new(account))));
            step(Body::Progress(Progress { inputs: Vec::new(), known: Vec::new() }));
        }
        let named = partition.store.accounts.indexes().calendar.named();
        assert!(named <= 2 * SPARE + 10, "{named} names of one account");
    }
}
