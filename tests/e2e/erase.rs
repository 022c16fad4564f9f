//! `winback erase`: what is gone, what is left until when, and that nobody comes back.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use winback_core::time::Span;
use winback_log::{Clock as _, SystemClock};
use winback_proto::v1;

use crate::harness::{Deployment, Ended, Facts, Place, Shape, Source, messages_of, places, utf8, values};

const WEB: Source = Source { name: "web", preset: "web" };
/// Nothing else in a log holds this.
const JANE: &str = "zq7jane@acme.com";
const KEY: &str = "[privacy]\nkey = \"0123456789abcdef0123456789abcdef\"";

fn account(id: &str, domain: &str, contacts: &[&str]) -> Value {
    json!({
        "account_id": id, "name": format!("{id} Ltd"), "domains": [domain], "contacts": contacts, "churned_at": "2026-01-15",
        "reason": "product_gap", "arr_usd": 20_000
    })
}

fn visit(id: &str, email: &str) -> String {
    let lately = SystemClock.now() - Span::from_mins(10);
    json!({ "id": id, "url": "https://us.example/pricing", "email": email, "time": lately.to_string() })
        .to_string()
}

/// Two accounts that came looking, and a record of one of them that nobody can read.
fn lived(place: Place) -> Deployment {
    let deployment = Deployment::new(place, &[WEB], Shape { partitions: 2, lanes: 1 });
    deployment.import(&[account("acme", "acme.com", &[JANE]), account("beta", "beta.io", &["bo@beta.io"])]);
    let torn = visit("torn", JANE);
    let lines =
        [visit("v1", JANE), visit("v2", "bo@beta.io"), visit("v3", JANE), torn[..torn.len() - 9].to_owned()];
    let file = deployment.write("visits.jsonl", lines.join("\n").as_bytes());
    deployment.ok(&["ingest", "web", utf8(&file), "--format", "jsonl"]);
    deployment.run();
    let lately = SystemClock.now() - Span::from_mins(1);
    let answer = json!({ "id": "r1", "email": JANE, "kind": "replied", "time": lately.to_string() });
    let file = deployment.write("answers.jsonl", answer.to_string().as_bytes());
    deployment.ok(&["ingest", "responses", utf8(&file), "--format", "jsonl"]);
    deployment.run();
    assert_eq!(answers(&deployment), 1);
    deployment
}

/// Answers that whoever sends still knows of.
fn answers(deployment: &Deployment) -> usize {
    let mut live = BTreeMap::new();
    for message in messages_of(deployment, "answers") {
        live.insert(message.key().unwrap().to_vec(), message.value().is_some());
    }
    live.into_values().filter(|live| *live).count()
}

fn row<'a>(told: &'a [Value], place: &str) -> &'a Value {
    told.iter().find(|row| row["where"].as_str().is_some_and(|name| name.ends_with(place))).expect(place)
}

fn erase(deployment: &Deployment, args: &[&str]) -> Ended {
    let args: Vec<&str> = ["--json", "erase"].iter().chain(args).copied().collect();
    deployment.call(&args)
}

fn of(account: &str, triggers: &[crate::harness::Fired]) -> usize {
    triggers.iter().filter(|fired| fired.wire().account.is_some_and(|own| own.id == account)).count()
}

/// True if any file of the log holds those bytes.
fn in_the_file(deployment: &Deployment, word: &str) -> bool {
    ["winback.db", "winback.db-wal"].iter().any(|name| {
        let bytes = std::fs::read(deployment.path(name)).unwrap_or_default();
        bytes.windows(word.len()).any(|some| some == word.as_bytes())
    })
}

