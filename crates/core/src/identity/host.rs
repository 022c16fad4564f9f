//! A host name in its normal form, and the domain that somebody registered for it.
//!
//! The matcher reads one per visit, so the usual host, already lower-case ASCII, is borrowed and never copied.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::closed_enum;

closed_enum! {
    /// The reason why a text has no registrable domain.
    NoDomain {
        /// Nothing but white space.
        Empty = "empty",
        /// An address, not a name.
        Address = "ip_address",
        /// Not a host name: one label, a character or a length that no host has.
        NotAHost = "not_a_host",
        /// The whole name is a public suffix (`co.uk`, `github.io`).
        PublicSuffix = "public_suffix",
        /// It ends in nothing that the public suffix list knows (`printer.local`).
        UnknownSuffix = "unknown_suffix",
    }
}

const MAX_HOST_BYTES: usize = 253;
const MAX_LABEL_BYTES: usize = 63;
/// The suffix for documentation is nobody's; it stays allowed, because examples need some.
const DOCUMENTATION: &[u8] = b"example";

/// A host name: lower case, IDNA ASCII, without scheme, credentials, port, path or trailing dot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host<'a>(Cow<'a, str>);

impl<'a> Host<'a> {
    /// The host of a mail address, URL, host with port, or bare domain.
    pub fn parse(raw: &'a str) -> Result<Self, NoDomain> {
        let cut = cut_out(raw);
        if cut.is_empty() {
            return Err(NoDomain::Empty);
        }
        if cut.parse::<Ipv6Addr>().is_ok() {
            return Err(NoDomain::Address);
        }
        let name = ascii(without_port(cut).trim_matches('.'))?;
        if name.as_bytes().last().is_some_and(u8::is_ascii_digit) && name.parse::<Ipv4Addr>().is_ok() {
            return Err(NoDomain::Address);
        }
        check(&name)?;
        Ok(Self(name))
    }

    /// The name itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part of it that somebody registered: one label below a public suffix.
    pub fn registrable(&self) -> Result<&str, NoDomain> {
        let name = self.as_str();
        let Some(domain) = psl::domain(name.as_bytes()) else {
            let known = psl::suffix(name.as_bytes()).is_some_and(|suffix| suffix.is_known());
            return Err(if known { NoDomain::PublicSuffix } else { NoDomain::UnknownSuffix });
        };
        if !domain.suffix().is_known() && domain.suffix().as_bytes() != DOCUMENTATION {
            return Err(NoDomain::UnknownSuffix);
        }
        Ok(&name[name.len() - domain.as_bytes().len()..])
    }
}

/// The part between scheme and credentials on the left and port, path and query on the right.
fn cut_out(raw: &str) -> &str {
    let text = raw.trim();
    let text = text.strip_suffix('>').unwrap_or(text);
    let text = text.find("//").map_or(text, |at| if is_scheme(&text[..at]) { &text[at + 2..] } else { text });
    let end = text.find(['/', '?', '#', '\\']).unwrap_or(text.len());
    let text = &text[..end];
    text.rfind('@').map_or(text, |at| &text[at + 1..])
}

fn is_scheme(text: &str) -> bool {
    text.is_empty()
        || text.strip_suffix(':').is_some_and(|scheme| {
            !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
        })
}

fn without_port(text: &str) -> &str {
    match text.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => text,
    }
}

/// Lower-case ASCII: borrowed where it is already, IDNA where it is not.
fn ascii(name: &str) -> Result<Cow<'_, str>, NoDomain> {
    if !name.is_ascii() {
        let name = idna::domain_to_ascii(name).map_err(|_| NoDomain::NotAHost)?;
        return Ok(Cow::Owned(name.trim_matches('.').to_owned()));
    }
    if name.bytes().any(|b| b.is_ascii_uppercase()) {
        return Ok(Cow::Owned(name.to_ascii_lowercase()));
    }
    Ok(Cow::Borrowed(name))
}

fn check(name: &str) -> Result<(), NoDomain> {
    if name.starts_with('[') {
        return Err(NoDomain::Address);
    }
    let mut label = 0;
    let mut dots = 0;
    for byte in name.bytes() {
        match byte {
            b'.' if label == 0 => return Err(NoDomain::NotAHost),
            b'.' => (label, dots) = (0, dots + 1),
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' if label < MAX_LABEL_BYTES => label += 1,
            _ => return Err(NoDomain::NotAHost),
        }
    }
    if dots == 0 || name.len() > MAX_HOST_BYTES { Err(NoDomain::NotAHost) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registrable(raw: &str) -> Result<String, NoDomain> {
        Host::parse(raw).and_then(|host| host.registrable().map(str::to_owned))
    }

    #[test]
    fn a_domain_is_found_however_it_is_written() {
        for (raw, expected) in [
            ("acme.com", "acme.com"),
            ("  WWW.Acme.COM.  ", "acme.com"),
            ("https://shop.acme.co.uk:8443/a?b=c@d.com#e", "acme.co.uk"),
            ("http://user:secret@acme.com/path", "acme.com"),
            ("//cdn.acme.com/x", "acme.com"),
            ("acme.com:443", "acme.com"),
            ("acme.com/path//double", "acme.com"),
            ("jane@mail.acme.com", "acme.com"),
            ("Jane Doe <jane@acme.com>", "acme.com"),
            ("mailto:jane@acme.com?subject=hi", "acme.com"),
            ("https://www.Bücher.example.de/", "example.de"),
            ("BÜCHER.de", "xn--bcher-kva.de"),
            ("xn--bcher-kva.de", "xn--bcher-kva.de"),
            ("bücher。de", "xn--bcher-kva.de"),
            ("acme.github.io", "acme.github.io"),
            ("a.b.acme.com.au", "acme.com.au"),
            (".acme.com", "acme.com"),
            ("_dmarc.acme.com", "acme.com"),
            ("www.northwind.example", "northwind.example"),
        ] {
            assert_eq!(registrable(raw).as_deref(), Ok(expected), "{raw}");
        }
    }

    #[test]
    fn what_has_no_registrable_domain_says_why() {
        let long = format!("{}.com", "a".repeat(64));
        for (raw, expected) in [
            ("", NoDomain::Empty),
            ("   ", NoDomain::Empty),
            ("https:///path", NoDomain::Empty),
            ("192.0.2.7", NoDomain::Address),
            ("http://192.0.2.7:80/", NoDomain::Address),
            ("2001:db8::1", NoDomain::Address),
            ("http://[2001:db8::1]:80/", NoDomain::Address),
            ("localhost", NoDomain::NotAHost),
            ("acme", NoDomain::NotAHost),
            ("acme inc.com", NoDomain::NotAHost),
            ("acme..com", NoDomain::NotAHost),
            ("acme.com:port", NoDomain::NotAHost),
            (long.as_str(), NoDomain::NotAHost),
            ("co.uk", NoDomain::PublicSuffix),
            ("github.io", NoDomain::PublicSuffix),
            ("printer.local", NoDomain::UnknownSuffix),
            ("a\0.com", NoDomain::NotAHost),
        ] {
            assert_eq!(registrable(raw), Err(expected), "{raw}");
        }
    }

    #[test]
    fn the_usual_host_is_not_copied() {
        assert!(matches!(Host::parse("https://www.acme.com/x").map(|host| host.0), Ok(Cow::Borrowed(_))));
    }
}
