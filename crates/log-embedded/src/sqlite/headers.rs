//! Headers as a person can read them in the file: a line each, `name: value`.
//!
//! Everything that would make that ambiguous is written as `%` and two hex digits: control characters, `%`, a `:` in
//! a name, and bytes that are not UTF-8. Any list of headers survives unchanged.

use bytes::Bytes;
use winback_log::Headers;

/// The headers as text; `None` when there are none.
pub(super) fn encode(headers: &Headers) -> Option<String> {
    let mut text = String::new();
    for (name, value) in headers {
        push(&mut text, name.as_bytes(), true);
        text.push_str(": ");
        push(&mut text, value, false);
        text.push('\n');
    }
    (!headers.is_empty()).then_some(text)
}

/// The headers of a text; what is no header line is left out.
pub(super) fn decode(text: &str) -> Headers {
    let line = |line: &str| {
        let (name, value) = line.split_once(": ")?;
        Some((String::from_utf8(unescape(name)).ok()?, Bytes::from(unescape(value))))
    };
    text.split_terminator('\n').filter_map(line).collect()
}

fn push(text: &mut String, bytes: &[u8], is_name: bool) {
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() || character == '%' || (is_name && character == ':') {
                let mut buffer = [0; 4];
                escape(text, character.encode_utf8(&mut buffer).as_bytes());
            } else {
                text.push(character);
            }
        }
        escape(text, chunk.invalid());
    }
}

fn escape(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
        text.insert(text.len() - 2, '%');
    }
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut parts = text.split('%');
    bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let digits = part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.extend(digits);
        bytes.extend_from_slice(part.get(2..).unwrap_or_default().as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn headers_are_readable_lines() {
        let headers = vec![
            ("ce_type".to_owned(), Bytes::from_static(b"winback.trigger")),
            ("a:b".to_owned(), Bytes::from_static(b"100% \xff\n")),
            ("empty".to_owned(), Bytes::new()),
        ];
        let text = encode(&headers).unwrap();
        assert_eq!(text, "ce_type: winback.trigger\na%3ab: 100%25 %ff%0a\nempty: \n");
        assert_eq!(decode(&text), headers);
        assert_eq!(encode(&Vec::new()), None);
    }

    proptest! {
        #[test]
        fn any_headers_survive(headers in prop::collection::vec((".*", prop::collection::vec(any::<u8>(), 0..40)), 0..6)) {
            let headers: Headers = headers.into_iter().map(|(name, value)| (name, Bytes::from(value))).collect();
            prop_assert_eq!(decode(&encode(&headers).unwrap_or_default()), headers);
        }
    }
}
