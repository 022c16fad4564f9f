//! Mail addresses as people and programs write them (RFC 5322): with names, quotes and comments, and several in one value.

use std::borrow::Cow;

use winback_core::identity::Mail;

/// The addresses of a value.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Addresses<'a> {
    /// Each mailbox once, as `local@domain`.
    pub(crate) found: Vec<Cow<'a, str>>,
    /// A part of the value is no address.
    pub(crate) has_unread: bool,
}

/// Characters of an address that is more than `local@domain`.
const MARKS: &[char] = &['"', '(', ')', ',', ';', '<', '>', ':', '\\', ' ', '\t', '\r', '\n'];

/// The addresses in a text, in its order.
pub(crate) fn addresses(text: &str) -> Addresses<'_> {
    let text = text.trim();
    if !text.contains(MARKS) {
        let is_one = Mail::parse(text).is_some();
        let found = if is_one { vec![Cow::Borrowed(text)] } else { Vec::new() };
        return Addresses { found, has_unread: !is_one };
    }
    let mut all = Addresses::default();
    let mut scan = Scan::default();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if !scan.take(c, &mut chars, &mut all) {
            all.has_unread = true;
        }
    }
    if !scan.quoted {
        scan.end(&mut all);
    }
    // A quote or a comment that nobody closed hides what stands behind it.
    all.has_unread |= scan.quoted || scan.depth > 0 || (all.found.is_empty() && !all.has_unread);
    all
}

/// The first address in a text, where there is one.
pub(crate) fn first_address(text: &str) -> Option<Cow<'_, str>> {
    addresses(text).found.into_iter().next()
}

/// The part of a value that is being read.
#[derive(Default)]
struct Scan {
    part: String,
    /// Within a quoted text.
    quoted: bool,
    /// Within so many comments.
    depth: u32,
    /// Within angle brackets, or behind them.
    angle: Angle,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Angle {
    #[default]
    None,
    Within,
    Behind,
}

impl Scan {
    /// Takes a character; `false` where it cannot stand there.
    fn take(&mut self, c: char, rest: &mut std::str::Chars<'_>, all: &mut Addresses<'_>) -> bool {
        match c {
            '\\' => {
                let next = rest.next();
                if self.depth == 0 {
                    self.part.push('\\');
                    self.part.extend(next);
                }
                return next.is_some();
            }
            '"' if self.depth == 0 => {
                self.quoted = !self.quoted;
                self.part.push(c);
            }
            c if self.quoted => self.part.push(c),
            '(' => self.depth += 1,
            ')' if self.depth == 0 => return false,
            ')' => self.depth -= 1,
            _ if self.depth > 0 => {}
            '<' => {
                if self.angle == Angle::Behind {
                    self.end(all);
                }
                // What stands in front of it is a name.
                self.part.clear();
                self.angle = Angle::Within;
            }
            '>' if self.angle == Angle::Within => {
                self.end(all);
                self.angle = Angle::Behind;
            }
            '>' => return false,
            ',' | ';' if self.angle != Angle::Within => self.end(all),
            // The name of a group, or `mailto:`; within brackets also a route, which nobody takes any more.
            ':' if !self.part.contains('@') || self.angle == Angle::Within => self.part.clear(),
            c => self.part.push(c),
        }
        true
    }

