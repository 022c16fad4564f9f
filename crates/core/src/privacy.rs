//! Mail addresses in free text: found, so that they can be masked or compared by their hashes.

use std::borrow::Cow;
use std::ops::Range;

use sha2::{Digest, Sha256};

/// What stands in a text instead of an address.
pub const MASK: &str = "(address)";

/// Where addresses stand in a text, also those whose `@` is written `%40`; in order, apart from each other.
pub fn addresses(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let sign = match &bytes[at..] {
            [b'@', ..] => 1,
            [b'%', b'4', b'0', ..] => 3,
            _ => {
                at += 1;
                continue;
            }
        };
        let floor = found.last().map_or(0, |before| before.end);
        let start = (floor..at).rev().take_while(|&i| is_local(bytes[i])).last().unwrap_or(at);
        let host = at + sign;
        let end = (host..bytes.len()).take_while(|&i| is_host(bytes[i])).last().map_or(host, |last| last + 1);
        let end = host + text_end(&bytes[host..end]);
        // An address has somebody in front and a host behind with a dot in it.
        if start < at && bytes[host..end].contains(&b'.') {
            found.push(start..end);
        }
        at = end.max(host);
    }
    found
}

/// A full stop behind a host ends the sentence.
fn text_end(host: &[u8]) -> usize {
    host.iter().rposition(|byte| !matches!(byte, b'.' | b'-')).map_or(0, |last| last + 1)
}

const fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'.' | b'_' | b'+' | b'-' | b'%' | b'\'' | b'!' | b'#' | 0x80..)
}

const fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | 0x80..)
}

/// The text without addresses.
pub fn masked(text: &str) -> Cow<'_, str> {
    if !text.contains('@') && !text.contains("%40") {
        return Cow::Borrowed(text);
    }
    let found = addresses(text);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut out, mut from) = (String::with_capacity(text.len()), 0);
    for range in found {
        out.push_str(&text[from..range.start]);
        out.push_str(MASK);
        from = range.end;
    }
    out.push_str(&text[from..]);
    Cow::Owned(out)
}

/// An id that holds no address: one that does is its hash, which tells it from others as well.
pub fn unnamed(id: &str) -> Cow<'_, str> {
    match masked(id) {
        Cow::Borrowed(same) => Cow::Borrowed(same),
        Cow::Owned(_) => Cow::Owned(format!("h-{}", hex::encode(&Sha256::digest(id)[..16]))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_masked_wherever_they_stand() {
        for (text, expected) in [
            ("jane@acme.com", "(address)"),
            ("no such contact: Jane <jane.doe+x@mail.acme.co.uk>.", "no such contact: Jane <(address)>."),
            ("/unsubscribe?u=jane%40acme.com&x=1", "/unsubscribe?u=(address)&x=1"),
            ("{\"email\":\"a@b.io\",\"to\":\"c@d.io\"}", "{\"email\":\"(address)\",\"to\":\"(address)\"}"),
            ("write to jürgen@müller.example.", "write to (address)."),
            ("a@b.io,c@d.io", "(address),(address)"),
        ] {
            assert_eq!(masked(text), expected);
        }
    }

    #[test]
    fn ids_that_hold_an_address_stay_apart_without_it() {
        assert_eq!(unnamed("m-1"), "m-1");
        let (one, other) = (unnamed("open:jane@acme.com"), unnamed("open:john@acme.com"));
        assert!(one != other && !one.contains("acme") && one == unnamed("open:jane@acme.com"));
    }

    #[test]
    fn what_is_no_address_stays() {
        for text in ["", "@", "topic@12 is broken", "meet @noon.", "x@y", "triggers/0@77", "50%40"] {
            assert_eq!(masked(text), text);
        }
    }
}
