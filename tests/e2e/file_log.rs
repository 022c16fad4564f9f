//! A log in a file in trouble: a clock that jumps, a full disk, damaged pages. Exit codes and lines are those of the README.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use serde_json::json;
use winback_core::time::Span;
use winback_log::{Clock as _, SystemClock};

use crate::harness::{
    Deployment, Facts, Place, Running, Shape, Source, end_of, eventually, messages_of, utf8, winback,
};

const DEADLINE: Duration = Duration::from_secs(90);
const WEB: Source = Source { name: "web", preset: "web" };
const GENERATED: Source = Source { name: "web", preset: "segment" };
/// The pages of a file log.
const PAGE: usize = 16_384;

fn account(id: &str) -> serde_json::Value {
    json!({
        "account_id": id, "name": format!("{id} Ltd"), "domains": [format!("{id}.example")], "churned_at": "2026-01-15",
        "reason": "product_gap", "arr_usd": 20_000
    })
}

fn visits(prefix: &str, count: usize) -> String {
    let lately = SystemClock.now() - Span::from_mins(1);
    let line = |at: usize| {
        let (id, email) = (format!("{prefix}{at}"), "jo@acme.example");
        json!({ "id": id, "url": "https://us.example/pricing", "email": email, "time": lately.to_string() })
            .to_string()
    };
    (0..count).map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_clock_two_days_ahead_for_a_while_makes_nothing_expire_and_nothing_wait() {
    let deployment = Deployment::new(Place::File, &[WEB], Shape::ONE);
    deployment.without_calendar();
    deployment.import(&[account("acme")]);
    let ahead = deployment.write("ahead", b"0");
    let mut command = deployment.command(&["run"]);
    let service = Running::spawn(command.env("WINBACK_WALL_AHEAD", &ahead));
    let visit = |id: &str, matched: usize| {
        let file = deployment.write("visits.jsonl", visits(id, 1).as_bytes());
        let mut ingest = deployment.command(&["ingest", "web", utf8(&file), "--format", "jsonl", "--yes"]);
        Running::spawn(ingest.env("WINBACK_WALL_AHEAD", &ahead)).ended().expect(0);
        eventually("the visit is matched", DEADLINE, || {
            (Facts::of(&deployment).matched.len() == matched).then_some(())
        });
    };
    visit("before", 1);
    std::fs::write(&ahead, Span::from_days(2).millis().to_string()).unwrap();
    visit("meanwhile", 2);
    // The lanes tell progress by the clock that jumped.
    let (log, inbox) = (deployment.log(), deployment.own("inbox"));
    let told = end_of(&log, &inbox) + 4;
    eventually("progress is told", DEADLINE, || (end_of(&log, &inbox) >= told).then_some(()));
    std::fs::write(&ahead, "0").unwrap();
    visit("after", 3);
    eventually("all is decided", DEADLINE, || Facts::of(&deployment).all_is_decided().then_some(()));
    service.signal("TERM");
    service.ended().expect(0).says(&["the wall clock jumped ahead"]);

    let facts = Facts::of(&deployment);
    assert_eq!(facts.outcomes().get("expired"), None, "{:?}", facts.outcomes());
    assert!(!facts.triggers.is_empty());
    let latest = SystemClock.now() + Span::from_mins(5);
    for topic in ["inbox", "triggers", "decisions", "detector-changelog", "matcher-positions"] {
        let ahead = messages_of(&deployment, topic).into_iter().filter(|message| message.timestamp > latest);
        assert_eq!(ahead.count(), 0, "{topic} has stamps of a time that never was");
    }
    deployment.ok(&["verify"]).says(&["equal"]);
}

/// As it is, with no room for one more page.
fn filled_disk(deployment: &Deployment, args: &[&str]) -> Running {
    let full = deployment.write("pages", b"1");
    Running::spawn(deployment.command(args).env("WINBACK_MOST_PAGES", full))
}

#[test]
fn a_full_disk_ends_each_command_with_three_and_says_what_to_do() {
    let deployment = Deployment::new(Place::File, &[WEB], Shape::ONE);
    let config = std::fs::read_to_string(deployment.path("winback.toml")).unwrap();
    deployment.write("winback.toml", config.replace("[lanes]", "[lanes]\npatience = \"1s\"").as_bytes());
    deployment.import(&[account("acme")]);
    deployment.run();
    let says = ["winback.db", "disk is full", "make room on the disk"];

    let visits = deployment.write("visits.jsonl", visits("v", 2_000).as_bytes());
    let ingest = ["ingest", "web", utf8(&visits), "--format", "jsonl", "--yes"];
    filled_disk(&deployment, &ingest).ended().expect(3).says(&says).says(&["not all written"]);
    let rows: String = (0..2_000).map(|at| format!("{}\n", account(&format!("more{at}")))).collect();
    let rows = deployment.write("rows.jsonl", rows.as_bytes());
    let import = ["accounts", "import", utf8(&rows), "--yes"];
    filled_disk(&deployment, &import).ended().expect(3).says(&says);
    deployment.ok(&ingest);
    let run = filled_disk(&deployment, &["run", "--until-idle"]).ended_within(DEADLINE);
    run.expect("it ends by itself").expect(3).says(&says);

    // There is room again.
    deployment.ok(&import);
    deployment.run();
    let facts = Facts::of(&deployment);
    assert!(facts.matched.len() >= 2_000 && facts.all_is_decided());
    deployment.ok(&["verify"]).says(&["equal"]);
}

fn page(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text)
}

