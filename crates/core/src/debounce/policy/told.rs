//! The part of a trigger that the account's state says: its people, a no that it gave, what started for it before.

use crate::account::{Account, Contact};
use crate::debounce::model::account_state::AccountState;
use crate::debounce::model::evidence::{Evidence, EvidenceItem};
use crate::debounce::model::shadow::is_shadow;
use crate::debounce::model::trigger::{Earlier, Person, Snapshot};
use crate::index::Method;

/// The most people that a trigger names.
const MOST_PEOPLE: usize = 50;
/// The most triggers before it that a trigger names.
const MOST_EARLIER: usize = 10;
/// The bytes of a contact's hash that a signal says it matched on.
const MATCHED_BYTES: usize = 4;

/// Adds what the state says to an account's snapshot.
pub(crate) fn complete(
    snapshot: &mut Snapshot,
    state: &AccountState,
    account: &Account,
    evidence: &Evidence,
) {
    snapshot.contacts = people(state, account, evidence);
    snapshot.declined_at = state.declined();
    let before = state.fires.iter().rev().filter(|fire| !is_shadow(fire.policy.as_str()));
    let earlier = before.map(|fire| Earlier { policy: fire.policy.clone(), at: fire.at });
    snapshot.earlier = earlier.take(MOST_EARLIER).collect();
}

/// The people of an account: who came, then who may be written to, in the order of the books.
fn people(state: &AccountState, account: &Account, evidence: &Evidence) -> Vec<Person> {
    let person = |contact: &Contact| Person {
        email_sha256: contact.email_sha256,
        role: contact.role.clone(),
        may_write: may_write(state, account, contact),
        came: evidence.items.iter().any(|item| is_of(item, contact)),
        id: contact.id.clone(),
        language: contact.language.clone(),
    };
    let mut people: Vec<Person> = account.contacts.iter().map(person).collect();
    people.sort_by_key(|person| (!person.came, !person.may_write));
    people.truncate(MOST_PEOPLE);
    people
}

/// True if a message may go to that person. An opt-out that named nobody means all of them.
fn may_write(state: &AccountState, account: &Account, contact: &Contact) -> bool {
    let is_out = |hash: &Vec<u8>| hash.is_empty() || hash[..] == contact.email_sha256[..];
    !contact.opted_out
        && !account.do_not_contact
        && account.consent != Some(false)
        && !state.opted_out.iter().any(is_out)
}

/// True if the signal matched by that person's address.
fn is_of(item: &EvidenceItem, contact: &Contact) -> bool {
    let hash = hex::encode(&contact.email_sha256[..MATCHED_BYTES]);
    item.method == Method::Contact && item.matched_on.contains(&hash)
}
