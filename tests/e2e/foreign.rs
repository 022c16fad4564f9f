//! Records in winback's own topics that winback did not write: who reads them refuses or passes them, a running member
//! says so, and `winback topics doctor` finds and mends them.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};
use winback_core::ids::Partition;
use winback_core::time::Span;
use winback_log::partitioner::partition_of;
use winback_log::{Append, Clock as _, Message, SystemClock};
use winback_testkit::{Operator, broker_or_skip};

use crate::harness::{
    Deployment, Facts, Place, Running, Shape, Source, difference, eventually, messages_of, replay, restored,
    utf8,
};
use crate::migrate::make_source;

const DEADLINE: Duration = Duration::from_secs(90);
const WEB: Source = Source { name: "web", preset: "web" };
const PARTITIONS: i32 = 4;
/// Neither protobuf of any message nor JSON.
const GARBAGE: &[u8] = b"\xffgarbage";

fn account(id: &str) -> Value {
    json!({
        "account_id": id, "name": id, "domains": [format!("{id}.example")], "contacts": [format!("jo@{id}.example")],
        "churned_at": "2026-01-15", "reason": "product_gap", "arr_usd": 20_000
    })
}

/// A deployment that has of everything: accounts, positions, a policy, a hold, an answer, a trigger.
fn lived(place: Place) -> Deployment {
    let deployment = Deployment::new(place, &[WEB], Shape::ONE);
    deployment.without_calendar();
    make_source(&deployment);
    deployment.import(&["acme", "gamma", "delta"].map(account));
    let time = (SystemClock.now() - Span::from_mins(5)).to_string();
    let visit = |account: &str| {
        let email = format!("jo@{account}.example");
        json!({ "id": account, "url": "https://us.example/pricing", "email": email, "time": time })
            .to_string()
    };
    ingest(&deployment, "web", &[visit("acme"), visit("gamma")]);
    let answer = json!({ "id": "no", "email": "jo@delta.example", "kind": "declined", "time": time });
    ingest(&deployment, "responses", &[answer.to_string()]);
    deployment.run();
    deployment.ok(&["hold", "--policy", "default", "--why", "a test"]);
    deployment.run();
    assert_eq!(Facts::of(&deployment).triggers.len(), 2, "there is something to forget");
    deployment
}

fn ingest(deployment: &Deployment, source: &str, lines: &[String]) {
    let file = deployment.write("lines.jsonl", lines.join("\n").as_bytes());
    deployment.ok(&["ingest", source, utf8(&file), "--format", "jsonl"]);
}

/// A record as somebody else writes it.
#[derive(Clone)]
struct Planted {
    topic: &'static str,
    partition: i32,
    key: Vec<u8>,
    value: Vec<u8>,
}

impl Planted {
    fn new(topic: &'static str, partition: i32, key: &[u8], value: &[u8]) -> Self {
        Self { topic, partition, key: key.to_vec(), value: value.to_vec() }
    }

    /// Over the newest record of a topic whose key begins so.
    fn over(deployment: &Deployment, topic: &'static str, begins: &[u8], value: &[u8]) -> Self {
        let found = messages_of(deployment, topic).into_iter().rfind(|message| {
            message.value().is_some() && message.key().is_some_and(|key| key.starts_with(begins))
        });
        let found = found.unwrap_or_else(|| panic!("{topic} has no {}", begins.escape_ascii()));
        Self::new(topic, found.partition.0, found.key().unwrap_or_default(), value)
    }

    /// Writes it; its place, `topic/partition@offset`.
    fn plant(&self, deployment: &Deployment) -> String {
        let (log, topic) = (deployment.log(), deployment.own(self.topic));
        let mut writer = log.writer().unwrap();
        let partition = Some(Partition(self.partition));
        writer.append(&Append { partition, ..Append::keyed(&topic, &self.key, &self.value) }).unwrap();
        writer.flush().unwrap();
        let all = messages_of(deployment, self.topic);
        // A member that runs may have written behind it.
        let is_it = |message: &&Message| {
            message.partition.0 == self.partition
                && message.key().unwrap_or_default() == self.key
                && message.value() == Some(&*self.value)
        };
        let found = all.iter().rfind(is_it).unwrap();
        format!("{topic}/{}@{}", self.partition, found.offset)
    }
}

