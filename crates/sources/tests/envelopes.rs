//! Envelopes: what is inside reaches presets, mappings and filters, and what the envelope says stands beside it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail loudly")]

mod common;

use common::decoder_from;
use winback_sources::{
    Decoder, EachHeader, Element, EnvelopeKind, Incoming, RowFormat, RowReader, SourceRow, WireKind,
};

fn told_with(decoder: &Decoder, headers: &[(&str, &str)], value: &str) -> Vec<String> {
    let each: &EachHeader<'_> = &|visit| {
        headers.iter().for_each(|(name, value)| visit(name, value.as_bytes()));
    };
    let mut told = Vec::new();
    decoder.decode_record(&Incoming { value: value.as_bytes(), headers: each }, &mut |element| {
        told.push(match element {
            Element::Signal(signal) => {
                format!("{} {} {} {}", signal.kind, signal.at, signal.id, signal.detail)
            }
            Element::Answer(answer) => format!("answer:{}", answer.kind),
            Element::Broadcast(event) => format!("broadcast:{}", event.kind),
            Element::Dropped(reason) => format!("dropped:{reason}"),
            Element::Dead(dead) => format!("dead:{}:{:?} {}", dead.reason, dead.index, dead.text),
        });
    });
    told
}

fn told(decoder: &Decoder, value: &str) -> Vec<String> {
    told_with(decoder, &[], value)
}

fn source(rest: &str) -> Decoder {
    decoder_from(&format!("topic = \"t\"\nstart = \"earliest\"\n{rest}"))
}

const VISIT: &str = r#"{"id":"v-1","path":"/pricing","ts":1769860800,"ip":"192.0.2.7"}"#;
const SEEN: &str = "web_visit 2026-01-31T12:00:00Z v-1 /pricing";

