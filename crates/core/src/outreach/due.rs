//! Due times (S2): civil days in the account's zone, quiet hours, week-ends, silent days, local times that do not exist.

use jiff::Timestamp;
use jiff::civil::{Date, Time as Clock, Weekday};
use jiff::tz::{AmbiguousOffset, TimeZone};

use super::sending::Sending;
use crate::debounce::policy::civil::Day;
use crate::debounce::policy::dates::is_silent;
use crate::time::{Span, Time};

/// A day is looked for this far.
const FOUND_WITHIN_DAYS: i32 = 800;
/// The milliseconds of a minute.
const MINUTE: i64 = 60_000;

/// The parts of a step's due time.
#[derive(Clone, Copy, Debug)]
pub struct DueRule<'a> {
    /// The account's zone.
    pub zone: &'a TimeZone,
    /// The settings.
    pub sending: &'a Sending,
    /// The beginning of the enrolment.
    pub started_at: Time,
    /// The step's day; 1 is that of the enrolment.
    pub day: u32,
    /// The step's minute of the day; `None` for at once.
    pub minute: Option<u16>,
    /// The end of the gap behind the last touch.
    pub gap_end: Option<Time>,
}

impl DueRule<'_> {
    /// The due time, where nothing keeps the step until `kept_until`; `None` when no day is found.
    pub fn due(&self, kept_until: Option<Time>) -> Option<Time> {
        let (nominal, minute) = self.nominal()?;
        let from = nominal.max(self.gap_end.unwrap_or(nominal)).max(kept_until.unwrap_or(nominal));
        first_allowed(from, minute, self.zone, self.sending)
    }

    /// The nominal time and the least minute of its day. A nominal time before the enrolment is at once.
    fn nominal(&self) -> Option<(Time, u16)> {
        let first = Day::there(self.started_at, self.zone);
        let day = first.plus(i32::try_from(self.day).ok()?.saturating_sub(1));
        let minute = self.minute.unwrap_or(0);
        let nominal = instant(day, i64::from(minute) * MINUTE, self.zone)?;
        Some(if nominal < self.started_at { (self.started_at, 0) } else { (nominal, minute) })
    }
}

/// The end of a gap of civil days behind `from`, to the same wall time.
pub fn days_later(from: Time, days: u32, zone: &TimeZone) -> Time {
    let whole = Span::from_days(i64::from(days));
    let Some((day, of_day)) = local(from, zone) else { return from + whole };
    let Ok(days) = i32::try_from(days) else { return from + whole };
    instant(day.plus(days), of_day, zone).unwrap_or(from + whole)
}

/// The least time from `from` on that is allowed, on each day not before its `minute`.
pub fn first_allowed(from: Time, minute: u16, zone: &TimeZone, sending: &Sending) -> Option<Time> {
    let (first, of_day) = local(from, zone)?;
    for later in 0..=FOUND_WITHIN_DAYS {
        let day = first.plus(later);
        if !is_allowed(day, sending) {
            continue;
        }
        let floor =
            if later == 0 { of_day.max(i64::from(minute) * MINUTE) } else { i64::from(minute) * MINUTE };
        let Some(at) = first_loud(floor, sending) else { continue };
        if later == 0 && at == of_day {
            return Some(from);
        }
        // A time that comes twice is the first, which may be past.
        return instant(day, at, zone).map(|at| at.max(from));
    }
    None
}

/// The first millisecond of the day from `floor` on that is not quiet.
fn first_loud(floor: i64, sending: &Sending) -> Option<i64> {
    let minute = u16::try_from(floor.div_euclid(MINUTE)).ok()?;
    let loud = sending.first_minute(minute)?;
    Some(if loud == minute { floor } else { i64::from(loud) * MINUTE })
}

fn is_allowed(day: Day, sending: &Sending) -> bool {
    let Some(date) = date(day) else { return false };
    let is_weekend = matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday);
    (sending.weekends || !is_weekend) && !is_silent(&sending.blackout, sending.quarter_end_days, date)
}

fn date(day: Day) -> Option<Date> {
    let (year, month, day) = day.ymd();
    let number = |part: i32| i8::try_from(part).ok();
    Date::new(i16::try_from(year).ok()?, number(month)?, number(day)?).ok()
}

/// The civil day and the milliseconds of it.
fn local(at: Time, zone: &TimeZone) -> Option<(Day, i64)> {
    let there = Timestamp::from_millisecond(at.millis()).ok()?.to_zoned(zone.clone());
    let clock = there.time();
    let secs = i64::from(clock.hour()) * 3_600 + i64::from(clock.minute()) * 60 + i64::from(clock.second());
    Some((Day::there(at, zone), secs * 1_000 + i64::from(clock.millisecond())))
}

/// The time of that wall clock. One that is skipped is the end of the gap; one that comes twice is the first.
fn instant(day: Day, of_day: i64, zone: &TimeZone) -> Option<Time> {
    let clock = Clock::midnight().checked_add(jiff::SignedDuration::from_millis(of_day)).ok()?;
    let there = date(day)?.to_datetime(clock);
    let ambiguous = zone.to_ambiguous_timestamp(there);
    let stamp = match ambiguous.offset() {
        AmbiguousOffset::Gap { after, .. } => {
            let before = after.to_timestamp(there).ok()?;
            zone.following(before).next().map_or(before, |change| change.timestamp())
        }
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => ambiguous.compatible().ok()?,
    };
    Some(Time::from_millis(stamp.as_millisecond()))
}
