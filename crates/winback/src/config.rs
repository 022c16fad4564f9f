//! `winback.toml`: typed, checked at the start, printed without secrets.
//!
//! Order of precedence: defaults, the file, the environment, flags.

mod dead_letters;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use winback_core::text::explain_toml;
use winback_core::time::Span;
use winback_proto::Encoding;
use winback_sources::{EnvelopeKind, RowFormat, SourceConfig, Start, WireKind};
use winback_telemetry::logging::Format;
use winback_worker::WorkerConfig;

pub use dead_letters::DeadLettersConfig;

use crate::schema_registry::RegistryConfig;

/// The variables that override a key, in the order of [`Config::apply_environment`].
pub const ENVIRONMENT: [&str; 6] = [
    "WINBACK_LOG",
    "WINBACK_DEPLOYMENT",
    "WINBACK_INSTANCE",
    "WINBACK_HTTP",
    "WINBACK_LOG_FORMAT",
    "WINBACK_LOG_FILTER",
];

/// The source that is always there: what accounts answer. Also its preset's name and its topic's, behind the deployment.
pub const RESPONSES: &str = "responses";

/// A config that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read {path}: {why}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        why: std::io::Error,
    },
    /// It says something wrong.
    #[error("{path}: {text}")]
    Wrong {
        /// Which file, or `environment`.
        path: String,
        /// The key, the value and the fix.
        text: String,
    },
}

/// The whole config.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Prefixes topics, groups and transactional ids.
    pub deployment: String,
    /// `sqlite:PATH`, `kafka://HOST:PORT[,…]` or `memory:`.
    pub log: String,
    /// Tells this process's transactional ids from those of others; stable over restarts.
    pub instance: String,
    /// How winback's own topics are written.
    pub encoding: TopicEncoding,
    /// Where policies are read from at the start of a fresh deployment; those built in when it is not there.
    pub policies_dir: PathBuf,
    /// `[topics]`.
    pub topics: TopicsConfig,
    /// `[lanes]`.
    pub lanes: LanesConfig,
    /// `[http]`.
    pub http: HttpConfig,
    /// `[logging]`.
    pub logging: LoggingConfig,
    /// `[kafka]`.
    pub kafka: KafkaConfig,
    /// `[accounts]`.
    pub accounts: AccountsConfig,
    /// `[schema_registry]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schema_registry: Option<RegistryConfig>,
    /// `[snapshots]`.
    pub snapshots: SnapshotsConfig,
    /// `[privacy]`.
    pub privacy: PrivacyConfig,
    /// `[dead_letters]`.
    pub dead_letters: DeadLettersConfig,
    /// `[worker]`.
    pub worker: WorkerConfig,
    /// `[sources.NAME]`; the four built in when there is none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, SourceConfig>,
}

/// How winback's own topics are written.
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
    /// How long the inbox, triggers, decisions, actions, dead letters and retries are kept.
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
    /// How long the log may be away, or no transaction succeed, before a lane ends.
    #[serde(with = "winback_core::time::text")]
    pub patience: Span,
}

/// `[http]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Where health, metrics and the outbox are served; empty serves nothing.
    pub listen: String,
    /// Allows an address that other machines reach. The pages have no login.
    pub allow_remote: bool,
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
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KafkaConfig {
    /// Settings of the client by their librdkafka names, such as `security.protocol`; a value `env:NAME` is read from
    /// the environment.
    pub properties: BTreeMap<String, String>,
}

/// `[accounts]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountsConfig {
    /// The topic with rows of accounts that the registrar reads; `accounts import` and `generate` write to it.
    pub topic: String,
    /// How its records are written.
    pub wire: WireKind,
    /// What a row stands in.
    pub envelope: EnvelopeKind,
}

impl AccountsConfig {
    /// How its rows are written.
    pub fn format(&self) -> RowFormat {
        RowFormat { wire: self.wire, envelope: self.envelope }
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
    /// How often they are brought up to date.
    #[serde(with = "winback_core::time::text")]
    pub every: Span,
}

/// `[privacy]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PrivacyConfig {
    /// The key of the hashes that say who was erased; `env:NAME` is read from the environment. Empty: a file beside the
    /// log's keeps one, and there is none on Kafka.
    pub key: String,
}

impl Default for SnapshotsConfig {
    fn default() -> Self {
        Self { dir: PathBuf::from("snapshots"), every: Span::from_mins(5) }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            deployment: "winback".to_owned(),
            log: "sqlite:winback.db".to_owned(),
            instance: "0".to_owned(),
            encoding: TopicEncoding::default(),
            policies_dir: PathBuf::from("config/policies"),
            topics: TopicsConfig::default(),
            lanes: LanesConfig::default(),
            http: HttpConfig::default(),
            logging: LoggingConfig::default(),
            kafka: KafkaConfig::default(),
            accounts: AccountsConfig::default(),
            schema_registry: None,
            snapshots: SnapshotsConfig::default(),
            privacy: PrivacyConfig::default(),
            dead_letters: DeadLettersConfig::default(),
            worker: WorkerConfig::default(),
            sources: BTreeMap::new(),
        }
    }
}

