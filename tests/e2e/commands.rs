//! The four lines of the README, as a person types them.

use std::collections::BTreeMap;
use std::path::Path;

use tempfile::TempDir;

use crate::harness::{Ended, Place, Running, places, winback};

/// A fixed end, where nothing has to fire.
const UNTIL: &str = "2026-01-31T12:00:00Z";

fn call(folder: &Path, log: &str, args: &[&str]) -> Ended {
    let mut all = vec!["--log", log];
    all.extend(args);
    Running::spawn(&mut winback(folder, &all)).ended()
}

fn log_of(place: Place) -> String {
    match place {
        Place::File => "sqlite:try.db".to_owned(),
        Place::Kafka(broker) => broker.url(),
    }
}

#[test]
fn the_four_lines_of_the_readme_do_what_they_say_on_both_logs() {
    let mut shown = Vec::new();
    for place in places("the four lines of the README") {
        let folder = TempDir::new().unwrap();
        let log = log_of(place);
        let winback = |args: &[&str]| call(folder.path(), &log, args);
        winback(&["generate", "--seed", "7", "--accounts", "1000", "--signals", "20000"]).expect(0);
        let ran = winback(&["run", "--until-idle"]).expect(0);
        assert!(ran.out.contains("20,000 records"), "{}", ran.out);
        let triggers = winback(&["triggers", "--json"]).expect(0).json();
        assert!(!triggers.is_empty());
        let account = triggers[0]["account"]["id"].as_str().expect("a trigger names its account").to_owned();
        let told = winback(&["explain", &account]).expect(0);
        assert!(told.out.contains(&account), "{}", told.out);
        let id = triggers[0]["id"].as_str().unwrap();
        winback(&["explain", id]).expect(0).says(&[&account]);
        winback(&["explain", "nobody-of-that-name"]).says(&["nobody-of-that-name"]);
        let accounts: std::collections::BTreeSet<_> =
            triggers.iter().map(|trigger| trigger["account"]["id"].as_str().unwrap().to_owned()).collect();
        println!("{log}: {} triggers of {} accounts", triggers.len(), accounts.len());
        shown.push(accounts.len());
    }
    assert!(
        shown.windows(2).all(|pair| pair[0].abs_diff(pair[1]) * 20 <= pair[0]),
        "about as many on both logs: {shown:?}"
    );
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let file = |entry: std::fs::DirEntry| {
        (entry.file_name().to_string_lossy().into_owned(), std::fs::read(entry.path()).unwrap())
    };
    std::fs::read_dir(folder).unwrap().map(|entry| file(entry.unwrap())).collect()
}

#[test]
fn generate_gives_the_same_bytes_twice_and_others_for_another_seed() {
    let folder = TempDir::new().unwrap();
    let generate = |seed: &str, out: &str| {
        let args = [
            "generate",
            "--seed",
            seed,
            "--accounts",
            "200",
            "--signals",
            "3000",
            "--until",
            UNTIL,
            "--out",
            out,
        ];
        call(folder.path(), "sqlite:unused.db", &args).expect(0);
        files(&folder.path().join(out))
    };
    let (first, second, other) = (generate("7", "a"), generate("7", "b"), generate("8", "c"));
    assert!(first.values().all(|bytes| !bytes.is_empty()) && first.len() >= 5, "{:?}", first.keys());
    assert!(first == second, "the same seed, the same bytes");
    assert_eq!(first.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    assert!(first != other, "another seed, other bytes");
}

#[test]
fn a_reader_that_goes_away_early_is_no_error() {
    let folder = TempDir::new().unwrap();
    let winback = |args: &[&str]| call(folder.path(), "sqlite:try.db", args);
    winback(&["generate", "--accounts", "300", "--signals", "3000", "--until", UNTIL]).expect(0);
    winback(&["run", "--until-idle"]).expect(0);
    let script =
        format!("\"{}\" --log sqlite:try.db decisions --json | head -n 1", env!("CARGO_BIN_EXE_winback"));
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", &format!("set -o pipefail; {script}")]).current_dir(folder.path());
    let ended = Running::spawn(&mut shell).ended().expect(0);
    assert_eq!(ended.out.lines().count(), 1);
    assert!(ended.err.is_empty(), "{}", ended.err);
}

#[test]
fn what_is_read_months_late_fires_nothing_and_is_told() {
    let folder = TempDir::new().unwrap();
    let winback = |args: &[&str]| call(folder.path(), "sqlite:try.db", args);
    winback(&["generate", "--accounts", "300", "--signals", "3000", "--until", UNTIL]).expect(0);
    winback(&["run", "--until-idle"]).expect(0).says(&["warm of late", "triggers --stale"]);
    assert!(
        winback(&["triggers", "--json"]).expect(0).json().is_empty(),
        "nobody is written to about the past"
    );
    let would_be = winback(&["triggers", "--stale", "--json"]).expect(0).json();
    assert!(!would_be.is_empty());
    assert!(would_be.iter().all(|trigger| trigger["account"]["id"].is_string() && trigger["id"].is_string()));
    winback(&["decisions", "--outcome", "stale", "--limit", "1"]).expect(0).says(&["came of a backlog"]);
}

#[test]
fn a_release_tells_whom_it_reaches_and_who_is_nearly_reached() {
    let folder = TempDir::new().unwrap();
    let winback = |args: &[&str]| call(folder.path(), "sqlite:try.db", args);
    let config = "log = \"sqlite:try.db\"\n[sources.releases]\ntopic = \"releases\"\npreset = \"releases\"\n\
                  start = \"earliest\"\n";
    std::fs::write(folder.path().join("winback.toml"), config).unwrap();
    let rows = [("one", "audit log"), ("two", "audit trail"), ("three", "dark mode")].map(|(id, feature)| {
        format!(
            "{{\"account_id\":\"{id}\",\"name\":\"{id} Ltd\",\"churned_at\":\"2026-01-15\",\"reason\":\"product_gap\",\
             \"arr_usd\":20000,\"missing_features\":[\"{feature}\"]}}\n"
        )
    });
    std::fs::write(folder.path().join("accounts.jsonl"), rows.concat()).unwrap();
    let release = "{\"id\":\"r-1\",\"type\":\"feature\",\"title\":\"The audit log\",\"features\":[\"Audit log\"],\
                   \"date\":\"2026-03-01\"}\n";
    std::fs::write(folder.path().join("releases.jsonl"), release).unwrap();
    winback(&["accounts", "import", "accounts.jsonl"]).expect(0);
    winback(&["ingest", "releases", "releases.jsonl"]).expect(0);
    winback(&["run", "--until-idle"]).expect(0);
    let reached = winback(&["releases", "reach", "r-1", "--json"]).expect(0).json();
    let told: Vec<_> = reached
        .iter()
        .map(|one| (one["account"].as_str().unwrap(), one["reach"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [("one", "hears"), ("two", "nearly")]);
    assert_eq!(reached[1]["apart"], serde_json::json!(["log", "trail"]));
    winback(&["releases", "reach", "the audit log"])
        .expect(0)
        .says(&["1 hear of it, 1 nearly", "kept apart by log, trail"]);
    winback(&["releases", "reach", "r-9"]).says(&["r-9"]);
}
