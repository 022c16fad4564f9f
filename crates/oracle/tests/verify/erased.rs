//! Data of an erased account that is gone is skipped, and nothing else is.

use winback_core::debounce::AccountChange;
use winback_log::{Log as _, TopicPartition};
use winback_oracle::Kind;
use winback_proto::inbox;

use crate::rig::{Rig, deployment, kinds};

const GONE: &str = "acct-5";

/// Takes the account's triggers and decisions out of the log; how many there were.
fn clear(rig: &Rig, account: &str) -> usize {
    let mut count = 0;
    for topic in [deployment().triggers, deployment().decisions] {
        for message in rig.read(&topic).iter().filter(|one| one.key() == Some(account.as_bytes())) {
            let partition = TopicPartition::new(topic.clone(), message.partition.0);
            count +=
                usize::try_from(rig.log.remove(&partition, &[message.offset]).unwrap().unwrap()).unwrap();
        }
    }
    count
}

fn erased() -> Rig {
    let mut rig = Rig::ran();
    rig.put(None, Some(GONE), &inbox::change_to_wire(&AccountChange::Erased(GONE.into())));
    rig.settle();
    rig
}

#[test]
fn an_erasure_is_verified_like_anything_else() {
    let rig = erased();
    let report = rig.verify();
    assert_eq!((kinds(&report), report.sum(|partition| partition.erased)), ([].into(), 0));
}

#[test]
fn what_is_gone_of_an_erased_account_is_skipped_and_said() {
    let rig = erased();
    assert!(clear(&rig, GONE) > 2);
    let report = rig.verify();
    assert_eq!((kinds(&report), report.sum(|partition| partition.erased)), ([].into(), 1));
}

#[test]
fn what_is_gone_of_another_account_is_a_difference() {
    let rig = erased();
    assert!(clear(&rig, "acct-6") > 2);
    let report = rig.verify();
    assert!(kinds(&report).contains_key(&Kind::DecisionMissing), "{report:?}");
    assert_eq!(report.sum(|partition| partition.erased), 0);
}
