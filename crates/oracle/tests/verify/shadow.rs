//! Policies in shadow beside those in force, in a log that is compared.

use winback_core::debounce::{PolicyRecord, shadow};
use winback_oracle::Kind;
use winback_proto::v1::inbox_record::Body;
use winback_proto::{WireMessage, inbox, v1};

use crate::rig::{PARTITIONS, Rig, deployment, kinds};

/// A deployment with a shadow of `patient` that acts at once.
fn shadowed() -> Rig {
    let mut rig = Rig::new();
    let toml = winback_policy::as_shadow(
        "name=\"patient\"\nleading=\"always\"\nquiet=\"10m\"\nmax_wait=\"30m\"\ncooldown=\"2h\"\n",
    );
    put(&mut rig, &winback_policy::record(&shadow::shadow_of("patient"), 1, &toml));
    rig.hour(10);
    rig.settle();
    rig
}

fn put(rig: &mut Rig, text: &PolicyRecord) {
    let record = v1::InboxRecord { body: Some(Body::Policy(inbox::policy_to_wire(text))) };
    (0..PARTITIONS).for_each(|partition| rig.put(Some(partition), None, &record));
}

#[test]
fn a_shadow_fires_into_its_own_topic_and_is_compared_there() {
    let mut rig = shadowed();
    let in_shadow = rig.read(&deployment().shadow_triggers);
    let policy =
        |message: &winback_log::Message| v1::Trigger::from_bytes(message.value().unwrap()).unwrap().policy;
    assert!(in_shadow.len() >= 20 && in_shadow.iter().all(|message| policy(message) == "patient~shadow"));
    let live = rig.read(&deployment().triggers);
    assert!(!live.is_empty() && live.iter().all(|message| !policy(message).contains('~')));
    let report = rig.verify();
    assert_eq!(kinds(&report), [].into());
    assert_eq!(report.sum(|partition| partition.in_shadow), in_shadow.len() as u64);
    put(&mut rig, &PolicyRecord::shadow_ended("patient~shadow", 2));
    rig.hour(300);
    rig.settle();
    assert_eq!(kinds(&rig.verify()), [].into(), "after its end, too");
    assert_eq!(rig.read(&deployment().shadow_triggers).len(), in_shadow.len(), "it fires no more");
}

#[test]
fn a_lie_among_the_shadows_triggers_is_named() {
    let rig = shadowed();
    let topic = deployment().shadow_triggers;
    let first = rig.read(&topic).swap_remove(0);
    rig.again(&topic, &first, None);
    assert_eq!(kinds(&rig.verify()), [(Kind::TriggerDoubled, 1)].into());
    let live = rig.read(&deployment().triggers).swap_remove(0);
    rig.again(&topic, &live, None);
    assert_eq!(kinds(&rig.verify()), [(Kind::TriggerDoubled, 1), (Kind::TriggerUnexpected, 1)].into());
}