#[test]
fn a_cloud_event_is_read_structured_binary_and_in_batches() {
    let web = source("preset = \"web\"\nenvelope = \"cloudevents\"");
    let structured =
        format!(r#"{{"specversion":"1.0","id":"e","type":"visit","source":"/s","data":{VISIT}}}"#);
    assert_eq!(told(&web, &structured), [SEEN]);
    let binary = [("ce_specversion", "1.0"), ("ce_id", "e"), ("content-type", "application/json")];
    assert_eq!(told_with(&web, &binary, VISIT), [SEEN]);
    assert_eq!(told(&web, &format!("[{structured},{{}},{structured}]"))[0], SEEN);
    let batch = told(&web, &format!("[{structured},{{\"specversion\":\"1.0\"}},{{}}]"));
    assert_eq!(batch[..2], [SEEN.to_owned(), "dropped:empty".to_owned()]);
    assert!(batch[2].starts_with("dead:envelope:Some(2) no CloudEvent"), "{batch:?}");
    let text = serde_json::to_string(VISIT).unwrap();
    let within = format!(r#"{{"specversion":"1.0","id":"e","type":"visit","source":"/s","data":{text}}}"#);
    assert_eq!(told(&web, &within), [SEEN], "a document that was written as text");
}

#[test]
fn base64_data_is_read_and_what_is_no_cloud_event_says_so() {
    let web = source("preset = \"web\"\nenvelope = \"cloudevents\"");
    // {"path":"/pricing","id":"v-1","ts":1769860800,"ip":"192.0.2.7"}
    let data = "eyJwYXRoIjoiL3ByaWNpbmciLCJpZCI6InYtMSIsInRzIjoxNzY5ODYwODAwLCJpcCI6IjE5Mi4wLjIuNyJ9";
    assert_eq!(told(&web, &format!(r#"{{"specversion":"1.0","data_base64":"{data}"}}"#)), [SEEN]);
    for (value, expected) in [
        (VISIT, "dead:envelope:None no CloudEvent: neither the header"),
        (r#"{"specversion":"2.0","data":{}}"#, "dead:envelope:None CloudEvents 2.0 is not known here"),
        (r#"{"specversion":"1.0"}"#, "dropped:empty"),
        (r#"{"specversion":"1.0","data":null}"#, "dropped:empty"),
        (r#"{"specversion":"1.0","data_base64":"!"}"#, "dead:envelope:None `data_base64` holds no text"),
        ("[]", "dropped:empty"),
        ("7", "dead:envelope:None the record is no JSON object"),
        ("{", "dead:malformed_json"),
    ] {
        let told = told(&web, value);
        assert!(told.len() == 1 && told[0].starts_with(expected), "{value}: {told:?}");
    }
}

#[test]
fn a_mapping_and_a_filter_find_what_the_envelope_says() {
    let mapping = source(
        "envelope = \"cloudevents\"\n[mapping]\nkind = \"conference\"\nid = \"/_envelope/id\"\nat = \"/_envelope/time\"\nname = \"/co\"",
    );
    let filter = source(
        "envelope = \"cloudevents\"\njq = '{kind: \"conference\", id: ._envelope.id, at: ._envelope.time, name: .co}'",
    );
    let structured = r#"{"specversion":"1.0","id":"e-1","time":"2026-01-31T12:00:00Z","data":{"co":"Acme"}}"#;
    let headers = [("ce_specversion", "1.0"), ("ce_id", "e-1"), ("ce_time", "2026-01-31T12:00:00Z")];
    let expected = "conference 2026-01-31T12:00:00Z e-1 ";
    for decoder in [mapping, filter] {
        assert_eq!(told(&decoder, structured), [expected]);
        assert_eq!(told_with(&decoder, &headers, r#"{"co":"Acme"}"#), [expected]);
    }
}

/// A change of a deals table; the connector's own time differs at each reading.
fn change(op: &str, before: &str, after: &str, read_at: u64) -> String {
    format!(
        r#"{{"before":{before},"after":{after},"source":{{"db":"crm","table":"deals","ts_ms":1769860800000,"lsn":7}},"op":"{op}","ts_ms":{read_at}}}"#
    )
}

const DEALS: &str = "envelope = \"debezium\"\n[mapping]\nkind = \"deal_stage_change\"\nat = \"/_envelope/time\"\n\
    account_id = \"/account\"\nclass = \"/stage\"\ndetail = \"{/_envelope/before/stage} to {/stage}\"\nchanged = [\"/stage\"]";

#[test]
fn a_debezium_change_is_its_row_and_a_delete_is_none() {
    let deals = source(DEALS);
    let (old, new) = (r#"{"account":"A","stage":"lost"}"#, r#"{"account":"A","stage":"open"}"#);
    let update = told(&deals, &change("u", old, new, 1));
    assert_eq!(update.len(), 1);
    assert!(
        update[0].starts_with("deal_stage_change 2026-01-31T12:00:00Z ")
            && update[0].ends_with(" lost to open"),
        "{update:?}"
    );
    let wrapped = format!(r#"{{"schema":{{"type":"struct"}},"payload":{}}}"#, change("u", old, new, 1));
    assert_eq!(told(&deals, &wrapped), update, "with its schema beside it");
    assert_eq!(told(&deals, &change("u", old, new, 2)), update, "read twice by the connector, one event");
    for (record, expected) in [
        (change("c", "null", new, 1), "deal_stage_change"),
        (change("r", "null", new, 1), "dropped:snapshot"),
        (change("u", new, new, 1), "dropped:edited"),
        (change("d", old, "null", 1), "dropped:deleted"),
        (change("t", "null", "null", 1), "dropped:not_interest"),
        (change("x", "null", new, 1), "dead:envelope:None `op` is `x`"),
        (change("u", old, "null", 1), "dead:envelope:None the change has no row"),
        (new.to_owned(), "dead:envelope:None no change event of Debezium"),
        (r#"{"schema":{},"payload":null}"#.to_owned(), "dropped:empty"),
        (String::new(), "dropped:empty"),
    ] {
        let told = told(&deals, &record);
        assert!(told.len() == 1 && told[0].starts_with(expected), "{record}: {told:?}");
    }
}

#[test]
fn a_snapshot_is_no_change_however_often_it_is_read() {
    let deals = source(DEALS);
    let row = r#"{"account":"A","stage":"open"}"#;
    for read_at in [1, 2] {
        assert_eq!(told(&deals, &change("r", "null", row, read_at)), ["dropped:snapshot"]);
        let schema = format!(r#"{{"schema":{{}},"payload":{}}}"#, change("r", "null", row, read_at));
        assert_eq!(told(&deals, &schema), ["dropped:snapshot"]);
    }
    let web = source("preset = \"web\"\nenvelope = \"debezium\"");
    assert_eq!(told(&web, &change("r", "null", VISIT, 1)), ["dropped:snapshot"]);
    assert_eq!(told(&web, &change("c", "null", VISIT, 1)), [SEEN]);
}

#[test]
fn what_a_snapshot_forbids_holds() {
    let answers = source(
        "envelope = \"debezium\"\n[mapping]\nkind = \"email_reply\"\nid = \"/id\"\nat = [\"/said_at\", \"/_envelope/time\"]\n\
         email = \"/email\"\n[mapping.keep]\nfrom = \"/kind\"\n[mapping.keep.values]\nout = \"opted_out\"\nno = \"declined\"",
    );
    let row = |kind: &str, more: &str| {
        change("r", "null", &format!(r#"{{"id":1,"email":"j@acme.io","kind":"{kind}"{more}}}"#), 1)
    };
    let own_time = r#","said_at":"2026-01-30T12:00:00Z""#;
    assert_eq!(told(&answers, &row("out", "")), ["answer:opted_out"]);
    assert_eq!(told(&answers, &row("out", own_time)), ["answer:opted_out"]);
    assert_eq!(told(&answers, &row("no", own_time)), ["answer:declined"]);
    assert_eq!(told(&answers, &row("no", "")), ["dropped:snapshot"], "its time is that of the reading");
}

#[test]
fn a_column_that_the_database_did_not_send_is_as_it_was_and_never_shown() {
    let deals = source(DEALS);
    const GONE: &str = "__debezium_unavailable_value";
    let (open, unsent) =
        (r#"{"account":"A","stage":"open"}"#, format!(r#"{{"account":"A","stage":"{GONE}","sum":9}}"#));
    assert_eq!(told(&deals, &change("u", open, &unsent, 1)), ["dropped:edited"]);
    assert_eq!(
        told(&deals, &change("u", "null", &unsent, 1)),
        ["dropped:edited"],
        "without the row before, too"
    );
    let noted = source(&DEALS.replace("detail = \"", "detail = \"{/note} "));
    let with_note = |note: &str| format!(r#"{{"account":"A","stage":"open","note":{note}}}"#);
    let before = r#"{"account":"A","stage":"lost","note":"call"}"#;
    for placeholder in [
        format!(r#""{GONE}""#),
        r#""X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==""#.to_owned(),
        format!(r#"["{GONE}"]"#),
        format!(r#"{{"{GONE}":"{GONE}"}}"#),
    ] {
        let seen = told(&noted, &change("u", before, &with_note(&placeholder), 1));
        assert!(seen[0].ends_with("call lost to open"), "{seen:?}");
        let unknown = told(&noted, &change("u", "null", &with_note(&placeholder), 1));
        assert!(!unknown[0].contains("debezium") && !unknown[0].contains("X19k"), "{unknown:?}");
    }
}

#[test]
fn a_flag_is_the_same_as_a_number_and_as_a_word() {
    let flags = source(
        "envelope = \"debezium\"\n[mapping]\nkind = \"email_reply\"\nat = \"/_envelope/time\"\nemail = \"/email\"\n\
         changed = [\"/out\"]\n[mapping.keep]\nfrom = \"/out\"\notherwise = \"not_interest\"\n[mapping.keep.values]\ntrue = \"opted_out\"",
    );
    let row = |out: &str| format!(r#"{{"email":"j@acme.io","out":{out}}}"#);
    for yes in ["true", "1", "\"1\"", "\"true\"", "\"t\""] {
        assert_eq!(told(&flags, &change("u", &row("false"), &row(yes), 1)), ["answer:opted_out"], "{yes}");
    }
    for no in ["false", "0", "\"f\"", "null"] {
        assert_eq!(told(&flags, &change("c", "null", &row(no), 1)), ["dropped:not_interest"], "{no}");
    }
    assert_eq!(
        told(&flags, &change("u", &row("true"), &row("1"), 1)),
        ["dropped:edited"],
        "one flag in two forms"
    );
}

#[test]
fn rows_that_the_transform_unwrapped_are_changes_and_heartbeats_are_none() {
    let deals = source(DEALS);
    let row = |more: &str| format!(r#"{{"account":"A","stage":"open"{more}}}"#);
    let at = r#","__source_ts_ms":1769860800000,"__table":"deals""#;
    let wrapped =
        format!(r#"{{"schema":{{}},"payload":{}}}"#, row(&format!(r#","__op":"u","__deleted":"false"{at}"#)));
    for (record, expected) in [
        (row(&format!(r#","__op":"u"{at}"#)), "deal_stage_change 2026-01-31T12:00:00Z"),
        (row(&format!(r#","__deleted":"false"{at}"#)), "deal_stage_change 2026-01-31T12:00:00Z"),
        (wrapped, "deal_stage_change 2026-01-31T12:00:00Z"),
        (row(r#","__op":"c","__ts_ms":1769860800000"#), "deal_stage_change 2026-01-31T12:00:00Z"),
        (row(&format!(r#","__op":"r"{at}"#)), "dropped:snapshot"),
        (row(&format!(r#","__op":"d"{at}"#)), "dropped:deleted"),
        (row(&format!(r#","__op":"u","__deleted":"true"{at}"#)), "dropped:deleted"),
        (row(&format!(r#","__deleted":true{at}"#)), "dropped:deleted"),
        (row(r#","__op":"x""#), "dead:envelope:None `__op` is `x`"),
        (r#"{"ts_ms":1769860800000}"#.to_owned(), "dropped:not_interest"),
        (r#"{"schema":{},"payload":{"ts_ms":1769860800000}}"#.to_owned(), "dropped:not_interest"),
        (
            r#"{"status":"BEGIN","id":"571","event_count":null,"data_collections":null}"#.to_owned(),
            "dropped:not_interest",
        ),
        (
            r#"{"source":{},"databaseName":"crm","ddl":"ALTER TABLE deals"}"#.to_owned(),
            "dropped:not_interest",
        ),
    ] {
        let told = told(&deals, &record);
        assert!(told.len() == 1 && told[0].starts_with(expected), "{record}: {told:?}");
    }
}

/// No value at all.
const NULL: &str = "(null)";

fn row(reader: &RowReader, key: Option<&str>, value: &str) -> String {
    let incoming = Incoming::bare(value.as_bytes());
    match reader.read(key.map(str::as_bytes), (value != NULL).then_some(&incoming)) {
        Ok(SourceRow::Row(row)) => format!("row {}", String::from_utf8_lossy(&row)),
        Ok(SourceRow::Gone(id)) => format!("gone {id}"),
        Ok(SourceRow::Nothing) => "nothing".to_owned(),
        Err(dead) => format!("dead {dead}"),
    }
}

#[test]
fn accounts_come_and_go_as_their_table_changes() {
    let debezium = RowFormat { wire: WireKind::Text, envelope: EnvelopeKind::Debezium };
    let reader = RowReader::new(debezium, None);
    let account = r#"{"account_id":7,"name":"Acme"}"#;
    assert!(
        row(&reader, None, &change("u", "null", account, 1)).ends_with(r#""account_id":7,"name":"Acme"}"#)
    );
    for (key, value, expected) in [
        (None, change("d", account, "null", 1), "gone 7"),
        (Some(r#"{"id":8}"#), change("d", "null", "null", 1), "gone 8"),
        (Some(r#"{"schema":{},"payload":{"customer_no":"C-9"}}"#), NULL.to_owned(), "gone C-9"),
        (Some("plain-10"), NULL.to_owned(), "gone plain-10"),
        (Some("plain-10"), String::new(), "dead malformed_json"),
        (
            Some(r#"{"a":1,"b":2}"#),
            NULL.to_owned(),
            "dead missing_field: the row is gone, and neither it nor its key",
        ),
        (None, change("d", "null", "null", 1), "dead missing_field: the row is gone"),
        (None, change("t", "null", "null", 1), "nothing"),
        (None, "{}".to_owned(), "dead envelope: no change event"),
    ] {
        let told = row(&reader, key, &value);
        assert!(told.starts_with(expected), "{key:?} {value}: {told}");
    }
    let plain = RowReader::new(RowFormat::default(), None);
    assert_eq!(row(&plain, Some("k"), NULL), "gone k", "a tombstone of a plain list");
    assert_eq!(row(&plain, Some("k"), ""), "row ", "an empty row is none, and takes nobody off the list");
    assert_eq!(row(&plain, None, "{}"), "row {}");
}

#[test]
fn what_a_connector_writes_of_itself_is_no_account_and_an_unwrapped_row_is_one() {
    let debezium = RowReader::new(RowFormat { wire: WireKind::Text, envelope: EnvelopeKind::Debezium }, None);
    let plain = RowReader::new(RowFormat::default(), None);
    let server = r#"{"serverName":"crm"}"#;
    let with_schema = r#"{"schema":{},"payload":{"serverName":"crm"}}"#;
    for (key, value) in [
        (Some(server), r#"{"ts_ms":1796070000000}"#),
        (Some(with_schema), r#"{"schema":{},"payload":{"ts_ms":1796070000000}}"#),
        (Some(server), NULL),
        (None, NULL),
    ] {
        assert_eq!(row(&debezium, key, value), "nothing", "{key:?} {value}");
    }
    for value in [
        r#"{"account_id":"d-1","__op":"u","__deleted":"false"}"#,
        r#"{"account_id":"d-1","__deleted":"true"}"#,
    ] {
        assert_eq!(row(&debezium, None, value), format!("row {value}"));
        assert_eq!(row(&plain, None, value), format!("row {value}"));
    }
    for (key, id) in
        [(r#"{"account_id":"d-1"}"#, "d-1"), (r#"{"id":7}"#, "7"), ("\"d-1\"", "d-1"), ("d-1", "d-1")]
    {
        assert_eq!(row(&plain, Some(key), NULL), format!("gone {id}"), "{key}");
    }
}
