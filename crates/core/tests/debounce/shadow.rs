//! Policies in shadow: what they do, and that they do nothing to those in force.

use proptest::prelude::*;
use winback_core::debounce::{
    AccountChange, Body, Effect, Input, Partition, PolicyRecord, StateKey, StateRow, Subject, shadow,
};
use winback_core::ids::Offset;

use crate::properties::{Op, decisions, log, op, replay, triggers};
use crate::rig::{Rig, WORKED, account, signal};

const OFF: &str = "leading=\"off\"\n";

fn shadow_text(version: u32, toml: &str) -> Body {
    let toml = winback_policy::as_shadow(&format!("name=\"p\"\n{toml}"));
    Body::Policy(winback_policy::record(&shadow::shadow_of("p"), version, &toml))
}

/// The log with records put in before those at the places, from the last to the first.
fn with(log: &[Input], bodies: Vec<(usize, Body)>) -> Vec<Input> {
    let mut inputs = log.to_vec();
    for (at, body) in bodies {
        let appended_at = inputs[0].appended_at;
        inputs.insert(at.min(inputs.len()), Input { offset: Offset::ZERO, appended_at, body });
    }
    for (offset, input) in (0..).zip(&mut inputs) {
        input.offset = Offset(offset);
    }
    inputs
}

fn of_shadow(effect: &Effect) -> bool {
    match effect {
        Effect::Trigger(trigger) => shadow::is_shadow(trigger.policy.as_str()),
        Effect::Decision(made) => shadow::is_shadow(made.policy.as_str()),
        Effect::DeadLetter { .. } | Effect::Note(_) => false,
    }
}

/// The fires with their times and edges, without the policy.
fn fires(effects: &[Effect], in_shadow: bool) -> Vec<String> {
    let own = triggers(effects).into_iter().filter(|it| shadow::is_shadow(it.policy.as_str()) == in_shadow);
    let told = |it: &winback_core::debounce::Trigger| {
        let who = &it.account.id;
        format!("{who} {} {} {} {} {:?}", it.burst, it.edge, it.because, it.fired_at, it.evidence)
    };
    own.map(told).collect()
}

fn texts() -> impl Strategy<Value = String> {
    let leading = prop_oneof![Just("off"), Just("always"), Just("strength>=1")];
    let caps = (1..4_u32, 100..2_000_u32);
    (leading, 1..30_u32, 30..60_u32, 0..6_u32, caps).prop_map(|(leading, quiet, wait, score, (cap, window))| {
        format!(
            "leading=\"{leading}\"\nquiet=\"{quiet}ms\"\nmax_wait=\"{wait}ms\"\ncooldown=\"{wait}ms\"\nmin_score={score}\n\
             [[caps]]\nper=\"account\"\nmax={cap}\nwindow=\"{window}ms\"\n[kinds.web_visit]\nmax_age=\"30ms\"\n"
        )
    })
}

/// The log with another window in the caps of each version.
fn with_caps(mut log: Vec<Input>, windows: &[u32]) -> Vec<Input> {
    let versions = log.iter_mut().filter_map(|input| match &mut input.body {
        Body::Policy(text) => Some(text),
        _ => None,
    });
    for (text, window) in versions.zip(windows.iter().cycle()) {
        let file = text.text.replace("window=\"400ms\"", &format!("window=\"{window}ms\""));
        *text = winback_policy::record(text.name.as_str(), text.version, &file);
    }
    log
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_shadow_changes_nothing_for_the_policies_in_force(
        ops in prop::collection::vec(op(), 0..100),
        first in texts(),
        second in texts(),
        places in (0..40_usize, 0..80_usize, 0..110_usize),
        windows in prop::collection::vec(10..2_000_u32, 1..4),
    ) {
        let plain = with_caps(log(&ops), &windows);
        let shadowed = with(&plain, vec![
            (places.2, Body::Policy(PolicyRecord::shadow_ended("p~shadow", 3))),
            (places.1, shadow_text(2, &second)),
            (places.0, shadow_text(1, &first)),
        ]);
        let (_, expected) = replay(&plain);
        let (partition, effects) = replay(&shadowed);
        let own: Vec<Effect> = effects.iter().filter(|effect| !of_shadow(effect)).cloned().collect();
        prop_assert_eq!(own, expected);
        let counts = partition.counts();
        prop_assert_eq!(counts.opened, counts.ended + u64::try_from(partition.open_bursts()).unwrap());
        prop_assert_eq!(partition.open_bursts(), 0);
        let ended = decisions(&effects).iter().filter(|made| matches!(made.subject, Subject::Burst { .. })).count();
        prop_assert_eq!(counts.ended, u64::try_from(ended).unwrap());
    }

    #[test]
    fn a_shadow_of_the_same_text_fires_what_its_policy_fires(ops in prop::collection::vec(op(), 0..120)) {
        let ops: Vec<Op> = ops.into_iter().filter(|op| !matches!(op, Op::Policy(_))).collect();
        let plain = log(&ops);
        let Body::Policy(text) = &plain[0].body else { panic!("the first record is the policy") };
        let name = shadow::shadow_of(text.name.as_str());
        let same = winback_policy::record(&name, 1, &winback_policy::as_shadow(&text.text));
        let (_, effects) = replay(&with(&plain, vec![(1, Body::Policy(same))]));
        prop_assert_eq!(fires(&effects, true), fires(&effects, false));
    }
}

