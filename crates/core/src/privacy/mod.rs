//! Mail addresses in free text: found in any of their disguises, so that they can be masked or compared by their hashes.
//!
//! This is the one mask of winback. Texts pass it at the door, after ids and keys are derived: no hash that tells two
//! events apart and no key of the join depends on it. Log lines pass it last.
//!
//! | found | not found |
//! |---|---|
//! | `jane@acme.com`, with tags, in other alphabets, as punycode | `user@`, `@media`, `a @ b`, `user@localhost` |
//! | `%40`, `%2540`, `&#64;`, `&commat;`, `\u0040`, mixed, up to three layers | what is encoded as a whole, such as base64 |
//! | full width and other forms that NFKC makes equal | `jane at acme dot com` |
//! | zero-width characters and soft hyphens within | |
//! | `"jane doe"@acme.com`, `jane@[192.0.2.1]`, `list+jane=acme.com@us.example` | `@scope/package`, `lib@1.2.3` |
//! | `git@github.com:acme/x`: the user of a remote may be a person | `logo@2x.png`: a host that begins with a digit needs a known ending |

mod decode;
mod find;

use std::borrow::Cow;
use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::closed_enum;
use crate::identity::Mail;
use crate::signal::truncated;

/// The text in place of an address.
pub const MASK: &str = "(address)";
/// The most of a text that is looked at where only its head is kept.
const WINDOW: usize = 4 << 10;

closed_enum! {
    /// The texts that keep their addresses on purpose, as `docs/privacy.md` says.
    Exception {
        /// The key of everything about an account.
        AccountId = "account id",
        /// One of your own people, whom drafts go to.
        Owner = "owner",
        /// The one of your people who held or released a policy.
        HeldBy = "who held",
        /// Policies, plays and `worker.from`, as you wrote them.
        OwnText = "policies and plays",
        /// Key and value of a record that is kept to be replayed.
        DeadRecord = "record of a dead letter",
    }
}

/// An address in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The bytes of the text that hold it.
    pub range: Range<usize>,
    /// The address without its disguise.
    pub written: String,
}

/// All addresses in a text, by their place. Those found under several disguises are one.
pub fn addresses(text: &str) -> Vec<Address> {
    if !find::may_hold(text) {
        return Vec::new();
    }
    let mut found = Vec::new();
    find::each(text, |range, units| {
        found.push(Address { range, written: units.iter().map(|unit| unit.c).collect() });
    });
    // Stable, so that of equal places the deepest reading is the last.
    found.sort_by_key(|address| address.range.start);
    let mut apart: Vec<Address> = Vec::with_capacity(found.len());
    for next in found {
        match apart.last_mut().filter(|last| next.range.start < last.range.end) {
            Some(last) => {
                let range = last.range.start..last.range.end.max(next.range.end);
                if next.range.len() >= last.range.len() {
                    last.written = next.written;
                }
                last.range = range;
            }
            None => apart.push(next),
        }
    }
    apart
}

/// True where a text holds an address.
pub fn holds_address(text: &str) -> bool {
    !addresses(text).is_empty()
}

/// The text without addresses.
pub fn masked(text: &str) -> Cow<'_, str> {
    replaced(text, |_| Cow::Borrowed(MASK))
}

/// Bytes without addresses, where they are read as text.
pub fn masked_bytes(bytes: &[u8]) -> Cow<'_, [u8]> {
    let text = String::from_utf8_lossy(bytes);
    match masked(&text) {
        Cow::Borrowed(_) => Cow::Borrowed(bytes),
        Cow::Owned(masked) => Cow::Owned(masked.into_bytes()),
    }
}

/// The text without addresses, which stay different from each other: a name that is compared still meets its equals.
pub fn told_apart(text: &str) -> Cow<'_, str> {
    replaced(text, |address| {
        let hash: [u8; 32] = Mail::parse(&address.written)
            .map_or_else(|| Sha256::digest(address.written.to_lowercase()).into(), |mail| mail.sha256());
        Cow::Owned(format!("(address {})", hex::encode(&hash[..4])))
    })
}

