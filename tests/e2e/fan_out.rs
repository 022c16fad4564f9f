//! One release, one competitor's event: a record in every partition, a decision for each account that it is about.

use std::collections::BTreeMap;

use serde_json::json;
use winback_core::time::Span;
use winback_log::{Clock as _, SystemClock};
use winback_proto::v1;

use crate::harness::{Deployment, Facts, Shape, Source, difference, places, replay, utf8};

const SOURCES: [Source; 2] =
    [Source { name: "releases", preset: "releases" }, Source { name: "rivals", preset: "competitor_events" }];

/// The number of decided signals of a source, by their outcome.
fn decided(facts: &Facts, source: &str) -> BTreeMap<String, u64> {
    let mut outcomes = BTreeMap::new();
    for made in &facts.decisions {
        if let Some(v1::decision::Subject::Signal(signal)) = &made.subject
            && signal.source == source
        {
            *outcomes.entry(made.outcome.clone()).or_default() += 1;
        }
    }
    outcomes
}

fn ingested(deployment: &Deployment, source: &str, lines: &[serde_json::Value]) {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let file = deployment.write(&format!("{source}.jsonl"), text.as_bytes());
    deployment.ok(&["ingest", source, utf8(&file), "--format", "jsonl"]);
}

#[test]
fn a_release_is_told_to_each_account_that_misses_its_feature_and_the_books_balance() {
    for place in places("a release for many accounts") {
        let deployment = Deployment::new(place, &SOURCES, Shape { partitions: 1, lanes: 2 });
        deployment.without_calendar();
        let account = |number: u32| {
            let (reason, missing) =
                if number.is_multiple_of(3) { ("product_gap", "sso") } else { ("competitor", "") };
            json!({
                "account_id": format!("acct-{number:03}"), "name": format!("Company {number}"),
                "churned_at": "2025-06-01", "reason": reason, "missing_features": missing,
                "competitor": (number % 3 == 1).then_some("Brightloom GmbH"), "arr_usd": 84_000,
            })
        };
        deployment.import(&(0..300).map(account).collect::<Vec<_>>());
        let lately = (SystemClock.now() - Span::from_hours(3)).to_string();
        let release =
            json!({"id": "rel-1", "type": "feature", "title": "SSO", "features": ["SSO"], "date": lately});
        let rival = json!({"id": "c-1", "competitor": "Brightloom", "type": "outage", "title": "Down", "date": lately});
        let nobody = json!({"id": "rel-2", "type": "feature", "title": "?", "date": lately});
        // The release comes twice, as a webhook does.
        ingested(&deployment, "releases", &[release.clone(), nobody, release]);
        ingested(&deployment, "rivals", &[rival]);
        let summary = deployment.run();
        let facts = Facts::of(&deployment);
        assert_eq!((summary.imbalance, summary.broadcasts, summary.signals), (0, 3, 3));
        assert_eq!(facts.dead_reasons(), [("missing_field".to_owned(), 1)].into());
        assert_eq!(decided(&facts, "releases"), [("led".to_owned(), 100)].into());
        assert_eq!(decided(&facts, "rivals"), [("led".to_owned(), 100)].into());
        assert_eq!((summary.made, facts.triggers.len()), (200, 200));
        let told = facts.triggers[0].wire();
        let evidence = &told.evidence.unwrap().items[0];
        assert!(
            evidence.matched_on.starts_with("missing feature sso")
                || evidence.matched_on.contains("Brightloom")
        );
        assert_eq!(
            difference(&facts.triggers, &replay(&deployment).triggers),
            None,
            "as the core makes them"
        );
        deployment.ok(&["verify"]).says(&["equal"]);
        assert_eq!(deployment.run().made, 0, "a second run tells nobody again");
    }
}
