//! Logs on standard error: for a person, or one JSON object a line.
//!
//! Standard output is the command line's and never gets a log line. What repeats is told once in a while with how often
//! it happened ([`RateLimit`]).

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use crate::masking::Masking;
use tracing::Subscriber;
use tracing_subscriber::filter::{EnvFilter, ParseError};
use tracing_subscriber::fmt::MakeWriter;
use winback_core::closed_enum;

closed_enum! {
    /// The format of a log line.
    Format {
        /// For a person.
        Human = "human",
        /// One JSON object a line.
        Json = "json",
    }
}

/// The logging settings, as the config has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The format of a line.
    pub format: Format,
    /// The filter: a level, or directives such as `info,winback_lane=debug`.
    pub filter: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self { format: Format::Human, filter: "info".to_owned() }
    }
}

/// The reason why logging cannot start.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The filter cannot be read.
    #[error("log filter `{filter}`: {why}: write a level (info) or directives (info,winback_lane=debug)")]
    Filter {
        /// The filter.
        filter: String,
        /// The fault.
        why: ParseError,
    },
    /// Somebody else set a global subscriber.
    #[error("logging was already started in this process")]
    Twice,
}

/// Starts logging to standard error for the whole process, with colours on a terminal only.
///
/// # Errors
/// When the filter cannot be read, or logging runs already.
pub fn init(settings: &Settings) -> Result<(), LoggingError> {
    let colours = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let subscriber = subscriber(settings, std::io::stderr, colours)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LoggingError::Twice)?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Tells of a panic of any thread in a log line, which has no mail address in it: a panic can quote a record.
fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let at = panic.location().map(ToString::to_string).unwrap_or_default();
    let why = panic.payload_as_str().unwrap_or_default();
    tracing::error!(thread = thread.name().unwrap_or_default(), at, why, "a thread panicked");
}

/// The subscriber of [`init`], with the caller's writer.
///
/// # Errors
/// If the filter cannot be read.
pub fn subscriber<W>(
    settings: &Settings,
    writer: W,
    colours: bool,
) -> Result<Box<dyn Subscriber + Send + Sync>, LoggingError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder()
        .parse(&settings.filter)
        .map_err(|why| LoggingError::Filter { filter: settings.filter.clone(), why })?;
    let lines =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(Masking(writer, settings.format));
    Ok(match settings.format {
        Format::Human => Box::new(lines.with_ansi(colours).finish()),
        Format::Json => Box::new(lines.json().flatten_event(true).finish()),
    })
}

/// Lets one message through in each interval, and counts the others.
#[derive(Clone, Debug)]
pub struct RateLimit {
    every: Duration,
    last: Option<Instant>,
    held: u64,
}

impl RateLimit {
    /// At most one message in `every`.
    pub const fn new(every: Duration) -> Self {
        Self { every, last: None, held: 0 }
    }

    /// The decision to log at `now`: `Some` with the number of lines that were held back since the last one, or
    /// `None`.
    pub fn check(&mut self, now: Instant) -> Option<u64> {
        if self.last.is_some_and(|last| now.saturating_duration_since(last) < self.every) {
            self.held += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.held))
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(settings: &Settings, colours: bool) -> String {
        let page = Page::default();
        let writer = page.clone();
        let subscriber = subscriber(settings, move || writer.clone(), colours).unwrap();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(topic = "web", "joined");
            tracing::debug!("not asked for");
        });
        String::from_utf8(page.0.lock().clone()).unwrap()
    }

    #[test]
    fn a_person_gets_plain_lines_and_colours_only_where_they_show() {
        let plain = logged(&Settings::default(), false);
        assert!(plain.ends_with("joined topic=\"web\"\n"), "{plain}");
        assert!(!plain.contains('\u{1b}') && !plain.contains("not asked for"));
        assert!(logged(&Settings::default(), true).contains('\u{1b}'));
    }

    #[test]
    fn json_is_one_object_a_line_with_the_fields_at_the_top() {
        let settings = Settings { format: Format::Json, filter: "debug".to_owned() };
        let lines = logged(&settings, true);
        let objects: Vec<serde_json::Value> =
            lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(objects.len(), 2);
        assert_eq!(objects[0]["topic"], "web");
        assert_eq!(objects[0]["message"], "joined");
    }

    #[test]
    fn no_line_of_either_format_holds_an_address_in_message_field_span_or_error() {
        for format in [Format::Human, Format::Json] {
            let page = Page::default();
            let writer = page.clone();
            let settings = Settings { format, filter: "trace".to_owned() };
            let subscriber = subscriber(&settings, move || writer.clone(), false).unwrap();
            let error = io::Error::other("no contact \"zq7 doe\"@acme.com");
            tracing::subscriber::with_default(subscriber, || {
                let _span = tracing::info_span!("row", contact = "zq7%40acme.com").entered();
                tracing::info!(text = "zq7&#64;acme.com", bytes = ?"zq7\u{200b}@acme.com", "asked zq7@acme.com");
                tracing::warn!(%error, why = "zq7＠acme.com", "zq7%2540acme.com\nzq7@acme.com");
            });
            let lines = String::from_utf8(page.0.lock().clone()).unwrap();
            assert!(lines.matches("(address)").count() >= 8, "{lines}");
            assert!(!lines.contains("zq7"), "{lines}");
            if format == Format::Json {
                lines.lines().for_each(|line| drop(serde_json::from_str::<serde_json::Value>(line).unwrap()));
            }
        }
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_named_with_the_fix() {
        let filter = Settings { format: Format::Human, filter: "info,=,".to_owned() };
        let wrong = subscriber(&filter, io::stderr, false).err().unwrap();
        assert!(wrong.to_string().starts_with("log filter `info,=,`: "), "{wrong}");
    }

    #[test]
    fn one_message_an_interval_passes_and_tells_how_many_did_not() {
        let now = Instant::now();
        let after = |millis| now + Duration::from_millis(millis);
        let mut limit = RateLimit::new(Duration::from_secs(1));
        assert_eq!(limit.check(now), Some(0));
        assert_eq!(limit.check(after(10)), None);
        assert_eq!(limit.check(after(999)), None);
        assert_eq!(limit.check(after(1_000)), Some(2));
        assert_eq!(limit.check(after(3_000)), Some(0));
    }
}
