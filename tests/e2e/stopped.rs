//! A topic whose format changed: its lane stops, says so, and goes on where it was when it is mended; nothing is lost.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use serde_json::json;
use winback_core::time::Span;
use winback_log::{Clock as _, SystemClock};

use crate::harness::{Deployment, Facts, Place, Running, Shape, Source, eventually, places, utf8};

const DEADLINE: Duration = Duration::from_secs(90);
/// The one whose format changes is last, so that what is added to the config is its own.
const SOURCES: [Source; 2] = [Source { name: "other", preset: "web" }, Source { name: "web", preset: "web" }];
/// `dead_letters.max_run` as it is without a config.
const RUN: usize = 100;
const GOOD: usize = 20;
const CHANGED: usize = 260;

fn visits(prefix: &str, count: usize, changed: bool) -> Vec<u8> {
    let from = SystemClock.now() - Span::from_hours(1);
    let line = |at: usize| {
        let time = from + Span::from_millis(i64::try_from(at).unwrap());
        let mut line = format!(r#"{{"id":"{prefix}{at}","url":"https://us.com/docs?q=caf"#).into_bytes();
        line.extend(changed.then_some(0xe9));
        line.extend(format!(r#"","email":"jo@acme.com","time":"{time}"}}"#).into_bytes());
        line.push(b'\n');
        line
    };
    (0..count).flat_map(line).collect()
}

/// A source that changed its encoding after twenty visits, beside one that did not.
fn changed(place: Place) -> Deployment {
    let deployment = Deployment::new(place, &SOURCES, Shape::ONE);
    deployment.import(&[json!({
        "account_id": "acme", "domains": ["acme.com"], "churned_at": "2026-01-15", "reason": "product_gap", "arr_usd": 20_000
    })]);
    for (source, prefix, count, changed) in
        [("web", "good", GOOD, false), ("web", "changed", CHANGED, true), ("other", "other", 30, false)]
    {
        let file = deployment.write(&format!("{prefix}.jsonl"), &visits(prefix, count, changed));
        deployment.ok(&["ingest", source, utf8(&file), "--format", "jsonl"]);
    }
    deployment
}

fn page(port: u16, path: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    Some(text)
}

/// Runs it as a service until its readiness says that it stopped.
fn serves_and_says_so(deployment: &Deployment) {
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let mut command = deployment.command(&["run"]);
    command.env("WINBACK_HTTP", format!("127.0.0.1:{port}"));
    let service = Running::spawn(&mut command);
    let ready = eventually("readiness says what stopped", DEADLINE, || {
        page(port, "/readyz").filter(|page| page.contains("stopped reading web"))
    });
    for part in ["503", "100 records in a row", "bad_encoding", "max_ratio"] {
        assert!(ready.contains(part), "{ready}");
    }
    let alive = page(port, "/livez").unwrap();
    assert!(alive.contains("200"), "it is not to be restarted: {alive}");
    let metrics = page(port, "/metrics").unwrap();
    assert!(metrics.contains("winback_lanes_stopped{role=\"matcher\",source=\"web\"} 1"), "{metrics}");
    assert!(metrics.contains("winback_lanes_stopped{role=\"matcher\",source=\"other\"} 0"), "{metrics}");
    service.signal("TERM");
    service.ended().expect(0);
}

fn ids(facts: &Facts, prefix: &str) -> usize {
    let ids: BTreeSet<_> = facts.matched.iter().map(|(_, _, id, _)| id).collect();
    ids.iter().filter(|id| id.starts_with(prefix)).count()
}

#[test]
fn a_topic_whose_format_changed_stops_alone_and_goes_on_when_the_config_is_mended() {
    for place in places("a topic whose format changed") {
        let deployment = changed(place);
        let run = deployment.call(&["run", "--until-idle", "--json"]);
        run.expect(4).says(&["stopped reading web", "bad_encoding", "max_ratio"]);
        let facts = Facts::of(&deployment);
        assert_eq!(facts.dead.len(), RUN, "no more than the limit");
        assert_eq!([ids(&facts, "good"), ids(&facts, "changed"), ids(&facts, "other")], [GOOD, 0, 30]);
        serves_and_says_so(&deployment);
        let dead = Facts::of(&deployment).dead.len();
        assert_eq!(dead, 2 * RUN, "a start begins anew");
        deployment.also("encoding = \"windows-1252\"");
        deployment.run();
        assert_eq!(ids(&Facts::of(&deployment), "changed"), CHANGED - dead, "from where it stopped");
        deployment.ok(&["dead-letters", "replay", "--source", "web"]);
        deployment.run();
        let facts = Facts::of(&deployment);
        assert_eq!([ids(&facts, "changed"), facts.dead.len()], [CHANGED, dead], "nothing is lost");
        assert_eq!(facts.outcomes().get("duplicate"), None, "and nothing came twice");
        deployment.ok(&["verify"]).says(&["equal"]);
    }
}

#[test]
fn a_source_that_may_lose_everything_is_read_to_its_end() {
    let deployment = changed(Place::File);
    deployment.call(&["run", "--until-idle"]).expect(4);
    deployment.also("[dead_letters]\nmax_ratio = 1");
    deployment.run();
    let facts = Facts::of(&deployment);
    assert_eq!((facts.dead.len(), facts.matched.len()), (CHANGED, GOOD + 30));
}
