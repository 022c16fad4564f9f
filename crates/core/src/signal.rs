//! The event of an account, before and after the join.

use std::borrow::Cow;
use std::net::IpAddr;

pub use self::kind::{KindRow, KindTrait, SignalKind};
use crate::identity::Mail;
use crate::time::{Span, Time};

mod kind;

/// The longest id a signal keeps, in bytes; sources hash longer ones, so that a record stays small.
pub const MAX_ID_BYTES: usize = 64;
/// The longest detail a signal keeps, in bytes, cut at a character.
pub const MAX_DETAIL_BYTES: usize = 120;
/// A signal dated further ahead of its arrival than this is a dead letter (`future`, rule R3).
pub const MAX_AHEAD: Span = Span::from_days(1);

/// One event as a source understood it, borrowed from the record where it can be: the matcher drops 97 of 100.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// Unique within the source, at most [`MAX_ID_BYTES`]; derived from the content where the producer has none.
    pub id: Cow<'a, str>,
    /// The kind of signal.
    pub kind: SignalKind,
    /// The finer class that a policy may weigh, such as a page class (`pricing`).
    pub class: Option<Cow<'a, str>>,
    /// The event time, as the producer says it (`te`).
    pub at: Time,
    /// The possible owner.
    pub who: Identity<'a>,
    /// A few words for a person, as the record has them. Whoever forwards them masks and shortens them
    /// ([`crate::privacy::words`], [`MAX_DETAIL_BYTES`]), so that what matches nobody costs nothing.
    pub detail: Cow<'a, str>,
}

/// All that an event says about whose it is, raw: the index normalises. Several may be set; the ladder decides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity<'a> {
    /// The account's own id.
    pub account_id: Option<Cow<'a, str>>,
    /// A mail address.
    pub email: Option<Cow<'a, str>>,
    /// SHA-256 of the normalised mail address.
    pub email_sha256: Option<[u8; 32]>,
    /// A domain, host name or URL of the company.
    pub domain: Option<Cow<'a, str>>,
    /// The address that the visit came from.
    pub address: Option<IpAddr>,
    /// The company's name.
    pub name: Option<Cow<'a, str>>,
}

impl Identity<'_> {
    /// True if there is nothing to match on.
    pub fn is_empty(&self) -> bool {
        *self == Identity::default()
    }

    /// The hashes that its mail address may be known by: as it was given, normalised, and as it was written.
    pub fn contact_hashes(&self) -> [Option<[u8; 32]>; 3] {
        let mail = self.email.as_deref().and_then(Mail::parse);
        [self.email_sha256, mail.as_ref().map(Mail::sha256), mail.as_ref().and_then(Mail::plain_sha256)]
    }
}

/// True if a signal dated `at` that arrived at `arrived` claims to come from the future (R3).
pub fn is_from_the_future(at: Time, arrived: Time) -> bool {
    at > arrived + MAX_AHEAD
}

/// The longest prefix of at most `bytes` bytes that ends at a character.
pub fn truncated(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let end = (0..=bytes).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
    &text[..end]
}
