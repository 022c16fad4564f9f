//! A release of ours and a competitor's event in the generated day, which the demo plays, too: each is told to those whom
//! it concerns.

#![expect(clippy::unwrap_used, reason = "a test may stop where its own tools fail")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use winback_core::time::{Span, Time};
use winback_generate::{GenerateSpec, Generator};

const SEED: u64 = 7;
const ACCOUNTS: u64 = 600;
const FEATURE: &str = "audit log";
const RIVAL: &str = "Brightloom";

/// `winback ARGS` over the log of that folder, without an address that another test may have.
fn winback(dir: &Path, args: &[&str]) -> String {
    std::fs::write(dir.join("winback.toml"), "[http]\nlisten = \"\"\n").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_winback"));
    let output = command.current_dir(dir).args(["--log", "sqlite:try.db"]).args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn json(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The ids of the generated accounts for whose row that holds; a row's facts do not depend on the day.
fn those(concerned: impl Fn(&Value) -> bool) -> BTreeSet<String> {
    let spec = GenerateSpec::new(SEED, (ACCOUNTS, 0), Time::from_millis(0), Span::from_days(1), Vec::new());
    let row = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).unwrap();
    let rows: Vec<Value> = Generator::new(&spec).accounts().map(|account| row(account.value)).collect();
    let id = |row: &Value| row["account_id"].as_str().unwrap().to_owned();
    rows.iter().filter(|row| concerned(row)).map(id).collect()
}

fn misses(row: &Value) -> bool {
    row["missing_features"].as_array().is_some_and(|missing| missing.contains(&FEATURE.into()))
}

/// The decisions about signals of a source.
fn decided<'d>(decisions: &'d [Value], source: &str) -> Vec<&'d Value> {
    decisions.iter().filter(|made| made["signal"]["source"] == source).collect()
}

fn accounts<'v>(values: impl IntoIterator<Item = &'v Value>, id: &str) -> BTreeSet<String> {
    values.into_iter().map(|value| value.pointer(id).unwrap().as_str().unwrap().to_owned()).collect()
}

/// True if a signal of that kind, alone or among others, fired the trigger.
fn tells(trigger: &Value, kind: &str) -> bool {
    trigger["evidence"]["items"].as_array().unwrap().iter().any(|item| item["kind"] == kind)
}

/// Each account that an event concerns has one decision about it; who it made fire is among the triggers that tell it, and
/// nobody else is.
fn is_told_to(concerned: &BTreeSet<String>, source: &str, kind: &str, dir: &Path) -> Vec<Value> {
    let decisions = json(&winback(dir, &["decisions", "--json"]));
    let made = decided(&decisions, source);
    assert_eq!((&accounts(made.iter().copied(), "/accountId"), made.len()), (concerned, concerned.len()));
    let fired = |made: &&&Value| made["outcome"] == "led" || made["outcome"] == "escalated";
    let fired = accounts(made.iter().filter(fired).copied(), "/accountId");
    let triggers = json(&winback(dir, &["triggers", "--json"]));
    let telling: Vec<Value> = triggers.into_iter().filter(|trigger| tells(trigger, kind)).collect();
    let told = accounts(&telling, "/account/id");
    assert!(fired.len() > 2 && fired.is_subset(&told), "{fired:?} of {concerned:?}, told {told:?}");
    assert!(told.is_subset(concerned), "told to {:?}", told.difference(concerned));
    telling
}

/// The folder of a day that was generated and run, and what the run said of itself.
fn lived() -> (tempfile::TempDir, Value) {
    let dir = tempfile::tempdir().unwrap();
    let (seed, accounts) = (SEED.to_string(), ACCOUNTS.to_string());
    winback(dir.path(), &["generate", "--seed", &seed, "--accounts", &accounts, "--signals", "3000"]);
    let summary = json(&winback(dir.path(), &["run", "--until-idle", "--json"])).pop().unwrap();
    (dir, summary)
}

/// The text on one line.
fn flat(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_release_is_told_to_those_whose_gap_it_closes_and_to_nobody_else() {
    let (dir, _) = lived();
    let triggers = is_told_to(&those(misses), "releases", "product_release", dir.path());
    assert!(triggers.iter().all(|trigger| trigger["play"] == "gap-closed"), "{triggers:?}");
    let switchers = those(|row| row["competitor"] == RIVAL);
    is_told_to(&switchers, "competitors", "competitor_event", dir.path());

    let title = "The audit log: who changed what, and when";
    let told = flat(&winback(dir.path(), &["triggers"]));
    for part in [title, "Brightloom raises its prices by a third"] {
        assert!(told.contains(part), "{part:?} is not in:\n{told}");
    }
    let account = triggers[0].pointer("/account/id").unwrap().as_str().unwrap();
    let story = flat(&winback(dir.path(), &["explain", account]));
    for part in [title, "missing feature audit log", "play gap-closed"] {
        assert!(story.contains(part), "{part:?} is not in:\n{story}");
    }
}

#[test]
fn what_is_generated_is_counted_whole_and_what_its_events_make_apart() {
    let (dir, summary) = lived();
    assert_eq!((&summary["imbalance"], &summary["broadcasts"]), (&0.into(), &2.into()), "{summary}");
    let decisions = json(&winback(dir.path(), &["decisions", "--json"]));
    let made: usize =
        ["releases", "competitors", "calendar"].iter().map(|source| decided(&decisions, source).len()).sum();
    assert_eq!(summary["made"], made, "{summary}");
    winback(dir.path(), &["verify"]);
}
