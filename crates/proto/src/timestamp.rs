//! `google.protobuf.Timestamp`, with the JSON that proto3 calls canonical: RFC 3339 in UTC with a `Z`.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use winback_core::time::Time;

const MILLIS: i64 = 1_000;
const NANOS_A_MILLI: i32 = 1_000_000;

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

impl From<Time> for Timestamp {
    /// Exact for every time.
    fn from(time: Time) -> Self {
        let of_second = i32::try_from(time.millis().rem_euclid(MILLIS)).unwrap_or_default();
        Self { seconds: time.millis().div_euclid(MILLIS), nanos: of_second * NANOS_A_MILLI }
    }
}

impl From<&Timestamp> for Time {
    /// Parts of a millisecond are cut; what is beyond the first and the last time is that time.
    fn from(stamp: &Timestamp) -> Self {
        let of_second = i128::from(stamp.nanos.div_euclid(NANOS_A_MILLI));
        let millis = i128::from(stamp.seconds) * i128::from(MILLIS) + of_second;
        let edge = if millis < 0 { i64::MIN } else { i64::MAX };
        Self::from_millis(i64::try_from(millis).unwrap_or(edge))
    }
}

/// A time off the wire, where there is one.
pub fn time(stamp: Option<&Timestamp>) -> Option<Time> {
    stamp.map(Time::from)
}

impl From<Timestamp> for Time {
    fn from(stamp: Timestamp) -> Self {
        Self::from(&stamp)
    }
}

impl Serialize for Timestamp {
    /// Three, six or nine digits of a second, or none; what the calendar does not have is its first or last moment.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let edge = if self.seconds < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        // The calendar knows no nanoseconds that are no part of a second; whoever wrote those meant no other second.
        let nanos = self.nanos.clamp(0, 999_999_999);
        let time = jiff::Timestamp::new(self.seconds, nanos).unwrap_or(edge);
        let digits = match nanos {
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
