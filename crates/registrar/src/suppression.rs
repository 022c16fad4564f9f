//! The erased accounts, as keyed hashes: enough to refuse a row for ever, not enough to say whose it was.
//!
//! The hashes stand in a compacted topic, which every registrar lane restores before its first row. An erasure comes
//! as a request in each partition of the accounts' topic ([`Request`]), so that every lane hears of it in order.

use std::collections::HashSet;

use hmac_sha256::HMAC;
use winback_core::account::{Account, Contact};
use winback_core::time::Time;
use winback_log::Unreadable;
use winback_proto::{WireMessage as _, v1};

/// The header that makes a row a request.
pub const REQUEST_HEADER: &str = "winback-erase";
/// The text that a key hashes to be recognised.
const CHECK: &[u8] = b"winback";
/// A shorter key could be guessed.
const SHORTEST: usize = 32;

/// The deployment's secret; who has it can tell whether a given account or address was erased.
#[derive(Clone, PartialEq, Eq)]
pub struct SuppressionKey(Vec<u8>);

impl std::fmt::Debug for SuppressionKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SuppressionKey(…)")
    }
}

impl SuppressionKey {
    /// A key of at least 32 bytes; `None` for a shorter one.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (text.len() >= SHORTEST).then(|| Self(text.as_bytes().to_vec()))
    }

    fn hash(&self, kind: Kind, of: &[u8]) -> Suppressed {
        let mut mac = HMAC::new(&self.0);
        mac.update([kind as u8, 0]);
        mac.update(of);
        Suppressed(kind, mac.finalize())
    }

    /// The keyed hash of an account's id.
    pub fn account(&self, id: &str) -> Suppressed {
        self.hash(Kind::Account, id.as_bytes())
    }

    /// The keyed hash of a contact, who is known by the SHA-256 of the address.
    pub fn contact(&self, sha256: &[u8; 32]) -> Suppressed {
        self.hash(Kind::Contact, sha256)
    }

    /// The mark of this key.
    pub fn check(&self) -> Suppressed {
        self.hash(Kind::Check, CHECK)
    }
}

/// The kind of a hash's subject: the letter in front of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
enum Kind {
    Account = b'a',
    Contact = b'c',
    Check = b'k',
}

/// A keyed hash of an account's id or a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Suppressed(Kind, [u8; 32]);

impl Suppressed {
    /// The key of its record.
    pub fn record_key(&self) -> Vec<u8> {
        match self.0 {
            // The record of the check is one, whatever it says.
            Kind::Check => b"k".to_vec(),
            kind => [&[kind as u8][..], &self.1].concat(),
        }
    }

    /// Its record.
    pub fn record(&self, at: Time) -> v1::Suppression {
        let check = if self.0 == Kind::Check { self.1.to_vec() } else { Vec::new() };
        v1::Suppression { at: Some(at.into()), check }
    }

    fn text(&self) -> String {
        let hex = self.1.iter().map(|byte| format!("{byte:02x}"));
        std::iter::once(char::from(self.0 as u8).to_string()).chain(hex).collect()
    }

    fn parse(text: &str) -> Option<Self> {
        let kind = match text.as_bytes().first()? {
            b'a' => Kind::Account,
            b'c' => Kind::Contact,
            b'k' => Kind::Check,
            _ => return None,
        };
        crate::contacts::decode_hash(text.get(1..)?).map(|hash| Self(kind, hash))
    }
}

/// An erasure on its way to the registrar.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request(pub Vec<Suppressed>);

impl Request {
    /// The value of [`REQUEST_HEADER`].
    pub fn header(&self) -> String {
        self.0.iter().map(Suppressed::text).collect::<Vec<_>>().join(" ")
    }

    /// The request of a header; `None` if it is none.
    pub fn parse(header: &[u8]) -> Option<Self> {
        let words = std::str::from_utf8(header).ok()?.split(' ').filter(|word| !word.is_empty());
        let hashes: Vec<Suppressed> = words.map(Suppressed::parse).collect::<Option<_>>()?;
        (!hashes.is_empty()).then_some(Self(hashes))
    }
}

/// Those who were erased.
#[derive(Clone, Debug, Default)]
pub struct Suppressions {
    hashes: HashSet<Suppressed>,
    check: Option<[u8; 32]>,
}

/// A record of the topic of who was erased; `None` for a tombstone that names nobody.
///
/// # Errors
/// When no registrar can have written it.
pub fn read_suppression(key: &[u8], value: Option<&[u8]>) -> Result<Option<Suppressed>, Unreadable> {
    let hash = |bytes: &[u8]| <[u8; 32]>::try_from(bytes).ok();
    let of_key = match key.split_first() {
        Some((b'a', rest)) => hash(rest).map(|hash| Suppressed(Kind::Account, hash)),
        Some((b'c', rest)) => hash(rest).map(|hash| Suppressed(Kind::Contact, hash)),
        _ => None,
    };
    let Some(value) = value else { return Ok(of_key) };
    let is_check = key == b"k";
    if of_key.is_none() && !is_check {
        return Err(Unreadable::key("its key is no keyed hash of somebody who was erased"));
    }
    let why = |why: &dyn std::fmt::Display| Unreadable::value(format!("who was erased: {why}"));
    let wire = v1::Suppression::from_bytes(value).map_err(|error| why(&error))?;
    if is_check {
        let check = hash(&wire.check).ok_or_else(|| why(&"it is no check of a key: 32 bytes"))?;
        return Ok(Some(Suppressed(Kind::Check, check)));
    }
    Ok(of_key)
}

