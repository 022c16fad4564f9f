//! Nothing differs where nothing went wrong.

use winback_log::Cleanup;
use winback_oracle::Kind;
use winback_proto::Encoding;

use crate::rig::{Rig, deployment, kinds};

#[test]
fn a_run_equals_what_one_process_makes_of_its_inbox() {
    let rig = Rig::ran();
    let report = rig.verify();
    assert_eq!(kinds(&report), [].into());
    assert!(report.is_equal() && report.notes.is_empty());
    assert_eq!(report.sum(|partition| partition.triggers), rig.read(&deployment().triggers).len() as u64);
    assert_eq!(report.sum(|partition| partition.decisions), rig.read(&deployment().decisions).len() as u64);
    assert!(report.sum(|partition| partition.triggers) >= 10);
    assert_eq!(report.sum(|partition| partition.signals), 101);
    assert!(report.sum(|partition| partition.rows) > 100);
    assert!(report.sum(|partition| partition.open) > 0, "a burst is still open");
    assert_eq!(report.sum(|partition| u64::try_from(partition.unread).unwrap()), 0);
    assert!(report.partitions.iter().all(|partition| partition.records > 10));
}

#[test]
fn a_deployment_that_writes_json_is_compared_by_what_it_says() {
    let mut rig = Rig::with(Encoding::Json, Cleanup::Delete(None), Cleanup::Delete(None));
    rig.hour(10);
    rig.settle();
    assert_eq!(rig.read(&deployment().triggers)[0].value().unwrap()[0], b'{');
    assert_eq!(kinds(&rig.verify()), [].into());
}

#[test]
fn at_every_moment_of_a_run_what_is_committed_is_equal_and_the_rest_is_not_read_yet() {
    let mut rig = Rig::new();
    assert_eq!(kinds(&rig.verify()), [].into(), "before anything was read");
    rig.hour(10);
    let mut seen = Vec::new();
    for _ in 0..30 {
        rig.turn();
        let report = rig.verify();
        assert_eq!(kinds(&report), [].into(), "{report:?}");
        seen.push(report.sum(|partition| u64::try_from(partition.unread).unwrap()));
    }
    assert!(seen[0] > 0 && seen[29] == 0, "{seen:?}");
    rig.hour(100);
    let report = rig.verify();
    assert_eq!(kinds(&report), [].into());
    assert!(report.sum(|partition| u64::try_from(partition.unread).unwrap()) > 100);
}

#[test]
fn records_that_are_none_of_the_inbox_are_left_out_by_both() {
    let mut rig = Rig::new();
    rig.append(&deployment().inbox, Some(0), None, Some(b"\xff\xff"), &[]);
    rig.hour(10);
    rig.append(&deployment().inbox, Some(1), None, None, &[]);
    rig.settle();
    let report = rig.verify();
    assert_eq!(kinds(&report), [].into());
    assert_eq!(report.sum(|partition| partition.unreadable), 2);
}

#[test]
fn the_kinds_of_differences_have_names_that_a_program_can_rely_on() {
    let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(names.len(), 16);
    assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_')));
}
