//! The meaning of a receiver's answer.

use jiff::fmt::rfc2822::DateTimeParser;
use winback_core::closed_enum;
use winback_core::time::{Span, Time};

closed_enum! {
    /// The reaction to a status.
    Verdict {
        /// It has it.
        Accepted = "accepted",
        /// Later.
        Retry = "retry",
        /// Nothing will get through until a person mends the endpoint or its settings.
        Stop = "stop",
        /// This one it will never take.
        Refuse = "refuse",
    }
}

impl Verdict {
    /// The verdict on a status code.
    pub const fn of(status: u16) -> Self {
        match status {
            200..=299 => Self::Accepted,
            // A redirect is not followed: the signed message would go where nobody configured it to go.
            300..=399 | 401 | 403 | 404 | 410 => Self::Stop,
            408 | 425 | 429 => Self::Retry,
            400..=499 => Self::Refuse,
            _ => Self::Retry,
        }
    }
}

/// The result of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// The receiver has it.
    Accepted,
    /// Later, and when the receiver wishes it.
    Retry {
        /// The event.
        why: String,
        /// The receiver's wish.
        retry_after: Option<Span>,
    },
    /// The endpoint is no use as it is.
    Stop(String),
    /// The receiver will never take this one.
    Refuse(String),
}

/// `Retry-After`, in seconds or as a date.
pub(super) fn retry_after(value: &str, now: Time) -> Option<Span> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return Some(Span::from_secs(i64::from(seconds)));
    }
    let date = DateTimeParser::new().parse_timestamp(value).ok()?;
    Some(Time::from_millis(date.as_millisecond()).since(now).max(Span::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_verdict() {
        let table = [
            (Verdict::Accepted, &[200, 201, 202, 204, 299][..]),
            (Verdict::Retry, &[408, 425, 429, 500, 502, 503, 504, 599, 100, 600]),
            (Verdict::Stop, &[301, 302, 307, 308, 401, 403, 404, 410]),
            (Verdict::Refuse, &[400, 405, 409, 413, 415, 422, 451, 499]),
        ];
        for (verdict, statuses) in table {
            for status in statuses {
                assert_eq!(Verdict::of(*status), verdict, "{status}");
            }
        }
    }

    #[test]
    fn retry_after_is_read_in_seconds_and_as_a_date() {
        let now = Time::from_millis(784_111_777_000); // 1994-11-06T08:49:37Z
        let table = [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60)),
            ("Sun, 06 Nov 1994 08:00:00 GMT", Some(0)),
            ("soon", None),
            ("-5", None),
            ("1.5", None),
            ("", None),
        ];
        for (value, seconds) in table {
            assert_eq!(retry_after(value, now), seconds.map(Span::from_secs), "{value:?}");
        }
    }
}
