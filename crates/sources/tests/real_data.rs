//! The real data, every row counted: signals, dropped by reason and dead by reason add up to what was read.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail loudly")]

mod common;

use std::collections::BTreeSet;

use common::{Counts, assert_counts, count, decoder, decoder_from, elements, real};
use winback_core::signal::SignalKind;
use winback_sources::{Decoder, DropReason, Element, csv_row};

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

fn rows(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let header = reader.byte_headers().unwrap().clone();
    reader.byte_records().map(|row| csv_row(&header, &row.unwrap())).collect()
}

/// Counts every record, and pins that each had one element and no two signals one id.
fn count_all<'a>(decoder: &Decoder, records: impl Iterator<Item = &'a [u8]>) -> (usize, Counts, usize) {
    let (mut read, mut counts, mut ids) = (0, Counts::new(), BTreeSet::new());
    for record in records {
        read += 1;
        count(decoder, record, &mut counts);
        decoder.decode(record, &mut |element| {
            if let Element::Signal(signal) = element {
                assert!(!signal.who.is_empty());
                let words = winback_core::privacy::words(&signal.detail, 120);
                assert!(!winback_core::privacy::holds_address(&words));
                ids.insert(signal.id.into_owned());
            }
        });
    }
    assert_eq!(read, counts.values().sum::<usize>());
    (read, counts, ids.len())
}

#[test]
fn the_access_log_adds_up() {
    let Some(bytes) = real("web-access.log") else { return };
    let (read, counts, ids) = count_all(&decoder("combined_log"), lines(&bytes));
    let expected = [
        ("dead:malformed_line", 1),
        ("dropped:asset", 5_708),
        ("dropped:bot", 2_239),
        ("dropped:error_status", 220),
        ("dropped:not_a_page", 35),
        ("dropped:redirect", 164),
        ("signal", 1_633),
    ];
    assert_counts("web-access.log", &counts, &expected);
    assert_eq!((read, ids), (10_000, 1_630));
}

#[test]
fn the_job_postings_add_up() {
    let Some(bytes) = real("job-postings.jsonl") else { return };
    let (read, counts, ids) = count_all(&decoder("job_postings"), lines(&bytes));
    assert_eq!((read, ids), (9_823, 2_443));
    let expected =
        [("dropped:closed_post", 5_509), ("dropped:edited", 93), ("dropped:flap", 1_406), ("signal", 2_815)];
    assert_counts("job-postings.jsonl", &counts, &expected);
}

#[test]
fn the_us_funding_adds_up() {
    let Some(bytes) = real("funding-us.csv") else { return };
    let rows = rows(&bytes);
    let (read, counts, ids) = count_all(&decoder("funding_us"), rows.iter().map(Vec::as_slice));
    assert_eq!((read, ids), (756, 756));
    assert_counts("funding-us.csv", &counts, &[("signal", 756)]);
}

#[test]
fn the_indian_funding_adds_up_and_what_is_dead_says_what_to_do() {
    let Some(bytes) = real("funding-india.csv") else { return };
    let rows = rows(&bytes);
    let (read, counts, ids) = count_all(&decoder("funding_india"), rows.iter().map(Vec::as_slice));
    assert_eq!((read, ids), (3_044, 3_040));
    assert_counts(
        "funding-india.csv",
        &counts,
        &[("dead:bad_encoding", 1), ("dead:bad_time", 3), ("signal", 3_040)],
    );
    let with_encoding = decoder_from(
        "topic = \"t\"\nstart = \"earliest\"\npreset = \"funding_india\"\nencoding = \"windows-1252\"",
    );
    let (_, counts, _) = count_all(&with_encoding, rows.iter().map(Vec::as_slice));
    assert_counts("with its encoding", &counts, &[("dead:bad_time", 3), ("signal", 3_041)]);
    let dead: Vec<_> = rows
        .iter()
        .flat_map(|row| elements(&with_encoding, row))
        .filter_map(|seen| match seen {
            common::Seen::Dead(_, text) => Some(text),
            _ => None,
        })
        .collect();
    assert_eq!(
        dead,
        [
            "`/Date` is `05/072018`, which is not a time written as %d/%m/%Y: correct it and replay",
            "`/Date` is `01/07/015`, which is before 1990 or after 9999: check its unit and format",
            r"`/Date` is `\\xc2\\xa010/7/2015`, which is not a time written as %d/%m/%Y: correct it and replay",
        ]
    );
}

/// A provider's case: what it sent, and what another project expects of it.
struct Case {
    name: String,
    raw: Vec<u8>,
    expected: serde_json::Value,
}

fn cases(file: &str) -> Option<Vec<Case>> {
    let all: Vec<serde_json::Value> = serde_json::from_slice(&real(file)?).unwrap();
    let case = |case: &serde_json::Value| Case {
        name: case["case"].as_str().unwrap().to_owned(),
        raw: serde_json::to_vec(&case["raw"]).unwrap(),
        expected: case["expected"].clone(),
    };
    Some(all.iter().map(case).collect())
}

