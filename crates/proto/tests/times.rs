//! Times at their limits: the one way from the core's time to the wire's and back neither panics nor loses a millisecond.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

use proptest::prelude::*;
use winback_core::time::Time;
use winback_proto::Timestamp;

/// The first and the last moment of the years 1, 9999 and 10000, of jiff's calendar and of what a number holds.
const LIMITS: [i64; 14] = [
    i64::MIN,
    i64::MIN + 1,
    -377_705_116_800_001,
    -377_705_116_800_000,
    -62_135_596_800_001,
    -62_135_596_800_000,
    -1,
    0,
    1,
    253_402_207_200_999,
    253_402_300_799_999,
    253_402_300_800_000,
    i64::MAX - 1,
    i64::MAX,
];

fn any_millis() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i64>(),
        prop::sample::select(LIMITS.to_vec()),
        -1_000_000_000_000_000..1_000_000_000_000_000_i64
    ]
}

fn any_seconds() -> impl Strategy<Value = i64> {
    prop_oneof![any_millis(), any_millis().prop_map(|millis| millis / 1_000)]
}

fn is_a_time_of_the_wire(stamp: Timestamp) -> Result<(), TestCaseError> {
    let json = serde_json::to_string(&stamp).unwrap();
    let read: Timestamp = serde_json::from_str(&json).unwrap();
    prop_assert!((0..1_000_000_000).contains(&read.nanos), "{json}");
    let again: Timestamp = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
    prop_assert_eq!(again, read, "what a calendar holds comes back as it went");
    Ok(())
}

proptest! {
    #[test]
    fn every_time_comes_back_to_the_millisecond(millis in any_millis()) {
        let time = Time::from_millis(millis);
        let stamp = Timestamp::from(time);
        prop_assert!((0..1_000_000_000).contains(&stamp.nanos));
        prop_assert_eq!(Time::from(stamp), time);
        is_a_time_of_the_wire(stamp)?;
    }

    #[test]
    fn every_stamp_is_a_time_and_none_overtakes_another(
        a in (any_seconds(), any::<i32>()),
        b in (any_seconds(), any::<i32>()),
    ) {
        let nanos = |stamp: (i64, i32)| i128::from(stamp.0) * 1_000_000_000 + i128::from(stamp.1);
        let time = |(seconds, nanos)| Time::from(Timestamp { seconds, nanos });
        let (first, last) = if nanos(a) <= nanos(b) { (a, b) } else { (b, a) };
        prop_assert!(time(first) <= time(last), "{first:?} {last:?}");
        is_a_time_of_the_wire(Timestamp { seconds: a.0, nanos: a.1 })?;
    }

    #[test]
    fn a_time_within_the_calendar_is_a_date_of_four_digits_in_every_zone(millis in any_millis()) {
        let time = Time::from_millis(millis).within_calendar();
        prop_assert_eq!(time.within_calendar(), time);
        let text = time.to_string();
        prop_assert!(text.len() >= 20 && text.as_bytes()[4] == b'-', "{text}");
        let stamp: jiff::Timestamp = text.parse().unwrap();
        for zone in ["Pacific/Kiritimati", "Etc/GMT+12", "UTC"] {
            let year = stamp.in_tz(zone).unwrap().year();
            prop_assert!((1..=9_999).contains(&year), "{text} in {zone}");
        }
    }
}

#[test]
fn what_is_beyond_the_first_and_the_last_time_is_that_time() {
    let time = |seconds, nanos| Time::from(Timestamp { seconds, nanos });
    assert_eq!((time(i64::MIN, 0), time(i64::MAX, 999_999_999)), (Time::MIN, Time::MAX));
    assert_eq!((time(i64::MIN, i32::MAX), time(i64::MAX, i32::MIN)), (Time::MIN, Time::MAX));
    for millis in LIMITS {
        let time = Time::from_millis(millis);
        assert_eq!(Time::from(&Timestamp::from(time)), time);
    }
    let year_10_000 = Time::from_millis(253_402_300_800_000);
    assert_eq!(year_10_000.within_calendar().to_string(), "9999-12-30T00:00:00Z");
}
