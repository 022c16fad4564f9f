//! A file's records, one after the other, whatever is in it.

use std::io::{BufRead, Read as _};

use anyhow::Context as _;

use super::table::Table;

const BOM: &[u8] = b"\xef\xbb\xbf";

/// The format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A record a line.
    Lines,
    /// A header line and rows.
    Csv,
}

/// One record of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The line that it begins in, from 1.
    pub line: u64,
    /// Its bytes.
    ///
    /// # Errors
    /// The reason why it cannot be written.
    pub value: Result<Vec<u8>, Unwritable>,
}

/// The reason why a record of a file is not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// Larger than any record that the topic takes.
    #[error("larger than any record that the topic takes: shorten it")]
    TooLarge,
    /// A row whose fields cannot be told apart.
    #[error("{0}")]
    Ragged(String),
}

/// The records of a file, in its order.
pub struct Records<R: BufRead> {
    source: Source<R>,
    largest: usize,
}

enum Source<R: BufRead> {
    Lines { input: R, line: u64 },
    Table(Box<Table<R>>),
}

impl<R: BufRead> Records<R> {
    /// The records of `input`, none larger than `largest` bytes.
    ///
    /// # Errors
    /// When a CSV file has no header or one that cannot be meant, or the input cannot be read.
    pub fn new(input: R, format: Format, largest: usize) -> anyhow::Result<Self> {
        let source = match format {
            Format::Lines => Source::Lines { input, line: 0 },
            Format::Csv => Source::Table(Box::new(Table::open(input)?)),
        };
        Ok(Self { source, largest })
    }

    /// Where a field stands in the record that was read last: the number of a CSV file's column, or of the character in the
    /// line at which its name begins; from 1.
    pub fn column(&self, record: &Record, field: &str) -> Option<usize> {
        match &self.source {
            Source::Table(table) => table.column(field),
            Source::Lines { .. } => field_at(record.value.as_deref().ok()?, field),
        }
    }

    /// True where the topic takes a record of that size under a key of that size.
    pub const fn fits(&self, key: usize, value: usize) -> bool {
        // There is room for a usual key beside the largest value.
        value.saturating_add(key.saturating_sub(1 << 10)) <= self.largest
    }

    /// The next record; `None` at the end. Empty lines are none.
    ///
    /// # Errors
    /// When the input cannot be read, or is one JSON document over many lines.
    pub fn next_record(&mut self) -> anyhow::Result<Option<Record>> {
        match &mut self.source {
            Source::Lines { input, line } => next_line(input, line, self.largest),
            Source::Table(table) => {
                let Some((line, row)) = table.next_row()? else { return Ok(None) };
                let value = row.map_err(Unwritable::Ragged);
                Ok(Some(Record { line, value: value.and_then(|value| within(value, self.largest)) }))
            }
        }
    }
}

fn within(value: Vec<u8>, largest: usize) -> Result<Vec<u8>, Unwritable> {
    if value.len() <= largest { Ok(value) } else { Err(Unwritable::TooLarge) }
}

/// The character, from 1, at which a field's name begins in an object: the first text of that name in front of a colon.
fn field_at(line: &[u8], field: &str) -> Option<usize> {
    let text = std::str::from_utf8(line).ok()?;
    let name = format!("\"{field}\"");
    let is_name = |at: &usize| text[at + name.len()..].trim_start().starts_with(':');
    let at = text.match_indices(&name).map(|(at, _)| at).find(is_name)?;
    Some(text[..at].chars().count() + 1)
}

fn next_line<R: BufRead>(input: &mut R, line: &mut u64, largest: usize) -> anyhow::Result<Option<Record>> {
    // One more for each byte of the line's end and of a byte order mark, and one that proves that it is too large.
    let most = u64::try_from(largest).unwrap_or(u64::MAX).saturating_add(6);
    loop {
        let mut bytes = Vec::new();
        let read = input.by_ref().take(most).read_until(b'\n', &mut bytes).context("cannot read the file")?;
        if read == 0 {
            return Ok(None);
        }
        *line += 1;
        let whole = bytes.last() == Some(&b'\n');
        if !whole && u64::try_from(read).unwrap_or(u64::MAX) == most {
            input.skip_until(b'\n').context("cannot read the file")?;
        }
        let mut value = bytes.as_slice();
        value = value.strip_suffix(b"\n").unwrap_or(value);
        value = value.strip_suffix(b"\r").unwrap_or(value);
        if *line == 1 {
            value = value.strip_prefix(BOM).unwrap_or(value);
            if matches!(value.trim_ascii(), b"[" | b"{") {
                anyhow::bail!(
                    "the file is one JSON document over many lines: write one value a line, such as `jq -c '.[]'` does"
                );
            }
        }
        if value.trim_ascii().is_empty() {
            continue;
        }
        let value = if value.len() <= largest { Ok(value.to_vec()) } else { Err(Unwritable::TooLarge) };
        return Ok(Some(Record { line: *line, value }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8], format: Format, largest: usize) -> Vec<(u64, Option<String>)> {
        let mut records = Records::new(text, format, largest).unwrap();
        let mut found = Vec::new();
        while let Some(record) = records.next_record().unwrap() {
            let value = record.value.ok().map(|value| String::from_utf8_lossy(&value).into_owned());
            found.push((record.line, value));
        }
        found
    }

    #[test]
    fn lines_are_records_and_keep_their_bytes() {
        let found = all(b"\xef\xbb\xbf{\"a\":1}\r\n\n \nx\0y\nlast", Format::Lines, 100);
        let expected = [(1, "{\"a\":1}"), (4, "x\0y"), (5, "last")];
        assert_eq!(found, expected.map(|(line, text)| (line, Some(text.to_owned()))));
    }

    #[test]
    fn a_line_too_large_for_the_topic_is_told_and_the_next_one_is_read() {
        let text = format!("{}\nab\n{}\r\nc", "x".repeat(50), "y".repeat(10));
        let found = all(text.as_bytes(), Format::Lines, 10);
        assert_eq!(
            found,
            [(1, None), (2, Some("ab".into())), (3, Some("y".repeat(10))), (4, Some("c".into()))]
        );
    }

    #[test]
    fn a_field_is_found_in_its_line_and_in_its_column() {
        let line = "{\"näme\":\"name\", \"name\" : 1}\n";
        let mut records = Records::new(line.as_bytes(), Format::Lines, 100).unwrap();
        let record = records.next_record().unwrap().unwrap();
        assert_eq!((records.column(&record, "name"), records.column(&record, "id")), (Some(17), None));
        let mut records = Records::new(&b"\xef\xbb\xbfid, name\n1,a\n"[..], Format::Csv, 100).unwrap();
        let record = records.next_record().unwrap().unwrap();
        let columns = ["id", "name", "role"].map(|field| records.column(&record, field));
        assert_eq!(columns, [Some(1), Some(2), None]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_the_fix() {
        let mut array = Records::new(&b"[\n {\"a\":1}\n]\n"[..], Format::Lines, 100).unwrap();
        assert!(array.next_record().unwrap_err().to_string().contains("one value a line"));
        assert_eq!(all(b"", Format::Csv, 10), []);
        assert_eq!(all(b"", Format::Lines, 10), []);
    }
}
