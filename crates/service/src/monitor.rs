//! Watches the lanes from outside: health, lag, stalls, and whether everything is done.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use winback_lane::{LaneSnapshot, PartitionState, Watchdog};
use winback_telemetry::Component;
use winback_telemetry::metrics::{GaugePart, list};
use winback_worker::{Reach, Worker};

use super::Shared;
use super::idle::Stages;
use super::started::{Built, Started};
use super::summary::has_backlog;
use crate::RoleName;

pub(super) struct Monitor {
    lanes: Vec<Watched>,
    worker: Option<Arc<Worker>>,
    stopped: Option<GaugePart>,
    unreached: Option<GaugePart>,
    stages: Stages,
}

pub(super) struct Watched {
    pub(super) lane: Started,
    component: Component,
    lag: GaugePart,
    stalled: GaugePart,
    stopped: GaugePart,
    total: GaugePart,
    restored: GaugePart,
    watchdog: Watchdog,
    behind: i64,
}

impl Monitor {
    pub(super) fn new(shared: &Shared, built: Built, stalled_after: Duration) -> Self {
        let now = Instant::now();
        let watch = |lane: Started| {
            let (role, metrics) = (lane.role.as_str(), &shared.metrics);
            Watched {
                component: shared.health.component(lane.status.name()),
                lag: metrics.gauge(&list::LAG, [role, &lane.reads]),
                stalled: metrics.gauge(&list::LANES_STALLED, [role]),
                stopped: metrics.gauge(&list::LANES_STOPPED, [role, &lane.reads]),
                total: metrics.gauge(&list::RESTORE_TOTAL, [role]),
                restored: metrics.gauge(&list::RESTORED, [role]),
                watchdog: Watchdog::new(stalled_after, now),
                behind: 0,
                lane,
            }
        };
        let stopped = built.worker.is_some().then(|| shared.metrics.gauge(&list::ENDPOINTS_STOPPED, []));
        let unreached = built.worker.is_some().then(|| shared.metrics.gauge(&list::ENDPOINTS_UNREACHED, []));
        let stages = Stages::new(shared.clock.now());
        let lanes = built.lanes.into_iter().map(watch).collect();
        Self { lanes, worker: built.worker, stopped, unreached, stages }
    }

    pub(super) fn watch(&mut self) {
        let now = Instant::now();
        let why_stopped = self.endpoint_stopped();
        if let Some(stopped) = &self.stopped {
            stopped.set(f64::from(u8::from(why_stopped.is_some())));
        }
        let reach = self.worker.as_ref().and_then(|worker| worker.reach());
        if let Some(unreached) = &self.unreached {
            unreached.set(f64::from(u8::from(matches!(reach, Some(Reach::Away { .. })))));
        }
        let delivery = Delivery { stopped: why_stopped, reach };
        for watched in &mut self.lanes {
            let snapshot = watched.lane.status.snapshot();
            let stalled = watched.watchdog.stalled(&snapshot, now);
            watched.component.beat(now);
            watched.component.last_error(snapshot.last_error.as_deref());
            watched.report(&snapshot, stalled.as_deref(), &delivery);
            watched.measure(&snapshot, stalled.is_some());
        }
    }

    /// The lanes that stopped for the dead letters that they would make or for their endpoint, or made some of records that may not be at fault,
    /// and why.
    pub(super) fn stopped(&self, shared: &Shared) -> Vec<String> {
        let why = |(lane, snapshot): (&Started, LaneSnapshot)| {
            let name = lane.status.name();
            let stopped = snapshot.stopped.map(|why| format!("{name} stopped reading {}: {why}", lane.reads));
            stopped.or_else(|| snapshot.quarantined.map(|why| format!("{name}: {why}")))
        };
        snapshots(&self.lanes, self.given_up(shared).as_deref()).into_iter().filter_map(why).collect()
    }

    fn endpoint_stopped(&self) -> Option<String> {
        self.worker.as_ref().and_then(|worker| worker.stopped())
    }

    /// The reason why a run that ends by itself waits no longer for the receiver: it refuses all, or it is away for longer
    /// than a log may be.
    fn given_up(&self, shared: &Shared) -> Option<String> {
        let patience = shared.config.lanes.unavailable_timeout;
        let away = || match self.worker.as_ref()?.reach()? {
            Reach::Away { since, why } if shared.clock.now().since(since) >= patience => Some(format!(
                "no message gets through since {since}: {why}: run again when the receiver is back, or raise \
                 lanes.unavailable_timeout"
            )),
            Reach::Away { .. } | Reach::Untried | Reach::Answers => None,
        };
        self.endpoint_stopped().or_else(away)
    }

    pub(super) fn lag(&self) -> i64 {
        self.lanes.iter().map(|watched| watched.behind).sum()
    }

