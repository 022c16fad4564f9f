//! The accounts that are still to hear of the event that is told now.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::table::Rows;
use crate::debounce::model::account_state::AccountState;
use crate::debounce::model::rows::FanOut;
use crate::debounce::policy::audience::Audience;
use crate::ids::{AccountId, Offset};

/// The rest of an event's accounts, in order. Memory: a function of the event's row and the accounts.
#[derive(Clone, Debug)]
pub(crate) struct Targets {
    /// The event.
    pub(crate) offset: Offset,
    /// The event's audience.
    pub(crate) audience: Audience,
    after: Option<AccountId>,
    rest: BTreeSet<AccountId>,
}

impl Targets {
    /// The accounts that the event is about and that have not heard of it.
    pub(crate) fn of(
        offset: Offset,
        fan_out: &FanOut,
        accounts: &Rows<AccountId, Arc<AccountState>>,
    ) -> Self {
        let (audience, after) = (Audience::new(&fan_out.event), fan_out.after.clone());
        let mut targets = Self { offset, audience, after, rest: BTreeSet::new() };
        accounts.iter().for_each(|(id, state)| targets.change(id, Some(state)));
        targets
    }

    /// An account is so now, or is no more. An account hears of what is told after it came.
    pub(super) fn change(&mut self, id: &AccountId, state: Option<&AccountState>) {
        let waits = self.after.as_ref().is_none_or(|after| id > after);
        let account = state.and_then(|state| state.account.as_ref());
        if waits && account.is_some_and(|account| self.audience.concerns(account)) {
            self.rest.insert(id.clone());
        } else {
            self.rest.remove(id);
        }
    }

    /// The next account.
    pub(crate) fn next(&mut self) -> Option<AccountId> {
        let next = self.rest.pop_first()?;
        self.after = Some(next.clone());
        Some(next)
    }

    /// True when all have heard of it.
    pub(crate) fn is_over(&self) -> bool {
        self.rest.is_empty()
    }
}
