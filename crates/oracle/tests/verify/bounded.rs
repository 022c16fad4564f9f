//! An account that an older version took, near the size of a record: it costs nobody else anything, and a replay cuts the
//! same.

use winback_core::debounce::AccountChange;
use winback_log::Cleanup;
use winback_proto::{Encoding, WireMessage, inbox, v1};

use crate::rig::{Rig, deployment, kinds, row};

/// What the topics take.
const RECORD: usize = 1 << 20;
const OTHERS: usize = 25;

fn triggers(rig: &Rig) -> Vec<v1::Trigger> {
    let read = rig.read(&deployment().triggers);
    read.iter().map(|message| v1::Trigger::from_bytes(message.value().unwrap()).unwrap()).collect()
}

fn attacked(encoding: Encoding, part: &str) -> Rig {
    let mut rig = Rig::with(encoding, Cleanup::Delete(None), Cleanup::Delete(None));
    let mut large = row("large");
    let long = RECORD - 8_000;
    match part {
        "reason_detail" => large.reason_detail = "d".repeat(long),
        "missing_features" => large.missing_features = vec!["f".repeat(1_000); long / 1_010],
        "aliases" => large.aliases = vec!["a".repeat(1_000); long / 1_010],
        _ => large.name = "n".repeat(long),
    }
    rig.put(None, Some("large"), &inbox::change_to_wire(&AccountChange::Upsert(Box::new(large))));
    rig.signal("large", "l-1", "pricing", 10);
    for number in 0..OTHERS {
        let id = format!("other-{number}");
        rig.account(&id);
        rig.signal(&id, &format!("o-{number}"), "pricing", 10);
    }
    rig.progress(100);
    // Rows grow where something is remembered of the account.
    rig.signal("large", "l-2", "pricing", 300);
    rig.progress(400);
    rig.settle();
    rig
}

#[test]
fn an_account_near_the_size_of_a_record_costs_nobody_else_a_signal() {
    for encoding in [Encoding::Protobuf, Encoding::Json] {
        for part in ["reason_detail", "missing_features", "aliases", "name"] {
            let rig = attacked(encoding, part);
            assert_eq!(rig.read(&deployment().dead_letters).len(), 0, "{part}");
            let triggers = triggers(&rig);
            let of = |id: &str| -> Vec<&v1::Trigger> {
                triggers.iter().filter(|trigger| trigger.account.as_ref().unwrap().id == id).collect()
            };
            for number in 0..OTHERS {
                // One of each policy.
                assert_eq!(of(&format!("other-{number}")).len(), 2, "{part}");
            }
            let large = of("large");
            assert_eq!(large.len(), 4, "{part}");
            let marked: &[&str] = if part == "aliases" { &[] } else { &[part] };
            assert!(large.iter().all(|trigger| trigger.cut == marked), "{:?}", large[0].cut);
            let report = rig.verify();
            assert_eq!(kinds(&report), [].into(), "{part}");
            assert!(report.is_equal());
            assert_eq!(rig.lane.status().snapshot().quarantined, None);
        }
    }
}

#[test]
fn a_dead_letter_of_a_record_that_was_not_at_fault_is_told_with_the_cause_until_the_process_ends() {
    let mut rig = Rig::with_triggers_of(300);
    for number in 0..3 {
        let id = format!("other-{number}");
        rig.account(&id);
        rig.signal(&id, &format!("o-{number}"), "docs", 10);
    }
    rig.settle();
    assert_eq!(rig.lane.status().snapshot().quarantined, None);
    rig.progress(100);
    rig.settle();
    let quarantined = rig.lane.status().snapshot().quarantined.unwrap_or_default();
    for part in ["cannot_commit", "winback dead-letters list", "runbook", "winback.triggers", "300"] {
        assert!(quarantined.contains(part), "{part} is not in {quarantined}");
    }
    assert!(!rig.read(&deployment().dead_letters).is_empty());
}
