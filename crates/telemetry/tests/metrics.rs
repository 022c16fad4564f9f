//! The list is pinned, its page is written from it, and what rules and dashboards name exists.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as the tests do")]

use std::collections::BTreeSet;
use std::path::PathBuf;

use winback_telemetry::Metrics;
use winback_telemetry::metrics::{self, Counters, Law, list};

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

fn pinned(path: &str, is: &str) {
    let path = root().join(path);
    if std::env::var_os("WINBACK_UPDATE").is_some() {
        std::fs::write(&path, is).unwrap();
    }
    let was = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        was == is,
        "{} differs from the list; WINBACK_UPDATE=1 writes it anew. Now:\n{is}",
        path.display()
    );
}

/// The words of a text that begin like a metric of ours.
fn named(text: &str) -> BTreeSet<&str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| word.starts_with("winback_"))
        .collect()
}

fn series() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for info in list::ALL {
        match info.shape {
            list::Shape::Histogram(_) => {
                all.extend(["bucket", "sum", "count"].map(|suffix| format!("{}_{suffix}", info.name)));
            }
            list::Shape::Counter | list::Shape::Gauge(_) => {
                all.insert(info.name.to_owned());
            }
        }
    }
    all
}

#[test]
fn the_list_is_pinned() {
    pinned("crates/telemetry/tests/golden/metrics.txt", &metrics::text());
}

#[test]
fn the_documentation_is_written_from_the_list() {
    pinned("docs/metrics.md", &metrics::markdown());
}

#[test]
fn names_follow_the_conventions_and_no_label_holds_an_id_or_a_partition() {
    let mut seen = BTreeSet::new();
    for info in list::ALL {
        let counter = matches!(info.shape, list::Shape::Counter);
        assert!(seen.insert(info.name), "{} is there twice", info.name);
        assert_eq!(counter, info.name.ends_with("_total"), "{}", info.name);
        assert!(!info.name.ends_with("_age_seconds"), "{}: a point in time, not an age", info.name);
        for label in info.labels {
            assert!(!label.contains("partition") && !label.ends_with("id"), "{}{{{label}}}", info.name);
        }
        if let list::Shape::Histogram(buckets) = info.shape {
            assert!(buckets.len() > 1 && buckets.is_sorted(), "{}", info.name);
        }
    }
}

#[test]
fn rules_dashboard_and_runbook_name_only_metrics_that_exist() {
    let series = series();
    for path in ["deploy/prometheus/rules.yml", "deploy/grafana/winback.json", "docs/runbook.md"] {
        let text = std::fs::read_to_string(root().join(path)).unwrap();
        let names = named(&text);
        assert!(names.len() > 5, "{path} names {} metrics only", names.len());
        for name in names {
            let group = list::ALL.iter().any(|info| info.name == name);
            let known = series.contains(name) || (path.ends_with(".md") && group);
            assert!(known, "{path} names `{name}`, which is not in the list");
        }
    }
}

#[test]
fn every_alert_has_its_section_in_the_runbook_and_every_section_its_alert() {
    let rules = std::fs::read_to_string(root().join("deploy/prometheus/rules.yml")).unwrap();
    let runbook = std::fs::read_to_string(root().join("docs/runbook.md")).unwrap();
    let alerts: BTreeSet<&str> =
        rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let sections: BTreeSet<&str> = runbook
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .filter(|line| line.starts_with("Winback"))
        .collect();
    assert_eq!(alerts, sections);
    for alert in alerts {
        assert!(rules.contains(&format!("runbook.md#{}", alert.to_lowercase())), "{alert} links no section");
    }
}

#[test]
fn the_charts_copies_are_those_of_deploy() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    assert_eq!(read("deploy/prometheus/rules.yml"), read("deploy/helm/winback/files/rules.yml"));
}

#[test]
fn counters_of_a_closed_list_stand_at_zero_from_the_start() {
    let metrics = Metrics::new();
    let laws = Counters::new(
        Law::ALL,
        |law| law as usize,
        |law| metrics.counter(&list::DROPPED, ["web", law.as_str()]),
    );
    laws.add(Law::Events, 3);
    let page = metrics.render();
    assert!(page.contains("winback_dropped_total{source=\"web\",reason=\"records\"} 0\n"), "{page}");
    assert!(page.contains("winback_dropped_total{source=\"web\",reason=\"events\"} 3\n"), "{page}");
    assert!(page.contains("# TYPE winback_dropped_total counter\n"), "{page}");
    assert!(page.contains("# HELP winback_dropped_total What a source was right"), "{page}");
}

