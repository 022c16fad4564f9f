//! The checks between the keys of `winback.toml`.

use std::net::SocketAddr;

use winback_core::time::Span;
use winback_registrar::RowRules;
use winback_sources::WireKind;
use winback_telemetry::logging::Format;

use super::Config;

impl Config {
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
        RowRules::new(&self.accounts.mapping, &self.accounts.wide_ranges)?;
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
        let wrong = self.http.names.iter().find(|name| !winback_telemetry::server::is_name(name));
        if let Some(wrong) = wrong {
            return Err(format!(
                "http.names has \"{wrong}\": write a name or an address without scheme, port or `*`"
            ));
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
        if self.lanes.unavailable_timeout < Span::from_secs(1) {
            return Err(format!(
                "lanes.unavailable_timeout = {}: write a second or more, such as 2m",
                self.lanes.unavailable_timeout
            ));
        }
        if self.lanes.stalled_after < Span::from_secs(1) {
            return Err(format!(
                "lanes.stalled_after = {}: write a second or more, such as 1m",
                self.lanes.stalled_after
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
}
