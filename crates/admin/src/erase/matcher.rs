//! The subject of an erasure, and the test that a record is about it.

use std::collections::BTreeSet;
use std::sync::Arc;

use winback_core::identity::Mail;
use winback_core::privacy::addresses;
use winback_deployment::{Context, accounts};
use winback_log::Log;
use winback_proto::{WireMessage as _, v1};
use winback_registrar::{Request, Row, SuppressionKey, Suppressions};

/// A shorter id is too likely part of something else to be looked for within records.
const SHORTEST_ID: usize = 4;

/// An account, a person, or both.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// The account.
    pub id: Option<String>,
    /// Its name, for the question.
    pub name: String,
    /// The people, by the SHA-256 of their addresses.
    pub contacts: BTreeSet<[u8; 32]>,
    /// Everybody who was erased before, and the key to know them by: what they left is looked for, too.
    pub erased: Option<(SuppressionKey, Suppressions)>,
    /// Its triggers, by which drafts are known.
    pub triggers: BTreeSet<String>,
}

impl Subject {
    /// The account of that id, with the people that the list knows there.
    pub fn account(context: &Context, log: &dyn Log, id: &str) -> anyhow::Result<Self> {
        let mut subject = Self { id: Some(id.to_owned()), ..Self::default() };
        let topic: &Arc<str> = &context.topics.accounts;
        let known = accounts::known(log, topic, |account| (account.id == id).then_some(account))?;
        for account in known.into_values() {
            let hashes =
                account.contacts.iter().map(|contact| <[u8; 32]>::try_from(contact.email_sha256.as_slice()));
            subject.contacts.extend(hashes.flatten());
            subject.name = account.name;
        }
        accounts::pending(log, &context.config, |row| {
            if let Row::Put(put, _) = row
                && put.id.as_str() == id
            {
                subject.contacts.extend(put.contacts.iter().map(|contact| contact.email_sha256));
                subject.name.clone_from(&put.name);
            }
        })?;
        Ok(subject)
    }

    /// The accounts that know somebody, and the person alone where none does.
    pub fn of_contact(context: &Context, log: &dyn Log, mail: &Mail) -> anyhow::Result<Vec<Self>> {
        let own: BTreeSet<[u8; 32]> = std::iter::once(mail.sha256()).chain(mail.plain_sha256()).collect();
        let mut ids = BTreeSet::new();
        accounts::known(log, &context.topics.accounts, |account| {
            let knows =
                account.contacts.iter().any(|contact| own.iter().any(|hash| contact.email_sha256 == hash));
            knows.then(|| ids.insert(account.id))
        })?;
        accounts::pending(log, &context.config, |row| {
            if let Row::Put(put, _) = row
                && put.contacts.iter().any(|contact| own.contains(&contact.email_sha256))
            {
                ids.insert(put.id.to_string());
            }
        })?;
        let mut subjects = Vec::new();
        for id in ids {
            let mut subject = Self::account(context, log, &id)?;
            subject.contacts.extend(&own);
            subjects.push(subject);
        }
        if subjects.is_empty() {
            subjects.push(Self { contacts: own, ..Self::default() });
        }
        Ok(subjects)
    }

    /// The request to the registrar.
    pub fn request(&self, key: &SuppressionKey) -> Request {
        let account = self.id.iter().map(|id| key.account(id));
        let contacts = self.contacts.iter().map(|hash| key.contact(hash));
        Request(std::iter::once(key.check()).chain(account).chain(contacts).collect())
    }

    /// True if that is the account's id.
    pub fn is(&self, key: Option<&[u8]>) -> bool {
        matches!((key, &self.id), (Some(key), Some(id)) if key == id.as_bytes())
    }

    /// True if that is an answer of theirs: the key begins with the account's id, or the answer is of one of the
    /// people.
    pub fn answered(&self, key: &[u8], value: Option<&[u8]>) -> bool {
        let own = key.split(|byte| *byte == 0).next();
        let hash = value
            .and_then(|value| v1::Response::from_bytes(value).ok())
            .and_then(|response| <[u8; 32]>::try_from(response.contact_sha256.as_slice()).ok());
        self.is(own) || hash.is_some_and(|hash| self.contacts.contains(&hash))
    }

    /// True if these bytes hold an address of the people, or the account's id as a word in quotes.
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes);
        let named = self.id.as_ref().filter(|id| id.len() >= SHORTEST_ID);
        named.is_some_and(|id| text.contains(&format!("\"{id}\""))) || self.people_in(&text)
    }

    fn people_in(&self, text: &str) -> bool {
        if self.contacts.is_empty() && self.erased.is_none() {
            return false;
        }
        let before = |hash: &[u8; 32]| {
            self.erased.as_ref().is_some_and(|(key, erased)| erased.contains(&key.contact(hash)))
        };
        addresses(text).into_iter().any(|address| {
            Mail::parse(&address.written).is_some_and(|mail| {
                let hashes = std::iter::once(mail.sha256()).chain(mail.plain_sha256());
                hashes.into_iter().any(|hash| self.contacts.contains(&hash) || before(&hash))
            })
        })
    }

    /// The subject, in words.
    pub fn text(&self) -> String {
        match (&self.id, self.name.as_str()) {
            (Some(id), "") => format!("account `{id}`, which the list does not have"),
            (Some(id), name) => format!("account `{id}` ({})", winback_terminal::safe(name)),
            (None, _) => "that address, which no account on the list has".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_found_by_the_hash_of_what_looks_like_an_address() {
        let hash = Mail::parse("jane@acme.com").unwrap().sha256();
        let subject = Subject { id: Some("acc-1".into()), contacts: [hash].into(), ..Subject::default() };
        for (bytes, found) in [
            (r#"{"email":"Jane+news@Acme.com"}"#, true),
            ("GET /x?u=jane%40acme.com", true),
            ("GET /x?u=jane%2540acme.com", true),
            (r#"{"email":"j\u0061ne\u0040acme.com"}"#, true),
            (r#"{"account":"acc-1"}"#, true),
            (r#"{"email":"john@acme.com","account":"acc-11"}"#, false),
        ] {
            assert_eq!(subject.is_in(bytes.as_bytes()), found, "{bytes}");
        }
    }
}
