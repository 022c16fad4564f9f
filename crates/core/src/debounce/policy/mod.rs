//! The rules as pure functions of data: gates, caps, dates, the calendar, priority and plays.

pub(crate) mod answers;
pub(crate) mod audience;
pub(crate) mod bound;
pub(crate) mod calendar;
pub(crate) mod caps;
pub(crate) mod civil;
pub(crate) mod dates;
pub(crate) mod entries;
pub(crate) mod gates;
pub(crate) mod judge;
pub(crate) mod plays;
pub(crate) mod priority;
pub(crate) mod reach;
pub(crate) mod shadows;
pub(crate) mod told;
pub(crate) mod validate;
pub(crate) mod windows;
