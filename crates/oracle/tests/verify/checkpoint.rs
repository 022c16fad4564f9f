//! A checkpoint stands for the part that retention has cut from the inbox; a torn one is noticed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use winback_core::time::Span;
use winback_log::{Cleanup, Log as _, TopicPartition};
use winback_oracle::{Deployment, Kind, Note, Options, OracleError, Report, verify};
use winback_proto::Encoding;

use crate::rig::{PARTITIONS, Rig, check, deployment, kinds};

fn at(path: &Path) -> Options {
    Options { checkpoint: Some(path.to_path_buf()), ..Options::default() }
}

fn from(rig: &Rig, path: &Path) -> Result<Report, OracleError> {
    check(&*rig.log, &at(path))
}

/// A deployment whose inbox keeps records for an hour, with a checkpoint in a folder of its own.
fn cut() -> (Rig, tempfile::TempDir, PathBuf) {
    let hour = Cleanup::Delete(Some(Span::from_hours(1)));
    let mut rig = Rig::with(Encoding::Protobuf, hour, Cleanup::Delete(None));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    rig.hour(10);
    rig.settle();
    let report = from(&rig, &path).unwrap();
    assert!(report.is_equal() && report.checkpoint_written && report.notes.is_empty());
    rig.pass(Span::from_hours(2));
    rig.hour(200);
    rig.settle();
    rig.log.maintain(Duration::from_secs(1)).unwrap();
    let inbox: Vec<_> = (0..PARTITIONS).map(|at| TopicPartition::new(deployment().inbox, at)).collect();
    let beginnings = rig.log.reader().unwrap().beginnings(&inbox).unwrap();
    assert!(beginnings.iter().all(|beginning| beginning.0 > 10), "the inbox is cut: {beginnings:?}");
    (rig, folder, path)
}

#[test]
fn a_comparison_goes_on_where_the_checkpoint_ended() {
    let (rig, _folder, path) = cut();
    let report = from(&rig, &path).unwrap();
    assert_eq!(kinds(&report), [].into());
    assert!(report.partitions.iter().all(|partition| partition.from > 10));
    assert!(report.sum(|partition| partition.triggers) > 0);
    let again = from(&rig, &path).unwrap();
    assert!(again.is_equal() && again.sum(|partition| partition.records) == 0, "it was renewed: {again:?}");
    assert_eq!(again.sum(|partition| partition.rows), report.sum(|partition| partition.rows));
}

#[test]
fn what_is_written_after_the_checkpoint_is_compared_and_it_stays_until_nothing_differs() {
    let (rig, _folder, path) = cut();
    let before = std::fs::read(&path).unwrap();
    let triggers = rig.read(&deployment().triggers);
    rig.again(&deployment().triggers, &triggers[0], None);
    let report = from(&rig, &path).unwrap();
    assert_eq!(kinds(&report), [(Kind::TriggerUnexpected, 1)].into(), "a copy of what was told before it");
    assert_eq!(report.notes, [Note::CheckpointKept]);
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(std::fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn an_inbox_that_is_cut_is_refused_without_a_checkpoint_that_reaches_it() {
    let (rig, folder, path) = cut();
    for options in [Options::default(), at(&folder.path().join("none"))] {
        let text = check(&*rig.log, &options).unwrap_err().to_string();
        for part in ["winback.inbox/0", "begins at offset", "there is no checkpoint", "--checkpoint"] {
            assert!(text.contains(part), "{text}");
        }
    }
    let mut rig = rig;
    rig.pass(Span::from_hours(2));
    rig.progress(400);
    rig.settle();
    rig.log.maintain(Duration::from_secs(1)).unwrap();
    let text = from(&rig, &path).unwrap_err().to_string();
    assert!(text.contains("the checkpoint is of offset") && text.contains("gone, too"), "{text}");
}

#[test]
fn a_torn_checkpoint_is_named_and_never_believed() {
    let (rig, _folder, path) = cut();
    let whole = std::fs::read(&path).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for torn in [&whole[..whole.len() / 2], &whole[..whole.len() - 1], &whole[..7], &[], &flipped] {
        std::fs::write(&path, torn).unwrap();
        let text = from(&rig, &path).unwrap_err().to_string();
        assert!(text.contains("torn or changed") && text.contains("begins at offset"), "{text}");
    }
    std::fs::write(&path, whole).unwrap();
    assert!(from(&rig, &path).unwrap().is_equal());
}

#[test]
fn a_checkpoint_of_another_version_is_named_with_what_to_do() {
    let (rig, _folder, path) = cut();
    let whole = std::fs::read(&path).unwrap();
    let rest = whole.iter().position(|byte| *byte == b'\n').unwrap();
    for form in ["winback checkpoint 1", "winback checkpoint 3"] {
        std::fs::write(&path, [form.as_bytes(), &whole[rest..]].concat()).unwrap();
        let text = from(&rig, &path).unwrap_err().to_string();
        for part in
            [form, "this version reads a \"winback checkpoint 2\"", "verify with the version that wrote it"]
        {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
}

#[test]
fn where_the_whole_inbox_is_there_a_torn_checkpoint_costs_only_time() {
    let rig = Rig::ran();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint");
    std::fs::write(&path, "winback checkpoint 2\nnot all of it").unwrap();
    let report = from(&rig, &path).unwrap();
    assert!(report.is_equal() && report.checkpoint_written);
    let [Note::CheckpointIgnored(why)] = report.notes.as_slice() else { panic!("{:?}", report.notes) };
    assert!(why.contains("torn or changed") && why.contains("checkpoint"), "{why}");
    assert!(report.partitions.iter().all(|partition| partition.from == 0));
    assert!(from(&rig, &path).unwrap().notes.is_empty(), "it was written anew");
}

#[test]
fn a_checkpoint_of_another_inbox_is_not_taken_for_this_one() {
    let (_, _folder, path) = cut();
    let other = Rig::ran();
    let elsewhere = Deployment { name: "elsewhere".to_owned(), ..deployment() };
    let report = verify(&*other.log, &elsewhere, &at(&path), &mut |_| {}).unwrap();
    let [Note::CheckpointIgnored(why)] = report.notes.as_slice() else { panic!("{:?}", report.notes) };
    assert!(why.contains("deployment `winback`"), "{why}");
    assert!(report.is_equal());
}

#[test]
fn outputs_that_retention_took_are_not_missed() {
    let hour = Cleanup::Delete(Some(Span::from_hours(1)));
    let mut rig = Rig::with(Encoding::Protobuf, Cleanup::Delete(None), hour);
    rig.hour(10);
    rig.settle();
    let all = rig.verify().sum(|partition| partition.decisions);
    rig.pass(Span::from_hours(2));
    rig.hour(200);
    rig.settle();
    rig.log.maintain(Duration::from_secs(1)).unwrap();
    let report = rig.verify();
    assert_eq!(kinds(&report), [].into(), "{report:?}");
    let cut = report.notes.iter().filter(|note| matches!(note, Note::OutputsCut { .. })).count();
    assert_eq!(cut, 4, "triggers and decisions of two partitions: {:?}", report.notes);
    let compared = report.sum(|partition| partition.decisions);
    assert!(compared > all / 2 && compared < all * 2, "those of the second hour: {compared}, first {all}");
}
