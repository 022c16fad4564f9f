//! Mail addresses come in, in any field and any disguise; none goes out but in the bytes of dead letters, which are kept
//! whole.

mod disguise;
mod inputs;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;
use winback_core::privacy::{Exception, masked};
use winback_core::time::Span;
use winback_log::{Append, Clock as _, Message, SystemClock};
use winback_proto::{WireMessage as _, v1};

use self::disguise::{DISGUISES, MARK, has, someone};
use self::inputs::Records;
use crate::harness::{Deployment, Facts, Place, Shape, Source, eventually, messages_of, utf8};

const SOURCES: [Source; 3] = [
    Source { name: "web", preset: "web" },
    Source { name: "site", preset: "segment" },
    Source { name: "mail", preset: "sendgrid" },
];
const OWN: [&str; 13] = [
    "accounts",
    "inbox",
    "triggers",
    "shadow-triggers",
    "decisions",
    "detector-changelog",
    "actions",
    "retries",
    "matcher-positions",
    "policies",
    "holds",
    "answers",
    "suppressions",
];

fn accounts() -> Vec<serde_json::Value> {
    let account = |nth| {
        json!({
            "account_id": format!("acc-{nth}"), "name": format!("Acme {nth}"), "domains": [format!("acme{nth}.com")],
            "contacts": [someone(nth), format!("{MARK}other{nth}@acme{nth}.com")], "churned_at": "2026-01-15",
            "reason": "product_gap", "arr_usd": 20_000
        })
    };
    (1..=4).map(account).collect()
}

/// Rows of which each is wrong in its own way, with an address where it is wrong.
fn bad_accounts() -> String {
    let address = someone(9);
    [
        json!({ "account_id": "x1", "churned_at": address, "reason": "unknown" }),
        json!({ "account_id": "x2", "churned_at": "2026-01-15", "reason": address }),
        json!({ "account_id": "x3", "churned_at": "2026-01-15", "reason": "unknown", "arr_usd": address }),
        json!({ "account_id": "x4", "churned_at": "2026-01-15", "reason": "unknown", "name": [address] }),
        json!({ "account_id": "x5", "churned_at": "2026-01-15", "reason": "unknown", "zone": address }),
    ]
    .map(|row| row.to_string())
    .join("\n")
}

/// Rows that are taken without what would match strangers.
fn odd_account() -> serde_json::Value {
    json!({
        "account_id": "odd", "churned_at": "2026-01-15", "reason": "unknown", "domains": [format!("{MARK}jo@gmail.com")],
        "ranges": [format!("{MARK}jo@acme.com")]
    })
}

fn web(nth: u32) -> String {
    let lately = (SystemClock.now() - Span::from_mins(10)).to_string();
    let url =
        format!("https://us.example/pricing/{}?email={}", someone(nth).replace('@', "%40"), someone(nth));
    json!({ "id": format!("visit:{}", someone(nth)), "url": url, "email": someone(nth), "time": lately })
        .to_string()
}

fn segment(nth: u32) -> String {
    let lately = (SystemClock.now() - Span::from_mins(10)).to_string();
    json!({
        "type": "page", "messageId": format!("{}-{nth}", someone(nth)), "timestamp": lately, "userId": someone(nth),
        "properties": { "path": format!("/docs/{}", someone(nth)), "url": format!("https://us.example/docs/{}", someone(nth)),
            "title": format!("Hello {}", someone(nth)) },
        "context": { "traits": { "email": someone(nth) }, "page": { "path": format!("/docs/{}", someone(nth)) } }
    })
    .to_string()
}

fn mail(nth: u32) -> String {
    let at = (SystemClock.now() - Span::from_mins(10)).millis() / 1_000;
    json!([{
        "email": someone(nth), "timestamp": at, "event": "click", "sg_event_id": format!("ev-{}", someone(nth)),
        "sg_message_id": format!("msg.{}", someone(nth)), "useragent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0",
        "url": format!("https://us.example/pricing?u={}", someone(nth)), "ip": "203.0.113.7",
        "category": [someone(nth)], "subject": format!("For {}", someone(nth))
    }])
    .to_string()
}

/// An answer of somebody who shows no interest, under an id that holds the address.
fn answer(nth: u32) -> String {
    let at = SystemClock.now().to_string();
    json!({ "id": format!("reply:{}", someone(nth)), "kind": "replied", "email": someone(nth), "time": at })
        .to_string()
}

