//! The one list of the state's tables.
//!
//! A line is: the letter of its keys in the changelog, the row's name, the table's field in the store, its key, its row,
//! and its indexes. From this list come `StateKey` and `StateRow` with the bytes of the keys, and the store with commit,
//! rollback, changes, rows and load. The clock's row is not in it: there is one, it is written last, and its key is the
//! letter `c`.

/// Calls a macro with the list.
macro_rules! tables {
    ($then:ident) => {
        $then! {
            /// An account.
            b'a' Account accounts: AccountId => Arc<AccountState>, AccountIndexes;
            /// The machine of an account under a policy.
            b'm' Machine machines: MachineKey => Arc<Machine>, MachineIndexes;
            /// A remembered signal id.
            b's' Seen seen: SeenKey => Seen, SeenIndexes;
            /// A version of a policy.
            b'p' Policy policies: VersionKey => Arc<PolicyRecord>, PolicyIndexes;
            /// A hold on a policy; empty for all.
            b'h' Hold holds: String => Hold, NoIndex;
            /// An event on its way to accounts, by its offset in the inbox.
            b'e' Event events: Offset => Arc<FanOut>, NoIndex;
        }
    };
}
pub(crate) use tables;

/// The types that the list names.
pub(crate) mod prelude {
    pub(crate) use std::sync::Arc;

    pub(crate) use crate::debounce::model::account_state::AccountState;
    pub(crate) use crate::debounce::model::keys::{MachineKey, VersionKey};
    pub(crate) use crate::debounce::model::machine::Machine;
    pub(crate) use crate::debounce::model::policy_record::PolicyRecord;
    pub(crate) use crate::debounce::model::rows::{FanOut, Hold, Seen, SeenKey};
    pub(crate) use crate::ids::{AccountId, Offset};
}
