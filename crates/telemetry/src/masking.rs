//! The last step before a log line is written: no mail address stands in it, whoever wrote it there.

use std::borrow::Cow;
use std::io;

use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;
use winback_core::privacy::masked;

/// Makes writers that mask.
pub(crate) struct Masking<W>(pub(crate) W);

/// Writes lines without addresses; a line comes in one piece.
pub(crate) struct Masked<W>(W);

impl<'w, W: MakeWriter<'w>> MakeWriter<'w> for Masking<W> {
    type Writer = Masked<W::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        Masked(self.0.make_writer())
    }

    fn make_writer_for(&'w self, meta: &tracing::Metadata<'_>) -> Self::Writer {
        Masked(self.0.make_writer_for(meta))
    }
}

impl<W: io::Write> io::Write for Masked<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        match masked(&text) {
            Cow::Borrowed(_) => self.0.write_all(line)?,
            Cow::Owned(plain) => self.0.write_all(still_json(&text, plain).as_bytes())?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// The masked line; where the line was a JSON object and the masked one is none, the object with each of its texts masked.
fn still_json(line: &str, plain: String) -> String {
    if !line.starts_with('{') || serde_json::from_str::<serde::de::IgnoredAny>(&plain).is_ok() {
        return plain;
    }
    match serde_json::from_str(line) {
        Ok(value) => format!("{}\n", each_masked(value)),
        Err(_) => plain,
    }
}

fn each_masked(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(masked(&text).into_owned()),
        Value::Array(items) => items.into_iter().map(each_masked).collect(),
        Value::Object(map) => {
            map.into_iter().map(|(name, value)| (masked(&name).into_owned(), each_masked(value))).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn written(line: &[u8]) -> String {
        let mut out = Vec::new();
        Masked(&mut out).write_all(line).unwrap();
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn a_line_is_written_without_the_addresses_in_it() {
        assert_eq!(written(b"WARN no such contact: jane@acme.com\n"), "WARN no such contact: (address)\n");
        assert_eq!(written(b"\xff jane@acme.com\n"), "\u{fffd} (address)\n");
        assert_eq!(written(b"\xff nobody\n".as_slice()).as_bytes(), "\u{fffd} nobody\n".as_bytes());
    }

    #[test]
    fn a_line_that_would_no_longer_be_json_is_masked_text_by_text() {
        let line = r#"{"a":"x\njane@acme.com","b":["jane@acme.com",1,"@acme.com"]}"#;
        let (plain, whole) = (masked(line).into_owned(), still_json(line, masked(line).into_owned()));
        assert!(serde_json::from_str::<Value>(&plain).is_err(), "{plain}");
        let value: Value = serde_json::from_str(&whole).unwrap();
        assert_eq!(value, serde_json::json!({ "a": "x\n(address)", "b": ["(address)", 1, "@acme.com"] }));
    }
}
