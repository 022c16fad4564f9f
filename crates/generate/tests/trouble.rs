//! The generator: the same for a seed, readable by who reads it, and full of what was promised.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

use std::collections::{BTreeMap, BTreeSet};

use winback_core::signal::{SignalKind, is_from_the_future};
use winback_core::time::{Span, Time};
use winback_generate::trouble::{Plan, Planted, Size, Step};
use winback_registrar::{Row, read_row};
use winback_sources::{Decoder, Element, SourceConfig, Start};

/// 2026-11-01T00:00:00Z.
const BEGINS: Time = Time::from_millis(1_793_491_200_000);

fn steps(plan: &Plan) -> Vec<Step> {
    plan.steps(BEGINS).collect()
}

/// Id and event time of a signal.
fn read(decoder: &Decoder, step: &Step) -> (String, Time) {
    let mut seen = None;
    decoder.decode(step.value.as_deref().unwrap(), &mut |element| match element {
        Element::Signal(signal) => {
            assert_eq!(signal.kind, SignalKind::WebVisit);
            seen = Some((signal.id.to_string(), signal.at));
        }
        other => panic!("{other:?}"),
    });
    seen.unwrap()
}

#[test]
fn the_same_seed_gives_the_same_steps_and_another_gives_others() {
    let [first, second, other] = [7, 7, 8].map(|seed| Plan::new(seed, Size::SHORT).named("t-"));
    assert_eq!(steps(&first), steps(&second));
    assert_eq!(first.accounts(), second.accounts());
    assert_ne!(steps(&first), steps(&other));
    assert!(steps(&first).iter().all(|step| step.topic.starts_with("t-")));
}

#[test]
fn steps_depend_on_the_beginning_only_by_their_times() {
    let plan = Plan::new(7, Size::SHORT);
    let later: Vec<Step> = plan.steps(BEGINS + Span::from_days(3)).collect();
    for (step, later) in steps(&plan).iter().zip(&later) {
        assert_eq!((step.after, &step.key, step.planted), (later.after, &later.key, later.planted));
    }
}

#[test]
fn every_kind_of_trouble_is_planted_whatever_the_seed() {
    for seed in 0..20 {
        let plan = Plan::new(seed, Size::SHORT);
        let counts = plan.counts();
        for kind in Planted::ALL {
            assert!(
                counts.get(kind).copied().unwrap_or_default() > 0,
                "seed {seed}: no {kind} in {counts:?}"
            );
        }
        assert_eq!(counts.values().sum::<u64>(), steps(&plan).len() as u64);
        let signals: u64 = counts.iter().filter(|(kind, _)| kind.is_signal()).map(|(_, count)| count).sum();
        assert!((900..5_000).contains(&signals), "seed {seed}: {signals} signals in a minute");
    }
}

#[test]
fn what_was_planted_is_what_a_source_reads() {
    let decoder = Decoder::new("web", &SourceConfig::of_preset("t", "web", Start::Earliest)).unwrap();
    let plan = Plan::new(3, Size::SHORT);
    let accounts = plan.accounts_topic();
    let (mut now, mut written, mut sources) = (BEGINS, BTreeSet::new(), BTreeSet::new());
    for step in plan.steps(BEGINS) {
        now = now + Span::from_millis(i64::try_from(step.after).unwrap());
        assert_eq!(step.planted.is_signal(), step.topic != accounts);
        if !step.planted.is_signal() {
            continue;
        }
        sources.insert(step.topic.clone());
        let (id, at) = read(&decoder, &step);
        let (is_first, old) = (written.insert(id), now.since(at));
        assert_eq!(is_from_the_future(at, now), step.planted == Planted::Future, "{}", step.planted);
        assert!(step.timestamp.is_none_or(|stamp| stamp <= now));
        match step.planted {
            Planted::DuplicateNear | Planted::DuplicateFar | Planted::DuplicateGone => {
                assert!(!is_first, "{} of nothing", step.planted);
            }
            Planted::Late => assert!(old > Span::from_secs(1) && old < Span::from_secs(30), "{old}"),
            Planted::Expired => assert!(old > Span::from_secs(30), "{old}"),
            Planted::Ahead => assert!(at > now),
            Planted::Burst | Planted::Steady | Planted::Flood | Planted::Escalation | Planted::Lone => {
                assert_eq!(at, now);
            }
            _ => {}
        }
    }
    assert_eq!(sources.len(), 3);
    assert_eq!(now.since(BEGINS), plan.lasts());
    assert!(plan.lasts() >= Span::from_secs(55) && plan.lasts() < Span::from_secs(100), "{}", plan.lasts());
}

#[test]
fn a_source_that_stopped_writes_nothing_and_then_all_at_once() {
    let plan = Plan::new(11, Size::SHORT);
    let mut now = 0;
    let mut backlog: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for step in plan.steps(BEGINS) {
        now += step.after;
        if step.planted == Planted::Backlog {
            backlog.entry(step.topic.clone()).or_default().push(now);
        }
    }
    assert_eq!(backlog.len(), 3, "every source stopped");
    for (topic, times) in backlog {
        let crowded = times.windows(2).filter(|pair| pair[1] - pair[0] < 100).count();
        assert!(crowded * 2 > times.len(), "{topic}: {times:?}");
    }
}

#[test]
fn the_policies_the_list_and_its_changes_are_taken() {
    let plan = Plan::new(5, Size { unit: Span::from_millis(250), ..Size::SHORT });
    let names: Vec<String> = plan
        .policies()
        .iter()
        .map(|file| winback_policy::parse(&file.toml, 1).unwrap().name.to_string())
        .collect();
    assert_eq!(names, ["eager", "patient"]);
    let accounts = plan.accounts();
    assert_eq!(accounts.len(), 60);
    for row in accounts {
        let Row::Put(_, notes) = read_row(row.to_string().as_bytes(), 1).unwrap() else { panic!("{row}") };
        assert!(notes.is_empty(), "{notes:?}");
    }
    let mut gone = BTreeSet::new();
    for step in plan.steps(BEGINS).filter(|step| !step.planted.is_signal()) {
        match step.value.map(|value| read_row(&value, 1).unwrap()) {
            None => drop(gone.insert("tombstone")),
            Some(Row::Put(..)) => assert_ne!(step.planted, Planted::AccountGone),
            Some(Row::Gone(_)) => drop(gone.insert("row")),
        }
    }
    assert_eq!(gone.into_iter().collect::<Vec<_>>(), ["row", "tombstone"]);
}

#[test]
fn every_burst_is_over_when_the_plan_says_so() {
    let plan = Plan::new(5, Size::SHORT);
    let longest =
        plan.policies().iter().map(|file| winback_policy::parse(&file.toml, 1).unwrap().max_wait).max();
    assert!(longest.unwrap() < plan.settles());
}
