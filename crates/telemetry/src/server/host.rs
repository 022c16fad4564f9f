//! The name under which a page was asked for, and the page that asked.
//!
//! The pages have no login. A browser on this machine reaches them for every web page that it shows: by a name that
//! resolves to loopback (DNS rebinding), or from a script or frame of another origin. So a page answers only names that
//! cannot be somebody else's. What probes and scrapers ask for holds nothing private and answers any name.

use std::net::{IpAddr, Ipv6Addr};

use axum::http::header::{HOST, HeaderName, ORIGIN};
use axum::http::uri::Uri;
use axum::http::{HeaderMap, HeaderValue};

/// Paths that answer any `Host`, since probes and scrapers come by an address of the network.
pub(super) const PUBLIC: [&str; 3] = ["/livez", "/readyz", "/metrics"];

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// The answer to a request by where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// It is answered.
    Open,
    /// Its `Host` is missing, there twice, or no host at all.
    Malformed,
    /// It asks for a name that is not one of this server's.
    Misdirected,
    /// A page of another origin sent it.
    Foreign,
}

/// The names that this server has beside `localhost` and loopback addresses.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(Vec<String>);

impl Names {
    pub(super) fn new(names: &[String]) -> Self {
        Self(names.iter().filter_map(|name| Authority::parse(name)).map(|name| name.host).collect())
    }

    /// Decides about a request by its target and its headers alone.
    pub(super) fn decide(&self, target: &Uri, headers: &HeaderMap) -> Door {
        if PUBLIC.contains(&target.path()) {
            return Door::Open;
        }
        let hosts: Vec<&HeaderValue> = headers.get_all(HOST).iter().collect();
        let [host] = hosts[..] else { return Door::Malformed };
        let Some(host) = host.to_str().ok().and_then(Authority::parse) else { return Door::Malformed };
        // A target with a host of its own must name the same one.
        if let Some(stated) = target.authority() {
            match Authority::parse(stated.as_str()) {
                Some(stated) if stated == host && target.scheme_str() == Some("http") => {}
                _ => return Door::Malformed,
            }
        }
        if !self.knows(&host) {
            return Door::Misdirected;
        }
        if is_foreign(headers, &host) { Door::Foreign } else { Door::Open }
    }

    fn knows(&self, authority: &Authority) -> bool {
        authority.is_loopback() || self.0.contains(&authority.host)
    }
}

/// True for a name that a config may list: a host without a port.
#[must_use]
pub fn is_name(name: &str) -> bool {
    Authority::parse(name).is_some_and(|authority| authority.port.is_none())
}

/// A host in its one spelling, and its port.
#[derive(Debug, PartialEq, Eq)]
struct Authority {
    host: String,
    port: Option<u16>,
}

