//! The effects of another policy on the same inbox.

use std::collections::BTreeMap;

use winback_core::account::{Account, Reason};
use winback_core::debounce::{
    AccountChange, AccountState, Body, Event, Input, MatchedSignal, Moved, Partition, Progress, Reached,
    Response, ResponseKind, Seen, SeenKey, StateKey, StateRow,
};
use winback_core::ids::Offset;
use winback_core::index::Method;
use winback_core::signal::SignalKind;
use winback_core::time::{Span, Time};
use winback_log::TopicPartition;
use winback_oracle::backtest::{Backtest, Candidate, ChangeKind, Inbox, Outcome, Question, Seed, backtest};

use crate::rig::{BEGIN, PARTITIONS, Rig, deployment};

const EAGER: &str = "quiet=\"10m\"\nmax_wait=\"30m\"\ncooldown=\"2h\"\n";

fn question(toml: &str, is_known: bool) -> Question {
    Question { candidate: Candidate::new(toml).unwrap(), is_known, from: None, to: None }
}

fn of(rig: &Rig, question: &Question) -> Outcome {
    let partition = |at| TopicPartition::new(deployment().inbox, at);
    let inbox =
        Inbox { partitions: (0..PARTITIONS).map(partition).collect(), changelog: deployment().changelog };
    backtest(&*rig.log, &inbox, question, &|_| Ok(Seed::default()), &|_| {}).unwrap()
}

fn changed(rig: &Rig, toml: &str) -> Outcome {
    let outcome = of(rig, &question(&format!("name=\"eager\"\n{toml}"), true));
    adds_up(&outcome);
    outcome
}

/// Checks the sums: equal and different fires are all fires.
fn adds_up(outcome: &Outcome) {
    let Outcome { tally, changes, .. } = outcome;
    let live = changes.iter().filter(|change| change.live.is_some()).count() as u64;
    let candidate = changes.iter().filter(|change| change.candidate.is_some()).count() as u64;
    assert_eq!(tally.live.starting() - live, tally.candidate.starting() - candidate, "{changes:?}");
    let days = tally.days.values().fold((0, 0), |sum, day| (sum.0 + day.0, sum.1 + day.1));
    assert_eq!(days, (tally.live.starting(), tally.candidate.starting()));
    assert_eq!(tally.changes.values().sum::<u64>(), changes.len() as u64);
}

fn whys(outcome: &Outcome) -> BTreeMap<(ChangeKind, &str), u64> {
    outcome.tally.changes.iter().map(|((kind, why), count)| ((*kind, why.as_str()), *count)).collect()
}

#[test]
fn the_policy_in_force_changes_nothing() {
    let rig = Rig::ran();
    let outcome = changed(&rig, &format!("leading=\"strength>=2\"\n{EAGER}"));
    assert!(outcome.is_empty(), "{:?}", outcome.changes);
    assert_eq!(
        outcome.tally.live.starting(),
        rig.verify().sum(|partition| partition.triggers) - updates(&outcome)
    );
    assert_eq!(outcome.tally.signals, 101);
    assert!(
        changed(&rig, &format!("shadow=true\nleading=\"strength>=2\"\n{EAGER}")).is_empty(),
        "as it would be live"
    );
}

fn updates(outcome: &Outcome) -> u64 {
    outcome.tally.live.triggers.get("update").copied().unwrap_or_default()
}

#[test]
fn what_would_be_gone_says_what_was_decided_instead() {
    let rig = Rig::ran();
    let outcome = changed(&rig, &format!("leading=\"strength>=2\"\nmin_score=99\n{EAGER}"));
    let trailing = outcome.tally.live.triggers["trailing"] - outcome.tally.candidate.triggers["trailing"];
    assert!(trailing > 2, "{trailing}");
    assert_eq!(whys(&outcome), [((ChangeKind::Removed, "below_threshold"), trailing)].into());
    assert!(outcome.changes[0].why.detail.contains("99 needed"), "{:?}", outcome.changes[0]);
}

