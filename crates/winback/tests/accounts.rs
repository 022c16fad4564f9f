//! `accounts` through the command line: what is imported, listed, shown, replaced.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop where its own tools fail")]

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use serde_json::Value;
use winback_log::{Append, SystemClock};
use winback_logs::OpenOptions;
use winback_proto::{Encoding, WireMessage as _, account};
use winback_registrar::{Row, read_row};

fn winback(dir: &Path, arguments: &[&str]) -> Output {
    let binary = env!("CARGO_BIN_EXE_winback");
    let arguments = ["--log", "sqlite:try.db", "--json"].iter().chain(arguments);
    Command::new(binary).args(arguments).current_dir(dir).stdin(std::process::Stdio::null()).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn row(id: &str, name: &str) -> String {
    format!(
        r#"{{"account_id":"{id}","name":"{name}","domains":["{id}.example"],"contacts":["jane@{id}.example"],"churned_at":"2026-01-31","reason":"product_gap"}}"#
    )
}

/// Takes rows in as the registrar does.
fn register(dir: &Path, rows: &[String]) {
    let url = format!("sqlite:{}", dir.join("try.db").display());
    let log = winback_logs::open(&url, Arc::new(SystemClock), &OpenOptions::default()).unwrap();
    let mut writer = log.writer().unwrap();
    for row in rows {
        let Ok(Row::Put(put, _)) = read_row(row.as_bytes(), 7) else { panic!("{row}") };
        let value = account::to_wire(&put).to_bytes(Encoding::Protobuf);
        let (key, value) = (Some(put.id.as_str().as_bytes()), Some(value.as_slice()));
        writer
            .append(&Append {
                topic: "winback.accounts",
                partition: None,
                key,
                value,
                headers: &[],
                timestamp: None,
            })
            .unwrap();
    }
    writer.flush().unwrap();
}

#[test]
fn good_rows_are_taken_and_bad_ones_told_with_their_line() {
    let dir = tempfile::tempdir().unwrap();
    let rows = format!("{}\n{{\"account_id\":\"b\"}}\n\n{}\n", row("a", "A"), row("c", "C"));
    std::fs::write(dir.path().join("rows.jsonl"), rows).unwrap();
    let output = winback(dir.path(), &["accounts", "import", "rows.jsonl"]);
    assert_eq!(output.status.code(), Some(4), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("line 2: `churned_at` is missing")
            || stderr(&output).contains("line 2: `reason` is missing"),
        "{}",
        stderr(&output)
    );
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((told["written"].as_u64(), told["left_out"].as_u64()), (Some(2), Some(1)));
    let output = winback(dir.path(), &["accounts", "list"]);
    assert!(
        output.status.success() && stderr(&output).contains("2 rows wait in `accounts`"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_spreadsheet_is_a_list_too() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("rows.csv"),
        "id,name,domain,churn_date,reason,arr\na,Acme,acme.example,2026-01-31,competitor,\"$84,000\"\n",
    )
    .unwrap();
    let output = winback(dir.path(), &["accounts", "import", "rows.csv"]);
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn accounts_are_listed_and_shown_without_their_contacts() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("none.jsonl"), "").unwrap();
    assert!(winback(dir.path(), &["accounts", "import", "none.jsonl"]).status.success());
    register(dir.path(), &[row("a", "A"), row("b", "B"), row("a", "A2")]);
    let listed = winback(dir.path(), &["accounts", "list"]);
    let lines: Vec<Value> = String::from_utf8(listed.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.iter().map(|line| line["name"].as_str().unwrap()).collect::<Vec<_>>(), ["A2", "B"]);
    let shown: Value =
        serde_json::from_slice(&winback(dir.path(), &["accounts", "show", "b"]).stdout).unwrap();
    assert_eq!(shown["contacts"][0]["emailSha256"].as_str().unwrap().len(), 8, "{shown}");
    let absent = winback(dir.path(), &["accounts", "show", "nobody"]);
    assert_eq!(absent.status.code(), Some(4));
    assert!(stderr(&absent).contains("nobody"));
}

#[test]
fn a_replaced_list_is_asked_for_and_says_what_changes() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("all.jsonl"),
        format!("{}\n{}\n{}\n", row("a", "A"), row("b", "B"), row("c", "C")),
    )
    .unwrap();
    std::fs::write(dir.path().join("less.jsonl"), format!("{}\n{}\n", row("a", "A"), row("b", "Bee")))
        .unwrap();
    std::fs::write(dir.path().join("bad.jsonl"), format!("{}\n{{}}\n", row("a", "A"))).unwrap();
    std::fs::write(dir.path().join("none.jsonl"), "").unwrap();
    assert!(winback(dir.path(), &["accounts", "import", "none.jsonl"]).status.success());
    register(dir.path(), &[row("a", "A"), row("b", "B")]);
    assert!(winback(dir.path(), &["accounts", "import", "all.jsonl"]).status.success(), "c is pending");

    let asked = winback(dir.path(), &["accounts", "import", "less.jsonl", "--replace"]);
    let text = stderr(&asked);
    assert_eq!(asked.status.code(), Some(2), "{text}");
    for part in ["0 added", "1 changed: b", "1 removed: c", "--yes"] {
        assert!(text.contains(part), "{text}");
    }
    for file in ["bad.jsonl", "none.jsonl"] {
        let refused = winback(dir.path(), &["accounts", "import", file, "--replace", "--yes"]);
        assert_eq!(refused.status.code(), Some(4), "{}", stderr(&refused));
        assert!(stderr(&refused).contains("nothing was written"));
    }
    let done = winback(dir.path(), &["accounts", "import", "less.jsonl", "--replace", "--yes"]);
    assert!(done.status.success(), "{}", stderr(&done));
    let told: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!((told["written"].as_u64(), told["removed"].as_u64()), (Some(2), Some(1)));
    let again = winback(dir.path(), &["accounts", "import", "less.jsonl", "--replace"]);
    assert!(again.status.success(), "nothing is left to remove: {}", stderr(&again));
}

