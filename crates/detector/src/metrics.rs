//! The counts of the detector: into a tally while it steps, into metrics at the commit.

use std::collections::BTreeMap;

use winback_core::debounce::{Decision, Edge, Partition, Subject, Trigger, shadow};
use winback_core::time::Time;
use winback_telemetry::Metrics;
use winback_telemetry::metrics::{Counter, GaugePart, Histogram, Law, list};

/// Counts of a batch, told when it is committed. What policies in shadow decide is in the log, not in the metrics: nobody
/// acts on it.
#[derive(Default)]
pub(crate) struct Tally {
    decisions: BTreeMap<(bool, &'static str, &'static str), u64>,
    triggers: BTreeMap<(String, Edge), u64>,
    leading: Vec<Time>,
    trailing: Vec<Time>,
    /// Signals that the detector made itself.
    pub(crate) made: u64,
    /// Outcomes that the signals must have: one for each policy that decides, none for a dead letter.
    pub(crate) due: u64,
    pub(crate) outcomes: u64,
}

impl Tally {
    pub(crate) fn decision(&mut self, made: &Decision) {
        let signal = matches!(made.subject, Subject::Signal { .. });
        self.outcomes += u64::from(signal);
        if shadow::is_shadow(made.policy.as_str()) {
            return;
        }
        let reason = reason(made);
        *self.decisions.entry((signal, made.outcome(), reason)).or_default() += 1;
    }

    /// `arrived` is when the signal that fired it could first be read.
    pub(crate) fn trigger(&mut self, fired: &Trigger, arrived: Option<Time>) {
        if shadow::is_shadow(fired.policy.as_str()) {
            return;
        }
        *self.triggers.entry((fired.policy.to_string(), fired.edge)).or_default() += 1;
        match (fired.edge, arrived) {
            (Edge::Leading | Edge::Escalation, Some(arrived)) => self.leading.push(arrived),
            (Edge::Trailing, _) => self.trailing.push(fired.fired_at),
            (Edge::Leading | Edge::Escalation | Edge::Update, _) => {}
        }
    }
}

/// The gate, or the event that ended the burst; a cap has no word of a closed list.
const fn reason(made: &Decision) -> &'static str {
    match (made.gate(), &made.subject) {
        (Some(gate), _) => gate.as_str(),
        (None, Subject::Burst { because: Some(because), .. }) => because.as_str(),
        (None, Subject::Burst { .. } | Subject::Signal { .. }) => "",
    }
}

/// The metrics of a detector lane.
pub struct DetectorMetrics {
    metrics: Metrics,
    leading: Histogram,
    trailing: Histogram,
    watermark: GaugePart,
    left_out: GaugePart,
    open: GaugePart,
    made: Counter,
    behind: GaugePart,
    decisions_law: GaugePart,
    bursts_law: GaugePart,
    imbalance: u64,
}

impl DetectorMetrics {
    /// The metrics of one lane.
    pub fn new(metrics: &Metrics) -> Self {
        Self {
            leading: metrics.histogram(&list::LEADING_DELAY, []),
            trailing: metrics.histogram(&list::TRAILING_DELAY, []),
            watermark: metrics.gauge(&list::WATERMARK, []),
            left_out: metrics.gauge(&list::INPUTS_LEFT_OUT, []),
            open: metrics.gauge(&list::OPEN_BURSTS, []),
            made: metrics.counter(&list::MADE, []),
            behind: metrics.gauge(&list::BEHIND, []),
            decisions_law: metrics.gauge(&list::CONSERVATION, [Law::Decisions.as_str()]),
            bursts_law: metrics.gauge(&list::CONSERVATION, [Law::Bursts.as_str()]),
            metrics: metrics.clone(),
            imbalance: 0,
        }
    }

    /// A batch is in the log.
    pub(crate) fn add(&mut self, tally: &Tally, now: Time) {
        for ((signal, outcome, reason), count) in &tally.decisions {
            let list = if *signal { &list::DECISIONS } else { &list::BURST_ENDS };
            self.metrics.counter(list, [outcome, reason]).increment(*count);
        }
        for ((policy, edge), count) in &tally.triggers {
            self.metrics.counter(&list::TRIGGERS, [policy, edge.as_str()]).increment(*count);
        }
        tally.leading.iter().for_each(|arrived| self.leading.record(seconds(now, *arrived)));
        tally.trailing.iter().for_each(|deadline| self.trailing.record(seconds(now, *deadline)));
        self.made.increment(tally.made);
        self.imbalance += tally.due.abs_diff(tally.outcomes);
        self.decisions_law.set(whole(self.imbalance));
    }

    /// Sets the gauges of the lane's partitions.
    pub(crate) fn stand<'a>(&self, partitions: impl Iterator<Item = &'a Partition> + Clone) {
        let counts = partitions.clone().map(Partition::counts);
        let open: u64 = partitions.clone().map(|partition| partition.open_bursts() as u64).sum();
        let (opened, ended) =
            counts.fold((0, 0), |sum, counts| (sum.0 + counts.opened, sum.1 + counts.ended));
        self.open.set(whole(open));
        self.behind.set(whole(partitions.clone().filter(|partition| partition.is_behind()).count() as u64));
        self.bursts_law.set(whole(opened.abs_diff(ended + open)));
        let out = |partition: &Partition| {
            partition.clock().inputs.values().filter(|input| input.named && !input.counts).count()
        };
        self.left_out.set(whole(partitions.clone().map(out).max().unwrap_or_default() as u64));
        match partitions.filter_map(|partition| partition.clock().watermark).min() {
            #[expect(
                clippy::cast_precision_loss,
                reason = "seconds since 1970 in a float, as Prometheus has them"
            )]
            Some(watermark) => self.watermark.set(watermark.millis() as f64 / 1e3),
            None => self.watermark.clear(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a count in a float, as Prometheus has them")]
const fn whole(count: u64) -> f64 {
    count as f64
}

#[expect(clippy::cast_precision_loss, reason = "a span in a float, as Prometheus has them")]
fn seconds(now: Time, since: Time) -> f64 {
    now.since(since).millis().max(0) as f64 / 1e3
}
