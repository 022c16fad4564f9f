//! Holds and answers as a person gives them, through the binary, on a file.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use winback_core::time::Span;
use winback_log::{Clock as _, SystemClock};

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36";

fn winback(dir: &Path, args: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_winback"));
    command.current_dir(dir).args(["--log", "sqlite:try.db"]).args(args);
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    text(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A deployment with the accounts `acc-0` to `acc-4`, each with a contact of its own, and plain web visits.
struct Deployment(tempfile::TempDir);

impl Deployment {
    fn new() -> Self {
        let deployment = Self(tempfile::tempdir().unwrap());
        let config =
            "[http]\nlisten = \"\"\n[sources.web]\ntopic = \"web\"\npreset = \"web\"\nstart = \"earliest\"\n";
        std::fs::write(deployment.0.path().join("winback.toml"), config).unwrap();
        let account = |at: usize| {
            json!({
                "account_id": format!("acc-{at}"), "name": format!("Northwind {at}"), "arr_usd": 20_000,
                "churned_at": "2025-03-01", "reason": "product_gap", "contacts": [email(at)],
            })
        };
        let rows: Vec<String> = (0..5).map(|at| account(at).to_string()).collect();
        std::fs::write(deployment.0.path().join("accounts.jsonl"), rows.join("\n")).unwrap();
        deployment.call(&["accounts", "import", "accounts.jsonl", "--yes"], "");
        deployment
    }

    fn call(&self, args: &[&str], input: &str) -> Output {
        winback(self.0.path(), args, input)
    }

    fn ingest(&self, source: &str, records: &[Value]) {
        let text: Vec<String> = records.iter().map(Value::to_string).collect();
        self.call(&["ingest", source, "-", "--format", "jsonl"], &text.join("\n"));
    }

    /// Somebody of that account looks at the prices.
    fn visit(&self, account: usize, id: &str) {
        let time = SystemClock.now().to_string();
        let agent = BROWSER;
        self.ingest(
            "web",
            &[json!({"id": id, "path": "/pricing", "email": email(account), "user_agent": agent, "time": time})],
        );
    }

    fn answer(&self, who: &Value, kind: &str, id: &str) {
        let mut answer = json!({"id": id, "kind": kind, "time": SystemClock.now().to_string()});
        answer.as_object_mut().unwrap().extend(who.as_object().unwrap().clone());
        self.ingest("responses", &[answer]);
    }

    fn decide(&self) -> Value {
        let out = self.call(&["--json", "run", "--role", "registrar,matcher,detector", "--until-idle"], "");
        lines(&out).pop().unwrap()
    }

    fn triggers(&self, account: usize) -> usize {
        lines(&self.call(&["--json", "triggers", "--account", &format!("acc-{account}")], "")).len()
    }

    /// Outcome and gate of the account's signals, in order.
    fn decisions(&self, account: usize) -> Vec<(String, String)> {
        let word = |line: &Value, key: &str| line[key].as_str().unwrap_or_default().to_owned();
        let lines = lines(&self.call(&["--json", "decisions", "--account", &format!("acc-{account}")], ""));
        lines.iter().map(|line| (word(line, "outcome"), word(line, "because"))).collect()
    }
}

fn email(account: usize) -> String {
    format!("jane@northwind{account}.example")
}

fn gated(by: &str) -> (String, String) {
    ("gated".to_owned(), by.to_owned())
}

#[test]
fn from_a_hold_on_nothing_starts_until_it_is_released_and_nothing_comes_twice() {
    let deployment = Deployment::new();
    deployment.visit(0, "v-0");
    deployment.decide();
    assert_eq!(deployment.triggers(0), 1, "without a hold it fires");

    deployment.call(&["hold", "--by", "dana", "--why", "a wrong price"], "");
    let held = text(&deployment.call(&["holds"], ""));
    assert!(
        held.contains("all policies") && held.contains("dana") && held.contains("a wrong price"),
        "{held}"
    );
    deployment.visit(1, "v-1");
    deployment.decide();
    assert_eq!((deployment.triggers(1), deployment.decisions(1)), (0, vec![gated("hold")]));

    deployment.call(&["release", "--by", "dana"], "");
    assert_eq!(text(&deployment.call(&["holds"], "")), "");
    deployment.visit(2, "v-2");
    deployment.decide();
    let fired = [0, 1, 2].map(|account| deployment.triggers(account));
    assert_eq!(fired, [1, 0, 1], "what the hold stopped is not made up for");

    deployment.call(&["hold", "--policy", "default"], "");
    deployment.visit(3, "v-3");
    deployment.decide();
    assert_eq!(deployment.decisions(3), [gated("hold")]);
}

#[test]
fn a_hold_on_a_policy_that_nobody_has_is_refused_with_the_nearest_one() {
    let deployment = Deployment::new();
    deployment.decide();
    let mut command = Command::new(env!("CARGO_BIN_EXE_winback"));
    command.current_dir(deployment.0.path()).args(["--log", "sqlite:try.db", "hold", "--policy", "defualt"]);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("defualt") && said.contains("`default`"), "{said}");
}

#[test]
fn an_answer_gates_what_comes_after_it_and_is_counted() {
    let deployment = Deployment::new();
    deployment.answer(&json!({"email": email(0)}), "opted_out", "r-0");
    deployment.answer(&json!({"account_id": "acc-1"}), "declined", "r-1");
    deployment.answer(&json!({"account_id": "acc-1"}), "declined", "r-1");
    deployment.answer(&json!({"account_id": "acc-2"}), "reactivated", "r-2");
    deployment.answer(&json!({"account_id": "acc-3"}), "replied", "r-3");
    deployment.answer(&json!({"email": "nobody@elsewhere.example"}), "opted_out", "r-4");
    let first = deployment.decide();
    assert_eq!((first["unmatched"].as_u64(), first["imbalance"].as_u64()), (Some(1), Some(0)), "{first}");
    (0..4).for_each(|account| deployment.visit(account, "v"));
    let second = deployment.decide();
    assert_eq!(second["imbalance"].as_u64(), Some(0), "{second}");
    assert_eq!(deployment.decisions(0), [gated("opted_out")]);
    assert_eq!(deployment.decisions(1), [gated("declined")]);
    assert_eq!(deployment.decisions(2), [gated("reactivated")]);
    assert_eq!(deployment.triggers(3), 1, "a reply forbids nothing");
    let verified = deployment.call(&["verify"], "");
    assert!(verified.status.success(), "{}", text(&verified));
}

#[test]
fn an_answer_between_a_trigger_and_its_message_is_seen_at_the_moment_of_sending() {
    let deployment = Deployment::new();
    (0..5).for_each(|account| deployment.visit(account, "v"));
    deployment.decide();
    assert_eq!((0..5).map(|account| deployment.triggers(account)).sum::<usize>(), 5);
    deployment.answer(&json!({"email": email(0)}), "opted_out", "r-0");
    deployment.answer(&json!({"account_id": "acc-1"}), "declined", "r-1");
    deployment.answer(&json!({"account_id": "acc-2"}), "reactivated", "r-2");
    deployment.answer(&json!({"account_id": "acc-3"}), "replied", "r-3");
    // The answers are matched before the worker sees a trigger, as they are where the roles run side by side.
    deployment.decide();
    deployment.call(&["run", "--until-idle"], "");
    for (account, why) in [(0, "opted_out"), (1, "declined"), (2, "reactivated"), (3, "replied")] {
        let story = text(&deployment.call(&["--json", "explain", &format!("acc-{account}")], ""));
        assert!(story.contains("suppressed") && story.contains(why), "acc-{account}: {story}");
    }
    let story = text(&deployment.call(&["--json", "explain", "acc-4"], ""));
    assert!(story.contains("delivered"), "{story}");
}

#[test]
fn an_earliest_date_that_comes_between_a_trigger_and_its_message_is_seen_at_the_moment_of_sending() {
    let deployment = Deployment::new();
    (0..2).for_each(|account| deployment.visit(account, "v"));
    deployment.decide();
    assert_eq!([0, 1].map(|account| deployment.triggers(account)), [1, 1]);
    let earliest = SystemClock.now() + Span::from_days(20);
    let row = json!({
        "account_id": "acc-0", "name": "Northwind 0", "arr_usd": 20_000, "churned_at": "2025-03-01",
        "reason": "product_gap", "contacts": [email(0)], "earliest_at": earliest.to_string(),
    });
    std::fs::write(deployment.0.path().join("later.jsonl"), row.to_string()).unwrap();
    deployment.call(&["accounts", "import", "later.jsonl", "--yes"], "");
    deployment.call(&["run", "--until-idle"], "");
    let story =
        |account: usize| text(&deployment.call(&["--json", "explain", &format!("acc-{account}")], ""));
    assert!(story(0).contains("suppressed") && story(0).contains("not_yet"), "{}", story(0));
    assert!(story(1).contains("delivered"), "{}", story(1));
}