fn write(dir: &Path, name: &str, text: &[u8]) {
    std::fs::write(dir.join(name), text).unwrap();
}

/// The exit code of an import, its remarks and its result.
fn import(dir: &Path, arguments: &[&str]) -> (i32, String, Value) {
    let all: Vec<&str> = ["accounts", "import"].iter().chain(arguments).copied().collect();
    let output = winback(dir, &all);
    let told = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code().unwrap(), stderr(&output), told)
}

const HEADER: &str = "account_id,name,domains,churned_at,reason,arr_usd\n";

#[test]
fn amounts_and_dates_that_can_mean_two_things_are_refused_with_line_and_form() {
    let dir = tempfile::tempdir().unwrap();
    let rows = [
        "x-1,Whole,x1.example,2026-03-01,unknown,12000",
        "x-2,Grouped,x2.example,2026-03-01,unknown,\"12.000,00\"",
        "x-3,Point,x3.example,2026-03-01,unknown,12.000",
        "x-4,Comma,x4.example,2026-03-01,unknown,\"120,50\"",
        "x-5,Power,x5.example,2026-03-01,unknown,1.2E+04",
        "x-6,Letter,x6.example,2026-03-01,unknown,$12k",
        "x-7,Unquoted,x7.example,2026-03-01,unknown,12,000",
        "x-8,Low,x8.example,2026-03-01,unknown,120",
        "x-9,Missing,x9.example,2026-03-01,unknown,",
        "x-10,Serial,x10.example,46082,unknown,12000",
        "x-11,Compact,x11.example,20260301,unknown,12000",
        "x-12,Next,x12.example,2126-03-01,unknown,12000",
        "x-13,Zero,x13.example,1900-01-00,unknown,12000",
    ];
    write(dir.path(), "rows.csv", format!("{HEADER}{}\n", rows.join("\n")).as_bytes());
    let (code, text, told) = import(dir.path(), &["rows.csv"]);
    assert_eq!(code, 4, "{text}");
    assert_eq!((told["written"].as_u64(), told["left_out"].as_u64()), (Some(4), Some(9)), "{text}");
    for part in [
        "line 4, column 6: `arr_usd` is \"12.000\": a point with three digits",
        "line 5, column 6: `arr_usd` is \"120,50\"",
        "line 6, column 6: `arr_usd` is \"1.2E+04\"",
        "line 7, column 6: `arr_usd` is \"$12k\"",
        "line 8: it has 7 fields, and the header has 6 columns",
        "line 9: `arr_usd` is 120, below $1,000 a year",
        "line 10: `arr_usd` is missing",
        "line 11, column 4: `churned_at` is \"46082\": it looks like 2026-03-01",
        "line 12, column 4: `churned_at` is \"20260301\": it looks like 2026-03-01",
        "line 13, column 4: `churned_at` is \"2126-03-01\": the year 2126",
        "line 14, column 4",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn many_rows_below_the_least_tier_are_counted_with_their_lines() {
    let dir = tempfile::tempdir().unwrap();
    let rows: String = (0..40).map(|at| format!("x-{at},N,x{at}.example,2026-03-01,unknown,5\n")).collect();
    write(dir.path(), "rows.csv", format!("{HEADER}{rows}").as_bytes());
    let (code, text, _) = import(dir.path(), &["rows.csv"]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("line 21: `arr_usd` is 5") && !text.contains("line 22: "), "{text}");
    assert!(
        text.contains("20 more rows say less than $1,000 a year") && text.contains("lines 22, 23, "),
        "{text}"
    );
}

#[test]
fn an_unknown_column_is_named_and_stops_the_import_unless_it_is_to_be_ignored() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "rows.csv", b"account_id,churned_at,reason,arr_usd,Dont_Contact,Industry\nu-1,2026-03-01,unknown,9000,true,Steel\n");
    let (code, text, told) = import(dir.path(), &["rows.csv"]);
    assert_eq!((code, &told), (2, &Value::Null), "{text}");
    for part in [
        "the column `Dont_Contact` is not known: did you mean `do_not_contact`?",
        "it looks like a prohibition, and 1 account would not be kept out by it",
        "the column `Industry` is not known",
        "nothing was written",
        "--ignore-unknown",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let (code, text, told) = import(dir.path(), &["rows.csv", "--ignore-unknown"]);
    assert_eq!((code, told["written"].as_u64()), (0, Some(1)), "{text}");
    assert!(
        text.contains("the column `Dont_Contact` is ignored") && text.contains("looks like a prohibition"),
        "{text}"
    );
}

#[test]
fn columns_of_a_crm_are_named_in_the_config() {
    let dir = tempfile::tempdir().unwrap();
    let config = "[accounts.mapping]\npreset = \"salesforce\"\nchurned_at = \"Lost On\"\narr_usd = \"ACV\"\n\
                  reason = \"Loss\"\nignore = [\"Region\"]\n[accounts.mapping.reasons]\n\"No budget\" = \"budget_freeze\"\n";
    write(dir.path(), "winback.toml", config.as_bytes());
    let rows = "Account ID;Account Name;Lost On;Loss;ACV;Region;Billing City;Email;Email Opt Out\n\
                s-1;Plow;2026-03-01;No budget;12000;EU;Rome;mira@plow.example;1\n\
                s-1;Plow;2026-03-01;No budget;12000;EU;Rome;kim@plow.example;0\n";
    write(dir.path(), "rows.csv", rows.as_bytes());
    let (code, text, told) = import(dir.path(), &["rows.csv", "--dry-run"]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(told["rows"], 1);
    assert!(winback(dir.path(), &["accounts", "import", "rows.csv"]).status.success());
    assert!(winback(dir.path(), &["run", "--until-idle", "--role", "registrar"]).status.success());
    let shown: Value =
        serde_json::from_slice(&winback(dir.path(), &["accounts", "show", "s-1"]).stdout).unwrap();
    assert_eq!((&shown["name"], &shown["reasonDetail"]), (&"Plow".into(), &"budget_freeze".into()));
    let out: Vec<_> =
        shown["contacts"].as_array().unwrap().iter().map(|contact| contact["optedOut"] == true).collect();
    assert_eq!(out, [true, false]);
}

/// The account as the list has it, once the registrar has taken in what waits.
fn taken(dir: &Path, id: &str) -> Value {
    let run = winback(dir, &["run", "--until-idle", "--role", "registrar"]);
    assert!(run.status.success(), "{}", stderr(&run));
    serde_json::from_slice(&winback(dir, &["accounts", "show", id]).stdout).unwrap()
}

#[test]
fn a_prohibition_stays_until_a_row_says_that_it_goes() {
    let dir = tempfile::tempdir().unwrap();
    let head = "account_id,churned_at,reason,arr_usd";
    write(
        dir.path(),
        "1.csv",
        format!("{head},do_not_contact,consent\np-1,2026-03-01,unknown,9000,true,no\n").as_bytes(),
    );
    write(dir.path(), "2.csv", format!("{head}\np-1,2026-03-01,unknown,12000\n").as_bytes());
    write(
        dir.path(),
        "3.csv",
        format!("{head},do_not_contact,consent\np-1,2026-03-01,unknown,12000,false,\n").as_bytes(),
    );
    assert_eq!(import(dir.path(), &["1.csv"]).0, 0);
    assert_eq!(taken(dir.path(), "p-1")["doNotContact"], true);
    assert_eq!(import(dir.path(), &["2.csv"]).0, 0);
    let second = taken(dir.path(), "p-1");
    assert_eq!(
        (&second["doNotContact"], &second["consent"], &second["arrUsd"]),
        (&true.into(), &false.into(), &"12000".into())
    );
    let (code, text, _) = import(dir.path(), &["3.csv", "--replace"]);
    assert_eq!(code, 2, "it asks before it lifts: {text}");
    assert!(text.contains("1 no longer marked do_not_contact: p-1"), "{text}");
    assert_eq!(import(dir.path(), &["3.csv", "--replace", "--yes"]).0, 0);
    let third = taken(dir.path(), "p-1");
    assert_eq!((&third["doNotContact"], &third["consent"]), (&Value::Null, &false.into()), "{third}");
}

#[test]
fn an_account_that_is_in_a_file_twice_is_one_with_all_its_rows_or_refused_with_both_lines() {
    let dir = tempfile::tempdir().unwrap();
    let rows = "account_id,churned_at,reason,arr_usd,email,do_not_contact\n\
                t-1,2026-03-01,unknown,9000,mira@t1.example,\n\
                t-2,2026-03-01,unknown,9000,lee@t2.example,\n\
                t-1,2026-03-01,unknown,9000,kim@t1.example,true\n\
                t-2,2026-03-01,unknown,8000,ana@t2.example,\n";
    write(dir.path(), "rows.csv", rows.as_bytes());
    let (code, text, told) = import(dir.path(), &["rows.csv"]);
    assert_eq!((code, told["written"].as_u64(), told["left_out"].as_u64()), (4, Some(1), Some(2)), "{text}");
    assert!(
        text.contains(
            "lines 3, 5: the account `t-2` is there 2 times, and they say different things in `arr_usd`"
        ),
        "{text}"
    );
    let one = taken(dir.path(), "t-1");
    assert_eq!((one["contacts"].as_array().map(Vec::len), &one["doNotContact"]), (Some(2), &true.into()));
    assert_eq!(winback(dir.path(), &["accounts", "show", "t-2"]).status.code(), Some(4), "never half of it");
}

#[test]
fn a_dry_run_shows_what_would_be_taken_and_writes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let rows: String = (0..12)
        .map(|at| {
            format!(
                "r-{at},Co {at},{}.example,2026-03-01,unknown,9000\n",
                if at < 4 { "shared".to_owned() } else { format!("own{at}") }
            )
        })
        .collect();
    write(dir.path(), "rows.csv", format!("{HEADER}{rows}r-12,Bad,b.example,soon,unknown,1\n").as_bytes());
    let (code, text, told) = import(dir.path(), &["rows.csv", "--dry-run"]);
    assert_eq!((code, told["rows"].as_u64(), told["left_out"].as_u64()), (4, Some(12), Some(1)), "{text}");
    assert!(text.contains("line 14, column 4: `churned_at` is \"soon\""), "{text}");
    assert_eq!(told["first"][0]["name"], "Co 0");
    let shared = &told["repeated"][0];
    assert_eq!(
        (&shared["column"], &shared["value"], &shared["accounts"]),
        (&"domain".into(), &"shared.example".into(), &4.into())
    );
    assert_eq!(told["constant"][0]["column"], "churned_at");
    let output = Command::new(env!("CARGO_BIN_EXE_winback"))
        .args(["--log", "sqlite:try.db", "accounts", "import", "rows.csv", "--dry-run"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    let page = String::from_utf8(output.stdout).unwrap();
    for part in [
        "r-0  Co 0",
        "the domain shared.example is that of 4 accounts (r-0, r-1, r-2, …)",
        "is it the right column?",
        "12 rows would be written, 1 row left out",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let listed = winback(dir.path(), &["accounts", "list"]);
    assert!(!stderr(&listed).contains("wait in"), "{}", stderr(&listed));
}

#[test]
fn a_file_is_read_where_what_it_is_is_certain_and_else_refused_with_what_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let text = "Account_ID;name;Churned_At;reason;arr_usd\nf-1;Plövdell;2026-03-01;unknown;9000\n";
    let utf_16: Vec<u8> =
        std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    write(dir.path(), "semi.csv", text.as_bytes());
    write(dir.path(), "tab.tsv", text.replace(';', "\t").as_bytes());
    write(dir.path(), "wide.csv", &utf_16);
    write(dir.path(), "latin.csv", &latin);
    write(dir.path(), "book.csv", b"PK\x03\x04....");
    write(dir.path(), "twice.csv", b"account_id,name,name\nf-1,A,B\n");
    let packed = Command::new("gzip").args(["-k", "semi.csv"]).current_dir(dir.path()).status();
    if packed.is_ok_and(|status| status.success()) {
        assert_eq!(import(dir.path(), &["semi.csv.gz"]).0, 0);
    }
    for file in ["semi.csv", "tab.tsv", "wide.csv"] {
        let (code, text, told) = import(dir.path(), &[file]);
        assert_eq!((code, told["written"].as_u64()), (0, Some(1)), "{file}: {text}");
    }
    let (code, text, _) = import(dir.path(), &["latin.csv"]);
    assert_eq!(code, 4, "{text}");
    assert!(text.contains("line 2: byte 0xf6 after") && text.contains("--encoding windows-1252"), "{text}");
    assert_eq!(import(dir.path(), &["latin.csv", "--encoding", "windows-1252"]).0, 0);
    assert_eq!(taken(dir.path(), "f-1")["name"], "Plövdell");
    for (file, part) in [
        ("book.csv", "workbook: save the sheet as CSV"),
        ("twice.csv", "`name` twice, in column 2 and in column 3"),
    ] {
        let (code, text, _) = import(dir.path(), &[file]);
        assert!((1..=2).contains(&code) && text.contains(part), "{file}: {code} {text}");
    }
}

#[test]
fn who_opted_out_is_shown_whoever_said_so() {
    let dir = tempfile::tempdir().unwrap();
    let row = r#"{"account_id":"o-1","name":"Out","contacts":[{"email":"mira@o1.example","role":"CTO"},{"email":"kim@o1.example"}],"churned_at":"2026-03-01","reason":"unknown","arr_usd":9000}"#;
    write(dir.path(), "rows.jsonl", row.as_bytes());
    write(
        dir.path(),
        "winback.toml",
        b"[sources.responses]\ntopic = \"winback.responses\"\npreset = \"responses\"\nstart = \"earliest\"\n",
    );
    let answer = r#"{"id":"r-1","email":"mira@o1.example","kind":"opted_out","time":"2026-04-30T10:00:00Z"}"#;
    write(dir.path(), "answers.jsonl", answer.as_bytes());
    assert_eq!(import(dir.path(), &["rows.jsonl"]).0, 0);
    assert!(winback(dir.path(), &["ingest", "responses", "answers.jsonl"]).status.success());
    let run = winback(dir.path(), &["run", "--until-idle"]);
    assert!(run.status.success(), "{}", stderr(&run));
    let shown: Value =
        serde_json::from_slice(&winback(dir.path(), &["accounts", "show", "o-1"]).stdout).unwrap();
    let out: Vec<_> =
        shown["contacts"].as_array().unwrap().iter().map(|contact| contact["optedOut"] == true).collect();
    assert_eq!(out, [true, false], "{shown}");
    let page = Command::new(env!("CARGO_BIN_EXE_winback"))
        .args(["--log", "sqlite:try.db", "accounts", "show", "o-1"])
        .current_dir(dir.path())
        .output()
        .unwrap();
    let page = String::from_utf8(page.stdout).unwrap();
    assert!(page.contains("(CTO) opted out") && page.contains("1 person opted out"), "{page}");
}

#[test]
fn an_erased_account_that_is_imported_again_is_said_to_be_kept_out() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "rows.jsonl", format!("{}\n{}\n", row("e-1", "E"), row("e-2", "F")).as_bytes());
    assert_eq!(import(dir.path(), &["rows.jsonl"]).0, 0);
    taken(dir.path(), "e-1");
    assert!(winback(dir.path(), &["run", "--until-idle"]).status.success());
    let erased = winback(dir.path(), &["erase", "e-1", "--yes"]);
    assert!(erased.status.success(), "{}", stderr(&erased));
    let (code, text, told) = import(dir.path(), &["rows.jsonl"]);
    assert_eq!((code, told["written"].as_u64(), told["kept_out"].as_u64()), (4, Some(1), Some(1)), "{text}");
    assert!(text.contains("line 1: the account was erased") && text.contains("it is kept out"), "{text}");
    let shown = winback(dir.path(), &["accounts", "show", "e-1"]);
    assert!(stderr(&shown).contains("was erased, and is kept out"), "{}", stderr(&shown));
}