#[test]
fn what_fires_at_another_time_is_told_once_with_both_times() {
    let rig = Rig::ran();
    let outcome = changed(&rig, &format!("leading=\"always\"\n{EAGER}"));
    assert!(outcome.tally.count(ChangeKind::Earlier) > 5, "{:?}", whys(&outcome));
    assert_eq!(outcome.tally.count(ChangeKind::Removed) + outcome.tally.count(ChangeKind::Later), 0);
    let became = |change: &&winback_oracle::backtest::Change| change.why.detail.contains("became");
    let first = outcome.changes.iter().find(became).unwrap();
    assert_eq!(first.why.detail, "trailing(quiet) became leading(leading)");
    assert!(first.live.as_ref().unwrap().at > first.candidate.as_ref().unwrap().at);
    let outcome = changed(&rig, &format!("leading=\"off\"\n{EAGER}"));
    let led = outcome.tally.live.triggers["leading"];
    let undecided = outcome.tally.count(ChangeKind::Undecided);
    assert_eq!(outcome.tally.count(ChangeKind::Later) + undecided, led, "{:?}", whys(&outcome));
    assert!(undecided < led / 2, "bursts that are open where the records end");
}

#[test]
fn caps_and_the_quiet_are_named() {
    let mut rig = Rig::new();
    rig.hour(10);
    rig.hour(300);
    rig.settle();
    let cap = "[[caps]]\nper=\"policy\"\nmax=1\nwindow=\"365d\"\n";
    let outcome = changed(&rig, &format!("leading=\"strength>=2\"\n{EAGER}{cap}"));
    let refused = "capped(1 in 365d for this policy)";
    assert!(
        whys(&outcome).keys().all(|(kind, why)| *kind == ChangeKind::Removed && *why == refused),
        "{:?}",
        whys(&outcome)
    );
    assert!(
        outcome.tally.candidate.refusals[refused] >= 10 && !outcome.tally.live.refusals.contains_key(refused)
    );
    let long = "quiet=\"10m\"\nmax_wait=\"30m\"\ncooldown=\"2d\"\n";
    let outcome = changed(&rig, &format!("leading=\"strength>=2\"\n{long}"));
    assert!(whys(&outcome).contains_key(&(ChangeKind::Removed, "cooled")), "{:?}", whys(&outcome));
}

#[test]
fn a_policy_that_was_never_in_force_is_new_from_the_first_record() {
    let rig = Rig::ran();
    let outcome = of(&rig, &question(&format!("name=\"third\"\nleading=\"always\"\n{EAGER}"), false));
    adds_up(&outcome);
    assert_eq!(outcome.tally.count(ChangeKind::Added), outcome.changes.len() as u64);
    assert!(
        outcome.changes.iter().all(|change| change.policy == "third" && change.why.outcome == "no_burst")
    );
    assert!(outcome.changes.len() >= 20);
}

#[test]
fn only_the_time_that_is_asked_for_is_compared_and_decided_otherwise() {
    let mut rig = Rig::new();
    rig.hour(10);
    rig.hour(300);
    rig.settle();
    let minute = |minute: i64| Time::from_millis(BEGIN + minute * 60_000);
    let strict = format!("name=\"eager\"\nleading=\"off\"\nmin_score=99\n{EAGER}");
    let all = of(&rig, &question(&strict, true));
    let between = |from, to| of(&rig, &Question { from, to, ..question(&strict, true) });
    let early = between(None, Some(minute(200)));
    let late = between(Some(minute(200)), None);
    let at = |outcome: &Outcome| {
        outcome.changes.iter().map(|change| (change.at(), change.account.clone())).collect::<Vec<_>>()
    };
    assert!(!early.changes.is_empty() && !late.changes.is_empty());
    assert_eq!(
        [at(&early), at(&late)].concat(),
        at(&all),
        "nothing fires in the quiet of the other half here"
    );
    assert!(late.changes.iter().all(|change| change.at() >= minute(200)));
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(self.0 >> 33).unwrap() % end
    }
}

