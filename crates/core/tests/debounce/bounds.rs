//! No trigger and no row of an account is larger than the log takes, and nobody pays for another's account.

use proptest::prelude::*;
use winback_core::account::{Account, Contact};
use winback_core::debounce::{
    AccountChange, AccountState, Body, Cut, DeadReason, Effect, Event, Gate, StateKey, StateRow, Subject,
    Trigger, most_bytes,
};
use winback_core::signal::SignalKind;

use crate::rig::{Rig, account, at, signal};

/// What a topic takes.
const RECORD: usize = 1 << 20;
/// A policy whose triggers have room for little.
const TIGHT: &str = "max_trigger_bytes=8192\n";

fn put(rig: &mut Rig, account: Account) {
    rig.body(Body::Account(AccountChange::Upsert(Box::new(account))));
}

/// An account that an older version took: each field alone fills a record.
fn huge(id: &str, part: Cut) -> Account {
    let mut account = account(id);
    let long = || "x".repeat(1_000_000);
    let many = || vec!["x".repeat(100); 10_000];
    match part {
        Cut::ReasonDetail => account.reason_detail = long(),
        Cut::Concessions => account.concessions = many(),
        Cut::MissingFeatures => account.missing_features = many(),
        Cut::Competitor => account.competitor = Some(long()),
        Cut::Name => account.name = long(),
        Cut::Owner => account.owner = Some(long()),
        Cut::Zone => account.zone = Some(long()),
        Cut::Ids => account.ids = many(),
        // Their number and their texts are bounded where rows are.
        Cut::Contacts | Cut::Domains | Cut::Evidence | Cut::Play => {}
    }
    account
}

/// The bytes of an account in protobuf, or a little less.
fn texts(account: &Account) -> usize {
    let lists =
        [&account.aliases, &account.domains, &account.missing_features, &account.concessions, &account.ids];
    let lists: usize = lists.into_iter().flatten().map(|text| text.len() + 2).sum();
    let options = [&account.competitor, &account.owner, &account.zone];
    let options: usize = options.into_iter().flatten().map(String::len).sum();
    let contacts: usize = account.contacts.iter().map(|contact| contact.role.len() + 34).sum();
    lists + options + contacts + account.name.len() + account.reason_detail.len() + account.ranges.len() * 10
}

#[test]
fn each_part_that_is_too_large_is_cut_and_named_and_the_others_are_whole() {
    let huge_alone = |part: &&Cut| !matches!(part, Cut::Evidence | Cut::Play | Cut::Contacts | Cut::Domains);
    for part in Cut::ALL.iter().filter(huge_alone) {
        let mut rig = Rig::new("leading=\"strength>=2\"\n");
        put(&mut rig, Account { version: 2, ..huge("a", *part) });
        rig.now(2, 0);
        let triggers = rig.triggers();
        let [trigger] = triggers.as_slice() else { panic!("{part}: {triggers:?}") };
        assert_eq!(trigger.cut, [*part]);
        assert!(most_bytes(trigger) <= 256 << 10, "{part}: {}", most_bytes(trigger));
        assert_eq!((trigger.evidence.items.len(), trigger.account.arr_usd), (1, 84_000), "{part}");
        assert_eq!(trigger.account.name == "Northwind Tools", *part != Cut::Name);
    }
}

#[test]
fn evidence_is_cut_behind_the_texts_and_its_strongest_stay() {
    let mut rig = Rig::new(TIGHT);
    for number in 0..20 {
        let mut visit = signal("a", &format!("{number:02}{}", "i".repeat(60)), 1, number, number);
        visit.detail = "d".repeat(120);
        rig.body(Body::Signal(Box::new(visit)));
    }
    rig.body(Body::Signal(Box::new(signal("a", "strong", 2, 20, 20))));
    rig.progress(100);
    let triggers = rig.triggers();
    let trigger = triggers.last().unwrap();
    assert_eq!(trigger.cut, [Cut::Evidence]);
    let items = &trigger.evidence.items;
    assert_eq!((items.len(), items[0].strength, trigger.evidence.signals()), (5, 2, 21));
}

/// An account id of escapes, and as many classes as a score tells apart: nothing of it can be cut.
fn uncuttable(rig: &mut Rig) -> String {
    let id = "\u{1}".repeat(256);
    put(rig, account(&id));
    for number in 0..24 {
        let mut visit = signal(&id, &number.to_string(), 1, 0, 0);
        visit.class = format!("{number:02}{}", "\u{1}".repeat(30));
        rig.body(Body::Signal(Box::new(visit)));
    }
    id
}

