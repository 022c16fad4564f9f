//! What anybody can send who can post to a collector: it costs about its own bytes, no good event is lost or doubled for it,
//! and it stops no source that others write to.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use winback_core::places::Places;
use winback_core::time::Span;
use winback_log::{Append, Clock as _, SystemClock};

use crate::harness::{
    Deployment, Facts, Place, Running, Shape, Source, eventually, messages_of, places, utf8,
};

const DEADLINE: Duration = Duration::from_secs(90);
const MAIL: Source = Source { name: "mail", preset: "sendgrid" };
const WEB: Source = Source { name: "web", preset: "web" };
/// Dead elements that have a letter each, and the one for the rest.
const LETTERS: usize = 21;

fn deployment(place: Place, sources: &[Source]) -> Deployment {
    let deployment = Deployment::new(place, sources, Shape::ONE);
    deployment.import(&[json!({
        "account_id": "acme", "domains": ["acme.com"], "churned_at": "2026-01-15", "reason": "product_gap", "arr_usd": 20_000
    })]);
    deployment
}

fn ingest(deployment: &Deployment, source: &str, record: &str) {
    let file = deployment.write("record.jsonl", record.as_bytes());
    deployment.ok(&["ingest", source, utf8(&file), "--format", "jsonl"]);
}

/// How many bytes the topic's records have.
fn bytes_in(deployment: &Deployment, topic: &str) -> usize {
    let messages = messages_of(deployment, topic);
    messages.iter().map(|message| message.value().map_or(0, <[u8]>::len)).sum()
}

fn ids(facts: &Facts) -> BTreeSet<&String> {
    facts.matched.iter().map(|(_, _, id, _)| id).collect()
}

/// Twenty thousand empty events, and thirty opens of mails among them.
fn mails() -> String {
    let at = (SystemClock.now() - Span::from_hours(1)).millis() / 1_000;
    let event = |place: usize| match place % 667 {
        7 => format!(
            r#"{{"event":"open","email":"jo@acme.com","timestamp":{},"sg_event_id":"good{place}","sg_message_id":"m{place}"}}"#,
            at + i64::try_from(place).unwrap() / 100
        ),
        _ => "{}".to_owned(),
    };
    format!("[{}]", (0..20_000).map(event).collect::<Vec<_>>().join(","))
}

#[test]
fn a_small_record_of_many_empty_events_costs_about_its_bytes_and_loses_no_good_one() {
    for place in places("a record of many empty events") {
        let deployment = deployment(place, &[MAIL]);
        let record = mails();
        ingest(&deployment, "mail", &record);
        deployment.run();
        let facts = Facts::of(&deployment);
        assert_eq!((facts.matched.len(), ids(&facts).len()), (30, 30));
        assert_eq!(facts.dead.len(), LETTERS);
        let bytes = bytes_in(&deployment, "dead-letters");
        assert!(bytes < 2 * record.len(), "{bytes} bytes of letters for a record of {}", record.len());
        if matches!(place, Place::File) {
            let file = std::fs::metadata(deployment.path("winback.db")).unwrap().len();
            assert!(file < 20 << 20, "the file has {file} bytes");
        }
        let listed = deployment.ok(&["dead-letters", "list", "--json"]).json();
        let last = listed.last().unwrap();
        assert_eq!((listed.len(), &last["count"]), (LETTERS, &json!(19_970 - 20)));
        for letter in ["0", "7", "20"] {
            assert_eq!(deployment.ok(&["dead-letters", "show", letter, "--raw"]).out.trim_end(), record);
        }
        deployment.ok(&["dead-letters", "show", "20"]).says(&["stands for", "missing_field 19950", "[{},{}"]);
        let summary = deployment.ok(&["dead-letters", "list", "--summary", "--json"]).json();
        assert_eq!((&summary[0]["letters"], &summary[0]["elements"]), (&json!(LETTERS), &json!(19_970)));
        deployment.ok(&["verify"]).says(&["equal"]);
    }
}

