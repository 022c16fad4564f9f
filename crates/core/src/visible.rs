//! Foreign text made safe to look at: nothing in it moves a cursor, turns a line, or hides.
//!
//! Everything that shows data to a person uses the same list of characters: the terminal escapes them, a mail loses
//! them.

use std::borrow::Cow;
use std::fmt::Write as _;

/// True for a character that acts instead of being seen: controls, bidirectional marks and overrides, line separators,
/// zero-width characters and tags.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// The text with each hidden character as its code, such as `\u{1b}`; `\n`, `\r` and `\t` as these two characters.
pub fn escaped(text: &str) -> Cow<'_, str> {
    escaped_but(text, |_| false)
}

/// As [`escaped`], with the line breaks left as they are: for a text of several lines.
pub fn escaped_lines(text: &str) -> Cow<'_, str> {
    escaped_but(text, |c| c == '\n')
}

fn escaped_but(text: &str, kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_shown = |c: char| !is_hidden(c) || kept(c);
    if text.chars().all(is_shown) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_shown(c) {
            shown.push(c);
        } else {
            // A String takes every write.
            let _ = write!(shown, "{}", c.escape_default());
        }
    }
    Cow::Owned(shown)
}

/// The two joiners, which a terminal need not show and which spelling needs in some scripts.
const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];

/// The text on one line for a message: controls and separators become spaces, other hidden characters but joiners go.
pub fn one_line(text: &str) -> String {
    let seen = text.chars().filter_map(|c| match c {
        '\u{2028}' | '\u{2029}' => Some(' '),
        c if c.is_control() => Some(' '),
        c if is_hidden(c) && !JOINERS.contains(&c) => None,
        c => Some(c),
    });
    let spaced: String = seen.collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text of several lines for a message: line breaks, tabs and joiners stay, other hidden characters go.
pub fn plain_lines(text: &str) -> Cow<'_, str> {
    let is_kept = |c: char| !is_hidden(c) || matches!(c, '\n' | '\t') || JOINERS.contains(&c);
    if text.chars().all(is_kept) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|c| is_kept(*c)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_shown_as_its_code() {
        let table = [
            ("plain, Société 北京 🙂", "plain, Société 北京 🙂"),
            ("\u{1b}[2Jgone", "\\u{1b}[2Jgone"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("a\r\nb\tc", "a\\r\\nb\\tc"),
            ("\u{9b}31m\u{7f}\0", "\\u{9b}31m\\u{7f}\\u{0}"),
            ("\u{202e}gpj.exe\u{2066}\u{2069}\u{61c}", "\\u{202e}gpj.exe\\u{2066}\\u{2069}\\u{61c}"),
            ("a\u{200b}b\u{200d}c\u{feff}d\u{2060}\u{ad}", "a\\u{200b}b\\u{200d}c\\u{feff}d\\u{2060}\\u{ad}"),
            ("\u{2028}\u{2029}\u{e0041}\u{3164}", "\\u{2028}\\u{2029}\\u{e0041}\\u{3164}"),
        ];
        for (text, shown) in table {
            assert_eq!(escaped(text), shown);
            assert!(!escaped(text).chars().any(is_hidden));
        }
        assert_eq!(escaped_lines("a\nb\u{1b}\n"), "a\nb\\u{1b}\n");
    }

    #[test]
    fn a_message_has_no_hidden_character_and_keeps_its_words_apart() {
        assert_eq!(one_line(" A\r\nBcc: x\u{202e}y\u{200b}z\u{2028}w\u{85}v "), "A Bcc: xyz w v");
        assert_eq!(plain_lines("a\r\n\tb\u{202e}\u{1b}[1m\n"), "a\n\tb[1m\n");
        assert!(matches!(plain_lines("a\nb"), Cow::Borrowed(_)));
        assert_eq!(one_line("می\u{200c}خواهم"), "می\u{200c}خواهم");
    }
}
