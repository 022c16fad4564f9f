//! The results of an event: closed lists, so that counts add up.

use std::borrow::Cow;

use winback_core::closed_enum;
use winback_core::debounce::ResponseKind;
use winback_core::signal::{Candidate, Identity, SignalKind};
use winback_core::time::Time;

closed_enum! {
    /// The reason why an understood event is no sign of interest.
    DropReason {
        /// A page was read, or a link followed, by a program that says so in its user agent.
        Bot = "bot",
        /// A mail was opened by a machine: a privacy proxy, an image cache, a scanner.
        MachineOpen = "machine_open",
        /// A link in a mail was followed by what checks links: it says so, comes from a scanner's network, within two
        /// seconds of the delivery, or follows several links of a mail within a second.
        ScannerClick = "scanner_click",
        /// A mail was answered by a machine: out of office, a list, a bounce.
        AutoReply = "auto_reply",
        /// Something else happened: delivered, bounced, identified.
        NotInterest = "not_interest",
        /// A picture, script, style sheet, font, feed or download, not a page.
        Asset = "asset",
        /// Not the view of a page: no path, or a method other than GET.
        NotAPage = "not_a_page",
        /// The server sent the visitor elsewhere; the page that they saw is an event of its own.
        Redirect = "redirect",
        /// The server answered with an error.
        ErrorStatus = "error_status",
        /// A job post was closed, filled or removed.
        ClosedPost = "closed_post",
        /// A job post that was open before came back: posts flap.
        Flap = "flap",
        /// A known thing was edited.
        Edited = "edited",
        /// A mail with several recipients of different companies, and the provider does not say whose event it is.
        AmbiguousRecipient = "ambiguous_recipient",
        /// Nothing in it: no bytes, or an empty list.
        Empty = "empty",
        /// A row that was deleted in the database whose changes are read.
        Deleted = "deleted",
        /// A row that was there when somebody began to read the database's changes: nothing changed.
        Snapshot = "snapshot",
    }
}

closed_enum! {
    /// The reason why a record, or an event in it, could not be understood. It is kept whole, for a person.
    DeadReason {
        /// Larger than the source's `max_bytes`.
        TooLarge = "too_large",
        /// Nested deeper than [`crate::MAX_DEPTH`].
        TooDeep = "too_deep",
        /// Not UTF-8, and the source states no `encoding`.
        BadEncoding = "bad_encoding",
        /// Not JSON.
        MalformedJson = "malformed_json",
        /// Not a line of the log's format.
        MalformedLine = "malformed_line",
        /// A field that must be there is not, or has nothing in it.
        MissingField = "missing_field",
        /// A time that is none, is in no stated format, or lies before 1990.
        BadTime = "bad_time",
        /// An event type, or a value of the deciding field, that the source does not know.
        UnknownEvent = "unknown_event",
        /// A filter that fails on it, or gives what is no signal.
        Mapping = "mapping",
        /// Not in the envelope that the source states.
        Envelope = "envelope",
        /// Its schema is unknown to the registry, or the bytes are not of it.
        Schema = "schema",
    }
}

/// The result of one event of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Element<'a> {
    /// A signal, to be matched.
    Signal(Candidate<'a>),
    /// An answer of somebody, to be matched.
    Answer(Answer<'a>),
    /// About many accounts: to be told to each that it concerns.
    Broadcast(Box<Broadcast>),
    /// No interest in it.
    Dropped(DropReason),
    /// Not understood.
    Dead(Dead),
}

closed_enum! {
    /// The reaction to our messages.
    AnswerKind {
        /// Wrote back.
        Replied = "replied",
        /// Said no.
        Declined = "declined",
        /// A contact must not be written to any more.
        OptedOut = "opted_out",
        /// Came back.
        Reactivated = "reactivated",
        /// A sequence of touches ended, and nobody answered.
        SequenceEnded = "sequence_ended",
    }
}

impl AnswerKind {
    /// The account's response; `None` for silence, which is none.
    pub const fn response(self) -> Option<ResponseKind> {
        match self {
            Self::Replied => Some(ResponseKind::Replied),
            Self::Declined => Some(ResponseKind::Declined),
            Self::OptedOut => Some(ResponseKind::OptedOut),
            Self::Reactivated => Some(ResponseKind::Reactivated),
            Self::SequenceEnded => None,
        }
    }
}

impl PartialEq<ResponseKind> for AnswerKind {
    fn eq(&self, other: &ResponseKind) -> bool {
        self.response() == Some(*other)
    }
}

/// An answer to us, or that there was none: no sign of interest. It stops, and never starts anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<'a> {
    /// Unique within the source, as a signal's.
    pub id: Cow<'a, str>,
    /// The answer.
    pub kind: AnswerKind,
    /// When.
    pub at: Time,
    /// The possible owner.
    pub who: Identity<'a>,
    /// The worth of a return; of other answers, and where nobody says it, `None`.
    pub worth: Option<Worth>,
}

/// The worth of a return.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Worth {
    /// A year, in whole minor units of the currency; `None` where it is not said, or cannot be read.
    pub minor: Option<i64>,
    /// The currency (ISO 4217), in capitals.
    pub currency: String,
    /// The terms in a word, such as `monthly`; empty where nobody says them.
    pub terms: String,
}

/// A release of ours or an event at a competitor, as a source understood it. It is no account's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broadcast {
    /// Unique within the source, at most [`winback_core::signal::MAX_ID_BYTES`].
    pub id: String,
    /// `product_release` or `competitor_event`.
    pub kind: SignalKind,
    /// The class: `feature`, `price_rise`, …; empty if there is none.
    pub class: String,
    /// The event time.
    pub at: Time,
    /// A few words for a person, at most [`winback_core::signal::MAX_DETAIL_BYTES`].
    pub title: String,
    /// The features that it brings, at most [`crate::MAX_FEATURES`].
    pub features: Vec<String>,
    /// The competitor that it is about; empty when none.
    pub competitor: String,
}

/// Says what could not be understood and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}: {text}")]
pub struct Dead {
    /// The event's place in the record's list; `None` when the record as a whole is dead.
    pub index: Option<u32>,
    /// Why.
    pub reason: DeadReason,
    /// Names the field or the place, the value shortened, and the fix.
    pub text: String,
}

/// The reason why one event is no signal; the caller adds its place in the record.
#[derive(Clone, Debug)]
pub(crate) enum Refusal {
    Drop(DropReason),
    Dead(DeadReason, String),
}

impl From<DropReason> for Refusal {
    fn from(reason: DropReason) -> Self {
        Self::Drop(reason)
    }
}

/// One event, judged.
pub(crate) type Verdict<'a> = Result<Candidate<'a>, Refusal>;

/// The element of a judged event.
pub(crate) fn element(verdict: Verdict<'_>, index: Option<u32>) -> Element<'_> {
    judged(verdict.map(Element::Signal), index)
}

/// The element of an event that may be an answer, too.
pub(crate) fn judged(verdict: Result<Element<'_>, Refusal>, index: Option<u32>) -> Element<'_> {
    match verdict {
        Ok(element) => element,
        Err(Refusal::Drop(reason)) => Element::Dropped(reason),
        Err(Refusal::Dead(reason, text)) => Element::Dead(Dead { index, reason, text }),
    }
}
