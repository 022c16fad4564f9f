//! A day of signals, played fast: what `make run` shows.
//!
//! The log, the lanes and the player share one clock that began more than a day ago and runs fast, so that every rule sees
//! a day pass. When the day is over, the clock is set to the world's, and the same log, still open, is run at the world's pace.

mod clock;
mod play;
mod printer;

pub(crate) use clock::FastClock;
pub(crate) use play::{AGO, Player, REST, ago};
pub(crate) use printer::Printer;
