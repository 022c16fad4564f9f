//! Any JSON by field mapping: where each part of a signal stands, stated as data.
//!
//! A mapping is compiled once, and all that can be wrong with it is said then; at run time it only finds or misses.

mod broadcast;
mod compile;
mod pointer;
mod read;
mod template;
mod worth;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use winback_core::signal::SignalKind;

pub use broadcast::MAX_FEATURES;
pub(crate) use compile::{Compiled, Wrong, zone_of};
pub(crate) use read::sha256;

/// How the fields of a record become a signal: `[sources.NAME.mapping]`.
///
/// Fields are JSON pointers (`/company/name`), pointers into the record around a list's event (`^/company`), or a
/// constant that begins with `=`; of a list the first that has a value counts. What an envelope says of the event
/// stands below `/_envelope`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The kind of signal.
    pub kind: SignalKind,
    /// The event time.
    pub at: Fields,
    /// The format of times, the first that fits: `auto`, `rfc3339`, `rfc2822`, `unix_s`, `unix_ms`, `unix_us`, or a
    /// pattern such as `%d/%m/%Y`.
    #[serde(default = "automatic")]
    pub formats: Vec<String>,
    /// The IANA zone of times that name none, unless the source states one; UTC unless stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The place of the list of events in a record: one pointer, or several of which the first that exists counts.
    /// `""` is the whole record. A record that is a list needs none.
    #[serde(default)]
    pub events: Fields,
    /// The producer's id.
    #[serde(default)]
    pub id: Fields,
    /// Fields that make the event what it is: together they are its id, when it has no other. Without them it is all
    /// of the event.
    #[serde(default)]
    pub id_of: Vec<String>,
    /// The account's own id.
    #[serde(default)]
    pub account_id: Fields,
    /// A mail address.
    #[serde(default)]
    pub email: Fields,
    /// SHA-256 of a normalised mail address, in hex.
    #[serde(default)]
    pub email_sha256: Fields,
    /// A domain, host name or URL of the company.
    #[serde(default)]
    pub domain: Fields,
    /// An address that it came from.
    #[serde(default)]
    pub address: Fields,
    /// The company's name; a URL in its place is taken as the domain.
    #[serde(default)]
    pub name: Fields,
    /// The finer class that policies may weigh.
    #[serde(default)]
    pub class: Fields,
    /// The names of the values of `class` here, in any case; other values stay as they are.
    #[serde(default)]
    pub classes: BTreeMap<String, String>,
    /// A few words for a person: `{/title}` is a field, `{/a|/b}` the first that has a value, and what stands in
    /// `[…]` is left out when a field in it has none.
    #[serde(default)]
    pub detail: String,
    /// Values that say that there is none, such as `N/A`, in any case.
    #[serde(default)]
    pub absent: Vec<String>,
    /// Pointers that must have a value.
    #[serde(default)]
    pub required: Vec<String>,
    /// The features of a release: a text, or a list of them. Only for `product_release`.
    #[serde(default)]
    pub features: Fields,
    /// The competitor of an event. Only for `competitor_event`.
    #[serde(default)]
    pub competitor: Fields,
    /// The worth of a return a year, in whole units of `currency`. Only for the answer `reactivated`.
    #[serde(default)]
    pub arr: Fields,
    /// The currency of `arr` (ISO 4217); US dollars where it is not said.
    #[serde(default)]
    pub currency: Fields,
    /// The terms of a return in a word, such as `monthly`.
    #[serde(default)]
    pub terms: Fields,
    /// In a Debezium envelope: an update that changed none of these is dropped (`edited`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<String>,
    /// The events that are interest; all of them by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<Keep>,
}

fn automatic() -> Vec<String> {
    vec!["auto".to_owned()]
}

/// The events that are interest, by the value of one field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keep {
    /// The deciding field.
    pub from: Fields,
    /// The meaning of each value, in any case: `signal`, a kind of signal, an answer (`replied`, `declined`,
    /// `opted_out`, `reactivated`, `sequence_ended`), or a reason to drop it.
    pub values: BTreeMap<String, String>,
    /// The meaning of every other value, and of none: the same, or `dead` (the default).
    #[serde(default = "dead")]
    pub otherwise: String,
}

fn dead() -> String {
    "dead".to_owned()
}

/// One field or several, of which the first that has a value counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a JSON pointer such as \"/company/name\", or a list of them")]
pub enum Fields {
    /// A pointer, or a constant that begins with `=`.
    One(String),
    /// Several of them.
    Many(Vec<String>),
}

impl Default for Fields {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Fields {
    fn all(&self) -> &[String] {
        match self {
            Self::One(field) => std::slice::from_ref(field),
            Self::Many(fields) => fields,
        }
    }
}
