//! Mistakes of an operator on Kafka: each ends in a refusal with the fix, or in a recovery that the runbook describes
//! (`docs/runbook.md`, *After an accident*). Nothing is wrong in silence.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use winback_log::{Clock as _, SystemClock};
use winback_testkit::{Broker, Operator, broker_or_skip};

use crate::harness::{
    Deployment, Facts, Place, Running, Shape, Source, difference, end_of, eventually, replay, restored, utf8,
};
use crate::migrate::make_source;

const DEADLINE: Duration = Duration::from_secs(60);
const WEB: Source = Source { name: "web", preset: "segment" };
const SIGNALS: u32 = 4_000;

/// Generates accounts and some of their signals.
fn generate(deployment: &Deployment, seed: u32, signals: u32) {
    let (seed, signals) = (seed.to_string(), signals.to_string());
    deployment.ok(&["generate", "--seed", &seed, "--accounts", "200", "--signals", &signals]);
}

/// A deployment on Kafka that has decided some signals, and what it decided.
fn decided(broker: &'static Broker) -> (Deployment, Facts) {
    let deployment = Deployment::new(Place::Kafka(broker), &[WEB], Shape::ONE);
    generate(&deployment, 5, SIGNALS);
    deployment.run();
    let facts = Facts::of(&deployment);
    assert!(!facts.triggers.is_empty(), "there is something to lose");
    (deployment, facts)
}

fn operator(broker: &Broker) -> Operator {
    Operator::of(broker.url().trim_start_matches("kafka://")).unwrap()
}

/// Checks that the outputs follow from the inbox.
fn assert_equal_to_the_core(deployment: &Deployment) {
    let (facts, replayed) = (Facts::of(deployment), replay(deployment));
    assert_eq!(difference(&facts.triggers, &replayed.triggers), None, "triggers and the core over the inbox");
    assert_eq!(difference(&restored(deployment), &replayed.state), None, "the state and the core's");
    facts.assert_ids_are_unique();
}

#[test]
fn an_inbox_that_was_made_anew_is_refused_because_the_state_speaks_of_another() {
    let Some(broker) = broker_or_skip("an inbox that is deleted") else { return };
    let (deployment, _) = decided(broker);
    operator(broker).delete(&deployment.own("inbox")).unwrap();
    deployment.call(&["run", "--until-idle"]).expect(1).says(&[&deployment.own("inbox"), "--positions"]);
}

fn account(id: &str) -> Value {
    json!({
        "account_id": id, "name": id, "domains": [format!("{id}.example")], "contacts": [format!("jo@{id}.example")],
        "churned_at": "2026-01-15", "reason": "product_gap", "arr_usd": 20_000
    })
}