#[test]
fn what_cannot_be_cut_ends_its_burst_as_too_large_and_costs_nobody_else_anything() {
    let mut rig = Rig::new(&format!("leading=\"off\"\n{TIGHT}"));
    let large = uncuttable(&mut rig);
    for number in 0..25 {
        let id = format!("other-{number}");
        put(&mut rig, account(&id));
        rig.body(Body::Signal(Box::new(signal(&id, "s", 2, 0, 0))));
    }
    rig.progress(1_000);
    assert_eq!(rig.triggers().len(), 25);
    assert!(rig.triggers().iter().all(|trigger| trigger.account.id.as_str() != large));
    let ends: Vec<String> = rig.ends().into_iter().filter(|end| end.starts_with("too_large")).collect();
    assert_eq!(ends, ["too_large(quiet)@10"]);
    let counts = rig.partition.counts();
    assert_eq!((counts.opened, counts.ended), (26, 26));
    assert!(!rig.effects.iter().any(|effect| matches!(effect, Effect::DeadLetter { .. })));
    // It began no quiet time: what comes next opens a burst of its own.
    rig.body(Body::Signal(Box::new(signal(&large, "next", 2, 1_000, 1_000))));
    assert_eq!(rig.outcomes().last(), Some(&"joined"));
}

#[test]
fn a_leading_trigger_that_is_too_large_is_gated_and_its_signal_is_judged_again_at_the_end() {
    let mut rig = Rig::new(&format!("leading=\"strength>=2\"\n{TIGHT}"));
    let large = uncuttable(&mut rig);
    rig.body(Body::Signal(Box::new(signal(&large, "strong", 2, 0, 0))));
    let last = rig.decisions().last().map(|made| (made.outcome(), made.gate()));
    assert_eq!(last, Some(("gated", Some(Gate::TooLarge))));
    // A policy that allows more lets the burst fire at its end, with the signal in it.
    rig.policy("p", 2, &format!("{}leading=\"strength>=2\"\n", crate::rig::WORKED));
    rig.progress(1_000);
    let fired: Vec<_> =
        rig.triggers().iter().map(|trigger| (trigger.evidence.signals(), trigger.strength)).collect();
    assert_eq!(fired, [(25, 2)]);
}

#[test]
fn an_escalation_that_is_too_large_is_evidence_of_the_next_burst() {
    let mut rig = Rig::new("leading=\"strength>=1\"\n");
    let id = "\u{1}".repeat(800);
    put(&mut rig, account(&id));
    rig.body(Body::Signal(Box::new(signal(&id, "first", 1, 0, 0))));
    rig.progress(50);
    rig.policy("p", 2, &format!("{}leading=\"strength>=1\"\n{TIGHT}", crate::rig::WORKED));
    rig.body(Body::Signal(Box::new(signal(&id, "stronger", 2, 50, 50))));
    let last = rig.decisions().last().map(|made| (made.outcome(), made.gate()));
    assert_eq!(last, Some(("gated", Some(Gate::TooLarge))));
    assert_eq!(rig.triggers().len(), 1);
    rig.policy("p", 3, &format!("{}leading=\"strength>=1\"\n", crate::rig::WORKED));
    rig.body(Body::Signal(Box::new(signal(&id, "later", 2, 500, 500))));
    let triggers = rig.triggers();
    assert!(triggers.last().unwrap().evidence.items.iter().any(|item| item.id == "stronger"));
}

