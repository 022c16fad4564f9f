//! Random operation lists: what holds whatever happens.

use std::collections::BTreeMap;

use proptest::prelude::*;
use winback_core::account::Account;
use winback_core::debounce::{
    AccountChange, Body, Decision, Edge, Effect, Event, Input, MatchedSignal, Partition, Subject, Trigger,
};
use winback_core::signal::SignalKind;
use winback_core::time::Time;

use crate::rig::{Rig, account, at, signal};

const POLICY: &str = "leading=\"strength>=2\"\n[[caps]]\nper=\"account\"\nmax=3\nwindow=\"400ms\"\n";
const CAP: (usize, i64) = (3, 400);

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Signal { account: u8, id: u8, strength: u8, late: i64, input: u8 },
    Advance { by: i64, input: u8 },
    Gone(u8),
    Erase(u8),
    Back(u8),
    Churn(u8, i64),
    Reactivate(u8),
    Policy(u8),
    Hold(bool),
    Future(u8),
    Days(i64),
    Event { id: u8, major: bool, late: i64 },
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    let signal = (0..3_u8, 0..40_u8, 0..3_u8, -20..40_i64, 0..2_u8)
        .prop_map(|(account, id, strength, late, input)| Op::Signal { account, id, strength, late, input });
    prop_oneof![
        12 => signal,
        6 => (1..25_i64, 0..2_u8).prop_map(|(by, input)| Op::Advance { by, input }),
        1 => (0..3_u8).prop_map(Op::Gone),
        1 => (0..9_u8).prop_map(|account| if account < 3 { Op::Erase(account) } else { Op::Back(account % 3) }),
        1 => (0..3_u8, 0..50_i64).prop_map(|(account, to)| Op::Churn(account, to)),
        1 => (0..3_u8).prop_map(Op::Reactivate),
        1 => (5..20_u8).prop_map(Op::Policy),
        1 => any::<bool>().prop_map(Op::Hold),
        1 => (0..3_u8).prop_map(Op::Future),
        2 => (1..45_i64).prop_map(Op::Days),
        1 => (0..4_u8, any::<bool>(), -5..100_i64)
            .prop_map(|(id, major, late)| Op::Event { id, major, late }),
    ]
}

/// The log that these operations write.
pub(crate) fn log(ops: &[Op]) -> Vec<Input> {
    let mut rig = Rig::new(POLICY);
    let mut clocks = [0_i64; 2];
    let input = |at: u8| if at == 0 { "web/0" } else { "mail/0" };
    for name in ["b", "c"] {
        rig.body(Body::Account(AccountChange::Upsert(Box::new(listed(name)))));
    }
    rig.progress_of("web/0", 0);
    rig.progress_of("mail/0", 0);
    for (step, op) in ops.iter().enumerate() {
        let name = |account: u8| ["a", "b", "c"][usize::from(account)];
        let version = u64::try_from(step).unwrap() + 2;
        match *op {
            Op::Signal { account, id, strength, late, input: from } => {
                let ti = clocks[usize::from(from)];
                let mut signal = signal(name(account), &id.to_string(), strength, ti - late, ti);
                signal.input = input(from).into();
                rig.body(Body::Signal(Box::new(signal)));
            }
            Op::Advance { by, input: from } => {
                clocks[usize::from(from)] += by;
                rig.progress_of(input(from), clocks[usize::from(from)]);
            }
            Op::Gone(account) => rig.body(Body::Account(AccountChange::Gone(name(account).into()))),
            Op::Erase(account) => rig.body(Body::Account(AccountChange::Erased(name(account).into()))),
            Op::Back(id) => {
                let account = Account { version, ..listed(name(id)) };
                rig.body(Body::Account(AccountChange::Upsert(Box::new(account))));
            }
            Op::Churn(id, to) => {
                let account = Account { version, churned_at: at(to), ..listed(name(id)) };
                rig.body(Body::Account(AccountChange::Upsert(Box::new(account))));
            }
            Op::Reactivate(account) => {
                let ti = clocks[0];
                let mut back = signal(name(account), &format!("back{step}"), 0, ti, ti);
                back.kind = SignalKind::SelfReactivation;
                rig.body(Body::Signal(Box::new(back)));
            }
            Op::Policy(quiet) => {
                let version = u32::try_from(step).unwrap() + 2;
                let toml = format!("quiet=\"{quiet}ms\"\nmax_wait=\"30ms\"\ncooldown=\"100ms\"\n{POLICY}");
                rig.policy("p", version, &toml);
            }
            Op::Days(days) => {
                for (clock, name) in clocks.iter_mut().zip(["web/0", "mail/0"]) {
                    *clock += days * 86_400_000;
                    rig.progress_of(name, *clock);
                }
            }
            Op::Event { id, major, late } => {
                rig.body(Body::Event(Box::new(event(id, major, clocks[0] - late * 86_400_000, clocks[0]))));
            }
            Op::Hold(held) => rig.body(Body::Hold(None, held)),
            Op::Future(account) => {
                let mut far = signal(name(account), "far", 1, 0, 0);
                far.event_time = Time::from_millis(far.event_time.millis() + 900 * 86_400_000);
                rig.body(Body::Signal(Box::new(far)));
            }
        }
    }
    let end = clocks[0].max(clocks[1]) + 1_000_000;
    // The calendar takes a few records to follow; then whatever it opened is over.
    for further in [0, 1, 2, 3, 100] {
        rig.progress_of("web/0", end + further);
        rig.progress_of("mail/0", end + further);
    }
    rig.log
}

