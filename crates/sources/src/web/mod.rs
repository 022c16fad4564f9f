//! Web visits: the hot path. 97 of 100 match nobody, so that what is cheap to refuse is refused first and nothing is
//! copied from the record that need not be.

pub(crate) mod combined_log;
mod format;
pub(crate) mod ga4;
mod pages;
pub(crate) mod plain;
pub(crate) mod posthog;
pub(crate) mod rudderstack;
pub(crate) mod segment;
pub(crate) mod snowplow;

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;

use ipnet::IpNet;
use winback_core::signal::{Candidate, Identity, SignalKind};
use winback_core::time::Time;

pub(crate) use format::WebFormat;
pub use pages::PageClass;
pub(crate) use pages::{Pages, page_in};
use pages::{is_asset, path_in, route_in};

use crate::bots::Bots;
use crate::element::{DropReason, Refusal, Verdict};
use crate::ids;
use crate::text::{detail, slice};
use crate::times::TimeReader;
use crate::walk::Raw;

/// The parts that the formats of web visits share.
#[derive(Debug)]
pub(crate) struct Web {
    pub(crate) pages: Pages,
    pub(crate) bots: Bots,
    pub(crate) times: TimeReader,
    pub(crate) user_is_account: bool,
    /// The networks of our own proxies.
    pub(crate) proxies: Vec<IpNet>,
}

/// A page view, as any of the formats says it.
struct Visit<'a> {
    /// The producer's id.
    id: Option<Cow<'a, str>>,
    /// The base of the id if the producer has none.
    raw: Raw<'a>,
    /// The URL, or the path alone.
    url: Option<Cow<'a, str>>,
    user_agent: Option<Cow<'a, str>>,
    who: Identity<'a>,
}

impl Web {
    /// The signal of a page view. The time comes last: it is only read for what is one.
    fn judge<'a>(&'a self, visit: Visit<'a>, at: impl FnOnce() -> Result<Time, Refusal>) -> Verdict<'a> {
        let Some(url) = visit.url else { return Err(DropReason::NotAPage.into()) };
        let Some(path) = path_in(&url) else { return Err(DropReason::NotAPage.into()) };
        if is_asset(&url[path.clone()]) {
            return Err(DropReason::Asset.into());
        }
        if visit.user_agent.is_some_and(|agent| self.bots.is_bot(&agent)) {
            return Err(DropReason::Bot.into());
        }
        let at = at()?;
        let (class, path) = self.page(&url, path);
        Ok(Candidate {
            at,
            class: class.map(Cow::Borrowed),
            id: ids::own_or_derived(visit.id, visit.raw),
            kind: SignalKind::WebVisit,
            who: visit.who,
            detail: detail(slice(url, path)),
        })
    }
}

impl Web {
    /// The class of a page and where its path stands. A page that a script shows stands behind the `#`; where that has no
    /// class, the path in front of it may have one.
    fn page(&self, url: &str, path: Range<usize>) -> (Option<&str>, Range<usize>) {
        let Some(route) = route_in(url) else { return (self.pages.class(url, path.clone()), path) };
        match (self.pages.class(url, route.clone()), self.pages.class(url, path.clone())) {
            (None, Some(class)) => (Some(class), path),
            (class, _) => (class, route),
        }
    }

    /// Adds what a user's id says about whose it is: an address, the hash of one, or, where the source says so, the
    /// account.
    fn put_user<'a>(&self, who: &mut Identity<'a>, user: Option<Cow<'a, str>>) {
        let Some(user) = user else { return };
        if self.user_is_account && who.account_id.is_none() {
            who.account_id = Some(user.clone());
        }
        if who.email_sha256.is_none() {
            who.email_sha256 = email_hash(&user);
        }
        if who.email.is_none() && user.contains('@') {
            who.email = Some(user);
        }
    }
}

/// SHA-256 of a mail address, as 64 hexadecimal digits.
fn email_hash(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text, &mut hash).ok().map(|()| hash)
}

/// The visitor that a list of forwarding proxies names, read from its end: the first that is no proxy of ours.
fn forwarded_for(list: &str, proxies: &[IpNet]) -> Option<IpAddr> {
    let is_ours = |ip: &IpAddr| proxies.iter().any(|network| network.contains(ip));
    let mut all = list.rsplit(',').map(|one| address(one.trim().trim_matches('"')));
    // What is no address ends what can be believed.
    all.by_ref().map_while(|ip| ip).find(|ip| !is_ours(ip))
}

/// The address in a text: alone, first of a forwarding list, or with a port. IPv4 within IPv6 is IPv4.
pub(crate) fn address(text: &str) -> Option<IpAddr> {
    let first = text.split(',').next().unwrap_or_default().trim();
    let parsed = first.parse().or_else(|_| first.parse::<SocketAddr>().map(|socket| socket.ip()));
    parsed.ok().map(|ip| ip.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_the_ways_it_is_written() {
        let table = [
            ("192.0.2.7", Some("192.0.2.7")),
            ("192.0.2.7, 198.51.100.1", Some("192.0.2.7")),
            ("192.0.2.7:4711", Some("192.0.2.7")),
            ("::ffff:192.0.2.7", Some("192.0.2.7")),
            ("[2001:db8::1]:443", Some("2001:db8::1")),
            ("333.1.1.1", None),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(address(text), expected.map(|ip| ip.parse().unwrap()), "{text}");
        }
    }
}
