//! The churned-account index: whose signal is this?
//!
//! [`Index`] is the data structure, [`SharedIndex`] what the lanes of a process share. A key that is refused (free
//! mail, private networks) is never stored, so a lookup cannot hit it.

mod contacts;
mod entry;
mod ladder;
mod ranges;
mod record;
mod shared;
mod store;
mod table;

pub use entry::{Change, Entry, Lookup, Match, MatchedKey};
pub use shared::{Applied, IndexChange, Pinned, PinnedForBatch, SharedIndex};
pub use store::Index;

use crate::closed_enum;

closed_enum! {
    /// The rung of the ladder that found the account (DESIGN section 5), first hit wins.
    Method {
        /// The event names the account id.
        AccountId = "account_id",
        /// A known contact's mail address or its hash.
        Contact = "contact",
        /// A registrable domain of mail address, URL or company site.
        Domain = "domain",
        /// An address range, the longest prefix.
        Range = "range",
        /// The normalised name or an alias; never alone for an immediate trigger.
        Name = "name",
    }
}
