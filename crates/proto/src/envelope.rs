//! CloudEvents 1.0 in Kafka's binary mode: what a record is stands in its headers.

use winback_core::limits::TRACE_BYTES;
use winback_core::time::Time;

use crate::wire::Encoding;

/// The header with W3C trace context, passed through.
pub const TRACEPARENT: &str = "traceparent";
/// The header of a trigger with `partition/offset` of the inbox record that decided it. It is no part of the payload,
/// so that the same decision has the same bytes on every log.
pub const INBOX_POSITION: &str = "inboxposition";

/// The trace of a record as it is passed on (W3C Trace Context). A header that is longer than a trace, or is none, is dropped:
/// it would stand on every record that follows from this one.
pub fn passed_on(trace: &[u8]) -> Option<String> {
    let fits =
        trace.len() <= TRACE_BYTES && trace.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'-');
    fits.then(|| String::from_utf8_lossy(trace).into_owned())
}

/// The headers of an outbound record.
#[derive(Clone, Debug)]
pub struct Envelope {
    id: String,
    source: String,
    kind: &'static str,
    time: String,
    content_type: &'static str,
    extra: Vec<(&'static str, String)>,
}

impl Envelope {
    /// A record `kind` with that id, made by `source` (`deployment/role`) at `time`.
    pub fn new(
        kind: &'static str,
        id: impl Into<String>,
        source: &str,
        time: Time,
        encoding: Encoding,
    ) -> Self {
        Self {
            id: id.into(),
            source: source.to_owned(),
            kind,
            time: time.to_string(),
            content_type: encoding.content_type(),
            extra: Vec::new(),
        }
    }

    /// One more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.extra.push((name, value.into()));
        self
    }

    /// Calls `visit` with all of them, ready to be appended.
    pub fn headers<T>(&self, visit: impl FnOnce(&[(&str, &[u8])]) -> T) -> T {
        let mut headers: Vec<(&str, &[u8])> = vec![
            ("ce_specversion", b"1.0"),
            ("ce_id", self.id.as_bytes()),
            ("ce_source", self.source.as_bytes()),
            ("ce_type", self.kind.as_bytes()),
            ("ce_time", self.time.as_bytes()),
            ("content-type", self.content_type.as_bytes()),
        ];
        headers.extend(self.extra.iter().map(|(name, value)| (*name, value.as_bytes())));
        visit(&headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_passed_on_and_nothing_else_is() {
        let good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(passed_on(good.as_bytes()).as_deref(), Some(good));
        assert_eq!(passed_on(b"00-jane@acme.com"), None);
        assert_eq!(passed_on(&[b'a'; TRACE_BYTES + 1]), None);
    }
}
