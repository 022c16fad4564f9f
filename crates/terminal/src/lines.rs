//! The output of commands that write: results on standard output, questions and progress on standard error.

use std::io::{IsTerminal as _, Write as _};

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::door;

/// Anything shorter is over before a bar is read.
const WORTH_A_BAR: u64 = 20_000;

/// Writes a line of the result. A reader that went away (`| head`) is no error.
///
/// # Errors
/// When standard output cannot be written.
pub fn print_line(line: &str) -> std::io::Result<()> {
    match writeln!(anstream::stdout(), "{}", door::fit(line)) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Writes a result: one object as a line with `--json`, a sentence without.
///
/// # Errors
/// When standard output cannot be written.
pub fn print(json: bool, value: &Value, text: &str) -> std::io::Result<()> {
    if json { print_line(&door::json(&value.to_string())) } else { print_line(text) }
}

/// Writes a line for the person beside the result: a remark, a warning, an error.
pub fn print_note(line: &str) {
    // Nobody is left to hear that standard error is closed.
    let _ = writeln!(anstream::stderr(), "{}", door::fit(line));
}

/// Formats a line of the result, and writes it with [`print_line`].
#[macro_export]
macro_rules! show {
    ($($text:tt)*) => { $crate::print_line(&format!($($text)*)) };
}

/// Formats a line for the person, and writes it with [`print_note`].
#[macro_export]
macro_rules! note {
    ($($text:tt)*) => { $crate::print_note(&format!($($text)*)) };
}

/// `1 row`, `12,480 rows`.
pub fn counted(number: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// A bar on a terminal for `count` records; none for few, and none where nobody looks.
pub fn bar(count: u64) -> ProgressBar {
    if count < WORTH_A_BAR || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(count);
    // The template is a constant: were it wrong, the default would do.
    let style = ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len} · {per_sec} · {eta}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar
}

/// Asks on the terminal; `None` where there is none to ask.
///
/// # Errors
/// When the terminal cannot be read.
pub fn ask(question: &str) -> std::io::Result<Option<bool>> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(None);
    }
    write!(anstream::stderr(), "{} (y/N) ", door::fit(question))?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(Some(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")))
}

/// `12,480`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