#[test]
fn a_row_of_an_account_has_room_for_what_grows_beside_the_account() {
    let mut rig = Rig::new("");
    let mut large = account("a");
    large.version = 2;
    large.aliases = vec!["x".repeat(200); 2_000];
    large.contacts = (0..10_000_u32)
        .map(|number| {
            let mut email_sha256 = [0; 32];
            email_sha256[..4].copy_from_slice(&number.to_be_bytes());
            Contact { email_sha256, role: "r".repeat(20), opted_out: number != 9_999, ..Contact::default() }
        })
        .collect();
    large.reason_detail = "d".repeat(20_000);
    assert!(texts(&large) > 900_000);
    put(&mut rig, large);
    let state = rig.partition.account_state(&"a".into()).unwrap();
    let kept = state.account.as_ref().unwrap();
    assert!(texts(kept) < 832 << 10, "{}", texts(kept));
    assert!(!state.has_opted_out(), "one contact may still be written to");
    assert_eq!((kept.reason_detail.len(), state.cut.len()), (20_000, 0), "what triggers show is whole");
    // A smaller row of it is whole again, and so is one that is small from the start.
    for (part, version) in [(Cut::Concessions, 3), (Cut::Name, 5)] {
        put(&mut rig, Account { version, ..huge("a", part) });
        assert_eq!(rig.partition.account_state(&"a".into()).unwrap().cut, [part]);
        put(&mut rig, Account { version: version + 1, ..account("a") });
        let state = rig.partition.account_state(&"a".into()).unwrap();
        assert_eq!(
            (state.cut.as_slice(), state.account.as_ref().unwrap().name.as_str()),
            (&[][..], "Northwind Tools")
        );
    }
}

#[test]
fn a_row_that_an_older_version_wrote_is_cut_when_it_is_restored_as_the_record_is_when_it_is_replayed() {
    let mut replayed = Rig::new("");
    put(&mut replayed, Account { version: 2, ..huge("a", Cut::MissingFeatures) });
    let mut restored = Rig::new("");
    let whole = AccountState::new(Account { version: 2, ..huge("a", Cut::MissingFeatures) });
    restored.partition.load(StateKey::Account("a".into()), Some(StateRow::Account(whole.into())));
    for rig in [&mut replayed, &mut restored] {
        rig.arrives("visit", 2, 0, 0);
        rig.progress(1_000);
    }
    assert_eq!(replayed.triggers(), restored.triggers());
    assert_eq!(replayed.triggers()[0].cut, [Cut::MissingFeatures]);
}

#[test]
fn an_event_of_any_size_makes_rows_signals_and_decisions_of_bounded_size() {
    let event = |source: &str, id: &str| Event {
        source: source.into(),
        id: id.into(),
        kind: SignalKind::ProductRelease,
        class: "c".repeat(100_000),
        event_time: at(0),
        append_time: at(0),
        title: "t".repeat(300_000),
        features: [vec!["sso".to_owned()], vec!["f".repeat(5_000); 80]].concat(),
        competitor: "k".repeat(100_000),
    };
    let mut rig = Rig::new("leading=\"off\"\n");
    rig.change(|account| account.missing_features = vec!["SSO".into()]);
    rig.body(Body::Event(Box::new(event("releases", "r-1"))));
    for (_, row) in rig.partition.rows() {
        if let StateRow::Event(fan_out) = row {
            let kept = &fan_out.event;
            let bytes = kept.title.len() + kept.class.len() + kept.competitor.len();
            assert!(bytes + kept.features.concat().len() < 20_000);
        }
    }
    rig.progress(0);
    rig.progress(1_000);
    assert_eq!(rig.triggers().len(), 1, "it is told all the same");
    for made in rig.decisions() {
        if let Subject::Signal { signal, .. } = &made.subject {
            assert!(signal.detail.len() + signal.class.len() < 1_000);
        }
    }
    for (source, id) in [("s".repeat(300), "r-2".to_owned()), ("releases".to_owned(), "r".repeat(300))] {
        rig.body(Body::Event(Box::new(event(&source, &id))));
        assert!(matches!(rig.effects.last(), Some(Effect::DeadLetter { reason: DeadReason::TooLarge, .. })));
    }
}

#[test]
fn a_decision_tells_a_bounded_part_of_any_signal() {
    let mut rig = Rig::new("");
    let mut visit = signal("a", "s", 1, 0, 0);
    for text in [&mut visit.class, &mut visit.matched_on, &mut visit.detail, &mut visit.id] {
        *text = "x".repeat(200_000);
    }
    rig.body(Body::Signal(Box::new(visit)));
    let decisions = rig.decisions();
    let Subject::Signal { signal, .. } = &decisions[0].subject else { panic!() };
    assert!(signal.class.len() + signal.matched_on.len() + signal.detail.len() + signal.id.len() < 2_000);
}

#[test]
fn an_account_with_an_id_that_no_registrar_takes_is_a_dead_letter_of_its_own() {
    let mut rig = Rig::new("");
    put(&mut rig, account(&"i".repeat(1_025)));
    assert!(matches!(rig.effects.last(), Some(Effect::DeadLetter { reason: DeadReason::TooLarge, .. })));
    assert_eq!(rig.partition.known_accounts(), 1);
}

