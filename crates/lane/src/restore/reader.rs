//! The reader of the restores: connected when one begins, kept warm for a while, and made anew after a failure.

use std::time::Duration;

use winback_core::ids::Offset;
use winback_core::time::{Span, Time};
use winback_log::{Log, LogError, Message, Reader, SharedLog, TopicPartition};

const POLL_MAX: usize = 4_096;
/// A client takes a while to connect, and in a storm of rebalances one restore follows the other.
const KEPT_WARM: Span = Span::from_secs(30);

/// One reader for all restores of a lane.
pub(super) struct RestoreReader {
    log: SharedLog,
    reader: Option<Box<dyn Reader>>,
    /// The reader reads what the restores want, from where they stand.
    reads: bool,
    /// There has been nothing to read since then.
    rests_since: Option<Time>,
}

impl RestoreReader {
    pub(super) const fn new(log: SharedLog) -> Self {
        Self { log, reader: None, reads: false, rests_since: None }
    }

    pub(super) fn log(&self) -> &dyn Log {
        self.log.as_ref()
    }

    /// True while it reads what the restores want.
    pub(super) const fn is_reading(&self) -> bool {
        self.reader.is_some() && self.reads
    }

    /// The restores want something else.
    pub(super) const fn stop(&mut self) {
        self.reads = false;
    }

    /// There is something to read.
    pub(super) const fn wake(&mut self) {
        self.rests_since = None;
    }

    /// Takes the reader out, or connects one; a caller that fails does not give it back.
    pub(super) fn open(&mut self) -> Result<Box<dyn Reader>, LogError> {
        self.reads = false;
        match self.reader.take() {
            Some(reader) => Ok(reader),
            None => self.log.restore_reader(),
        }
    }

    /// Gives the reader back; `reads` when it reads what the restores want.
    pub(super) fn keep(&mut self, reader: Box<dyn Reader>, reads: bool) {
        (self.reader, self.reads) = (Some(reader), reads);
    }

    /// Polls once; true when something came. A failure drops the reader.
    pub(super) fn poll(&mut self, into: &mut Vec<Message>) -> Result<bool, LogError> {
        into.clear();
        let Some(reader) = &mut self.reader else { return Ok(false) };
        let polled = reader.poll(POLL_MAX, Duration::from_millis(1), into);
        polled.inspect_err(|_| self.reader = None)?;
        Ok(!into.is_empty())
    }

    /// The offset that is read next.
    pub(super) fn position(&self, changelog: &TopicPartition) -> Option<Offset> {
        self.reader.as_ref().and_then(|reader| reader.position(changelog))
    }

    /// Reads nothing; the next restore finds the reader connected, if it comes soon.
    pub(super) fn rest(&mut self, now: Time) {
        let Some(reader) = &mut self.reader else { return };
        if std::mem::take(&mut self.reads) && reader.assign(&[]).is_err() {
            self.reader = None;
            return;
        }
        if now.since(*self.rests_since.get_or_insert(now)) > KEPT_WARM {
            self.reader = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use winback_log::Clock;
    use winback_log_embedded::EmbeddedLog;

    use super::*;

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Time {
            Time::from_millis(0)
        }
    }

    #[test]
    fn a_reader_that_rests_is_kept_for_a_while() {
        let log = Arc::new(EmbeddedLog::simulated(Arc::new(Still)));
        let mut restores = RestoreReader::new(log);
        let reader = restores.open().unwrap();
        restores.keep(reader, true);
        assert!(restores.is_reading());
        restores.rest(Time::from_millis(1_000));
        assert!(!restores.is_reading() && restores.reader.is_some());
        restores.rest(Time::from_millis(31_000));
        assert!(restores.reader.is_some());
        restores.rest(Time::from_millis(31_001));
        assert!(restores.reader.is_none());
    }
}