/// The whole way: planted, refused or passed, found, mended, and all goes on as if nothing had been.
fn falls_ill_and_recovers(deployment: &Deployment, planted: &Planted, refused: bool, how: &str) {
    let before = restored(deployment);
    let place = planted.plant(deployment);
    let what = || format!("{place} {}", planted.key.escape_ascii());
    let run = deployment.call(&["run", "--until-idle"]);
    if refused {
        run.expect(1).says(&[&place, "winback topics doctor"]);
    } else {
        run.expect(0);
    }
    let dry = deployment.call(&["topics", "doctor", "--dry-run", "--json"]).expect(1);
    let found = dry.json();
    assert_eq!(found.len(), 1, "{}: {found:?}", what());
    assert_eq!((&found[0]["mend"], &found[0]["mended"]), (&json!(how), &json!(false)), "{}", what());
    deployment.call(&["topics", "doctor", "--dry-run"]).expect(1).says(&[
        &place,
        "would be",
        "nothing was written",
    ]);
    deployment.ok(&["topics", "doctor", "--yes"]).says(&[&place, "1 of 1 record mended"]);
    deployment.ok(&["topics", "doctor"]).says(&["every record of the compacted topics can be read"]);
    deployment.run();
    assert_eq!(difference(&before, &restored(deployment)), None, "{}", what());
    assert_eq!(difference(&restored(deployment), &replay(deployment).state), None, "{}", what());
    deployment.ok(&["verify"]).says(&["equal"]);
}

/// A place that the key does not hash to.
fn wrong_partition(key: &[u8]) -> i32 {
    (partition_of(key, PARTITIONS).0 + 1) % PARTITIONS
}

#[test]
fn a_foreign_record_in_the_detectors_changelog_is_refused_and_the_row_is_made_again() {
    let deployment = lived(Place::File);
    let over = |begins: &[u8], value: &[u8]| Planted::over(&deployment, "detector-changelog", begins, value);
    let stray = |key: &[u8], partition| Planted::new("detector-changelog", partition, key, GARBAGE);
    falls_ill_and_recovers(&deployment, &over(b"aacme", GARBAGE), true, "rebuild");
    // A record of the same topic, and so one of another kind.
    let clock = messages_of(&deployment, "detector-changelog");
    let clock = clock.iter().rfind(|message| message.key() == Some(b"c")).unwrap().value().unwrap().to_vec();
    falls_ill_and_recovers(&deployment, &over(b"aacme", &clock), true, "rebuild");
    falls_ill_and_recovers(&deployment, &over(b"c", GARBAGE), true, "rebuild");
    falls_ill_and_recovers(&deployment, &over(b"s", GARBAGE), true, "rebuild");
    falls_ill_and_recovers(&deployment, &over(b"p", GARBAGE), true, "rebuild");
    falls_ill_and_recovers(&deployment, &stray(b"zzz", 0), true, "tombstone");
    falls_ill_and_recovers(&deployment, &stray(b"", 1), true, "tombstone");
    falls_ill_and_recovers(&deployment, &stray(b"aghost", wrong_partition(b"ghost")), true, "tombstone");
    falls_ill_and_recovers(
        &deployment,
        &stray(b"aghost", partition_of(b"ghost", PARTITIONS).0),
        true,
        "tombstone",
    );
}

#[test]
fn a_foreign_record_among_the_positions_is_refused_for_a_source_and_passed_for_nobody() {
    let deployment = lived(Place::File);
    let over = |begins: &[u8]| Planted::over(&deployment, "matcher-positions", begins, GARBAGE);
    falls_ill_and_recovers(
        &deployment,
        &over(format!("web:{}/", deployment.topic_of("web")).as_bytes()),
        true,
        "rebuild",
    );
    let whole = format!("web:{}", deployment.topic_of("web"));
    let whole = Planted::new("matcher-positions", 0, whole.as_bytes(), GARBAGE);
    falls_ill_and_recovers(&deployment, &whole, true, "rebuild");
    falls_ill_and_recovers(
        &deployment,
        &Planted::new("matcher-positions", 0, b"nothing", GARBAGE),
        false,
        "tombstone",
    );
}

