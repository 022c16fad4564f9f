//! Envelopes: what an event stands in, taken off before any preset or mapping sees it.
//!
//! Invariant: what is inside is handed on to the byte, and what the envelope says of the event stands in it as
//! `_envelope`, for mappings and filters that ask. What an envelope says only of this delivery is left out, so that an
//! event that is delivered twice is the same event.

mod cloudevents;
mod debezium;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use sonic_rs::JsonValueTrait as _;

use crate::decoder::Incoming;
use crate::element::{DeadReason, Refusal};
use crate::json;
pub(crate) use debezium::{Change, change};

/// The key under which an envelope's own fields stand in its event.
const KEY: &str = "_envelope";

/// The envelope of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EnvelopeKind {
    /// In nothing.
    #[default]
    None,
    /// `CloudEvents` 1.0: binary (headers `ce_…`), structured or batched JSON.
    CloudEvents,
    /// A change of a database's row, as Debezium writes it.
    Debezium,
}

/// The events of a record: one, or a batch whose events are decoded each by itself.
pub(crate) enum Opened<'r> {
    One(Cow<'r, str>),
    /// A row that was there before anybody read changes, and the time of the reading in milliseconds.
    Snapshot {
        text: String,
        at: Option<i64>,
    },
    Batch(Vec<Result<Cow<'r, str>, Refusal>>),
}

impl EnvelopeKind {
    /// The content of the envelope.
    pub(crate) fn open<'r>(self, incoming: &Incoming<'_>, text: Cow<'r, str>) -> Result<Opened<'r>, Refusal> {
        match self {
            Self::None => Ok(Opened::One(text)),
            Self::CloudEvents => cloudevents::open(incoming, text),
            Self::Debezium => debezium::open(&text),
        }
    }
}

/// The fields of an object, as they are written.
struct Members<'t>(Vec<(String, Cow<'t, str>)>);

impl<'t> Members<'t> {
    fn of(text: &'t str) -> Result<Self, Refusal> {
        let _: serde::de::IgnoredAny = json::parse(text)?;
        if !text.trim_start().starts_with('{') {
            return Err(refused("the record is no JSON object"));
        }
        let members = sonic_rs::to_object_iter(text)
            .map(|read| read.map(|(name, value)| (name.to_string(), value.as_raw_cow())));
        let members: Result<_, _> = members.collect();
        members
            .map(Self)
            .map_err(|error| refused(&format!("its fields cannot be read ({})", json::complaint(&error))))
    }

    /// The value of that name as it is written; `null` is none.
    fn raw(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().rev().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_ref()).filter(|value| *value != "null")
    }

    /// The text of that name.
    fn text(&self, name: &str) -> Option<String> {
        let raw = self.raw(name)?;
        sonic_rs::from_str::<sonic_rs::Value>(raw).ok()?.as_str().map(str::to_owned)
    }
}

/// The event with what its envelope says of it; what is no object stays as it is.
fn with_envelope(fields: &[(&str, &str)], event: &str) -> String {
    let event = event.trim();
    let Some(rest) = event.strip_prefix('{').map(str::trim_start) else { return event.to_owned() };
    let own: Vec<_> = fields.iter().map(|(name, value)| format!("{}:{value}", quoted(name))).collect();
    let comma = if rest.starts_with('}') { "" } else { "," };
    format!("{{\"{KEY}\":{{{}}}{comma}{rest}", own.join(","))
}

/// A text as JSON.
fn quoted(text: &str) -> String {
    sonic_rs::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}

fn refused(text: &str) -> Refusal {
    Refusal::Dead(DeadReason::Envelope, text.to_owned())
}
