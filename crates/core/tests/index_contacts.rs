//! The owner of an address that several accounts share, and the contacts that may still be written to.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

use winback_core::account::{Account, Contact, Reason};
use winback_core::identity::Mail;
use winback_core::index::{Index, Lookup, Method};
use winback_core::signal::Identity;
use winback_core::time::Time;

fn hash(address: &str) -> [u8; 32] {
    Mail::parse(address).unwrap().sha256()
}

fn account(id: &str, contacts: &[(&str, bool)]) -> Account {
    let contact = |(address, opted_out): &(&str, bool)| Contact {
        email_sha256: hash(address),
        role: String::new(),
        opted_out: *opted_out,
        ..Contact::default()
    };
    let contacts = contacts.iter().map(contact).collect();
    Account { contacts, ..Account::new(id, id, Time::from_millis(0), Reason::Unknown) }
}

fn index() -> Index {
    let mut index = Index::new();
    index.upsert(&account("a", &[("jane@agency.example", false)]));
    index.upsert(&account("b", &[("jane@agency.example", false), ("bob@b.example", true)]));
    index.upsert(&account("c", &[]));
    index.upsert(&account("d", &[("bob@d.example", true)]));
    index
}

fn of(address: &str) -> Identity<'_> {
    Identity { email: Some(address.into()), ..Identity::default() }
}

#[test]
fn an_address_that_two_accounts_share_is_found_at_both_though_the_ladder_cannot_tell_them_apart() {
    let index = index();
    let who = of("Jane+news@agency.example");
    assert_eq!(index.lookup(&who), Lookup::Ambiguous(Method::Contact));
    let mut both = index.accounts_of_contact(&who);
    both.sort_unstable();
    assert_eq!(both, ["a", "b"]);
    let by_hash = Identity { email_sha256: Some(hash("jane@agency.example")), ..Identity::default() };
    assert_eq!(index.accounts_of_contact(&by_hash).len(), 2);
    assert!(index.accounts_of_contact(&of("nobody@agency.example")).is_empty());
}

#[test]
fn the_hash_that_the_books_know_is_the_one_that_is_told() {
    let index = index();
    let found = index.contact_of("a", &of("Jane+news@agency.example"));
    assert_eq!(found, Some(hash("jane@agency.example")));
    assert_eq!(index.contact_of("c", &of("jane@agency.example")), None);
    assert_eq!(index.contact_of("nobody", &of("jane@agency.example")), None);
}

#[test]
fn nobody_is_left_when_each_contact_is_out_by_the_books_or_by_an_answer() {
    let index = index();
    let jane = hash("jane@agency.example");
    let answered = |key: &[u8]| jane.starts_with(key);
    let nobody = |_: &[u8]| false;
    for (id, by_answers, by_books) in
        [("a", true, false), ("b", true, false), ("c", true, true), ("d", true, true), ("none", false, false)]
    {
        assert_eq!(index.are_all_out(id, answered), by_answers, "{id}");
        assert_eq!(index.are_all_out(id, nobody), by_books, "{id}");
    }
}