impl Default for TopicsConfig {
    fn default() -> Self {
        Self { partitions: 4, source_partitions: 1, replication: 1, keep: Span::from_days(28) }
    }
}

impl Default for LanesConfig {
    fn default() -> Self {
        Self { matcher: 1, detector: 1, worker: 1, patience: Span::from_mins(2) }
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self { listen: "127.0.0.1:9464".to_owned(), allow_remote: false }
    }
}

impl Default for LoggingConfig {
    fn default() -> Self {
        Self { format: "human".to_owned(), filter: "warn".to_owned() }
    }
}

impl Default for AccountsConfig {
    fn default() -> Self {
        Self { topic: "accounts".to_owned(), wire: WireKind::default(), envelope: EnvelopeKind::default() }
    }
}

/// The sources of a config that names none: one of each of the first four kinds.
fn default_sources() -> BTreeMap<String, SourceConfig> {
    [
        ("web", "web-visits", "segment"),
        ("mail", "mail-events", "sendgrid"),
        ("funding", "funding-news", "funding"),
        ("hiring", "job-posts", "hiring"),
    ]
    .map(|(name, topic, preset)| (name.to_owned(), SourceConfig::of_preset(topic, preset, Start::Earliest)))
    .into()
}

impl Config {
    /// Reads the file, if one is named or `winback.toml` is here, then the environment.
    ///
    /// # Errors
    /// Names the file, the key, the value and the fix.
    pub fn load(
        path: Option<&Path>,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let file = Self::file(path, environment);
        let mut config = match &file {
            Some(path) => Self::read(path)?,
            None => Self::default(),
        };
        config.apply_environment(environment);
        if config.sources.is_empty() {
            config.sources = default_sources();
        }
        config.add_responses();
        config.resolve_secrets(environment)?;
        config.check().map_err(|text| {
            let path = file.map_or_else(|| "config".to_owned(), |path| path.display().to_string());
            ConfigError::Wrong { path, text }
        })?;
        Ok(config)
    }

    /// The file that a config is read from: the one named by flag or environment, else `winback.toml` where it is here.
    pub fn file(path: Option<&Path>, environment: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
        let named = path.map(Path::to_path_buf).or_else(|| environment("WINBACK_CONFIG").map(PathBuf::from));
        let usual = PathBuf::from("winback.toml");
        named.or_else(|| usual.is_file().then_some(usual))
    }

    fn read(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |why| ConfigError::Unreadable { path: path.to_path_buf(), why };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        Self::parse(&text).map_err(|text| ConfigError::Wrong { path: path.display().to_string(), text })
    }

