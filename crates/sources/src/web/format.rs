//! A format of page views: the function that decodes it, and its properties.

use serde::Deserialize;

use super::Web;
use crate::element::{Refusal, Verdict};
use crate::walk::{Placed, Raw, each};

/// A format of page views.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WebFormat {
    /// Gives the elements of a record.
    pub(crate) decode: fn(&Web, &str, &mut Placed<'_>) -> Result<(), Refusal>,
    /// The producer sends the id of a user, which may be the account's.
    pub(crate) has_users: bool,
    /// The record is one line of columns between tabs: a tab at its end is an empty column.
    pub(crate) has_columns: bool,
    /// A line may tell for whom a proxy forwarded it.
    pub(crate) has_forwarded: bool,
}

impl WebFormat {
    /// A format of JSON events.
    pub(super) const fn json(decode: fn(&Web, &str, &mut Placed<'_>) -> Result<(), Refusal>) -> Self {
        Self { decode, has_users: true, has_columns: false, has_forwarded: false }
    }
}

/// Judges each JSON event of a record, one or a list of them.
pub(super) fn each_event<'t, T: Deserialize<'t>>(
    text: &'t str,
    sink: &mut Placed<'_>,
    judge: impl Fn(T, Raw<'t>) -> Verdict<'t>,
) -> Result<(), Refusal> {
    each(text, sink, |event, index| judge(event, Raw { bytes: text.as_bytes(), index }))
}
