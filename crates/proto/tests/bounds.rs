//! The size that the core works with is an upper bound of what a trigger and an account take, in both encodings.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

use proptest::prelude::*;
use winback_core::account::{Account, Contact, Reason};
use winback_core::debounce::{
    AccountChange, Body, Effect, Input, MatchedSignal, Partition, Progress, Reached, Trigger, most_bytes,
};
use winback_core::ids::Offset;
use winback_core::index::Method;
use winback_core::limits::account_bytes;
use winback_core::signal::SignalKind;
use winback_core::time::Time;
use winback_proto::{Encoding, WireMessage, account, trigger};

const BASE: i64 = 1_760_000_000_000;

fn at(millis: i64) -> Time {
    Time::from_millis(BASE + millis)
}

fn text() -> impl Strategy<Value = String> {
    let unit =
        prop_oneof![Just("x"), Just("ä"), Just("\""), Just("\u{1}"), Just("\u{7f}"), Just("語"), Just("\\")];
    (unit, prop_oneof![Just(0_usize), 1..40_usize, 1_000..9_000_usize])
        .prop_map(|(unit, times)| unit.repeat(times))
}

fn list() -> impl Strategy<Value = Vec<String>> {
    (text(), 0..60_usize).prop_map(|(text, times)| vec![text; times])
}

fn any_account() -> impl Strategy<Value = Account> {
    let texts = (text(), text(), text(), text(), text(), text());
    (texts, list(), list(), list(), 0..40_usize).prop_map(
        |(texts, features, concessions, aliases, people)| {
            let (id, name, reason_detail, competitor, owner, role) = texts;
            let id: String = id.chars().take(250).collect();
            let contact = Contact { email_sha256: [255; 32], role, opted_out: true, ..Contact::default() };
            Account {
                reason_detail,
                competitor: Some(competitor),
                owner: Some(owner),
                zone: Some("Europe/Berlin".into()),
                missing_features: features,
                concessions,
                domains: aliases.clone(),
                aliases,
                contacts: vec![contact; people],
                ranges: vec!["2001:db8:1111:2222:3333:4444:5555:6666/128".parse().unwrap(); people],
                arr_usd: u64::MAX,
                seats: Some(u32::MAX),
                tenure_months: Some(u32::MAX),
                usage_percent: Some(u32::MAX),
                competitor_term_months: Some(u32::MAX),
                earliest_at: Some(at(-1)),
                consent: Some(true),
                version: u64::MAX,
                ..Account::new(&format!("a{id}"), &name, at(-30_000_000_000), Reason::AdoptionOnboarding)
            }
        },
    )
}

/// The triggers of an account with as many classes and pieces of evidence as are kept, all of them long.
fn triggers(account: &Account) -> Vec<Trigger> {
    let toml = "name=\"p\"\nleading=\"strength>=2\"\nquiet=\"10ms\"\nmax_wait=\"1m\"\nmax_trigger_bytes=8388608\n\
                [score]\ncarry=true\n[plays]\nadoption_onboarding=\"adoption\"\n";
    // Where everybody opted out nothing fires.
    let account = &Account { contacts: Vec::new(), ..account.clone() };
    let mut bodies = vec![
        Body::Policy(winback_policy::record("p", 1, toml)),
        Body::Account(AccountChange::Upsert(Box::new(account.clone()))),
    ];
    for number in 0..30 {
        let long = |unit: &str| format!("{number:02}{}", unit.repeat(200));
        bodies.push(Body::Signal(Box::new(MatchedSignal {
            account: account.id.clone(),
            source: long("\u{1}"),
            id: long("\""),
            kind: SignalKind::AccountProductLaunch,
            class: long("\u{1}"),
            event_time: at(number),
            append_time: at(number),
            input: "web/0".into(),
            merged_with: Vec::new(),
            method: Method::AccountId,
            matched_on: long("\u{2}"),
            detail: long("\u{3}"),
        })));
    }
    bodies.push(Body::Progress(Progress {
        inputs: vec![("web/0".into(), Reached::NewestAppend(at(10_000_000)))],
        known: Vec::new(),
    }));
    let (mut partition, mut effects) = (Partition::default(), Vec::new());
    for (offset, body) in bodies.into_iter().enumerate() {
        let offset = Offset(i64::try_from(offset).unwrap());
        partition.step(&Input { offset, appended_at: at(0), body }, &mut effects);
    }
    let fired = |effect| if let Effect::Trigger(trigger) = effect { Some(*trigger) } else { None };
    effects.into_iter().filter_map(fired).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_encoding_of_a_trigger_is_larger_than_the_core_says(account in any_account()) {
        let fired = triggers(&account);
        prop_assert!(!fired.is_empty());
        for fired in fired {
            let wire = trigger::to_wire(&fired);
            for encoding in [Encoding::Protobuf, Encoding::Json] {
                let bytes = wire.to_bytes(encoding).len() + fired.account.id.as_str().len();
                prop_assert!(bytes <= most_bytes(&fired), "{bytes} of {} ({encoding:?})", most_bytes(&fired));
            }
        }
    }

    #[test]
    fn no_encoding_of_an_account_is_larger_than_the_core_says(any in any_account()) {
        let wire = account::to_wire(&any);
        for encoding in [Encoding::Protobuf, Encoding::Json] {
            let bytes = wire.to_bytes(encoding).len();
            prop_assert!(bytes <= account_bytes(&any), "{bytes} of {} ({encoding:?})", account_bytes(&any));
        }
    }
}
