//! The core's values go over the wire and come back unchanged.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

use std::sync::Arc;

use proptest::prelude::*;
use winback_core::account::{Account, Contact, Manner, Reason, Status};
use winback_core::debounce::{
    AccountState, Burst, BurstId, CalendarCursor, Cooldown, Counts, Entry, Event, Evidence, EvidenceItem,
    Fading, FanOut, Fire, Hold, Impossible, InboxClock, InputClock, Machine, MachineKey, MajorRelease,
    PolicyContent, PolicyRecord, ScorePart, Seen, SeenKey, StateKey, StateRow, TriggerId, Unsaid, VersionKey,
};
use winback_core::ids::Offset;
use winback_core::index::Method;
use winback_core::signal::SignalKind;
use winback_core::time::{Span, Time};
use winback_proto::{account, inbox, state, v1};

fn time() -> impl Strategy<Value = Time> {
    (-60_000_000_000_000_i64..250_000_000_000_000).prop_map(Time::from_millis)
}

fn any_account() -> impl Strategy<Value = Account> {
    (
        "[a-z]{1,9}",
        time(),
        0..Reason::ALL.len(),
        any::<u64>(),
        any::<[u8; 32]>(),
        any::<bool>(),
        prop::option::of(time()),
    )
        .prop_map(|(id, churned_at, reason, arr_usd, hash, flag, declined_at)| Account {
            domains: vec![format!("{id}.example")],
            contacts: vec![Contact {
                email_sha256: hash,
                role: "r".into(),
                opted_out: flag,
                ..Contact::default()
            }],
            ranges: vec!["203.0.113.0/24".parse().unwrap()],
            manner: Manner::Angry,
            status: if flag { Status::Active } else { Status::Churned },
            consent: Some(flag),
            owner: Some("o".into()),
            arr_usd,
            declined_at,
            version: 3,
            ..Account::new(&id, "Name", churned_at, Reason::ALL[reason])
        })
}

fn item() -> impl Strategy<Value = EvidenceItem> {
    ("[a-z]{0,9}", time(), 0..SignalKind::ALL.len(), 0..Method::ALL.len(), 0..3_u8).prop_map(
        |(id, event_time, kind, method, strength)| EvidenceItem {
            kind: SignalKind::ALL[kind],
            class: "pricing".into(),
            event_time,
            source: "web".into(),
            id,
            strength,
            weight: 5,
            method: Method::ALL[method],
            matched_on: "domain a.example".into(),
            detail: "/".into(),
        },
    )
}

fn row() -> impl Strategy<Value = (StateKey, StateRow)> {
    let account = (any_account(), time(), any::<bool>()).prop_map(|(account, at, flag)| {
        let key = StateKey::Account(account.id.clone());
        let mut state = AccountState::new(account);
        state.fires = vec![Fire { policy: "p".into(), at, time_based: flag }];
        state.newest_fire = Some(at);
        state.opted_out = vec![vec![1; 32], vec![]];
        state.erased = flag;
        state.impossible = flag.then_some(Impossible::Bankrupt);
        state.entries = vec![at];
        state.erased_at = flag.then_some(at);
        (key, StateRow::Account(state.into()))
    });
    let machine = (prop::collection::vec(item(), 0..4), time(), any::<[u8; 16]>(), any::<bool>()).prop_map(
        |(items, at, id, led)| {
            let items: Vec<_> = items.into_iter().map(Arc::new).collect();
            let part = ScorePart { kind: SignalKind::Hiring, class: "".into(), signals: 2, weight: 2 };
            let evidence =
                Evidence { parts: vec![part], first: at, last: at, items: items.clone(), carried_score: 4 };
            let burst = Burst {
                id: BurstId(id),
                policy_version: 2,
                first: at,
                last: at,
                deadline: at,
                signals: 1,
                signals_since_trigger: 1,
                strength: 2,
                leading_tried: led,
                has_strong_match: led,
                leading_trigger: led.then_some(TriggerId(id)),
                evidence,
            };
            let cooldown = Some(Cooldown { burst: BurstId(id), until: at, strength: 1 });
            (
                StateKey::Machine(MachineKey::of(&"a".into(), &"p".into())),
                StateRow::Machine(
                    Machine {
                        burst: Some(burst),
                        cooldown,
                        unsaid: items
                            .first()
                            .map(|item| Unsaid { item: item.clone(), due: led.then_some(at) }),
                        cooldown_evidence: items,
                        carried_score: Fading::new(1 << 20, at, Span::from_days(7)),
                    }
                    .into(),
                ),
            )
        },
    );
    let seen = (any::<[u8; 16]>(), time(), 0..i64::MAX).prop_map(|(hash, at, offset)| {
        let key = StateKey::Seen(SeenKey { account: "a".into(), hash });
        (key, StateRow::Seen(Seen { event_time: at, offset: Offset(offset), until: at }))
    });
    let clock = (prop::option::of(time()), 0..i64::MAX, any::<bool>()).prop_map(|(watermark, next, flag)| {
        let input =
            InputClock { reached: watermark, risen_at: Span::from_secs(3), counts: flag, named: !flag };
        let clock = InboxClock {
            watermark,
            elapsed: Span::from_secs(9),
            last_append: watermark,
            inputs: [("web:a/0".into(), input)].into(),
            calendar: watermark
                .map(|to| CalendarCursor { to, after: flag.then(|| ("a".into(), Entry::Quarterly)) }),
            release: watermark.map(|at| MajorRelease { at, title: "4.0".into() }),
            rules: u32::from(flag),
            rules_at: flag.then_some(Offset(next)),
        };
        (
            StateKey::Clock,
            StateRow::Clock(
                clock.into(),
                Offset(next),
                Counts { opened: 4, ended: 3, synthetic: 2, unsaid: 1 },
            ),
        )
    });
    let policy = any::<u32>().prop_map(|version| {
        let text = winback_policy::record("p", version, "name = \"p\"");
        (StateKey::Policy(VersionKey::of(&"p".into(), version)), StateRow::Policy(text.into()))
    });
    let hold = Just((StateKey::Hold("p".into()), StateRow::Hold(Hold)));
    let event = (time(), 0..i64::MAX, any::<bool>()).prop_map(|(at, offset, begun)| {
        let event = Event {
            source: "releases".into(),
            id: "r-1".into(),
            kind: SignalKind::ProductRelease,
            class: "feature".into(),
            event_time: at,
            append_time: at,
            title: "SSO".into(),
            features: vec!["SSO".into(), "SAML".into()],
            competitor: String::new(),
        };
        let after = begun.then(|| "a".into());
        (StateKey::Event(Offset(offset)), StateRow::Event(FanOut { event, after }.into()))
    });
    prop_oneof![account, machine, seen, clock, policy, hold, event]
}

