//! The webhook: one signed request an attempt, its answer turned into an [`Attempt`].
//!
//! Secrets enter here and leave only in the request.

mod answer;
mod endpoint;
mod envelope;
mod retry;

pub use answer::{Attempt, Verdict};
pub use envelope::ENVELOPE_TYPE;
pub use retry::RetryPolicy;

pub(crate) use envelope::Envelope;

use std::error::Error;
use std::time::{Duration, SystemTime};

use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, redirect};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook as Signer,
};
use winback_core::privacy::{self, masked};
use winback_core::signal::truncated;
use winback_core::time::{Span, Time};

use crate::config::{WebhookConfig, WorkerConfigError};
use endpoint::Endpoint;

/// The least that a secret has, as Standard Webhooks ask: a shorter one is guessed.
const SECRET_BYTES: usize = 24;
const SECRET_FIX: &str = "write whsec_ and the base64 of 24 to 64 random bytes, the same as the receiver's; \
                          `openssl rand -base64 32` makes 32";
/// The most of an answer that is quoted; more is read, so that no address is cut in two.
const QUOTED_BYTES: usize = 200;
const READ_BYTES: usize = 4 << 10;
const RESERVED: [&str; 5] = ["content-type", "content-length", "host", "transfer-encoding", "connection"];

/// A client for one endpoint.
pub(crate) struct Webhook {
    client: Client,
    endpoint: Endpoint,
    signer: Signer,
    headers: HeaderMap,
}

impl Webhook {
    pub(crate) fn new(config: &WebhookConfig) -> Result<Self, WorkerConfigError> {
        let endpoint = Endpoint::of(config)?;
        let mut builder = Client::builder()
            .connect_timeout(duration(config.connect_timeout))
            .timeout(duration(config.timeout))
            .redirect(redirect::Policy::none())
            .user_agent(concat!("winback/", env!("CARGO_PKG_VERSION")));
        if endpoint.is_loopback() {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|why| WorkerConfigError {
            key: "webhook",
            value: endpoint.to_string(),
            fix: format!("no client can be made: {why}"),
        })?;
        Ok(Self { client, endpoint, signer: signer(config)?, headers: headers(config)? })
    }

    /// Scheme and host.
    pub(crate) fn target(&self) -> String {
        self.endpoint.to_string()
    }

    /// One attempt.
    pub(crate) async fn send(&self, id: &str, body: Vec<u8>) -> Attempt {
        let now = wall_clock();
        let seconds = now.millis().div_euclid(1_000);
        let signature = match self.signer.sign(id, seconds, &body) {
            Ok(signature) => signature,
            Err(why) => return Attempt::Refuse(format!("the message cannot be signed: {why}")),
        };
        let request = self
            .client
            .post(self.endpoint.url.clone())
            .headers(self.headers.clone())
            .header(CONTENT_TYPE, "application/json")
            .header(HEADER_WEBHOOK_ID, id)
            .header(HEADER_WEBHOOK_TIMESTAMP, seconds)
            .header(HEADER_WEBHOOK_SIGNATURE, signature)
            .body(body);
        match request.send().await {
            Ok(response) => self.judge(response, now).await,
            Err(why) => {
                Attempt::Retry { why: format!("{}: {}", self.endpoint, told(why)), retry_after: None }
            }
        }
    }

    async fn judge(&self, response: Response, now: Time) -> Attempt {
        let status = response.status().as_u16();
        let why = format!("{} answered {status}", self.endpoint);
        match Verdict::of(status) {
            Verdict::Accepted => Attempt::Accepted,
            Verdict::Retry => {
                let wish = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
                Attempt::Retry { why, retry_after: wish.and_then(|value| answer::retry_after(value, now)) }
            }
            Verdict::Stop => Attempt::Stop(format!("{why}: {}", mending(status))),
            Verdict::Refuse => Attempt::Refuse(format!("{why}: {}", quoted(response).await)),
        }
    }
}

fn signer(config: &WebhookConfig) -> Result<Signer, WorkerConfigError> {
    let error = || WorkerConfigError {
        key: "webhook.secret",
        value: config.secret.to_string(),
        fix: SECRET_FIX.to_owned(),
    };
    let signer = Signer::new(config.secret.reveal()).map_err(|_| error())?;
    // It is base64 without a fault, or there were no signer.
    let digits = config.secret.reveal().trim_start_matches("whsec_").trim_end_matches('=').len();
    if digits * 3 / 4 < SECRET_BYTES { Err(error()) } else { Ok(signer) }
}

fn headers(config: &WebhookConfig) -> Result<HeaderMap, WorkerConfigError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &config.headers {
        let error = |fix: &str| WorkerConfigError {
            key: "webhook.headers",
            value: name.clone(),
            fix: fix.to_owned(),
        };
        let lower = name.to_ascii_lowercase();
        if lower.starts_with("webhook-") || RESERVED.contains(&lower.as_str()) {
            return Err(error("take it out: winback sets this header itself"));
        }
        let header = HeaderName::try_from(lower).map_err(|_| error("not a header's name"))?;
        let mut value = HeaderValue::from_str(value.reveal())
            .map_err(|_| error("its value has bytes that no header can have"))?;
        value.set_sensitive(true);
        headers.insert(header, value);
    }
    Ok(headers)
}

const fn mending(status: u16) -> &'static str {
    match status {
        401 | 403 => "check worker.webhook.secret and worker.webhook.headers, then restart",
        404 | 410 => "check worker.webhook.url, then restart",
        _ => "redirects are not followed; set worker.webhook.url to the new address, then restart",
    }
}

/// The head of a receiver's answer, on one line and without mail addresses.
async fn quoted(mut response: Response) -> String {
    let mut head = Vec::new();
    while let (true, Ok(Some(chunk))) = (head.len() <= READ_BYTES, response.chunk().await) {
        head.extend_from_slice(&chunk);
    }
    head.truncate(READ_BYTES + 1);
    quotation(&head)
}

fn quotation(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    let text = masked(privacy::head(&text));
    let text = crate::render::one_line(&text);
    if text.is_empty() { "no text".to_owned() } else { truncated(&text, QUOTED_BYTES).to_owned() }
}

/// An error with its causes and without the address.
fn told(why: reqwest::Error) -> String {
    let what = if why.is_timeout() { "timed out" } else { "cannot be reached" };
    let why = why.without_url();
    let mut causes = Vec::new();
    let mut cause = why.source();
    while let Some(next) = cause {
        causes.push(next.to_string());
        cause = next.source();
    }
    match causes.pop() {
        Some(root) => format!("{what} ({root})"),
        None => what.to_owned(),
    }
}

/// The receiver compares the signature's time with its own clock, so that no other one will do.
fn wall_clock() -> Time {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Time::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

pub(crate) fn duration(span: Span) -> Duration {
    Duration::from_millis(u64::try_from(span.millis()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_quoted_without_addresses_also_where_one_would_be_cut() {
        for address in ["zq7@acme.com", "zq7&#64;acme.com", "zq7%2540acme.com", "\"zq7 doe\"@acme.com"] {
            for before in 0..=QUOTED_BYTES {
                let text = quotation(format!("{} {address} is unknown", "n".repeat(before)).as_bytes());
                assert!(!text.contains("zq7") && text.len() <= QUOTED_BYTES, "{text}");
            }
        }
        let long = format!("no {} zq7@acme.com", "x ".repeat(READ_BYTES / 2 - 6));
        assert!(!quotation(&long.as_bytes()[..=READ_BYTES]).contains("zq7"));
        assert_eq!(quotation(b" \n"), "no text");
    }
}
