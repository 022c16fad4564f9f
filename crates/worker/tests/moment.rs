//! The moment of sending, as a table: what is asked when and where, and from when on it may be sent.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails it")]

use winback_core::time::Time;
use winback_worker::{BlackoutDays, Moment, SendConfig, SendTimes};

fn time(text: &str) -> Time {
    Time::from_millis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn blackout(from: &str, to: &str) -> Vec<BlackoutDays> {
    vec![BlackoutDays { from: from.to_owned(), to: to.to_owned() }]
}

fn told(config: &SendConfig, now: &str, zone: &str) -> String {
    let moment = SendTimes::of(config).unwrap().send_at(time(now), zone);
    if let Moment::Later { at, .. } = &moment {
        assert!(*at > time(now), "{now} is put off to the past");
    }
    moment.told().unwrap_or_else(|| "now".to_owned())
}

#[test]
fn nothing_is_sent_in_the_accounts_quiet_hours() {
    let night = SendConfig::default();
    for (now, zone, expected) in [
        ("2026-11-18T08:00:00Z", "UTC", "now"),
        ("2026-11-18T19:59:59Z", "UTC", "now"),
        ("2026-11-18T20:00:00Z", "UTC", "not before 2026-11-19 08:00 in UTC (quiet_hours)"),
        ("2026-11-18T07:59:59Z", "UTC", "not before 2026-11-18 08:00 in UTC (quiet_hours)"),
        ("2026-11-18T07:00:00Z", "Europe/Berlin", "now"),
        ("2026-11-18T14:00:00Z", "Asia/Tokyo", "not before 2026-11-19 08:00 in Asia/Tokyo (quiet_hours)"),
        ("2026-11-18T20:00:00Z", "", "not before 2026-11-19 08:00 in UTC (quiet_hours)"),
        ("2026-11-18T20:00:00Z", "Mars/Base", "not before 2026-11-19 08:00 in UTC (quiet_hours)"),
    ] {
        assert_eq!(told(&night, now, zone), expected, "{now} {zone}");
    }
    let noon =
        SendConfig { quiet_from: "12:00".to_owned(), quiet_to: "13:30".to_owned(), ..SendConfig::default() };
    assert_eq!(told(&noon, "2026-11-18T12:30:00Z", ""), "not before 2026-11-18 13:30 in UTC (quiet_hours)");
    assert_eq!(told(&noon, "2026-11-18T23:00:00Z", ""), "now");
    let none = SendConfig { quiet_from: "08:00".to_owned(), ..noon };
    let none = SendConfig { quiet_to: "08:00".to_owned(), ..none };
    assert_eq!(told(&none, "2026-11-18T03:00:00Z", ""), "now");
}

#[test]
fn nothing_is_sent_at_a_quarters_end() {
    let config = SendConfig::default();
    for (now, expected) in [
        ("2026-06-27T12:00:00Z", "now"),
        ("2026-06-28T12:00:00Z", "not before 2026-07-01 08:00 in UTC (quarter_end, quiet_hours)"),
        ("2026-12-31T23:59:59Z", "not before 2027-01-01 08:00 in UTC (quarter_end, quiet_hours)"),
        ("2026-05-31T12:00:00Z", "now"),
    ] {
        assert_eq!(told(&config, now, ""), expected, "{now}");
    }
    let none = SendConfig { quarter_end_days: 0, ..config };
    assert_eq!(told(&none, "2026-06-30T12:00:00Z", ""), "now");
}

#[test]
fn nothing_is_sent_in_the_blackout() {
    let config = SendConfig { blackout: blackout("12-20", "01-03"), ..SendConfig::default() };
    for (now, expected) in [
        ("2026-12-19T12:00:00Z", "now"),
        ("2026-12-20T12:00:00Z", "not before 2027-01-04 08:00 in UTC (blackout, quarter_end, quiet_hours)"),
        ("2027-01-03T12:00:00Z", "not before 2027-01-04 08:00 in UTC (blackout, quiet_hours)"),
        ("2027-01-04T12:00:00Z", "now"),
    ] {
        assert_eq!(told(&config, now, ""), expected, "{now}");
    }
}

#[test]
fn a_change_of_the_clock_puts_nothing_off_to_the_past() {
    let config =
        SendConfig { quiet_from: "01:00".to_owned(), quiet_to: "02:30".to_owned(), ..SendConfig::default() };
    for minutes in 0..300 {
        let now = time("2026-10-25T00:00:00Z").millis() + minutes * 60_000;
        let now = jiff::Timestamp::from_millisecond(now).unwrap().to_string();
        told(&config, &now, "Europe/Berlin");
    }
}

#[test]
fn settings_that_cannot_be_name_key_value_and_fix() {
    let base = SendConfig::default;
    for (config, expected) in [
        (
            SendConfig { quiet_from: "late".to_owned(), ..base() },
            "worker.send.quiet_from = late: write a time of day such as 20:00",
        ),
        (
            SendConfig { quiet_to: "25:00".to_owned(), ..base() },
            "worker.send.quiet_to = 25:00: write a time of day such as 20:00",
        ),
        (
            SendConfig { zone: "Mars/Base".to_owned(), ..base() },
            "worker.send.zone = Mars/Base: write a zone's IANA name, such as Europe/Berlin",
        ),
        (
            SendConfig { blackout: blackout("12-20", "13-01"), ..base() },
            "worker.send.blackout = 13-01: write month and day such as 12-20",
        ),
        (
            SendConfig { blackout: blackout("01-01", "12-31"), ..base() },
            "worker.send.blackout = every day of the year: leave days on which something may be sent",
        ),
    ] {
        assert_eq!(SendTimes::of(&config).unwrap_err().to_string(), expected);
    }
}

#[test]
fn a_moment_at_the_ends_of_time_is_one() {
    let times = SendTimes::of(&SendConfig { quarter_end_days: 14, ..SendConfig::default() }).unwrap();
    for millis in [
        i64::MIN,
        -377_705_116_800_000,
        -62_135_596_800_000,
        253_402_207_200_999,
        253_402_300_800_000,
        i64::MAX,
    ] {
        for zone in ["Pacific/Kiritimati", "Etc/GMT+12", "UTC"] {
            let now = Time::from_millis(millis);
            if let Moment::Later { at, .. } = times.send_at(now, zone) {
                assert!(at > now, "{millis} {zone}");
            }
        }
    }
}
