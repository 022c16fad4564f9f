//! The counts of a batch. They are counted while it is stepped, and published at the commit: a batch that is done
//! again counts once.

use winback_core::index::Method;
use winback_sources::{AnswerKind, DeadReason, DropReason};
use winback_telemetry::Metrics;
use winback_telemetry::metrics::{Counter, Counters, GaugePart, Law, list};

/// The counts of one batch or of a lane's life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) records: u64,
    /// Those of which at least one event came, whatever became of it.
    pub(crate) understood: u64,
    pub(crate) events: u64,
    pub(crate) signals: u64,
    pub(crate) unmatched: u64,
    /// Events for every partition.
    pub(crate) broadcast: u64,
    pub(crate) matched: [u64; Method::ALL.len()],
    pub(crate) ambiguous: [u64; Method::ALL.len()],
    pub(crate) answers: [u64; AnswerKind::ALL.len()],
    pub(crate) dropped: [u64; DropReason::ALL.len()],
    pub(crate) dead: [u64; DeadReason::ALL.len() + 1],
}

/// The place of `future` behind the sources' own reasons.
pub(crate) const FUTURE: usize = DeadReason::ALL.len();

impl Tally {
    /// True if there is something to forward.
    pub(crate) fn has_effects(&self) -> bool {
        let counted = self.matched.iter().chain(&self.answers).chain(&self.dead);
        self.broadcast > 0 || counted.copied().any(|count| count > 0)
    }

    /// Records of which nothing came at all, not even a dead letter: must be 0.
    pub(crate) const fn lost_records(&self) -> u64 {
        self.records.abs_diff(self.understood)
    }

    /// Events without an outcome, or outcomes without an event (R14): must be 0.
    pub(crate) fn imbalance(&self) -> u64 {
        let sum = |counts: &[u64]| counts.iter().sum::<u64>();
        let found = sum(&self.matched) + sum(&self.answers) + self.broadcast;
        let outcomes = self.unmatched + found + sum(&self.ambiguous) + sum(&self.dropped) + sum(&self.dead);
        self.events.abs_diff(outcomes)
    }
}

/// The counters of one source.
pub struct MatcherMetrics {
    records: Counter,
    signals: Counter,
    unmatched: Counter,
    broadcasts: Counter,
    matched: Counters<Method>,
    ambiguous: Counters<Method>,
    answers: Counters<AnswerKind>,
    dropped: Counters<DropReason>,
    records_law: GaugePart,
    events_law: GaugePart,
    lost_records: u64,
    imbalance: u64,
}

impl MatcherMetrics {
    /// The counters of the source of that name.
    pub fn new(metrics: &Metrics, source: &str) -> Self {
        let method = |method: Method| method as usize;
        Self {
            records: metrics.counter(&list::RECORDS, [source]),
            signals: metrics.counter(&list::SIGNALS, [source]),
            unmatched: metrics.counter(&list::UNMATCHED, [source]),
            broadcasts: metrics.counter(&list::BROADCASTS, [source]),
            matched: Counters::new(Method::ALL, method, |method| {
                metrics.counter(&list::MATCHES, [source, method.as_str()])
            }),
            ambiguous: Counters::new(Method::ALL, method, |method| {
                metrics.counter(&list::AMBIGUOUS, [source, method.as_str()])
            }),
            answers: Counters::new(
                AnswerKind::ALL,
                |kind| kind as usize,
                |kind| metrics.counter(&list::ANSWERS, [source, kind.as_str()]),
            ),
            dropped: Counters::new(
                DropReason::ALL,
                |reason| reason as usize,
                |reason| metrics.counter(&list::DROPPED, [source, reason.as_str()]),
            ),
            records_law: metrics.gauge(&list::CONSERVATION, [Law::Records.as_str()]),
            events_law: metrics.gauge(&list::CONSERVATION, [Law::Events.as_str()]),
            lost_records: 0,
            imbalance: 0,
        }
    }

    pub(crate) fn add(&mut self, tally: &Tally) {
        self.records.increment(tally.records);
        self.signals.increment(tally.signals);
        self.unmatched.increment(tally.unmatched);
        self.broadcasts.increment(tally.broadcast);
        for method in Method::ALL {
            self.matched.add(*method, tally.matched[*method as usize]);
            self.ambiguous.add(*method, tally.ambiguous[*method as usize]);
        }
        for kind in AnswerKind::ALL {
            self.answers.add(*kind, tally.answers[*kind as usize]);
        }
        for reason in DropReason::ALL {
            self.dropped.add(*reason, tally.dropped[*reason as usize]);
        }
        self.lost_records += tally.lost_records();
        self.imbalance += tally.imbalance();
        self.records_law.set(whole(self.lost_records));
        self.events_law.set(whole(self.imbalance));
    }
}

#[expect(clippy::cast_precision_loss, reason = "zero, or a number that is wrong anyway")]
const fn whole(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The imbalance of that law, in what was rendered.
    fn imbalance(metrics: &Metrics, law: Law) -> String {
        let series = format!("winback_conservation_imbalance{{law=\"{}\"}} ", law.as_str());
        let page = metrics.render();
        page.lines().find_map(|line| line.strip_prefix(&series)).unwrap().to_owned()
    }

    #[test]
    fn what_is_lost_is_an_imbalance() {
        let metrics = Metrics::new();
        let mut counted = MatcherMetrics::new(&metrics, "web");
        counted.add(&Tally { records: 2, understood: 2, events: 3, unmatched: 3, ..Tally::default() });
        assert_eq!(
            (imbalance(&metrics, Law::Records), imbalance(&metrics, Law::Events)),
            ("0".into(), "0".into())
        );
        counted.add(&Tally { records: 2, understood: 1, events: 3, unmatched: 1, ..Tally::default() });
        assert_eq!(
            (imbalance(&metrics, Law::Records), imbalance(&metrics, Law::Events)),
            ("1".into(), "2".into())
        );
    }
}
