//! Faults of the world: a log that is locked, unavailable or not as it must be.

use std::net::TcpListener;
use std::time::Duration;

use winback_core::ids::Offset;
use winback_core::time::Span;
use winback_log::{Cleanup, GroupEvent, SessionSpec, TimestampKind, TopicSpec};

use crate::data;
use crate::harness::{
    Deployment, Facts, Place, Shape, Source, difference, end_of, eventually, places, replay,
};
use crate::real_input::filled;

const DEADLINE: Duration = Duration::from_secs(30);
const WEB: Source = Source { name: "web", preset: "web" };

#[test]
fn a_second_run_on_the_same_file_is_refused_and_readers_are_not() {
    let deployment = Deployment::new(Place::File, &[WEB], Shape::ONE);
    deployment.ok(&["topics", "apply"]);
    let (log, inbox) = (deployment.log(), deployment.own("inbox"));
    let mut first = deployment.start(&["run"]);
    eventually("the first run works", DEADLINE, || {
        assert!(!first.has_ended(), "the first run ended");
        (end_of(&log, &inbox) > 4).then_some(())
    });
    deployment.call(&["run", "--until-idle"]).expect(3).says(&["in use by another winback", "stop it"]);
    for args in [&["triggers", "--json"][..], &["decisions", "--json"], &["topics", "plan"]] {
        deployment.ok(args);
    }
    assert!(!first.has_ended());
    first.kill();
    deployment.run();
}

#[test]
fn a_kafka_that_is_away_at_the_start_is_named() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let deployment = Deployment::new(Place::File, &[WEB], Shape::ONE);
    let url = format!("kafka://127.0.0.1:{port}");
    let address = url.trim_start_matches("kafka://");
    deployment.call(&["--log", &url, "run", "--until-idle"]).expect(3).says(&["cannot reach", address]);
}

#[test]
fn a_log_url_that_names_no_log_is_wrong_use() {
    let deployment = Deployment::new(Place::File, &[WEB], Shape::ONE);
    deployment.call(&["--log", "postgres://x", "run"]).expect(2).says(&["sqlite:PATH", "kafka://"]);
}

#[test]
fn a_source_topic_that_is_missing_on_kafka_is_named_with_the_fix() {
    let Some(kafka) = places("a missing topic").into_iter().find(|place| matches!(place, Place::Kafka(_)))
    else {
        return;
    };
    let deployment = Deployment::new(kafka, &[WEB], Shape::ONE);
    let topic = deployment.topic_of("web");
    deployment.call(&["topics", "plan"]).expect(4).says(&[&topic, "missing"]);
    let ended = deployment.call(&["run", "--until-idle"]).expect(3);
    assert!(ended.err.contains(&topic) || ended.err.contains("accounts"), "{}", ended.err);
}

#[test]
fn topics_that_are_not_as_they_must_be_are_told_and_refused() {
    for place in places("topics that are wrong") {
        let deployment = Deployment::new(place, &[WEB], Shape::ONE);
        let wrong = |name: String, partitions, cleanup| TopicSpec {
            name,
            partitions,
            replication: 1,
            cleanup,
            timestamps: TimestampKind::Append,
            max_record_bytes: 1 << 20,
        };
        let log = deployment.log();
        log.create(&wrong(deployment.own("accounts"), 4, Cleanup::Delete(None))).unwrap();
        log.create(&wrong(deployment.own("inbox"), 2, Cleanup::Delete(Some(Span::from_days(365))))).unwrap();
        let says: Vec<String> = vec![deployment.own("accounts"), deployment.own("inbox")];
        let plan = deployment.call(&["topics", "plan", "--json"]).expect(4);
        let rows = plan.json();
        for (topic, part) in says.iter().zip(["cleanup.policy=compact", "topics.partitions"]) {
            let row = rows.iter().find(|row| row["topic"] == topic.as_str()).unwrap();
            assert_eq!(row["state"], "wrong");
            assert!(row["todo"].as_str().unwrap().contains(part), "{row}");
        }
        for args in [&["topics", "apply"][..], &["run", "--until-idle"]] {
            deployment.call(args).expect(3).says(&["cleanup.policy=compact", "topics.partitions"]);
        }
    }
}