proptest! {
    // Each step compares all rows.
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn a_partition_with_shadows_is_restored_and_rolled_back_like_any_other(
        ops in prop::collection::vec(op(), 10..80),
        text in texts(),
        cut in 5..60_usize,
    ) {
        let inputs = with(&log(&ops), vec![
            (cut, Body::Policy(PolicyRecord::shadow_ended("p~shadow", 2))),
            (3, shadow_text(1, &text)),
        ]);
        let mut partition = Partition::default();
        let mut expected = Vec::new();
        for (at, input) in inputs.iter().enumerate() {
            if at % 3 == 0 {
                partition.step(input, &mut Vec::new());
                partition.rollback();
            }
            let mut restored = Partition::default();
            for (key, row) in partition.rows() {
                restored.load(key, Some(row));
            }
            let (mut one, mut other) = (Vec::new(), Vec::new());
            partition.step(input, &mut one);
            partition.commit();
            restored.step(input, &mut other);
            prop_assert_eq!(&one, &other, "at {}", at);
            prop_assert_eq!(partition.rows(), restored.rows());
            expected.extend(one);
        }
        prop_assert_eq!(expected, replay(&inputs).1);
    }
}

#[test]
fn a_version_in_force_ends_the_shadow_at_the_same_record_and_its_open_bursts_are_cancelled() {
    let mut rig = Rig::new(OFF);
    let strict = format!("{WORKED}{OFF}").replace("min_score=0", "min_score=9");
    rig.body(shadow_text(1, &strict));
    rig.now(1, 0);
    assert_eq!(rig.outcomes(), ["joined", "joined"], "each policy decides");
    rig.policy("p", 2, &strict);
    rig.now(1, 3);
    assert_eq!(rig.outcomes(), ["joined", "joined", "joined"], "the shadow has ended");
    rig.progress(40);
    let ends: Vec<_> =
        rig.decisions().into_iter().filter(|made| matches!(made.subject, Subject::Burst { .. })).collect();
    let told: Vec<_> =
        ends.iter().map(|made| (made.policy.as_str(), made.outcome(), made.policy_version)).collect();
    assert_eq!(
        told,
        [("p~shadow", "cancelled", 1), ("p", "fired", 1)],
        "the policy's burst ends under its version"
    );
    assert_eq!(rig.partition.policies().map(|policy| policy.name.to_string()).collect::<Vec<_>>(), ["p"]);
    let left: Vec<_> =
        rig.partition.rows().into_keys().filter(|key| format!("{key:?}").contains("~shadow")).collect();
    assert_eq!(left, [], "nothing is left of it");
}

#[test]
fn a_shadow_comes_anew_after_its_end_even_while_bursts_of_the_first_are_open() {
    let mut rig = Rig::new(OFF);
    rig.body(shadow_text(1, &format!("{WORKED}{OFF}")));
    rig.now(1, 0);
    rig.body(Body::Policy(PolicyRecord::shadow_ended("p~shadow", 2)));
    rig.now(1, 1);
    rig.body(shadow_text(3, &format!("{WORKED}{OFF}")));
    rig.now(1, 2);
    assert_eq!(rig.outcomes(), ["joined", "joined", "joined", "joined", "joined"]);
    rig.progress(50);
    assert_eq!(rig.ends(), ["fired(quiet)@12", "fired(quiet)@12"]);
}

#[test]
fn a_shadows_caps_keep_no_fires_for_those_in_force() {
    let caps =
        |max: u32, window: &str| format!("[[caps]]\nper=\"account\"\nmax={max}\nwindow=\"{window}\"\n");
    let fired = |in_shadow: bool| {
        let mut rig = Rig::new(&format!("leading=\"always\"\n{}", caps(1, "10ms")));
        if in_shadow {
            rig.body(shadow_text(1, &format!("{WORKED}{OFF}{}", caps(9, "10d"))));
        }
        rig.arrives("x", 1, 0, 0);
        rig.arrives("y", 1, 500, 500);
        rig.policy("p", 2, &format!("{WORKED}leading=\"always\"\n{}", caps(2, "10d")));
        rig.arrives("z", 1, 1_000, 1_000);
        fires(&rig.effects, false)
    };
    assert_eq!(fired(true), fired(false));
    assert_eq!(fired(false).len(), 3, "the fire at 0 is known no more at 1000");
}

