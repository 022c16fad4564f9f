//! Mail addresses come in; none goes out but in the bytes of dead letters, which are kept whole.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;
use winback_core::time::Span;
use winback_log::{Append, Clock as _, Message, SystemClock};
use winback_proto::{WireMessage as _, v1};

use crate::harness::{Deployment, Facts, Place, Shape, Source, eventually, messages_of, utf8};

const SOURCES: [Source; 3] = [
    Source { name: "web", preset: "web" },
    Source { name: "site", preset: "segment" },
    Source { name: "mail", preset: "sendgrid" },
];
/// In front of every address that the test makes; nothing else holds it.
const MARK: &str = "zq7";
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

fn someone(nth: u32) -> String {
    format!("{MARK}person{nth}@acme{nth}.com")
}

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

fn has(bytes: &[u8]) -> bool {
    bytes.windows(MARK.len()).any(|some| some.eq_ignore_ascii_case(MARK.as_bytes()))
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

#[test]
fn no_address_that_comes_in_goes_out_but_in_the_bytes_of_dead_letters() {
    let deployment = Deployment::new(Place::File, &SOURCES, Shape::ONE);
    let mut told = Vec::new();
    let file = deployment.write("bad.jsonl", bad_accounts().as_bytes());
    let import = deployment.call(&["accounts", "import", utf8(&file), "--yes"]).expect(4);
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
        told.push(("page", get(&address, page)));
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
    for topic in OWN {
        messages_of(&deployment, topic).iter().for_each(|message| clean(topic, message));
    }
    for topic in ["answers", "shadow-triggers", "holds"] {
        assert!(!messages_of(&deployment, topic).is_empty(), "{topic} has something to look at");
    }
    let letters = messages_of(&deployment, "dead-letters");
    assert!(letters.iter().any(|letter| has(letter.value().unwrap())), "records are kept whole");
    for message in &letters {
        message.each_header(|name, value| assert!(!has(value), "header {name}: {}", shown(value)));
        let letter = v1::DeadLetter::from_bytes(message.value().unwrap()).unwrap();
        assert!(!has(letter.text.as_bytes()), "{}", letter.text);
        assert!(letter.headers.iter().all(|header| !has(&header.value)), "{letter:?}");
    }
    let drafts = files(&deployment.path("outbox"));
    assert!(!drafts.is_empty());
    drafts.iter().for_each(|path| assert!(!has(&std::fs::read(path).unwrap()), "{}", path.display()));
    let facts = Facts::of(&deployment);
    let hit: Vec<String> = facts.matched.iter().map(|(account, ..)| account.clone()).collect();
    assert_eq!(hit, ["acc-1", "acc-2", "acc-3"], "hashes suffice to match");
}
