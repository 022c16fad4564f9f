//! Mail: what the real payloads do not show: batches, wrapping, machines, replies, repeats.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail loudly")]

mod common;

use common::{Counts, Seen, count, decoder, decoder_from, elements};
use winback_core::signal::SignalKind;
use winback_sources::{AnswerKind, Decoder, Element, Incoming, Wanted};

fn assert_counts(decoder: &Decoder, json: &str, expected: &[(&str, usize)]) {
    let mut counts = Counts::new();
    count(decoder, json.as_bytes(), &mut counts);
    common::assert_counts(json, &counts, expected);
}

fn ids(decoder: &Decoder, json: &str) -> Vec<String> {
    let mut ids = Vec::new();
    decoder.decode(json.as_bytes(), &mut |element| {
        if let Element::Signal(signal) = element {
            ids.push(signal.id.into_owned());
        }
    });
    ids
}

#[test]
fn every_event_of_a_batch_has_its_own_end() {
    let batch = r#"[
        {"event":"open","email":"a@x.io","timestamp":1461095250,"sg_event_id":"1","useragent":"Mozilla/5.0 (X11)"},
        {"event":"open","email":"a@x.io","timestamp":1461095250,"sg_event_id":"2","sg_machine_open":true},
        {"event":"open","email":"a@x.io","timestamp":1461095250,"sg_event_id":"3","useragent":"Mozilla/5.0"},
        {"event":"click","email":"a@x.io","timestamp":1461095250,"sg_event_id":"4","url":"https://x.io/pricing?e=a@x.io"},
        {"event":"click","email":"a@x.io","timestamp":1461095250,"sg_event_id":"5","useragent":"curl/8.0"},
        {"event":"processed","email":"a@x.io","timestamp":1461095250},
        {"event":"open","timestamp":1461095250},
        {"event":"open","email":"a@x.io"},
        {"event":"open","email":"a@x.io","timestamp":0},
        {"event":"levitated","email":"a@x.io","timestamp":1461095250},
        {"email":"a@x.io"},
        7]"#;
    assert_counts(
        &decoder("sendgrid"),
        batch,
        &[
            ("dead:bad_time", 1),
            ("dead:missing_field", 4),
            ("dead:unknown_event", 1),
            ("dropped:bot", 1),
            ("dropped:machine_open", 2),
            ("dropped:not_interest", 1),
            ("signal", 2),
        ],
    );
    let mut places = Vec::new();
    decoder("sendgrid").decode(batch.as_bytes(), &mut |element| {
        if let Element::Dead(dead) = element {
            places.push(dead.index.unwrap());
        }
    });
    assert_eq!(places, [6, 7, 8, 9, 10, 11]);
}

