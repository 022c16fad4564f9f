//! Envelopes and schemas through the binary: accounts out of a database's changes, signals as Avro behind a schema's id
//! from a registry that is away at first, and as CloudEvents whose attributes are headers.

#![expect(clippy::unwrap_used, reason = "a test may stop where its own tools fail")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use winback_log::{Append, SystemClock};
use winback_logs::OpenOptions;

const SCHEMA: &str = r#"{"type":"record","name":"Round","fields":[{"name":"id","type":"string"},
    {"name":"company","type":"string"},{"name":"day","type":{"type":"int","logicalType":"date"}}]}"#;

/// A registry that knows schema 7, and answers 503 to the first so many requests.
struct Registry {
    url: String,
    asked: Arc<AtomicU32>,
}

impl Registry {
    fn start(refuses: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicU32::new(0));
        let counted = asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let nth = counted.fetch_add(1, Ordering::SeqCst);
                answer(stream, nth < refuses);
            }
        });
        Self { url, asked }
    }
}

fn answer(mut stream: TcpStream, refuse: bool) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    let request = lines.next().unwrap().unwrap();
    let mut authorised = false;
    for line in lines.map_while(Result::ok).take_while(|line| !line.is_empty()) {
        // me:hush
        authorised |= line.eq_ignore_ascii_case("authorization: Basic bWU6aHVzaA==");
    }
    let (status, body) = match (refuse, authorised, request.as_str()) {
        (true, ..) => ("503 Service Unavailable", String::new()),
        (false, false, _) => ("401 Unauthorized", String::new()),
        (false, true, "GET /schemas/ids/7 HTTP/1.1") => {
            ("200 OK", serde_json::json!({ "schema": SCHEMA }).to_string())
        }
        _ => ("404 Not Found", r#"{"error_code":40403,"message":"Schema not found"}"#.to_owned()),
    };
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    // A client that went away asked for nothing.
    let _ = stream.write_all(format!("{head}{body}").as_bytes());
}

fn winback(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_winback"))
        .args(arguments)
        .current_dir(dir)
        .env("REGISTRY_PASSWORD", "hush")
        .output()
        .unwrap()
}

fn lines(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn config(url: &str) -> String {
    format!(
        r#"
        [http]
        listen = ""
        [accounts]
        topic = "crm.accounts"
        envelope = "debezium"
        [schema_registry]
        url = "{url}/"
        user = "me"
        password = "env:REGISTRY_PASSWORD"
        [sources.rounds]
        topic = "rounds"
        start = "earliest"
        wire = "confluent"
        [sources.rounds.mapping]
        kind = "funding_news"
        id = "/id"
        at = "/day"
        name = "/company"
        [sources.web]
        topic = "visits"
        start = "earliest"
        preset = "web"
        envelope = "cloudevents"
        "#
    )
}

/// Strings of Avro are counted; all of these are short.
fn round(schema: u8, id: &str, company: &str, day: u32) -> Vec<u8> {
    let text = |text: &str| [&[u8::try_from(text.len() * 2).unwrap()], text.as_bytes()].concat();
    let zigzag = day * 2;
    let day: Vec<u8> = (0..3)
        .map(|at| u8::try_from((zigzag >> (7 * at)) & 0x7f).unwrap() | if at < 2 { 0x80 } else { 0 })
        .collect();
    [&[0, 0, 0, 0, schema], &text(id)[..], &text(company), &day].concat()
}

#[test]
fn accounts_and_signals_come_out_of_their_envelopes_once_the_registry_answers() {
    let registry = Registry::start(1);
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("winback.toml"), config(&registry.url)).unwrap();
    let made = winback(dir.path(), &["run", "--until-idle"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert_eq!(registry.asked.load(Ordering::SeqCst), 0, "nothing is asked before it is needed");

    let now = jiff::Timestamp::now();
    let day = u32::try_from(now.as_second() / 86_400).unwrap();
    let account = |id: &str, name: &str| {
        format!(
            r#"{{"schema":{{}},"payload":{{"op":"c","before":null,"after":{{"account_id":"{id}","name":"{name}","domain":"{name}.io",
            "reason":"price_budget","churned_at":{},"arr_usd":90000}},"source":{{"ts_ms":1}},"ts_ms":2}}}}"#,
            day - 400
        )
    };
    let gone = r#"{"op":"d","before":{"account_id":"B"},"after":null}"#;
    let visit = format!(r#"{{"id":"v","path":"/pricing","domain":"acme.io","ts":{}}}"#, now.as_second());
    let headers: &[(&str, &[u8])] = &[("ce_specversion", b"1.0"), ("ce_id", b"e-1")];
    {
        let url = format!("sqlite:{}", dir.path().join("winback.db").display());
        let log = winback_logs::open(&url, Arc::new(SystemClock), &OpenOptions::default()).unwrap();
        let mut writer = log.writer().unwrap();
        let mut write = |topic: &str, value: &[u8], headers| {
            writer.append(&Append { headers, ..Append::keyed(topic, b"k", value) }).unwrap();
        };
        write("crm.accounts", account("A", "acme").as_bytes(), &[]);
        write("crm.accounts", account("B", "globex").as_bytes(), &[]);
        write("crm.accounts", gone.as_bytes(), &[]);
        write("rounds", &round(7, "r-1", "Acme", day), &[]);
        write("rounds", &round(8, "r-2", "Acme", day), &[]);
        write("rounds", &round(7, "r-3", "Globex", day), &[]);
        write("visits", visit.as_bytes(), headers);
        write("visits", visit.as_bytes(), &[]);
        writer.flush().unwrap();
    }
    let ran = winback(dir.path(), &["run", "--until-idle"]);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));

    let accounts = lines(&winback(dir.path(), &["--json", "accounts", "list"]));
    assert_eq!(accounts.len(), 1, "{accounts:?}");
    let decisions = lines(&winback(dir.path(), &["--json", "decisions", "--account", "A"]));
    let ids: Vec<_> = decisions.iter().filter_map(|made| made["signal"]["id"].as_str()).collect();
    assert!(ids.contains(&"r-1") && ids.contains(&"v"), "{decisions:?}");
    let dead = lines(&winback(dir.path(), &["--json", "dead-letters", "list"]));
    let mut reasons: Vec<_> = dead.iter().map(|letter| letter["reason"].as_str().unwrap()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["envelope", "schema"], "{dead:?}");
    // Refused once, then schema 7; and 8, which is not there.
    assert_eq!(registry.asked.load(Ordering::SeqCst), 3);
    let refused = winback(dir.path(), &["accounts", "import", "winback.toml", "--format", "jsonl"]);
    assert_eq!(refused.status.code(), Some(2), "{}", String::from_utf8_lossy(&refused.stderr));
}
