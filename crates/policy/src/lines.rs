//! The line of a value in a policy file, so that an error names it.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::error::PolicyError;

impl PolicyError {
    /// The line of the file that the error is about, from 1 on; `None` where it is about what the file leaves out.
    pub fn line(&self, toml: &str) -> Option<usize> {
        match self {
            Self::Toml(text) => text.strip_prefix("line ")?.split_once(':')?.0.parse().ok(),
            Self::Value(invalid) => line_of(toml, &invalid.key),
        }
    }

    /// The error behind a file's name: `default.toml:12: quiet = "30": …`.
    pub fn located(&self, file: &str, toml: &str) -> (String, String) {
        let text = self.to_string();
        let Some(line) = self.line(toml) else { return (file.to_owned(), text) };
        let prefix = format!("line {line}: ");
        (format!("{file}:{line}"), text.strip_prefix(&prefix).unwrap_or(&text).to_owned())
    }
}

/// The line of a dotted key such as `kinds.hiring.weight` or `caps[0].per`, from 1 on; that of the nearest table around
/// it where the key itself is not written.
pub fn line_of(toml: &str, key: &str) -> Option<usize> {
    let root = DeTable::parse(toml).ok()?;
    let mut at = None;
    let mut value: Option<&Spanned<DeValue<'_>>> = None;
    for part in parts(key) {
        let next = match (part, value.map(Spanned::get_ref)) {
            (Part::Key(name), None) => child(root.get_ref(), name),
            (Part::Key(name), Some(DeValue::Table(table))) => child(table, name),
            (Part::Index(index), Some(DeValue::Array(array))) => {
                array.get(index).map(|value| (value.span().start, value))
            }
            _ => None,
        };
        let Some((start, found)) = next else { break };
        (at, value) = (Some(start), Some(found));
    }
    at.map(|at| toml[..at.min(toml.len())].matches('\n').count() + 1)
}

enum Part<'a> {
    Key(&'a str),
    Index(usize),
}

/// `caps[0].per` as its parts. The names of classes may be anything but have no brackets in them.
fn parts(key: &str) -> impl Iterator<Item = Part<'_>> {
    key.split('.').flat_map(|part| {
        let (name, index) = part.split_once('[').unwrap_or((part, ""));
        let index = index.strip_suffix(']').and_then(|index| index.parse().ok());
        std::iter::once(Part::Key(name)).chain(index.map(Part::Index))
    })
}

fn child<'a, 'i>(table: &'a DeTable<'i>, name: &str) -> Option<(usize, &'a Spanned<DeValue<'i>>)> {
    let (key, value) = table.iter().find(|(key, _)| key.get_ref() == name)?;
    Some((key.span().start, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::parse;

    const FILE: &str = "# a policy\nname = \"p\"\nquiet = \"30\"\n\n[[caps]]\nper = \"user\"\nmax = 1\n\n[[caps]]\nmax = 2\n\
                        per = \"account\"\n\n[kinds.hiring]\nclasses.flap = { weight = 1 }\nmax_age = \"soon\"\n";

    #[test]
    fn a_key_is_found_where_it_is_written() {
        for (key, line) in [
            ("name", Some(2)),
            ("quiet", Some(3)),
            ("caps[0].per", Some(6)),
            ("caps[1].per", Some(11)),
            ("kinds.hiring.classes.flap.weight", Some(14)),
            ("kinds.hiring.max_age", Some(15)),
            ("cooldown", None),
        ] {
            assert_eq!(line_of(FILE, key), line, "{key}");
        }
        assert_eq!(
            line_of(FILE, "kinds.hiring.dedupe"),
            line_of(FILE, "kinds.hiring"),
            "the table around it"
        );
    }

    #[test]
    fn an_error_stands_behind_its_file_and_line() {
        for (toml, place, begins) in [
            ("name = \"p\"\nquiet = \"30\"", "p.toml:2", "quiet = \"30\": "),
            ("name = \"p\"\n\nquite = \"30m\"", "p.toml:3", "unknown key `quite`"),
            ("name = \"p\"\n[kinds.hiring]\nstrength = 9", "p.toml:3", "kinds.hiring.strength"),
            ("name = \"p\"\nquiet = \"2d\"", "p.toml", "max_wait = \"1d\""),
        ] {
            let (at, text) = parse(toml, 1).unwrap_err().located("p.toml", toml);
            assert_eq!(at, place);
            assert!(text.starts_with(begins), "{text}");
        }
    }
}
