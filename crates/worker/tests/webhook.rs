//! The webhook against a receiver on loopback: every kind of answer, and what the worker does about it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails it")]

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use standardwebhooks::Webhook;
use support::receiver::{Answer, Receiver, Request};
use support::{Accounts, FIRED, signal, trigger};
use winback_core::time::{Span, Time};
use winback_proto::v1::{Action, Trigger};
use winback_worker::{AccountStanding, Channel, Progress, Reach, Slot, WebhookConfig, Worker, WorkerConfig};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const DEADLINE: Duration = Duration::from_secs(30);

fn config(url: &str) -> WorkerConfig {
    let webhook = WebhookConfig {
        retry_base: Span::from_millis(1),
        retry_cap: Span::from_millis(1),
        ..WebhookConfig::new(url, SECRET)
    };
    WorkerConfig { deliver: Channel::Webhook, webhook: Some(webhook), ..WorkerConfig::default() }
}

fn worker(config: &WorkerConfig) -> (Worker, Accounts) {
    let accounts = Accounts::with("acc-1", AccountStanding::default());
    (Worker::new(config, Arc::new(accounts.clone())).unwrap(), accounts)
}

fn record() -> Trigger {
    trigger("situational", vec![signal("web_visit", "pricing", "/pricing")])
}

/// Asks until something other than *under way* comes.
fn answer(worker: &Worker, record: &Trigger, now: Time) -> Progress {
    let began = Instant::now();
    while began.elapsed() < DEADLINE {
        match worker.handle(Slot(0), record, now) {
            Progress::Again { why: None, .. } => std::thread::yield_now(),
            other => return other,
        }
    }
    panic!("no answer within {DEADLINE:?}");
}

fn action(progress: Progress) -> Action {
    match progress {
        Progress::Done { action: Some(action), .. } => *action,
        other => panic!("not done: {other:?}"),
    }
}

fn retried(progress: Progress) -> (Span, String) {
    match progress {
        Progress::Again { after, why: Some(why) } => (after, why),
        other => panic!("not retried: {other:?}"),
    }
}

fn verify(request: &Request) {
    Webhook::new(SECRET).unwrap().verify(&request.body, &request.headers).unwrap();
}

#[test]
fn a_receiver_gets_a_signed_envelope_under_the_triggers_id() {
    let receiver = Receiver::of(vec![Answer::Status(200, "", "ok")]);
    let (worker, _) = worker(&config(&receiver.url));
    let record = record();
    let action = action(answer(&worker, &record, FIRED));
    let request = receiver.requests.recv_timeout(DEADLINE).unwrap();
    verify(&request);
    assert_eq!(request.line, "POST /hooks/t0ken HTTP/1.1");
    assert_eq!(request.headers["webhook-id"], record.id.as_str());
    assert_eq!(request.headers["content-type"], "application/json");
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["type"], "winback.trigger");
    assert_eq!(body["timestamp"], "2026-11-22T14:02:00Z");
    assert_eq!(body["data"]["trigger"], serde_json::to_value(&record).unwrap());
    assert_eq!(body["data"]["play"]["name"], "situational");
    assert_eq!(body["data"]["message"]["subject"], "A short hello to Northwind Tools");
    assert_eq!(
        (action.outcome.as_str(), action.channel.as_str(), action.attempts),
        ("delivered", "webhook", 1)
    );
    assert_eq!((action.play.as_str(), action.trigger_id.as_str()), ("situational", record.id.as_str()));
    assert!(
        receiver.url.starts_with(&action.target) && !action.target.contains("t0ken"),
        "{}",
        action.target
    );
}

#[test]
fn a_receiver_is_told_from_when_on_it_may_send_and_the_action_says_why() {
    for (zone, expected) in [("Europe/Berlin", None), ("Asia/Tokyo", Some("2026-11-22T23:00:00Z"))] {
        let receiver = Receiver::of(vec![Answer::Status(200, "", "ok")]);
        let (worker, _) = worker(&config(&receiver.url));
        let mut record = record();
        record.account.as_mut().unwrap().zone = zone.to_owned();
        let action = action(answer(&worker, &record, FIRED));
        let request = receiver.requests.recv_timeout(DEADLINE).unwrap();
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["data"]["sendNotBefore"].as_str(), expected, "{zone}");
        let why = expected.map(|_| serde_json::json!(["quiet_hours"])).unwrap_or_default();
        assert_eq!(body["data"]["sendNotBeforeWhy"], why, "{zone}");
        let said = expected.map(|_| "to be sent not before 2026-11-23 08:00 in Asia/Tokyo (quiet_hours)");
        assert_eq!(action.why, said.unwrap_or_default());
    }
}

