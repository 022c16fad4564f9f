//! The story of every account holds against the records: each decision and each trigger is told once, in the inbox's order,
//! with its own numbers.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use winback_core::time::Time;
use winback_proto::v1;
use winback_proto::v1::decision::Subject;

use crate::data::{self, DataSet};
use crate::harness::{Deployment, Place, Shape, Source, values};
use crate::real_input::filled;

const SOURCES: [Source; 4] = [
    Source { name: "web", preset: "segment" },
    Source { name: "mail", preset: "sendgrid" },
    Source { name: "funding", preset: "funding" },
    Source { name: "hiring", preset: "hiring" },
];

/// The records of the topics, by account.
struct Held {
    decisions: BTreeMap<String, Vec<v1::Decision>>,
    triggers: BTreeMap<String, Vec<v1::Trigger>>,
}

impl Held {
    fn by(deployment: &Deployment) -> Self {
        let mut held = Self { decisions: BTreeMap::new(), triggers: BTreeMap::new() };
        for decision in values::<v1::Decision>(deployment, "decisions") {
            held.decisions.entry(decision.account_id.clone()).or_default().push(decision);
        }
        for trigger in values::<v1::Trigger>(deployment, "triggers") {
            let account = trigger.account.as_ref().unwrap().id.clone();
            held.triggers.entry(account).or_default().push(trigger);
        }
        held
    }
}

fn wire(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

fn records(story: &[Value], kinds: &[&str]) -> Vec<Value> {
    let is = |step: &&Value| kinds.contains(&step["step"].as_str().unwrap());
    story.iter().filter(is).map(|step| step["record"].clone()).collect()
}

fn sorted(mut values: Vec<Value>) -> Vec<String> {
    let mut texts: Vec<String> = values.drain(..).map(|value| value.to_string()).collect();
    texts.sort();
    texts
}

fn time(value: &Value) -> Option<Time> {
    let at: jiff::Timestamp = value.as_str()?.parse().ok()?;
    Some(Time::from_millis(at.as_millisecond()))
}

/// Holds a story against what was decided; how many decisions.
fn holds(account: &str, story: &[Value], held: &Held) -> usize {
    let decisions = held.decisions.get(account).cloned().unwrap_or_default();
    let told = records(story, &["signal", "burst"]);
    assert_eq!(
        told,
        decisions.iter().map(wire).collect::<Vec<_>>(),
        "{account}: each decision once, in order"
    );
    let triggers = held.triggers.get(account).cloned().unwrap_or_default();
    assert_eq!(
        sorted(records(story, &["trigger"])),
        sorted(triggers.iter().map(wire).collect()),
        "{account}"
    );
    let offset = |step: &Value| step["inbox"].as_str()?.split_once('/')?.1.parse::<i64>().ok();
    let order: Vec<i64> = story.iter().filter_map(offset).collect();
    assert!(order.is_sorted(), "{account}: {order:?}");
    for step in story.iter().filter(|step| step.get("rule").is_some()) {
        decided(account, step);
    }
    for trigger in &triggers {
        let causes =
            story.iter().filter(|step| step["trigger"] == json!(trigger.id) && step.get("rule").is_some());
        assert_eq!(causes.count(), 1, "{account}: the decision that made {}", trigger.id);
    }
    decisions.len()
}

/// The step's own numbers against its record's.
fn decided(account: &str, step: &Value) {
    let record: v1::Decision = serde_json::from_value(step["record"].clone()).unwrap();
    assert_eq!(step["outcome"], json!(record.outcome));
    assert_eq!(step["policyVersion"], json!(record.policy_version));
    assert!(step["ruleText"].as_str().is_some_and(|text| !text.is_empty()), "{account}: {step}");
    let fired = !record.trigger_id.is_empty();
    assert_eq!(
        step.get("differ").is_none(),
        fired,
        "{account}: it fired, or says what had to differ: {step}"
    );
    let differ = &step["differ"];
    match (record.outcome.as_str(), &record.subject) {
        ("below_threshold", Some(Subject::Burst(burst))) => {
            assert_eq!(differ["points"], json!(burst.needed - burst.score), "{step}");
        }
        ("cooled", _) => assert_eq!(time(&differ["until"]), time(&step["record"]["quietUntil"]), "{step}"),
        ("gated" | "capped", _) => assert_eq!(differ["name"], json!(record.because), "{step}"),
        ("duplicate", Some(Subject::Signal(_))) => {
            assert!(time(&differ["until"]) <= time(&step["at"]) && differ.get("until").is_some(), "{step}");
        }
        _ => {}
    }
}

fn explained(deployment: &Deployment, subject: &str) -> Vec<Value> {
    deployment.ok(&["explain", subject, "--json"]).json()
}

/// The stories of triggers, bursts and signals are those of their account, cut to what they are about.
fn parts_hold(deployment: &Deployment, held: &Held) {
    let (account, triggers) = held.triggers.iter().next().expect("something fired");
    let trigger = &triggers[0];
    for subject in [&trigger.id[..], &trigger.id[..12]] {
        let story = explained(deployment, subject);
        let told = records(&story, &["trigger"]);
        assert!(told.contains(&wire(trigger)), "{subject}");
        let of_burst = |decision: &&v1::Decision| match &decision.subject {
            Some(Subject::Signal(signal)) => signal.burst_id == trigger.burst_id,
            _ => false,
        };
        let signals = held.decisions[account].iter().filter(of_burst).count();
        let told = records(&story, &["signal"]).len();
        assert!(told >= 1 && told <= signals, "{subject}: {told} of {signals}");
    }
    let burst = explained(deployment, &trigger.burst_id);
    assert!(burst.iter().any(|step| step["trigger"] == json!(trigger.id)));
    let Some(Subject::Signal(signal)) = &held.decisions[account][0].subject else {
        panic!("a signal is first")
    };
    let story = explained(deployment, &format!("{}:{}", signal.source, signal.id));
    let own = json!(format!("{}:{}", signal.source, signal.id));
    assert!(story.iter().any(|step| step["signal"] == own), "{own}");
}

fn all_hold(deployment: &Deployment, every: usize) -> (usize, usize) {
    let held = Held::by(deployment);
    let accounts: BTreeSet<&String> = held.decisions.keys().chain(held.triggers.keys()).collect();
    let chosen: Vec<&&String> = accounts.iter().step_by(every).collect();
    let decisions = chosen.iter().map(|id| holds(id, &explained(deployment, id), &held)).sum();
    parts_hold(deployment, &held);
    (chosen.len(), decisions)
}

#[test]
fn the_story_of_every_account_of_generated_input_holds_against_the_records() {
    let deployment = Deployment::new(Place::File, &SOURCES, Shape::ONE);
    deployment.ok(&["generate", "--seed", "11", "--accounts", "400", "--signals", "16000"]);
    deployment.run();
    let (accounts, decisions) = all_hold(&deployment, 1);
    println!("stories of generated input: {accounts} accounts, {decisions} decisions");
    assert!(accounts > 60 && decisions > 300, "{accounts} accounts, {decisions} decisions");
}

fn of_real(set: Option<DataSet>, every: usize) {
    let Some(set) = set else { return };
    let deployment = filled(&set, Place::File, Shape::ONE);
    deployment.run();
    let (accounts, decisions) = all_hold(&deployment, every);
    println!("stories of {}: {accounts} accounts, {decisions} decisions", set.name);
}

#[test]
fn the_stories_of_real_input_hold_against_the_records() {
    of_real(data::job_postings(), 2);
    of_real(data::funding_india(), 40);
    of_real(data::web_access(), 2);
}
