//! Moving a deployment to another log, so that nobody is triggered again (docs/adr/0006).
//!
//! What moves is the list of accounts, who was erased, the policies, the dead letters, and the detector's state: its rows
//! become the first records of the new inbox, so that what is decided there is a function of that inbox alone. Partitions
//! may differ in number, since each row goes where its account's key hashes to. The clock begins anew.

mod alone;
mod copy;
mod drained;
mod gate;
mod rows;
mod target;

pub use alone::Alone;
pub use copy::copy;
pub use drained::unread;
pub use gate::check;
pub use rows::{Counts, carry, count};
pub use target::{Target, look, mark};
