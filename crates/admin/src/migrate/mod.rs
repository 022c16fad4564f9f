//! Moving a deployment to another log, so that nobody is triggered again (docs/adr/0006).
//!
//! What moves is the list of accounts, who was erased, the policies, the dead letters, and the detector's state: its rows
//! become the first records of the new inbox, so that what is decided there is a function of that inbox alone. Partitions
//! may differ in number, since each row goes where its account's key hashes to. The clock begins anew.

mod copy;
mod exclusive;
mod lag;
mod preflight;
mod rows;
mod target;

pub use copy::copy;
pub use exclusive::Exclusive;
pub use lag::unread;
pub use preflight::check;
pub use rows::{Counts, carry, count};
pub use target::{Target, look, mark};
