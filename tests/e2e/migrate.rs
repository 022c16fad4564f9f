//! `winback migrate`: nobody is triggered again, and what was open stays as it was.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use winback_core::debounce::{Seen, StateKey, StateRow};
use winback_core::ids::Offset;
use winback_core::time::{Span, Time};
use winback_log::{Clock as _, SystemClock, TopicPartition};
use winback_oracle::{Options, restored_rows};

use crate::harness::{Deployment, Facts, Place, Shape, Source, end_of, places, utf8};

const WEB: Source = Source { name: "web", preset: "web" };
/// No burst that is open ends while a test lasts.
const QUIET: Span = Span::from_hours(2);

fn account(id: &str) -> Value {
    json!({
        "account_id": id, "name": id, "domains": [format!("{id}.example")], "contacts": [format!("jo@{id}.example")],
        "churned_at": "2026-01-15", "reason": "product_gap", "arr_usd": 20_000
    })
}

fn visit(id: &str, account: &str, page: &str, at: Time) -> String {
    let (url, email) = (format!("https://us.example/{page}"), format!("jo@{account}.example"));
    json!({ "id": id, "url": url, "email": email, "time": at.to_string() }).to_string()
}

fn ingest(deployment: &Deployment, lines: &[String]) {
    let file = deployment.write("visits.jsonl", lines.join("\n").as_bytes());
    deployment.ok(&["ingest", "web", utf8(&file), "--format", "jsonl"]);
}

fn policy(deployment: &Deployment) {
    let (quiet, toml) =
        (QUIET, "leading = \"strength>=2\"\nmax_wait = \"1d\"\ncooldown = \"14d\"\nmin_score = 0");
    deployment.write(
        "config/policies/default.toml",
        format!("name = \"default\"\nquiet = \"{quiet}\"\n{toml}").as_bytes(),
    );
}

/// Puts another log into the config, and as many partitions for the topics that will be made there.
fn point(deployment: &mut Deployment, url: &str, partitions: i32) {
    let text = std::fs::read_to_string(deployment.path("winback.toml")).unwrap();
    let text = text.replace(&format!("log = \"{}\"", deployment.url), &format!("log = \"{url}\""));
    let text = text.replace("[topics]\n", &format!("[topics]\npartitions = {partitions}\n"));
    deployment.write("winback.toml", text.as_bytes());
    deployment.url = url.to_owned();
}

fn outcomes(facts: &Facts) -> Vec<(String, u64)> {
    facts.outcomes().into_iter().collect()
}

/// The detector's knowledge of accounts, from all partitions.
fn state(deployment: &Deployment) -> BTreeMap<StateKey, StateRow> {
    let (log, topic) = (deployment.log(), deployment.own("detector-changelog"));
    let partitions = log.describe(&[&topic]).unwrap()[0].as_ref().unwrap().spec.partitions;
    let mut all = BTreeMap::new();
    for number in 0..partitions {
        let partition = TopicPartition::new(topic.as_str(), number);
        all.extend(restored_rows(&*log, &partition, Options::default().patience).unwrap());
    }
    all.remove(&StateKey::Clock);
    for row in all.values_mut() {
        // Where an id was seen first is another place there.
        if let StateRow::Seen(seen) = row {
            *row = StateRow::Seen(Seen { offset: Offset::ZERO, ..*seen });
        }
    }
    all
}

