//! Forms, as a webhook posts them and a gateway writes them through: `application/x-www-form-urlencoded`, or
//! `multipart/form-data` with its boundary as the first line.

use std::borrow::Cow;

use serde_json::{Map, Value};

/// The most fields of a form.
const MAX_FIELDS: usize = 1_000;

/// The value of the field, where the text is a form that has it.
pub(super) fn field(text: &str, name: &str) -> Option<String> {
    text.split('&').find_map(|pair| {
        let value = pair.strip_prefix(name)?.strip_prefix('=')?;
        decoded(value)
    })
}

/// True if a record is a form of several parts.
pub(crate) fn is_posted(bytes: &[u8]) -> bool {
    bytes.trim_ascii_start().starts_with(b"--")
}

/// The text; a form as one JSON object of its fields. Files that it carries are left out.
pub(super) fn as_json(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let fields = match text.as_bytes().first() {
        Some(b'{' | b'[') | None => return Cow::Borrowed(text),
        Some(b'-') => parts(text),
        Some(_) => pairs(text),
    };
    fields.map_or(Cow::Borrowed(text), |fields| Cow::Owned(Value::Object(fields).to_string()))
}

/// The fields of `a=1&b=2`.
fn pairs(text: &str) -> Option<Map<String, Value>> {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"._-%+[]".contains(&b);
    let (first, _) = text.split_once('=')?;
    if first.is_empty() || !first.bytes().all(is_name) {
        return None;
    }
    let mut fields = Map::new();
    for pair in text.split('&').take(MAX_FIELDS) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decoded_bytes(value)
            .map_or_else(|| value.to_owned(), |bytes| String::from_utf8_lossy(&bytes).into_owned());
        put(&mut fields, decoded(name).unwrap_or_else(|| name.to_owned()), value);
    }
    Some(fields)
}

/// The fields of a form of several parts.
fn parts(text: &str) -> Option<Map<String, Value>> {
    let first = text.lines().next()?.trim_end();
    if first.len() < 4 || !first.starts_with("--") {
        return None;
    }
    let mut fields = Map::new();
    // The boundary stands at the beginning of a line, the first of the text among them.
    let mark = format!("\n{first}");
    for part in text[first.len()..].split(mark.as_str()).take(MAX_FIELDS) {
        let part = part.trim_start_matches("\r\n").trim_start_matches('\n');
        let cut =
            part.find("\r\n\r\n").map(|at| (at, at + 4)).or_else(|| part.find("\n\n").map(|at| (at, at + 2)));
        let Some((end, begin)) = cut else { continue };
        let disposition = part[..end].lines().find(|line| {
            line.get(..20).is_some_and(|name| name.eq_ignore_ascii_case("content-disposition:"))
        });
        let Some(disposition) = disposition.filter(|line| !line.contains("filename")) else { continue };
        let name = disposition.split_once("name=\"").and_then(|(_, rest)| rest.split('"').next());
        let value = part[begin..].strip_suffix('\r').unwrap_or(&part[begin..]);
        name.into_iter().for_each(|name| put(&mut fields, name.to_owned(), value.to_owned()));
    }
    Some(fields)
}

/// Puts the first value of a name.
fn put(fields: &mut Map<String, Value>, name: String, value: String) {
    fields.entry(name).or_insert(Value::String(value));
}

/// `+` is a space and `%7B` a brace. `None` where an escape is none or the bytes are not UTF-8.
fn decoded(value: &str) -> Option<String> {
    String::from_utf8(decoded_bytes(value)?).ok()
}

fn decoded_bytes(value: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let (byte, left) = match (first, tail) {
            (b'+', _) => (b' ', tail),
            (b'%', [high, low, left @ ..]) => (digit(*high)? << 4 | digit(*low)?, left),
            (b'%', _) => return None,
            (other, _) => (*other, tail),
        };
        bytes.push(byte);
        rest = left;
    }
    Some(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    let value = char::from(byte).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_and_its_escapes_are_undone() {
        let table = [
            ("events=%5B%7B%22a%22%3A+1%7D%5D", Some(r#"[{"a": 1}]"#)),
            ("x=1&events=a%C3%A9&y=2", Some("aé")),
            ("events=", Some("")),
            ("myevents=a", None),
            ("events", None),
            ("events=%", None),
            ("events=%4", None),
            ("events=%zz", None),
            ("events=%ff", None),
            ("", None),
        ];
        for (form, expected) in table {
            assert_eq!(field(form, "events").as_deref(), expected, "{form}");
        }
    }

    #[test]
    fn a_form_becomes_an_object_of_its_fields_and_nothing_else_does() {
        let multipart = "--xYz\r\nContent-Disposition: form-data; name=\"from\"\r\n\r\nAnn <a@x.example>\r\n--xYz\r\n\
            Content-Type: text/plain\r\ncontent-disposition: form-data; name=\"text\"\r\n\r\ntwo\r\n\r\nlines\r\n--xYz\r\n\
            Content-Disposition: form-data; name=\"attachment1\"; filename=\"a.pdf\"\r\n\r\n%PDF\r\n--xYz--\r\n";
        let bare = multipart.replace("\r\n", "\n");
        for (form, expected) in [
            ("from=Ann+%3Ca%40x.example%3E&a=1&a=2", r#"{"a":"1","from":"Ann <a@x.example>"}"#),
            ("a=%ff&b=%zz&c", "{\"a\":\"\u{fffd}\",\"b\":\"%zz\",\"c\":\"\"}"),
            (multipart, "{\"from\":\"Ann <a@x.example>\",\"text\":\"two\\r\\n\\r\\nlines\"}"),
            (bare.as_str(), "{\"from\":\"Ann <a@x.example>\",\"text\":\"two\\n\\nlines\"}"),
            ("{\"a\":1}", "{\"a\":1}"),
            ("[1]", "[1]"),
            ("no form", "no form"),
            ("<a href=\"x\">", "<a href=\"x\">"),
            ("--", "--"),
            ("", ""),
        ] {
            assert_eq!(as_json(form), expected, "{form}");
        }
    }
}
