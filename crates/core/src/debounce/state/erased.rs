//! The accounts that were erased, and the ids that are remembered of them.

use std::collections::BTreeSet;

use super::expiry::Expiry;
use super::table::Rows;
use crate::debounce::model::account_state::AccountState;
use crate::debounce::model::rows::{Seen, SeenKey};
use crate::ids::AccountId;
use crate::time::{Span, Time};

/// The time for which the detector knows that an account was erased: no record takes longer from the registrar or a matcher
/// to it. With the week of a tombstone and a week until Kafka compacts it, all is over within a month.
pub const ERASED_KEPT: Span = Span::from_days(14);

/// The accounts that were erased.
#[derive(Clone, Debug, Default)]
pub(crate) struct Erased {
    /// By the time at which the row goes that says "erased".
    pub(crate) expiry: Expiry<AccountId>,
    /// Their remembered signal ids that are still to go; `None` when they are to be found anew.
    left: Option<BTreeSet<SeenKey>>,
    /// The number of erased accounts.
    count: usize,
}

impl Erased {
    pub(super) fn change(&mut self, id: &AccountId, old: Option<&AccountState>, new: Option<&AccountState>) {
        let (was, is) = (old.and_then(goes_at), new.and_then(goes_at));
        self.expiry.change(id, was, is);
        match (is_erased(old), is_erased(new)) {
            (false, true) => {
                self.left = None;
                self.count += 1;
            }
            (true, false) => self.count = self.count.saturating_sub(1),
            (true, true) | (false, false) => {}
        }
    }

    /// The ids that are remembered changed in another way than by a step.
    pub(crate) fn find_anew(&mut self) {
        self.left = None;
    }

    /// The ids that are still to go: found once for all erasures since the last time, since that takes a look at all ids.
    pub(crate) fn ids(
        &mut self,
        seen: &Rows<SeenKey, Seen>,
        is_erased: impl Fn(&AccountId) -> bool,
    ) -> &mut BTreeSet<SeenKey> {
        let nobody = self.count == 0;
        self.left.get_or_insert_with(|| {
            if nobody {
                return BTreeSet::new();
            }
            seen.keys().filter(|key| is_erased(&key.account)).cloned().collect()
        })
    }
}

fn is_erased(state: Option<&AccountState>) -> bool {
    state.is_some_and(|state| state.erased)
}

fn goes_at(state: &AccountState) -> Option<Time> {
    state.erased_at.filter(|_| state.erased).map(|at| at + ERASED_KEPT)
}