/// The first records from another log: an account, and the id of a signal that it had there.
fn carried() -> [Body; 4] {
    let moved =
        |complete| Body::Moved(Moved { id: "7".to_owned(), from: "sqlite:a.db".to_owned(), complete });
    let state = AccountState::new(left("moved", 300));
    let account = (StateKey::Account("moved".into()), StateRow::Account(state.into()));
    let begin = Time::from_millis(BEGIN);
    let seen = Seen { event_time: begin, offset: Offset(9), until: begin + Span::from_days(3) };
    let seen = (StateKey::Seen(SeenKey::of(&"moved".into(), "web", "1")), StateRow::Seen(seen));
    [moved(false), Body::Carried(Box::new(account)), Body::Carried(Box::new(seen)), moved(true)]
}

/// An account that left so many days before the first record.
fn left(id: &str, days: i64) -> Account {
    let churned = Time::from_millis(BEGIN) - Span::from_days(days);
    Account {
        arr_usd: 20_000,
        missing_features: vec!["SSO".to_owned()],
        ..Account::new(id, id, churned, Reason::ProductGap)
    }
}

/// A release that closes their gap, or an event at a competitor that nobody of them went to.
fn event(number: u64, is_release: bool, now: Time) -> Body {
    Body::Event(Box::new(Event {
        source: "news".to_owned(),
        id: number.to_string(),
        kind: if is_release { SignalKind::ProductRelease } else { SignalKind::CompetitorEvent },
        class: if is_release { "major_version" } else { "outage" }.to_owned(),
        event_time: now,
        append_time: now,
        title: "4.0".to_owned(),
        features: vec!["sso".to_owned()],
        competitor: "Brightloom".to_owned(),
    }))
}

/// Inbox records of some weeks that look for trouble: late, weak and strong signals of accounts that come and go, events,
/// the calendar's days, what an operator does, and a deployment that came from another log.
fn generated(seed: u64) -> Vec<Input> {
    let mut dice = Dice(seed);
    let policy = |version: u32, quiet: i64| {
        let toml = format!(
            "name=\"p\"\nquiet=\"{quiet}m\"\nmax_wait=\"4h\"\ncooldown=\"8h\"\n[[caps]]\nper=\"account\"\nmax=3\nwindow=\"2d\"\n"
        );
        Body::Policy(winback_policy::record("p", version, &toml))
    };
    let mut bodies: Vec<_> = carried().into_iter().chain([policy(1, 30)]).map(|body| (0, body)).collect();
    let mut minute = 0;
    for number in 0..1_500 {
        minute += dice.below(6);
        let now = Time::from_millis(BEGIN + minute * 60_000);
        let who = format!("a{}", dice.below(20));
        let body = match dice.below(24) {
            0 | 1 => {
                // Half a year ago for some of them, within the weeks to come.
                let account = Account { version: number, ..left(&who, 170 + dice.below(4) * 100) };
                Body::Account(AccountChange::Upsert(Box::new(account)))
            }
            2 if dice.below(6) == 0 => Body::Account(AccountChange::Gone(who.as_str().into())),
            3 if dice.below(8) == 0 => Body::Response(Response {
                account: who.as_str().into(),
                source: "crm".to_owned(),
                id: number.to_string(),
                kind: ResponseKind::Declined,
                at: now,
                contact: Vec::new(),
            }),
            4 if dice.below(20) == 0 => policy(u32::try_from(number).unwrap() + 2, 10 + dice.below(60)),
            5 if dice.below(6) == 0 => {
                Body::Hold((dice.below(2) == 0).then(|| "p".to_owned()), dice.below(3) == 0)
            }
            6 if dice.below(20) == 0 => Body::Account(AccountChange::Erased(who.as_str().into())),
            7 if dice.below(8) == 0 => {
                // Most of the rest is over.
                Body::SequenceEnded(who.as_str().into(), now - Span::from_days(160 + dice.below(25)))
            }
            8 if dice.below(8) == 0 => event(number, dice.below(3) > 0, now),
            9 if dice.below(8) == 0 => {
                minute += dice.below(3) * 24 * 60;
                continue;
            }
            _ => {
                let class = ["pricing", "blog", "blog", "docs"][usize::try_from(dice.below(4)).unwrap()];
                Body::Signal(Box::new(MatchedSignal {
                    account: who.as_str().into(),
                    source: "web".to_owned(),
                    id: dice.below(900).to_string(),
                    kind: SignalKind::WebVisit,
                    class: class.to_owned(),
                    event_time: now - Span::from_mins(dice.below(90)),
                    append_time: now,
                    input: "web/0".into(),
                    merged_with: Vec::new(),
                    method: Method::Domain,
                    matched_on: String::new(),
                    detail: String::new(),
                }))
            }
        };
        bodies.push((minute, body));
        if number % 7 == 0 {
            let inputs = vec![("web/0".into(), Reached::NewestAppend(now))];
            bodies.push((minute, Body::Progress(Progress { inputs, known: Vec::new() })));
        }
    }
    let input = |(offset, (minute, body)): (i64, (i64, Body))| Input {
        offset: Offset(offset),
        appended_at: Time::from_millis(BEGIN + minute * 60_000),
        body,
    };
    (0..).zip(bodies).map(input).collect()
}