fn listed(name: &str) -> Account {
    let missing_features = match name {
        "b" => vec!["sso".to_owned()],
        "c" => vec!["audit".to_owned(), "sso".to_owned()],
        _ => Vec::new(),
    };
    Account { missing_features, ..account(name) }
}

/// A release for two of the accounts, or for one of them.
fn event(id: u8, major: bool, te: i64, ti: i64) -> Event {
    Event {
        source: "releases".into(),
        id: id.to_string(),
        kind: SignalKind::ProductRelease,
        class: if major { "major_version" } else { "feature" }.into(),
        event_time: at(te),
        append_time: at(ti),
        title: "4.0".into(),
        features: vec![if major { "SSO" } else { "Audit" }.into()],
        competitor: String::new(),
    }
}

pub(crate) fn replay(log: &[Input]) -> (Partition, Vec<Effect>) {
    let mut partition = Partition::default();
    let mut effects = Vec::new();
    log.iter().for_each(|input| partition.step(input, &mut effects));
    (partition, effects)
}

pub(crate) fn triggers(effects: &[Effect]) -> Vec<&Trigger> {
    effects
        .iter()
        .filter_map(|effect| if let Effect::Trigger(trigger) = effect { Some(&**trigger) } else { None })
        .collect()
}

pub(crate) fn decisions(effects: &[Effect]) -> Vec<&Decision> {
    effects
        .iter()
        .filter_map(|effect| if let Effect::Decision(made) = effect { Some(&**made) } else { None })
        .collect()
}

