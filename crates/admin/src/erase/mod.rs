//! Erasing an account: what is asked of the registrar and the detector, what is searched, what goes at once, and what is
//! left until when (docs/privacy.md).

mod location;
mod matcher;
mod purge;
mod report;
mod request;
mod search;

pub use location::Location;
pub use matcher::Subject;
pub use purge::{clear, files};
pub use report::{EraseReport, print};
pub use request::{Settled, is_through, request, settle};
pub use search::{search, suppressions};
