//! What a batch came to. Counted while it is stepped, told when it is committed: a batch that is done again counts once.

use winback_core::index::Method;
use winback_sources::{AnswerKind, DeadReason, DropReason};
use winback_telemetry::Metrics;
use winback_telemetry::metrics::{Counter, Counters, GaugePart, Law, list};

/// The counts of one batch or of a lane's life.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) records: u64,
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
    /// Whether something is to be forwarded.
    pub(crate) fn has_effects(&self) -> bool {
        let counted = self.matched.iter().chain(&self.answers).chain(&self.dead);
        self.broadcast > 0 || counted.copied().any(|count| count > 0)
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
    conservation: GaugePart,
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
            conservation: metrics.gauge(&list::CONSERVATION, [Law::Events.as_str()]),
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
        self.imbalance += tally.imbalance();
        #[expect(clippy::cast_precision_loss, reason = "zero, or a number that is wrong anyway")]
        self.conservation.set(self.imbalance as f64);
    }
}
