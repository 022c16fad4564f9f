//! A day of signals, played fast: what `make run` shows.
//!
//! The log, the lanes and the player share one clock that runs a day behind the world and catches up with it, so that
//! every rule sees a day pass. When it has caught up, the same log is run at the world's pace.

mod clock;
mod play;
mod tell;

pub(crate) use clock::FastClock;
pub(crate) use play::{AGO, Player, REST};
pub(crate) use tell::Teller;
