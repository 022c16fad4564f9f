//! Dead letters on their way back: once, however often they are sent and whatever is killed meanwhile.

use std::time::Duration;

use serde_json::{Value, json};
use winback_core::time::Span;
use winback_log::{Append, Clock as _, SystemClock};
use winback_proto::v1;

use crate::harness::{Deployment, Facts, Place, Shape, Source, end_of, eventually, places, utf8, values};

const DEADLINE: Duration = Duration::from_secs(60);
const WEB: Source = Source { name: "web", preset: "web" };

/// A deployment with one dead letter, a visit in an encoding that its source does not state yet.
fn with_a_letter(place: Place) -> Deployment {
    let deployment = Deployment::new(place, &[WEB], Shape::ONE);
    deployment.import(&[json!({
        "account_id": "acme", "domains": ["acme.com"], "churned_at": "2026-01-15", "reason": "product_gap", "arr_usd": 20_000
    })]);
    let mut visit = br#"{"id":"v1","url":"https://us.com/pricing?q=caf"#.to_vec();
    visit.push(0xe9);
    let lately = SystemClock.now() - Span::from_hours(1);
    visit.extend(format!(r#"","email":"jo@acme.com","time":"{lately}"}}"#).into_bytes());
    let file = deployment.write("visits.jsonl", &visit);
    deployment.ok(&["ingest", "web", utf8(&file), "--format", "jsonl"]);
    deployment.run();
    let facts = Facts::of(&deployment);
    assert_eq!((facts.dead.len(), facts.matched.len(), facts.triggers.len()), (1, 0, 0));
    deployment
}

fn mend(deployment: &Deployment) {
    deployment.also("encoding = \"windows-1252\"");
}

fn counts_once(deployment: &Deployment, sent: usize) {
    let facts = Facts::of(deployment);
    assert_eq!(facts.matched.len(), sent, "each replay was matched");
    let outcomes: Vec<_> = facts.outcomes().into_iter().collect();
    let repeats = u64::try_from(sent - 1).unwrap();
    assert_eq!(outcomes, [("duplicate".to_owned(), repeats), ("led".to_owned(), 1)]);
    assert_eq!(facts.triggers.len(), 1);
    deployment.ok(&["verify"]).says(&["equal"]);
}

#[test]
fn a_letter_that_is_replayed_twice_with_a_kill_between_counts_once_on_both_logs() {
    for place in places("replayed twice with a kill between") {
        let deployment = with_a_letter(place);
        mend(&deployment);
        deployment.ok(&["dead-letters", "replay", "--reason", "bad_encoding"]);
        let (log, inbox) = (deployment.log(), deployment.own("inbox"));
        let before = end_of(&log, &inbox);
        let mut run = deployment.start(&["run"]);
        eventually("the run gets somewhere", DEADLINE, || {
            (end_of(&log, &inbox) > before || run.has_ended()).then_some(())
        });
        run.kill();
        deployment.ok(&["dead-letters", "replay", "--reason", "bad_encoding"]);
        deployment.run();
        counts_once(&deployment, 2);
    }
}

#[test]
fn a_letter_that_fails_again_is_a_new_one_that_names_the_first_and_either_can_be_replayed() {
    let deployment = with_a_letter(Place::File);
    for _ in 0..2 {
        deployment.ok(&["dead-letters", "replay", "--source", "web", "--since", "1h"]);
        deployment.run();
    }
    // The first, its replay, and then the replays of both.
    let listed = deployment.ok(&["dead-letters", "list", "--json"]).json();
    let firsts: Vec<&Value> = listed.iter().map(|letter| &letter["firstLetter"]).collect();
    assert_eq!(firsts, [&Value::Null, &json!(0), &json!(0), &json!(0)]);
    let topic = deployment.topic_of("web");
    deployment.ok(&["dead-letters", "show", "2"]).says(&["replay of", "letter 0", &format!("{topic}/0@0")]);
    let summary = deployment.ok(&["dead-letters", "list", "--summary", "--json"]).json();
    assert_eq!((summary.len(), &summary[0]["letters"], &summary[0]["replayable"]), (1, &json!(4), &json!(4)));
    mend(&deployment);
    deployment.ok(&["dead-letters", "replay"]);
    deployment.run();
    counts_once(&deployment, 4);
}

fn put(deployment: &Deployment, topic: &str, value: &[u8]) {
    let log = deployment.log();
    let mut writer = log.writer().unwrap();
    let (key, value) = (Some(&b"acme"[..]), Some(value));
    writer.append(&Append { topic, partition: None, key, value, headers: &[], timestamp: None }).unwrap();
    writer.flush().unwrap();
}

#[test]
fn letters_of_other_roles_say_why_they_are_not_replayed_and_what_to_do() {
    let deployment = with_a_letter(Place::File);
    put(&deployment, &format!("{}-accounts", deployment.name), b"{\"account_id\":");
    put(&deployment, &deployment.own("inbox"), b"\xff\xff\xff");
    put(&deployment, &deployment.own("triggers"), b"\xff\xff\xff");
    deployment.run();
    let dead = values::<v1::DeadLetter>(&deployment, "dead-letters");
    let roles: Vec<_> = dead.iter().map(|letter| letter.role.clone()).collect();
    for role in ["matcher", "registrar", "detector", "worker"] {
        assert!(roles.iter().any(|other| other == role), "{role} is not in {roles:?}");
    }
    deployment.call(&["dead-letters", "replay", "--dry-run"]).expect(4).says(&[
        "1 would be sent",
        "3 left out",
        "accounts import",
        "which only winback writes",
        "act on it by hand",
    ]);
    let groups = deployment.ok(&["dead-letters", "list", "--summary", "--json"]).json();
    let replayable: Vec<_> = groups.iter().filter(|group| group["replayable"] == 1).collect();
    assert_eq!((groups.len(), replayable.len()), (4, 1), "{groups:?}");
}

#[test]
fn wrong_words_about_letters_are_answered_with_what_there_is() {
    let deployment = Deployment::new(Place::File, &[WEB], Shape::ONE);
    deployment.call(&["dead-letters", "list"]).says(&["nothing has run here yet"]);
    let deployment = with_a_letter(Place::File);
    deployment.ok(&["dead-letters", "list", "--reason", "bad_encodng"]).says(&["bad_encoding", "web"]);
    deployment.call(&["dead-letters", "list", "--since", "yesterday"]).expect(2).says(&["--since", "2h"]);
    for offset in ["7", "99999999999"] {
        deployment.call(&["dead-letters", "show", offset]).expect(4).says(&["there is no dead letter"]);
    }
    deployment.call(&["dead-letters", "show", "first"]).expect(2).says(&["first"]);
    let raw = deployment.ok(&["dead-letters", "show", "0", "--raw"]);
    assert!(raw.out.starts_with(r#"{"id":"v1""#) && raw.out.ends_with("\"}"), "{}", raw.out);
}
