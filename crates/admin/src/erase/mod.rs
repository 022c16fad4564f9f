//! Erasing an account: what is asked of the registrar and the detector, what is searched, what goes at once, and what is
//! left until when (docs/privacy.md).

mod place;
mod report;
mod search;
mod settle;
mod subject;
mod trash;

pub use place::Place;
pub use report::{Told, tell};
pub use search::{search, suppressions};
pub use settle::{Settled, is_through, request, settle};
pub use subject::Subject;
pub use trash::{clear, files};
