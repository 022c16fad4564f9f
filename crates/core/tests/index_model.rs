//! The index against a list that is searched from end to end: any sequence of changes gives the same answers.

#![expect(clippy::unwrap_used, reason = "the generators of a test fail by panic, too")]

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use proptest::prelude::*;
use winback_core::account::{Account, Contact, Reason, Status};
use winback_core::identity::parse_range;
use winback_core::index::{Change, Index, Lookup, Method};
use winback_core::signal::Identity;
use winback_core::time::Time;

#[derive(Clone, Debug)]
enum Op {
    Upsert(Box<Account>),
    Remove(u8),
    Compact,
}

const RANGES: [&str; 5] =
    ["198.51.0.0/16", "198.51.100.0/24", "198.51.100.7/32", "2001:db8::/32", "2001:db8:1::/48"];

fn hash(n: u8) -> [u8; 32] {
    [n; 32]
}

fn few(max: u8) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(0..max, 0..3)
}

fn account() -> impl Strategy<Value = Account> {
    let keys = (0..8u8, 0..5u8, few(4), few(4), few(5), few(4));
    (keys, proptest::bool::weighted(0.15), 0..3u64).prop_map(
        |((id, name, domains, contacts, ranges, aliases), active, version)| Account {
            domains: domains.into_iter().map(|n| format!("d{n}.com")).collect(),
            contacts: contacts
                .into_iter()
                .map(|n| Contact {
                    email_sha256: hash(n),
                    role: String::new(),
                    opted_out: false,
                    ..Contact::default()
                })
                .collect(),
            ranges: ranges.into_iter().map(|n| parse_range(RANGES[usize::from(n)]).unwrap()).collect(),
            aliases: aliases.into_iter().map(|n| format!("name {n}")).collect(),
            status: if active { Status::Active } else { Status::Churned },
            version,
            ..Account::new(&format!("id{id}"), &format!("name {name}"), Time::from_millis(0), Reason::Unknown)
        },
    )
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => account().prop_map(|account| Op::Upsert(Box::new(account))),
        2 => (0..8u8).prop_map(Op::Remove),
        1 => Just(Op::Compact),
    ]
}

prop_compose! {
    fn question()(
        id in proptest::option::weighted(0.1, 0..9u8),
        contact in proptest::option::of(0..5u8),
        domain in proptest::option::of(0..5u8),
        address in proptest::option::of(prop_oneof!["198\\.51\\.(100|7)\\.[7-9]", "2001:db8:[12]::1"]),
        name in proptest::option::of(0..6u8),
    ) -> Identity<'static> {
        Identity {
            account_id: id.map(|n| format!("id{n}").into()),
            email: None,
            email_sha256: contact.map(hash),
            domain: domain.map(|n| format!("d{n}.com").into()),
            address: address.map(|text| text.parse().unwrap()),
            name: name.map(|n| format!("name {n}").into()),
        }
    }
}

/// Version and account by id.
type Model = BTreeMap<String, Account>;

fn apply(model: &mut Model, index: &mut Index, op: Op) {
    match op {
        Op::Upsert(account) => {
            let known = model.get(account.id.as_str());
            let expected = match known {
                Some(known) if known.version > account.version => Change::Stale,
                Some(_) => Change::Changed,
                None => Change::Added,
            };
            assert_eq!(index.upsert(&account), expected);
            if expected != Change::Stale {
                model.insert(account.id.to_string(), *account);
            }
        }
        Op::Remove(n) => {
            let id = format!("id{n}");
            assert_eq!(index.remove(&id), model.remove(&id).is_some());
        }
        Op::Compact => index.compact(),
    }
}

