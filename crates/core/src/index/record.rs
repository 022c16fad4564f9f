//! How an account lies in the arena: its keys one behind the other, each knowing its row.
//!
//! A record is `row: u32, head: u8, [length: u32], bytes`. The head holds the kind and a length below 31. A table
//! refers to a key by the record's offset alone, so that the key is there once and costs five bytes more than itself.

use ipnet::IpNet;

use super::Method;
use crate::account::{Account, Reason, Status, Tier};
use crate::identity::{CompanyName, check_range, company_domain, domain_in_name, refuse_written};
use crate::time::Time;

/// The bytes of a contact's SHA-256 that are the key. Among 2^30 contacts two differ only behind 16 bytes with odds of
/// 2^-69.
pub(super) const CONTACT_BYTES: usize = 16;
/// The longest name that is a key; what is longer is a text, not a name.
pub(super) const MAX_NAME_BYTES: usize = 256;

/// A length that is written out behind the head.
const LONG: u8 = 31;

/// The content of a record; all but the last are a table's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Id,
    Contact,
    Domain,
    Range,
    Name,
    /// Not a key: when the account last said no. Few have it, so it is no field of every row.
    Declined,
    /// Not a key: the key of a contact that the books say opted out.
    OptedOut,
    /// Not a key: before when the account is not to be approached. Few have it.
    Earliest,
}

impl Kind {
    /// The rung whose key this is.
    pub(super) const fn method(self) -> Option<Method> {
        match self {
            Self::Id => Some(Method::AccountId),
            Self::Contact => Some(Method::Contact),
            Self::Domain => Some(Method::Domain),
            Self::Range => Some(Method::Range),
            Self::Name => Some(Method::Name),
            Self::Declined | Self::OptedOut | Self::Earliest => None,
        }
    }

    const fn of(head: u8) -> Self {
        match head & 7 {
            0 => Self::Id,
            1 => Self::Contact,
            2 => Self::Domain,
            3 => Self::Range,
            4 => Self::Name,
            5 => Self::Declined,
            6 => Self::OptedOut,
            _ => Self::Earliest,
        }
    }
}

/// A record as it is read.
#[derive(Clone, Copy)]
pub(super) struct Record<'a> {
    pub(super) at: usize,
    pub(super) row: u32,
    pub(super) kind: Kind,
    pub(super) bytes: &'a [u8],
}

impl Record<'_> {
    /// The beginning of the next one.
    pub(super) fn end(&self) -> usize {
        let head = if self.bytes.len() < usize::from(LONG) { 5 } else { 9 };
        self.at + head + self.bytes.len()
    }

    /// The moment that it holds.
    pub(super) fn time(&self) -> Option<Time> {
        self.bytes.first_chunk().map(|bytes| Time::from_millis(i64::from_le_bytes(*bytes)))
    }
}

/// The record at `at`.
pub(super) fn read(arena: &[u8], at: usize) -> Record<'_> {
    let head = arena[at + 4];
    let (start, len) = match head >> 3 {
        LONG => (at + 9, word(arena, at + 5) as usize),
        len => (at + 5, usize::from(len)),
    };
    Record { at, row: word(arena, at), kind: Kind::of(head), bytes: &arena[start..start + len] }
}

/// The records in a part of the arena, in order.
pub(super) fn walk(arena: &[u8], start: usize, end: usize) -> impl Iterator<Item = Record<'_>> {
    let mut at = start;
    std::iter::from_fn(move || {
        let record = (at < end).then(|| read(arena, at))?;
        at = record.end();
        Some(record)
    })
}

/// Tells the record at `at` its row.
pub(super) fn set_row(arena: &mut [u8], at: usize, row: u32) {
    arena[at..at + 4].copy_from_slice(&row.to_le_bytes());
}

