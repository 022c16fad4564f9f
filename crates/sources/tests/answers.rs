//! Answers: what stops outreach, from the preset and from mappings.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail loudly")]

use winback_core::debounce::ResponseKind;
use winback_sources::{AnswerKind, Decoder, Element, SourceConfig, Start};

fn responses() -> Decoder {
    Decoder::new("responses", &SourceConfig::of_preset("t", "responses", Start::Earliest)).unwrap()
}

/// Each element in a few words.
fn told(decoder: &Decoder, record: &str) -> Vec<String> {
    let mut told = Vec::new();
    decoder.decode(record.as_bytes(), &mut |element| {
        told.push(match element {
            Element::Answer(answer) => {
                let who = answer.who.account_id.or(answer.who.email).unwrap_or_default();
                format!("{} {who} {}", answer.kind, answer.id)
            }
            Element::Signal(signal) => format!("signal {}", signal.kind),
            Element::Broadcast(event) => format!("broadcast {}", event.kind),
            Element::Dropped(reason) => reason.to_string(),
            Element::Dead(dead) => dead.reason.to_string(),
        });
    });
    told
}

#[test]
fn the_preset_reads_every_answer_and_no_signal() {
    let decoder = responses();
    for kind in AnswerKind::ALL {
        let record =
            format!(r#"{{"id":"r-1","account_id":"acc-1","kind":"{kind}","time":"2026-01-31T10:00:00Z"}}"#);
        assert_eq!(told(&decoder, &record), [format!("{kind} acc-1 r-1")]);
    }
    for (record, expected) in [
        (
            r#"{"id":"r-2","email":"jane@a.example","event":"Unsubscribe","time":1769853600}"#,
            "opted_out jane@a.example r-2",
        ),
        (
            r#"{"id":"r-3","email":"jane@a.example","kind":"complaint","time":1769853600}"#,
            "opted_out jane@a.example r-3",
        ),
        (
            r#"{"id":"r-4","account_id":"acc-1","kind":"no_response","time":1769853600}"#,
            "sequence_ended acc-1 r-4",
        ),
        (r#"{"id":"r-4","email":"jane@a.example","kind":"shrugged","time":1769853600}"#, "unknown_event"),
        (r#"{"id":"r-5","kind":"declined","time":1769853600}"#, "missing_field"),
        (r#"{"id":"r-6","email":"jane@a.example","kind":"declined"}"#, "missing_field"),
    ] {
        assert_eq!(told(&decoder, record), [expected], "{record}");
    }
}

#[test]
fn a_sequence_that_ended_is_an_answer_and_no_response() {
    assert_eq!(AnswerKind::SequenceEnded.response(), None);
    let responses: Vec<_> = AnswerKind::ALL.iter().filter_map(|kind| kind.response()).collect();
    assert_eq!(responses, ResponseKind::ALL);
    for response in ResponseKind::ALL {
        assert_eq!(AnswerKind::parse(response.as_str()).unwrap(), *response, "both have one name");
    }
}

#[test]
fn an_answer_without_an_id_has_the_same_one_each_time() {
    let decoder = responses();
    let record = r#"{"email":"jane@a.example","kind":"declined","time":1769853600}"#;
    assert_eq!(told(&decoder, record), told(&decoder, record));
    let other = r#"{"email":"jane@a.example","kind":"opted_out","time":1769853600}"#;
    let id = |record: &str| told(&decoder, record)[0].rsplit(' ').next().unwrap().to_owned();
    assert_ne!(id(record), id(other));
}

#[test]
fn a_mapping_says_which_of_its_events_are_answers() {
    let toml = r#"
topic = "t"
start = "earliest"
[mapping]
kind = "deal_stage_change"
id = "/id"
at = "/at"
account_id = "/account"
[mapping.keep]
from = "/stage"
otherwise = "not_interest"
[mapping.keep.values]
reopened = "signal"
lost = "declined"
won = "reactivated"
"#;
    let decoder = Decoder::new("crm", &toml::from_str(toml).unwrap()).unwrap();
    for (stage, expected) in [
        ("reopened", "signal deal_stage_change"),
        ("lost", "declined acc-1 d-1"),
        ("Won", "reactivated acc-1 d-1"),
        ("new", "not_interest"),
    ] {
        let record =
            format!(r#"{{"id":"d-1","account":"acc-1","stage":"{stage}","at":"2026-01-31T10:00:00Z"}}"#);
        assert_eq!(told(&decoder, &record), [expected], "{stage}");
    }
    let wrong = toml.replace("\"declined\"", "\"said no\"");
    let error = Decoder::new("crm", &toml::from_str(&wrong).unwrap()).unwrap_err().to_string();
    assert!(
        error.contains("keep.values.lost") && error.contains("opted_out") && error.contains("sequence_ended"),
        "{error}"
    );
}

#[test]
fn each_address_of_an_answer_is_heard_and_none_that_cannot_be_read_is_lost() {
    let decoder = responses();
    let answer = |email: &str| {
        serde_json::json!({"id": "r-9", "email": email, "kind": "opted_out", "time": "2026-01-31T10:00:00Z"})
            .to_string()
    };
    for email in [
        "ann.lee@acme.example",
        "\"ann.lee\"@acme.example",
        "ann.lee(work)@acme.example",
        "Ann <ann.lee@acme.example>",
    ] {
        assert_eq!(told(&decoder, &answer(email)), ["opted_out ann.lee@acme.example r-9"], "{email}");
    }
    assert_eq!(told(&decoder, &answer("o'hara@acme.example")), ["opted_out o'hara@acme.example r-9"]);
    let both = told(&decoder, &answer("ann@acme.example; bob@other.example"));
    assert_eq!(both.len(), 2);
    assert!(
        both[0].starts_with("opted_out ann@acme.example ")
            && both[1].starts_with("opted_out bob@other.example ")
    );
    assert_ne!(both[0].rsplit(' ').next(), both[1].rsplit(' ').next(), "each has an id of its own");
    let listed = r#"{"id":"r-9","email":["ann@acme.example","bob@other.example"],"kind":"opted_out","time":"2026-01-31T10:00:00Z"}"#;
    assert_eq!(told(&decoder, listed), both, "as a list");
    for email in ["", "n/a", "ann at acme.example", "\"ann lee\"@acme.example"] {
        assert_eq!(told(&decoder, &answer(email)), ["missing_field"], "{email}");
    }
    let partly = told(&decoder, &answer("ann@acme.example, somebody"));
    assert_eq!(partly, ["opted_out ann@acme.example r-9", "missing_field"]);
    let beside =
        r#"{"id":"r-9","email":"n/a","account_id":"acc-1","kind":"opted_out","time":"2026-01-31T10:00:00Z"}"#;
    assert_eq!(told(&decoder, beside), ["opted_out acc-1 r-9"], "the account's own word counts");
}

#[test]
fn a_filter_gives_answers_as_it_gives_signals() {
    let toml = r#"
topic = "t"
start = "earliest"
jq = '{id, at, kind, email, account_id}'
"#;
    let decoder = Decoder::new("crm", &toml::from_str(toml).unwrap()).unwrap();
    for kind in AnswerKind::ALL {
        let record =
            format!(r#"{{"id":"r-1","account_id":"acc-1","kind":"{kind}","at":"2026-01-31T10:00:00Z"}}"#);
        assert_eq!(told(&decoder, &record), [format!("{kind} acc-1 r-1")]);
    }
    let record = r#"{"id":"r-1","email":["ann@acme.example","bob@acme.example"],"kind":"opted_out","at":"2026-01-31T10:00:00Z"}"#;
    assert_eq!(told(&decoder, record).len(), 2);
    let unread = r#"{"id":"r-1","email":"nobody","kind":"opted_out","at":"2026-01-31T10:00:00Z"}"#;
    assert_eq!(told(&decoder, unread), ["missing_field"]);
    let slip = r#"{"id":"r-1","email":"ann@acme.example","kind":"opted-out","at":"2026-01-31T10:00:00Z"}"#;
    assert_eq!(told(&decoder, slip), ["mapping"]);
}