proptest! {
    #[test]
    fn an_account_comes_back_as_it_went(sent in any_account()) {
        prop_assert_eq!(account::from_wire(account::to_wire(&sent)).unwrap(), sent);
    }

    #[test]
    fn a_row_of_state_comes_back_as_it_went((key, row) in row()) {
        prop_assert_eq!(state::key_from_bytes(&state::key_to_bytes(&key)).unwrap(), key);
        prop_assert_eq!(state::row_from_wire(state::row_to_wire(&row)).unwrap(), row);
    }

    #[test]
    fn any_key_of_bytes_is_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        drop(state::key_from_bytes(&bytes));
    }
}

/// A policy with every section of a file.
const EVERY_SECTION: &str = r#"
name = "default"
shadow = true
leading = "always"
quiet = "20m"
escalate = "off"
not_fit = "allow"
hold_out = { percent = 10, salt = "s" }
score = { carry = true, half_life = "3d" }
calendar = { entries = ["yearly"], budget_months = [9], time_based_a_year = 2 }
[time_based]
max_a_year = 3
quarter_end_days = 5
blackout = [{ from = "12-20", to = "01-04" }]
[time_based.windows]
competitor = "120d"
[[caps]]
per = "account"
max = 2
calendar = "month"
[kinds.hiring]
weight = 7
classes.flap = { weight = 1 }
[plays]
price_budget = "budget"
"#;

#[test]
fn a_compiled_policy_is_the_policy_of_its_file() {
    for (name, toml) in [
        ("default", "name = \"default\""),
        ("default~shadow", EVERY_SECTION),
        (
            "default",
            "name = \"default\"\nleading = \"off\"\n[[caps]]\nper = \"policy\"\nmax = 1\nwindow = \"30d\"",
        ),
    ] {
        let record = winback_policy::record(name, 7, toml);
        assert!(record.policy().is_some(), "{record:?}");
        let wire = inbox::policy_to_wire(&record);
        assert!(wire.compiled.is_some());
        assert_eq!(inbox::policy_from_wire(wire.clone()).unwrap(), record);
        let old = v1::PolicyVersion { compiled: None, ..wire };
        assert_eq!(inbox::policy_from_wire(old).unwrap(), record, "a record of the version before");
    }
}

#[test]
fn a_compiled_policy_beyond_the_limits_is_no_policy() {
    let mut wire = inbox::policy_to_wire(&winback_policy::record("p", 1, "name = \"p\""));
    wire.compiled.as_mut().unwrap().time_based_a_year = 12;
    let record = inbox::policy_from_wire(wire.clone()).unwrap();
    let PolicyContent::Invalid(why) = &record.content else { panic!("{record:?}") };
    assert!(why.contains("time_based.max_a_year") && why.contains("at most 4"), "{why}");
    let row = v1::StateRecord { state: Some(v1::state_record::State::Policy(wire)) };
    let error = state::row_from_wire(row).unwrap_err().to_string();
    assert!(error.contains("time_based.max_a_year") && error.contains("run that version again"), "{error}");
}

#[test]
fn the_end_of_a_shadow_has_no_compiled_policy() {
    let record = PolicyRecord::shadow_ended("p~shadow", 4);
    let wire = inbox::policy_to_wire(&record);
    assert_eq!(wire.compiled, None);
    assert_eq!(inbox::policy_from_wire(wire).unwrap(), record);
}