/// The expectation's time as the milliseconds of its date and time in its zone.
fn expected_millis(text: &str) -> i64 {
    let inside = text.strip_prefix("datetime(").unwrap();
    let numbers: Vec<i64> =
        inside.split([',', ' ', '=', '(', ')']).filter_map(|part| part.parse().ok()).collect();
    let part = |at: usize| numbers.get(at).copied().unwrap_or(0);
    let zone_minutes = if text.contains("get_fixed_timezone(-4 * 60)") { -240 } else { 0 };
    let micros = if text.contains("microsecond") { part(6) } else { 0 };
    let narrow = |at: usize| i8::try_from(part(at)).unwrap();
    let local = jiff::civil::date(i16::try_from(part(0)).unwrap(), narrow(1), narrow(2)).at(
        narrow(3),
        narrow(4),
        narrow(5),
        0,
    );
    let utc = local.to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp().as_millisecond();
    utc - zone_minutes * 60_000 + micros / 1_000
}

/// The events that must become answers, in another project's words.
const OPT_OUTS: [&str; 2] = ["complained", "unsubscribed"];
const CUT_DOWN: [&str; 2] = ["test_complaint_event", "test_bounce_unsubscribe_variant"];

/// Checks every case of a provider: kind, time, recipient, and that the ids of two events differ.
fn check_provider(file: &str, preset: &str, cases_expected: usize, expected: &[(&str, usize)]) {
    let Some(cases) = cases(file) else { return };
    assert_eq!(cases.len(), cases_expected);
    let decoder = decoder(preset);
    let (mut counts, mut ids, mut signals) = (Counts::new(), BTreeSet::new(), 0);
    for case in &cases {
        count(&decoder, &case.raw, &mut counts);
        let event = case.expected["event_type"].as_str().unwrap_or("delivered");
        decoder.decode(&case.raw, &mut |element| match element {
            Element::Signal(signal) => {
                signals += 1;
                let kind = match event {
                    "opened" => SignalKind::EmailOpen,
                    "clicked" => SignalKind::EmailClick,
                    other => panic!("{}: {other} became a signal", case.name),
                };
                assert_eq!(signal.kind, kind, "{}", case.name);
                if let Some(recipient) = case.expected["recipient"].as_str() {
                    assert_eq!(signal.who.email.as_deref(), Some(recipient), "{}", case.name);
                }
                if let Some(time) = case.expected["timestamp"].as_str() {
                    assert_eq!(signal.at.millis(), expected_millis(time), "{}", case.name);
                }
                if let Some(id) = case.expected["event_id"].as_str() {
                    assert_eq!(signal.id, id, "{}", case.name);
                }
                assert!(case.expected["click_url"].is_null() || kind == SignalKind::EmailClick);
                ids.insert(signal.id.into_owned());
            }
            Element::Broadcast(event) => panic!("{event:?}"),
            Element::Answer(answer) => {
                let suppressed = case.name.contains("dropped_unsubscribed");
                assert!(OPT_OUTS.contains(&event) || suppressed, "{}: {event}", case.name);
                if let Some(recipient) = case.expected["recipient"].as_str() {
                    assert_eq!(answer.who.email.as_deref(), Some(recipient), "{}", case.name);
                }
            }
            Element::Dropped(DropReason::MachineOpen) => {
                assert!(case.name.contains("proxy"), "{}", case.name);
            }
            Element::Dropped(reason) => {
                assert_eq!(reason, DropReason::NotInterest, "{}", case.name);
                assert!(event != "opened" && event != "clicked", "{}", case.name);
                assert!(!OPT_OUTS.contains(&event), "{}", case.name);
            }
            // Cut down to what its test needed: no time or no address is left.
            Element::Dead(dead) => assert!(CUT_DOWN.contains(&case.name.as_str()), "{}: {dead}", case.name),
        });
    }
    assert_counts(file, &counts, expected);
    println!("{file}: {signals} signals with {} ids", ids.len());
}

#[test]
fn sendgrid_events_are_what_another_project_takes_them_for() {
    let expected = [("answer", 1), ("dropped:not_interest", 7), ("signal", 2)];
    check_provider("esp-sendgrid.json", "sendgrid", 10, &expected);
}

#[test]
fn postmark_events_are_what_another_project_takes_them_for() {
    let expected = [("answer", 2), ("dead:missing_field", 1), ("dropped:not_interest", 4), ("signal", 2)];
    check_provider("esp-postmark.json", "postmark", 9, &expected);
}

#[test]
fn ses_events_are_what_another_project_takes_them_for() {
    let expected = [("dead:missing_field", 1), ("dropped:not_interest", 6), ("signal", 2)];
    check_provider("esp-amazon_ses.json", "ses", 9, &expected);
}

#[test]
fn brevo_events_are_what_another_project_takes_them_for() {
    let expected = [("answer", 3), ("dropped:machine_open", 2), ("dropped:not_interest", 8), ("signal", 3)];
    check_provider("esp-brevo.json", "brevo", 16, &expected);
}
