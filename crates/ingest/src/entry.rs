//! A record that waits to be written.

use winback_core::signal::Identity;
use winback_core::time::Time;

/// A record that waits to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The event time.
    pub time: Time,
    /// The account, so that its records stay in order over partitions.
    pub key: Option<Vec<u8>>,
    /// The record.
    pub value: Vec<u8>,
}

impl Entry {
    /// About how much memory it takes.
    pub(super) fn weight(&self) -> usize {
        self.value.len() + self.key.as_ref().map_or(0, Vec::len) + 64
    }
}

/// The key of a record about them: account id, else mail address, else domain, else name, else network address.
pub fn key_of(who: &Identity<'_>) -> Option<Vec<u8>> {
    let text = |text: &str| Some(text.trim().to_lowercase().into_bytes()).filter(|text| !text.is_empty());
    if let Some(id) = &who.account_id {
        return Some(id.as_bytes().to_vec());
    }
    let hash = || who.email_sha256.map(|hash| hash.to_vec());
    let named = who.email.as_deref().and_then(text).or_else(hash);
    let named =
        named.or_else(|| who.domain.as_deref().and_then(text)).or_else(|| who.name.as_deref().and_then(text));
    named.or_else(|| who.address.map(|address| address.to_string().into_bytes()))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn a_record_is_keyed_by_what_says_most_about_whose_it_is() {
        let all = Identity {
            account_id: Some(Cow::Borrowed("A-1")),
            email: Some(Cow::Borrowed("Jane@Acme.example")),
            domain: Some(Cow::Borrowed("acme.example")),
            name: Some(Cow::Borrowed("Acme")),
            ..Identity::default()
        };
        assert_eq!(key_of(&all).as_deref(), Some(&b"A-1"[..]));
        let mail = Identity { account_id: None, ..all };
        assert_eq!(key_of(&mail).as_deref(), Some(&b"jane@acme.example"[..]));
        assert_eq!(key_of(&Identity::default()), None);
    }
}
