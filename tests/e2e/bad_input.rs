//! Mistakes of a person or a producer: a clear error or a dead letter, and nobody else's burst moves.

use serde_json::json;

use crate::harness::{Deployment, Facts, Place, Shape, Source, difference, places, utf8};

const WEB: Source = Source { name: "web", preset: "web" };

fn on_a_file() -> Deployment {
    Deployment::new(Place::File, &[WEB], Shape::ONE)
}

#[test]
fn a_config_that_is_wrong_names_the_key_the_value_and_the_fix() {
    for (toml, parts) in [
        (
            "[sources.more]\ntopic = \"t\"\npresett = \"web\"\nstart = \"earliest\"",
            &["winback.toml", "presett", "`preset`"][..],
        ),
        ("[sources.more]\ntopic = \"t\"\npreset = \"segmnt\"\nstart = \"earliest\"", &["segmnt", "segment"]),
        (
            "[sources.more]\ntopic = \"t\"\npreset = \"web\"\nstart = \"begin\"",
            &["winback.toml", "begin", "earliest"],
        ),
        ("[worker]\nstale_after = \"2\"", &["winback.toml", "line", "stale_after", "`2`", "30m"]),
        ("[loging]\nfilter = \"info\"", &["winback.toml", "loging", "`logging`"]),
    ] {
        let deployment = on_a_file();
        deployment.also(toml);
        for args in [&["config", "check"][..], &["run", "--until-idle"]] {
            deployment.call(args).expect(2).says(parts);
        }
    }
}

#[test]
fn a_policy_that_is_wrong_names_the_key_the_value_and_the_fix() {
    for (toml, parts) in [
        ("name = \"default\"\nquiet = \"2h\"\nmax_wait = \"1h\"", &["max_wait", "1h", "quiet (2h)"][..]),
        ("name = \"default\"\nquiet = \"30\"", &["quiet", "30m"]),
        ("name = \"default\"\nquite = \"30m\"", &["quite", "`quiet`"]),
    ] {
        let deployment = on_a_file();
        deployment.write("policies/default.toml", toml.as_bytes());
        let text = std::fs::read_to_string(deployment.path("winback.toml")).unwrap();
        deployment.write("winback.toml", format!("policies_dir = \"policies\"\n{text}").as_bytes());
        for args in [&["config", "check"][..], &["run", "--until-idle"]] {
            deployment.call(args).expect(2).says(parts).says(&["default.toml"]);
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let deployment = on_a_file();
    for args in [&["ingest", "web", "nowhere.jsonl"][..], &["accounts", "import", "nowhere.jsonl"]] {
        let ended = deployment.call(args).says(&["nowhere.jsonl"]);
        assert!(matches!(ended.code, Some(1..=3)), "{ended:?}");
    }
    deployment.call(&["--config", "nowhere.toml", "triggers"]).expect(2).says(&["nowhere.toml"]);
    deployment.call(&["ingest", "wbe", "nowhere.jsonl"]).expect(2).says(&["wbe", "web"]);
}

#[test]
fn a_row_that_is_no_account_is_told_and_the_others_are_taken() {
    let deployment = on_a_file();
    let rows = "{\"account_id\":\"a\",\"churned_at\":\"2025-01-01\",\"reason\":\"product_gap\"}\n{\"account_id\":\"b\"}\n{\"acc";
    let file = deployment.write("rows.jsonl", rows.as_bytes());
    deployment.call(&["accounts", "import", utf8(&file), "--yes"]).expect(4).says(&["churned_at"]);
    deployment.run();
    let listed = deployment.ok(&["accounts", "list", "--json"]).json();
    assert_eq!(listed.len(), 1, "{listed:?}");
    deployment.ok(&["accounts", "show", "a"]).says(&["product_gap"]);
}

fn visit(id: &str, time: &str) -> Vec<u8> {
    json!({ "id": id, "url": "https://us.example/pricing", "domain": "acme.io", "time": time })
        .to_string()
        .into_bytes()
}

/// The records and the reason of the dead letter that each becomes; none for a good one.
fn records() -> Vec<(&'static str, Vec<u8>, Option<&'static str>)> {
    let day = "2026-01-10T12:00:00Z";
    let nested = [vec![b'['; 100_000], vec![b']'; 100_000]].concat();
    let large = [br#"{"id":"large","pad":""#.to_vec(), vec![b'x'; 10_000_000], br#""}"#.to_vec()].concat();
    let good = visit("good", day);
    vec![
        ("good", good.clone(), None),
        ("truncated", good[..good.len() / 2].to_vec(), Some("malformed_json")),
        ("deeply nested", nested, Some("too_deep")),
        ("10 MB", large, Some("too_large")),
        ("NUL bytes", [&good[..10], &[0, 0], &good[10..]].concat(), Some("malformed_json")),
        ("a byte order mark", [&b"\xef\xbb\xbf"[..], &visit("bom", day)].concat(), None),
        ("year 2099", visit("future", "2099-01-01T00:00:00Z"), Some("future")),
        ("epoch 0", visit("zero", "1970-01-01T00:00:00Z"), Some("bad_time")),
        ("no time", visit("none", "yesterday"), Some("bad_time")),
        ("protobuf of another type", b"\x08\x96\x01\x12\x07testing\xff".to_vec(), Some("bad_encoding")),
    ]
}

fn told(place: Place, records: &[Vec<u8>]) -> (Deployment, Facts) {
    let deployment = Deployment::new(place, &[WEB], Shape::ONE);
    deployment.without_calendar();
    deployment.import(&[json!({
        "account_id": "acme", "name": "Acme", "domain": "acme.io", "churned_at": "2025-06-01",
        "reason": "product_gap", "arr_usd": 84_000,
    })]);
    let file = deployment.write("visits.jsonl", &records.join(&b'\n'));
    deployment.ok(&["ingest", "web", utf8(&file), "--format", "jsonl"]);
    let summary = deployment.run();
    assert_eq!((summary.records["web"], summary.imbalance), (records.len() as u64, 0));
    let facts = Facts::of(&deployment);
    (deployment, facts)
}

#[test]
fn records_that_cannot_be_understood_are_dead_letters_and_move_nobody_elses_burst() {
    let all = records();
    let bytes: Vec<_> = all.iter().map(|(_, bytes, _)| bytes.clone()).collect();
    let good: Vec<_> =
        all.iter().filter(|(_, _, reason)| reason.is_none()).map(|(_, bytes, _)| bytes.clone()).collect();
    for place in places("records that cannot be understood") {
        let (deployment, facts) = told(place, &bytes);
        for (what, bytes, reason) in &all {
            let Some(reason) = reason else { continue };
            // A record of 10 MB is kept whole or by its head; the others are kept whole.
            let kept = |letter: &&winback_proto::v1::DeadLetter| {
                letter.size == bytes.len() as u64
                    && bytes.starts_with(&letter.value)
                    && !letter.value.is_empty()
            };
            let letter = facts.dead.iter().find(kept).unwrap_or_else(|| panic!("{what} is no dead letter"));
            assert_eq!(letter.reason, *reason, "{what}: {}", letter.text);
            assert!(!letter.text.is_empty());
        }
        assert_eq!(facts.dead.len(), all.len() - good.len());
        let (_, without) = told(place, &good);
        assert_eq!(facts.triggers.len(), 2, "at once, and the update at the burst's end");
        assert_eq!(
            difference(&without.triggers, &facts.triggers),
            None,
            "triggers with and without the bad records"
        );
        deployment.ok(&["dead-letters", "list", "--reason", "future"]).says(&["future"]);
    }
}
