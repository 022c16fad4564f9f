//! Rows of the list of accounts out of their wire format and envelope: for the registrar, as sources have it for signals.

use std::borrow::Cow;
use std::sync::Arc;

use sonic_rs::{JsonContainerTrait as _, JsonType, JsonValueTrait as _, Value};

use crate::decoder::Incoming;
use crate::element::{Dead, DeadReason, Refusal};
use crate::envelope::{Change, EnvelopeKind, Opened, change};
use crate::json;
use crate::text;
use crate::wire::{Away, Schemas, Wire, WireKind};

/// The names of an account's id, in a row and in its key.
const ID: [&str; 2] = ["account_id", "id"];

/// The format of the rows of a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowFormat {
    /// The wire format.
    pub wire: WireKind,
    /// The envelope of a row.
    pub envelope: EnvelopeKind,
}

/// The meaning of a record of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceRow<'r> {
    /// The row is so.
    Row(Cow<'r, [u8]>),
    /// The account with that id is no longer in the list.
    Gone(String),
    /// Nothing about an account.
    Nothing,
}

/// Reads rows.
#[derive(Debug)]
pub struct RowReader {
    format: RowFormat,
    wire: Option<Wire>,
}

impl RowReader {
    /// A reader of rows that are written so, asking there for schemas.
    pub fn new(format: RowFormat, schemas: Option<Arc<dyn Schemas>>) -> Self {
        Self { format, wire: (format.wire == WireKind::Confluent).then(|| Wire::new(schemas)) }
    }

    /// Has at hand what the record needs; it may wait for a schema registry.
    ///
    /// # Errors
    /// When the registry does not answer: the record is to be read again later.
    pub fn prepare(&self, key: Option<&[u8]>, value: Option<&[u8]>) -> Result<(), Away> {
        let Some(wire) = &self.wire else { return Ok(()) };
        [key, value].into_iter().flatten().try_for_each(|bytes| wire.prepare(bytes))
    }

