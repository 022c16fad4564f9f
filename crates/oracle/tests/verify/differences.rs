//! Each lie that is planted in the log has its own name.

use std::sync::Arc;

use winback_core::debounce::{Hold, StateKey, StateRow};
use winback_core::ids::Offset;
use winback_log::{Log as _, Message, TopicPartition};
use winback_oracle::{Difference, Kind, Options, Report};
use winback_proto::{Encoding, WireMessage, state, v1};

use crate::holed::Holed;
use crate::rig::{Rig, check, deployment, kinds};

/// The report of a reader if that record is missing.
fn without(rig: &Rig, topic: &str, message: &Message) -> Report {
    let gone = (TopicPartition::new(topic, message.partition.0), message.offset);
    check(&Holed { log: rig.shared(), gone }, &Options::default()).unwrap()
}

#[track_caller]
fn only(report: &Report, kind: Kind) -> Difference {
    assert_eq!(kinds(report), [(kind, 1)].into(), "{:?}", report.first().collect::<Vec<_>>());
    report.first().next().unwrap().clone()
}

fn some_trigger(rig: &Rig) -> (Message, v1::Trigger) {
    let mut triggers = rig.read(&deployment().triggers);
    let message = triggers.swap_remove(triggers.len() / 2);
    let wire = v1::Trigger::from_bytes(message.value().unwrap()).unwrap();
    (message, wire)
}

#[test]
fn a_trigger_that_is_lost() {
    let rig = Rig::ran();
    let (message, trigger) = some_trigger(&rig);
    let told = only(&without(&rig, &deployment().triggers, &message), Kind::TriggerMissing);
    assert_eq!(told.id, trigger.id);
    assert_eq!(told.account, trigger.account.unwrap().id);
    assert_eq!(told.partition, message.partition.0);
    assert!(told.offset.is_some());
}

#[test]
fn a_trigger_that_stands_twice() {
    let rig = Rig::ran();
    let (message, trigger) = some_trigger(&rig);
    rig.again(&deployment().triggers, &message, None);
    let told = only(&rig.verify(), Kind::TriggerDoubled);
    assert_eq!(told.id, trigger.id);
    let first = format!("{}/{}@{}", deployment().triggers, message.partition, message.offset);
    assert!(told.text.contains(&first) && told.text.contains("again at"), "{}", told.text);
}

#[test]
fn a_trigger_that_nobody_decided() {
    let rig = Rig::ran();
    let (message, mut trigger) = some_trigger(&rig);
    trigger.id = "0123456789abcdef0123456789abcdef".to_owned();
    rig.again(&deployment().triggers, &message, Some(&trigger.to_bytes(Encoding::Protobuf)));
    assert_eq!(only(&rig.verify(), Kind::TriggerUnexpected).id, trigger.id);
}

#[test]
fn a_trigger_whose_payload_was_changed() {
    let rig = Rig::ran();
    let (message, mut trigger) = some_trigger(&rig);
    trigger.evidence.as_mut().unwrap().signals += 1;
    rig.again(&deployment().triggers, &message, Some(&trigger.to_bytes(Encoding::Protobuf)));
    let told = only(&without(&rig, &deployment().triggers, &message), Kind::TriggerChanged);
    assert_eq!(told.id, trigger.id);
    assert!(told.text.contains("evidence.signals is"), "{}", told.text);
}

/// The trigger in the form of the version before.
fn before(mut trigger: v1::Trigger) -> v1::Trigger {
    let account = trigger.account.take().unwrap();
    trigger.account = Some(v1::AccountSnapshot {
        segment: String::new(),
        manner: String::new(),
        concessions: Vec::new(),
        seats: None,
        tenure_months: None,
        usage_percent: None,
        ..account
    });
    trigger
}

#[test]
fn a_trigger_that_the_version_before_wrote_is_no_difference_unless_it_says_something_else() {
    let rig = Rig::ran();
    let (message, trigger) = some_trigger(&rig);
    let mut old = before(trigger);
    rig.again(&deployment().triggers, &message, Some(&old.to_bytes(Encoding::Protobuf)));
    assert_eq!(kinds(&without(&rig, &deployment().triggers, &message)), [].into());

    let rig = Rig::ran();
    old.account.as_mut().unwrap().segment = "feature_gap".to_owned();
    rig.again(&deployment().triggers, &message, Some(&old.to_bytes(Encoding::Protobuf)));
    only(&without(&rig, &deployment().triggers, &message), Kind::TriggerChanged);
}

#[test]
fn a_trigger_that_names_no_inbox_record() {
    let rig = Rig::ran();
    let (message, _) = some_trigger(&rig);
    rig.append(&deployment().triggers, Some(message.partition.0), message.key(), message.value(), &[]);
    let told = only(&rig.verify(), Kind::TriggerDoubled);
    assert_eq!(told.offset, None);
    rig.append(&deployment().triggers, Some(0), None, Some(b"\xff"), &[]);
    let report = rig.verify();
    assert_eq!(kinds(&report)[&Kind::TriggerUnexpected], 1);
}

#[test]
fn a_decision_that_is_missing_and_one_that_stands_twice() {
    let rig = Rig::ran();
    for message in rig.read(&deployment().decisions).iter().step_by(17) {
        let decision = v1::Decision::from_bytes(message.value().unwrap()).unwrap();
        let told = only(&without(&rig, &deployment().decisions, message), Kind::DecisionMissing);
        assert_eq!((told.account, told.offset), (decision.account_id, Some(decision.inbox_offset)));
        assert!(told.id.starts_with(&decision.policy), "{}", told.id);
    }
    let decisions = rig.read(&deployment().decisions);
    let last = decisions.iter().filter(|message| message.partition.0 == 0).max_by_key(|made| made.offset);
    rig.again(&deployment().decisions, last.unwrap(), None);
    only(&rig.verify(), Kind::DecisionDoubled);
    rig.again(&deployment().decisions, &decisions[0], None);
    assert_eq!(kinds(&rig.verify()), [(Kind::DecisionDoubled, 1), (Kind::DecisionUnexpected, 1)].into());
}

