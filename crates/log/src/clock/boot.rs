//! The time since the machine booted, with its sleep where the system counts that.

use std::time::Instant;

use winback_core::time::Span;

/// One source for the whole process: two of them do not agree.
pub(super) enum Boot {
    /// `CLOCK_BOOTTIME`, which goes on while the machine sleeps.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    Boottime,
    /// Monotonic time since the process began, which may stand still while the machine sleeps: then the wall clock seems to
    /// jump when it wakes, and is believed ten minutes later.
    Monotonic(Instant),
}

impl Boot {
    pub(super) fn new() -> Self {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        if boottime().is_some() {
            return Self::Boottime;
        }
        Self::Monotonic(Instant::now())
    }

    pub(super) const fn counts_sleep(&self) -> bool {
        !matches!(self, Self::Monotonic(_))
    }

    pub(super) fn passed(&self) -> Span {
        match self {
            #[cfg(any(target_os = "linux", target_os = "android"))]
            Self::Boottime => boottime().unwrap_or(Span::ZERO),
            Self::Monotonic(began) => {
                Span::from_millis(i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX))
            }
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn boottime() -> Option<Span> {
    use rustix::time::{DynamicClockId, clock_gettime_dynamic};
    let time = clock_gettime_dynamic(DynamicClockId::Boottime).ok()?;
    Some(Span::from_millis(time.tv_sec.saturating_mul(1_000).saturating_add(time.tv_nsec / 1_000_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_passes_by_the_boot_clock() {
        let boot = Boot::new();
        let (first, began) = (boot.passed(), Instant::now());
        while began.elapsed().as_millis() < 3 {
            std::hint::spin_loop();
        }
        assert!(boot.passed() > first);
        assert!(boot.counts_sleep() || !cfg!(target_os = "linux"));
    }
}