#[test]
fn an_event_of_ses_is_the_same_bare_or_wrapped_but_for_the_id_of_its_notification() {
    let bare = r#"{"eventType":"Open","mail":{"messageId":"m","destination":["Jane <jane@x.io>"]},"open":{"timestamp":"2017-08-09T22:00:19.652Z","userAgent":"Mozilla/5.0 (iPhone)"}}"#;
    let text = serde_json::to_string(bare).unwrap();
    let wrapped = format!(r#"{{"Type":"Notification","MessageId":"19ba9823","Message":{text}}}"#);
    let ses = decoder("ses");
    assert_eq!(ids(&ses, &wrapped), ["19ba9823"]);
    assert_eq!(ids(&ses, bare).len(), 1);
    assert_eq!(ids(&ses, bare), ids(&ses, bare));
    assert!(format!("{:?}", elements(&ses, wrapped.as_bytes())).contains("jane@x.io"));
    for said_by_sns in [
        r#"{"Type":"SubscriptionConfirmation","Message":"You have chosen to subscribe"}"#,
        r#"{"Type":"Notification","Message":"Successfully validated SNS topic for Amazon SES event publishing."}"#,
    ] {
        assert_counts(&ses, said_by_sns, &[("dropped:not_interest", 1)]);
    }
    assert_counts(
        &ses,
        r#"{"Type":"Notification","Message":"{\"eventType\":"}"#,
        &[("dead:malformed_json", 1)],
    );
}

#[test]
fn an_open_of_a_mail_with_several_recipients_is_their_domains_or_nobodys() {
    let open = |to: &str| {
        format!(
            r#"{{"eventType":"Open","mail":{{"messageId":"m","destination":{to}}},"open":{{"timestamp":"2017-08-09T22:00:19Z"}}}}"#
        )
    };
    let ses = decoder("ses");
    assert_counts(&ses, &open(r#"["a@x.io","b@y.io"]"#), &[("dropped:ambiguous_recipient", 1)]);
    assert_counts(&ses, &open("[]"), &[("dead:missing_field", 1)]);
    assert_counts(&ses, &open("null"), &[("dead:missing_field", 1)]);
    ses.decode(open(r#"["a@x.io","b@X.io"]"#).as_bytes(), &mut |element| {
        let Element::Signal(signal) = element else { panic!("no signal") };
        assert_eq!((signal.who.email.as_deref(), signal.who.domain.as_deref()), (None, Some("x.io")));
    });
}

#[test]
fn a_reply_is_a_persons_and_an_automatic_one_is_not() {
    let cases = [
        (
            "postmark",
            r#"{"From":"j@x.io","FromFull":{"Email":"j@x.io"},"MessageID":"m","Date":"Wed, 27 Jan 2016 14:05:45 +0000","Headers":[HEADER]}"#,
            r#"{"Name":"Auto-Submitted","Value":"auto-replied"}"#,
        ),
        (
            "ses",
            r#"{"notificationType":"Received","mail":{"source":"j@x.io","messageId":"m","timestamp":"2016-01-27T14:05:45Z","headers":[HEADER]}}"#,
            r#"{"name":"X-Autoreply","value":"yes"}"#,
        ),
        (
            "brevo",
            r#"{"items":[{"MessageId":"m","From":{"Address":"j@x.io","Name":"J"},"SentAtDate":"Wed, 27 Jan 2016 14:05:45 +0000","Headers":{HEADER}}]}"#,
            r#""Precedence":"auto_reply""#,
        ),
    ];
    for (preset, json, header) in cases {
        let decoder = decoder(preset);
        let mut seen = Vec::new();
        decoder.decode(json.replace("HEADER", "").as_bytes(), &mut |element| match element {
            Element::Answer(answer) => {
                assert_eq!((answer.kind, answer.who.email.as_deref()), (AnswerKind::Replied, Some("j@x.io")));
                seen.push((answer.id.into_owned(), answer.at.to_string()));
            }
            Element::Signal(signal) => {
                assert_eq!(signal.kind, SignalKind::EmailReply);
                assert_eq!(signal.who.email.as_deref(), Some("j@x.io"));
                seen.push((signal.id.into_owned(), signal.at.to_string()));
            }
            other => panic!("{preset}: {other:?}"),
        });
        let [(answer, stops), (signal, starts)] = &seen[..] else { panic!("{preset}: {seen:?}") };
        assert_ne!(answer, signal, "{preset}: one would be the other's duplicate");
        assert_eq!(
            stops, "2016-01-27T14:05:44.999Z",
            "{preset}: it stops nothing that the reply itself starts"
        );
        assert_eq!(starts, "2016-01-27T14:05:45Z");
        assert_counts(&decoder, &json.replace("HEADER", header), &[("dropped:auto_reply", 1)]);
    }
}

#[test]
fn an_event_is_asked_for_again_by_its_place_whatever_came_of_those_before_it() {
    let complaint = r#"{"notificationType":"Complaint","complaint":{"timestamp":"2026-03-01T10:00:00Z","complainedRecipients":[{"emailAddress":"a@x.io"},{"emailAddress":"b@y.io"}]},"mail":{"messageId":"m"}}"#;
    let open = |name: &str| {
        format!(
            r#"{{"eventType":"{name}","mail":{{"messageId":"m","destination":["j@x.io"]}},"open":{{"timestamp":"2026-03-01T10:00:00Z"}}}}"#
        )
    };
    let record = |name: &str| format!("[{complaint},{},{}]", open(name), open("Open"));
    let mut places = Vec::new();
    decoder("ses").decode(record("Levitated").as_bytes(), &mut |element| {
        if let Element::Dead(dead) = element {
            places.push(dead.index);
        }
    });
    assert_eq!(places, [Some(1)]);
    for (place, expected) in [(0, 2), (1, 1), (2, 1), (3, 0)] {
        let mut seen = 0;
        let again = record("Open");
        decoder("ses").decode_wanted(
            &Incoming::bare(again.as_bytes()),
            Wanted::At(place),
            &mut |_, element| {
                assert_eq!(matches!(element, Element::Answer(_)), place == 0);
                seen += 1;
            },
        );
        assert_eq!(seen, expected, "{place}");
    }
}

#[test]
fn brevos_first_open_is_one_open_however_often_it_is_told() {
    let brevo = decoder("brevo");
    let open = |event: &str| {
        format!(r#"{{"event":"{event}","email":"j@x.io","id":9,"message-id":"m","ts_epoch":1520363423000}}"#)
    };
    assert_eq!(ids(&brevo, &open("opened")), ids(&brevo, &open("unique_opened")));
    let seconds = open("opened").replace("1520363423000", "1520363423");
    assert_eq!(ids(&brevo, &open("opened")), ids(&brevo, &seconds));
    assert_ne!(ids(&brevo, &open("opened")), ids(&brevo, &open("opened").replace("j@", "k@")));
}

#[test]
fn brevos_date_is_in_the_zone_of_its_account() {
    let toml = "topic = \"t\"\nstart = \"latest\"\npreset = \"brevo\"\nzone = \"Europe/Paris\"";
    let click = br#"{"event":"click","email":"j@x.io","date":"2020-10-09 00:00:00","link":"https://x.io/a"}"#;
    let seen = elements(&decoder_from(toml), click);
    assert!(matches!(&seen[..], [Seen::Signal(_)]), "{seen:?}");
    decoder_from(toml).decode(click, &mut |element| {
        let Element::Signal(signal) = element else { panic!("no signal") };
        assert_eq!(signal.at.to_string(), "2020-10-08T22:00:00Z");
        assert_eq!(signal.detail, "/a");
    });
}

#[test]
fn an_image_proxy_is_a_machine_unless_the_source_says_that_it_carries_a_person() {
    let open = br#"{"RecordType":"Open","MessageID":"m","Recipient":"j@x.io","ReceivedAt":"2016-04-27T16:21:41Z","UserAgent":"Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"}"#;
    let toml = "topic = \"t\"\nstart = \"latest\"\npreset = \"postmark\"\nimage_proxies = \"person\"";
    assert_eq!(elements(&decoder("postmark"), open), [Seen::Dropped("machine_open".into())]);
    assert!(matches!(&elements(&decoder_from(toml), open)[..], [Seen::Signal(_)]));
}
