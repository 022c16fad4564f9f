//! The last step before anything reaches a terminal: what acts on it is shown as its code, whoever wrote it.
//!
//! Colours of winback's own and line breaks pass. A value within a line is escaped where it is put in, too
//! ([`safe`](crate::safe)), so that it cannot begin a line of its own.

use std::borrow::Cow;
use std::fmt::Write as _;

use winback_core::{credentials, visible};

use crate::style::{BAD, BOLD, DIM, GOOD};

/// A text as a terminal may have it.
pub fn fit(text: &str) -> String {
    let styles = styles();
    let text = credentials::masked(text);
    let mut fit = String::with_capacity(text.len());
    let mut rest: &str = &text;
    while let Some(c) = rest.chars().next() {
        let style = if c == '\u{1b}' { styles.iter().find(|style| rest.starts_with(*style)) } else { None };
        let taken = style.map_or(c.len_utf8(), String::len);
        if style.is_some() || c == '\n' || !visible::is_hidden(c) {
            fit.push_str(&rest[..taken]);
        } else {
            // A String takes every write.
            let _ = write!(fit, "{}", c.escape_default());
        }
        rest = &rest[taken..];
    }
    fit
}

/// The sequences that [`styled`](crate::styled) writes.
fn styles() -> Vec<String> {
    let all = [BOLD, DIM, GOOD, BAD];
    all.iter().flat_map(|style| [style.render().to_string(), style.render_reset().to_string()]).collect()
}

/// A line of JSON that reads the same and has no character that acts on a terminal. Such characters stand within strings
/// only, where a code may stand for each.
pub fn json(line: &str) -> Cow<'_, str> {
    if !line.chars().any(visible::is_hidden) {
        return Cow::Borrowed(line);
    }
    let mut fit = String::with_capacity(line.len() + 16);
    for c in line.chars() {
        if visible::is_hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(fit, "\\u{unit:04x}");
            }
        } else {
            fit.push(c);
        }
    }
    Cow::Owned(fit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::styled;

    #[test]
    fn own_styles_and_line_breaks_pass_and_nothing_else_that_acts() {
        let own = format!("{} and {}\nnext", styled(BOLD, "a"), styled(BAD, "b"));
        assert_eq!(fit(&own), own);
        let hostile = "\u{1b}[2J\u{1b}]52;c;x\u{7}\r\u{9b}31m\u{202e}\u{200b}\t";
        let shown = fit(hostile);
        assert_eq!(shown, "\\u{1b}[2J\\u{1b}]52;c;x\\u{7}\\r\\u{9b}31m\\u{202e}\\u{200b}\\t");
        assert_eq!(fit("cannot ask https://me:pa55@host/x"), "cannot ask https://(credentials)@host/x");
    }

    #[test]
    fn json_reads_the_same_without_what_acts() {
        let value = serde_json::json!({ "a\u{7f}": ["\u{9b}31m", "\u{202e}\u{e0041}", "plain ü"] });
        let line = value.to_string();
        let fit = json(&line);
        assert!(!fit.chars().any(visible::is_hidden), "{fit}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&fit).unwrap(), value);
        assert!(fit.contains("plain ü"), "{fit}");
    }
}