#[test]
fn a_full_disk_loses_nothing_and_a_run_after_it_ends_the_job() {
    let Some(set) = data::funding_us() else { return };
    let undisturbed = filled(&set, Place::File, Shape::ONE);
    undisturbed.run();
    let expected = Facts::of(&undisturbed);
    let deployment = filled(&set, Place::File, Shape::ONE);
    let config = std::fs::read_to_string(deployment.path("winback.toml")).unwrap();
    let config = config.replace("[lanes]\n", "[lanes]\nunavailable_timeout = \"3s\"\n");
    deployment.write("winback.toml", config.as_bytes());
    // A file may grow no further than this, in blocks of 512 bytes; the signal that says so is ignored, so that the
    // write fails as it does where the disk is full.
    let size = |file: &str| std::fs::metadata(deployment.path(file)).map_or(0, |meta| meta.len());
    let blocks = size("winback.db").max(size("winback.db-wal")) / 512 + 40;
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", &script, env!("CARGO_BIN_EXE_winback"), "run", "--until-idle"])
        .current_dir(deployment.path(""));
    let ended = crate::harness::Running::spawn(&mut shell).ended();
    assert!(matches!(ended.code, Some(1 | 3)) && !ended.err.contains("panicked"), "{ended:?}");
    deployment.run();
    let facts = Facts::of(&deployment);
    assert_eq!(difference(&expected.matched, &facts.matched), None);
    assert_eq!(difference(&facts.triggers, &replay(&deployment).triggers), None);
    facts.assert_ids_are_unique();
}

/// Puts the group of the web source to the beginning, as an operator might.
fn reset_the_group(deployment: &Deployment) {
    let log = deployment.log();
    let group = format!("{}.matcher.web", deployment.name);
    let spec = SessionSpec {
        transactional_id: format!("{group}.operator"),
        group,
        topics: vec![deployment.topic_of("web").into()],
    };
    let mut session = log.session(spec).unwrap();
    let mut messages = Vec::new();
    let partitions = eventually("the group is joined", DEADLINE, || {
        let event = session.poll(1, Duration::from_millis(50), &mut messages).unwrap();
        event.map(|event| match event {
            GroupEvent::Assigned(partitions) => partitions,
            other => panic!("{other:?}"),
        })
    });
    let beginnings: Vec<_> = partitions.into_iter().map(|partition| (partition, Offset::ZERO)).collect();
    session.assign(&beginnings).unwrap();
    session.begin().unwrap();
    session.commit(&beginnings).unwrap();
    session.close().unwrap();
}

#[test]
fn a_group_that_was_reset_is_refused_with_both_positions_until_somebody_chooses() {
    for place in places("a group that is reset") {
        let deployment = Deployment::new(place, &[WEB], Shape::ONE);
        deployment.without_calendar();
        deployment.ok(&["generate", "--seed", "3", "--accounts", "50", "--signals", "400"]);
        deployment.run();
        let facts = Facts::of(&deployment);
        assert!(!facts.matched.is_empty());
        reset_the_group(&deployment);
        deployment.call(&["run", "--until-idle"]).expect(1).says(&[
            "matcher-positions",
            "speaks of offset 400",
            "the group's position is 0",
            "--positions state",
            "--positions group",
        ]);
        deployment.ok(&["run", "--until-idle", "--positions", "state"]);
        assert!(facts == Facts::of(&deployment), "nothing was read twice");
        // The other choice reads everything again, and nothing counts twice.
        reset_the_group(&deployment);
        deployment.ok(&["run", "--until-idle", "--positions", "group"]);
        let again = Facts::of(&deployment);
        assert_eq!(again.triggers, facts.triggers);
        assert_eq!(again.matched.len(), 2 * facts.matched.len());
    }
}