    pub(super) fn is_idle(&mut self, shared: &Shared) -> bool {
        let endpoint = self.given_up(shared);
        let snapshots = snapshots(&self.lanes, endpoint.as_deref());
        // What falls due is told on the matchers' progress, which goes on for as long as they run.
        let reads = self.lanes.iter().any(|watched| watched.lane.role == RoleName::Matcher);
        self.stages.advance(&snapshots, || reads && has_backlog(&shared.metrics), || shared.clock.now())
    }
}

/// Each lane as it is now. A worker whose endpoint takes nothing is stopped like one whose records are bad: it goes on
/// when a person has mended it.
fn snapshots<'a>(lanes: &'a [Watched], endpoint: Option<&str>) -> Vec<(&'a Started, LaneSnapshot)> {
    let now = |watched: &'a Watched| {
        let mut snapshot = watched.lane.status.snapshot();
        if watched.lane.role == RoleName::Worker {
            snapshot.stopped = snapshot.stopped.or_else(|| endpoint.map(str::to_owned));
        }
        snapshot
    };
    lanes.iter().map(|watched| (&watched.lane, now(watched))).collect()
}

/// The state of what all worker lanes deliver to.
struct Delivery {
    stopped: Option<String>,
    reach: Option<Reach>,
}

impl Delivery {
    /// A receiver that is away holds readiness back and never liveness: a restart would not bring it back.
    fn report(&self, component: &Component) {
        match &self.reach {
            None | Some(Reach::Answers) => component.ready(),
            Some(Reach::Untried) => {
                component.noted("the receiver was not asked yet: no message was due since the start");
            }
            Some(Reach::Away { since, why }) => {
                component.waiting(format!("no message gets through since {since}: {why}"));
            }
        }
    }
}

impl Watched {
    fn report(&self, snapshot: &LaneSnapshot, stalled: Option<&str>, delivery: &Delivery) {
        let acts = self.lane.role == RoleName::Worker;
        if let Some(why) = &snapshot.ended {
            self.component.ended(why.clone());
        } else if let Some(why) = stalled {
            self.component.stalled(why);
        } else if let Some(why) = &snapshot.stopped {
            self.component.failed(format!("stopped reading {}: {why}", self.lane.reads));
        } else if let (true, Some(why)) = (acts, &delivery.stopped) {
            self.component.failed(format!("endpoint stopped: {why}"));
        } else if let Some(why) = &snapshot.quarantined {
            self.component.failed(why.clone());
        } else if let Some(why) = &snapshot.unavailable {
            self.component.waiting(format!("the log is unavailable: {why}"));
        } else if let Some((done, total)) = snapshot.restoring {
            self.component.waiting(format!("restoring {done} of {total}"));
        } else if let Some(why) = snapshot.waiting_for.as_ref().or(snapshot.missing.as_ref()) {
            self.component.waiting(why);
        } else if acts {
            delivery.report(&self.component);
        } else {
            self.component.ready();
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "counts in floats, as Prometheus has them")]
    fn measure(&mut self, snapshot: &LaneSnapshot, is_stalled: bool) {
        let behind = |partition: &winback_lane::PartitionStatus| {
            let (committed, end) = (partition.committed?, partition.end?);
            Some((end.0 - committed.0).max(0))
        };
        self.behind = snapshot.partitions.iter().filter_map(behind).sum();
        self.lag.set(self.behind as f64);
        self.stalled.set(f64::from(u8::from(is_stalled)));
        self.stopped.set(f64::from(u8::from(snapshot.stopped.is_some())));
        let mut states: BTreeMap<bool, usize> = BTreeMap::new();
        for partition in &snapshot.partitions {
            *states.entry(matches!(partition.state, PartitionState::Running)).or_default() += 1;
        }
        self.total.set(snapshot.partitions.len() as f64);
        self.restored.set(states.get(&true).copied().unwrap_or_default() as f64);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use winback_core::time::Time;
    use winback_telemetry::Health;

    use super::*;

    #[test]
    fn a_receiver_that_is_away_holds_readiness_back_and_not_liveness() {
        let health = Health::new(Duration::from_secs(60));
        let component = health.component("worker-0");
        let reported = |reach| {
            Delivery { stopped: None, reach }.report(&component);
            let report = health.report(Instant::now());
            (report.ready, report.alive, report.text())
        };
        assert_eq!(reported(None), (true, true, "ready\n".to_owned()));
        assert_eq!(reported(Some(Reach::Answers)), (true, true, "ready\n".to_owned()));
        let (ready, alive, text) = reported(Some(Reach::Untried));
        assert!(ready && alive && text.contains("worker-0: the receiver was not asked yet"), "{text}");
        let why = "https://crm.example: timed out".to_owned();
        let since = Time::from_millis(1_795_356_120_000);
        let (ready, alive, text) = reported(Some(Reach::Away { since, why }));
        assert!(!ready && alive, "{text}");
        assert_eq!(
            text,
            "not ready\nworker-0: no message gets through since 2026-11-22T14:02:00Z: https://crm.example: timed out\n"
        );
    }
}
