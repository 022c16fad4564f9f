//! Erasing an account: what is asked of the registrar and the detector, what is searched, what goes at once, and what is
//! left until when (docs/privacy.md).

pub(crate) mod key;
mod place;
mod report;
mod search;
mod settle;
mod subject;
mod trash;

pub(crate) use place::Place;
pub(crate) use report::{Told, tell};
pub(crate) use search::{search, suppressions};
pub(crate) use settle::{Settled, is_through, request, settle};
pub(crate) use subject::Subject;
pub(crate) use trash::{clear, files};
