//! A file's records, one after the other, whatever is in it.

use std::io::{BufRead, Read as _};

use anyhow::Context as _;
use csv::ByteRecord;
use winback_sources::csv_row;

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
    /// Its bytes; `None` when it is larger than any record that the topic takes.
    pub value: Option<Vec<u8>>,
}

/// The records of a file, in its order.
pub struct Records<R: BufRead> {
    source: Source<R>,
    largest: usize,
}

enum Source<R: BufRead> {
    Lines { input: R, line: u64 },
    Csv { rows: csv::Reader<R>, header: ByteRecord, row: ByteRecord },
}

impl<R: BufRead> Records<R> {
    /// The records of `input`, none larger than `largest` bytes.
    ///
    /// # Errors
    /// When a CSV file has no header, or the input cannot be read.
    pub fn new(input: R, format: Format, largest: usize) -> anyhow::Result<Self> {
        let source = match format {
            Format::Lines => Source::Lines { input, line: 0 },
            Format::Csv => csv_source(input)?,
        };
        Ok(Self { source, largest })
    }

    /// Where a field stands in the record that was read last: the number of a CSV file's column, or of the character in the
    /// line at which its name begins; from 1.
    pub fn column(&self, record: &Record, field: &str) -> Option<usize> {
        match &self.source {
            Source::Csv { header, .. } => {
                let is_named =
                    |name: &[u8]| name.strip_prefix(BOM).unwrap_or(name).trim_ascii() == field.as_bytes();
                header.iter().position(is_named).map(|at| at + 1)
            }
            Source::Lines { .. } => field_at(record.value.as_deref()?, field),
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
            Source::Csv { rows, header, row } => {
                if !rows.read_byte_record(row).context("cannot read the file")? {
                    return Ok(None);
                }
                let line = row.position().map_or(0, csv::Position::line);
                let value = csv_row(header, row);
                Ok(Some(Record { line, value: (value.len() <= self.largest).then_some(value) }))
            }
        }
    }
}

/// The character, from 1, at which a field's name begins in an object: the first text of that name in front of a colon.
fn field_at(line: &[u8], field: &str) -> Option<usize> {
    let text = std::str::from_utf8(line).ok()?;
    let name = format!("\"{field}\"");
    let is_name = |at: &usize| text[at + name.len()..].trim_start().starts_with(':');
    let at = text.match_indices(&name).map(|(at, _)| at).find(is_name)?;
    Some(text[..at].chars().count() + 1)
}

/// Rows may have more or fewer fields than the header: what they hold is kept, and the decoder judges it.
fn csv_source<R: BufRead>(input: R) -> anyhow::Result<Source<R>> {
    let mut rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(input);
    let mut header = ByteRecord::new();
    rows.read_byte_record(&mut header).context("cannot read the file")?;
    let is_number = |field: &[u8]| {
        let field = field.trim_ascii();
        field.iter().any(u8::is_ascii_digit)
            && field.iter().all(|byte| byte.is_ascii_digit() || b".,/-:".contains(byte))
    };
    if let Some(number) = header.iter().find(|field| is_number(field)) {
        anyhow::bail!(
            "the first line has no names of columns but values, such as `{}`: write a header line, such as id,company,date",
            String::from_utf8_lossy(number)
        );
    }
    Ok(Source::Csv { rows, header, row: ByteRecord::new() })
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
        let value = (value.len() <= largest).then(|| value.to_vec());
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
            found.push((record.line, record.value.map(|value| String::from_utf8_lossy(&value).into_owned())));
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
    fn ragged_rows_are_not_lost() {
        let found = all(b"\xef\xbb\xbfid,name\n1,a,more\n2\n\"3\",\"x\ny\"\n", Format::Csv, 100);
        let texts: Vec<_> = found.into_iter().filter_map(|(_, text)| text).collect();
        assert_eq!(
            texts,
            [
                r#"{"id":"1","name":"a","column_3":"more"}"#,
                r#"{"id":"2"}"#,
                r#"{"id":"3","name":"x\u000ay"}"#
            ]
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
        let no_header =
            Records::new(&b"1,Acme,31/01/2026\n"[..], Format::Csv, 100).err().unwrap().to_string();
        assert!(no_header.contains("header"), "{no_header}");
        let mut array = Records::new(&b"[\n {\"a\":1}\n]\n"[..], Format::Lines, 100).unwrap();
        assert!(array.next_record().unwrap_err().to_string().contains("one value a line"));
        assert_eq!(all(b"", Format::Csv, 10), []);
        assert_eq!(all(b"", Format::Lines, 10), []);
    }
}
