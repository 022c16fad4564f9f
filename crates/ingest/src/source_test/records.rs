//! The records of a file that somebody has at hand: lines, rows, or one document as a provider's page shows it.

use std::io::{Cursor, Read as _};
use std::path::Path;

use anyhow::Context as _;

use crate::{FileFormat, Format, Record, Records, format_of, name_of, open, open_raw};

/// The largest file that is looked at; a sample is enough.
const LARGEST: usize = 256 << 20;

/// The records of a file.
pub enum Samples {
    /// A document over several lines, or bytes that are no text: all of it is one record.
    Whole(Option<Vec<u8>>),
    /// A record a line, or a row.
    Each(Box<Records<Cursor<Vec<u8>>>>),
}

impl Samples {
    /// Opens the file; with `binary` all of it is one record.
    ///
    /// # Errors
    /// When it cannot be read, is too large, or nothing says what it holds.
    pub fn open(
        path: Option<&Path>,
        stated: Option<FileFormat>,
        usual: Option<FileFormat>,
        binary: bool,
    ) -> anyhow::Result<Self> {
        let format = if binary { Format::Lines } else { format_of(stated, path, usual)? };
        let mut bytes = Vec::new();
        let most = u64::try_from(LARGEST).unwrap_or(u64::MAX).saturating_add(1);
        let input = if binary { open_raw(path)? } else { open(path)? };
        let read = input.take(most).read_to_end(&mut bytes);
        read.with_context(|| format!("cannot read {}", name_of(path)))?;
        anyhow::ensure!(
            bytes.len() <= LARGEST,
            "{} is larger than {} MiB: give a part of it, which shows as much",
            name_of(path),
            LARGEST >> 20
        );
        if binary || (format == Format::Lines && is_one_document(&bytes)) {
            return Ok(Self::Whole(Some(bytes)));
        }
        Ok(Self::Each(Box::new(Records::new(Cursor::new(bytes), format, LARGEST)?)))
    }

    /// The next record; `None` at the end.
    ///
    /// # Errors
    /// When the file is not what it was said to be.
    pub fn next_record(&mut self) -> anyhow::Result<Option<Record>> {
        match self {
            Self::Whole(bytes) => Ok(bytes.take().map(|value| Record { line: 1, value: Ok(value) })),
            Self::Each(records) => records.next_record(),
        }
    }
}

/// True if the text is one JSON document of several lines.
fn is_one_document(bytes: &[u8]) -> bool {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii();
    let opens = matches!(bytes.first(), Some(b'{' | b'['));
    opens && bytes.contains(&b'\n') && serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_over_several_lines_is_one_record_and_lines_are_many() {
        for (text, expected) in [
            ("[\n {\"a\":1}\n]\n", true),
            ("{\n\"a\":1}", true),
            ("{\"a\":1}\n{\"a\":2}\n", false),
            ("{\"a\":1}\n", false),
            ("{\n\"a\":", false),
            ("192.0.2.7 - -\nx", false),
        ] {
            assert_eq!(is_one_document(text.as_bytes()), expected, "{text}");
        }
    }
}
