//! The styles of text on a terminal, and the escape of values from outside.

use anstyle::{AnsiColor, Style};
use winback_core::visible;

/// A heading or a name.
pub const BOLD: Style = Style::new().bold();
/// A label, or what matters less.
pub const DIM: Style = Style::new().dimmed();
/// The style of triggers.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// The style of faults.
pub const BAD: Style = AnsiColor::Red.on_default();

/// The text in that style.
pub fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// A value from outside as a part of a line: what would move the cursor, colour, hide or turn the line is shown as its
/// code.
pub fn safe(text: &str) -> String {
    visible::escaped(text).into_owned()
}