/// Each good record and several that are not.
fn broken(good: &str) -> Vec<String> {
    let time = |text: &str| {
        format!("{{\"id\":\"{}\",\"time\":\"{text}\",\"email\":\"{}\"}}", someone(5), someone(5))
    };
    vec![
        good.to_owned(),
        good[..good.len() - 3].to_owned(),
        format!("\"{}\"", someone(6)),
        time(&someone(7)),
        time("2099-01-01T00:00:00Z"),
        format!("{{\"timestamp\":\"{0}\",\"event\":\"{0}\",\"type\":\"{0}\",\"email\":\"{0}\"}}", someone(8)),
    ]
}

fn write(deployment: &Deployment, source: &str, lines: &[String]) {
    write_to(deployment, &deployment.topic_of(source), lines);
}

fn write_to(deployment: &Deployment, topic: &str, lines: &[String]) {
    let log = deployment.log();
    let mut writer = log.writer().unwrap();
    for line in lines {
        let header = someone(3);
        let (key, headers) = (someone(2), [("x-user", header.as_bytes())]);
        let (key, value) = (Some(key.as_bytes()), Some(line.as_bytes()));
        writer
            .append(&Append { topic, partition: None, key, value, headers: &headers, timestamp: None })
            .unwrap();
    }
    writer.flush().unwrap();
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn clean(what: &str, message: &Message) {
    for bytes in [message.key(), message.value()].into_iter().flatten() {
        assert!(!has(bytes), "{what} at {}: {}", message.offset, shown(bytes));
    }
    message.each_header(|name, value| assert!(!has(value), "{what}, header {name}: {}", shown(value)));
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nhost: {address}\r\n\r\n").unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).unwrap();
    page
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Fails where a topic of winback's own, a dead letter but for its record, or a draft holds an address.
fn all_is_clean(deployment: &Deployment) {
    for topic in OWN {
        messages_of(deployment, topic).iter().for_each(|message| clean(topic, message));
    }
    for message in &messages_of(deployment, "dead-letters") {
        message.each_header(|name, value| assert!(!has(value), "header {name}: {}", shown(value)));
        let letter = v1::DeadLetter::from_bytes(message.value().unwrap()).unwrap();
        // What is left is the record itself.
        let rest = v1::DeadLetter { key: Vec::new(), value: Vec::new(), ..letter };
        assert!(!has(serde_json::to_string(&rest).unwrap().as_bytes()), "{rest:?}");
        assert!(rest.headers.iter().all(|header| !has(&header.value)), "{rest:?}");
    }
    for path in files(&deployment.path("outbox")) {
        let draft = std::fs::read(&path).unwrap();
        assert!(!has(&draft), "{}: {}", path.display(), shown(&draft));
        assert!(!has(path.display().to_string().as_bytes()), "{}", path.display());
    }
}

fn no_line_has(what: &str, text: &str) {
    assert_eq!(text.lines().find(|line| has(line.as_bytes())), None, "{what}");
}

fn proto() -> std::path::PathBuf {
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../proto").into()
}

#[test]
fn no_address_in_any_field_and_any_disguise_reaches_an_output() {
    let now = SystemClock.now() - Span::from_mins(5);
    let records = inputs::records(now);
    let name = |text: &str| -> &'static str { Box::leak(text.to_owned().into_boxed_str()) };
    let sources: Vec<Source> = records
        .iter()
        .map(|records| Source { name: name(&records.preset), preset: name(&records.preset) })
        .collect();
    let deployment = Deployment::new(Place::File, &sources, Shape::ONE);
    deployment.also("[dead_letters]\nmax_ratio = 1.0\nmax_run = 0");
    deployment.import(&inputs::generated_accounts(now));
    let rows = inputs::rows(&inputs::account(&proto()));
    let lines: String = rows.iter().map(|row| format!("{row}\n")).collect();
    let file = deployment.write("rows.jsonl", lines.as_bytes());
    let import = deployment.call(&["accounts", "import", utf8(&file), "--ignore-unknown", "--yes"]).expect(4);
    for (nth, row) in rows.iter().enumerate() {
        // A key of the join is refused, and its line is named.
        if masked(row["name"].as_str().unwrap_or_default()).contains("(address)") {
            assert!(import.err.contains("more") || import.err.contains(&format!("line {}: `name`", nth + 1)));
        }
    }
    no_line_has("import", &(import.err + &import.out));
    // The registrar reads rows that nobody checked.
    let raw: Vec<String> = rows.iter().map(ToString::to_string).collect();
    write_to(&deployment, &format!("{}-accounts", deployment.name), &raw);
    for records in &records {
        write(&deployment, &records.preset, &records.lines);
    }
    write(&deployment, "web", &inputs::visits(&rows, now));
    deployment.ok(&["policy", "apply"]);
    for disguise in DISGUISES {
        let why = format!("asked by {}", disguise(&someone(3)));
        let held = deployment.ok(&["hold", "--why", &why, "--json"]);
        no_line_has("hold", &(held.out + &held.err));
        let holds = deployment.ok(&["holds"]);
        no_line_has("holds", &(holds.out + &holds.err));
    }
    deployment.ok(&["release"]);
    for format in ["human", "json"] {
        let mut command = deployment.command(&["run", "--until-idle", "--json"]);
        command.env("WINBACK_LOG_FILTER", "debug").env("WINBACK_LOG_FORMAT", format);
        let ran = crate::harness::Running::spawn(&mut command).ended().expect(0);
        no_line_has("run", &(ran.err + &ran.out));
        write_to(&deployment, &format!("{}-accounts", deployment.name), &raw);
    }
    all_is_clean(&deployment);
    let facts = Facts::of(&deployment);
    assert!(facts.matched.len() >= rows.len() / 4 && !facts.triggers.is_empty() && !facts.dead.is_empty());
    assert!(!files(&deployment.path("outbox")).is_empty());
    for args in [
        &["triggers", "--json"][..],
        &["triggers"],
        &["decisions", "--json"],
        &["dead-letters", "list"],
        &["dead-letters", "list", "--json"],
        &["accounts", "list"],
        &["accounts", "list", "--json"],
        &["accounts", "show", "r-1-reason_detail"],
        &["explain", "r-1-reason_detail"],
        &["explain", "i-1-role"],
    ] {
        let ended = deployment.call(args);
        no_line_has(&args.join(" "), &(ended.err + &ended.out));
    }
    for Records { preset, lines } in &records {
        let sample = deployment.write("sample.txt", lines.join("\n").as_bytes());
        for json in [&["--json"][..], &[]] {
            let args =
                ["source", "test", "--preset", preset.as_str(), utf8(&sample), "--accounts", utf8(&file)];
            let format = ["--format", if preset == "combined_log" { "combined_log" } else { "jsonl" }];
            let ended = deployment.call(&[&args[..], &format[..], json].concat());
            no_line_has(&format!("source test of {preset}"), &(ended.err + &ended.out));
        }
    }
}

/// A field that is added to a row is tried by itself, and is found where nobody masks it.
#[test]
fn a_new_field_that_nobody_masks_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(proto().join("winback/v1/account.proto")).unwrap();
    let with = text.replacen("string name = 2;", "string name = 2;\n  string nickname = 999;", 1);
    assert_ne!(text, with);
    std::fs::create_dir_all(folder.path().join("winback/v1")).unwrap();
    std::fs::write(folder.path().join("winback/v1/account.proto"), with).unwrap();
    let (today, newer) = (inputs::account(&proto()), inputs::account(folder.path()));
    let added: Vec<_> = inputs::fields(&newer).difference(&inputs::fields(&today)).cloned().collect();
    assert_eq!(added, [("nickname".to_owned(), false)]);
    let rows = inputs::rows(&newer);
    let with_it: Vec<_> = rows.iter().filter(|row| row.get("nickname").is_some()).collect();
    assert_eq!(with_it.len(), DISGUISES.len());
    for row in with_it {
        // As a registrar would store it that knows the field and does not mask it: in any text of any message.
        let stored =
            v1::Account { name: row["nickname"].as_str().unwrap().to_owned(), ..v1::Account::default() };
        assert!(has(&stored.to_bytes(winback_proto::Encoding::Protobuf)), "{row}");
        assert!(has(serde_json::to_string(&stored).unwrap().as_bytes()), "{row}");
    }
    assert!(has(format!("{MARK}x@acme.com").as_bytes()));
}

#[test]
fn every_exception_is_documented() {
    let page = include_str!("../../docs/privacy.md");
    for exception in Exception::ALL {
        assert!(
            page.contains(&format!("| {exception} |")),
            "docs/privacy.md does not name the exception {exception}"
        );
    }
}

#[test]
fn no_address_that_comes_in_goes_out_but_in_the_bytes_of_dead_letters() {
    let deployment = Deployment::new(Place::File, &SOURCES, Shape::ONE);
    let mut told = Vec::new();
    let file = deployment.write("bad.jsonl", bad_accounts().as_bytes());
    let import = deployment.call(&["accounts", "import", utf8(&file), "--ignore-unknown", "--yes"]).expect(4);
    told.push(("import", import.err + &import.out));
    let mut rows = accounts();
    rows.push(odd_account());
    deployment.import(&rows);
    deployment.ok(&["topics", "apply"]);
    write(&deployment, "web", &broken(&web(1)));
    write(&deployment, "site", &broken(&segment(2)));
    write(&deployment, "mail", &broken(&mail(3)));
    write_to(&deployment, &deployment.own("responses"), &[answer(4)]);
    // What stands in a topic only when somebody asked for it: a policy in shadow, a hold.
    deployment.ok(&["policy", "apply"]);
    let shadow = deployment.write("next.toml", include_str!("../../config/policies/default.toml").as_bytes());
    deployment.ok(&["policy", "apply", "--shadow", utf8(&shadow)]);
    deployment.ok(&["hold"]);
    deployment.ok(&["release"]);
    // What the registrar makes of rows that nobody checked.
    let log = deployment.log();
    let mut writer = log.writer().unwrap();
    for line in bad_accounts().lines() {
        let (topic, value) = (format!("{}-accounts", deployment.name), Some(line.as_bytes()));
        writer
            .append(&Append {
                topic: &topic,
                partition: None,
                key: None,
                value,
                headers: &[],
                timestamp: None,
            })
            .unwrap();
    }
    writer.flush().unwrap();

    let mut command = deployment.command(&["run"]);
    command.env("WINBACK_LOG_FILTER", "trace").env("WINBACK_HTTP", "127.0.0.1:0");
    command.stderr(std::fs::File::create(deployment.path("run.err")).unwrap());
    let mut running = command.stdout(std::process::Stdio::null()).spawn().unwrap();
    let err = || std::fs::read_to_string(deployment.path("run.err")).unwrap_or_default();
    let address = eventually("it says where its pages are", Duration::from_secs(60), || {
        let said = err();
        let at = said.split("http://").nth(1)?;
        Some(at.split('/').next()?.to_owned())
    });
    eventually("everything was acted on", Duration::from_secs(60), || {
        let facts = Facts::of(&deployment);
        (!messages_of(&deployment, "actions").is_empty() && facts.dead.len() >= 8).then_some(())
    });
    for page in ["/metrics", "/readyz", "/livez"] {
        let shown = get(&address, page);
        assert!(!shown.contains("acc-"), "{page} is public and names an account: {shown}");
        told.push(("page", shown));
    }
    running.kill().unwrap();
    running.wait().unwrap();
    deployment.run();

    told.push(("log", err()));
    for args in [
        &["triggers", "--json"][..],
        &["decisions", "--json"],
        &["dead-letters", "list"],
        &["dead-letters", "list", "--json"],
        &["accounts", "list", "--json"],
        &["explain", "acc-1"],
        &["verify"],
    ] {
        let ended = deployment.call(args);
        told.push(("command", ended.err + &ended.out));
    }
    for (what, text) in &told {
        let line = text.lines().find(|line| has(line.as_bytes()));
        assert_eq!(line, None, "{what}");
    }
    all_is_clean(&deployment);
    for topic in ["answers", "shadow-triggers", "holds"] {
        assert!(!messages_of(&deployment, topic).is_empty(), "{topic} has something to look at");
    }
    let letters = messages_of(&deployment, "dead-letters");
    assert!(letters.iter().any(|letter| has(letter.value().unwrap())), "records are kept whole");
    let drafts = files(&deployment.path("outbox"));
    assert!(!drafts.is_empty());
    let facts = Facts::of(&deployment);
    let hit: Vec<String> = facts.matched.iter().map(|(account, ..)| account.clone()).collect();
    assert_eq!(hit, ["acc-1", "acc-2", "acc-3"], "hashes suffice to match");
}
