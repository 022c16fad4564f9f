//! One person's mail address in the form that both books and events are reduced to.
//!
//! A tag behind `+` names a folder, not a person, at every provider that we know: it goes, everywhere. Dots mean
//! nothing at Gmail, and only there. Other systems hash the address merely trimmed and in lower case, so that form's
//! hash is offered, too, where it differs.

use sha2::{Digest, Sha256};

use super::Host;

/// The longest address that a mail server takes (RFC 5321).
const MAX_BYTES: usize = 254;

/// A normalised mail address. It has no `Display` and no `Debug` that would show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    text: String,
    at: usize,
    plain: Option<String>,
}

impl Mail {
    /// Reads `jane@acme.com`, `mailto:jane@acme.com?…`, `Jane <jane@acme.com>`; `None` where there is no address.
    pub fn parse(raw: &str) -> Option<Self> {
        let (local, domain) = cut_out(raw).rsplit_once('@')?;
        let host = Host::parse(domain).ok()?;
        let local = local.to_lowercase();
        let bad = |c: char| c.is_whitespace() || c.is_control() || "@<>\"(),:;".contains(c);
        if local.is_empty() || local.contains(bad) || local.len() + 1 + host.as_str().len() > MAX_BYTES {
            return None;
        }
        let plain = format!("{local}@{}", host.as_str());
        let (person, domain) = person(&local, host.as_str());
        let text = format!("{person}@{domain}");
        Some(Self { at: person.len(), plain: (plain != text).then_some(plain), text })
    }

    /// The address. Personal data: not for logs, labels or evidence.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host behind the `@`, normalised.
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// SHA-256 of the normalised address: what a contact is known by.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.text).into()
    }

    /// SHA-256 of the address in lower case with its tag and dots, where that is another.
    pub fn plain_sha256(&self) -> Option<[u8; 32]> {
        self.plain.as_ref().map(|plain| Sha256::digest(plain).into())
    }
}

impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mail(…@{})", self.domain())
    }
}

fn cut_out(raw: &str) -> &str {
    let text = match raw.rsplit_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or(rest),
        None => raw,
    };
    let text = text.trim();
    match text.get(..7) {
        Some(scheme) if scheme.eq_ignore_ascii_case("mailto:") => {
            text[7..].split('?').next().unwrap_or("").trim()
        }
        _ => text,
    }
}

/// The local part without what does not tell one person from another, and the domain's one name.
fn person<'a>(local: &str, domain: &'a str) -> (String, &'a str) {
    let untagged = match local.split_once('+') {
        Some((person, _)) if !person.is_empty() => person,
        _ => local,
    };
    match domain {
        "gmail.com" | "googlemail.com" => (untagged.replace('.', ""), "gmail.com"),
        _ => (untagged.to_owned(), domain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_has_one_address() {
        for (raw, expected) in [
            (" Jane@Acme.COM ", "jane@acme.com"),
            ("mailto:jane@acme.com?subject=x@y", "jane@acme.com"),
            ("MAILTO:jane@acme.com", "jane@acme.com"),
            ("Jane Doe <Jane@acme.com>", "jane@acme.com"),
            ("\"Doe, Jane\" <jane@acme.com>", "jane@acme.com"),
            ("<mailto:jane@acme.com>", "jane@acme.com"),
            ("jane+trial@acme.com", "jane@acme.com"),
            ("+jane@acme.com", "+jane@acme.com"),
            ("j.a.n.e@acme.com", "j.a.n.e@acme.com"),
            ("J.a.ne+x@gmail.com", "jane@gmail.com"),
            ("jane@googlemail.com", "jane@gmail.com"),
            ("jane@Bücher.de", "jane@xn--bcher-kva.de"),
            ("ÉVA@acme.com", "éva@acme.com"),
        ] {
            let mail = Mail::parse(raw).unwrap();
            assert_eq!(mail.as_str(), expected, "{raw}");
            assert_eq!(mail.domain(), expected.rsplit_once('@').unwrap().1);
        }
    }

    #[test]
    fn what_is_no_address_is_none() {
        let long = format!("{}@acme.com", "a".repeat(250));
        for raw in [
            "",
            "jane",
            "@acme.com",
            "jane@",
            "jane@localhost",
            "ja ne@acme.com",
            "a@b@acme.com",
            "j@[192.0.2.1]",
        ] {
            assert_eq!(Mail::parse(raw), None, "{raw}");
        }
        assert_eq!(Mail::parse(&long), None);
        assert_eq!(Mail::parse("ja\0ne@acme.com"), None);
    }

    #[test]
    fn the_hash_is_that_of_the_normal_form_and_the_plain_one_is_offered_where_it_differs() {
        let expected = "8c87b489ce35cf2e2f39f80e282cb2e804932a56a213983eeeb428407d43b52d";
        assert_eq!(hex::encode(Mail::parse("Jane@example.com").unwrap().sha256()), expected);
        assert_eq!(Mail::parse("jane@example.com").unwrap().plain_sha256(), None);
        let tagged = Mail::parse("jane+x@example.com").unwrap();
        assert_eq!(hex::encode(tagged.sha256()), expected);
        assert!(tagged.plain_sha256().is_some_and(|plain| plain != tagged.sha256()));
    }

    #[test]
    fn debugging_an_address_does_not_show_the_person() {
        assert_eq!(format!("{:?}", Mail::parse("jane@acme.com").unwrap()), "Mail(…@acme.com)");
    }
}
