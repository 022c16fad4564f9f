//! The tables of `winback.toml`, each with what it is without one.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use winback_core::time::Span;
use winback_logs::OpenOptions;
use winback_proto::Encoding;
use winback_registrar::{Mapping, RowRules};
use winback_sources::{EnvelopeKind, RowFormat, WireKind};

use super::ConfigError;

/// The encoding of winback's own topics.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TopicEncoding {
    /// Protobuf.
    #[default]
    Protobuf,
    /// Canonical proto3 JSON.
    Json,
}

impl From<TopicEncoding> for Encoding {
    fn from(encoding: TopicEncoding) -> Self {
        match encoding {
            TopicEncoding::Protobuf => Self::Protobuf,
            TopicEncoding::Json => Self::Json,
        }
    }
}

/// `[topics]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TopicsConfig {
    /// Partitions of the inbox, its changelog, triggers, decisions, actions.
    pub partitions: i32,
    /// Partitions that `generate` and `ingest` give a source topic that they make.
    pub source_partitions: i32,
    /// Replicas of each topic.
    pub replication: i32,
    /// The retention of inbox, triggers, decisions, actions, dead letters and retries.
    #[serde(with = "winback_core::time::text")]
    pub keep: Span,
}

/// `[lanes]`: how many threads of each role this process runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LanesConfig {
    /// For each source.
    pub matcher: usize,
    /// For the inbox.
    pub detector: usize,
    /// For the triggers.
    pub worker: usize,
    /// The time that the log may be unavailable, or no transaction may succeed, before a lane ends. Its former name
    /// `patience` is deprecated and is read as well.
    #[serde(with = "winback_core::time::text", alias = "patience")]
    pub unavailable_timeout: Span,
    /// How long a lane may stand still before `/livez` answers 503.
    #[serde(with = "winback_core::time::text")]
    pub stalled_after: Span,
}

/// `[http]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// The address of health and metrics; empty serves nothing.
    pub listen: String,
    /// Allows an address that other machines reach. The pages have no login.
    pub allow_remote: bool,
    /// Names that the pages answer beside `localhost` and loopback addresses.
    pub names: Vec<String>,
}

/// `[logging]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoggingConfig {
    /// `human` or `json`.
    pub format: String,
    /// Such as `info` or `warn,winback_lane=debug`.
    pub filter: String,
}

/// `[kafka]`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KafkaConfig {
    /// A version of librdkafka that is taken though winback was not proved with it; empty takes none.
    pub accept_librdkafka: String,
    /// Settings of the client by their librdkafka names, such as `security.protocol`; a value `env:NAME` is read from
    /// the environment.
    pub properties: BTreeMap<String, String>,
}

impl KafkaConfig {
    /// What opening a log takes of it.
    pub fn options(&self) -> OpenOptions {
        OpenOptions {
            kafka: self.properties.clone().into_iter().collect(),
            accept_librdkafka: self.accept_librdkafka.clone(),
        }
    }
}

/// `[accounts]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountsConfig {
    /// The topic with rows of accounts that the registrar reads; `accounts import` and `generate` write to it.
    pub topic: String,
    /// The wire format of its records.
    pub wire: WireKind,
    /// The envelope around a row.
    pub envelope: EnvelopeKind,
    /// Networks wider than a /16 (IPv6: /32) that belong to one account alone.
    pub wide_ranges: Vec<String>,
    /// `[accounts.mapping]`: what the columns of an export are called.
    pub mapping: Mapping,
}

impl AccountsConfig {
    /// The format of its rows.
    pub fn format(&self) -> RowFormat {
        RowFormat { wire: self.wire, envelope: self.envelope }
    }

    /// The rules by which its rows are read.
    ///
    /// # Errors
    /// Names the key and the fix.
    pub fn rules(&self) -> Result<RowRules, ConfigError> {
        RowRules::new(&self.mapping, &self.wide_ranges)
            .map_err(|text| ConfigError::Wrong { path: "config".to_owned(), text })
    }

    /// Rows that this program would write are none where something else writes them in a form of its own.
    ///
    /// # Errors
    /// Names the key and the fix.
    pub fn check_ours(&self) -> Result<(), ConfigError> {
        if self.format() == RowFormat::default() {
            return Ok(());
        }
        let text = format!(
            "accounts.topic = \"{}\" is written by something else, in the wire format and envelope that [accounts] states: \
             change accounts there, or name another topic",
            self.topic
        );
        Err(ConfigError::Wrong { path: "config".to_owned(), text })
    }
}

/// `[snapshots]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SnapshotsConfig {
    /// A folder for local snapshots of the detector's state; empty keeps none. Kafka only.
    pub dir: PathBuf,
    /// The interval between updates.
    #[serde(with = "winback_core::time::text")]
    pub every: Span,
}

/// `[ledger]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LedgerConfig {
    /// The SQLite file of the ledger.
    pub path: PathBuf,
    /// The currency of reports (ISO 4217).
    pub currency: String,
    /// The margin of revenue in percent.
    pub margin_percent: u8,
}

impl Default for LedgerConfig {
    fn default() -> Self {
        Self { path: PathBuf::from("ledger.db"), currency: "USD".to_owned(), margin_percent: 80 }
    }
}

/// `[privacy]`.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrivacyConfig {
    /// The key of the hashes that say who was erased; `env:NAME` is read from the environment. Empty: a file beside the
    /// log's keeps one, and there is none on Kafka.
    pub key: String,
}

impl fmt::Debug for KafkaConfig {
    /// The settings by name: their values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.properties.keys()).finish()
    }
}

impl fmt::Debug for PrivacyConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.key.is_empty() { "PrivacyConfig(no key)" } else { "PrivacyConfig(a key)" })
    }
}

impl Default for SnapshotsConfig {
    fn default() -> Self {
        Self { dir: PathBuf::from("snapshots"), every: Span::from_mins(5) }
    }
}

impl Default for TopicsConfig {
    fn default() -> Self {
        Self { partitions: 4, source_partitions: 1, replication: 1, keep: Span::from_days(28) }
    }
}

impl Default for LanesConfig {
    fn default() -> Self {
        Self {
            matcher: 1,
            detector: 1,
            worker: 1,
            unavailable_timeout: Span::from_mins(2),
            stalled_after: Span::from_mins(1),
        }
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self { listen: "127.0.0.1:9464".to_owned(), allow_remote: false, names: Vec::new() }
    }
}

impl Default for LoggingConfig {
    fn default() -> Self {
        Self { format: "human".to_owned(), filter: "warn".to_owned() }
    }
}

impl Default for AccountsConfig {
    fn default() -> Self {
        Self {
            topic: "accounts".to_owned(),
            wire: WireKind::default(),
            envelope: EnvelopeKind::default(),
            wide_ranges: Vec::new(),
            mapping: Mapping::default(),
        }
    }
}