    /// Reads a config from its text.
    ///
    /// # Errors
    /// The line, the key and the nearest right one.
    pub fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| explain_toml(text, &error))
    }

    fn apply_environment(&mut self, environment: &dyn Fn(&str) -> Option<String>) {
        let keys = [
            &mut self.log,
            &mut self.deployment,
            &mut self.instance,
            &mut self.http.listen,
            &mut self.logging.format,
            &mut self.logging.filter,
        ];
        for (name, key) in ENVIRONMENT.into_iter().zip(keys) {
            if let Some(value) = environment(name) {
                *key = value;
            }
        }
    }

    /// Answers are read in every deployment, unless a source of that name says how.
    fn add_responses(&mut self) {
        let topic = format!("{}.{RESPONSES}", self.deployment);
        let source = || SourceConfig::of_preset(&topic, RESPONSES, Start::Earliest);
        self.sources.entry(RESPONSES.to_owned()).or_insert_with(source);
    }

    /// A property `env:NAME` is the variable's value, so that no file needs to hold a secret.
    fn resolve_secrets(&mut self, environment: &dyn Fn(&str) -> Option<String>) -> Result<(), ConfigError> {
        for (key, value) in &mut self.kafka.properties {
            if let Some(name) = value.strip_prefix("env:") {
                let unset = || ConfigError::Wrong {
                    path: "environment".to_owned(),
                    text: format!(
                        "kafka.properties.\"{key}\" names the variable {name}, which is not set: set it"
                    ),
                };
                *value = environment(name).ok_or_else(unset)?;
            }
        }
        if let Some(name) = self.privacy.key.strip_prefix("env:") {
            let text = format!("privacy.key names the variable {name}, which is not set: set it");
            let unset = || ConfigError::Wrong { path: "environment".to_owned(), text };
            self.privacy.key = environment(name).ok_or_else(unset)?;
        }
        match &mut self.schema_registry {
            Some(registry) => registry.resolve(environment),
            None => Ok(()),
        }
    }

    /// Checks what must hold between keys.
    ///
    /// # Errors
    /// Names the key, the value and the fix.
    pub fn check(&self) -> Result<(), String> {
        let name = |key: &str, value: &str| {
            let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if value.is_empty() || value.len() > 100 || !value.chars().all(legal) {
                return Err(format!("{key} = \"{value}\": write 1 to 100 letters, digits, `-`, `_` or `.`"));
            }
            Ok(())
        };
        name("deployment", &self.deployment)?;
        name("instance", &self.instance)?;
        name("accounts.topic", &self.accounts.topic)?;
        for (source, config) in &self.sources {
            name("sources", source)?;
            name(&format!("sources.{source}.topic"), &config.topic)?;
            if config.topic == self.accounts.topic {
                return Err(format!(
                    "sources.{source}.topic = \"{}\": that is accounts.topic; name another",
                    config.topic
                ));
            }
        }
        if (1..32).contains(&self.privacy.key.trim().len()) {
            return Err(
                "privacy.key is shorter than 32 characters: `openssl rand -hex 32` makes one".to_owned()
            );
        }
        self.check_words()?;
        self.dead_letters.check()?;
        self.check_schemas()?;
        self.check_numbers()
    }

    fn check_schemas(&self) -> Result<(), String> {
        let confluent = |wire: WireKind| wire == WireKind::Confluent;
        let source = self.sources.iter().find(|(_, source)| confluent(source.wire));
        let needs = source.map(|(name, _)| format!("sources.{name}.wire"));
        let needs = needs.or_else(|| confluent(self.accounts.wire).then(|| "accounts.wire".to_owned()));
        match (&self.schema_registry, needs) {
            (Some(registry), _) => registry.check(),
            (None, Some(key)) => {
                Err(format!("{key} = \"confluent\" needs a schema registry: state [schema_registry] url"))
            }
            (None, None) => Ok(()),
        }
    }

    fn check_words(&self) -> Result<(), String> {
        let format = self.logging.format.as_str();
        if Format::parse(format).is_none() {
            return Err(format!("logging.format = \"{format}\": write \"human\" or \"json\""));
        }
        let listen = self.http.listen.as_str();
        if listen.is_empty() {
            return Ok(());
        }
        let spelled = listen
            .strip_prefix("localhost:")
            .map_or_else(|| listen.to_owned(), |port| format!("127.0.0.1:{port}"));
        let address: SocketAddr = spelled
            .parse()
            .map_err(|_| format!("http.listen = \"{listen}\": write an address and a port such as 127.0.0.1:9464, or \"\" for none"))?;
        if !address.ip().to_canonical().is_loopback() && !self.http.allow_remote {
            return Err(format!(
                "http.listen = \"{listen}\": other machines reach it, and its pages have no login: use 127.0.0.1:{}, or set \
                 http.allow_remote = true",
                address.port()
            ));
        }
        Ok(())
    }

    fn check_numbers(&self) -> Result<(), String> {
        let counts = [
            ("topics.partitions", i64::from(self.topics.partitions), 1_000),
            ("topics.source_partitions", i64::from(self.topics.source_partitions), 1_000),
            ("topics.replication", i64::from(self.topics.replication), 9),
            ("lanes.matcher", i64::try_from(self.lanes.matcher).unwrap_or(i64::MAX), 64),
            ("lanes.detector", i64::try_from(self.lanes.detector).unwrap_or(i64::MAX), 64),
            ("lanes.worker", i64::try_from(self.lanes.worker).unwrap_or(i64::MAX), 64),
        ];
        if self.topics.keep < Span::from_hours(1) {
            return Err(format!("topics.keep = {}: write an hour or more, such as 28d", self.topics.keep));
        }
        if self.lanes.patience < Span::from_secs(1) {
            return Err(format!(
                "lanes.patience = {}: write a second or more, such as 2m",
                self.lanes.patience
            ));
        }
        if self.snapshots.every < Span::from_secs(1) {
            return Err(format!(
                "snapshots.every = {}: write a second or more, such as 5m",
                self.snapshots.every
            ));
        }
        counts.into_iter().try_for_each(|(key, value, most)| match value {
            value if (1..=most).contains(&value) => Ok(()),
            value => Err(format!("{key} = {value}: write 1 to {most}")),
        })
    }

    /// The config as it is in force, as TOML, without secrets.
    pub fn redacted(&self) -> String {
        let mut shown = self.clone();
        for (key, value) in &mut shown.kafka.properties {
            if ["password", "secret", "key", "jaas", "oauth"].iter().any(|mark| key.contains(mark)) {
                "(set, not shown)".clone_into(value);
            }
        }
        if !shown.privacy.key.is_empty() {
            "(set, not shown: 32 characters or more)".clone_into(&mut shown.privacy.key);
        }
        shown.schema_registry.iter_mut().for_each(RegistryConfig::redact);
        toml::to_string(&shown).unwrap_or_else(|error| format!("# cannot be shown: {error}"))
    }
}
