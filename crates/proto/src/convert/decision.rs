//! Decisions.

use winback_core::debounce::{Decision, MatchedSignal, Subject};
use winback_core::ids::{Offset, Partition};

use super::{stamp, trigger};
use crate::v1;

/// The decision as it travels, with the inbox position that made it.
pub fn to_wire(decision: &Decision, partition: Partition, offset: Offset) -> v1::Decision {
    v1::Decision {
        account_id: decision.account.to_string(),
        policy: decision.policy.to_string(),
        policy_version: decision.policy_version,
        subject: Some(subject(&decision.subject)),
        outcome: decision.outcome().to_owned(),
        because: decision.because().map(|because| because.to_string()).unwrap_or_default(),
        rule: decision.rule().to_owned(),
        decided_at: stamp(decision.at),
        trigger_id: decision.trigger.map(|id| id.to_string()).unwrap_or_default(),
        deadline: decision.deadline.and_then(stamp),
        quiet_until: decision.cooldown_until.and_then(stamp),
        inbox_partition: partition.0,
        inbox_offset: offset.0,
        carried_score: carried_score(&decision.subject),
        would_be: decision.would_be.as_deref().map(trigger::to_wire),
    }
}

const fn carried_score(subject: &Subject) -> u32 {
    match subject {
        Subject::Burst { carried, .. } => *carried,
        Subject::Signal { .. } => 0,
    }
}

fn subject(subject: &Subject) -> v1::decision::Subject {
    match subject {
        Subject::Signal { signal, burst, .. } => {
            let burst = burst.map(|id| id.to_string()).unwrap_or_default();
            v1::decision::Subject::Signal(signal_subject(signal, burst))
        }
        Subject::Burst { id, signals, score, min_score, opened_at, .. } => {
            v1::decision::Subject::Burst(v1::BurstSubject {
                burst_id: id.to_string(),
                signals: *signals,
                score: *score,
                needed: *min_score,
                opened_at: stamp(*opened_at),
            })
        }
    }
}

fn signal_subject(signal: &MatchedSignal, burst_id: String) -> v1::SignalSubject {
    v1::SignalSubject {
        source: signal.source.clone(),
        id: signal.id.clone(),
        kind: signal.kind.to_string(),
        page_class: signal.class.clone(),
        event_time: stamp(signal.event_time),
        append_time: stamp(signal.append_time),
        method: signal.method.to_string(),
        matched_on: signal.matched_on.clone(),
        detail: signal.detail.clone(),
        burst_id,
    }
}