#[test]
fn a_disk_that_is_full_in_the_middle_of_a_run_and_has_room_again_loses_nothing() {
    let deployment = Deployment::new(Place::File, &[GENERATED], Shape::ONE);
    deployment.ok(&["generate", "--seed", "7", "--accounts", "200", "--signals", "6000"]);
    let file = deployment.path("winback.db").metadata().unwrap().len();
    let most = usize::try_from(file).unwrap() / PAGE + 20;
    let pages = deployment.write("pages", most.to_string().as_bytes());
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let mut command = deployment.command(&["run"]);
    command.env("WINBACK_MOST_PAGES", &pages).env("WINBACK_HTTP", format!("127.0.0.1:{port}"));
    let mut service = Running::spawn(&mut command);
    let is_full = |page: String| {
        let unknown = page.lines().filter(|line| line.starts_with("winback_unknown_outcomes_total{"));
        unknown.filter_map(|line| line.rsplit(' ').next()).any(|count| count != "0")
    };
    eventually("the disk is full", DEADLINE, || page(port, "/metrics").filter(|page| is_full(page.clone())));
    assert!(!service.has_ended());
    let in_the_middle = Facts::of(&deployment);
    std::fs::remove_file(&pages).unwrap();
    let web = deployment.topic_of("web");
    let log = deployment.log();
    let partition = winback_log::TopicPartition::new(web.as_str(), 0);
    let group = format!("{}.matcher.web", deployment.name);
    eventually("all is read and decided", DEADLINE, || {
        let mut reader = log.reader().unwrap();
        let at = std::slice::from_ref(&partition);
        let read = reader.committed(&group, at).unwrap()[0] == Some(reader.end_offsets(at).unwrap()[0]);
        (read && Facts::of(&deployment).all_is_decided()).then_some(())
    });
    service.signal("TERM");
    service.ended().expect(0).says(&["disk is full"]);
    assert!(Facts::of(&deployment).matched.len() > in_the_middle.matched.len());
    deployment.ok(&["verify"]).says(&["equal"]);
}

/// Every command on a copy of the file with bytes changed in all pages of records, or in the head of a single page.
#[test]
fn a_damaged_file_ends_each_command_with_three_and_none_hangs() {
    let deployment = Deployment::new(Place::File, &[GENERATED], Shape::ONE);
    deployment.ok(&["generate", "--seed", "7", "--accounts", "50", "--signals", "500"]);
    deployment.run();
    let whole = std::fs::read(deployment.path("winback.db")).unwrap();
    let pages = whole.len() / PAGE;
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(deployment.path("winback.toml"), folder.path().join("winback.toml")).unwrap();
    let copy = folder.path().join("winback.db");
    let url = format!("sqlite:{}", copy.display());
    let call = |bytes: &[u8], args: &[&str]| {
        std::fs::write(&copy, bytes).unwrap();
        for beside in ["-wal", "-shm"] {
            drop(std::fs::remove_file(folder.path().join(format!("winback.db{beside}"))));
        }
        let args = [&["--log", url.as_str()], args].concat();
        let ended = Running::spawn(&mut winback(folder.path(), &args)).ended_within(DEADLINE);
        ended.unwrap_or_else(|| panic!("{args:?} hangs"))
    };
    let commands: [&[&str]; 5] =
        [&["triggers"], &["accounts", "list"], &["decisions"], &["verify"], &["run", "--until-idle"]];
    for (command, healthy) in commands.iter().map(|command| (command, call(&whole, command))) {
        healthy.expect(0);
        let mut bytes = whole.clone();
        // Behind the first pages, which hold the roots of the tables.
        let places =
            (10..pages).flat_map(|page| (PAGE / 2..PAGE).step_by(150).map(move |at| page * PAGE + at));
        places.for_each(|at| bytes[at] ^= 0x55);
        call(&bytes, command).expect(3).says(&["winback.db", "damaged", "backup", ".recover"]);
    }
    // The heads of single pages, where their shape is told.
    for (at, page) in (1..pages).enumerate() {
        let mut bytes = whole.clone();
        bytes[page * PAGE + [3, 5, 8, 12, 0][at % 5]] ^= 0x2a;
        let command = commands[at % commands.len()];
        let ended = call(&bytes, command);
        assert!(matches!(ended.code, Some(0 | 3)), "page {page}, {command:?}: {ended:?}");
    }
}
