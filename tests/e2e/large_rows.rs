//! Rows of accounts that are too large, through every door: refused with their place, dead letters that name the field, and
//! where an older version took one, nobody else loses anything.

use serde_json::json;
use winback_log::Append;
use winback_proto::{Encoding, Timestamp, WireMessage, v1};

use crate::harness::{Deployment, Facts, Place, Shape, Source, utf8};

const WEB: Source = Source { name: "web", preset: "web" };
const OTHERS: usize = 25;

fn on_a_file() -> Deployment {
    let deployment = Deployment::new(Place::File, &[WEB], Shape::ONE);
    deployment.without_calendar();
    deployment
}

fn row(id: &str) -> serde_json::Value {
    json!({
        "account_id": id, "name": id, "domain": format!("{id}.io"), "churned_at": "2025-06-01", "reason": "product_gap",
        "arr_usd": 84_000,
    })
}

#[test]
fn an_import_names_line_column_size_and_limit_and_takes_the_other_rows() {
    let deployment = on_a_file();
    let mut large = row("large");
    large["name"] = "n".repeat(1_000_000).into();
    let lines = format!("{}\n{large}\n{}\n", row("first"), row("last"));
    let file = deployment.write("rows.jsonl", lines.as_bytes());
    let column = large.to_string().find("\"name\"").unwrap() + 1;
    let told = deployment.call(&["accounts", "import", utf8(&file), "--yes"]).expect(4);
    let place = format!("line 2, column {column}: `name` has 1000000 characters, and at most 200 are taken");
    told.says(&[&place, "2 rows written", "1 row left out"]);
    let csv = format!(
        "account_id,churned_at,reason,reason_detail\nx,2025-06-01,unknown,{}\ny,2025-06-01,unknown,short\n",
        "d".repeat(900_000)
    );
    let file = deployment.write("rows.csv", csv.as_bytes());
    let told = deployment.call(&["accounts", "import", utf8(&file), "--yes"]).expect(4);
    told.says(&["line 2, column 4: `reason_detail` has 900000 characters, and at most 1000 are taken"]);
    deployment.run();
    assert_eq!(deployment.ok(&["accounts", "list", "--json"]).json().len(), 3);
}

#[test]
fn a_row_in_the_topic_is_a_dead_letter_that_names_the_field_the_size_and_the_limit() {
    let deployment = on_a_file();
    let mut large = row("large");
    large["missing_features"] = vec!["f".repeat(100); 9_000].into();
    let file = deployment.write("rows.jsonl", format!("{large}\n{}\n", row("small")).as_bytes());
    let topic = format!("{}-accounts", deployment.name);
    deployment.ok(&["ingest", &topic, utf8(&file), "--format", "jsonl"]);
    deployment.run();
    let facts = Facts::of(&deployment);
    let told: Vec<_> =
        facts.dead.iter().map(|letter| (letter.reason.as_str(), letter.text.as_str())).collect();
    assert_eq!(
        told,
        [("too_large", "`missing_features` has 9000 items, and at most 200 are taken: shorten it")]
    );
    assert_eq!(deployment.ok(&["accounts", "list", "--json"]).json().len(), 1);
}

fn put(deployment: &Deployment, topic: &str, value: &[u8]) {
    let log = deployment.log();
    let mut writer = log.writer().unwrap();
    let (key, value) = (Some(&b"large"[..]), Some(value));
    writer.append(&Append { topic, partition: None, key, value, headers: &[], timestamp: None }).unwrap();
    writer.flush().unwrap();
}

#[test]
fn a_row_that_an_older_version_took_costs_nobody_else_a_signal() {
    let deployment = on_a_file();
    let others: Vec<String> = (0..OTHERS).map(|number| format!("other-{number}")).collect();
    deployment.import(&others.iter().map(|id| row(id)).collect::<Vec<_>>());
    let large = v1::Account {
        id: "large".to_owned(),
        name: "large".to_owned(),
        domains: vec!["large.io".to_owned()],
        concessions: vec!["c".repeat(1_000); 1_030],
        churned_at: Some(Timestamp { seconds: 1_748_736_000, nanos: 0 }),
        reason: "product_gap".to_owned(),
        manner: "neutral".to_owned(),
        status: "churned".to_owned(),
        arr_usd: 84_000,
        version: 1,
        ..v1::Account::default()
    };
    put(&deployment, &deployment.own("accounts"), &large.to_bytes(Encoding::Protobuf));
    let change = v1::AccountChange { change: Some(v1::account_change::Change::Upsert(large)) };
    let record = v1::InboxRecord { body: Some(v1::inbox_record::Body::Account(change)) };
    put(&deployment, &deployment.own("inbox"), &record.to_bytes(Encoding::Protobuf));
    // Weak visits fire at the end of their burst, which a progress record brings.
    let visit = |id: &String| {
        json!({
            "id": format!("v-{id}"), "url": "https://us.example/docs/api", "domain": format!("{id}.io"),
            "time": "2026-01-10T12:00:00Z",
        })
        .to_string()
    };
    let mut lines: Vec<String> = others.iter().map(visit).collect();
    lines.insert(0, visit(&"large".to_owned()));
    let file = deployment.write("visits.jsonl", lines.join("\n").as_bytes());
    deployment.ok(&["ingest", "web", utf8(&file), "--format", "jsonl"]);
    assert_eq!(deployment.run().imbalance, 0);
    let facts = Facts::of(&deployment);
    assert_eq!((facts.dead.len(), facts.triggers.len()), (0, OTHERS + 1));
    for fired in facts.triggers.iter().map(|fired| fired.wire()) {
        let is_large = fired.account.as_ref().unwrap().id == "large";
        assert_eq!(fired.cut == ["concessions"], is_large, "{:?}", fired.cut);
    }
    deployment.ok(&["verify"]);
    let shown = deployment.ok(&["triggers"]);
    shown.says(&["cut", "concessions: the trigger was larger than max_trigger_bytes"]);
}

#[test]
fn a_policy_whose_triggers_a_topic_would_refuse_is_refused_with_both_numbers_and_the_fix() {
    let shipped = include_str!("../../config/policies/default.toml");
    let large = shipped.replace("max_trigger_bytes = 262144", "max_trigger_bytes = 2000000");
    let says = ["1048576", "2000000", "max_trigger_bytes", "max.message.bytes", "2004096 at least"];
    let deployment = on_a_file();
    deployment.write("config/policies/default.toml", large.as_bytes());
    deployment.call(&["config", "check"]).expect(2).says(&says);
    for args in [&["topics", "plan", "--json"][..], &["run", "--until-idle"]] {
        let ended = deployment.call(args).says(&says);
        assert_ne!(ended.code, Some(0), "{ended:?}");
    }
    // In a deployment that runs the policy is refused before it is in force.
    deployment.write("config/policies/default.toml", shipped.as_bytes());
    deployment.run();
    deployment.write("config/policies/default.toml", large.as_bytes());
    let ended = deployment.call(&["policy", "apply"]).says(&says);
    assert_ne!(ended.code, Some(0), "{ended:?}");
    deployment.run();
}

#[test]
fn a_reason_for_a_hold_is_bounded() {
    let deployment = on_a_file();
    deployment.run();
    let long = "w".repeat(1_001);
    let ended = deployment.call(&["hold", "--why", &long]);
    let ended = ended.says(&["--why has 1001 characters, and at most 1000 are taken"]);
    assert_ne!(ended.code, Some(0), "{ended:?}");
    deployment.ok(&["hold", "--why", &long[1..]]);
}