fn drafts(deployment: &Deployment) -> Vec<String> {
    let days = std::fs::read_dir(deployment.path("outbox")).into_iter().flatten();
    let files = days.flat_map(|day| std::fs::read_dir(day.unwrap().path()).unwrap());
    let mut names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn an_erased_account_is_gone_from_the_file_and_does_not_come_back() {
    let deployment = lived(Place::File);
    assert_eq!((of("acme", &Facts::of(&deployment).triggers), drafts(&deployment).len()), (1, 2));
    assert!(in_the_file(&deployment, JANE), "the rows and visits have it before");
    let dry = erase(&deployment, &["acme", "--dry-run"]).expect(0).json();
    assert_eq!(row(&dry, ".dead-letters")["found"], 1);
    erase(&deployment, &["acme"]).expect(2).says(&["acme Ltd", "--yes"]);
    assert!(in_the_file(&deployment, JANE), "nothing happened yet");

    let told = erase(&deployment, &["acme", "--yes"]).expect(0).json();
    for place in [".triggers", ".decisions", ".actions", ".dead-letters", "-web", "-accounts"] {
        let row = row(&told, place);
        assert!(row["found"].as_u64() > Some(0) && row["left"] == 0, "{row}");
    }
    let inbox = row(&told, ".inbox");
    assert!(inbox["left"].as_u64() > Some(0) && inbox["by"].is_string(), "{inbox}");
    assert!(!in_the_file(&deployment, JANE));
    assert_eq!(answers(&deployment), 0);
    let facts = Facts::of(&deployment);
    assert_eq!((of("acme", &facts.triggers), of("beta", &facts.triggers)), (0, 1));
    assert_eq!(drafts(&deployment), ["beta-ltd.eml"]);
    deployment.ok(&["verify"]).says(&["equal", "1 erased account was skipped"]);

    // The same account, and the same person under another one, with a new visit.
    import_erased(&deployment, &[account("acme", "acme.com", &[]), account("acme-2", "acme.org", &[JANE])]);
    let file = deployment.write("more.jsonl", visit("v9", JANE).as_bytes());
    deployment.ok(&["ingest", "web", utf8(&file), "--format", "jsonl"]);
    deployment.run();
    let listed: Vec<String> = deployment
        .ok(&["accounts", "list", "--json"])
        .json()
        .iter()
        .map(|account| account["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(listed, ["beta"]);
    assert_eq!(of("acme", &Facts::of(&deployment).triggers), 0);
    let letters: Vec<v1::DeadLetter> = values(&deployment, "dead-letters");
    assert_eq!(letters.len(), 0, "a refused row is not kept");
    deployment.ok(&["verify"]).says(&["equal"]);
    erase(&deployment, &["acme", "--yes"]).expect(0);
    assert!(!in_the_file(&deployment, JANE), "nor does the second import stay");
}

/// Rows of who was erased: an import leaves them out, and where something else writes them the registrar does.
fn import_erased(deployment: &Deployment, accounts: &[Value]) {
    let lines: String = accounts.iter().map(|account| format!("{account}\n")).collect();
    let file = deployment.write("erased.jsonl", lines.as_bytes());
    let told = deployment.call(&["accounts", "import", utf8(&file), "--yes", "--json"]).expect(4).json();
    assert_eq!(
        (told[0]["written"].as_u64(), told[0]["left_out"].as_u64()),
        (Some(0), u64::try_from(accounts.len()).ok())
    );
    deployment.ok(&["ingest", &deployment.topic_of("accounts"), utf8(&file), "--format", "jsonl"]);
}

#[test]
fn an_address_is_enough_to_erase_by() {
    let deployment = lived(Place::File);
    erase(&deployment, &["--contact", "ZQ7Jane+spam@Acme.com", "--yes"]).expect(0).says(&["account `acme`"]);
    assert_eq!(of("acme", &Facts::of(&deployment).triggers), 0);
    erase(&deployment, &["--contact", "nobody@nowhere.example", "--yes"])
        .expect(0)
        .says(&["no account on the list"]);
    import_erased(&deployment, &[account("new", "nowhere.example", &["nobody@nowhere.example"])]);
    deployment.run();
    deployment.call(&["accounts", "show", "new"]).expect(4);
}

#[test]
fn on_kafka_the_registrar_takes_it_in_and_what_is_left_goes_within_a_month() {
    let Some(kafka) = places("winback erase").into_iter().find(|place| matches!(place, Place::Kafka(_)))
    else {
        return;
    };
    let deployment = lived(kafka);
    erase(&deployment, &["acme", "--yes"]).expect(2).says(&["privacy.key", "openssl rand -hex 32"]);
    deployment.also(KEY);
    erase(&deployment, &["acme", "--yes"]).expect(4).says(&["nobody has taken the erasure in yet"]);
    deployment.run();
    let told = erase(&deployment, &["acme", "--yes"]).expect(0).json();
    assert_eq!(answers(&deployment), 0);
    let running = deployment.start(&["run"]);
    erase(&deployment, &["beta", "--yes"]).expect(0).says(&["erased: account `beta`"]);
    running.kill();
    let month = (SystemClock.now() + Span::from_days(30)).to_string();
    for row in told.iter().filter(|row| row["found"].is_u64() && row["left"].as_u64() > Some(0)) {
        assert!(row["by"].as_str().is_some_and(|by| by < month.as_str()), "{row}");
    }
    assert!(messages_of(&deployment, "suppressions").len() >= 3);
    import_erased(&deployment, &[account("acme", "acme.com", &[])]);
    deployment.run();
    deployment.call(&["accounts", "show", "acme"]).expect(4);
    deployment.ok(&["verify"]).says(&["equal"]);
}
