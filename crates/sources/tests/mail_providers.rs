//! Mailgun, Mailjet, Mailchimp Transactional, SparkPost and Resend: events in each one's documented shape.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail loudly")]

mod common;

use common::{decoder, told, whose};

const BROWSER: &str =
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.1 Safari/605.1.15";

/// The one signal's id, time and address.
fn who_and_when(preset: &str, record: &str) -> [String; 3] {
    let [id, at, _, email, ..] = whose(&decoder(preset), record);
    [id, at, email]
}

fn check(preset: &str, table: &[(String, &str)]) {
    let decoder = decoder(preset);
    for (record, expected) in table {
        assert_eq!(told(&decoder, record).join(" and "), *expected, "{preset}: {record}");
    }
}

fn mailgun(event: &str, more: &str) -> String {
    format!(
        r#"{{"signature":{{"timestamp":"1529006854","token":"a8ce","signature":"d2d4"}},"event-data":{{"event":"{event}","id":"Ase7i2zs",
        "timestamp":1772359200.25,"recipient":"jane@acme.io","ip":"192.0.2.7","message":{{"headers":{{"message-id":"m-1@x.io"}}}}{more}}}}}"#
    )
}

fn client(bot: &str, kind: &str) -> String {
    format!(
        r#","url":"https://x.io/pricing","client-info":{{"client-type":"{kind}","bot":"{bot}","user-agent":"{BROWSER}"}}"#
    )
}