#[test]
fn what_may_pass_is_retried_with_the_same_id_and_the_same_body() {
    let script = [500, 503, 408, 425, 429].map(|status| Answer::Status(status, "", "later"));
    let script = script.into_iter().chain([Answer::Hangup, Answer::Status(204, "", "")]).collect();
    let receiver = Receiver::of(script);
    let (worker, _) = worker(&config(&receiver.url));
    let record = record();
    let mut now = FIRED;
    for said in ["500", "503", "408", "425", "429", "cannot be reached"] {
        let (after, why) = retried(answer(&worker, &record, now));
        assert!(why.contains(said) && !why.contains("t0ken"), "{why}");
        now = now + after;
    }
    assert_eq!(action(answer(&worker, &record, now)).attempts, 7);
    let requests: Vec<Request> = receiver.requests.iter().take(7).collect();
    requests.iter().for_each(verify);
    assert!(requests.iter().all(|request| request.headers["webhook-id"] == record.id.as_str()));
    assert!(requests.iter().all(|request| request.body == requests[0].body));
}

#[test]
fn retry_after_is_followed_and_nothing_is_sent_before_it() {
    let receiver =
        Receiver::of(vec![Answer::Status(429, "retry-after: 120\r\n", ""), Answer::Status(200, "", "")]);
    let (worker, _) = worker(&config(&receiver.url));
    let record = record();
    let (after, _) = retried(answer(&worker, &record, FIRED));
    assert_eq!(after, Span::from_secs(120));
    receiver.requests.recv_timeout(DEADLINE).unwrap();
    let early = worker.handle(Slot(0), &record, FIRED + Span::from_secs(119));
    assert_eq!(early, Progress::Again { after: Span::from_secs(1), why: None });
    assert_eq!(action(answer(&worker, &record, FIRED + after)).outcome, "delivered");
}

#[test]
fn a_silent_receiver_times_out_and_is_retried() {
    let receiver = Receiver::of(vec![Answer::Silence]);
    let mut config = config(&receiver.url);
    config.webhook.as_mut().unwrap().timeout = Span::from_millis(200);
    let (worker, _) = worker(&config);
    let (_, why) = retried(answer(&worker, &record(), FIRED));
    assert!(why.contains("timed out"), "{why}");
}

#[test]
fn a_refused_connection_is_retried_until_the_trigger_is_stale() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (worker, _) = worker(&config(&format!("http://{free}/t0ken")));
    let (_, why) = retried(answer(&worker, &record(), FIRED));
    assert!(why.contains("cannot be reached") && !why.contains("t0ken"), "{why}");
    let stale = action(answer(&worker, &record(), FIRED + Span::from_days(3)));
    assert_eq!((stale.outcome.as_str(), stale.attempts), ("stale", 1));
}

#[test]
fn an_endpoint_that_knows_us_no_more_stops_everything() {
    for (status, hint) in [
        (401, "webhook.secret"),
        (403, "webhook.headers"),
        (404, "webhook.url"),
        (410, "webhook.url"),
        (307, "redirects"),
    ] {
        let receiver = Receiver::of(vec![Answer::Status(status, "location: http://127.0.0.1:1/\r\n", "")]);
        let (worker, _) = worker(&config(&receiver.url));
        let Progress::Stopped(why) = answer(&worker, &record(), FIRED) else {
            panic!("{status} did not stop")
        };
        assert!(why.contains(&status.to_string()) && why.contains(hint), "{why}");
        assert_eq!(worker.stopped().as_deref(), Some(why.as_str()));
        assert_eq!(worker.handle(Slot(7), &record(), FIRED), Progress::Stopped(why));
    }
}

#[test]
fn what_the_receiver_will_never_take_is_a_dead_letter_with_its_words() {
    let long: &'static str = Box::leak("no such\r\nfield ".repeat(100).into_boxed_str());
    let receiver = Receiver::of(vec![Answer::Status(422, "", long)]);
    let (worker, _) = worker(&config(&receiver.url));
    let Progress::Done { action: Some(action), dead: Some(dead) } = answer(&worker, &record(), FIRED) else {
        panic!("not refused");
    };
    assert_eq!((action.outcome.as_str(), dead.reason), ("refused", "refused"));
    assert!(dead.text.contains("answered 422: no such field no such field"), "{}", dead.text);
    assert!(dead.text.len() < 300 && !dead.text.contains('\n'), "{}", dead.text);
    assert_eq!(action.why, dead.text);
    assert_eq!(worker.stopped(), None);
}

#[test]
fn attempts_end_where_the_setting_says() {
    let receiver = Receiver::of(vec![Answer::Status(500, "", ""), Answer::Status(500, "", "")]);
    let mut config = config(&receiver.url);
    config.webhook.as_mut().unwrap().max_attempts = Some(2);
    let (worker, _) = worker(&config);
    let (after, _) = retried(answer(&worker, &record(), FIRED));
    let Progress::Done { dead: Some(dead), .. } = answer(&worker, &record(), FIRED + after) else {
        panic!("tried for ever");
    };
    assert_eq!(dead.reason, "attempts");
    assert!(dead.text.ends_with("answered 500, after 2 attempts"), "{}", dead.text);
}

