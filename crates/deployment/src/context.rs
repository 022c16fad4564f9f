//! The parts that every command has: the config in force, its log, and the way to print.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use winback_log::{Clock, LogError, SharedLog, clock_for};

use crate::config::{Config, ConfigError};
use crate::topics::Topics;

/// The parts that every command has.
pub struct Context {
    /// The config in force.
    pub config: Config,
    /// The deployment's topics.
    pub topics: Topics,
    /// The clock of all that runs here.
    pub clock: Arc<dyn Clock>,
    /// One JSON object a line instead of text.
    pub json: bool,
    /// The log that the command line names; `config.log` may come from elsewhere.
    pub named_log: Option<String>,
    /// The config file, where there is one.
    pub config_file: Option<PathBuf>,
}

impl Context {
    /// From the command line's global flags (the config file, the log), the file and the environment.
    ///
    /// # Errors
    /// Names the key or flag and the fix.
    pub fn new(file: Option<&Path>, log: Option<&str>, json: bool) -> Result<Self, ConfigError> {
        let environment = |name: &str| std::env::var(name).ok();
        let config_file = Config::file(file, &environment);
        let mut config = Config::load(file, &environment)?;
        if let Some(log) = log {
            log.clone_into(&mut config.log);
        }
        let topics = Topics::of(&config.deployment);
        let (clock, named_log) = (clock_for(&config.log), log.map(str::to_owned));
        Ok(Self { config, topics, clock, json, named_log, config_file })
    }

    /// The origin of the config, for errors.
    pub fn config_path(&self) -> String {
        self.config_file.as_deref().map_or_else(|| "config".to_owned(), |path| path.display().to_string())
    }

    /// Opens the log.
    ///
    /// # Errors
    /// When the URL names none or the log is away.
    pub fn log(&self) -> Result<SharedLog, LogError> {
        winback_logs::open(&self.config.log, self.clock.clone(), &self.config.kafka.options())
    }
}

impl Context {
    /// The logging settings.
    ///
    /// # Errors
    /// If the format has an unknown value.
    pub fn logging(&self) -> Result<winback_telemetry::logging::Settings, ConfigError> {
        use winback_telemetry::logging::{Format, Settings};
        let written = &self.config.logging;
        let wrong = || ConfigError::Wrong {
            path: "logging".to_owned(),
            text: format!("logging.format = \"{}\": write \"human\" or \"json\"", written.format),
        };
        let format = Format::parse(&written.format).ok_or_else(wrong)?;
        Ok(Settings { format, filter: written.filter.clone() })
    }
}