fn replaced<'t>(text: &'t str, by: impl Fn(&Address) -> Cow<'static, str>) -> Cow<'t, str> {
    let found = addresses(text);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut out, mut from) = (String::with_capacity(text.len()), 0);
    for address in found {
        out.push_str(&text[from..address.range.start]);
        out.push_str(&by(&address));
        from = address.range.end;
    }
    out.push_str(&text[from..]);
    Cow::Owned(out)
}

/// The head of a text, cut where no address can be cut in two.
pub fn head(text: &str) -> &str {
    if text.len() <= WINDOW {
        return text;
    }
    let head = truncated(text, WINDOW);
    let parts = |c: char| c.is_ascii_whitespace() || "\"<>(){}[],/?=|`".contains(c);
    head.rfind(parts).map_or("", |at| &head[..=at])
}

/// A few words for a person: one line without addresses, of at most so many bytes.
pub fn words(text: &str, bytes: usize) -> Cow<'_, str> {
    let text = head(text);
    // What is left out must not join two halves of an address behind the mask.
    let line = if text.chars().any(char::is_control) {
        Cow::Owned(text.chars().filter(|c| !c.is_control()).collect())
    } else {
        Cow::Borrowed(text)
    };
    let shorten = |text: String| truncated(&text, bytes).to_owned();
    match line {
        Cow::Borrowed(line) => match masked(line) {
            Cow::Borrowed(same) => Cow::Borrowed(truncated(same, bytes)),
            Cow::Owned(masked) => Cow::Owned(shorten(masked)),
        },
        Cow::Owned(line) => Cow::Owned(shorten(masked(&line).into_owned())),
    }
}

/// An id that holds no address: one that does is its hash, which tells it from others as well. What an earlier version
/// hashed stays hashed, so that the same event has the same id.
pub fn unnamed(id: &str) -> Cow<'_, str> {
    if !holds_plainly(id) && !holds_address(id) {
        return Cow::Borrowed(id);
    }
    Cow::Owned(format!("h-{}", hex::encode(&Sha256::digest(id)[..16])))
}