#[test]
fn a_foreign_record_in_the_list_of_accounts_is_refused_for_an_account_and_passed_for_nobody() {
    let deployment = lived(Place::File);
    let stray = |key: &[u8], partition| Planted::new("accounts", partition, key, GARBAGE);
    falls_ill_and_recovers(
        &deployment,
        &Planted::over(&deployment, "accounts", b"acme", GARBAGE),
        true,
        "rebuild",
    );
    deployment.ok(&["accounts", "list"]).says(&["acme"]);
    let other = messages_of(&deployment, "accounts");
    let other =
        other.iter().rfind(|message| message.key() == Some(b"gamma")).unwrap().value().unwrap().to_vec();
    falls_ill_and_recovers(
        &deployment,
        &Planted::over(&deployment, "accounts", b"acme", &other),
        true,
        "rebuild",
    );
    falls_ill_and_recovers(
        &deployment,
        &stray(b"ghost", partition_of(b"ghost", PARTITIONS).0),
        true,
        "tombstone",
    );
    falls_ill_and_recovers(&deployment, &stray(b"\xff", 2), false, "tombstone");
    falls_ill_and_recovers(&deployment, &stray(b"acme", wrong_partition(b"acme")), false, "tombstone");
}

#[test]
fn a_foreign_record_among_the_answers_is_refused_for_an_answer_and_passed_for_nobody() {
    let deployment = lived(Place::File);
    falls_ill_and_recovers(
        &deployment,
        &Planted::over(&deployment, "answers", b"delta", GARBAGE),
        true,
        "rebuild",
    );
    falls_ill_and_recovers(&deployment, &Planted::new("answers", 3, b"nothing", GARBAGE), false, "tombstone");
}

#[test]
fn a_foreign_record_among_policies_and_holds_is_refused_and_their_last_words_are_put_back() {
    let deployment = lived(Place::File);
    let over = |topic, begins: &[u8]| Planted::over(&deployment, topic, begins, GARBAGE);
    falls_ill_and_recovers(&deployment, &over("policies", b"default"), true, "rebuild");
    deployment.ok(&["policy", "list"]).says(&["default"]);
    falls_ill_and_recovers(&deployment, &over("holds", b"hold default"), true, "rebuild");
    deployment.ok(&["holds"]).says(&["policy default", "a test"]);
    falls_ill_and_recovers(&deployment, &Planted::new("holds", 0, b"nothing", GARBAGE), false, "tombstone");
    falls_ill_and_recovers(&deployment, &Planted::new("policies", 0, b"\xff", GARBAGE), false, "tombstone");
}

#[test]
fn a_foreign_record_among_those_who_were_erased_is_refused_and_nobody_comes_back() {
    let deployment = lived(Place::File);
    deployment.ok(&["erase", "gamma", "--yes"]);
    let over = |begins: &[u8]| Planted::over(&deployment, "suppressions", begins, GARBAGE);
    let planted = [over(b"k"), over(b"a"), Planted::new("suppressions", 0, b"nothing", GARBAGE)];
    for (planted, how) in planted.iter().zip(["rebuild", "rebuild", "tombstone"]) {
        let place = planted.plant(&deployment);
        deployment.call(&["run", "--until-idle"]).expect(1).says(&[&place, "winback topics doctor"]);
        let found = deployment.call(&["topics", "doctor", "--dry-run", "--json"]).expect(1).json();
        assert_eq!(found[0]["mend"], json!(how));
        deployment.ok(&["topics", "doctor", "--yes"]).says(&[&place, "1 of 1 record mended"]);
        deployment.run();
    }
    let row = deployment.write("gamma.jsonl", account("gamma").to_string().as_bytes());
    deployment.call(&["accounts", "import", utf8(&row), "--yes"]).expect(4).says(&["was erased"]);
    deployment.ok(&["ingest", &deployment.topic_of("accounts"), utf8(&row), "--format", "jsonl"]);
    deployment.run();
    let accounts = deployment.ok(&["accounts", "list"]);
    assert!(!accounts.out.contains("gamma"), "{}", accounts.out);
}

fn page(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text)
}

/// A member that runs, and its port.
fn serve(deployment: &Deployment) -> (Running, u16) {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let mut command = deployment.command(&["run"]);
    command.env("WINBACK_HTTP", format!("127.0.0.1:{port}"));
    let member = Running::spawn(&mut command);
    eventually("it is ready", DEADLINE, || page(port, "/readyz").filter(|page| page.contains("200 OK")));
    (member, port)
}