#[test]
fn the_parts_of_a_gauge_come_together_and_leave_with_their_lanes() {
    let metrics = Metrics::new();
    let value = |series: &str| {
        let page = metrics.render();
        let line =
            page.lines().find_map(|line| line.strip_prefix(series)).map(|value| value.trim().to_owned());
        line.unwrap_or_else(|| panic!("no {series} in {page}"))
    };
    let lag = |role| metrics.gauge(&list::LAG, [role, "web"]);
    let (one, two) = (lag("matcher"), lag("matcher"));
    assert_eq!(value("winback_lag_records{role=\"matcher\",source=\"web\"}"), "0");
    one.set(5.0);
    two.set(7.0);
    two.set(8.0);
    assert_eq!(value("winback_lag_records{role=\"matcher\",source=\"web\"}"), "13");
    drop(two);
    assert_eq!(value("winback_lag_records{role=\"matcher\",source=\"web\"}"), "5");

    let clocks: Vec<_> = [30.0, 10.0, 20.0]
        .map(|seconds| {
            let part = metrics.gauge(&list::WATERMARK, []);
            part.set(seconds);
            part
        })
        .into();
    assert_eq!(value("winback_watermark_timestamp_seconds"), "10");
    clocks[1].clear();
    assert_eq!(value("winback_watermark_timestamp_seconds"), "20");
    drop(clocks);
    assert_eq!(value("winback_watermark_timestamp_seconds"), "NaN");
    assert_eq!(value("winback_build_info{version=\"0.1.0\"}"), "1");
}

#[test]
fn a_histogram_has_the_buckets_of_the_list() {
    let metrics = Metrics::new();
    metrics.histogram(&list::COMMIT_SECONDS, ["detector"]).record(0.007);
    metrics.upkeep();
    let page = metrics.render();
    assert!(page.contains("winback_commit_seconds_bucket{role=\"detector\",le=\"0.005\"} 0\n"), "{page}");
    assert!(page.contains("winback_commit_seconds_bucket{role=\"detector\",le=\"0.01\"} 1\n"), "{page}");
    assert!(page.contains("winback_commit_seconds_count{role=\"detector\"} 1\n"), "{page}");
}

/// The source files of all crates, without the list itself.
fn sources() -> Vec<(PathBuf, String)> {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root().join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().path().join("src"))
        .collect();
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && !path.ends_with("metrics/list.rs")
            {
                let text = std::fs::read_to_string(&path).unwrap();
                files.push((path, text));
            }
        }
    }
    files
}

/// The name of each metric's static in the list.
fn statics() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("crates/telemetry/src/metrics/list.rs")).unwrap();
    let entries = text[text.rfind("\nlist! {").unwrap()..].lines();
    let names =
        entries.filter(|line| line.contains(" = \"winback_")).filter_map(|line| line.split(':').next());
    names.map(|name| name.trim().to_owned()).collect()
}

#[test]
fn every_metric_of_the_list_is_written_somewhere() {
    let (statics, sources) = (statics(), sources());
    assert_eq!(statics.len(), list::ALL.len(), "{statics:?}");
    for name in statics {
        let written = format!("list::{name}");
        let is_used = |text: &str| {
            text.match_indices(&written).any(|(at, _)| {
                !text[at + written.len()..].starts_with(|c: char| c == '_' || c.is_ascii_alphanumeric())
            })
        };
        assert!(sources.iter().any(|(_, text)| is_used(text)), "nothing writes list::{name}");
    }
}

/// Label values of a closed list that nobody uses are series that stand at nothing for ever, such as half of an alert.
#[test]
fn every_law_is_written_somewhere() {
    let sources = sources();
    for law in ["Records", "Events", "Decisions", "Bursts"] {
        let written = format!("Law::{law}.as_str()");
        assert!(sources.iter().any(|(_, text)| text.contains(&written)), "nothing writes {written}");
    }
    assert_eq!(Law::ALL.len(), 4);
}

/// A text that was broken over two lines of code without a mark keeps the second one's indentation.
#[test]
fn no_text_holds_the_indentation_of_the_code() {
    let holds = |line: &str| {
        let Some((before, _)) = line.trim().split_once("        ") else { return false };
        before.contains('"')
            && !before.ends_with('"')
            && before.matches('"').count() % 2 == 1
            && !before.contains("\\n")
            && !before.starts_with("//")
    };
    for (path, text) in sources() {
        let found = text.lines().find(|line| holds(line));
        assert_eq!(found, None, "{}", path.display());
    }
}
