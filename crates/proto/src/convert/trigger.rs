//! Triggers and their evidence.

use winback_core::debounce::{
    Band, Earlier, Evidence, EvidenceItem, Person, Priority, Rated, ScorePart, Snapshot, Trigger,
};
use winback_core::index::Method;
use winback_core::signal::SignalKind;

use super::{needed, stamp, word};
use crate::error::DecodeError;
use crate::v1;

/// The trigger as it travels.
pub fn to_wire(trigger: &Trigger) -> v1::Trigger {
    v1::Trigger {
        id: trigger.id.to_string(),
        parent_id: trigger.parent.map(|id| id.to_string()).unwrap_or_default(),
        policy: trigger.policy.to_string(),
        policy_version: trigger.policy_version,
        edge: trigger.edge.to_string(),
        fired_because: trigger.because.to_string(),
        account: Some(snapshot(&trigger.account)),
        burst_id: trigger.burst.to_string(),
        score: Some(v1::Score {
            total: trigger.evidence.score(),
            needed: trigger.min_score,
            parts: parts(&trigger.evidence),
        }),
        evidence: Some(evidence(&trigger.evidence)),
        play: trigger.play.clone(),
        fired_at: stamp(trigger.fired_at),
        deadline: stamp(trigger.deadline),
        quiet_until: stamp(trigger.cooldown_until),
        strength: u32::from(trigger.strength),
        priority: Some(priority(&trigger.priority)),
        cut: trigger.cut.iter().map(|part| part.to_string()).collect(),
    }
}

/// The name of the score's part that earlier bursts left.
pub const CARRIED: &str = "carried";

fn parts(evidence: &Evidence) -> Vec<v1::ScorePart> {
    let carried = v1::ScorePart {
        kind: CARRIED.to_owned(),
        weight: evidence.carried_score,
        ..v1::ScorePart::default()
    };
    let own = evidence.parts.iter().map(part_to_wire);
    own.chain((evidence.carried_score > 0).then_some(carried)).collect()
}

fn priority(priority: &Priority) -> v1::Priority {
    let part = |part: &Rated| Some(v1::PriorityPart { percent: part.percent, why: part.why.clone() });
    v1::Priority {
        total: priority.total,
        recoverability: part(&priority.recoverability),
        value: part(&priority.value),
        strength: part(&priority.strength),
        fit: part(&priority.fit),
        manner: part(&priority.manner),
        months: part(&priority.months),
        usage: part(&priority.usage),
    }
}

fn snapshot(account: &Snapshot) -> v1::AccountSnapshot {
    v1::AccountSnapshot {
        id: account.id.to_string(),
        name: account.name.clone(),
        tier: account.tier.to_string(),
        arr_usd: account.arr_usd,
        reason: account.reason.to_string(),
        reason_detail: account.reason_detail.clone(),
        churned_at: stamp(account.churned_at),
        churn_number: account.churn_number,
        months_since_churn: account.months_since_churn,
        band: Band::of(account.months_since_churn).to_string(),
        owner: account.owner.clone(),
        zone: account.zone.clone(),
        missing_features: account.missing_features.clone(),
        competitor: account.competitor.clone(),
        segment: account.segment.map(|segment| segment.to_string()).unwrap_or_default(),
        manner: account.manner.to_string(),
        concessions: account.concessions.clone(),
        seats: account.seats,
        tenure_months: account.tenure_months,
        usage_percent: account.usage_percent,
        domains: account.domains.clone(),
        contacts: account.contacts.iter().map(person).collect(),
        declined_at: account.declined_at.and_then(stamp),
        earlier: account.earlier.iter().map(earlier).collect(),
        ids: account.ids.iter().map(|id| other_id(id)).collect(),
        language: account.language.clone(),
    }
}

fn person(person: &Person) -> v1::Person {
    v1::Person {
        email_sha256: person.email_sha256.iter().map(|byte| format!("{byte:02x}")).collect(),
        role: person.role.clone(),
        may_write: Some(person.may_write),
        came: Some(person.came),
        id: person.id.clone(),
        language: person.language.clone(),
    }
}

/// The id that stands as `system:id`.
fn other_id(text: &str) -> v1::OtherId {
    let (system, id) = text.split_once(':').unwrap_or(("", text));
    v1::OtherId { system: system.to_owned(), id: id.to_owned() }
}

fn earlier(earlier: &Earlier) -> v1::EarlierTrigger {
    v1::EarlierTrigger { policy: earlier.policy.to_string(), fired_at: stamp(earlier.at) }
}

fn evidence(evidence: &Evidence) -> v1::Evidence {
    v1::Evidence {
        signals: evidence.signals(),
        first_at: stamp(evidence.first),
        last_at: stamp(evidence.last),
        items: evidence.items.iter().map(|item| item_to_wire(item)).collect(),
    }
}

/// A part of a score as it travels.
pub fn part_to_wire(part: &ScorePart) -> v1::ScorePart {
    v1::ScorePart {
        kind: part.kind.to_string(),
        page_class: part.class.to_string(),
        signals: part.signals,
        weight: part.weight,
    }
}

/// A part of a score.
///
/// # Errors
/// When its kind is not known.
pub fn part_from_wire(wire: v1::ScorePart) -> Result<ScorePart, DecodeError> {
    Ok(ScorePart {
        kind: word!(SignalKind, "score.parts.kind", wire.kind.as_str())?,
        class: wire.page_class.into(),
        signals: wire.signals,
        weight: wire.weight,
    })
}

/// A piece of evidence as it travels.
pub fn item_to_wire(item: &EvidenceItem) -> v1::EvidenceItem {
    v1::EvidenceItem {
        kind: item.kind.to_string(),
        page_class: item.class.clone(),
        event_time: stamp(item.event_time),
        source: item.source.clone(),
        id: item.id.clone(),
        strength: u32::from(item.strength),
        weight: item.weight,
        method: item.method.to_string(),
        matched_on: item.matched_on.clone(),
        detail: item.detail.clone(),
    }
}

/// A piece of evidence.
///
/// # Errors
/// Names the field, the value and the fix.
pub fn item_from_wire(wire: v1::EvidenceItem) -> Result<EvidenceItem, DecodeError> {
    Ok(EvidenceItem {
        kind: word!(SignalKind, "evidence.kind", wire.kind.as_str())?,
        class: wire.page_class,
        event_time: needed(wire.event_time.as_ref(), "evidence.event_time")?,
        source: wire.source,
        id: wire.id,
        strength: u8::try_from(wire.strength).unwrap_or(u8::MAX),
        weight: wire.weight,
        method: word!(Method, "evidence.method", wire.method.as_str())?,
        matched_on: wire.matched_on,
        detail: wire.detail,
    })
}
