//! A list of words that say what a text is: one automaton for all of them, so that a text is read once.
//!
//! A word may say where it counts: `^word` at the beginning of the text, `|word` and `word|` at the edge of a word, so
//! that `|bot|` is not found in `cubot`. `@` is a mail address, not the character. `~word` is harmless: what is found
//! inside of it does not count there. `!word` is an exception: the text is none of them, whatever else it holds.

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError, Match};

/// The meaning of a word that is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sense {
    /// It says what the text is, also inside a device's name.
    Anywhere,
    /// It says what the text is, but not inside a device's name: makers call theirs what they like.
    NotInDevice,
    /// What is found inside of it does not count.
    Harmless,
    /// The text is none of them.
    Exception,
}

/// A word of a list, without its marks.
#[derive(Debug)]
struct Word {
    sense: Sense,
    begins: bool,
    left: bool,
    right: bool,
    address: bool,
}

/// Words of which one says what a text is, whatever the case.
#[derive(Debug)]
pub(crate) struct Words {
    automaton: AhoCorasick,
    words: Vec<Word>,
}

impl Words {
    /// The lines of a list, each with the sense of a line without a mark. `Err` where there are too many.
    pub(crate) fn new<'w>(lines: impl IntoIterator<Item = (&'w str, Sense)>) -> Result<Self, BuildError> {
        let (texts, words): (Vec<_>, Vec<_>) = lines
            .into_iter()
            .map(|(line, sense)| read(line, sense))
            .filter(|(text, _)| !text.is_empty())
            .unzip();
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .build(texts)?;
        Ok(Self { automaton, words })
    }

    /// True if the text holds one of the words that counts where it stands, and no exception.
    pub(crate) fn find(&self, text: &str) -> bool {
        self.find_outside(text, |_| false)
    }

    /// The same, with the places that are inside a device's name.
    pub(crate) fn find_outside(&self, text: &str, in_device: impl Fn(usize) -> bool) -> bool {
        if !self.automaton.is_match(text) {
            return false;
        }
        let (mut found, mut harmless) = (Vec::new(), Vec::new());
        for at in self.automaton.find_overlapping_iter(text) {
            let word = &self.words[at.pattern()];
            if !word.counts(text, &at) {
                continue;
            }
            match word.sense {
                Sense::Exception => return false,
                Sense::Harmless => harmless.push(at.range()),
                Sense::NotInDevice if in_device(at.start()) => {}
                Sense::NotInDevice | Sense::Anywhere => found.push(at.range()),
            }
        }
        let is_harmless = |at: &std::ops::Range<usize>| {
            harmless.iter().any(|all| all.start <= at.start && at.end <= all.end)
        };
        found.iter().any(|at| !is_harmless(at))
    }
}

impl Word {
    fn counts(&self, text: &str, at: &Match) -> bool {
        let inside = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let (before, after) = (&text.as_bytes()[..at.start()], &text.as_bytes()[at.end()..]);
        let begins = !self.begins || before.is_empty();
        let left = !self.left || !inside(before.last());
        let right = !self.right || !inside(after.first());
        begins && left && right && (!self.address || is_address(before, after))
    }
}

fn read(line: &str, plain: Sense) -> (&str, Word) {
    let (line, sense) = match line.split_at_checked(1) {
        Some(("!", word)) => (word.trim(), Sense::Exception),
        Some(("~", word)) => (word.trim(), Sense::Harmless),
        _ => (line, plain),
    };
    let begins = line.len() > 1 && line.starts_with('^');
    let line = if begins { &line[1..] } else { line };
    let left = line.len() > 1 && line.starts_with('|');
    let line = if left { &line[1..] } else { line };
    let right = line.len() > 1 && line.ends_with('|');
    let line = if right { &line[..line.len() - 1] } else { line };
    (line, Word { sense, begins, left, right, address: line == "@" })
}

/// True if the text around an `@` reads as a mail address: somebody to complain to, whom no browser names.
fn is_address(before: &[u8], after: &[u8]) -> bool {
    let domain = |byte: &&u8| byte.is_ascii_alphanumeric() || b".-".contains(byte);
    let host: Vec<u8> = after.iter().take_while(domain).copied().collect();
    let top = host.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    before.last().is_some_and(u8::is_ascii_alphanumeric)
        && host.contains(&b'.')
        && top.len() > 1
        && top.iter().all(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(lines: &[&'static str]) -> Words {
        Words::new(lines.iter().map(|line| (*line, Sense::NotInDevice))).unwrap()
    }

    #[test]
    fn a_word_counts_where_its_marks_say() {
        let table = [
            ("bot", "Cubot", true),
            ("|bot|", "Cubot", false),
            ("|bot|", "a bot/1", true),
            ("|bot", "bots", true),
            ("bot|", "bots", false),
            ("^read", "Readability", true),
            ("^read", "already", false),
            ("@", "me@acme.com", true),
            ("@", "android@62.0.3202", false),
            ("@", "Century@HK", false),
            ("@", "@home.com", false),
        ];
        for (line, text, found) in table {
            assert_eq!(words(&[line]).find(text), found, "{line} in {text}");
        }
    }

    #[test]
    fn a_harmless_word_hides_what_is_inside_and_an_exception_everything() {
        let harmless = words(&["bot", "~cubot"]);
        let judged = ["CUBOT X19", "CUBOT X19 Googlebot", "robot"].map(|text| harmless.find(text));
        assert_eq!(judged, [false, true, true]);
        let exception = words(&["bot", "! kiosk"]);
        assert!(!exception.find("Googlebot in a kiosk"));
    }

    #[test]
    fn a_word_in_a_devices_name_counts_only_where_it_may() {
        let words = Words::new([("spider", Sense::NotInDevice), ("google-", Sense::Anywhere)]).unwrap();
        let judged = ["Spider 8", "Google-Spider"].map(|text| words.find_outside(text, |_| true));
        assert_eq!(judged, [false, true]);
    }
}
