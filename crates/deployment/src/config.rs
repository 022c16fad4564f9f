//! `winback.toml`: typed, checked at the start, printed without secrets.
//!
//! Order of precedence: defaults, the file, the environment, flags.

mod check;
mod dead_letters;
mod registry;
mod sections;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use winback_core::credentials;
use winback_policy::explain_toml;
use winback_sources::{SourceConfig, Start};
use winback_worker::{Secret, WebhookConfig, WorkerConfig};

pub use dead_letters::DeadLettersConfig;
pub use registry::RegistryConfig;
pub use sections::{
    AccountsConfig, HttpConfig, KafkaConfig, LanesConfig, LedgerConfig, LoggingConfig, PrivacyConfig,
    SnapshotsConfig, TopicEncoding, TopicsConfig,
};

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
        /// The path of the file, or `environment`.
        path: String,
        /// The key, the value and the fix.
        text: String,
    },
}

/// The whole config.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Prefixes topics, groups and transactional ids.
    pub deployment: String,
    /// `sqlite:PATH`, `kafka://HOST:PORT[,…]` or `memory:`.
    pub log: String,
    /// Tells this process's transactional ids from those of others; stable over restarts.
    pub instance: String,
    /// The encoding of winback's own topics.
    pub encoding: TopicEncoding,
    /// The folder of the policies for a fresh deployment. If it does not exist, the built-in ones are used.
    pub policies_dir: PathBuf,
    /// The folder of the sequences. If it holds none, the built-in ones are used.
    pub sequences_dir: PathBuf,
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
    /// `[ledger]`.
    pub ledger: LedgerConfig,
    /// `[privacy]`.
    pub privacy: PrivacyConfig,
    /// `[dead_letters]`.
    pub dead_letters: DeadLettersConfig,
    /// `[worker]`.
    pub worker: WorkerConfig,
    /// `[sources.NAME]`; the six built in when there is none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, SourceConfig>,
    /// The variable that a key's value was read from, by the key: such values are never shown.
    #[serde(skip)]
    pub variables: BTreeMap<String, String>,
}

impl fmt::Debug for Config {
    /// As `config show` has it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
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
            sequences_dir: PathBuf::from("config/sequences"),
            topics: TopicsConfig::default(),
            lanes: LanesConfig::default(),
            http: HttpConfig::default(),
            logging: LoggingConfig::default(),
            kafka: KafkaConfig::default(),
            accounts: AccountsConfig::default(),
            schema_registry: None,
            snapshots: SnapshotsConfig::default(),
            ledger: LedgerConfig::default(),
            privacy: PrivacyConfig::default(),
            dead_letters: DeadLettersConfig::default(),
            worker: WorkerConfig::default(),
            sources: BTreeMap::new(),
            variables: BTreeMap::new(),
        }
    }
}

/// The sources of a config that names none: one of each of the first kinds, and the events that concern many
/// accounts.
fn default_sources() -> BTreeMap<String, SourceConfig> {
    [
        ("web", "web-visits", "segment"),
        ("mail", "mail-events", "sendgrid"),
        ("funding", "funding-news", "funding"),
        ("hiring", "job-posts", "hiring"),
        ("releases", "releases", "releases"),
        ("competitors", "competitor-events", "competitor_events"),
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

    /// A value `env:NAME` is the variable's value, so that no file needs to hold a secret.
    fn resolve_secrets(&mut self, environment: &dyn Fn(&str) -> Option<String>) -> Result<(), ConfigError> {
        let variables = &mut self.variables;
        let mut read = |key: String, name: &str| {
            let text = format!("{key} names the variable {name}, which is not set: set it");
            let unset = || ConfigError::Wrong { path: "environment".to_owned(), text };
            let value = environment(name).ok_or_else(unset)?;
            variables.insert(key, name.to_owned());
            Ok::<String, ConfigError>(value)
        };
        let mut texts: Vec<(String, &mut String)> = vec![("privacy.key".to_owned(), &mut self.privacy.key)];
        let properties = self.kafka.properties.iter_mut();
        texts.extend(properties.map(|(key, value)| (property(key), value)));
        texts.extend(self.schema_registry.iter_mut().flat_map(RegistryConfig::secrets));
        for (key, value) in texts {
            if let Some(name) = value.strip_prefix("env:") {
                *value = read(key, name)?;
            }
        }
        for (key, value) in self.worker.webhook.iter_mut().flat_map(WebhookConfig::secrets) {
            if let Some(name) = value.variable() {
                *value = Secret::new(read(format!("worker.webhook.{key}"), name)?);
            }
        }
        Ok(())
    }

    /// The config as it is in force, as TOML, without secrets: what a variable gave is shown as `env:NAME`.
    pub fn redacted(&self) -> String {
        let mut shown = self.clone();
        shown.log = credentials::masked(&self.log).into_owned();
        for (key, value) in &mut shown.kafka.properties {
            if is_secret(key) {
                "(set, not shown)".clone_into(value);
            }
        }
        if !shown.privacy.key.is_empty() {
            "(set, not shown: 32 characters or more)".clone_into(&mut shown.privacy.key);
        }
        shown.schema_registry.iter_mut().for_each(RegistryConfig::redact);
        let mut texts: Vec<(String, &mut String)> = vec![("privacy.key".to_owned(), &mut shown.privacy.key)];
        texts.extend(shown.kafka.properties.iter_mut().map(|(key, value)| (property(key), value)));
        texts.extend(shown.schema_registry.iter_mut().flat_map(RegistryConfig::secrets));
        for (key, value) in texts {
            if let Some(name) = self.variables.get(&key) {
                *value = format!("env:{name}");
            }
        }
        for (key, value) in shown.worker.webhook.iter_mut().flat_map(WebhookConfig::secrets) {
            if let Some(name) = self.variables.get(&format!("worker.webhook.{key}")) {
                *value = Secret::new(format!("env:{name}"));
            }
        }
        toml::to_string(&shown).unwrap_or_else(|error| format!("# cannot be shown: {error}"))
    }
}

fn property(key: &str) -> String {
    format!("kafka.properties.\"{key}\"")
}

/// True for a setting of the Kafka client by whose value somebody could come in.
fn is_secret(key: &str) -> bool {
    const MARKS: [&str; 9] =
        ["password", "passphrase", "secret", "key", "jaas", "oauth", "token", "credential", "pem"];
    let key = key.to_ascii_lowercase();
    MARKS.iter().any(|mark| key.contains(mark))
}
