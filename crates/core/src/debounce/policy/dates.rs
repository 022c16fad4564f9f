//! Dates that may start something alone, and those on which nothing starts.

use jiff::Timestamp;
use jiff::civil::Date;

use super::civil::time_zone;
use super::entries::days_since_churn;
use super::windows::{default_window, least_window, whole_days};
use crate::account::{Account, Reason};
use crate::debounce::model::cap::{Cap, CapScope, CapWindow};
use crate::debounce::model::entry::Entry;
use crate::debounce::model::evidence::Evidence;
use crate::debounce::model::policy::{Blackout, TIME_BASED_YEAR, TimeBased};
use crate::signal::KindTrait;
use crate::time::{Span, Time};

/// True when nothing but dates speaks for a trigger of this evidence. The evidence of the cool-down before does not count.
pub fn only_time_based(evidence: &Evidence) -> bool {
    !evidence.parts.is_empty() && evidence.parts.iter().all(|part| part.kind.is(KindTrait::Date))
}

/// True when the date that speaks is the account's own earliest one.
pub(crate) fn is_own_date(evidence: &Evidence) -> bool {
    let own = Entry::Earliest;
    evidence.parts.iter().any(|part| part.kind == own.kind() && part.class == own.as_str())
}

/// The cap that no policy lifts.
pub(crate) const fn hard_cap(rules: &TimeBased) -> Cap {
    Cap { scope: CapScope::TimeBased, max: rules.max_a_year, window: CapWindow::Rolling(TIME_BASED_YEAR) }
}

/// The time after they left from which a date alone may speak to accounts of this reason.
fn window(rules: &TimeBased, reason: Reason) -> Span {
    rules.windows.get(&reason).copied().unwrap_or(default_window(reason))
}

/// True while it is too early after the account left. `own_date`: the account's own earliest date has come, which beats
/// the window of its reason, but nothing that is hard. Days are counted as the calendar does that makes the entries.
pub(crate) fn is_early(rules: &TimeBased, account: &Account, own_date: bool, at: Time) -> bool {
    let window = if own_date { least_window(account.reason) } else { window(rules, account.reason) };
    days_since_churn(account, at) < whole_days(window)
}

/// True on a day on which nothing starts because of a date.
pub(crate) fn is_blacked_out(rules: &TimeBased, zone: Option<&str>, at: Time) -> bool {
    if rules.blackout.is_empty() && rules.quarter_end_days == 0 {
        return false;
    }
    let Ok(stamp) = Timestamp::from_millisecond(at.millis()) else { return false };
    let date = stamp.to_zoned(time_zone(zone)).date();
    is_silent(&rules.blackout, rules.quarter_end_days, date)
}

/// True on a day of the year that is one to be silent on, or one of the last days of its quarter.
pub(crate) fn is_silent(blackout: &[Blackout], quarter_end_days: u8, date: Date) -> bool {
    blackout.iter().any(|dates| dates.holds(date)) || ends_a_quarter(date, quarter_end_days)
}

/// True on the last so many days of a quarter.
pub fn ends_a_quarter(date: Date, days: u8) -> bool {
    let left = i16::from(date.days_in_month()) - i16::from(date.day());
    date.month() % 3 == 0 && left < i16::from(days)
}