fn word(arena: &[u8], at: usize) -> u32 {
    arena[at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// An account in the form that the index stores, made outside of any lock.
pub(super) struct Prepared {
    pub(super) version: u64,
    pub(super) churned_at: Time,
    pub(super) reason: Reason,
    pub(super) tier: Tier,
    pub(super) flags: u8,
    /// Its records; their rows are not set yet.
    pub(super) records: Vec<u8>,
}

/// Bits of [`Prepared::flags`].
pub(super) mod flag {
    pub(in crate::index) const ACTIVE: u8 = 1;
    pub(in crate::index) const DO_NOT_CONTACT: u8 = 2;
    pub(in crate::index) const HOLD_OUT: u8 = 4;
    pub(in crate::index) const ALL_OPTED_OUT: u8 = 8;
    pub(in crate::index) const CONSENT_KNOWN: u8 = 16;
    pub(in crate::index) const CONSENT: u8 = 32;
}

impl Prepared {
    /// Normalises an account's keys, once each, and drops those that are refused. An active account keeps its id only.
    pub(super) fn of(account: &Account) -> Self {
        let mut records = Vec::with_capacity(96);
        push(&mut records, Kind::Id, account.id.as_str().as_bytes());
        push_time(&mut records, Kind::Declined, account.declined_at);
        push_time(&mut records, Kind::Earliest, account.earliest_at);
        if account.status == Status::Churned {
            push_all(&mut records, Kind::Contact, contacts(account));
            push_all(&mut records, Kind::Domain, domains(account));
            push_all(&mut records, Kind::Range, ranges(account));
            push_all(&mut records, Kind::Name, names(account));
            push_all(&mut records, Kind::OptedOut, opted_out(account));
        }
        Self {
            version: account.version,
            churned_at: account.churned_at,
            reason: account.reason,
            tier: account.tier(),
            flags: flags(account),
            records,
        }
    }
}

fn flags(account: &Account) -> u8 {
    let all_opted_out =
        !account.contacts.is_empty() && account.contacts.iter().all(|contact| contact.opted_out);
    let bits = [
        (account.status == Status::Active, flag::ACTIVE),
        (account.do_not_contact, flag::DO_NOT_CONTACT),
        (account.hold_out, flag::HOLD_OUT),
        (all_opted_out, flag::ALL_OPTED_OUT),
        (account.consent.is_some(), flag::CONSENT_KNOWN),
        (account.consent == Some(true), flag::CONSENT),
    ];
    bits.into_iter().filter(|(set, _)| *set).fold(0, |all, (_, bit)| all | bit)
}

fn contacts(account: &Account) -> Vec<[u8; CONTACT_BYTES]> {
    account.contacts.iter().map(|contact| contact_key(&contact.email_sha256)).collect()
}

fn opted_out(account: &Account) -> Vec<[u8; CONTACT_BYTES]> {
    let out = account.contacts.iter().filter(|contact| contact.opted_out);
    out.map(|contact| contact_key(&contact.email_sha256)).collect()
}

/// The part of a hash that is the key.
pub(super) fn contact_key(sha256: &[u8; 32]) -> [u8; CONTACT_BYTES] {
    let mut key = [0; CONTACT_BYTES];
    key.copy_from_slice(&sha256[..CONTACT_BYTES]);
    key
}

fn titles(account: &Account) -> impl Iterator<Item = &str> {
    std::iter::once(&account.name)
        .chain(&account.aliases)
        .map(String::as_str)
        .filter(|name| name.len() <= MAX_NAME_BYTES)
}

fn domains(account: &Account) -> Vec<String> {
    let listed = account.domains.iter().filter_map(|domain| company_domain(domain).ok());
    let named = titles(account).filter_map(|name| {
        let host = domain_in_name(name).filter(|host| refuse_written(name, host).is_none())?;
        host.registrable().ok().map(str::to_owned)
    });
    listed.chain(named).collect()
}

/// The names in each spelling, and with their legal forms where they say one: who says another one is somebody else.
fn names(account: &Account) -> Vec<String> {
    let mut keys = Vec::new();
    for name in titles(account).map(CompanyName::parse) {
        keys.extend(name.spellings().filter(|name| !name.is_empty()).map(str::to_owned));
        keys.extend(name.with_forms());
    }
    keys
}

fn ranges(account: &Account) -> Vec<RangeKey> {
    account.ranges.iter().filter_map(|net| check_range(*net).ok()).map(|net| range_key(&net)).collect()
}

/// A network as bytes: the length of the prefix, then the address. A lookup makes several, so it stays on the stack.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RangeKey {
    bytes: [u8; 17],
    len: usize,
}

impl AsRef<[u8]> for RangeKey {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// The key of a network.
pub(super) fn range_key(net: &IpNet) -> RangeKey {
    let mut bytes = [0; 17];
    bytes[0] = net.prefix_len();
    let len = match net {
        IpNet::V4(net) => {
            bytes[1..5].copy_from_slice(&net.network().octets());
            5
        }
        IpNet::V6(net) => {
            bytes[1..].copy_from_slice(&net.network().octets());
            17
        }
    };
    RangeKey { bytes, len }
}

/// Behind the id and before all keys, so that an entry finds it without a walk over them.
fn push_time(records: &mut Vec<u8>, kind: Kind, at: Option<Time>) {
    if let Some(at) = at {
        push(records, kind, &at.millis().to_le_bytes());
    }
}

fn push_all<K: AsRef<[u8]> + Ord>(records: &mut Vec<u8>, kind: Kind, mut keys: Vec<K>) {
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        push(records, kind, key.as_ref());
    }
}

fn push(records: &mut Vec<u8>, kind: Kind, bytes: &[u8]) {
    // An id of more than four gigabytes cannot come out of a record of a log.
    let bytes = &bytes[..bytes.len().min(u32::MAX as usize)];
    records.extend([0; 4]);
    match u8::try_from(bytes.len()) {
        Ok(len) if len < LONG => records.push(kind as u8 | len << 3),
        _ => {
            records.push(kind as u8 | LONG << 3);
            records.extend(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes());
        }
    }
    records.extend_from_slice(bytes);
}