#[test]
fn mailguns_events_are_read_wrapped_bare_and_listed() {
    let opened = mailgun("opened", &client("", "browser"));
    let expected = ["Ase7i2zs", "2026-03-01T10:00:00.25Z", "jane@acme.io"];
    assert_eq!(who_and_when("mailgun", &opened), expected);
    let bare = opened.split_once("\"event-data\":").unwrap().1.strip_suffix('}').unwrap();
    for record in [
        bare.to_owned(),
        format!("[{bare}]"),
        format!(r#"{{"items":[{bare}],"paging":{{}}}}"#),
        format!("[{opened}]"),
    ] {
        assert_eq!(who_and_when("mailgun", &record), expected, "{record}");
    }
    check(
        "mailgun",
        &[
            (mailgun("opened", ""), "email_open"),
            (mailgun("clicked", &client("", "browser")), "email_click"),
            (mailgun("clicked", &client("generic", "browser")), "dropped scanner_click"),
            (mailgun("clicked", &client("", "robot")), "dropped scanner_click"),
            (mailgun("opened", &client("apple", "email client")), "dropped machine_open"),
            (mailgun("opened", &client("gmail", "email client")), "dropped machine_open"),
            (mailgun("unsubscribed", ""), "opted_out"),
            (mailgun("complained", ""), "opted_out"),
            (mailgun("failed", r#","severity":"permanent","reason":"suppress-unsubscribe""#), "opted_out"),
            (mailgun("failed", r#","severity":"permanent","reason":"bounce""#), "dropped not_interest"),
            (mailgun("delivered", ""), "dropped not_interest"),
            (mailgun("accepted", ""), "dropped not_interest"),
            (mailgun("levitated", ""), "dead unknown_event"),
            (mailgun("opened", "").replace("jane@acme.io", ""), "dead missing_field"),
            (mailgun("unsubscribed", "").replace("jane@acme.io", ""), "dead missing_field"),
            (mailgun("opened", "").replace("1772359200.25", "\"soon\""), "dead bad_time"),
            ("{}".to_owned(), "dead missing_field"),
            ("[]".to_owned(), "dropped empty"),
        ],
    );
}

fn mailjet(event: &str, more: &str) -> String {
    format!(
        r#"{{"event":"{event}","time":1772359200,"MessageID":19421777835146490,"Message_GUID":"1ab2","email":"jane@acme.io","mj_campaign_id":7,"mj_contact_id":4,"customcampaign":"","CustomID":"","Payload":""{more}}}"#
    )
}

#[test]
fn mailjets_events_are_told_apart_though_they_have_no_ids() {
    let click = mailjet(
        "click",
        &format!(r#","url":"https://x.io/pricing","ip":"192.0.2.7","geo":"DE","agent":"{BROWSER}""#),
    );
    let [id, at, email] = who_and_when("mailjet", &click);
    assert_eq!((id.len(), at.as_str(), email.as_str()), (32, "2026-03-01T10:00:00Z", "jane@acme.io"));
    assert_eq!(who_and_when("mailjet", &format!("[{click}]"))[0], id, "the same event in a list is the same");
    assert_ne!(who_and_when("mailjet", &click.replace("/pricing", "/docs"))[0], id);
    let parsed = r#"{"Sender":"bounce@mail.acme.io","Recipient":"in@x.io","Date":"20260301T100000","From":"Jane <jane@acme.io>","Headers":{"Message-ID":"<r@acme.io>","Received":["a","b"]},"Text-part":"hello"}"#;
    assert_eq!(who_and_when("mailjet", parsed)[1..], ["2026-03-01T10:00:00Z", "jane@acme.io"]);
    check(
        "mailjet",
        &[
            (mailjet("open", &format!(r#","agent":"{BROWSER}""#)), "email_open"),
            (
                mailjet("open", r#","agent":"Mozilla/5.0 (via ggpht.com GoogleImageProxy)""#),
                "dropped machine_open",
            ),
            (click, "email_click"),
            (mailjet("unsub", r#","mj_list_id":1,"agent":"List-Unsubscribe""#), "opted_out"),
            (mailjet("spam", r#","source":"JMRPP""#), "opted_out"),
            (mailjet("sent", ""), "dropped not_interest"),
            (mailjet("bounce", r#","hard_bounce":true"#), "dropped not_interest"),
            (mailjet("blocked", ""), "dropped not_interest"),
            (mailjet("levitated", ""), "dead unknown_event"),
            (mailjet("unsub", "").replace("1772359200", "0"), "dead bad_time"),
            (parsed.to_owned(), "replied and email_reply"),
            (
                parsed.replace("\"Message-ID\"", "\"Auto-Submitted\":[\"auto-replied\"],\"Message-ID\""),
                "dropped auto_reply",
            ),
            (parsed.replace("jane@", "MAILER-DAEMON@"), "dropped auto_reply"),
        ],
    );
}

fn mandrill(event: &str, more: &str) -> String {
    format!(
        r#"{{"event":"{event}","ts":1772359200,"_id":"abc","user_agent":"{BROWSER}","ip":"192.0.2.7","url":"https://x.io/pricing","msg":{{"ts":1772300000,"_id":"abc","email":"jane@acme.io","sender":"us@x.io","state":"sent"{more}}}}}"#
    )
}

#[test]
fn mandrills_events_come_as_a_form_as_its_field_and_as_the_list_itself() {
    let list = format!("[{},{}]", mandrill("open", ""), mandrill("click", ""));
    let text = serde_json::to_string(&list).unwrap();
    let form: String = list.bytes().map(|byte| format!("%{byte:02X}")).collect();
    for record in [
        list.clone(),
        format!(r#"{{"mandrill_events":{list}}}"#),
        format!(r#"{{"mandrill_events":{text}}}"#),
        format!("mandrill_events={form}"),
    ] {
        assert_eq!(told(&decoder("mandrill"), &record), ["email_open", "email_click"], "{record}");
    }
    assert_eq!(
        who_and_when("mandrill", &mandrill("open", ""))[1..],
        ["2026-03-01T10:00:00Z", "jane@acme.io"],
        "one event alone is one, too"
    );
    let inbound = r#"{"event":"inbound","ts":1772359200,"msg":{"email":"in@x.io","from_email":"jane@acme.io","headers":{"Message-Id":"<r@acme.io>","Received":["a","b"]}}}"#;
    check(
        "mandrill",
        &[
            (mandrill("unsub", ""), "opted_out"),
            (mandrill("spam", ""), "opted_out"),
            (mandrill("reject", r#","reject":{"reason":"unsub"}"#), "opted_out"),
            (mandrill("reject", r#","reject":{"reason":"hard-bounce"}"#), "dropped not_interest"),
            (mandrill("delivered", ""), "dropped not_interest"),
            (mandrill("send", ""), "dropped not_interest"),
            (mandrill("levitated", ""), "dead unknown_event"),
            (r#"{"type":"blacklist","action":"add","reject":{"email":"jane@acme.io","reason":"unsub"},"ts":1772359200}"#.to_owned(), "opted_out"),
            (r#"{"type":"blacklist","action":"add","reject":{"email":"jane@acme.io","reason":"custom"},"ts":1772359200}"#.to_owned(), "dropped not_interest"),
            (r#"{"type":"blacklist","action":"remove","reject":{"email":"jane@acme.io","reason":"unsub"},"ts":1772359200}"#.to_owned(), "dropped not_interest"),
            (inbound.to_owned(), "replied and email_reply"),
            (inbound.replace("\"Received\"", "\"Precedence\":\"auto_reply\",\"Received\""), "dropped auto_reply"),
            ("mandrill_events=%5B".to_owned(), "dead malformed_json"),
            ("mandrill_events=%5B%5D".to_owned(), "dropped empty"),
            ("{}".to_owned(), "dead missing_field"),
        ],
    );
}

fn sparkpost(class: &str, kind: &str, more: &str) -> String {
    format!(
        r#"{{"msys":{{"{class}":{{"type":"{kind}","event_id":"9235","message_id":"0004","transmission_id":"6583","rcpt_to":"jane@acme.io","raw_rcpt_to":"Jane@acme.io","timestamp":"1772359200","injection_time":"2026-03-01T09:00:00.000Z","ip_address":"192.0.2.7","user_agent":"{BROWSER}","target_link_url":"https://x.io/pricing"{more}}}}}}}"#
    )
}

#[test]
fn sparkposts_events_are_unwrapped_and_one_look_is_one_open() {
    let open = sparkpost("track_event", "open", "");
    let batch = format!("[{open},{},{{\"msys\":{{}}}}]", sparkpost("track_event", "initial_open", ""));
    assert_eq!(who_and_when("sparkpost", &open), ["9235", "2026-03-01T10:00:00Z", "jane@acme.io"]);
    assert_eq!(
        told(&decoder("sparkpost"), &batch),
        ["email_open", "dropped not_interest", "dropped not_interest"]
    );
    let relay = r#"{"msys":{"relay_message":{"friendly_from":"jane@acme.io","msg_from":"bounce@acme.io","rcpt_to":"in@x.io","content":{"headers":[{"From":"Jane <jane@acme.io>"},{"Date":"Sun, 1 Mar 2026 10:00:00 +0000"},{"Message-ID":"<r@acme.io>"}],"text":"hello"}}}}"#;
    assert_eq!(who_and_when("sparkpost", relay)[1..], ["2026-03-01T10:00:00Z", "jane@acme.io"]);
    check(
        "sparkpost",
        &[
            (sparkpost("track_event", "click", ""), "email_click"),
            (sparkpost("track_event", "amp_click", ""), "email_click"),
            (sparkpost("track_event", "amp_open", ""), "email_open"),
            (sparkpost("track_event", "open", r#","is_prefetched":true"#), "dropped machine_open"),
            (
                sparkpost("track_event", "open", r#","user_agent_parsed":{"is_prefetched":true}"#),
                "dropped machine_open",
            ),
            (
                sparkpost("track_event", "open", r#","user_agent_parsed":{"is_proxy":true}"#),
                "dropped machine_open",
            ),
            (sparkpost("unsubscribe_event", "list_unsubscribe", ""), "opted_out"),
            (sparkpost("unsubscribe_event", "link_unsubscribe", ""), "opted_out"),
            (sparkpost("message_event", "spam_complaint", ""), "opted_out"),
            (sparkpost("message_event", "bounce", r#","bounce_class":"90""#), "opted_out"),
            (sparkpost("message_event", "bounce", r#","bounce_class":"10""#), "dropped not_interest"),
            (sparkpost("message_event", "delivery", ""), "dropped not_interest"),
            (sparkpost("gen_event", "generation_failure", ""), "dropped not_interest"),
            (sparkpost("track_event", "levitated", ""), "dead unknown_event"),
            (relay.to_owned(), "replied and email_reply"),
            (
                relay.replace("{\"From\"", "{\"Auto-Submitted\":\"auto-replied\"},{\"From\""),
                "dropped auto_reply",
            ),
            (relay.replace("{\"Date\":\"Sun, 1 Mar 2026 10:00:00 +0000\"},", ""), "dead missing_field"),
            ("{}".to_owned(), "dead missing_field"),
            (r#"{"msys":null}"#.to_owned(), "dead missing_field"),
        ],
    );
}

fn resend(kind: &str, more: &str) -> String {
    format!(
        r#"{{"type":"{kind}","created_at":"2026-03-01T10:00:00.000Z","data":{{"created_at":"2026-03-01T09:00:00.000Z","email_id":"56761188","from":"Us <us@x.io>","to":["Jane <jane@acme.io>"],"subject":"news"{more}}}}}"#
    )
}

#[test]
fn resends_events_are_their_recipients() {
    let click = format!(
        r#","click":{{"ipAddress":"192.0.2.7","link":"https://x.io/pricing","timestamp":"2026-03-01T09:59:59.5Z","userAgent":"{BROWSER}"}}"#
    );
    let [id, at, email] = who_and_when("resend", &resend("email.clicked", &click));
    assert_eq!((id.len(), at.as_str(), email.as_str()), (32, "2026-03-01T09:59:59.5Z", "jane@acme.io"));
    let several =
        |kind: &str| resend(kind, "").replace("\"Jane <jane@acme.io>\"", "\"a@acme.io\",\"b@other.io\"");
    assert_eq!(told(&decoder("resend"), &several("email.complained")), ["opted_out", "opted_out"]);
    let contact = |unsubscribed: bool| {
        format!(
            r#"{{"type":"contact.updated","created_at":"2026-03-01T10:00:00Z","data":{{"id":"e1","audience_id":"78","email":"jane@acme.io","unsubscribed":{unsubscribed}}}}}"#
        )
    };
    let by_subject = |subject: &str, more: &str| {
        resend("email.received", more).replace(r#""subject":"news""#, &format!(r#""subject":"{subject}""#))
    };
    check(
        "resend",
        &[
            (resend("email.opened", ""), "email_open"),
            (resend("email.clicked", &click), "email_click"),
            (several("email.opened"), "dropped ambiguous_recipient"),
            (resend("email.complained", ""), "opted_out"),
            (contact(true), "opted_out"),
            (contact(false), "dropped not_interest"),
            (resend("email.received", r#","message_id":"<r@acme.io>""#), "replied and email_reply"),
            (
                resend("email.received", r#","headers":{"auto-submitted":"auto-replied"}"#),
                "dropped auto_reply",
            ),
            (by_subject("Automatic reply: your offer", ""), "dropped auto_reply"),
            (by_subject("OUT OF OFFICE", r#","headers":{}"#), "dropped auto_reply"),
            (by_subject("Réponse automatique : absence", ""), "dropped auto_reply"),
            (by_subject("Re: automatic reply", ""), "replied and email_reply"),
            (by_subject("Out of office", r#","headers":{"x-mailer":"m"}"#), "replied and email_reply"),
            (resend("email.delivered", ""), "dropped not_interest"),
            (resend("email.bounced", ""), "dropped not_interest"),
            (resend("domain.created", ""), "dropped not_interest"),
            (resend("email.levitated", ""), "dead unknown_event"),
            (resend("email.opened", "").replace("[\"Jane <jane@acme.io>\"]", "\"j@acme.io\""), "email_open"),
            (resend("email.opened", "").replace("[\"Jane <jane@acme.io>\"]", "[]"), "dead missing_field"),
            ("{}".to_owned(), "dead missing_field"),
        ],
    );
}