/// One account in its quiet time, one with an open burst, moved from one log to the other.
fn moves(from: Place, to: impl FnOnce(&Deployment) -> String, partitions: i32) {
    let mut deployment = Deployment::new(from, &[WEB], Shape { partitions: 2, lanes: 1 });
    policy(&deployment);
    deployment.import(&[account("acme"), account("gamma"), account("other")]);
    let now = SystemClock.now();
    let seen = [
        visit("strong", "acme", "pricing", now - Span::from_mins(20)),
        visit("weak", "gamma", "blog/x", now),
        "{\"id\":".to_owned(),
    ];
    ingest(&deployment, &seen);
    deployment.run();
    let fired = Facts::of(&deployment).triggers;
    assert_eq!(fired.len(), 1, "acme at once: {fired:?}");
    let (source, target) = (deployment.url.clone(), to(&deployment));

    ingest(&deployment, &[visit("late", "other", "blog/y", now - Span::from_hours(5))]);
    let told = deployment.call(&["migrate", &source, &target, "--yes"]).expect(2);
    told.says(&["has work under way", "the matcher of web has 1 records", "run --until-idle"]);
    deployment.run();
    let state_there = state(&deployment);

    point(&mut deployment, &target, partitions);
    deployment
        .ok(&["--json", "migrate", &source, &target, "--dry-run"])
        .says(&["\"openBursts\":3", "would move"]);
    let moved = deployment.ok(&["--json", "migrate", &source, &target, "--yes"]).json();
    let counts = ["accounts", "openBursts", "deadLetters"].map(|name| moved[0][name].as_u64().unwrap());
    assert_eq!(counts, [3, 3, 1], "{moved:?}");
    deployment.ok(&["migrate", &source, &target, "--yes"]).says(&["moved to", "already"]);

    // The same records again, as a source that is read from its beginning gives them, and a new one in the quiet time.
    make_source(&deployment);
    let again = [
        visit("strong", "acme", "pricing", now - Span::from_mins(20)),
        visit("weak", "gamma", "blog/x", now),
        visit("new", "acme", "pricing", now),
    ];
    ingest(&deployment, &again);
    deployment.run();
    let facts = Facts::of(&deployment);
    assert_eq!(outcomes(&facts), [("duplicate".to_owned(), 2), ("joined".to_owned(), 1)]);
    assert!(facts.triggers.is_empty(), "nobody is triggered again");
    let own = |rows: BTreeMap<StateKey, StateRow>| -> BTreeMap<StateKey, StateRow> {
        // The new visit is acme's.
        rows.into_iter().filter(|(key, _)| key.account().is_none_or(|id| id.as_str() != "acme")).collect()
    };
    assert_eq!(own(state(&deployment)), own(state_there));
    deployment.ok(&["verify"]).says(&["equal"]);
    deployment.ok(&["accounts", "show", "acme"]);
}

/// On Kafka a source's topic is somebody else's to make.
pub(crate) fn make_source(deployment: &Deployment) {
    let log = deployment.log();
    for topic in [deployment.topic_of("web"), format!("{}-accounts", deployment.name)] {
        log.create(&winback_log::TopicSpec {
            name: topic,
            partitions: 2,
            replication: 1,
            cleanup: winback_log::Cleanup::Delete(None),
            timestamps: winback_log::TimestampKind::Create,
            max_record_bytes: 1 << 20,
        })
        .unwrap();
    }
}

fn another_file(deployment: &Deployment) -> String {
    format!("sqlite:{}", deployment.path("there.db").display())
}

#[test]
fn from_a_file_to_one_with_other_partitions_nobody_is_triggered_again() {
    moves(Place::File, another_file, 3);
}

#[test]
fn from_a_file_to_kafka_and_from_kafka_to_a_file_nobody_is_triggered_again() {
    let Some(kafka) = places("winback migrate").into_iter().find(|place| matches!(place, Place::Kafka(_)))
    else {
        return;
    };
    let Place::Kafka(broker) = kafka else { return };
    moves(Place::File, |_| broker.url(), 4);
    moves(kafka, another_file, 4);
}

/// A release of the feature that accounts miss; the event comes to every partition.
fn release(deployment: &Deployment) {
    let lately = (SystemClock.now() - Span::from_hours(3)).to_string();
    let release =
        json!({"id": "rel-1", "type": "feature", "title": "SSO", "features": ["SSO"], "date": lately});
    let file = deployment.write("releases.jsonl", release.to_string().as_bytes());
    deployment.ok(&["ingest", "releases", utf8(&file), "--format", "jsonl"]);
}

