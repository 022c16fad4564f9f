//! Mails that came in: a person's reply counts whoever carries it, and a machine's does not.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail loudly")]

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{decoder, told, whose};
use serde_json::json;

const REPLY: &str = "replied and email_reply";
const MACHINE: &str = "dropped auto_reply";
const DATE: &str = "Sun, 01 Mar 2026 11:00:00 +0100";

fn said(preset: &str, record: &str) -> String {
    told(&decoder(preset), record).join(" and ")
}

/// A mail as it was sent.
fn mime(more: &str) -> String {
    format!(
        "Received: from mx.brightmill.example by in.example with ESMTPS\r\n id 7; Sun, 01 Mar 2026 10:00:01 +0000\r\nFrom: \"Pell, Nora\" <nora@brightmill.example>\r\n\
         To: us@us.example\r\nSubject: Re: your\r\n offer\r\nMessage-ID: <r@brightmill.example>\r\nDate: {DATE}\r\n{more}\r\nTell me more\r\n"
    )
}

/// A form of several parts, as it is posted.
fn multipart(fields: &[(&str, &str)]) -> String {
    let part = |(name, value): &(&str, &str)| {
        format!("--xYzZY\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    fields.iter().map(part).collect::<String>() + "--xYzZY--\r\n"
}

fn encoded(fields: &[(&str, &str)]) -> String {
    let byte = |b: u8| match b {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(b).to_string(),
        b' ' => "+".to_owned(),
        b => format!("%{b:02X}"),
    };
    let text = |text: &str| text.bytes().map(byte).collect::<String>();
    fields.iter().map(|(name, value)| format!("{}={}", text(name), text(value))).collect::<Vec<_>>().join("&")
}

fn as_json(fields: &[(&str, &str)]) -> String {
    let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    serde_json::Value::Object(fields).to_string()
}

fn check_forms(preset: &str, fields: &[(&str, &str)], expected: &str) {
    for record in [multipart(fields), encoded(fields), as_json(fields)] {
        assert_eq!(said(preset, &record), expected, "{preset}: {record}");
    }
}

#[test]
fn the_inbound_parser_of_sendgrid_is_read_as_it_posts() {
    let headers = |more: &str| mime(more).split("\r\n\r\n").next().unwrap().to_owned();
    let plain = headers("");
    let fields = |headers: &'static str, envelope: &'static str| {
        [
            ("headers", headers),
            ("from", "Nora Pell <nora@brightmill.example>"),
            ("to", "us@us.example"),
            ("subject", "Re: your offer"),
            ("text", "Tell me more\r\n\r\nNora"),
            ("envelope", envelope),
        ]
    };
    let leaked: &'static str = Box::leak(plain.into_boxed_str());
    let automatic: &'static str = Box::leak(headers("Auto-Submitted: auto-replied\r\n").into_boxed_str());
    let envelope = r#"{"to":["us@us.example"],"from":"nora@brightmill.example"}"#;
    check_forms("sendgrid", &fields(leaked, envelope), REPLY);
    check_forms("sendgrid", &fields(automatic, envelope), MACHINE);
    check_forms("sendgrid", &fields(leaked, r#"{"to":["us@us.example"],"from":""}"#), MACHINE);
    let raw = mime("");
    check_forms(
        "sendgrid",
        &[("to", "us@us.example"), ("email", &raw), ("subject", "Re: your offer")],
        REPLY,
    );
    let record = multipart(&fields(leaked, envelope));
    let [id, at, _, email, ..] = whose(&decoder("sendgrid"), &record);
    assert_eq!(
        (id.len(), at.as_str(), email.as_str()),
        (32, "2026-03-01T10:00:00Z", "nora@brightmill.example")
    );
    let mut bytes = record.replace("Nora\r\n", "N\u{e4}ra\r\n").into_bytes();
    let at = bytes.windows(2).position(|two| two == "\u{e4}".as_bytes()).unwrap();
    bytes.splice(at..at + 2, [0xe4]);
    let mut seen = 0;
    decoder("sendgrid").decode(&bytes, &mut |_| seen += 1);
    assert_eq!(seen, 2, "a text in another encoding takes no reply along");
}

/// A look at the fields of a form.
type Check<'a> = &'a dyn Fn(&[(&str, &str)]);

#[test]
fn the_routes_of_mailgun_are_read_as_they_post() {
    let headers =
        |more: &str| format!(r#"[["Received","by x"],["From","Nora <nora@brightmill.example>"]{more}]"#);
    let (plain, automatic) = (headers(""), headers(r#",["X-Autoreply","yes"]"#));
    let fields = |headers: &str, sender: &str, check: Check<'_>| {
        check(&[
            ("recipient", "us@us.example"),
            ("sender", sender),
            ("from", "Nora Pell <nora@brightmill.example>"),
            ("subject", "Re: your offer"),
            ("body-plain", "Tell me more"),
            ("timestamp", "1772359200"),
            ("Message-Id", "<r@brightmill.example>"),
            ("message-headers", headers),
        ]);
    };
    fields(&plain, "nora@brightmill.example", &|form| check_forms("mailgun", form, REPLY));
    fields(&plain, "", &|form| check_forms("mailgun", form, MACHINE));
    fields(&automatic, "nora@brightmill.example", &|form| check_forms("mailgun", form, MACHINE));
    let raw = mime("");
    let stored =
        [("sender", "nora@brightmill.example"), ("timestamp", "1772359200"), ("body-mime", raw.as_str())];
    check_forms("mailgun", &stored, REPLY);
}

#[test]
fn the_first_webhooks_of_mailgun_are_read() {
    let event = |event: &str, more: &[(&str, &str)]| {
        let mut fields = vec![
            ("event", event),
            ("recipient", "nora@brightmill.example"),
            ("domain", "us.example"),
            ("timestamp", "1772359200"),
            ("Message-Id", "<m@us.example>"),
        ];
        fields.extend(more);
        encoded(&fields)
    };
    let browser = ("user-agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0");
    for (record, expected) in [
        (event("opened", &[browser]), "email_open"),
        (event("clicked", &[browser, ("url", "https://us.example/pricing")]), "email_click"),
        (event("clicked", &[browser, ("client-type", "robot")]), "dropped scanner_click"),
        (event("unsubscribed", &[]), "opted_out"),
        (event("complained", &[]), "opted_out"),
        (
            event(
                "dropped",
                &[
                    ("reason", "hardfail"),
                    ("description", "Not delivering to a user who marked your messages as spam"),
                ],
            ),
            "opted_out",
        ),
        (
            event(
                "dropped",
                &[("reason", "hardfail"), ("description", "Not delivering to previously bounced address")],
            ),
            "dropped not_interest",
        ),
        (event("bounced", &[]), "dropped not_interest"),
        (event("delivered", &[]), "dropped not_interest"),
    ] {
        assert_eq!(said("mailgun", &record), expected, "{record}");
    }
}

#[test]
fn a_mail_behind_ses_counts_from_s3_from_sns_and_as_it_was_sent() {
    let raw = mime("");
    let notice = |content: serde_json::Value, action: serde_json::Value, mail: serde_json::Value| {
        let inner = json!({"notificationType": "Received", "receipt": {"action": action}, "content": content, "mail": mail}).to_string();
        json!({"Type": "Notification", "MessageId": "sns-1", "Message": inner}).to_string()
    };
    let mail = |headers: serde_json::Value, source: &str| {
        json!({"timestamp": "2026-03-01T10:00:00Z", "source": source, "messageId": "m", "destination": ["us@us.example"],
            "headers": headers, "commonHeaders": {"from": ["Nora Pell <nora@brightmill.example>"], "subject": "Re: your offer"}})
    };
    let s3 = json!({"type": "S3", "bucketName": "mails", "objectKey": "m"});
    let path = "bounces+7@mail.brightmill.example";
    let by_pointer = notice(json!(null), s3.clone(), mail(json!([]), path));
    let [id, _, _, email, ..] = whose(&decoder("ses"), &by_pointer);
    assert_eq!((id.as_str(), email.as_str()), ("sns-1", "nora@brightmill.example"));
    let automatic = mail(json!([{"name": "Auto-Submitted", "value": "auto-replied"}]), path);
    let bare = json!({"timestamp": "2026-03-01T10:00:00Z", "messageId": "m"});
    let packed = STANDARD.encode(mime("Precedence: bulk\r\n"));
    for (record, expected) in [
        (by_pointer.clone(), REPLY),
        (notice(json!(null), s3, automatic), MACHINE),
        (notice(json!(null), json!({}), mail(json!([]), "")), MACHINE),
        (notice(json!(raw), json!({"type": "SNS", "encoding": "UTF8"}), bare.clone()), REPLY),
        (
            notice(json!(STANDARD.encode(&raw)), json!({"type": "SNS", "encoding": "BASE64"}), bare.clone()),
            REPLY,
        ),
        (notice(json!(packed), json!({"type": "SNS", "encoding": "Base64"}), bare), MACHINE),
        (raw.clone(), REPLY),
        (mime("Content-Type: multipart/report; report-type=delivery-status\r\n"), MACHINE),
    ] {
        assert_eq!(said("ses", &record), expected, "{record}");
    }
}

#[test]
fn the_mail_itself_is_read_where_a_provider_gives_nothing_else() {
    let (raw, machine) = (mime(""), mime("Auto-Submitted: auto-generated\r\n"));
    let relay = |mail: &str, packed: bool, path: &str| {
        json!([{"msys": {"relay_message": {"friendly_from": "nora@brightmill.example", "msg_from": path,
            "content": {"email_rfc822": mail, "email_rfc822_is_base64": packed}}}}])
        .to_string()
    };
    let mandrill = |mail: &str| {
        json!([{"event": "inbound", "ts": 1_772_359_200, "msg": {"from_email": "nora@brightmill.example", "raw_msg": mail}}]).to_string()
    };
    let postmark = |mail: &str| {
        json!({"From": "Nora Pell <nora@brightmill.example>", "MessageID": "m", "MessageStream": "inbound", "Date": DATE, "RawEmail": mail}).to_string()
    };
    let postal = |mail: &str, path: &str| {
        json!({"id": 1, "rcpt_to": "us@us.example", "mail_from": path, "message": STANDARD.encode(mail), "base64": true}).to_string()
    };
    let path = "nora@brightmill.example";
    for (preset, record, expected) in [
        ("sparkpost", relay(&raw, false, path), REPLY),
        ("sparkpost", relay(&STANDARD.encode(&raw), true, path), REPLY),
        ("sparkpost", relay(&machine, false, path), MACHINE),
        ("sparkpost", relay(&raw, false, ""), MACHINE),
        ("mandrill", mandrill(&raw), REPLY),
        ("mandrill", mandrill(&machine), MACHINE),
        ("postmark", postmark(&raw), REPLY),
        ("postmark", postmark(&machine), MACHINE),
        ("postal", postal(&raw, path), REPLY),
        ("postal", postal(&machine, path), MACHINE),
        ("postal", postal(&raw, ""), MACHINE),
    ] {
        assert_eq!(said(preset, &record), expected, "{preset}: {record}");
    }
}

/// A mail that came in through each provider, with one header of its own.
fn through_each(header: (&str, &str)) -> Vec<(&'static str, String)> {
    let (name, value) = header;
    let from = "nora@brightmill.example";
    vec![
        ("postmark", json!({"From": from, "MessageID": "m", "Date": DATE, "Headers": [{"Name": name, "Value": value}]}).to_string()),
        ("ses", json!({"notificationType": "Received", "mail": {"source": from, "timestamp": "2026-03-01T10:00:00Z", "headers": [{"name": name, "value": value}]}}).to_string()),
        ("brevo", json!({"items": [{"MessageId": "m", "From": {"Address": from}, "SentAtDate": DATE, "Headers": {name: value}}]}).to_string()),
        ("mailjet", json!({"Sender": from, "From": from, "Date": DATE, "Headers": {name: [value]}}).to_string()),
        ("mandrill", json!([{"event": "inbound", "ts": 1_772_359_200, "msg": {"from_email": from, "headers": {name: value}}}]).to_string()),
        ("sparkpost", json!([{"msys": {"relay_message": {"friendly_from": from, "content": {"headers": [{"Date": DATE}, {name: value}]}}}}]).to_string()),
        ("resend", json!({"type": "email.received", "created_at": "2026-03-01T10:00:00Z", "data": {"email_id": "e", "from": from, "headers": {name: value}}}).to_string()),
        ("sendgrid", as_json(&[("from", from), ("headers", &format!("Date: {DATE}\n{name}: {value}"))])),
        ("mailgun", as_json(&[("from", from), ("timestamp", "1772359200"), ("message-headers", &json!([[name, value]]).to_string())])),
        ("mailersend", json!({"type": "inbound.message", "created_at": "2026-03-01T10:00:00Z", "data": {"from": {"email": from}, "headers": {name: value}}}).to_string()),
    ]
}

#[test]
fn headers_tell_a_machine_from_a_person_whoever_carries_the_mail() {
    for (header, expected) in [
        (("X-Auto-Response-Suppress", "DR, RN, NRN, OOF"), REPLY),
        (("auto-submitted", "No"), REPLY),
        (("Return-Path", "<nora@brightmill.example>"), REPLY),
        (("AUTO-SUBMITTED", "Auto-Replied (vacation)"), MACHINE),
        (("precedence", "BULK"), MACHINE),
        (("Return-Path", "<>"), MACHINE),
        (("Content-Type", "MULTIPART/REPORT; report-type=delivery-status"), MACHINE),
        (("X-Vacation", "yes"), MACHINE),
    ] {
        for (preset, record) in through_each(header) {
            assert_eq!(said(preset, &record), expected, "{preset} {header:?}: {record}");
        }
    }
}

#[test]
fn a_subject_judges_where_there_are_no_headers_and_a_sender_that_nobody_reads_always() {
    let mail = |from: &str, subject: &str, headers: serde_json::Value| {
        json!({"From": from, "MessageID": "m", "MessageStream": "inbound", "Date": DATE, "Subject": subject, "Headers": headers}).to_string()
    };
    for (record, expected) in [
        (mail("nora@brightmill.example", "Automatic reply: away", json!([])), MACHINE),
        (
            mail(
                "nora@brightmill.example",
                "Automatic reply: away",
                json!([{"Name": "X-Mailer", "Value": "a"}]),
            ),
            REPLY,
        ),
        (mail("nora@brightmill.example", "Re: your offer", json!([])), REPLY),
        (mail("No-Reply <no-reply@brightmill.example>", "Re: your offer", json!([])), MACHINE),
        (mail("MAILER-DAEMON@brightmill.example", "Failure", json!([])), MACHINE),
        (mail("nobody at all", "Re: your offer", json!([])), "dead missing_field"),
        (mail("", "Re: your offer", json!([])), "dead missing_field"),
    ] {
        assert_eq!(said("postmark", &record), expected, "{record}");
    }
}