/// The decision about a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is taken.
    Taken,
    /// It is taken without so many of its contacts.
    Without(usize),
    /// It is of an account that was erased, or only of people who were.
    Refused,
}

impl Suppressions {
    /// The number of hashes.
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// True if nobody was erased.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// True if that one was erased.
    pub fn contains(&self, one: &Suppressed) -> bool {
        self.hashes.contains(one)
    }

    /// Takes a hash; grows only, so that nothing is to be taken back when a batch is done again.
    pub fn add(&mut self, one: Suppressed) {
        match one.0 {
            Kind::Check => self.check = Some(one.1),
            Kind::Account | Kind::Contact => drop(self.hashes.insert(one)),
        }
    }

    /// Takes a record of the topic.
    ///
    /// # Errors
    /// When it is none.
    pub fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), Unreadable> {
        match (read_suppression(key, value)?, value) {
            (Some(one), Some(_)) => self.add(one),
            (Some(one), None) => drop(self.hashes.remove(&one)),
            (None, _) => {}
        }
        Ok(())
    }

    /// The reason why rows cannot be held against these hashes with that key, if there is one.
    pub fn refuses(&self, key: Option<&SuppressionKey>) -> Option<String> {
        let count = self.len();
        match (key, self.check) {
            _ if self.is_empty() => None,
            (None, _) => Some(format!(
                "{count} keyed hashes say who was erased, and privacy.key is not set: set it to the key that they were \
                 made with"
            )),
            (Some(key), Some(check)) if key.check().1 != check => Some(format!(
                "privacy.key is not the key that the {count} hashes of who was erased were made with: set it to that one"
            )),
            (Some(_), _) => None,
        }
    }

    /// Holds an account against them, and takes contacts away that were erased.
    pub fn admit(&self, key: &SuppressionKey, account: &mut Account) -> Admission {
        if self.contains(&key.account(account.id.as_str())) {
            return Admission::Refused;
        }
        let before = account.contacts.len();
        account.contacts.retain(|contact: &Contact| !self.contains(&key.contact(&contact.email_sha256)));
        match before - account.contacts.len() {
            0 => Admission::Taken,
            gone if gone == before => Admission::Refused,
            gone => Admission::Without(gone),
        }
    }
}

#[cfg(test)]
mod tests {
    use winback_core::account::Reason;
    use winback_proto::Encoding;

    use super::*;

    fn key() -> SuppressionKey {
        SuppressionKey::new("0123456789abcdef0123456789abcdef").unwrap()
    }

    fn with(contacts: &[u8]) -> Account {
        let mut account = Account::new("acme", "Acme", Time::from_millis(0), Reason::Unknown);
        let contact = |byte: &u8| Contact {
            email_sha256: [*byte; 32],
            role: String::new(),
            opted_out: false,
            ..Contact::default()
        };
        account.contacts = contacts.iter().map(contact).collect();
        account
    }

    fn suppressing(all: &[Suppressed]) -> Suppressions {
        let mut suppressions = Suppressions::default();
        for one in all {
            let value = one.record(Time::from_millis(5)).to_bytes(Encoding::Protobuf);
            suppressions.restore(&one.record_key(), Some(&value)).unwrap();
        }
        suppressions
    }

    #[test]
    fn an_erased_account_is_refused_whatever_its_row_says() {
        let suppressions = suppressing(&[key().check(), key().account("acme")]);
        assert_eq!(suppressions.admit(&key(), &mut with(&[])), Admission::Refused);
        let mut other = with(&[]);
        other.id = "Acme".into();
        assert_eq!(suppressions.admit(&key(), &mut other), Admission::Taken);
    }

    #[test]
    fn who_was_erased_does_not_come_back_under_another_account() {
        let suppressions = suppressing(&[key().contact(&[1; 32])]);
        assert_eq!(suppressions.admit(&key(), &mut with(&[1])), Admission::Refused);
        let mut some = with(&[1, 2]);
        assert_eq!(suppressions.admit(&key(), &mut some), Admission::Without(1));
        assert_eq!(some.contacts, with(&[2]).contacts);
        assert_eq!(suppressions.admit(&key(), &mut with(&[2])), Admission::Taken);
    }

    #[test]
    fn another_key_is_noticed_and_none_too() {
        let suppressions = suppressing(&[key().check(), key().account("acme")]);
        let other = SuppressionKey::new(&"x".repeat(32)).unwrap();
        assert!(suppressions.refuses(Some(&other)).unwrap().contains("is not the key"));
        assert!(suppressions.refuses(None).unwrap().contains("privacy.key is not set"));
        assert_eq!(suppressions.refuses(Some(&key())), None);
        assert_eq!(suppressing(&[key().check()]).refuses(None), None, "nobody was erased");
        assert!(SuppressionKey::new("short").is_none());
    }

    #[test]
    fn a_request_is_read_as_it_was_written_and_nothing_else_is() {
        let request = Request(vec![key().check(), key().account("a"), key().contact(&[3; 32])]);
        assert_eq!(Request::parse(request.header().as_bytes()), Some(request));
        for text in ["", "a", "x00", "a00", "\u{ff}"] {
            assert_eq!(Request::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn what_stays_names_nobody() {
        let record = key().account("acme");
        let bytes = [record.record_key(), record.record(Time::from_millis(1)).to_bytes(Encoding::Protobuf)];
        assert!(!bytes.concat().windows(4).any(|four| four == b"acme"));
        assert_ne!(key().account("x").record_key()[1..], key().contact(&[b'x'; 32]).record_key()[1..]);
    }
}
