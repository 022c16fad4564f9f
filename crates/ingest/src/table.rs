//! A file of rows with a header, whatever stands between its columns.
//!
//! Invariant: a row whose fields cannot be told apart is refused, never shifted into other columns.

use std::io::{BufRead, Chain, Cursor, Read as _};

use self::lines::{Lines, Starts};
use anyhow::Context as _;
use csv::ByteRecord;
use winback_sources::csv_row;

mod lines;

const BOM: &[u8] = b"\xef\xbb\xbf";
/// The longest line that is looked at for what stands between columns.
const LOOK: u64 = 1 << 20;
const MARKS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The rows of a file.
pub(super) struct Table<R: BufRead> {
    rows: csv::Reader<Lines<Chain<Cursor<Vec<u8>>, R>>>,
    starts: Starts,
    header: ByteRecord,
    row: ByteRecord,
    /// Lines in front of the header.
    before: u64,
}

/// A row, or the reason why it is none.
pub(super) type Row = Result<Vec<u8>, String>;

impl<R: BufRead> Table<R> {
    /// Reads the header.
    ///
    /// # Errors
    /// When there is none, it names a column twice, or it can be split in two ways.
    pub(super) fn open(mut input: R) -> anyhow::Result<Self> {
        let mut first = Vec::new();
        input.by_ref().take(LOOK).read_until(b'\n', &mut first).context("cannot read the file")?;
        let (mut between, mut before) = (None, 0);
        // Lines in front of the header: what stands between columns, and blank ones.
        while !first.is_empty() {
            match stated(&first) {
                Some(stated) => between = Some(stated),
                None if trimmed(&first).is_empty() => {}
                None => break,
            }
            before += 1;
            first.clear();
            input.by_ref().take(LOOK).read_until(b'\n', &mut first).context("cannot read the file")?;
        }
        let between = between.map_or_else(|| mark(&first), Ok)?;
        let mut rows = csv::ReaderBuilder::new();
        let rows = rows.has_headers(false).flexible(true).delimiter(between);
        let (lines, starts) = Lines::of(Cursor::new(first).chain(input));
        let mut rows = rows.from_reader(lines);
        let mut header = ByteRecord::new();
        rows.read_byte_record(&mut header).context("cannot read the file")?;
        check(&header)?;
        Ok(Self { rows, starts, header, row: ByteRecord::new(), before })
    }

    /// The number of a column, from 1.
    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|own| trimmed(own) == name.trim().as_bytes()).map(|at| at + 1)
    }

    /// The next row and its line; `None` at the end.
    ///
    /// # Errors
    /// When the input cannot be read.
    pub(super) fn next_row(&mut self) -> anyhow::Result<Option<(u64, Row)>> {
        if !self.rows.read_byte_record(&mut self.row).context("cannot read the file")? {
            return Ok(None);
        }
        let line = self.starts.line_from(self.row.position().map_or(0, csv::Position::byte)) + self.before;
        let (columns, fields) = (self.header.len(), self.row.len());
        let is_longer_by_nothing = fields > columns && self.row.iter().skip(columns).all(<[u8]>::is_empty);
        if is_longer_by_nothing {
            self.row.truncate(columns);
        } else if fields != columns {
            return Ok(Some((line, Err(ragged(fields, columns)))));
        }
        Ok(Some((line, Ok(csv_row(&self.header, &self.row)))))
    }
}

fn trimmed(name: &[u8]) -> &[u8] {
    name.strip_prefix(BOM).unwrap_or(name).trim_ascii()
}

fn ragged(fields: usize, columns: usize) -> String {
    let fix = if fields > columns {
        "put a value with a comma in it, such as \"84,000\", into double quotes"
    } else {
        "write all its columns, empty ones too, or take the line out if it is no row"
    };
    let (field, column) = (
        winback_terminal::counted(fields as u64, "field"),
        winback_terminal::counted(columns as u64, "column"),
    );
    format!("it has {field}, and the header has {column}: {fix}")
}

/// The mark that a spreadsheet's first line `sep=;` states.
fn stated(line: &[u8]) -> Option<u8> {
    match trimmed(line) {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', mark] if MARKS.contains(mark) => Some(*mark),
        _ => None,
    }
}

/// The mark between the columns of a header.
fn mark(header: &[u8]) -> anyhow::Result<u8> {
    let mut counts = [0_usize; MARKS.len()];
    let mut quoted = false;
    for byte in header {
        quoted ^= *byte == b'"';
        if let Some(at) = MARKS.iter().position(|mark| mark == byte).filter(|_| !quoted) {
            counts[at] += 1;
        }
    }
    let [commas, others @ ..] = counts;
    if others.iter().all(|count| commas > *count) {
        return Ok(b',');
    }
    let found: Vec<u8> =
        MARKS.iter().zip(counts).filter(|(_, count)| *count > 0).map(|(mark, _)| *mark).collect();
    match found.as_slice() {
        [] => Ok(b','),
        [only] => Ok(*only),
        _ => {
            let names: Vec<&str> = found.iter().map(|mark| name(*mark)).collect();
            anyhow::bail!(
                "the header can be split at {}: let one of them stand between columns, and put names with another into \
                 double quotes",
                names.join(" or at ")
            )
        }
    }
}