impl Authority {
    /// Lower case, without the trailing dot of a full name; addresses as they are written canonically.
    fn parse(text: &str) -> Option<Self> {
        let (host, rest) = match text.strip_prefix('[') {
            Some(literal) => {
                let (literal, rest) = literal.split_once(']')?;
                let address: Ipv6Addr = literal.parse().ok()?;
                (address.to_canonical().to_string(), rest)
            }
            None => {
                let (host, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
                (name(host)?, rest)
            }
        };
        let port = match rest.strip_prefix(':') {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
            None if rest.is_empty() => None,
            _ => return None,
        };
        Some(Self { host, port })
    }

    fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

fn name(host: &str) -> Option<String> {
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let has_labels = name.split('.').all(|label| !label.is_empty() && label.len() <= 63);
    (name.len() <= 253 && has_labels && name.bytes().all(is_legal)).then(|| name.to_ascii_lowercase())
}

/// True where another page's script, frame or form sent it. A link that a person follows is no such thing: what it
/// opens cannot be read by the page with the link.
fn is_foreign(headers: &HeaderMap, host: &Authority) -> bool {
    let one = |name: &HeaderName| {
        let mut values = headers.get_all(name).iter();
        let first = values.next().map(|value| value.to_str().unwrap_or("?"));
        if values.next().is_some() { Some("?") } else { first }
    };
    if let Some(origin) = one(&ORIGIN) {
        let own = origin.strip_prefix("http://").and_then(Authority::parse);
        if own.as_ref() != Some(host) {
            return true;
        }
    }
    let is_followed = one(&FETCH_MODE) == Some("navigate") && one(&FETCH_DEST) == Some("document");
    match one(&FETCH_SITE) {
        None | Some("same-origin" | "none") => false,
        Some(_) => !is_followed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(target: &str, headers: &[(&'static str, &str)]) -> Door {
        let names = ["Winback.Internal.", "10.0.0.7", "[fd00::7]"].map(str::to_owned);
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            map.append(HeaderName::from_static(name), value);
        }
        Names::new(&names).decide(&target.parse().unwrap(), &map)
    }

    #[test]
    fn only_names_that_cannot_be_somebody_elses_are_answered() {
        let own = "localhost LOCALHOST localhost. localhost:9464 127.0.0.1 127.9.8.7:80 [::1] [::1]:9464 \
                   [0:0:0:0:0:0:0:1] [::ffff:127.0.0.1] winback.internal WINBACK.internal.:1 10.0.0.7:9464 \
                   [fd00::7] [FD00:0::7]:9464";
        for host in own.split_whitespace() {
            assert_eq!(door("/", &[("host", host)]), Door::Open, "{host}");
        }
        let others = "evil.example localhost.evil.example 127.0.0.1.evil.example notlocalhost a.localhost 10.0.0.8 \
                      0.0.0.0 [::] [::2] 127.1 2130706433 0x7f.0.0.1 0177.0.0.1 winback.internal.evil.example \
                      xn--lcalhost-c1a";
        for host in others.split_whitespace() {
            assert_eq!(door("/", &[("host", host)]), Door::Misdirected, "{host}");
            assert_eq!(door("/outbox/", &[("host", host)]), Door::Misdirected, "{host}");
        }
        for host in [
            "",
            " ",
            "localhost:",
            "localhost:x",
            "localhost:99999",
            "localhost:+80",
            "user@localhost",
            "localhost..",
            ".localhost",
            "::1",
            "[::1",
            "[::1]x",
            "[::1]:",
            "[::1%lo]",
            "[localhost]",
            "localhost,evil.example",
            "l\u{f6}calhost",
            "localhost/",
            "localhost evil.example",
        ] {
            assert_eq!(door("/", &[("host", host)]), Door::Malformed, "{host:?}");
        }
    }

    #[test]
    fn a_host_that_is_missing_or_there_twice_is_refused_and_a_target_must_agree_with_it() {
        assert_eq!(door("/", &[]), Door::Malformed);
        assert_eq!(door("/", &[("host", "localhost"), ("host", "localhost")]), Door::Malformed);
        assert_eq!(door("/", &[("host", "localhost"), ("host", "evil.example")]), Door::Malformed);
        let local = [("host", "localhost:80")];
        assert_eq!(door("http://localhost:80/", &local), Door::Open);
        for target in [
            "http://evil.example/",
            "https://localhost:80/",
            "http://localhost:81/",
            "http://me@localhost:80/",
        ] {
            assert_eq!(door(target, &local), Door::Malformed, "{target}");
        }
        assert_eq!(door("http://evil.example/", &[("host", "evil.example")]), Door::Misdirected);
    }

    #[test]
    fn what_a_page_of_another_origin_sends_is_refused_and_a_link_is_followed() {
        let ask = |more: &[(&'static str, &str)]| {
            let mut headers = vec![("host", "localhost:9464")];
            headers.extend_from_slice(more);
            door("/", &headers)
        };
        let open: [&[(&str, &str)]; 4] = [
            &[("origin", "http://localhost:9464")],
            &[("sec-fetch-site", "same-origin")],
            &[("sec-fetch-site", "none")],
            &[
                ("sec-fetch-site", "cross-site"),
                ("sec-fetch-mode", "navigate"),
                ("sec-fetch-dest", "document"),
            ],
        ];
        open.iter().for_each(|headers| assert_eq!(ask(headers), Door::Open, "{headers:?}"));
        let foreign: [&[(&str, &str)]; 8] = [
            &[("origin", "http://evil.example")],
            &[("origin", "null")],
            &[("origin", "http://localhost:3000")],
            &[("origin", "https://localhost:9464")],
            &[("origin", "http://localhost:9464"), ("origin", "http://evil.example")],
            &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "script")],
            &[("sec-fetch-site", "same-site"), ("sec-fetch-mode", "cors"), ("sec-fetch-dest", "empty")],
            &[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")],
        ];
        foreign.iter().for_each(|headers| assert_eq!(ask(headers), Door::Foreign, "{headers:?}"));
    }

    #[test]
    fn probes_and_scrapers_are_answered_under_any_name() {
        for path in PUBLIC {
            assert_eq!(door(path, &[("host", "10.1.2.3:9464")]), Door::Open);
            assert_eq!(door(path, &[]), Door::Open);
            assert_eq!(door(&format!("{path}?x=1"), &[("host", "evil.example")]), Door::Open);
        }
        for path in ["/livez/", "/livez/..", "/livez%2f", "//livez", "/METRICS", "/metricsx"] {
            assert_eq!(door(path, &[("host", "evil.example")]), Door::Misdirected, "{path}");
        }
    }

    #[test]
    fn a_configured_name_is_a_host_without_a_port() {
        for name in ["winback.internal", "10.0.0.7", "[fd00::7]", "A-b_c"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "*", "*.internal", "http://x", "x:80", "[::1]:80", "x/y", "a b"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
