//! The last step before a log line is written, whoever wrote it: no mail addresses, no passwords within addresses, and
//! nothing that acts on a terminal but the line's own colours.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;
use winback_core::{credentials, privacy, visible};

use crate::logging::Format;

/// Makes writers that mask.
pub(crate) struct Masking<W>(pub(crate) W, pub(crate) Format);

/// Writes lines without addresses; a line comes in one piece.
pub(crate) struct Masked<W>(W, Format);

impl<'w, W: MakeWriter<'w>> MakeWriter<'w> for Masking<W> {
    type Writer = Masked<W::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        Masked(self.0.make_writer(), self.1)
    }

    fn make_writer_for(&'w self, meta: &tracing::Metadata<'_>) -> Self::Writer {
        Masked(self.0.make_writer_for(meta), self.1)
    }
}

impl<W: io::Write> io::Write for Masked<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let text = credentials::masked(&text);
        let text = match privacy::masked(&text) {
            Cow::Borrowed(same) => Cow::Borrowed(same),
            Cow::Owned(plain) => Cow::Owned(still_json(&text, plain)),
        };
        self.0.write_all(seen(&text, self.1).as_bytes())?;
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
        Value::String(text) => Value::String(privacy::masked(&text).into_owned()),
        Value::Array(items) => items.into_iter().map(each_masked).collect(),
        Value::Object(map) => map
            .into_iter()
            .map(|(name, value)| (privacy::masked(&name).into_owned(), each_masked(value)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// The line with codes for what acts on a terminal, in the way of its format. Colours and the line's own end pass.
fn seen(line: &str, format: Format) -> Cow<'_, str> {
    let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
    let acts = visible::is_hidden;
    if !line.chars().any(acts) {
        return Cow::Owned(format!("{line}{end}"));
    }
    let mut seen = String::with_capacity(line.len() + 16);
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        let taken = colour(rest).unwrap_or(c.len_utf8());
        if taken > c.len_utf8() || !acts(c) {
            seen.push_str(&rest[..taken]);
        } else {
            // A String takes every write.
            let _ = match format {
                Format::Human => write!(seen, "{}", c.escape_default()),
                Format::Json => {
                    c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(seen, "\\u{unit:04x}"))
                }
            };
        }
        rest = &rest[taken..];
    }
    seen.push_str(end);
    Cow::Owned(seen)
}

/// The length of the sequence that sets a colour, where the text begins with one.
fn colour(text: &str) -> Option<usize> {
    let codes = text.strip_prefix("\u{1b}[")?;
    let end = codes.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    codes[end..].starts_with('m').then_some(2 + end + 1)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn written(line: &str, format: Format) -> String {
        let mut out = Vec::new();
        Masked(&mut out, format).write_all(line.as_bytes()).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_line_is_written_without_addresses_and_passwords() {
        let line = "WARN no such contact: jane@acme.com at https://me:pa55@localhost/x\n";
        assert_eq!(
            written(line, Format::Human),
            "WARN no such contact: (address) at https://(credentials)@localhost/x\n"
        );
    }

    #[test]
    fn a_line_that_would_no_longer_be_json_is_masked_text_by_text() {
        let line = r#"{"a":"x\njane@acme.com","b":["jane@acme.com",1,"@acme.com"]}"#;
        let plain = privacy::masked(line).into_owned();
        assert!(serde_json::from_str::<Value>(&plain).is_err(), "{plain}");
        let value: Value = serde_json::from_str(&still_json(line, plain)).unwrap();
        assert_eq!(value, serde_json::json!({ "a": "x\n(address)", "b": ["(address)", 1, "@acme.com"] }));
    }

    #[test]
    fn a_line_acts_on_no_terminal_and_keeps_its_colours() {
        let line = "\u{1b}[33m WARN\u{1b}[0m name=\u{1b}[2J\u{9b}H\u{202e}\r\n";
        assert_eq!(
            written(line, Format::Human),
            "\u{1b}[33m WARN\u{1b}[0m name=\\u{1b}[2J\\u{9b}H\\u{202e}\\r\n"
        );
        let json = written("{\"name\":\"\u{9b}H\u{e0041}\"}\n", Format::Json);
        assert_eq!(json, "{\"name\":\"\\u009bH\\udb40\\udc41\"}\n");
        let value: Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["name"], "\u{9b}H\u{e0041}");
    }
}
