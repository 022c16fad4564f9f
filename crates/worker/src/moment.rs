//! The moment of sending (DOMAIN, *When*): not at a quarter's end, not in a blackout, not in the account's quiet hours.
//!
//! The worker hands a message over at once and says from when on it may go out: who sends it (a person with a draft, the
//! receiver's automation) waits until then. Held here, it would hold up every trigger behind it in its partition.

use jiff::civil::{Date, DateTime, Time as TimeOfDay};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, ToSpan, Zoned};
use serde::{Deserialize, Serialize};
use winback_core::closed_enum;
use winback_core::debounce::{Blackout, ends_a_quarter};
use winback_core::outreach::Sending;
use winback_core::time::Time;

use crate::config::WorkerConfigError;

/// Whatever is forbidden ends within a year; each day takes two steps at most.
const MOST_STEPS: usize = 800;
/// A year that has all days.
const LEAP_YEAR: i16 = 2024;

/// `[worker.send]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SendConfig {
    /// The account's quiet hours begin, by its own clock.
    pub quiet_from: String,
    /// They end; the same time as `quiet_from` means that there are none.
    pub quiet_to: String,
    /// The zone of accounts whose own is not known.
    pub zone: String,
    /// Nothing is sent on the last so many days of a quarter.
    pub quarter_end_days: u8,
    /// Days of every year on which nothing is sent.
    pub blackout: Vec<BlackoutDays>,
}

/// Days of every year, both included; from a later to an earlier one it goes over the turn of the year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlackoutDays {
    /// Month and day, such as 12-20.
    pub from: String,
    /// Month and day.
    pub to: String,
}

impl Default for SendConfig {
    fn default() -> Self {
        Self {
            quiet_from: "20:00".to_owned(),
            quiet_to: "08:00".to_owned(),
            zone: "UTC".to_owned(),
            quarter_end_days: 3,
            blackout: Vec::new(),
        }
    }
}

closed_enum! {
    /// The reason why a message has to wait.
    Obstacle {
        /// Everybody is busy closing the quarter.
        QuarterEnd = "quarter_end",
        /// Days that the deployment leaves out.
        Blackout = "blackout",
        /// It is night where they are.
        QuietHours = "quiet_hours",
    }
}

/// The time at which a message may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moment {
    /// At once.
    Now,
    /// Not before a time.
    Later {
        /// The first moment that is allowed.
        at: Time,
        /// The same by the account's clock, for a person.
        local: String,
        /// The obstacles, each once, in the order of time.
        why: Vec<Obstacle>,
    },
}

impl Moment {
    /// The words of the action and the draft about it.
    pub fn told(&self) -> Option<String> {
        let Self::Later { local, why, .. } = self else { return None };
        let why: Vec<&str> = why.iter().map(|obstacle| obstacle.as_str()).collect();
        Some(format!("not before {local} ({})", why.join(", ")))
    }
}

/// The checked settings.
#[derive(Clone, Debug)]
pub struct SendTimes {
    quiet: (TimeOfDay, TimeOfDay),
    zone: String,
    quarter_end_days: u8,
    blackout: Vec<Blackout>,
}

impl SendTimes {
    /// Reads the settings.
    ///
    /// # Errors
    /// When one is no time, day or zone, or when they leave no day of the year.
    pub fn of(config: &SendConfig) -> Result<Self, WorkerConfigError> {
        if TimeZoneDatabase::bundled().get(&config.zone).is_err() {
            return Err(wrong("send.zone", &config.zone, "write a zone's IANA name, such as Europe/Berlin"));
        }
        let times = Self {
            quiet: (
                time_of_day("send.quiet_from", &config.quiet_from)?,
                time_of_day("send.quiet_to", &config.quiet_to)?,
            ),
            zone: config.zone.clone(),
            quarter_end_days: config.quarter_end_days,
            blackout: config.blackout.iter().map(blackout).collect::<Result<_, _>>()?,
        };
        if days_of(LEAP_YEAR).all(|date| times.forbids(date).is_some()) {
            let fix = "leave days on which something may be sent";
            return Err(wrong("send.blackout", "every day of the year", fix));
        }
        Ok(times)
    }

