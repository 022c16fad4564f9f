//! Raw bytes of the producers' own formats become signals here.
//!
//! Invariant: [`Decoder::decode`] gives at least one [`Element`] for every record, whatever its bytes are, and the
//! same elements for the same bytes: each is a signal, an answer, dropped for a counted reason, or dead with a text that a
//! person can act on. So nothing is lost between what was read and what was counted, and a replay finds the same ids.
//!
//! Nothing here reads a clock, matches an account, or knows where the bytes came from.

mod addresses;
mod answers;
mod bots;
mod config;
mod csv_row;
mod decoder;
mod element;
mod embedded;
mod envelope;
mod error;
mod ids;
mod jq;
mod json;
mod lists;
mod mail;
mod mapping;
mod presets;
mod rows;
mod text;
mod times;
mod titles;
mod walk;
mod web;
mod wire;

pub use config::{BotConfig, DEFAULT_MAX_BYTES, ImageProxies, SourceConfig, Start};
pub use csv_row::csv_row;
pub use decoder::{Decoder, EachHeader, Incoming, MAX_DEPTH};
pub use element::{Answer, AnswerKind, Broadcast, Dead, DeadReason, DropReason, Element, Worth};
pub use envelope::EnvelopeKind;
pub use error::{SourceError, SourceErrorKind};
pub use jq::MAX_OUTPUTS;
pub use mapping::{Fields, Keep, MAX_FEATURES, Mapping};
pub use presets::{Preset, PresetInfo, presets};
pub use rows::{RowFormat, RowReader, SourceRow};
pub use walk::Wanted;
pub use web::PageClass;
pub use wire::{Away, Schema, SchemaError, SchemaFormat, SchemaPart, Schemas, WireKind};