#[test]
fn a_thousand_events_of_a_new_type_cost_about_the_bytes_of_their_batch() {
    let deployment = deployment(Place::File, &[MAIL]);
    let event =
        |at: usize| json!({ "event": "quantum_open", "email": format!("{at}@x.io"), "pad": "x".repeat(450) });
    let record = Value::Array((0..1_000).map(event).collect()).to_string();
    ingest(&deployment, "mail", &record);
    deployment.run();
    assert_eq!(Facts::of(&deployment).dead.len(), LETTERS);
    let bytes = bytes_in(&deployment, "dead-letters");
    assert!((record.len()..record.len() + 20_000).contains(&bytes), "{bytes} of {}", record.len());
}

const CRM: &str = "kind = \"hiring\"\nid = \"/id\"\nat = \"/at\"\ndomain = \"/domain\"\n\
                   [sources.crm.mapping.keep]\nfrom = \"/type\"\nvalues = { post = \"signal\" }\n";

/// A source whose events of one type are understood, in a list of three thousand.
fn crm(place: Place) -> Deployment {
    let deployment = deployment(place, &[WEB]);
    let topic = deployment.topic_of("crm");
    deployment.also(&format!(
        "[sources.crm]\ntopic = \"{topic}\"\nstart = \"earliest\"\n[sources.crm.mapping]\n{CRM}"
    ));
    let at = (SystemClock.now() - Span::from_hours(1)).to_string();
    let event = |place: usize| {
        let kind = if place.is_multiple_of(3) { "post" } else { "advert" };
        json!({ "id": format!("e{place}"), "at": at, "domain": "acme.com", "type": kind })
    };
    ingest(&deployment, "crm", &Value::Array((0..3_000).map(event).collect()).to_string());
    deployment
}

fn mend(deployment: &Deployment) {
    let path = deployment.path("winback.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let mended = text.replace("{ post = \"signal\" }", "{ post = \"signal\", advert = \"signal\" }");
    assert_ne!(text, mended);
    std::fs::write(path, mended).unwrap();
}

#[test]
fn a_replay_steps_the_dead_elements_of_a_record_and_no_others() {
    for place in places("a replay of many elements") {
        let deployment = crm(place);
        deployment.run();
        let facts = Facts::of(&deployment);
        assert_eq!((facts.matched.len(), facts.dead.len()), (1_000, LETTERS));
        mend(&deployment);
        deployment.ok(&["dead-letters", "replay", "--dry-run"]).says(&["21 would be sent"]);
        deployment.ok(&["dead-letters", "replay"]).says(&["21 sent"]);
        assert_eq!(messages_of(&deployment, "retries").len(), 1, "their record is sent once");
        deployment.run();
        let facts = Facts::of(&deployment);
        assert_eq!((facts.matched.len(), ids(&facts).len()), (3_000, 3_000), "each event once");
        assert_eq!(facts.outcomes().get("duplicate"), None);
        assert_eq!(facts.dead.len(), LETTERS, "none failed again");
        deployment.ok(&["verify"]).says(&["equal"]);
    }
}

#[test]
fn what_fails_again_is_a_letter_of_those_elements_that_names_the_first() {
    let deployment = crm(Place::File);
    deployment.run();
    deployment.ok(&["dead-letters", "replay"]);
    deployment.run();
    let facts = Facts::of(&deployment);
    assert_eq!((facts.matched.len(), facts.dead.len()), (1_000, 2 * LETTERS));
    let listed = deployment.ok(&["dead-letters", "list", "--json"]).json();
    assert_eq!(listed.last().unwrap()["firstLetter"], json!(0), "by a letter that points, too");
    let places = |letter: &Value| letter["elements"].as_str().unwrap().parse::<Places>().unwrap();
    assert_eq!(places(&listed[LETTERS - 1]), places(listed.last().unwrap()));
    mend(&deployment);
    deployment.ok(&["dead-letters", "replay", "--source", "crm"]).says(&["42 sent"]);
    deployment.run();
    let facts = Facts::of(&deployment);
    assert_eq!((facts.matched.len(), ids(&facts).len()), (3_000, 3_000), "letters of one record go together");
}

fn visits(prefix: &str, count: usize) -> Vec<String> {
    let from = SystemClock.now() - Span::from_hours(1);
    let visit = |at: usize| {
        let time = from + Span::from_millis(i64::try_from(at).unwrap());
        let (url, email) = ("https://us.com/docs", "jo@acme.com");
        json!({ "id": format!("{prefix}{at}"), "url": url, "email": email, "time": time.to_string() })
            .to_string()
    };
    (0..count).map(visit).collect()
}

fn post(deployment: &Deployment, records: &[String]) {
    let (log, topic) = (deployment.log(), deployment.topic_of("web"));
    let mut writer = log.writer().unwrap();
    for record in records {
        let value = Some(record.as_bytes());
        let append =
            Append { topic: &topic, partition: None, key: None, value, headers: &[], timestamp: None };
        writer.append(&append).unwrap();
    }
    writer.flush().unwrap();
}

fn junk(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("junk {at}")).collect()
}