/// The rows that a shadow left something in.
fn left(partition: &Partition) -> usize {
    let is_left = |(key, row): &(StateKey, StateRow)| match (key, row) {
        (StateKey::Machine(machine), _) => shadow::is_shadow(machine.policy.as_str()),
        (_, StateRow::Account(state)) => {
            state.fires.iter().any(|fire| shadow::is_shadow(fire.policy.as_str()))
        }
        _ => false,
    };
    partition.rows().into_iter().filter(is_left).count()
}

#[test]
fn what_an_ended_shadow_left_goes_a_few_a_report_and_the_same_after_a_restore() {
    let mut rig = Rig::new(OFF);
    rig.body(shadow_text(1, &format!("{WORKED}leading=\"always\"\n").replace("100ms", "100d")));
    for number in 0..100 {
        let id = format!("a{number:03}");
        rig.body(Body::Account(AccountChange::Upsert(Box::new(account(&id)))));
        rig.body(Body::Signal(Box::new(signal(&id, "x", 1, 0, 0))));
    }
    rig.progress(20);
    // In the quiet: evidence, which nothing else would ever forget.
    rig.body(Body::Signal(Box::new(signal("a000", "y", 1, 21, 21))));
    assert_eq!(left(&rig.partition), 200, "machines and fires");
    rig.body(Body::Policy(PolicyRecord::shadow_ended("p~shadow", 2)));
    let mut counts = vec![left(&rig.partition)];
    for millis in 22..26 {
        rig.partition.commit();
        let mut restored = Partition::default();
        rig.partition.rows().into_iter().for_each(|(key, row)| restored.load(key, Some(row)));
        rig.progress(millis);
        restored.step(rig.log.last().unwrap(), &mut Vec::new());
        assert_eq!(restored.rows(), rig.partition.rows());
        counts.push(left(&rig.partition));
    }
    assert_eq!(counts, [200, 136, 72, 8, 0]);
    let names: Vec<_> = rig.partition.rows().into_keys().map(|key| format!("{key:?}")).collect();
    assert!(!names.iter().any(|name| name.contains("~shadow")), "nothing is left of it");
}

#[test]
fn a_new_shadow_begins_without_the_memory_of_the_one_that_ended() {
    let text = format!(
        "{WORKED}leading=\"always\"\n[[caps]]\nper=\"policy\"\nmax=1\nwindow=\"10d\"\n[score]\ncarry=true\n"
    );
    let mut rig = Rig::new(OFF);
    rig.body(shadow_text(1, &text));
    rig.now(1, 0);
    rig.progress(50);
    rig.now(1, 55);
    let of_shadow = |rig: &Rig| -> Vec<&'static str> {
        let own = rig.decisions().into_iter().filter(|made| shadow::is_shadow(made.policy.as_str()));
        own.filter(|made| matches!(made.subject, Subject::Signal { .. })).map(|made| made.outcome()).collect()
    };
    assert_eq!(of_shadow(&rig), ["led", "cooled"]);
    rig.body(Body::Policy(PolicyRecord::shadow_ended("p~shadow", 2)));
    rig.body(shadow_text(3, &text));
    rig.now(1, 60);
    assert_eq!(of_shadow(&rig), ["led", "cooled", "led"], "neither quiet nor capped");
    let last = rig.triggers().into_iter().rfind(|it| shadow::is_shadow(it.policy.as_str())).unwrap();
    assert_eq!(last.evidence.items.len(), 1, "and nothing carried along");
}

#[test]
fn caps_in_force_do_not_count_a_shadows_fires_and_holds_bind_both() {
    let cap = "[[caps]]\nper=\"account\"\nmax=1\nwindow=\"10d\"\n";
    let mut rig = Rig::new(&format!("leading=\"strength>=2\"\n{cap}"));
    rig.body(shadow_text(1, &format!("{WORKED}leading=\"always\"\n")));
    rig.now(1, 0);
    rig.now(2, 5);
    let fired = ["leading(leading)@0 n=1", "leading(leading)@5 n=2", "escalation(strength_up)@5 n=2"];
    assert_eq!(rig.fired(), fired, "of the shadow, of the policy in spite of it, of the shadow");
    rig.body(Body::Hold(Some("p".to_owned()), true));
    rig.now(2, 1_000);
    assert_eq!(rig.outcomes(), ["joined", "led", "led", "escalated", "gated", "gated"]);
}
