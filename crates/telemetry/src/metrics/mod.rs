//! Handles to the metrics of the list, made once and kept: nothing is looked up for a message.
//!
//! A metric that is not in [`list`] cannot be written, and label names and their number are part of its type. A gauge is
//! written in parts, one a lane, and a part that is dropped takes its value along: no lane overwrites another's, and
//! nothing stale stays behind after a rebalance.

mod gauge;
mod labels;
pub mod list;
mod table;

use std::sync::Arc;

pub use gauge::GaugePart;
pub use labels::Law;
pub use metrics::{Counter, Histogram};
use metrics::{Gauge, Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use parking_lot::Mutex;
pub use table::{markdown, text};

use self::gauge::SharedGauge;
use self::list::{Def, Shape};

static METADATA: Metadata<'static> = Metadata::new("winback", Level::INFO, None);

/// The metrics of one deployment in this process; cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    gauges: Mutex<Vec<(Key, Arc<SharedGauge>)>>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All metrics described, none written yet but the build's.
    pub fn new() -> Self {
        let recorder = recorder();
        list::ALL.iter().for_each(|info| describe(&recorder, info));
        let handle = recorder.handle();
        let metrics = Self(Arc::new(Inner { recorder, handle, gauges: Mutex::default() }));
        let build = metrics.gauge(&list::BUILD_INFO, [env!("CARGO_PKG_VERSION")]);
        build.set(1.0);
        build.keep();
        metrics
    }

    /// The counter with these label values. Keep it.
    pub fn counter<const N: usize>(&self, def: &Def<list::Counter, N>, labels: [&str; N]) -> Counter {
        self.0.recorder.register_counter(&key(def, labels), &METADATA)
    }

    /// The histogram with these label values. Keep it.
    pub fn histogram<const N: usize>(&self, def: &Def<list::Histogram, N>, labels: [&str; N]) -> Histogram {
        self.0.recorder.register_histogram(&key(def, labels), &METADATA)
    }

    /// The caller's own part of the gauge with these label values. Keep it; dropping it takes its value out.
    pub fn gauge<const N: usize>(&self, def: &Def<list::Gauge, N>, labels: [&str; N]) -> GaugePart {
        let key = key(def, labels);
        let mut gauges = self.0.gauges.lock();
        if let Some((_, shared)) = gauges.iter().find(|(known, _)| *known == key) {
            return SharedGauge::part(shared);
        }
        let handle: Gauge = self.0.recorder.register_gauge(&key, &METADATA);
        let shared = Arc::new(SharedGauge::new(handle, def.combine()));
        gauges.push((key, Arc::clone(&shared)));
        SharedGauge::part(&shared)
    }

    /// All that was written, in the text format of Prometheus.
    pub fn render(&self) -> String {
        self.0.handle.render()
    }

    /// Folds what histograms have buffered. [`crate::server::serve`] does it; without a server call it every few
    /// seconds, or the buffers grow.
    pub fn upkeep(&self) {
        self.0.handle.run_upkeep();
    }
}

/// Counters of one metric by the values of a closed enum, found by index.
pub struct Counters<E> {
    handles: Vec<Counter>,
    index: fn(E) -> usize,
}

impl<E: Copy + 'static> Counters<E> {
    /// One counter for each of `all`; `index` is the value's place, `|value| value as usize`.
    pub fn new(all: &[E], index: fn(E) -> usize, make: impl Fn(E) -> Counter) -> Self {
        let mut handles: Vec<Counter> = std::iter::repeat_with(Counter::noop).take(all.len()).collect();
        for value in all {
            if let Some(slot) = handles.get_mut(index(*value)) {
                *slot = make(*value);
            }
        }
        Self { handles, index }
    }

    /// Adds to the counter of `value`.
    pub fn add(&self, value: E, count: u64) {
        if let Some(counter) = self.handles.get((self.index)(value)) {
            counter.increment(count);
        }
    }
}

fn key<K, const N: usize>(def: &Def<K, N>, values: [&str; N]) -> Key {
    let labels = def.info.labels.iter().zip(values).map(|(name, value)| Label::new(*name, value.to_owned()));
    Key::from_parts(def.info.name, labels.collect::<Vec<_>>())
}

fn describe(recorder: &PrometheusRecorder, info: &list::Info) {
    let name = info.name.into();
    let help = info.help.into();
    match info.shape {
        Shape::Counter => recorder.describe_counter(name, None, help),
        Shape::Gauge(_) => recorder.describe_gauge(name, None, help),
        Shape::Histogram(_) => recorder.describe_histogram(name, None, help),
    }
}

#[expect(
    clippy::expect_used,
    reason = "the builder refuses empty bucket lists only, and a test holds that none is"
)]
fn recorder() -> PrometheusRecorder {
    let mut builder = PrometheusBuilder::new();
    for info in list::ALL {
        if let Shape::Histogram(buckets) = info.shape {
            let matcher = Matcher::Full(info.name.to_owned());
            builder = builder.set_buckets_for_metric(matcher, buckets).expect("buckets");
        }
    }
    builder.build_recorder()
}
