//! Bytes to text, and text short and clean enough to show.

use std::borrow::Cow;

use encoding_rs::Encoding;
use winback_core::privacy::{self, MASK, masked};

use crate::element::{DeadReason, Refusal};
use crate::web::address;

const BOM: &[u8] = b"\xef\xbb\xbf";
/// The most of a value that an error text quotes.
const QUOTED_BYTES: usize = 60;

/// The record as text: UTF-8, with or without a byte order mark, or the stated encoding where it is not UTF-8.
pub(crate) fn decode<'a>(
    bytes: &'a [u8],
    encoding: Option<&'static Encoding>,
) -> Result<Cow<'a, str>, Refusal> {
    let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
    let error = match std::str::from_utf8(bytes) {
        Ok(text) => return Ok(Cow::Borrowed(text)),
        Err(error) => error,
    };
    let decoded = encoding.and_then(|e| e.decode_without_bom_handling_and_without_replacement(bytes));
    decoded.ok_or_else(|| {
        let at = error.valid_up_to();
        let byte = bytes.get(at).copied().unwrap_or_default();
        let before = unaddressed(&String::from_utf8_lossy(&bytes[at.saturating_sub(20)..at]));
        let fix = match encoding {
            None => "state the source's `encoding`, such as \"windows-1252\"".to_owned(),
            Some(encoding) => format!("nor {}: state another `encoding`", encoding.name()),
        };
        let text = format!("byte 0x{byte:02x} at {at}, after `{before}`, is not UTF-8: {fix}");
        Refusal::Dead(DeadReason::BadEncoding, text)
    })
}

/// The text up to so many bytes, cut at a character.
pub(crate) fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

/// The text without mail addresses, also where one is cut off, and without network addresses.
fn unaddressed(text: &str) -> String {
    let text = masked(text);
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '+' | '-' | '@' | '%' | ':');
    let mut out = String::with_capacity(text.len());
    for piece in text.split_inclusive(|c| !is_part(c)) {
        let word = piece.trim_end_matches(|c| !is_part(c));
        let has_address = word.contains('@') || word.contains("%40") || has_network_address(word);
        out.push_str(if has_address { MASK } else { word });
        out.push_str(&piece[word.len()..]);
    }
    out
}

/// True if a word holds a network address: alone, behind a name and a colon, or before a port, a zone or a full stop.
fn has_network_address(word: &str) -> bool {
    let is = |part: &str| address(part).or_else(|| address(part.trim_end_matches(['.', ':']))).is_some();
    let ends = |part: &str| part.match_indices(':').any(|(at, _)| is(&part[at + 1..]));
    word.split(['%', '-', '_', '+']).any(|part| is(part) || ends(part))
}

/// A value as an error text quotes it: short, on one line, without anybody's address.
pub(crate) fn quoted(value: &str) -> String {
    let head = privacy::head(value);
    let safe = unaddressed(head);
    let short = cut(&safe, QUOTED_BYTES);
    let dots = if short.len() < safe.len() || head.len() < value.len() { "…" } else { "" };
    let shown: String = short.chars().map(|c| if c.is_control() { '�' } else { c }).collect();
    format!("`{shown}{dots}`")
}

/// A signal's words as the record has them: only those that match are masked and shortened, by whoever forwards them.
pub(crate) fn detail(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(privacy::head(text)),
        Cow::Owned(mut text) => {
            text.truncate(privacy::head(&text).len());
            Cow::Owned(text)
        }
    }
}

/// The same part of a text, borrowed where the text is.
pub(crate) fn slice(text: Cow<'_, str>, range: std::ops::Range<usize>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(range).unwrap_or_default()),
        Cow::Owned(text) => Cow::Owned(text.get(range).unwrap_or_default().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_utf_8_or_the_encoding_that_was_stated() {
        let ansi = Encoding::for_label(b"windows-1252");
        let table: [(&[u8], Option<&'static Encoding>, Option<&str>); 5] = [
            (b"\xef\xbb\xbf{}", None, Some("{}")),
            ("BYJU’S".as_bytes(), ansi, Some("BYJU’S")),
            (b"BYJU\x92S", ansi, Some("BYJU’S")),
            (b"BYJU\x92S", None, None),
            (b"\xff", Encoding::for_label(b"shift_jis"), None),
        ];
        for (bytes, encoding, expected) in table {
            assert_eq!(decode(bytes, encoding).ok().as_deref(), expected, "{bytes:?}");
        }
    }

    #[test]
    fn bad_bytes_are_named_with_their_place_and_the_fix() {
        let Err(Refusal::Dead(DeadReason::BadEncoding, text)) = decode(b"{\"n\":\"BYJU\x92S\"}", None) else {
            panic!("not dead");
        };
        assert_eq!(
            text,
            "byte 0x92 at 10, after `{\"n\":\"BYJU`, is not UTF-8: state the source's `encoding`, such as \"windows-1252\""
        );
    }

    #[test]
    fn what_is_quoted_shows_nobodys_address() {
        let table = [
            ("mail jane@x.io, %6aane%40x.io", format!("`mail {MASK}, {MASK}`")),
            (
                "192.0.2.7 - - [01/Jan/2026:10:00:00 +0000]",
                format!("`{MASK} - - [01/Jan/2026:10:00:00 +0000]`"),
            ),
            ("ip=192.0.2.7, 198.51.100.1:443.", format!("`ip={MASK}, {MASK}`")),
            ("ip:192.0.2.7: gone", format!("`{MASK} gone`")),
            ("from:2001:db8::1 [2001:db8::2]:443", format!("`{MASK} [{MASK}]:443`")),
            ("fe80::1%eth0 ::ffff:192.0.2.7", format!("`{MASK} {MASK}`")),
            ("at 10:30, version 1.2.3, std::net", "`at 10:30, version 1.2.3, std::net`".to_owned()),
        ];
        for (text, expected) in table {
            assert_eq!(quoted(text), expected);
        }
    }

    #[test]
    fn what_is_quoted_shows_no_address_in_disguise_and_no_part_of_one() {
        for text in ["jane&#64;acme.com", "jane%2540acme.com", "jane\\u0040acme.com", "jane＠acme.com"] {
            assert_eq!(quoted(&format!("x {text}")), format!("`x {MASK}`"));
        }
        let long = format!("{} jane@acme.com", "x@y.io ".repeat(80));
        assert!(!quoted(&long).contains("jane"), "{}", quoted(&long));
    }

    #[test]
    fn a_detail_is_what_the_record_says_as_far_as_it_can_be_masked() {
        assert!(matches!(detail(Cow::Borrowed("/u/jane@example.com")), Cow::Borrowed("/u/jane@example.com")));
        let long = format!("/{}/jane@example.com", "é".repeat(4_000));
        assert_eq!(detail(Cow::Borrowed(&long)), "/");
        assert_eq!(detail(Cow::Owned(long)), "/");
    }
}
