//! Writes a generated day into the log as its clock reaches each signal.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use winback_core::time::Span;
use winback_generate::{Generator, Signal};
use winback_log::{Append, Clock, LogError, SharedLog, Writer};

/// The interval between writes of what has become due.
const BEAT: Duration = Duration::from_millis(20);
/// The length of the day, with an hour for the last bursts to end.
pub(crate) const AGO: Span = Span::from_hours(25);
/// The hour in which nothing happens any more.
pub(crate) const REST: Span = Span::from_hours(1);
/// The extra time for a slow machine, in the world's time. The lanes' waits run as fast as the clock, so they must
/// have ended before it has caught up.
const SPARE: Span = Span::from_secs(60);

/// The time before now at which a day begins that ends before the clock has caught up.
pub(crate) fn ago(pace: u32) -> Span {
    AGO + Span::from_millis(SPARE.millis().saturating_mul(i64::from(pace)))
}

/// Plays in a thread of its own.
pub(crate) struct Player {
    thread: JoinHandle<Result<(), LogError>>,
    stop: Arc<AtomicBool>,
}

impl Player {
    /// Starts to play the generator's signals.
    ///
    /// # Errors
    /// When no thread can be had.
    pub(crate) fn start(
        log: SharedLog,
        clock: Arc<dyn Clock>,
        generator: Generator,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = stop.clone();
        let thread = std::thread::Builder::new().name("winback-player".to_owned());
        let thread = thread.spawn(move || play(&log, &*clock, &generator, &asked))?;
        Ok(Self { thread, stop })
    }

    /// True if the day is over, or could not be written.
    pub(crate) fn is_over(&self) -> bool {
        self.thread.is_finished()
    }

    /// Stops, and says how it went.
    ///
    /// # Errors
    /// What the log said.
    pub(crate) fn end(self) -> Result<(), LogError> {
        self.stop.store(true, Ordering::Release);
        self.thread
            .join()
            .unwrap_or_else(|_| Err(LogError::Fatal("the player's thread panicked: see the log".to_owned())))
    }
}

fn play(
    log: &SharedLog,
    clock: &dyn Clock,
    generator: &Generator,
    stop: &AtomicBool,
) -> Result<(), LogError> {
    let mut writer = log.writer()?;
    for record in generator.signals() {
        while record.append_time > clock.now() {
            writer.flush()?;
            if stop.load(Ordering::Acquire) {
                return Ok(());
            }
            std::thread::park_timeout(BEAT);
        }
        write(&mut *writer, &record)?;
    }
    writer.flush()
}

fn write(writer: &mut dyn Writer, record: &Signal) -> Result<(), LogError> {
    writer.append(&Append {
        topic: &record.topic,
        partition: None,
        key: record.key.as_deref().map(str::as_bytes),
        value: Some(&record.value),
        headers: &[],
        timestamp: Some(record.append_time),
    })
}
