//! S2: the time at which a step is due, and the rules that moved it.
//!
//! The time is that of `winback_core::outreach`. The rules are told by switching them on, one after the other.

use jiff::civil::{DateTime, Time as TimeOfDay};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, Zoned};
use winback_core::closed_enum;
use winback_core::outreach::{DueRule, Sending, days_later};
use winback_core::time::Time;

use crate::model::Step;

/// The last days of a quarter on which nothing is sent, where no deployment says otherwise.
const QUARTER_END_DAYS: u8 = 3;

closed_enum! {
    /// The rule that moved a step.
    Shift {
        /// The gap after the touch before it.
        Gap = "gap",
        /// Saturday and Sunday.
        Weekend = "weekend",
        /// The end of a quarter.
        QuarterEnd = "quarter_end",
        /// Days that the deployment leaves out.
        Blackout = "blackout",
        /// It is night where they are.
        QuietHours = "quiet_hours",
    }
}

/// A move to a later time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The rule.
    pub by: Shift,
    /// The local time before.
    pub from: DateTime,
}

/// The time of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// By the account's clock.
    pub local: Zoned,
    /// The rules that moved it, in their order.
    pub moved: Vec<Moved>,
}

impl Due {
    /// The time.
    pub fn at(&self) -> Time {
        Time::from_millis(self.local.timestamp().as_millisecond())
    }
}

/// The settings of sending where no deployment has its own.
pub fn default_sending() -> Sending {
    Sending { quarter_end_days: QUARTER_END_DAYS, ..Sending::default() }
}

/// The days and hours on which something is sent to an account.
#[derive(Clone, Debug)]
pub struct Times<'a> {
    sending: &'a Sending,
    name: &'a str,
    zone: TimeZone,
}

impl<'a> Times<'a> {
    /// Of an account in that zone; in the deployment's where the name is none.
    pub fn new(sending: &'a Sending, zone: &'a str) -> Self {
        let known = |name: &'a str| TimeZoneDatabase::bundled().get(name).ok().map(|zone| (name, zone));
        let found = known(zone).or_else(|| known(&sending.default_zone));
        let (name, zone) = found.unwrap_or(("UTC", TimeZone::UTC));
        Self { sending, name, zone }
    }

    /// The name of the zone.
    pub const fn zone(&self) -> &str {
        self.name
    }

    /// That time by the account's clock; `None` where no calendar has it.
    pub fn local(&self, at: Time) -> Option<Zoned> {
        Some(Timestamp::from_millisecond(at.millis()).ok()?.to_zoned(self.zone.clone()))
    }

    /// The time of a local time such as `2027-02-01T10:00`.
    pub(crate) fn at(&self, local: DateTime) -> Option<Time> {
        let there = local.to_zoned(self.zone.clone()).ok()?;
        Some(Time::from_millis(there.timestamp().as_millisecond()))
    }

    /// The time at which a step of an enrolment is due, and the rules that moved it. `None` where no day is free.
    pub fn due(&self, step: &Step, gap_days: u32, started_at: Time, last: Option<Time>) -> Option<Due> {
        let gap_end = last.map(|last| days_later(last, gap_days, &self.zone));
        let due = |sending: &Sending, gap_end: Option<Time>| {
            let (zone, minute) = (&self.zone, step.hour.map(minute_of));
            DueRule { zone, sending, started_at, day: step.day, minute, gap_end }.due(None)
        };
        let mut sending = Sending {
            quiet: (0, 0),
            weekends: true,
            blackout: Vec::new(),
            quarter_end_days: 0,
            ..self.sending.clone()
        };
        let mut at = due(&sending, None)?;
        let mut moved = Vec::new();
        for by in Shift::ALL {
            match by {
                Shift::Gap => {}
                Shift::Weekend => sending.weekends = self.sending.weekends,
                Shift::QuarterEnd => sending.quarter_end_days = self.sending.quarter_end_days,
                Shift::Blackout => sending.blackout.clone_from(&self.sending.blackout),
                Shift::QuietHours => sending.quiet = self.sending.quiet,
            }
            let next = due(&sending, gap_end)?;
            if next != at {
                moved.push(Moved { by: *by, from: self.local(at)?.datetime() });
                at = next;
            }
        }
        Some(Due { local: self.local(at)?, moved })
    }
}

/// The minute of the day.
pub(crate) fn minute_of(hour: TimeOfDay) -> u16 {
    u16::try_from(i32::from(hour.hour()) * 60 + i32::from(hour.minute())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Condition;
    use crate::words::Channel;

    fn step(day: u32, hour: Option<(i8, i8)>) -> Step {
        Step {
            id: "s".to_owned(),
            day,
            hour: hour.map(|(hour, minute)| TimeOfDay::constant(hour, minute, 0, 0)),
            channel: Channel::Email,
            roles: Vec::new(),
            condition: Condition::default(),
            news: Vec::new(),
            offer: None,
            claim: None,
            content: false,
            experiment: None,
            arms: Vec::new(),
            texts: Vec::new(),
        }
    }

    fn text(due: &Due) -> String {
        let moved: Vec<&str> = due.moved.iter().map(|moved| moved.by.as_str()).collect();
        format!("{} {}", due.local.strftime("%a %d %b %H:%M"), moved.join("+")).trim_end().to_owned()
    }

    #[test]
    fn s2_the_standard_days_fall_on_working_days_and_each_move_names_its_rule() {
        let sending = default_sending();
        let times = Times::new(&sending, "Europe/Berlin");
        let start = times.at("2027-02-01T10:00".parse().unwrap()).unwrap();
        let mut last = None;
        let mut told = Vec::new();
        for (day, hour) in [
            (1, None),
            (7, Some((9, 0))),
            (14, Some((9, 0))),
            (21, Some((9, 0))),
            (30, Some((9, 0))),
            (90, Some((9, 0))),
        ] {
            let due = times.due(&step(day, hour), 3, start, last).unwrap();
            last = Some(due.at());
            told.push(text(&due));
        }
        assert_eq!(
            told,
            [
                "Mon 01 Feb 10:00",
                "Mon 08 Feb 09:00 weekend",
                "Mon 15 Feb 09:00 weekend",
                "Mon 22 Feb 09:00 weekend",
                "Tue 02 Mar 09:00",
                "Mon 03 May 09:00 weekend",
            ]
        );
    }

    #[test]
    fn s2_gaps_nights_quarters_ends_and_skipped_hours_move_a_step() {
        let sending = default_sending();
        let times = Times::new(&sending, "Europe/Berlin");
        let at = |text: &str| times.at(text.parse().unwrap()).unwrap();
        let due = |day, hour, start: &str, last: Option<&str>| {
            text(&times.due(&step(day, hour), 3, at(start), last.map(at)).unwrap())
        };
        // A hold let the touch before it go late.
        assert_eq!(
            due(21, Some((9, 0)), "2027-02-01T10:00", Some("2027-02-22T09:00")),
            "Thu 25 Feb 09:00 gap"
        );
        assert_eq!(due(1, None, "2027-02-01T23:30", None), "Tue 02 Feb 08:00 quiet_hours");
        assert_eq!(due(1, Some((9, 0)), "2027-03-29T08:30", None), "Thu 01 Apr 09:00 quarter_end");
        let open = Sending { quiet: (0, 0), weekends: true, quarter_end_days: 0, ..default_sending() };
        let times = Times::new(&open, "Europe/Berlin");
        let due = times.due(&step(2, Some((2, 30))), 3, at("2027-03-27T10:00"), None).unwrap();
        assert_eq!(text(&due), "Sun 28 Mar 03:00");
    }
}