#[test]
fn who_opts_out_between_two_attempts_is_not_sent_to() {
    let receiver = Receiver::of(vec![Answer::Status(500, "", "")]);
    let (worker, accounts) = worker(&config(&receiver.url));
    let (after, _) = retried(answer(&worker, &record(), FIRED));
    accounts.set("acc-1", AccountStanding { opted_out: true, ..AccountStanding::default() });
    let action = action(answer(&worker, &record(), FIRED + after));
    assert_eq!(
        (action.outcome.as_str(), action.why.as_str(), action.attempts),
        ("suppressed", "opted_out", 1)
    );
    assert_eq!(receiver.requests.iter().count(), 1);
}

#[test]
fn no_more_requests_are_under_way_than_allowed() {
    let receiver = Receiver::of(vec![Answer::Silence, Answer::Status(200, "", "")]);
    let mut config = config(&receiver.url);
    let webhook = config.webhook.as_mut().unwrap();
    (webhook.max_in_flight, webhook.timeout) = (1, Span::from_secs(60));
    let (worker, _) = worker(&config);
    let mut second = record();
    second.id = "second".to_owned();
    assert!(matches!(worker.handle(Slot(0), &record(), FIRED), Progress::Again { why: None, .. }));
    assert_eq!(receiver.requests.recv_timeout(DEADLINE).unwrap().headers["webhook-id"], record().id.as_str());
    assert!(matches!(worker.handle(Slot(1), &second, FIRED), Progress::Again { why: None, .. }));
    assert!(receiver.requests.try_recv().is_err());
}

#[test]
fn a_receiver_that_was_never_asked_or_does_not_answer_is_told_with_since_when() {
    let script = [
        Answer::Status(503, "", ""),
        Answer::Hangup,
        Answer::Status(422, "", ""),
        Answer::Status(200, "", ""),
    ];
    let receiver = Receiver::of(script.to_vec());
    let (worker, _) = worker(&config(&receiver.url));
    assert_eq!(worker.reach(), Some(Reach::Untried));
    let record = record();
    let mut now = FIRED;
    for part in [" answered 503", "cannot be reached"] {
        let (after, _) = retried(answer(&worker, &record, now));
        now = now + after;
        let Some(Reach::Away { since, why }) = worker.reach() else { panic!("{:?}", worker.reach()) };
        assert_eq!(since, FIRED, "the first failure in a row");
        assert!(why.contains(part) && why.contains("http://127.0.0.1:") && !why.contains("t0ken"), "{why}");
    }
    // A refusal is an answer, too.
    answer(&worker, &record, now);
    assert_eq!(worker.reach(), Some(Reach::Answers));
    let drafts = WorkerConfig::default();
    let worker = Worker::new(&drafts, Arc::new(Accounts::default())).unwrap();
    assert_eq!(worker.reach(), None);
}

#[test]
fn secrets_are_in_no_listing_and_no_error() {
    let mut config = config("https://hooks.example.com/t0ken");
    let webhook = config.webhook.as_mut().unwrap();
    let text = "authorization = \"Bearer t0ken\"";
    webhook.headers = toml::from_str(text).unwrap();
    let shown = format!("{config:?} {}", toml::to_string(&config).unwrap());
    assert!(!shown.contains("t0ken") && !shown.contains("MfKQ9r8"), "{shown}");
    let short = ["whsec_AA==", "whsec_c2VjcmV0", "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="];
    for secret in ["whsec_not base64 t0ken", "whsec_", ""].into_iter().chain(short) {
        let wrong = WebhookConfig { ..WebhookConfig::new("https://hooks.example.com/", secret) };
        let wrong = WorkerConfig { webhook: Some(wrong), ..config.clone() };
        let error = Worker::new(&wrong, Arc::new(Accounts::default())).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with("worker.webhook.secret = (redacted): write whsec_"), "{error}");
        assert!(error.contains("openssl rand -base64 32"), "{error}");
    }
}

#[test]
fn an_answer_reaches_action_dead_letter_and_retry_without_the_addresses_in_it() {
    for (status, body) in [
        (422, "no such contact zq7@acme.com, zq7%40acme.com, zq7&#64;acme.com"),
        (400, "{\"error\":\"zq7\\u0040acme.com is unknown\"}"),
    ] {
        let receiver = Receiver::of(vec![Answer::Status(status, "", body)]);
        let (worker, _) = worker(&config(&receiver.url));
        match answer(&worker, &record(), FIRED) {
            Progress::Done { action: Some(action), dead: Some(dead) } => {
                assert!(action.why.contains("(address)") && !action.why.contains("zq7"), "{}", action.why);
                assert!(dead.text.contains("(address)") && !dead.text.contains("zq7"), "{}", dead.text);
            }
            other => panic!("not refused: {other:?}"),
        }
    }
}