    /// The meaning of the record. A key without a record is an account that is gone, and so is a deleted row.
    ///
    /// # Errors
    /// With the fault and the fix.
    pub fn read<'r>(
        &self,
        key: Option<&[u8]>,
        incoming: Option<&Incoming<'r>>,
    ) -> Result<SourceRow<'r>, Dead> {
        let read = match incoming {
            Some(incoming) => self.row(key, incoming),
            None if self.format.envelope == EnvelopeKind::Debezium && self.is_connectors(key) => {
                Ok(SourceRow::Nothing)
            }
            None => self.id_of_key(key).map(SourceRow::Gone),
        };
        read.map_err(|refusal| match refusal {
            Refusal::Dead(reason, text) => Dead { index: None, reason, text },
            Refusal::Drop(reason) => Dead {
                index: None,
                reason: DeadReason::MissingField,
                text: format!("the record is no row: {reason}"),
            },
        })
    }

    fn row<'r>(&self, key: Option<&[u8]>, incoming: &Incoming<'r>) -> Result<SourceRow<'r>, Refusal> {
        let value = incoming.value;
        if self.format == RowFormat::default() {
            return Ok(SourceRow::Row(Cow::Borrowed(value)));
        }
        let text = self.text(value)?;
        match self.format.envelope {
            EnvelopeKind::None => Ok(SourceRow::Row(Cow::Owned(text.into_owned().into_bytes()))),
            // What a connector's transform has unwrapped says so; what it writes to say that it is there is no row.
            EnvelopeKind::Debezium if is_unwrapped(&text) => {
                Ok(SourceRow::Row(Cow::Owned(text.into_owned().into_bytes())))
            }
            EnvelopeKind::Debezium if is_heartbeat(&text) => Ok(SourceRow::Nothing),
            EnvelopeKind::Debezium => match change(&text)? {
                Change::Row(row) => Ok(SourceRow::Row(Cow::Owned(row.into_bytes()))),
                Change::Deleted(before) => {
                    let id = before.and_then(|before| id_in(&before));
                    id.map_or_else(|| self.id_of_key(key), Ok).map(SourceRow::Gone)
                }
                Change::Other => Ok(SourceRow::Nothing),
            },
            EnvelopeKind::CloudEvents => match self.format.envelope.open(incoming, text)? {
                Opened::One(row) => Ok(SourceRow::Row(Cow::Owned(row.into_owned().into_bytes()))),
                Opened::Snapshot { text, .. } => Ok(SourceRow::Row(Cow::Owned(text.into_bytes()))),
                Opened::Batch(_) => {
                    let text =
                        "a batch of events: send one account a record, so that each has its own position";
                    Err(Refusal::Dead(DeadReason::Envelope, text.to_owned()))
                }
            },
        }
    }

    fn text<'v>(&self, bytes: &'v [u8]) -> Result<Cow<'v, str>, Refusal> {
        match &self.wire {
            Some(wire) => wire.json(bytes).map(Cow::Owned),
            None => text::decode(bytes, None),
        }
    }

    /// True for the key of a record that a connector writes for itself, and for none.
    fn is_connectors(&self, key: Option<&[u8]>) -> bool {
        let Some(key) = key else { return true };
        let text = self.text(key);
        text.is_ok_and(|text| {
            members(&text).is_some_and(|names| names.iter().all(|name| name == "serverName"))
        })
    }

    /// The id in a key: the key itself, or a field of the document that it is.
    fn id_of_key(&self, key: Option<&[u8]>) -> Result<String, Refusal> {
        let missing = || {
            let text = "the row is gone, and neither it nor its key has `account_id`: let the key be the account's id";
            Refusal::Dead(DeadReason::MissingField, text.to_owned())
        };
        let key = key.ok_or_else(missing)?;
        if self.format == RowFormat::default() {
            let text = String::from_utf8_lossy(key);
            // A connector whose rows are unwrapped writes its keys as JSON all the same.
            let is_json =
                text.starts_with('{') || (text.len() > 1 && text.starts_with('"') && text.ends_with('"'));
            let named = is_json.then(|| id_in(&text)).flatten();
            return Ok(named.unwrap_or_else(|| text.into_owned()));
        }
        let text = self.text(key)?;
        id_in(&text).ok_or_else(missing)
    }
}

/// The id that a document names: itself where it is a text or number, `account_id` or `id`, or its only field; beside a
/// schema its payload's.
fn id_in(text: &str) -> Option<String> {
    let Ok(value) = json::parse::<Value>(text) else {
        return Some(text.trim().to_owned()).filter(|id| !id.is_empty());
    };
    let value = value.get("payload").filter(|_| value.get("schema").is_some()).unwrap_or(&value);
    let Some(object) = value.as_object() else { return scalar(value) };
    let named = ID.iter().find_map(|name| object.get(name).and_then(scalar));
    named.or_else(|| object.iter().next().filter(|_| object.len() == 1).and_then(|(_, value)| scalar(value)))
}

/// The names of an object's fields, of the payload beside a schema; `None` where it is none or empty.
fn members(text: &str) -> Option<Vec<String>> {
    let value = json::parse::<Value>(text).ok()?;
    let value = value.get("payload").filter(|_| value.get("schema").is_some()).unwrap_or(&value);
    let names: Vec<String> = value.as_object()?.iter().map(|(name, _)| name.to_owned()).collect();
    (!names.is_empty()).then_some(names)
}

/// True for a row that a connector's transform has taken out of its change.
fn is_unwrapped(text: &str) -> bool {
    members(text).is_some_and(|names| {
        let has = |name: &str| names.iter().any(|own| own == name);
        !has("op") && (has("__op") || has("__deleted"))
    })
}

/// True for what a connector writes to say that it is there.
fn is_heartbeat(text: &str) -> bool {
    members(text).is_some_and(|names| names.iter().all(|name| name == "ts_ms"))
}

fn scalar(value: &Value) -> Option<String> {
    match value.get_type() {
        JsonType::String => value.as_str().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
        JsonType::Number => Some(value.to_string()),
        JsonType::Null | JsonType::Boolean | JsonType::Object | JsonType::Array => None,
    }
}
