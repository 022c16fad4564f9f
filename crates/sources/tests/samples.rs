//! A sample of each format in its documented shape, with what comes of it. The files are in `samples/`, one a preset; the
//! test of privacy reads them, too.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail loudly")]

mod common;

use common::{decoder, told};

/// The records of a sample, at 10:00 on the first of March 2026.
fn records(text: &str) -> Vec<String> {
    const TIMES: [(&str, &str); 7] = [
        ("NOW_SQLMS", "2026-03-01 10:00:00.000"),
        ("NOW_SQL", "2026-03-01 10:00:00 +00:00"),
        ("NOW_ISO", "2026-03-01T10:00:00Z"),
        ("NOW_DAY", "2026-03-01"),
        ("NOW_MS", "1772359200000"),
        ("NOW_US", "1772359200000000"),
        ("NOW_S", "1772359200"),
    ];
    let timed = TIMES.iter().fold(text.to_owned(), |text, (name, time)| text.replace(name, time));
    timed.lines().map(str::to_owned).collect()
}

macro_rules! samples {
    ($($preset:literal, $file:literal, [$($expected:literal),+];)+) => {
        [$(($preset, include_str!(concat!("samples/", $file)), &[$($expected),+][..])),+]
    };
}

#[test]
fn the_sample_of_each_format_is_what_its_producer_means() {
    let all = samples! {
        "rudderstack", "rudderstack.jsonl", ["web_visit pricing"];
        "snowplow_json", "snowplow_json.jsonl", ["web_visit billing"];
        "snowplow_tsv", "snowplow_tsv.tsv", ["web_visit pricing"];
        "posthog", "posthog.jsonl", ["web_visit login"];
        "ga4_export", "ga4_export.jsonl", ["web_visit demo"];
        "mailgun", "mailgun.jsonl", ["email_click", "email_open", "replied and email_reply"];
        "mailjet", "mailjet.jsonl", ["email_click", "opted_out", "replied and email_reply"];
        "mandrill", "mandrill.jsonl", ["email_click", "replied and email_reply"];
        "sparkpost", "sparkpost.jsonl", ["email_click", "replied and email_reply"];
        "resend", "resend.jsonl", ["email_click", "replied and email_reply"];
        "mailersend", "mailersend.jsonl", ["email_click", "opted_out", "replied and email_reply"];
        "mailtrap", "mailtrap.jsonl", ["email_click and opted_out"];
        "postal", "postal.jsonl", ["email_click", "replied and email_reply"];
        "customerio", "customerio.jsonl", ["email_click", "opted_out"];
        "braze", "braze.jsonl", ["email_click", "opted_out"];
        "iterable", "iterable.jsonl", ["email_click", "opted_out"];
        "klaviyo", "klaviyo.jsonl", ["email_click and opted_out"];
        "hubspot_email", "hubspot_email.jsonl", ["email_click and opted_out"];
        "marketo", "marketo.jsonl", ["email_click and opted_out"];
        "salesforce", "salesforce.jsonl", ["deal_stage_change Negotiation", "opted_out and executive_change Chief Operating Officer"];
        "hubspot", "hubspot.jsonl", ["deal_stage_change contractsent and opted_out"];
        "crunchbase_rounds", "crunchbase_rounds.jsonl", ["funding_news series_b"];
        "crunchbase_acquisitions", "crunchbase_acquisitions.jsonl", ["acquisition acquired and acquisition acquirer"];
        "greenhouse", "greenhouse.jsonl", ["hiring Data"];
        "lever", "lever.jsonl", ["hiring Data"];
        "ashby", "ashby.jsonl", ["hiring Data"];
    };
    for (preset, text, expected) in all {
        let decoder = decoder(preset);
        let came: Vec<_> = records(text).iter().map(|record| told(&decoder, record).join(" and ")).collect();
        assert_eq!(came, expected, "{preset}");
    }
}
