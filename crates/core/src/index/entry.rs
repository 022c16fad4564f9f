//! The answers of the index.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

use super::Method;
use super::record::{Kind, Record};
use crate::account::{Reason, Status, Tier};
use crate::closed_enum;
use crate::identity::FORM;
use crate::time::Time;

/// The index's knowledge of an account: enough to decide if a signal is followed, and if anything may be written at
/// all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// Its id.
    pub id: &'a str,
    /// The version of the row that this was taken from.
    pub version: u64,
    /// The status.
    pub status: Status,
    /// The churn time.
    pub churned_at: Time,
    /// The reason of leaving.
    pub reason: Reason,
    /// The tier.
    pub tier: Tier,
    /// Never to be approached.
    pub do_not_contact: bool,
    /// The time of the last no.
    pub declined_at: Option<Time>,
    /// Not to be approached before this.
    pub earliest_at: Option<Time>,
    /// Never contacted, so that what comes back untouched can be measured.
    pub hold_out: bool,
    /// There are contacts, and none may be written to.
    pub all_opted_out: bool,
    /// True if it agreed to be written to; `None` if the books do not say.
    pub consent: Option<bool>,
}

/// The owner of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup<'a> {
    /// One account's.
    Match(Match<'a>),
    /// Several claim it on this rung, and no later rung told them apart.
    Ambiguous(Method),
    /// Nobody's on the list.
    None,
}

/// The account that was found, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match<'a> {
    /// The account.
    pub account: Entry<'a>,
    /// The first rung that hit.
    pub method: Method,
    /// The key that hit there.
    pub key: MatchedKey<'a>,
    /// The later rung's key that told several claimants of the first key apart.
    pub narrowed_by: Option<MatchedKey<'a>>,
}

/// A key of the index as evidence may show it: `domain acme.com`, `contact 3f2a9c01…`. Never a mail address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct MatchedKey<'a> {
    method: Method,
    bytes: &'a [u8],
}

impl<'a> MatchedKey<'a> {
    pub(super) fn of(record: &Record<'a>) -> Option<Self> {
        Some(Self { method: record.kind.method()?, bytes: record.bytes })
    }

    /// The rung that it belongs to.
    pub const fn method(&self) -> Method {
        self.method
    }

    fn text(&self) -> &'a str {
        std::str::from_utf8(self.bytes).unwrap_or_default()
    }

    fn range(&self) -> Option<IpNet> {
        let (length, address) = self.bytes.split_first()?;
        let address = match address.first_chunk() {
            Some(six) if address.len() == 16 => IpAddr::from(*six as [u8; 16]),
            _ => IpAddr::from(*address.first_chunk::<4>()?),
        };
        IpNet::new(address, *length).ok()
    }
}

impl fmt::Display for MatchedKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.method {
            Method::AccountId => write!(f, "account {}", self.text()),
            Method::Contact => write!(f, "contact {}…", hex::encode(&self.bytes[..self.bytes.len().min(4)])),
            Method::Domain => write!(f, "domain {}", self.text()),
            Method::Range => self.range().map_or(Ok(()), |net| write!(f, "range {net}")),
            Method::Name => write!(f, "name {}", self.text().split(FORM).next().unwrap_or_default()),
        }
    }
}

impl fmt::Debug for MatchedKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

closed_enum! {
    /// The change of an upsert.
    Change {
        /// The account was not known.
        Added = "added",
        /// It was; all its keys are replaced.
        Changed = "changed",
        /// A newer version is stored; nothing was changed.
        Stale = "stale",
        /// No room: the keys would exceed two gigabytes. Nothing was changed, and the index is incomplete.
        Full = "full",
    }
}

impl Kind {
    /// All kinds that are keys, in the order of the tables.
    pub(super) const KEYS: [Self; 5] = [Self::Id, Self::Contact, Self::Domain, Self::Range, Self::Name];
}