#[test]
fn an_event_that_was_told_is_known_in_every_partition_and_holds_and_answers_come_along() {
    let releases = Source { name: "releases", preset: "releases" };
    let mut deployment = Deployment::new(Place::File, &[releases], Shape::ONE);
    policy(&deployment);
    let missing = |number: u32| {
        let mut account = account(&format!("acct-{number:02}"));
        account["missing_features"] = json!("sso");
        account
    };
    deployment.import(&(0..20).map(missing).collect::<Vec<_>>());
    release(&deployment);
    deployment.run();
    assert_eq!(Facts::of(&deployment).triggers.len(), 20);
    let answer =
        json!({"id": "r", "kind": "replied", "account_id": "acct-00", "time": SystemClock.now().to_string()});
    let file = deployment.write("responses.jsonl", answer.to_string().as_bytes());
    deployment.ok(&["ingest", "responses", utf8(&file), "--format", "jsonl"]);
    deployment.ok(&["hold", "--policy", "default"]);
    deployment.run();

    let (source, target) = (deployment.url.clone(), another_file(&deployment));
    let ends = |deployment: &Deployment, topic: &str| end_of(&deployment.log(), &deployment.own(topic));
    let answers = ends(&deployment, "answers");
    let counted = deployment.ok(&["--json", "migrate", &source, &target, "--dry-run"]).json();
    point(&mut deployment, &target, 3);
    let moved = deployment.ok(&["--json", "migrate", &source, &target, "--yes"]).json();
    assert_eq!(moved[0]["rememberedSignals"], counted[0]["rememberedSignals"]);
    assert_eq!((ends(&deployment, "answers"), answers), (1, 1));
    deployment.ok(&["holds"]).says(&["policy default"]);

    release(&deployment);
    deployment.run();
    let facts = Facts::of(&deployment);
    assert!(facts.triggers.is_empty() && facts.decisions.is_empty(), "it is told to nobody: {facts:?}");
    deployment.ok(&["verify"]).says(&["equal"]);
}

#[test]
fn a_move_that_was_broken_off_is_not_run_on_and_is_done_again() {
    let mut deployment = Deployment::new(Place::File, &[WEB], Shape::ONE);
    policy(&deployment);
    deployment.import(&[account("acme")]);
    deployment.run();
    let (source, target) = (deployment.url.clone(), another_file(&deployment));
    deployment.ok(&["migrate", &source, &target, "--yes"]);
    point(&mut deployment, &target, 4);
    // As if it had ended before the last markers: they are taken away.
    let log = deployment.log();
    for number in 0..4 {
        let partition = TopicPartition::new(deployment.own("inbox"), number);
        let end = log.reader().unwrap().end_offsets(std::slice::from_ref(&partition)).unwrap()[0];
        log.remove(&partition, &[Offset(end.0 - 1)]).unwrap();
    }
    drop(log);
    deployment.call(&["run", "--until-idle"]).expect(2).says(&["is not complete", "winback migrate"]);
    deployment.ok(&["migrate", &source, &target, "--yes"]).says(&["begun anew", "moved 1 accounts"]);
    deployment.run();
    deployment.ok(&["verify"]).says(&["equal"]);
    deployment.ok(&["accounts", "show", "acme"]);
}

#[test]
fn an_empty_kafka_beside_a_file_that_has_fired_is_refused_without_fresh() {
    let Some(kafka) =
        places("run on an empty Kafka").into_iter().find(|place| matches!(place, Place::Kafka(_)))
    else {
        return;
    };
    let Place::Kafka(broker) = kafka else { return };
    let mut deployment = Deployment::new(Place::File, &[WEB], Shape::ONE);
    deployment.import(&[account("acme")]);
    ingest(&deployment, &[visit("strong", "acme", "pricing", SystemClock.now() - Span::from_mins(20))]);
    deployment.run();
    point(&mut deployment, &broker.url(), 4);
    make_source(&deployment);
    let told = deployment.call(&["run", "--until-idle"]).expect(2);
    told.says(&["is empty", "sqlite:winback.db", "winback migrate", "--fresh"]);
    deployment.ok(&["run", "--until-idle", "--fresh"]);
    deployment.ok(&["run", "--until-idle"]);
}

#[test]
fn a_target_that_holds_a_deployment_is_refused() {
    let deployment = Deployment::new(Place::File, &[WEB], Shape::ONE);
    deployment.import(&[account("acme")]);
    deployment.run();
    let (source, target) = (deployment.url.clone(), another_file(&deployment));
    deployment.ok(&["--log", &target, "accounts", "import", "accounts.jsonl", "--yes"]);
    deployment.ok(&["--log", &target, "run", "--until-idle"]);
    deployment
        .call(&["migrate", &source, &target, "--yes"])
        .expect(2)
        .says(&["holds a deployment", "empty log"]);
    deployment.call(&["migrate", &source, &source]).expect(2).says(&["one log"]);
    deployment.call(&["migrate", "sqlite:nowhere.db", &target]).expect(2).says(&["no such file"]);
    assert!(!deployment.path("nowhere.db").exists());
}