/// Somebody of that account looks at the prices, and everything is decided. How often it has fired by then, and by what
/// its last signal was gated.
fn visited(deployment: &Deployment, account: &str, id: &str) -> (usize, String) {
    let (email, time) = (format!("jo@{account}.example"), SystemClock.now().to_string());
    let visit = json!({ "id": id, "url": "https://us.example/pricing", "email": email, "time": time });
    let file = deployment.write("visit.jsonl", visit.to_string().as_bytes());
    deployment.ok(&["ingest", "web", utf8(&file), "--format", "jsonl"]);
    deployment.run();
    let of_account =
        |args: &[&str]| deployment.ok(&[args, &["--json", "--account", account]].concat()).json();
    let last = of_account(&["decisions"]).pop().expect("it was decided");
    (of_account(&["triggers"]).len(), last["because"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn an_inbox_that_was_made_anew_as_the_runbook_says_has_policies_and_holds_as_before() {
    let Some(broker) = broker_or_skip("an inbox that is made anew") else { return };
    let plain = Source { name: "web", preset: "web" };
    let deployment = Deployment::new(Place::Kafka(broker), &[plain], Shape::ONE);
    deployment.without_calendar();
    let accounts = ["acme", "gamma", "delta"].map(account);
    make_source(&deployment);
    deployment.import(&accounts);
    assert_eq!(visited(&deployment, "acme", "before").0, 1);
    assert_eq!(visited(&deployment, "delta", "before").0, 1);
    deployment.ok(&["hold", "--policy", "default", "--why", "a wrong price"]);

    for topic in ["inbox", "detector-changelog", "accounts"] {
        operator(broker).delete(&deployment.own(topic)).unwrap();
    }
    deployment.ok(&["topics", "apply"]);
    deployment.import(&accounts);
    assert_eq!(visited(&deployment, "acme", "held"), (1, "hold".to_owned()));
    deployment.ok(&["holds"]).says(&["policy default", "a wrong price"]);
    deployment.ok(&["policy", "apply"]).says(&["nothing to do", "--again"]);
    deployment.ok(&["policy", "apply", "--again"]).says(&["default: version 1 was put into the inbox again"]);
    assert_eq!(visited(&deployment, "gamma", "held, too"), (0, "hold".to_owned()));
    deployment.ok(&["release", "--policy", "default"]);
    assert_eq!(visited(&deployment, "delta", "after").0, 2, "everybody may be triggered again");
}

#[test]
fn a_changelog_that_was_made_anew_is_refused_until_somebody_chooses_and_then_says_the_same() {
    let Some(broker) = broker_or_skip("a changelog that is deleted") else { return };
    let (deployment, facts) = decided(broker);
    let state = restored(&deployment);
    operator(broker).delete(&deployment.own("detector-changelog")).unwrap();
    deployment.ok(&["topics", "apply"]);
    deployment.call(&["run", "--until-idle"]).expect(1).says(&["detector-changelog", "--positions state"]);
    deployment.ok(&["run", "--until-idle", "--positions", "state"]);
    assert_eq!(difference(&state, &restored(&deployment)), None, "the inbox makes the same state again");
    let ids = |facts: &Facts| -> BTreeSet<Vec<u8>> {
        facts.triggers.iter().map(|fired| fired.wire().id.into_bytes()).collect()
    };
    let again = Facts::of(&deployment);
    assert_eq!(ids(&again), ids(&facts), "what is appended again has the ids that it had");
    assert_eq!(again.triggers.len(), 2 * facts.triggers.len());
}

#[test]
fn a_changelog_that_was_cut_is_refused() {
    let Some(broker) = broker_or_skip("a changelog that is cut") else { return };
    let (deployment, _) = decided(broker);
    let changelog = deployment.own("detector-changelog");
    // Snapshots would cover what is gone; here there are none.
    drop(std::fs::remove_dir_all(deployment.path("snapshots")));
    operator(broker).cut(&changelog, 0, 5).unwrap();
    deployment.call(&["run", "--until-idle"]).expect(1).says(&[&changelog, "begins at offset 5", "runbook"]);
}

#[test]
fn partitions_that_are_added_to_a_source_are_read_from_their_beginning_while_it_runs() {
    let Some(broker) = broker_or_skip("a source that is widened") else { return };
    let (deployment, facts) = decided(broker);
    let topic = deployment.topic_of("web");
    let mut run = deployment.start(&["run"]);
    let before = end_of(&deployment.log(), &deployment.own("inbox"));
    operator(broker).widen(&topic, 3).unwrap();
    generate(&deployment, 6, SIGNALS);
    eventually("the new partitions hold records", DEADLINE, || {
        (end_of(&deployment.log(), &topic) >= 2 * i64::from(SIGNALS)).then_some(())
    });
    eventually("they are matched", DEADLINE, || {
        assert!(!run.has_ended(), "it goes on");
        (Facts::of(&deployment).matched.len() > facts.matched.len()).then_some(())
    });
    run.kill();
    deployment.run();
    assert!(end_of(&deployment.log(), &deployment.own("inbox")) > before);
    assert_equal_to_the_core(&deployment);
    deployment.ok(&["verify"]).says(&["equal"]);
}

#[test]
fn partitions_that_are_added_to_the_inbox_are_refused_at_the_next_start() {
    let Some(broker) = broker_or_skip("an inbox that is widened") else { return };
    let (deployment, _) = decided(broker);
    operator(broker).widen(&deployment.own("inbox"), 6).unwrap();
    deployment
        .call(&["run", "--until-idle"])
        .expect(3)
        .says(&[&deployment.own("inbox"), "topics.partitions"]);
}

#[test]
fn of_two_deployments_with_the_same_ids_one_ends_and_names_what_they_share() {
    let Some(broker) = broker_or_skip("two deployments with the same ids") else { return };
    let (deployment, _) = decided(broker);
    let mut members: Vec<Running> = Vec::new();
    for seed in [7, 8] {
        members.push(deployment.start(&["run"]));
        generate(&deployment, seed, SIGNALS);
    }
    let mut seed = 9;
    let fenced = eventually("one of them ends", DEADLINE, || {
        // Who has nothing to write finds nothing out.
        generate(&deployment, seed, 50);
        seed += 1;
        members.iter_mut().position(Running::has_ended)
    });
    let ended = members.remove(fenced).ended().expect(1);
    assert!(ended.err.contains("transactional id `") && ended.err.contains("instance"), "{}", ended.err);
    members.into_iter().for_each(Running::kill);
    deployment.run();
    assert_equal_to_the_core(&deployment);
}

#[test]
fn what_was_killed_all_at_once_is_started_in_any_order() {
    let Some(broker) = broker_or_skip("everything that is killed at once") else { return };
    let deployment = Deployment::new(Place::Kafka(broker), &[WEB], Shape::MANY);
    generate(&deployment, 5, SIGNALS);
    deployment.ok(&["topics", "apply"]);
    let roles = ["worker", "detector", "matcher", "registrar"];
    let start = |role: &&str| Running::spawn(&mut deployment.member(role, &["run", "--role", role]));
    let all: Vec<Running> = roles.iter().map(start).collect();
    eventually("something is decided", DEADLINE, || {
        (end_of(&deployment.log(), &deployment.own("decisions")) > 0).then_some(())
    });
    all.into_iter().for_each(Running::kill);
    let mut all: Vec<Running> = roles.iter().rev().map(start).collect();
    eventually("all signals are decided", DEADLINE, || {
        assert!(!all.iter_mut().any(Running::has_ended), "nobody ends");
        Facts::of(&deployment).all_is_decided().then_some(())
    });
    all.into_iter().for_each(Running::kill);
    deployment.run();
    assert_equal_to_the_core(&deployment);
    deployment.ok(&["verify"]).says(&["equal"]);
}
