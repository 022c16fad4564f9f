//! The handlers: a file a record kind. A handler gets a `Step`: the store that it may change, and the effects
//! that it asks for.

pub(crate) mod account;
pub(crate) mod arrival;
pub(crate) mod burst;
pub(crate) mod calendar;
pub(crate) mod decide;
pub(crate) mod erasure;
pub(crate) mod fanout;
pub(crate) mod forget;
pub(crate) mod hold;
pub(crate) mod import;
pub(crate) mod partition;
pub(crate) mod policy;
pub(crate) mod progress;
pub(crate) mod response;
pub(crate) mod signal;
pub(crate) mod step;
pub(crate) mod synthetic;
pub(crate) mod unsaid;
pub(crate) mod versions;