const fn name(mark: u8) -> &'static str {
    match mark {
        b',' => "`,`",
        b';' => "`;`",
        b'\t' => "tabs",
        _ => "`|`",
    }
}

fn check(header: &ByteRecord) -> anyhow::Result<()> {
    let is_number = |field: &[u8]| {
        let field = field.trim_ascii();
        field.iter().any(u8::is_ascii_digit)
            && field.iter().all(|byte| byte.is_ascii_digit() || b".,/-:".contains(byte))
    };
    let shown = |name: &[u8]| winback_core::privacy::masked(&String::from_utf8_lossy(name)).into_owned();
    if let Some(number) = header.iter().find(|field| is_number(field)) {
        anyhow::bail!(
            "the first line has no names of columns but values, such as `{}`: write a header line, such as id,company,date",
            shown(number)
        );
    }
    for (at, name) in header.iter().map(trimmed).enumerate().filter(|(_, name)| !name.is_empty()) {
        if let Some(before) = header.iter().take(at).position(|other| trimmed(other) == name) {
            anyhow::bail!(
                "the header has `{}` twice, in column {} and in column {}: name each column once",
                shown(name),
                before + 1,
                at + 1
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<(u64, Result<String, String>)> {
        let mut table = Table::open(text.as_bytes()).unwrap();
        let mut rows = Vec::new();
        while let Some((line, row)) = table.next_row().unwrap() {
            rows.push((line, row.map(|row| String::from_utf8(row).unwrap())));
        }
        rows
    }

    fn refused(text: &str) -> String {
        Table::open(text.as_bytes()).err().unwrap().to_string()
    }

    #[test]
    fn columns_are_apart_by_what_the_header_has() {
        let expected = vec![(2, Ok(r#"{"id":"1","name":"a, b"}"#.to_owned()))];
        for text in ["id,name\n1,\"a, b\"\n", "id;name\n1;a, b\n", "id\tname\n1\ta, b\n", "id|name\n1|a, b\n"]
        {
            assert_eq!(rows(text), expected, "{text}");
        }
        assert_eq!(rows("sep=;\nid;name\n1;a, b\n")[0].0, 3);
        assert_eq!(rows("\n\nid;name\n1;a, b\n"), [(4, expected[0].1.clone())], "blank lines say nothing");
        assert_eq!(rows("id\n1\n"), [(2, Ok(r#"{"id":"1"}"#.to_owned()))]);
        assert_eq!(rows("id,name,\"a;b\"\n1,a,2\n").len(), 1);
        assert_eq!(rows("id,name,a;b\n1,a,2\n").len(), 1, "commas are the more");
        assert!(refused("id;name,first;arr\n").contains("at `,` or at `;`"));
        assert!(refused("id;name\tarr\n").contains("at `;` or at tabs"));
    }

    #[test]
    fn a_row_has_the_line_that_an_editor_shows() {
        let line = |text: &str| rows(text).iter().map(|(line, _)| *line).collect::<Vec<_>>();
        for end in ["\n", "\r\n"] {
            let text = format!("id,name{end}1,a{end}{end}{end}2,\"b{end}{end}b\"{end}3,c{end}{end}4,d");
            assert_eq!(line(&text), [2, 5, 8, 10], "{end:?}");
        }
    }

    #[test]
    fn a_row_of_another_length_is_refused_and_what_is_longer_by_nothing_is_read() {
        let found = rows("id,name,arr\n1,a,84,000\n2,b\n3,c,5,,\n\"4\",\"x\ny\",6\n");
        assert!(
            found[0]
                .1
                .as_ref()
                .unwrap_err()
                .contains("it has 4 fields, and the header has 3 columns: put a value")
        );
        assert!(
            found[1].1.as_ref().unwrap_err().contains("2 fields, and the header has 3 columns: write all")
        );
        assert_eq!(found[2].1.as_deref(), Ok(r#"{"id":"3","name":"c","arr":"5"}"#));
        assert_eq!(found[3], (5, Ok(r#"{"id":"4","name":"x\u000ay","arr":"6"}"#.to_owned())));
    }

    #[test]
    fn a_header_that_cannot_be_meant_is_refused() {
        assert!(refused("id,company, company\n").contains("`company` twice, in column 2 and in column 3"));
        assert!(refused("1,Acme,31/01/2026\n").contains("write a header line"));
    }
}