    /// Ends an address.
    fn end(&mut self, all: &mut Addresses<'_>) {
        let part = std::mem::take(&mut self.part);
        let is_behind = std::mem::take(&mut self.angle) == Angle::Behind;
        if part.trim().is_empty() || (is_behind && !part.contains('@')) {
            return;
        }
        let compact = compact(&part);
        let words: Vec<&str> = if compact.contains('"') { vec![&compact] } else { words(&compact) };
        for word in words {
            match mailbox(word) {
                Some(one) if all.found.iter().any(|known| known.eq_ignore_ascii_case(&one)) => {}
                Some(one) => all.found.push(Cow::Owned(one)),
                None => all.has_unread = true,
            }
        }
    }
}

/// The words of a part: several addresses between blanks are several, anything else is one.
fn words(part: &str) -> Vec<&str> {
    let words: Vec<&str> = part.split_whitespace().collect();
    if words.iter().all(|word| word.contains('@')) { words } else { vec![part] }
}

/// The part without the blanks that may stand around `@` and `.`, and without what follows an address in a link.
fn compact(part: &str) -> String {
    let part = part.trim();
    let part = part.split_once('?').map_or(part, |(head, _)| if head.contains('@') { head } else { part });
    let mut out = String::with_capacity(part.len());
    let mut quoted = false;
    for c in part.chars() {
        quoted ^= c == '"' && !out.ends_with('\\');
        let joins = |c: char| matches!(c, '@' | '.');
        if !quoted && joins(c) {
            out.truncate(out.trim_end().len());
        } else if !quoted && c.is_whitespace() && out.ends_with(joins) {
            continue;
        }
        out.push(c);
    }
    out
}

/// One mailbox, its local part without quotes; `None` where it is none.
fn mailbox(text: &str) -> Option<String> {
    let (quoted, domain) = text.rsplit_once('@')?;
    let mut local = String::with_capacity(quoted.len());
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => local.extend(chars.next()),
            '"' => {}
            c => local.push(c),
        }
    }
    let address = format!("{local}@{domain}");
    Mail::parse(&address).is_some().then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_in_every_form_that_is_valid() {
        for text in [
            "ann.lee@acme.example",
            " ann.lee@acme.example ",
            "\"ann.lee\"@acme.example",
            "ann.lee(at work)@acme.example",
            "(note (inner)) ann.lee @ acme.example (more)",
            "Ann Lee <ann.lee@acme.example>",
            "\"Lee, Ann\" <ann.lee@acme.example>",
            "\"Lee \\\"A\\\" <x>\" <ann.lee@acme.example>",
            "<mailto:ann.lee@acme.example?subject=x>",
            "mailto:ann.lee@acme.example?subject=a@b",
            "\"ann\".lee@acme.example",
            "ann\\.lee@acme.example",
            "Buyers: ann.lee@acme.example;",
            "<@relay.example:ann.lee@acme.example>",
            "ann.lee@acme.example, ANN.LEE@acme.example",
            "Ann <ann.lee@acme.example> via a list",
        ] {
            let read = addresses(text);
            assert_eq!(read.found, ["ann.lee@acme.example"], "{text}");
            assert!(!read.has_unread, "{text}");
        }
    }

    #[test]
    fn rare_characters_of_a_local_part_stay() {
        for text in [
            "o'neil@acme.example",
            "a+b@acme.example",
            "a/b=c!#$%&*?^`{|}~@acme.example",
            "jürgen@acme.example",
        ] {
            assert_eq!(addresses(text).found, [text], "{text}");
        }
    }

    #[test]
    fn several_addresses_are_each_found() {
        for text in [
            "ann@acme.example,bob@other.example",
            "ann@acme.example; bob@other.example;",
            "Ann <ann@acme.example>, \"Bob, B.\" <bob@other.example>",
            "ann@acme.example bob@other.example",
            "ann@acme.example\nbob@other.example",
            "Team: ann@acme.example, bob@other.example;",
            "Ann <ann@acme.example> Bob <bob@other.example>",
        ] {
            let read = addresses(text);
            assert_eq!((read.found.len(), read.has_unread), (2, false), "{text}: {read:?}");
            assert_eq!(read.found, ["ann@acme.example", "bob@other.example"]);
        }
    }

    #[test]
    fn what_is_no_address_is_told_and_takes_no_other_along() {
        for (text, found) in [
            ("", 0),
            ("n/a", 0),
            ("ann", 0),
            ("ann at acme.example", 0),
            ("ann@localhost", 0),
            ("\"ann lee\"@acme.example", 0),
            ("\"ann@acme.example", 0),
            ("ann@acme.example, nobody", 1),
            ("ann@acme.example) bob@other.example", 2),
            ("Ann <ann@acme.example", 1),
            ("a@b@acme.example", 0),
            (",;", 0),
        ] {
            let read = addresses(text);
            assert_eq!(read.found.len(), found, "{text}: {read:?}");
            assert!(read.has_unread || text.starts_with("Ann <"), "{text}");
        }
    }
}
