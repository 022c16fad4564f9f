//! The settings that due times depend on: records of the inbox.

use super::sequence::DAY_MINUTES;
use crate::debounce::model::policy::Blackout;
use crate::time::Span;

/// The days and hours on which touches may be due, and who does the tasks that nobody owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sending {
    /// The local minutes from which on, and up to which, nothing is due; equal: no such time.
    pub quiet: (u16, u16),
    /// True when Saturdays and Sundays are days like others.
    pub weekends: bool,
    /// Days of the year on which nothing is due.
    pub blackout: Vec<Blackout>,
    /// The last so many days of each quarter are such days, too.
    pub quarter_end_days: u8,
    /// The zone of accounts without one; empty: UTC.
    pub default_zone: String,
    /// The time over which touches of one hour are spread.
    pub spread: Span,
    /// Does the tasks of accounts without an owner; empty: nobody.
    pub fallback_owner: String,
}

impl Default for Sending {
    /// From eight to eight on working days, spread over half an hour.
    fn default() -> Self {
        Self {
            quiet: (20 * 60, 8 * 60),
            weekends: false,
            blackout: Vec::new(),
            quarter_end_days: 0,
            default_zone: String::new(),
            spread: Span::from_mins(30),
            fallback_owner: String::new(),
        }
    }
}

impl Sending {
    /// The first minute of the day from `from` on that is not quiet; `None` when the rest of the day is.
    pub(crate) const fn first_minute(&self, from: u16) -> Option<u16> {
        let (begin, end) = self.quiet;
        let is_quiet = if begin <= end { begin <= from && from < end } else { from >= begin || from < end };
        match (is_quiet, from < end) {
            (false, _) => Some(from),
            (true, true) if end < DAY_MINUTES => Some(end),
            (true, _) => None,
        }
    }
}
