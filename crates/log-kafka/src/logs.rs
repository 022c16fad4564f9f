//! librdkafka's log lines, passed on at a bearable rate.
//!
//! A broker that is away makes every client say so several times a second. A kind of line is passed on a few times
//! a minute and the rest is counted.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rdkafka::config::RDKafkaLogLevel;

const WINDOW: Duration = Duration::from_secs(60);
const LINES_PER_WINDOW: u32 = 3;

/// Decides by kind of line.
#[derive(Debug, Default)]
pub(super) struct Logs {
    kinds: Mutex<BTreeMap<String, Window>>,
}

#[derive(Debug)]
struct Window {
    since: Instant,
    lines: u32,
}

impl Logs {
    /// Passes a line on, or counts it.
    pub(super) fn take(&self, level: RDKafkaLogLevel, kind: &str, line: &str) {
        let Some(left_out) = self.admit(kind, Instant::now()) else { return };
        match level {
            RDKafkaLogLevel::Emerg
            | RDKafkaLogLevel::Alert
            | RDKafkaLogLevel::Critical
            | RDKafkaLogLevel::Error
            | RDKafkaLogLevel::Warning => {
                tracing::warn!(target: "winback_log::kafka", kind, left_out, "{line}");
            }
            RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
                tracing::debug!(target: "winback_log::kafka", kind, left_out, "{line}");
            }
        }
    }

    /// The number of lines that were left out before this one; `None` leaves this one out, too.
    fn admit(&self, kind: &str, now: Instant) -> Option<u32> {
        let mut kinds = self.kinds.lock();
        let Some(window) = kinds.get_mut(kind) else {
            kinds.insert(kind.to_owned(), Window { since: now, lines: 1 });
            return Some(0);
        };
        if now.saturating_duration_since(window.since) >= WINDOW {
            let left_out = window.lines.saturating_sub(LINES_PER_WINDOW);
            *window = Window { since: now, lines: 1 };
            return Some(left_out);
        }
        window.lines += 1;
        (window.lines <= LINES_PER_WINDOW).then_some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_of_line_passes_a_few_times_a_window_and_the_rest_is_counted() {
        let logs = Logs::default();
        let start = Instant::now();
        let passed: Vec<_> = (0..10).map(|_| logs.admit("FAIL", start)).collect();
        assert_eq!(passed.iter().filter(|line| line.is_some()).count(), 3);
        assert_eq!(logs.admit("OTHER", start), Some(0));
        assert_eq!(logs.admit("FAIL", start + WINDOW), Some(7));
    }
}