fn any_text() -> impl Strategy<Value = String> {
    let unit = prop_oneof![Just("x"), Just("ä"), Just("\""), Just("\u{1}"), Just("語"), Just("\\")];
    (unit, prop_oneof![4 => 0..300_usize, 1 => 0..60_000_usize]).prop_map(|(unit, times)| unit.repeat(times))
}

fn any_list() -> impl Strategy<Value = Vec<String>> {
    (any_text(), prop_oneof![3 => 0..4_usize, 1 => 0..400_usize]).prop_map(|(text, times)| {
        let times = times.min(800_000 / (text.len() + 1));
        vec![text; times]
    })
}

fn any_account() -> impl Strategy<Value = Account> {
    let texts = (any_text(), any_text(), any_text(), any_text(), any_text());
    (texts, any_list(), any_list()).prop_map(|(texts, missing_features, concessions)| {
        let (name, reason_detail, competitor, owner, zone) = texts;
        let (competitor, owner, zone) = (Some(competitor), Some(owner), Some(zone));
        Account {
            name,
            reason_detail,
            competitor,
            owner,
            zone,
            missing_features,
            concessions,
            version: 2,
            ..account("a")
        }
    })
}

/// Each part is named where the trigger has less of it than the account, and nowhere else.
fn assert_marks(trigger: &Trigger, full: &Account) {
    let own = &trigger.account;
    let option = |text: &Option<String>| text.clone().unwrap_or_default();
    for part in Cut::ALL {
        let whole = match part {
            Cut::ReasonDetail => own.reason_detail == full.reason_detail,
            Cut::Concessions => own.concessions == full.concessions,
            Cut::MissingFeatures => own.missing_features == full.missing_features,
            Cut::Competitor => own.competitor == option(&full.competitor),
            Cut::Name => own.name == full.name,
            Cut::Owner => own.owner == option(&full.owner),
            Cut::Zone => own.zone == option(&full.zone),
            Cut::Evidence => trigger.evidence.items.len() == 8,
            Cut::Contacts => own.contacts.len() == full.contacts.len().min(50),
            Cut::Domains => own.domains == full.domains,
            Cut::Ids => own.ids == full.ids,
            Cut::Play => trigger.play == "mine",
        };
        assert_eq!(whole, !trigger.cut.contains(part), "{part} of {:?}", trigger.cut);
    }
    let sorted = trigger.cut.is_sorted() && trigger.cut.windows(2).all(|two| two[0] != two[1]);
    assert!(sorted, "{:?}", trigger.cut);
}

fn fired(account: &Account, most: u32) -> (Vec<Trigger>, Vec<String>) {
    let mut rig = Rig::new("");
    let policy = format!(
        "{}leading=\"off\"\nmax_trigger_bytes={most}\n[plays]\nproduct_gap=\"mine\"\n",
        crate::rig::WORKED
    );
    rig.policy("p", 2, &policy);
    put(&mut rig, account.clone());
    for number in 0..8 {
        rig.body(Body::Signal(Box::new(signal("a", &number.to_string(), 1, 0, 0))));
    }
    rig.progress(1_000);
    (rig.triggers().into_iter().cloned().collect(), rig.ends())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_trigger_is_never_larger_than_its_policy_allows_is_cut_the_same_each_time_and_says_what_is_not_whole(
        account in any_account(),
        most in prop_oneof![Just(8_192_u32), 8_192..40_000_u32, Just(262_144), Just(8 << 20)],
    ) {
        let (triggers, ends) = fired(&account, most);
        prop_assert_eq!(triggers.len(), 1, "{:?}", ends);
        let trigger = &triggers[0];
        prop_assert!(most_bytes(trigger) <= most as usize, "{} of {most}", most_bytes(trigger));
        assert_marks(trigger, &account);
        prop_assert_eq!(&fired(&account, most).0, &triggers);
    }

    #[test]
    fn whatever_an_account_holds_its_row_leaves_room_in_a_record(account in any_account()) {
        let mut rig = Rig::new("");
        put(&mut rig, account);
        let state = rig.partition.account_state(&"a".into()).unwrap();
        prop_assert!(texts(state.account.as_ref().unwrap()) <= RECORD - (128 << 10));
    }
}
