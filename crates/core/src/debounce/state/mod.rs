//! The state of a partition: a typed store of indexed tables.

pub(crate) mod calendar_index;
pub(crate) mod erased;
pub(crate) mod expiry;
pub(crate) mod indexes;
pub(crate) mod leftovers;
pub(crate) mod store;
pub(crate) mod table;
pub(crate) mod targets;