#[test]
fn a_running_member_says_what_no_start_would_take_and_is_ready_again_when_it_is_replaced() {
    let deployment = lived(Place::File);
    let (member, port) = serve(&deployment);
    let planted = Planted::over(&deployment, "detector-changelog", b"aacme", GARBAGE);
    let good = messages_of(&deployment, "detector-changelog");
    let good =
        good.iter().rfind(|message| message.key() == Some(&planted.key)).unwrap().value().unwrap().to_vec();
    let places = [
        planted.plant(&deployment),
        Planted::new("accounts", 2, b"\xff", GARBAGE).plant(&deployment),
        Planted::over(&deployment, "answers", b"delta", GARBAGE).plant(&deployment),
    ];
    eventually("the metrics count them", DEADLINE, || {
        let counted = |topic| format!("winback_foreign_records{{topic=\"{topic}\"}} 1");
        let text = page(port, "/metrics")?;
        ["detector-changelog", "accounts", "answers"]
            .iter()
            .all(|topic| text.contains(&counted(*topic)))
            .then_some(())
    });
    let ready = page(port, "/readyz").unwrap();
    for part in ["503", "topics: ", "winback topics doctor", "and 2 more", "an answer cannot be read"] {
        assert!(ready.contains(part), "{part}: {ready}");
    }
    deployment.call(&["topics", "doctor"]).expect(3).says(&["in use", "stop it"]);
    Planted { value: good, ..planted }.plant(&deployment);
    eventually("the good row counts", DEADLINE, || {
        page(port, "/metrics")?
            .contains("winback_foreign_records{topic=\"detector-changelog\"} 0")
            .then_some(())
    });
    member.signal("TERM");
    let ended = member.ended();
    assert!(ended.is_as_asked(), "{ended:?}");
    for place in places {
        assert!(ended.err.contains(&place), "the log names {place}: {}", ended.err);
    }
    deployment.ok(&["topics", "doctor"]).says(&["2 of 2 records mended"]);
    deployment.run();
    deployment.ok(&["verify"]).says(&["equal"]);
}

#[test]
fn on_kafka_members_are_stopped_first_and_what_a_cut_inbox_forgets_is_said_and_asked() {
    let Some(broker) = broker_or_skip("a foreign record on kafka") else { return };
    let deployment = lived(Place::Kafka(broker));
    for (topic, begins) in
        [("detector-changelog", &b"aacme"[..]), ("accounts", b"acme"), ("policies", b"default")]
    {
        falls_ill_and_recovers(
            &deployment,
            &Planted::over(&deployment, topic, begins, GARBAGE),
            true,
            "rebuild",
        );
    }
    let number = partition_of(b"ghost", PARTITIONS).0;
    let ghost = Planted::new("detector-changelog", number, b"aghost", GARBAGE);
    let (member, port) = serve(&deployment);
    eventually("the client's own figures are told", DEADLINE, || {
        let page = page(port, "/metrics")?;
        let moves = |name: &str| {
            let line =
                page.lines().find(|line| line.starts_with(&format!("{name}{{role=\"detector\"}} ")))?;
            line.rsplit_once(' ')?.1.parse::<f64>().ok().filter(|value| *value > 0.0)
        };
        moves("winback_kafka_rx_bytes")
            .and(moves("winback_kafka_tx_bytes"))
            .and(moves("winback_kafka_rtt_seconds"))
    });
    let place = ghost.plant(&deployment);
    deployment.call(&["topics", "doctor"]).expect(1).says(&["runs", "stop all members"]);
    member.signal("TERM");
    assert!(member.ended().is_as_asked());
    // What the inbox has lost nobody can make again.
    let operator = Operator::of(broker.url().trim_start_matches("kafka://")).unwrap();
    operator.forget(&deployment.own("inbox"), number, 1).unwrap();
    let state = restored_but_for(&deployment, "ghost");
    deployment.call(&["topics", "doctor"]).expect(1).says(&[&place, "account ghost", "forgotten", "--yes"]);
    deployment.call(&["run", "--until-idle"]).expect(1).says(&[&place]);
    deployment.ok(&["topics", "doctor", "--yes"]).says(&["forgets account ghost", "1 of 1 record mended"]);
    deployment.run();
    assert_eq!(state, restored_but_for(&deployment, "ghost"));
}

/// The keys of the changelog that have a value, but for one account's.
fn restored_but_for(deployment: &Deployment, account: &str) -> std::collections::BTreeSet<Vec<u8>> {
    let mut keys = std::collections::BTreeSet::new();
    let mut all = messages_of(deployment, "detector-changelog");
    all.sort_by_key(|message| (message.partition, message.offset));
    for message in &all {
        let key = [&message.partition.0.to_be_bytes()[..], message.key().unwrap_or_default()].concat();
        match message.value() {
            Some(_) => drop(keys.insert(key)),
            None => drop(keys.remove(&key)),
        }
    }
    keys.retain(|key| !key.ends_with(account.as_bytes()));
    keys
}