/// An erased account is unknown two weeks later, and begins anew: cool-downs, caps and ids are gone.
fn not_erased(mut ops: Vec<Op>) -> Vec<Op> {
    ops.retain(|op| !matches!(op, Op::Erase(_)));
    ops
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_signal_and_every_burst_has_one_outcome(ops in prop::collection::vec(op(), 0..120)) {
        let log = log(&ops);
        let (partition, effects) = replay(&log);
        let matched = log.iter().filter(|input| matches!(input.body, Body::Signal(_))).count();
        let is_dead = |effect: &&Effect| {
            matches!(effect, Effect::DeadLetter { text, .. } if text.starts_with("the signal"))
        };
        let dead = effects.iter().filter(is_dead).count();
        let decisions = decisions(&effects);
        let signals = decisions.iter().filter(|made| matches!(made.subject, Subject::Signal { .. })).count();
        let counts = partition.counts();
        let made = usize::try_from(counts.synthetic + counts.unsaid).unwrap();
        prop_assert_eq!(matched + made, signals + dead);
        let ended = decisions.len() - signals;
        prop_assert_eq!(counts.ended, u64::try_from(ended).unwrap());
        prop_assert_eq!(counts.opened, counts.ended + u64::try_from(partition.open_bursts()).unwrap());
        prop_assert_eq!(partition.open_bursts(), 0, "the progress at the end closes every burst");
        let told = decisions.iter().filter(|made| made.trigger.is_some()).count();
        prop_assert_eq!(triggers(&effects).len(), told, "each trigger has its decision");
    }

    #[test]
    fn nothing_fires_in_the_quiet_but_an_escalation_or_an_update(ops in prop::collection::vec(op(), 0..120)) {
        let (_, effects) = replay(&log(&not_erased(ops)));
        let mut quiet: BTreeMap<(String, u32), Time> = BTreeMap::new();
        for trigger in triggers(&effects) {
            let key = (trigger.account.id.to_string(), trigger.account.churn_number);
            let until = quiet.get(&key).copied().unwrap_or(Time::MIN);
            if matches!(trigger.edge, Edge::Leading | Edge::Trailing) {
                prop_assert!(trigger.fired_at >= until, "{:?}", trigger);
            }
            if trigger.edge.starts() {
                prop_assert!(trigger.cooldown_until >= until, "the end of a quiet never moves back");
                quiet.insert(key, trigger.cooldown_until);
            }
        }
    }

    #[test]
    fn no_cap_is_exceeded_and_no_trigger_has_the_id_of_another(ops in prop::collection::vec(op(), 0..200)) {
        let (_, effects) = replay(&log(&not_erased(ops)));
        let triggers = triggers(&effects);
        let ids: std::collections::BTreeSet<_> = triggers.iter().map(|trigger| trigger.id).collect();
        prop_assert_eq!(ids.len(), triggers.len());
        for one in triggers.iter().filter(|trigger| trigger.edge.starts()) {
            let within = triggers.iter().filter(|other| {
                let after = other.fired_at.since(one.fired_at).millis();
                other.edge.starts() && other.account.id == one.account.id && (0..CAP.1).contains(&after)
            });
            prop_assert!(within.count() <= CAP.0);
        }
    }

    #[test]
    fn batches_that_are_taken_back_and_done_again_change_nothing(
        ops in prop::collection::vec(op(), 0..120),
        cuts in prop::collection::vec((1..9_usize, any::<bool>()), 1..60),
    ) {
        let log = log(&ops);
        let (whole, expected) = replay(&log);
        let (mut partition, mut changelog) = (Partition::default(), Partition::default());
        let mut effects = Vec::new();
        let mut at = 0;
        for (length, fails) in cuts.iter().cycle() {
            let batch = &log[at..log.len().min(at + length)];
            if *fails {
                batch.iter().for_each(|input| partition.step(input, &mut Vec::new()));
                partition.rollback();
                prop_assert_eq!(partition.rows(), changelog.rows());
            }
            batch.iter().for_each(|input| partition.step(input, &mut effects));
            let mut rows = Vec::new();
            partition.changes(|key, row| rows.push((key, row)));
            rows.into_iter().for_each(|(key, row)| changelog.load(key, row));
            partition.commit();
            at += batch.len();
            if at == log.len() { break; }
        }
        prop_assert_eq!(effects, expected);
        prop_assert_eq!(partition.rows(), whole.rows());
        prop_assert_eq!(changelog.rows(), whole.rows(), "the changelog says what memory says");
    }

    #[test]
    fn a_partition_restored_from_its_rows_goes_on_as_the_one_that_never_stopped(
        ops in prop::collection::vec(op(), 1..120),
        cut in 0.0..1.0_f64,
    ) {
        let log = log(&ops);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length")]
        let cut = (log.len() as f64 * cut) as usize;
        let (mut before, mut effects) = replay(&log[..cut]);
        before.commit();
        let mut after = Partition::default();
        before.rows().into_iter().for_each(|(key, row)| after.load(key, Some(row)));
        log[cut..].iter().for_each(|input| after.step(input, &mut effects));
        let (whole, expected) = replay(&log);
        prop_assert_eq!(effects, expected);
        prop_assert_eq!(after.rows(), whole.rows());
    }

    #[test]
    fn other_accounts_at_the_same_time_do_not_matter(ops in prop::collection::vec(op(), 0..120)) {
        let log = log(&ops);
        let alone = |id: &str| {
            let others = |input: &&Input| match &input.body {
                Body::Signal(signal) => signal.account.as_str() == id,
                Body::Account(AccountChange::Upsert(account)) => account.id.as_str() == id,
                Body::Account(AccountChange::Gone(gone) | AccountChange::Erased(gone)) => gone.as_str() == id,
                _ => true,
            };
            let (mut partition, mut effects) = (Partition::default(), Vec::new());
            log.iter().for_each(|input| {
                // Another account's signal still moves the clock of its input.
                if let (Body::Signal(signal), false) = (&input.body, others(&input)) {
                    let nobodys = MatchedSignal { account: "nobody".into(), ..(**signal).clone() };
                    let body = Body::Signal(Box::new(nobodys));
                    partition.step(&Input { body, ..input.clone() }, &mut effects);
                } else if others(&input) {
                    partition.step(input, &mut effects);
                }
            });
            effects
        };
        let (_, together) = replay(&log);
        for id in ["a", "b", "c"] {
            let own: Vec<&Trigger> = triggers(&together).into_iter().filter(|trigger| trigger.account.id.as_str() == id).collect();
            let alone = alone(id);
            prop_assert_eq!(own, triggers(&alone));
        }
    }
}