/// The rungs below the id, as the accounts that each leaves when only `among` count.
fn claimants<'m>(method: Method, who: &Identity<'_>, among: &[&'m Account]) -> Vec<&'m Account> {
    let holds = |account: &&Account| match method {
        Method::AccountId => false,
        Method::Contact => {
            account.contacts.iter().any(|contact| Some(contact.email_sha256) == who.email_sha256)
        }
        Method::Domain => account.domains.iter().any(|domain| Some(domain.as_str()) == who.domain.as_deref()),
        Method::Range => longest(account, who.address).is_some(),
        Method::Name => {
            Some(account.name.as_str()) == who.name.as_deref()
                || account.aliases.iter().any(|alias| Some(alias.as_str()) == who.name.as_deref())
        }
    };
    let all: Vec<&Account> = among.iter().copied().filter(holds).collect();
    let best = all.iter().filter_map(|account| longest(account, who.address)).max();
    all.into_iter()
        .filter(|account| method != Method::Range || longest(account, who.address) == best)
        .collect()
}

fn longest(account: &Account, address: Option<IpAddr>) -> Option<u8> {
    let address = address?;
    account.ranges.iter().filter(|net| net.contains(&address)).map(IpNet::prefix_len).max()
}

fn expected(model: &Model, who: &Identity<'_>) -> (Option<String>, Option<Method>) {
    if let Some(named) = who.account_id.as_deref().and_then(|id| model.get(id)) {
        let churned = named.status == Status::Churned;
        return (churned.then(|| named.id.to_string()), churned.then_some(Method::AccountId));
    }
    let mut among: Vec<&Account> =
        model.values().filter(|account| account.status == Status::Churned).collect();
    let mut first = None;
    for method in [Method::Contact, Method::Domain, Method::Range, Method::Name] {
        let left = claimants(method, who, &among);
        match left[..] {
            [] => {}
            [one] => return (Some(one.id.to_string()), first.or(Some(method))),
            _ => {
                first = first.or(Some(method));
                among = left;
            }
        }
    }
    (None, first)
}

fn answer(index: &Index, who: &Identity<'_>) -> (Option<String>, Option<Method>) {
    match index.lookup(who) {
        Lookup::Match(found) => {
            assert_eq!(found.key.method(), found.method);
            (Some(found.account.id.to_owned()), Some(found.method))
        }
        Lookup::Ambiguous(method) => (None, Some(method)),
        Lookup::None => (None, None),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_changes_give_the_answers_of_a_search_through_all(
        ops in proptest::collection::vec(op(), 1..60),
        questions in proptest::collection::vec(question(), 1..20),
    ) {
        let (mut model, mut index) = (Model::new(), Index::new());
        for op in ops {
            apply(&mut model, &mut index, op);
            prop_assert_eq!(index.len(), model.len());
            for who in &questions {
                prop_assert_eq!(answer(&index, who), expected(&model, who), "{:?}", who);
            }
        }
        for account in model.values() {
            let entry = index.get(account.id.as_str());
            prop_assert_eq!(entry.map(|entry| (entry.version, entry.status)), Some((account.version, account.status)));
        }
        for id in model.keys() {
            prop_assert!(index.remove(id));
        }
        index.compact();
        prop_assert_eq!(index.bytes(), Index::new().bytes());
    }
}

#[test]
fn changing_accounts_for_ever_does_not_grow_the_index() {
    let mut index = Index::new();
    let account = |n: u32, round: u32| Account {
        domains: vec![format!("company-{n}-{round}.com")],
        version: u64::from(round),
        ..Account::new(
            &format!("id{n}"),
            &format!("Company {n} {round}"),
            Time::from_millis(0),
            Reason::Unknown,
        )
    };
    let fill = |index: &mut Index, round| (0..2_000).for_each(|n| _ = index.upsert(&account(n, round)));
    fill(&mut index, 0);
    let once = index.bytes();
    (1..20).for_each(|round| fill(&mut index, round));
    assert!(index.bytes() < once * 3 / 2, "{once} grew to {}", index.bytes());
    assert!((0..2_000).all(|n| index.remove(&format!("id{n}"))));
    assert!(index.bytes() < once / 4, "{once} shrank to {} only", index.bytes());
    index.compact();
    assert_eq!(index.bytes(), 0);
}
