//! `google.protobuf.Timestamp`, with the JSON that proto3 calls canonical: RFC 3339 in UTC with a `Z`.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time: seconds since the epoch and nanoseconds into them, 0 to 999,999,999.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct Timestamp {
    /// Seconds since 1970-01-01T00:00:00Z.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// Nanoseconds into the second.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

impl Serialize for Timestamp {
    /// Three, six or nine digits of a second, or none; what the calendar does not have is its first or last moment.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let edge = if self.seconds < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        let time = jiff::Timestamp::new(self.seconds, self.nanos).unwrap_or(edge);
        let digits = match self.nanos {
            0 => 0,
            nanos if nanos % 1_000_000 == 0 => 3,
            nanos if nanos % 1_000 == 0 => 6,
            _ => 9,
        };
        serializer.collect_str(&format_args!("{time:.digits$}"))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time such as 2026-01-31T09:00:00Z")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
                let time: jiff::Timestamp = text.parse().map_err(E::custom)?;
                // The nanoseconds of a proto3 timestamp count forward, before 1970, too.
                let (seconds, nanos) = (time.as_second(), time.subsec_nanosecond());
                let before = nanos < 0;
                let nanos = if before { nanos + 1_000_000_000 } else { nanos };
                Ok(Timestamp { seconds: seconds - i64::from(before), nanos })
            }
        }

        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_is_canonical() {
        for (seconds, nanos, text) in [
            (0, 0, "1970-01-01T00:00:00Z"),
            (1_760_000_000, 250_000_000, "2025-10-09T08:53:20.250Z"),
            (1_760_000_000, 250_001_000, "2025-10-09T08:53:20.250001Z"),
            (1_760_000_000, 1, "2025-10-09T08:53:20.000000001Z"),
            (-1, 500_000_000, "1969-12-31T23:59:59.500Z"),
        ] {
            let time = Timestamp { seconds, nanos };
            let json = serde_json::to_string(&time).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), time);
        }
    }

    #[test]
    fn a_time_that_no_calendar_has_is_written_all_the_same() {
        for seconds in [i64::MIN, i64::MAX] {
            serde_json::to_string(&Timestamp { seconds, nanos: 0 }).unwrap();
        }
    }
}
