//! The worker's settings. The binary's configuration embeds [`WorkerConfig`] as `[worker]`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use winback_core::closed_enum;
use winback_core::time::Span;

use crate::choose::Limits;
use crate::moment::SendConfig;
use crate::secret::Secret;
use crate::webhook::RetryPolicy;

/// A setting that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("worker.{key} = {value}: {fix}")]
pub struct WorkerConfigError {
    /// The key, below `worker`.
    pub key: &'static str,
    /// The value, without secrets.
    pub value: String,
    /// The right value.
    pub fix: String,
}

closed_enum! {
    /// The way in which a message leaves winback.
    Channel {
        /// As a draft in a directory, for a person to send.
        Outbox = "outbox",
        /// As a signed request to an endpoint.
        Webhook = "webhook",
    }
}

/// `[worker]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkerConfig {
    /// `outbox` writes a draft for a person, `webhook` posts to `worker.webhook.url`.
    pub deliver: Channel,
    /// The folder of drafts, with one folder a day in it.
    pub outbox_dir: PathBuf,
    /// The sender of the drafts, a mail address.
    pub from: String,
    /// A directory of plays to use instead of those in the program.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plays_dir: Option<PathBuf>,
    /// A trigger older than this is not acted on (Z).
    #[serde(with = "winback_core::time::text")]
    pub stale_after: Span,
    /// So long an account that declined is left alone; at least 180d.
    #[serde(with = "winback_core::time::text")]
    pub decline_rest: Span,
    /// `[worker.send]`: when a message may go out.
    pub send: SendConfig,
    /// `[worker.webhook]`; needed for `deliver = "webhook"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookConfig>,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            deliver: Channel::Outbox,
            outbox_dir: PathBuf::from("outbox"),
            from: "winback@localhost".to_owned(),
            plays_dir: None,
            stale_after: Span::from_days(2),
            decline_rest: Span::from_days(365),
            send: SendConfig::default(),
            webhook: None,
        }
    }
}

impl WorkerConfig {
    /// The times for which things hold.
    ///
    /// # Errors
    /// If a time breaks a hard rule.
    pub fn limits(&self) -> Result<Limits, WorkerConfigError> {
        let error = |key, value: Span, fix: &str| WorkerConfigError {
            key,
            value: value.to_string(),
            fix: fix.to_owned(),
        };
        if self.stale_after <= Span::ZERO {
            return Err(error("stale_after", self.stale_after, "write a time above 0, such as 2d"));
        }
        if self.decline_rest < Span::from_days(180) {
            return Err(error(
                "decline_rest",
                self.decline_rest,
                "write 180d or more: who declined is left alone for 6 to 12 months",
            ));
        }
        Ok(Limits { stale_after: self.stale_after, decline_rest: self.decline_rest })
    }
}

/// `[worker.webhook]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// The receiver's address: https, or http to this machine. It may hold a token, so only its host is shown.
    pub url: Secret,
    /// The signing secret, `whsec_` and base64.
    pub secret: Secret,
    /// More headers of each request, such as `authorization`; their values are never shown.
    #[serde(default)]
    pub headers: BTreeMap<String, Secret>,
    /// Allows http to other machines; the messages are then readable on the way.
    #[serde(default)]
    pub allow_insecure: bool,
    /// The time limit of a whole request.
    #[serde(default = "default_timeout", with = "winback_core::time::text")]
    pub timeout: Span,
    /// The time limit of the connection.
    #[serde(default = "default_connect_timeout", with = "winback_core::time::text")]
    pub connect_timeout: Span,
    /// The most requests under way, at most one for each partition.
    #[serde(default = "default_in_flight")]
    pub max_in_flight: usize,
    /// The ceiling of the first wait before a retry; it doubles with each attempt, and the wait is drawn below it.
    #[serde(default = "default_retry_base", with = "winback_core::time::text")]
    pub retry_base: Span,
    /// The highest ceiling.
    #[serde(default = "default_retry_cap", with = "winback_core::time::text")]
    pub retry_cap: Span,
    /// The longest `Retry-After` that is followed to the letter.
    #[serde(default = "default_retry_after_cap", with = "winback_core::time::text")]
    pub retry_after_cap: Span,
    /// After so many attempts the trigger is a dead letter; without it, it is tried until it is stale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u32>,
}

impl WebhookConfig {
    /// The settings that only these two need to say.
    pub fn new(url: &str, secret: &str) -> Self {
        Self {
            url: Secret::new(url.to_owned()),
            secret: Secret::new(secret.to_owned()),
            headers: BTreeMap::new(),
            allow_insecure: false,
            timeout: default_timeout(),
            connect_timeout: default_connect_timeout(),
            max_in_flight: default_in_flight(),
            retry_base: default_retry_base(),
            retry_cap: default_retry_cap(),
            retry_after_cap: default_retry_after_cap(),
            max_attempts: None,
        }
    }

    /// Every secret with its key below `worker.webhook`.
    pub fn secrets(&mut self) -> impl Iterator<Item = (String, &mut Secret)> {
        let own = [("url".to_owned(), &mut self.url), ("secret".to_owned(), &mut self.secret)];
        let headers = self.headers.iter_mut().map(|(name, value)| (format!("headers.{name}"), value));
        own.into_iter().chain(headers)
    }

    /// The times of retries.
    ///
    /// # Errors
    /// If the times contradict each other.
    pub fn retry_policy(&self) -> Result<RetryPolicy, WorkerConfigError> {
        let error = |key, value: Span, fix: &str| WorkerConfigError {
            key,
            value: value.to_string(),
            fix: fix.to_owned(),
        };
        let positive = [
            ("webhook.timeout", self.timeout),
            ("webhook.connect_timeout", self.connect_timeout),
            ("webhook.retry_base", self.retry_base),
        ];
        if let Some((key, value)) = positive.into_iter().find(|(_, value)| *value <= Span::ZERO) {
            return Err(error(key, value, "write a time above 0, such as 5s"));
        }
        if self.retry_cap < self.retry_base {
            return Err(error("webhook.retry_cap", self.retry_cap, "write at least webhook.retry_base"));
        }
        if self.max_in_flight == 0 {
            let fix = "write 1 or more".to_owned();
            return Err(WorkerConfigError { key: "webhook.max_in_flight", value: "0".to_owned(), fix });
        }
        Ok(RetryPolicy {
            base: self.retry_base,
            cap: self.retry_cap,
            retry_after_cap: self.retry_after_cap,
            max_attempts: self.max_attempts,
        })
    }
}

const fn default_timeout() -> Span {
    Span::from_secs(15)
}

const fn default_connect_timeout() -> Span {
    Span::from_secs(5)
}

const fn default_in_flight() -> usize {
    16
}

const fn default_retry_base() -> Span {
    Span::from_secs(1)
}

const fn default_retry_cap() -> Span {
    Span::from_mins(5)
}

const fn default_retry_after_cap() -> Span {
    Span::from_hours(1)
}