#[test]
fn a_decision_with_another_outcome() {
    let rig = Rig::ran();
    let message = rig.read(&deployment().decisions).swap_remove(3);
    let mut decision = v1::Decision::from_bytes(message.value().unwrap()).unwrap();
    decision.outcome = "gated".to_owned();
    rig.again(&deployment().decisions, &message, Some(&decision.to_bytes(Encoding::Protobuf)));
    let told = only(&without(&rig, &deployment().decisions, &message), Kind::DecisionChanged);
    assert!(told.text.contains("outcome is \"gated\""), "{}", told.text);
}

#[test]
fn a_record_of_an_inbox_position_that_was_never_committed() {
    let rig = Rig::ran();
    let message = rig.read(&deployment().decisions).swap_remove(0);
    let mut decision = v1::Decision::from_bytes(message.value().unwrap()).unwrap();
    decision.inbox_offset = 1_000_000;
    rig.again(&deployment().decisions, &message, Some(&decision.to_bytes(Encoding::Protobuf)));
    assert_eq!(only(&rig.verify(), Kind::OutputAhead).offset, Some(1_000_000));
}

fn put_row(rig: &Rig, partition: i32, key: &StateKey, row: Option<&StateRow>) {
    let value = row.map(|row| state::row_to_wire(row).to_bytes(Encoding::Protobuf));
    let key = state::key_to_bytes(key);
    rig.append(&deployment().changelog, Some(partition), Some(&key), value.as_deref(), &[]);
}

#[test]
fn a_row_of_the_state_too_many_one_too_few_and_one_that_says_something_else() {
    let rig = Rig::ran();
    put_row(&rig, 0, &StateKey::Hold("eager".to_owned()), Some(&StateRow::Hold(Hold)));
    let told = only(&rig.verify(), Kind::RowUnexpected);
    assert!(told.id.contains("hold on `eager`"), "{}", told.id);
    put_row(&rig, 0, &StateKey::Hold("eager".to_owned()), None);
    assert!(rig.verify().is_equal());

    let rows = winback_oracle::restored_rows(
        &*rig.log,
        &TopicPartition::new(deployment().changelog, 1),
        Options::default().patience,
    )
    .unwrap();
    let (key, row) = rows.iter().find(|(key, _)| matches!(key, StateKey::Account(_))).unwrap();
    put_row(&rig, 1, key, None);
    let told = only(&rig.verify(), Kind::RowMissing);
    assert!(matches!(key, StateKey::Account(id) if id.as_str() == told.account));
    let StateRow::Account(mut account) = row.clone() else { panic!("{row:?}") };
    Arc::make_mut(&mut account).churn_number += 1;
    put_row(&rig, 1, key, Some(&StateRow::Account(account)));
    let told = only(&rig.verify(), Kind::RowChanged);
    assert!(told.text.contains("churn_number") || told.text.contains("churnNumber"), "{}", told.text);
}

#[test]
fn a_state_whose_position_is_ahead_of_the_groups_and_of_the_inbox() {
    let rig = Rig::ran();
    let changelog = TopicPartition::new(deployment().changelog, 0);
    let rows = winback_oracle::restored_rows(&*rig.log, &changelog, Options::default().patience).unwrap();
    let Some(StateRow::Clock(clock, next, counts)) = rows.get(&StateKey::Clock) else { panic!("no clock") };
    let ahead = StateRow::Clock(clock.clone(), Offset(next.0 + 7), *counts);
    put_row(&rig, 0, &StateKey::Clock, Some(&ahead));
    let report = rig.verify();
    let found = kinds(&report);
    assert_eq!((found[&Kind::Position], found[&Kind::PositionAhead]), (1, 1), "{found:?}");
    let told = report.first().find(|told| told.kind == Kind::Position).unwrap();
    assert!(told.text.contains("--positions") && told.text.contains(&next.to_string()), "{}", told.text);
}

#[test]
fn a_record_of_which_the_detector_kept_nothing_is_no_difference() {
    [winback_lane::CANNOT_COMMIT, winback_lane::PANICKED].into_iter().for_each(is_not_stepped);
}

fn is_not_stepped(reason: &str) {
    let mut rig = Rig::new();
    rig.account("acct-0");
    rig.settle();
    let before = rig.verify();
    rig.signal("acct-0", "poison", "blog", 20);
    let partition = before.partitions.iter().max_by_key(|partition| partition.rows).unwrap().partition;
    let ends =
        rig.log.reader().unwrap().end_offsets(&[TopicPartition::new(deployment().inbox, partition)]).unwrap();
    let letter = v1::DeadLetter {
        topic: deployment().inbox.to_string(),
        partition,
        offset: ends[0].0 - 1,
        reason: reason.to_owned(),
        ..v1::DeadLetter::default()
    };
    rig.settle();
    assert!(rig.verify().is_equal(), "it was decided");
    rig.append(&deployment().dead_letters, Some(0), None, Some(&letter.to_bytes(Encoding::Protobuf)), &[]);
    let found = kinds(&rig.verify());
    assert_eq!(found.get(&Kind::DecisionUnexpected), Some(&2), "the letter says that it was not: {found:?}");
}