/// The first rule for ids, kept as it was: an `@` or `%40` between a word and a text with a dot.
fn holds_plainly(id: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || "._+-%'!#".contains(c) || !c.is_ascii();
    let signs = id.match_indices('@').chain(id.match_indices("%40"));
    signs.into_iter().any(|(at, sign)| {
        let behind = &id[at + sign.len()..];
        let end = behind
            .find(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && c != '.' && c != '-')
            .unwrap_or(behind.len());
        let host = behind[..end].trim_end_matches(['.', '-']);
        id[..at].chars().next_back().is_some_and(word) && host.contains('.')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_masked_wherever_they_stand() {
        for (text, expected) in [
            ("jane@acme.com", "(address)"),
            ("jane@acme.com_a", "(address)_a"),
            ("lever-\"jane\"@acme.com", "lever-(address)"),
            ("no such contact: Jane <jane.doe+x@mail.acme.co.uk>.", "no such contact: Jane <(address)>."),
            ("/unsubscribe?u=jane%40acme.com&x=1", "/unsubscribe?u=(address)&x=1"),
            ("{\"email\":\"a@b.io\",\"to\":\"c@d.io\"}", "{\"email\":\"(address)\",\"to\":\"(address)\"}"),
            ("write to jürgen@müller.example.", "write to (address)."),
            ("a@b.io,c@d.io", "(address),(address)"),
            ("'jane@acme.com' jane@xn--bcher-kva.de", "'(address)' (address)"),
            ("jane@163.com jane@acme.com.2", "(address) (address).2"),
            ("https://jane:secret@acme.com/x", "https://jane:(address)/x"),
            ("git@github.com:acme/x.git", "(address):acme/x.git"),
            ("@jane@social.example", "@(address)"),
        ] {
            assert_eq!(masked(text), expected);
        }
    }

    #[test]
    fn addresses_are_masked_in_every_disguise() {
        for text in [
            "jane%40acme.com",
            "jane%2540acme.com",
            "jane%252540acme.com",
            "%6aane%40acme%2Ecom",
            "jane%EF%BC%A0acme.com",
            "jane&#64;acme.com",
            "jane&#064acme.com",
            "jane&#x40;acme&#x2e;com",
            "jane&commat;acme&period;com",
            "jane&amp;#64;acme.com",
            "jane%26%2364%3Bacme.com",
            "jane＠acme.com",
            "jane﹫acme。com",
            "𝐣𝐚𝐧𝐞@𝐚𝐜𝐦𝐞.com",
            "ja\u{200b}ne@\u{ad}acme\u{2060}.com",
            "jane&zwnj;@acme&shy;.com",
            "jane\\u0040acme.com",
            "jane\\u{200b}@acme.com",
            "jane\\x40acme.com",
            "jane%u0040acme.com",
            "\"jane doe\"@acme.com",
            "%22jane%20doe%22%40acme.com",
            "jane@[192.0.2.1]",
            "bounces-1-jane=acme.com@mail.us.example",
            "jane+tag@acme.com",
            "ja\0ne@acme.com",
        ] {
            assert_eq!(masked(&format!("to {text}, now")), "to (address), now", "{text}");
        }
    }

    #[test]
    fn a_line_of_json_stays_json() {
        for value in ["\"jane doe\"@acme.com", "x", "a \"b\" jane@acme.com", "@acme.com", "\\@acme.com"] {
            let line = serde_json::json!({ "a": 1, "b": [value, 1, "@acme.com"], "c": value }).to_string();
            let masked = masked(&line);
            assert!(serde_json::from_str::<serde_json::Value>(&masked).is_ok(), "{masked}");
        }
    }

    #[test]
    fn ids_that_hold_an_address_stay_apart_without_it() {
        assert_eq!(unnamed("m-1"), "m-1");
        assert_eq!(unnamed("open:jane@acme.com"), "h-52d5f8d065920fc4cdfce1c869ce657a");
        let (one, other) = (unnamed("open:jane@acme.com"), unnamed("open:john@acme.com"));
        assert!(one != other && !one.contains("acme") && one == unnamed("open:jane@acme.com"));
        assert!(unnamed("pkg@1.2.3").starts_with("h-"), "as an earlier version had it");
        assert!(unnamed("open:jane%2540acme.com").starts_with("h-"));
    }

    #[test]
    fn names_that_are_compared_stay_apart_and_meet_their_equals() {
        let one = told_apart("SSO for jane@acme.com");
        assert_eq!(one, told_apart("SSO for Jane@Acme.com"));
        assert_eq!(one, told_apart("SSO for jane%40acme.com"));
        assert!(one != told_apart("SSO for john@acme.com") && one.starts_with("SSO for (address "), "{one}");
    }

    #[test]
    fn what_is_no_address_stays() {
        for text in [
            "",
            "@",
            "topic@12 is broken",
            "meet @noon.",
            "x@y",
            "triggers/0@77",
            "50%40",
            "user@ and a @ b",
            "@media print { }",
            "@scope/package@1.2.3",
            "lib@1.2.3-beta.4",
            "repo@v1.2.3",
            "/img/logo@2x.png",
            "user@localhost",
            "100 % & more; 5 &lt; 6 \\ \u{200b} ＠",
            "spread(@...args)",
            "/a%20b?c=%C3%A9&d=&amp;",
        ] {
            assert_eq!(masked(text), text);
        }
    }

    #[test]
    fn a_head_and_a_few_words_hold_no_part_of_an_address() {
        let long = format!("{} jane.doe@acme.com", "x".repeat(WINDOW - 8));
        assert_eq!(head(&long).len(), WINDOW - 7);
        assert_eq!(words("see jane\n@acme.com, then", 120), "see (address), then");
        assert_eq!(words("jane.doe@mail.acme.com is it", 12), "(address) is");
        assert_eq!(words(&"j".repeat(WINDOW + 9), 10), "");
        assert!(matches!(words("/pricing", 120), Cow::Borrowed("/pricing")));
    }
}