#[test]
fn two_hundred_posts_of_junk_stop_no_source_in_which_good_events_follow() {
    for place in places("posts of junk") {
        let deployment = deployment(place, &[WEB]);
        ingest(&deployment, "web", &visits("first", 1).join("\n"));
        deployment.run();
        post(&deployment, &junk(200));
        post(&deployment, &visits("good", 300));
        deployment.run();
        let facts = Facts::of(&deployment);
        assert_eq!((facts.dead.len(), facts.matched.len(), ids(&facts).len()), (200, 301, 301));
        let bytes = bytes_in(&deployment, "dead-letters");
        assert!(bytes < 200 * 1_000, "{bytes}");
        deployment.ok(&["verify"]).says(&["equal"]);
    }
}

#[test]
fn a_source_that_stopped_goes_on_by_itself_when_enough_good_events_came() {
    let deployment = deployment(Place::File, &[WEB]);
    deployment.also("[dead_letters]\nretry_after = \"1s\"");
    ingest(&deployment, "web", &visits("first", 1).join("\n"));
    deployment.run();
    post(&deployment, &junk(350));
    deployment.call(&["run", "--until-idle"]).expect(4).says(&["stopped reading web"]);
    assert_eq!(Facts::of(&deployment).dead.len(), 100, "nothing more while it is stopped");
    let service = Running::spawn(&mut deployment.command(&["run"]));
    let dead = || messages_of(&deployment, "dead-letters").len();
    eventually("the service stops at its limit", DEADLINE, || (dead() == 200).then_some(()));
    post(&deployment, &visits("good", 300));
    eventually("the service goes on", DEADLINE, || (dead() == 350).then_some(()));
    service.signal("TERM");
    service.ended().expect(0);
    deployment.run();
    let facts = Facts::of(&deployment);
    assert_eq!((facts.dead.len(), facts.matched.len(), ids(&facts).len()), (350, 301, 301));
}

#[test]
fn letters_over_the_limit_of_an_hour_are_counted_and_told_and_good_events_go_on() {
    let deployment = deployment(Place::File, &[WEB]);
    deployment.also("[dead_letters]\nmax_bytes_per_hour = 1000000");
    ingest(&deployment, "web", &visits("first", 1).join("\n"));
    deployment.run();
    for (junk, good) in junk(60).iter().zip(visits("good", 60)) {
        post(&deployment, &[format!("{junk} {}", "x".repeat(50_000)), good]);
    }
    deployment.run();
    let facts = Facts::of(&deployment);
    assert_eq!(facts.matched.len(), 61);
    let left: Vec<_> = facts.dead.iter().filter_map(|letter| letter.left_out.as_ref()).collect();
    let kept = facts.dead.len() - left.len();
    assert!((15..20).contains(&kept), "{kept}");
    assert_eq!(left.iter().map(|left| left.count).sum::<u64>(), 60 - u64::try_from(kept).unwrap());
    assert_eq!(left.last().unwrap().positions[0].last, 119, "the first visit, then pairs");
    let replayed = deployment.call(&["dead-letters", "replay", "--dry-run"]).expect(4);
    replayed.says(&[&format!("{kept} would be sent"), "bytes were not kept"]);
}
