//! Opt-outs with each mail provider are heard, and a link scanner's acts are no interest.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail loudly")]

mod common;

use common::{decoder, decoder_from, told};
use winback_core::debounce::ResponseKind;
use winback_sources::Element;

/// The answers of a record: id, time, address.
fn answers(preset: &str, record: &str) -> Vec<(String, String, String)> {
    let mut all = Vec::new();
    decoder(preset).decode(record.as_bytes(), &mut |element| match element {
        Element::Answer(answer) => {
            assert_eq!(answer.kind, ResponseKind::OptedOut);
            all.push((answer.id.to_string(), answer.at.to_string(), answer.who.email.unwrap().into_owned()));
        }
        other => panic!("{record}: {other:?}"),
    });
    all
}

fn one(preset: &str, record: &str) -> (String, String, String) {
    let [one] = answers(preset, record).try_into().unwrap();
    one
}

fn sendgrid(event: &str, more: &str) -> String {
    format!(
        r#"{{"event":"{event}","email":"j@x.io","timestamp":1772359200,"sg_event_id":"sg-1","sg_message_id":"m"{more}}}"#
    )
}

#[test]
fn every_provider_says_who_opted_out_when_and_the_same_each_time() {
    let table = [
        ("sendgrid", sendgrid("unsubscribe", "")),
        ("sendgrid", sendgrid("group_unsubscribe", r#","asm_group_id":10"#)),
        ("sendgrid", sendgrid("spamreport", "")),
        ("sendgrid", sendgrid("dropped", r#","reason":"Unsubscribed Address""#)),
        ("postmark", r#"{"RecordType":"SpamComplaint","Type":"SpamComplaint","Email":"j@x.io","BouncedAt":"2026-03-01T10:00:00Z","MessageID":"m","From":"us@y.io"}"#.to_owned()),
        ("postmark", r#"{"RecordType":"SubscriptionChange","Recipient":"j@x.io","ChangedAt":"2026-03-01T10:00:00Z","SuppressSending":true,"SuppressionReason":"ManualSuppression","MessageID":"m"}"#.to_owned()),
        ("postmark", r#"{"RecordType":"Bounce","Type":"Unsubscribe","TypeCode":16,"Email":"j@x.io","BouncedAt":"2026-03-01T10:00:00Z","MessageID":"m"}"#.to_owned()),
        ("ses", r#"{"notificationType":"Complaint","complaint":{"timestamp":"2026-03-01T10:00:00Z","complainedRecipients":[{"emailAddress":"J <j@x.io>"}]},"mail":{"messageId":"m","destination":["j@x.io","k@x.io"]}}"#.to_owned()),
        ("ses", r#"{"eventType":"Subscription","subscription":{"timestamp":"2026-03-01T10:00:00Z","newTopicPreferences":{"unsubscribeAll":true}},"mail":{"messageId":"m","destination":["j@x.io"]}}"#.to_owned()),
        ("ses", r#"{"eventType":"Subscription","subscription":{"timestamp":"2026-03-01T10:00:00Z","newTopicPreferences":{"unsubscribeAll":false,"topicSubscriptionStatus":[{"topicName":"news","subscriptionStatus":"OptOut"}]}},"mail":{"messageId":"m","destination":["j@x.io"]}}"#.to_owned()),
        ("brevo", r#"{"event":"unsubscribed","email":"j@x.io","ts_event":1772359200,"message-id":"m"}"#.to_owned()),
        ("brevo", r#"{"event":"spam","email":"j@x.io","ts_epoch":1772359200000,"message-id":"m"}"#.to_owned()),
    ];
    for (preset, record) in table {
        let (id, at, who) = one(preset, &record);
        assert_eq!((at.as_str(), who.as_str()), ("2026-03-01T10:00:00Z", "j@x.io"), "{preset}: {record}");
        assert_eq!(one(preset, &record).0, id, "{preset}: {record}");
    }
    assert_eq!(one("sendgrid", &sendgrid("unsubscribe", "")).0, "sg-1", "the provider's own id");
}

#[test]
fn a_complaint_that_may_be_several_peoples_holds_for_each_with_an_id_of_its_own() {
    let complaint = r#"{"notificationType":"Complaint","complaint":{"timestamp":"2026-03-01T10:00:00Z","complainedRecipients":[{"emailAddress":"a@x.io"},{"emailAddress":"b@y.io"},{"emailAddress":"a@x.io"}]},"mail":{"messageId":"m"}}"#;
    let all = answers("ses", complaint);
    assert_eq!(all.iter().map(|(_, _, who)| who.as_str()).collect::<Vec<_>>(), ["a@x.io", "b@y.io"]);
    assert_ne!(all[0].0, all[1].0);
}

fn preferences(all: bool, news: &str, tips: &str) -> String {
    format!(
        r#"{{"unsubscribeAll":{all},"topicSubscriptionStatus":[{{"topicName":"news","subscriptionStatus":"{news}"}},{{"topicName":"tips","subscriptionStatus":"{tips}"}}]}}"#
    )
}

#[test]
fn a_change_of_topics_is_an_opt_out_only_where_something_ends_with_it() {
    let table = [
        (
            preferences(false, "OptOut", "OptOut"),
            preferences(false, "OptOut", "OptIn"),
            "dropped not_interest",
        ),
        (
            preferences(false, "OptOut", "OptIn"),
            preferences(false, "OptOut", "OptIn"),
            "dropped not_interest",
        ),
        (preferences(false, "OptOut", "OptIn"), preferences(false, "OptOut", "OptOut"), "opted_out"),
        (preferences(false, "OptIn", "OptIn"), preferences(false, "OptIn", "OptOut"), "opted_out"),
        (preferences(false, "OptOut", "OptOut"), preferences(true, "OptOut", "OptOut"), "opted_out"),
        (
            preferences(true, "OptOut", "OptOut"),
            preferences(true, "OptOut", "OptOut"),
            "dropped not_interest",
        ),
        (
            preferences(true, "OptOut", "OptOut"),
            preferences(false, "OptIn", "OptOut"),
            "dropped not_interest",
        ),
        ("null".to_owned(), preferences(false, "OptOut", "OptIn"), "opted_out"),
    ];
    for (old, new, expected) in table {
        let record = format!(
            r#"{{"eventType":"Subscription","subscription":{{"timestamp":"2026-03-01T10:00:00Z","oldTopicPreferences":{old},"newTopicPreferences":{new}}},"mail":{{"messageId":"m","destination":["j@x.io"]}}}}"#
        );
        assert_eq!(told(&decoder("ses"), &record), [expected], "{record}");
    }
}

#[test]
fn a_mail_that_was_taken_out_of_the_spam_is_no_complaint() {
    for (feedback, expected) in [("abuse", "opted_out"), ("not-spam", "dropped not_interest")] {
        let record = format!(
            r#"{{"notificationType":"Complaint","complaint":{{"timestamp":"2026-03-01T10:00:00Z","complaintFeedbackType":"{feedback}","complainedRecipients":[{{"emailAddress":"j@x.io"}}]}},"mail":{{"messageId":"m"}}}}"#
        );
        assert_eq!(told(&decoder("ses"), &record), [expected], "{feedback}");
    }
}

#[test]
fn what_is_nobodys_wish_is_no_opt_out() {
    for (preset, record, expected) in [
        ("sendgrid", sendgrid("dropped", r#","reason":"Bounced Address""#), "dropped not_interest"),
        ("sendgrid", sendgrid("group_resubscribe", ""), "dropped not_interest"),
        ("sendgrid", sendgrid("unsubscribe", "").replace("j@x.io", ""), "dead missing_field"),
        ("sendgrid", sendgrid("unsubscribe", "").replace("1772359200", "null"), "dead missing_field"),
        ("postmark", r#"{"RecordType":"SubscriptionChange","Recipient":"j@x.io","ChangedAt":"2026-03-01T10:00:00Z","SuppressSending":true,"SuppressionReason":"HardBounce"}"#.to_owned(), "dropped not_interest"),
        ("postmark", r#"{"RecordType":"SubscriptionChange","Recipient":"j@x.io","ChangedAt":"2026-03-01T10:00:00Z","SuppressSending":false}"#.to_owned(), "dropped not_interest"),
        ("postmark", r#"{"RecordType":"Bounce","Type":"HardBounce","Email":"j@x.io","BouncedAt":"2026-03-01T10:00:00Z"}"#.to_owned(), "dropped not_interest"),
        ("ses", r#"{"eventType":"Subscription","subscription":{"timestamp":"2026-03-01T10:00:00Z","newTopicPreferences":{"unsubscribeAll":false}},"mail":{"destination":["j@x.io"]}}"#.to_owned(), "dropped not_interest"),
        ("ses", r#"{"notificationType":"Complaint","complaint":{"timestamp":"2026-03-01T10:00:00Z"}}"#.to_owned(), "dead missing_field"),
    ] {
        assert_eq!(told(&decoder(preset), &record), [expected], "{preset}: {record}");
    }
}

#[test]
fn an_address_in_any_valid_form_is_heard_and_one_that_is_none_is_a_dead_letter() {
    let complaint = |emails: &str| {
        format!(
            r#"{{"notificationType":"Complaint","complaint":{{"timestamp":"2026-03-01T10:00:00Z","complainedRecipients":[{emails}]}},"mail":{{"messageId":"m"}}}}"#
        )
    };
    let rare = r#"{"emailAddress":"\"ann.lee\"@x.io"},{"emailAddress":"b@y.io, c@z.io"}"#;
    let all: Vec<_> = answers("ses", &complaint(rare)).into_iter().map(|(_, _, who)| who).collect();
    assert_eq!(all, ["ann.lee@x.io", "b@y.io", "c@z.io"]);
    let partly = complaint(r#"{"emailAddress":"undisclosed"},{"emailAddress":"b@y.io"}"#);
    assert_eq!(told(&decoder("ses"), &partly), ["dead missing_field", "opted_out"]);
}

fn event(name: &str, at: u32, path: &str) -> String {
    format!(
        r#"{{"event":"{name}","email":"j@x.io","timestamp":{},"sg_event_id":"{name}{at}{path}","sg_message_id":"m","useragent":"Mozilla/5.0 (X11; Linux)","ip":"192.0.2.7","url":"https://x.io{path}"}}"#,
        1_772_359_200 + at
    )
}

#[test]
fn clicks_on_all_links_at_once_or_at_the_moment_of_delivery_are_a_scanners() {
    let sendgrid = decoder("sendgrid");
    let list = |events: &[String]| told(&sendgrid, &format!("[{}]", events.join(",")));
    let (click, scan) = ("email_click", "dropped scanner_click");
    let delivered = "dropped not_interest";
    assert_eq!(
        list(&[event("click", 9, "/a"), event("click", 9, "/b"), event("click", 10, "/c")]),
        [scan, scan, scan]
    );
    assert_eq!(list(&[event("click", 9, "/a"), event("click", 12, "/b")]), [click, click]);
    assert_eq!(list(&[event("click", 9, "/a"), event("click", 9, "/a")]), [click, click], "a double click");
    assert_eq!(list(&[event("click", 2, "/a"), event("delivered", 0, "")]), [scan, delivered]);
    assert_eq!(list(&[event("click", 3, "/a"), event("delivered", 0, "")]), [click, delivered]);
    assert_eq!(list(&[event("open", 1, ""), event("delivered", 0, "")]), ["dropped machine_open", delivered]);
    let other = event("click", 9, "/b").replace("j@x.io", "k@x.io");
    assert_eq!(list(&[event("click", 9, "/a"), other]), [click, click], "two people");
    let other = event("click", 9, "/b").replace("\"m\"", "\"n\"");
    assert_eq!(list(&[event("click", 9, "/a"), other]), [click, click], "two mails");
}

#[test]
fn a_click_right_after_the_mail_was_sent_is_a_scanners_where_the_event_says_both() {
    let ses = |seconds: u32| {
        format!(
            r#"{{"eventType":"Click","mail":{{"timestamp":"2026-03-01T10:00:00Z","messageId":"m","destination":["j@x.io"]}},"click":{{"timestamp":"2026-03-01T10:00:{seconds:02}Z","link":"https://x.io/a","ipAddress":"192.0.2.7"}}}}"#
        )
    };
    let mandrill = |seconds: u32, before: &str| {
        format!(
            r#"[{{"event":"click","ts":{},"_id":"m","url":"https://x.io/a","msg":{{"ts":1772359000,"email":"j@x.io","smtp_events":[{{"ts":1772359200,"type":"sent"}}],"clicks":[{before}]}}}}]"#,
            1_772_359_200 + seconds
        )
    };
    let clicked_before = r#"{"ts":1772359259,"url":"https://x.io/b"}"#;
    for (preset, record, expected) in [
        ("ses", ses(2), "dropped scanner_click"),
        ("ses", ses(3), "email_click"),
        ("mandrill", mandrill(1, ""), "dropped scanner_click"),
        ("mandrill", mandrill(60, ""), "email_click"),
        ("mandrill", mandrill(60, clicked_before), "dropped scanner_click"),
        ("mandrill", mandrill(61, clicked_before), "email_click"),
    ] {
        assert_eq!(told(&decoder(preset), &record), [expected], "{preset}: {record}");
    }
}

#[test]
fn a_click_from_a_scanners_network_or_by_its_name_is_none_unless_the_source_knows_better() {
    let by = |agent: &str, ip: &str| {
        event("click", 9, "/a").replace("Mozilla/5.0 (X11; Linux)", agent).replace("192.0.2.7", ip)
    };
    let browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120.0 Safari/537.36";
    let own = decoder_from(
        "topic = \"t\"\nstart = \"latest\"\npreset = \"sendgrid\"\n[scanners]\nalso = [\"198.51.100.0/24\"]\nnever = [\"209.222.80.0/21\"]",
    );
    for (record, built_in, by_config) in [
        (by(browser, "209.222.80.9"), "dropped scanner_click", "email_click"),
        (by(browser, "198.51.100.9"), "email_click", "dropped scanner_click"),
        (by("Proofpoint URL Defense", "192.0.2.7"), "dropped scanner_click", "dropped scanner_click"),
        (by("curl/8", "192.0.2.7"), "dropped bot", "dropped bot"),
        (by(browser, "192.0.2.7"), "email_click", "email_click"),
    ] {
        assert_eq!(told(&decoder("sendgrid"), &record), [built_in], "{record}");
        assert_eq!(told(&own, &record), [by_config], "{record}");
    }
}
