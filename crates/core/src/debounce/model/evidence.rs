//! The evidence of a burst and of its trigger (R12), bounded however much arrives.
//!
//! Items are shared, not copied: a burst that a signal joins and the trigger that it makes hold the same items.

use std::sync::Arc;

use smol_str::SmolStr;

use super::input::MatchedSignal;
use super::kind_rule::KindRule;
use crate::index::Method;
use crate::signal::{SignalKind, truncated};
use crate::time::Time;

/// The source of the signals that the calendar makes.
pub const CALENDAR: &str = "calendar";
/// The most signals that evidence keeps, the strongest (R6, R12).
pub const MAX_ITEMS: usize = 20;
/// The most (kind, class) pairs that a score tells apart; the others of a kind are summed without a class.
const MAX_PARTS: usize = 24;

/// One signal as evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceItem {
    /// The sort of event.
    pub kind: SignalKind,
    /// The finer class; empty when none.
    pub class: String,
    /// Its event time.
    pub event_time: Time,
    /// The source's name.
    pub source: String,
    /// Its id there.
    pub id: String,
    /// Its strength, 0 to 3.
    pub strength: u8,
    /// The weight that it added to the score; 0 when it came in the cool-down before.
    pub weight: u32,
    /// The rung that it matched by.
    pub method: Method,
    /// On what, masked.
    pub matched_on: String,
    /// A few words.
    pub detail: String,
}

impl EvidenceItem {
    /// The signal under this rule, cut to a bounded size.
    pub fn new(signal: &MatchedSignal, rule: KindRule) -> Self {
        Self {
            kind: signal.kind,
            class: truncated(&signal.class, 32).to_owned(),
            event_time: signal.event_time,
            source: truncated(&signal.source, 64).to_owned(),
            id: truncated(&signal.id, 64).to_owned(),
            strength: rule.strength,
            weight: rule.weight,
            method: signal.method,
            matched_on: truncated(&signal.matched_on, 80).to_owned(),
            detail: truncated(&signal.detail, 120).to_owned(),
        }
    }

    /// Strongest first; among equals the newest, then by name, so that the order of arrival does not show.
    fn rank(&self) -> impl Ord + '_ {
        let newest = std::cmp::Reverse(self.event_time);
        let strongest = (std::cmp::Reverse(self.strength), std::cmp::Reverse(self.weight));
        (strongest, newest, self.source.as_str(), self.id.as_str())
    }
}

/// The signals of one kind and class in a score.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScorePart {
    /// The kind.
    pub kind: SignalKind,
    /// The class; empty when none.
    pub class: SmolStr,
    /// Their number.
    pub signals: u32,
    /// Their weights' sum.
    pub weight: u32,
}

/// The evidence of a burst.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Counts and weights by kind and class, in that order.
    pub parts: Vec<ScorePart>,
    /// The earliest event time.
    pub first: Time,
    /// The latest event time.
    pub last: Time,
    /// The strongest signals, strongest first.
    pub items: Vec<Arc<EvidenceItem>>,
    /// The score left by earlier bursts, where the policy carries it over; set at the burst's end.
    pub carried_score: u32,
}

impl Evidence {
    /// Nothing yet but the evidence of the cool-down before, with weight 0.
    pub const fn after_cooldown(items: Vec<Arc<EvidenceItem>>) -> Self {
        Self { parts: Vec::new(), first: Time::MAX, last: Time::MIN, items, carried_score: 0 }
    }

    /// Takes a signal in.
    pub fn add(&mut self, item: EvidenceItem) {
        self.first = self.first.min(item.event_time);
        self.last = self.last.max(item.event_time);
        self.count(&item);
        keep(&mut self.items, item.into());
    }

    fn count(&mut self, item: &EvidenceItem) {
        let full = self.parts.len() >= MAX_PARTS;
        let found = |part: &ScorePart, class: &str| part.kind == item.kind && part.class == class;
        let known = self.parts.iter().position(|part| found(part, &item.class));
        let known = known.or_else(|| full.then(|| self.parts.iter().position(|part| found(part, "")))?);
        match known.and_then(|at| self.parts.get_mut(at)) {
            Some(part) => {
                part.signals = part.signals.saturating_add(1);
                part.weight = part.weight.saturating_add(item.weight);
            }
            None => {
                let class = if full { SmolStr::default() } else { SmolStr::from(item.class.as_str()) };
                self.parts.push(ScorePart { kind: item.kind, class, signals: 1, weight: item.weight });
                self.parts.sort_by(|left, right| (left.kind, &left.class).cmp(&(right.kind, &right.class)));
            }
        }
    }

    /// The sum of the weights (R5), and what was carried over.
    pub fn score(&self) -> u32 {
        self.own_score().saturating_add(self.carried_score)
    }

    /// The sum of the weights alone.
    pub fn own_score(&self) -> u32 {
        self.parts.iter().fold(0, |sum, part| sum.saturating_add(part.weight))
    }

    /// The number of signals counted.
    pub fn signals(&self) -> u32 {
        self.parts.iter().fold(0, |sum, part| sum.saturating_add(part.signals))
    }
}

/// Adds an item, keeping the strongest [`MAX_ITEMS`] in order.
pub(super) fn keep(items: &mut Vec<Arc<EvidenceItem>>, item: Arc<EvidenceItem>) {
    let at = items.partition_point(|other| other.rank() <= item.rank());
    if at < MAX_ITEMS {
        items.insert(at, item);
        items.truncate(MAX_ITEMS);
    }
}