    /// The same settings as due times of sequences take them; nothing of a sequence is due on a week-end.
    pub fn sending(&self) -> Sending {
        let minute = |time: TimeOfDay| {
            u16::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).unwrap_or_default()
        };
        Sending {
            quiet: (minute(self.quiet.0), minute(self.quiet.1)),
            blackout: self.blackout.clone(),
            quarter_end_days: self.quarter_end_days,
            default_zone: self.zone.clone(),
            ..Sending::default()
        }
    }

    /// The time at which a message to an account of that zone may be sent, asked at `now`. A function of its
    /// arguments.
    pub fn send_at(&self, now: Time, zone: &str) -> Moment {
        let (name, zone) = self.zone_of(zone);
        let Ok(asked) = Timestamp::from_millisecond(now.millis()) else { return Moment::Now };
        let mut at = asked.to_zoned(zone);
        let mut why = Vec::new();
        for _ in 0..MOST_STEPS {
            let Some((obstacle, until)) = self.obstacle(&at) else { break };
            if !why.contains(&obstacle) {
                why.push(obstacle);
            }
            at = until;
        }
        if at.timestamp() <= asked {
            return Moment::Now;
        }
        let local = format!("{} in {name}", at.strftime("%Y-%m-%d %H:%M"));
        Moment::Later { at: Time::from_millis(at.timestamp().as_millisecond()), local, why }
    }

    /// The account's own zone where the name is one, else the deployment's.
    fn zone_of<'a>(&'a self, name: &'a str) -> (&'a str, TimeZone) {
        let known = |name: &'a str| TimeZoneDatabase::bundled().get(name).ok().map(|zone| (name, zone));
        known(name).or_else(|| known(&self.zone)).unwrap_or(("UTC", TimeZone::UTC))
    }

    /// The obstacle at that moment, and its end.
    fn obstacle(&self, at: &Zoned) -> Option<(Obstacle, Zoned)> {
        let tomorrow = at.date().checked_add(1.day()).ok()?;
        let (obstacle, until) = match self.forbids(at.date()) {
            Some(obstacle) => (obstacle, tomorrow.to_datetime(TimeOfDay::midnight())),
            None => (Obstacle::QuietHours, self.quiet_until(at.datetime(), tomorrow)?),
        };
        Some((obstacle, until.to_zoned(at.time_zone().clone()).ok()?))
    }

    fn quiet_until(&self, at: DateTime, tomorrow: Date) -> Option<DateTime> {
        let ((from, to), time) = (self.quiet, at.time());
        let quiet = if from <= to { from <= time && time < to } else { time >= from || time < to };
        let day = if time < to { at.date() } else { tomorrow };
        quiet.then(|| day.to_datetime(to))
    }

    fn forbids(&self, date: Date) -> Option<Obstacle> {
        if ends_a_quarter(date, self.quarter_end_days) {
            return Some(Obstacle::QuarterEnd);
        }
        self.blackout.iter().any(|days| days.holds(date)).then_some(Obstacle::Blackout)
    }
}

fn days_of(year: i16) -> impl Iterator<Item = Date> {
    let first = Date::new(year, 1, 1).ok();
    std::iter::successors(first, move |day| day.tomorrow().ok().filter(|next| next.year() == year))
}

fn time_of_day(key: &'static str, text: &str) -> Result<TimeOfDay, WorkerConfigError> {
    text.parse().map_err(|_| wrong(key, text, "write a time of day such as 20:00"))
}

fn blackout(days: &BlackoutDays) -> Result<Blackout, WorkerConfigError> {
    let day = |text: &str| {
        Blackout::day(text).ok_or_else(|| wrong("send.blackout", text, "write month and day such as 12-20"))
    };
    Ok(Blackout { from: day(&days.from)?, to: day(&days.to)? })
}

fn wrong(key: &'static str, value: &str, fix: &str) -> WorkerConfigError {
    WorkerConfigError { key, value: value.to_owned(), fix: fix.to_owned() }
}