/// The number of signals that the detector makes itself.
fn made_of(inputs: &[Input]) -> u64 {
    let (mut partition, mut effects) = (Partition::default(), Vec::new());
    inputs.iter().for_each(|input| partition.step(input, &mut effects));
    partition.counts().synthetic
}

fn decided(inputs: &[Input], question: &Question) -> Outcome {
    let mut run = Backtest::new(question);
    inputs.iter().all(|input| run.step(input));
    run.end()
}

#[test]
fn over_generated_trouble_nothing_changes_under_the_same_policy_and_the_counts_always_add_up() {
    let (mut told, mut kinds, mut made, mut held) = (0, BTreeMap::new(), 0, 0);
    for seed in 0..12 {
        let inputs = generated(seed);
        let same = "name=\"p\"\nquiet=\"30m\"\nmax_wait=\"4h\"\ncooldown=\"8h\"\n[[caps]]\nper=\"account\"\nmax=3\nwindow=\"2d\"\n";
        let unchanged: Vec<Input> = inputs
            .iter()
            .enumerate()
            .filter(|(at, input)| *at <= carried().len() || !matches!(input.body, Body::Policy(_)))
            .map(|(_, input)| input.clone())
            .collect();
        let outcome = decided(&unchanged, &question(same, true));
        assert!(outcome.is_empty(), "seed {seed}: {:?}", outcome.changes.first());
        assert!(outcome.tally.live.starting() > 10, "seed {seed}");
        made += made_of(&unchanged);
        held += outcome.tally.live.refusals.get("gated(hold)").copied().unwrap_or_default();
        let half = Time::from_millis(BEGIN + 1_800 * 60_000);
        for (other, from) in [
            (
                "name=\"p\"\nleading=\"off\"\nquiet=\"90m\"\nmax_wait=\"4h\"\ncooldown=\"20h\"\nmin_score=4\n",
                None,
            ),
            (
                "name=\"p\"\nleading=\"always\"\nquiet=\"5m\"\nmax_wait=\"1h\"\ncooldown=\"2h\"\nescalate=\"off\"\n",
                None,
            ),
            (
                "name=\"p\"\nquiet=\"2h\"\nmax_wait=\"12h\"\ncooldown=\"12h\"\n[[caps]]\nper=\"account\"\nmax=1\nwindow=\"2d\"\n",
                Some(half),
            ),
        ] {
            let outcome = decided(&inputs, &Question { from, ..question(other, true) });
            if from.is_none() {
                adds_up(&outcome);
            }
            told += outcome.changes.len();
            for ((kind, _), count) in outcome.tally.changes {
                *kinds.entry(kind.as_str()).or_insert(0) += count;
            }
        }
    }
    assert!(told > 300, "{told}");
    assert!(made > 0 && held > 0, "{made} made by the calendar and of events, {held} held");
    for kind in ["added", "removed", "earlier", "later"] {
        assert!(kinds.contains_key(kind), "{kinds:?}");
    }
}
