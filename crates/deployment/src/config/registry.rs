//! `[schema_registry]`: where schemas are, and how long an answer may take.

use std::fmt;

use serde::{Deserialize, Serialize};
use winback_core::time::Span;

/// The least time that an answer may be given.
const LEAST_TIMEOUT: Span = Span::from_millis(100);

/// `[schema_registry]`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistryConfig {
    /// The registry's address: https, or http to this machine.
    pub url: String,
    /// The user of HTTP basic authentication; none without it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// Its password; `env:NAME` is read from the environment.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub password: String,
    /// The time-out of one answer.
    #[serde(default = "usual_timeout", with = "winback_core::time::text")]
    pub timeout: Span,
}

impl fmt::Debug for RegistryConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RegistryConfig({})", self.shown())
    }
}

const fn usual_timeout() -> Span {
    Span::from_secs(5)
}

impl RegistryConfig {
    /// The values that `env:NAME` may stand for, with their keys.
    pub(super) fn secrets(&mut self) -> impl Iterator<Item = (String, &mut String)> {
        let own = [("user", &mut self.user), ("password", &mut self.password)];
        own.into_iter().map(|(key, value)| (format!("schema_registry.{key}"), value))
    }

    /// Checks that nothing secret travels in the clear, and that an answer has time to come.
    ///
    /// # Errors
    /// Names the key and the fix.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.timeout < LEAST_TIMEOUT {
            return Err(format!(
                "schema_registry.timeout = {}: no registry answers so fast; write {LEAST_TIMEOUT} or more, such as 5s",
                self.timeout
            ));
        }
        let fix = "write https://HOST, or http:// to this machine";
        let wrong = |why: &str| format!("schema_registry.url = \"{}\": {why}: {fix}", self.shown());
        let url = reqwest::Url::parse(&self.url).map_err(|error| wrong(&error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("it holds a user or password; write schema_registry.user and .password"));
        }
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
        let local = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
        match url.scheme() {
            "https" => Ok(()),
            "http" if local => Ok(()),
            "http" => Err(wrong("others can read on the way")),
            _ => Err(wrong("it is no web address")),
        }
    }

    /// Its address without what stands before an `@`.
    pub fn shown(&self) -> &str {
        self.url.rsplit_once('@').map_or(&self.url, |(_, host)| host)
    }

    /// Without what is secret.
    pub(super) fn redact(&mut self) {
        if !self.password.is_empty() {
            "(set, not shown)".clone_into(&mut self.password);
        }
    }
}
