//! Records behind a schema's id, as Confluent's serialisers write them: a zero byte, the id, and for protobuf which of
//! the file's messages it is; then Avro, protobuf or JSON. They become JSON before any envelope, preset or mapping.
//!
//! Invariant: decoding asks nobody. Who reads a record calls [`Wire::prepare`] first, which fetches a schema that was not
//! seen before; a schema never changes under its id, so what was fetched stays.

mod avro;
mod protobuf;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::RwLock;
use serde::{Deserialize, Serialize};

use crate::element::{DeadReason, Refusal};

/// The byte that such a record begins with.
const MAGIC: u8 = 0;
/// The byte and the id.
const HEAD: usize = 5;

/// The wire format of a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WireKind {
    /// As text: JSON, or a line of a log.
    #[default]
    Text,
    /// Behind a schema's id: Avro, protobuf or JSON, as the registry says.
    Confluent,
}

/// The language of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaFormat {
    /// Avro.
    Avro,
    /// Protobuf.
    Protobuf,
    /// JSON Schema: the record is JSON behind its id.
    Json,
}

/// A schema that another is written with, by the name that it calls it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaPart {
    /// The name of the reference: an Avro full name, or a protobuf import.
    pub name: String,
    /// The schema's text.
    pub text: String,
}

/// A schema, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schema {
    /// The language.
    pub format: SchemaFormat,
    /// Its text.
    pub text: String,
    /// The schemas that it refers to, each before the one that refers to it.
    pub parts: Vec<SchemaPart>,
}

/// The reason why there is no schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// The registry does not have it.
    #[error("{0}")]
    Unknown(String),
    /// The registry does not answer, or not us.
    #[error("{0}")]
    Away(String),
}

/// The source of schemas. A request may wait for the network.
pub trait Schemas: Send + Sync + fmt::Debug {
    /// The schema of that id.
    ///
    /// # Errors
    /// When the registry does not have it, or does not answer.
    fn schema(&self, id: u32) -> Result<Schema, SchemaError>;
}

/// The registry does not answer: the record is to be read again later.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the schema registry does not answer: {0}: check its address in the config and that it runs")]
pub struct Away(pub String);

/// Turns such records into JSON.
#[derive(Debug)]
pub(crate) struct Wire {
    schemas: Option<Arc<dyn Schemas>>,
    known: RwLock<HashMap<u32, Arc<Known>>>,
}

#[derive(Debug)]
enum Known {
    Avro(avro::Reader),
    Protobuf(protobuf::Reader),
    Json,
    /// It cannot be used, and why; asked for again when the registry did not have it.
    Not {
        text: String,
        again: bool,
    },
}

impl Wire {
    pub(crate) fn new(schemas: Option<Arc<dyn Schemas>>) -> Self {
        Self { schemas, known: RwLock::default() }
    }

    /// Has the schema of that record at hand.
    pub(crate) fn prepare(&self, value: &[u8]) -> Result<(), Away> {
        let (Ok((id, _)), Some(schemas)) = (head(value), &self.schemas) else { return Ok(()) };
        if self.known.read().get(&id).is_some_and(|known| !matches!(**known, Known::Not { again: true, .. }))
        {
            return Ok(());
        }
        let known = match schemas.schema(id) {
            Ok(schema) => Known::of(id, &schema),
            Err(SchemaError::Unknown(text)) => Known::Not { text, again: true },
            Err(SchemaError::Away(text)) => return Err(Away(text)),
        };
        self.known.write().insert(id, Arc::new(known));
        Ok(())
    }

    /// The record as JSON.
    pub(crate) fn json(&self, value: &[u8]) -> Result<String, Refusal> {
        let (id, rest) = head(value)?;
        let known = self.known.read().get(&id).cloned();
        let Some(known) = known else {
            let text = match self.schemas {
                Some(_) => format!("schema {id} was not fetched"),
                None => "no schema registry is configured: state [schema_registry] url".to_owned(),
            };
            return Err(refused(&text));
        };
        match &*known {
            Known::Avro(reader) => {
                reader.json(rest).map_err(|what| refused(&format!("not Avro of schema {id}: {what}")))
            }
            Known::Protobuf(reader) => {
                reader.json(rest).map_err(|what| refused(&format!("not protobuf of schema {id}: {what}")))
            }
            Known::Json => crate::text::decode(rest, None).map(std::borrow::Cow::into_owned),
            Known::Not { text, .. } => Err(refused(text)),
        }
    }
}

impl Known {
    fn of(id: u32, schema: &Schema) -> Self {
        let not =
            |what: String| Self::Not { text: format!("schema {id} cannot be used: {what}"), again: false };
        match schema.format {
            SchemaFormat::Avro => avro::Reader::new(schema).map_or_else(not, Self::Avro),
            SchemaFormat::Protobuf => protobuf::Reader::new(schema).map_or_else(not, Self::Protobuf),
            SchemaFormat::Json => Self::Json,
        }
    }
}

/// The schema's id and what stands behind it.
fn head(value: &[u8]) -> Result<(u32, &[u8]), Refusal> {
    let wrong = |what: &str| {
        refused(&format!("{what}: it is not in the registry's wire format; state wire = \"text\""))
    };
    match value.first_chunk::<HEAD>() {
        Some([MAGIC, id @ ..]) => Ok((u32::from_be_bytes(*id), &value[HEAD..])),
        Some(_) => Err(wrong(&format!("the record begins with byte 0x{:02x}", value[0]))),
        None => Err(wrong(&format!("the record has {} bytes", value.len()))),
    }
}

fn refused(text: &str) -> Refusal {
    Refusal::Dead(DeadReason::Schema, text.to_owned())
}
