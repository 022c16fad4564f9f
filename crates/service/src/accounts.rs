//! The account index of the process: filled before the first signal is judged, live after.

use std::sync::Arc;
use std::time::{Duration, Instant};

use winback_core::account::{Reason, Status};
use winback_core::ids::Offset;
use winback_core::index::SharedIndex;
use winback_core::time::{Span, Time};
use winback_log::{LogError, Reader, TopicPartition};
use winback_matcher::{AccountFeed, FeedStatus};
use winback_telemetry::metrics::{GaugePart, list};
use winback_telemetry::{Component, Metrics};
use winback_worker::{AccountStanding, Standing};

use super::answers::{AnswerFeed, Known};
use super::may_send::{Recent, TriggerFeed};
use super::{Failure, Shared};

const TURN: Duration = Duration::from_millis(50);
/// Between two tries while the log is unavailable.
const PAUSE: Duration = Duration::from_millis(200);
/// The interval between looks at the registrar's group: on Kafka each look needs a client of its own.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Why the index and the answers are not kept any more.
#[derive(Debug, thiserror::Error)]
enum KeepError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A record that was there at the start cannot be read.
    #[error("{0}; stop the members and run `winback topics doctor`")]
    Unreadable(String),
}

/// The index, and whether it is complete.
#[derive(Clone)]
pub(super) struct Accounts {
    pub(super) index: Arc<SharedIndex>,
    pub(super) status: Arc<FeedStatus>,
    pub(super) answers: Arc<Known>,
    pub(super) recent: Arc<Recent>,
}

/// Starts the thread that keeps the index. `stale_after` is the age up to which triggers are remembered, where a worker
/// runs.
pub(super) fn start(
    shared: &Arc<Shared>,
    stale_after: Option<Span>,
    threads: &mut Vec<std::thread::JoinHandle<()>>,
) -> anyhow::Result<Accounts> {
    let accounts = Accounts {
        index: Arc::new(SharedIndex::new()),
        status: Arc::default(),
        answers: Arc::default(),
        recent: Arc::default(),
    };
    let keeper = Keeper { shared: shared.clone(), accounts: accounts.clone(), stale_after };
    threads.push(super::threads::spawn(shared, "accounts", move || keeper.run())?);
    Ok(accounts)
}

struct Keeper {
    shared: Arc<Shared>,
    accounts: Accounts,
    stale_after: Option<Span>,
}

impl Keeper {
    fn run(&self) {
        let component = self.shared.health.component("accounts");
        if let Err(error) = self.keep(&component) {
            component.ended(error.to_string());
            // A log's own error keeps its type: the exit code says it.
            let error = match error {
                KeepError::Log(error) => anyhow::Error::new(error),
                error @ KeepError::Unreadable(_) => anyhow::Error::new(error),
            };
            self.shared.fail(Failure::Other(error.context("the account index")));
        }
    }

    /// Keeps on, also through an outage that is shorter than the lanes' limit.
    fn keep(&self, component: &Component) -> Result<(), KeepError> {
        let gauges = Gauges::new(&self.shared.metrics);
        let mut budget = RetryBudget::new(&self.shared.config.lanes.unavailable_timeout);
        let mut feeds = None;
        while !self.shared.shutdown.is_asked() {
            component.beat(Instant::now());
            match self.turn(&mut feeds) {
                Ok(()) => {
                    budget.rest();
                    self.report(component, &gauges);
                    let Accounts { status, answers, .. } = &self.accounts;
                    if let Some(record) = status.incomplete().or_else(|| answers.incomplete()) {
                        return Err(KeepError::Unreadable(record));
                    }
                }
                Err(error) => {
                    let why = budget.with(error, Instant::now())?;
                    component.waiting(why);
                    std::thread::park_timeout(PAUSE);
                }
            }
        }
        Ok(())
    }

    fn turn(&self, feeds: &mut Option<Feeds>) -> Result<(), LogError> {
        if feeds.is_none() {
            *feeds = Some(Feeds::new(&self.shared, &self.accounts, self.stale_after)?);
        }
        feeds.as_mut().map_or(Ok(()), |feeds| feeds.turn(self.shared.clock.now()))
    }

    #[expect(clippy::cast_precision_loss, reason = "counts in floats, as Prometheus has them")]
    fn report(&self, component: &Component, gauges: &Gauges) {
        match self.accounts.status.waits_for() {
            Some(why) => component.waiting(why),
            None => {
                component.ready();
                gauges.complete.set(1.0);
            }
        }
        let index = self.accounts.index.pin();
        gauges.size.set(index.len() as f64);
        gauges.bytes.set(index.bytes() as f64);
    }
}

struct Gauges {
    size: GaugePart,
    bytes: GaugePart,
    complete: GaugePart,
}

impl Gauges {
    fn new(metrics: &Metrics) -> Self {
        let gauge = |metric| metrics.gauge(metric, []);
        let gauges = Self {
            size: gauge(&list::INDEX_ACCOUNTS),
            bytes: gauge(&list::INDEX_BYTES),
            complete: gauge(&list::INDEX_BOOTSTRAPPED),
        };
        gauges.complete.set(0.0);
        gauges
    }
}

/// The feeds that are read: positions outlive an outage.
struct Feeds {
    accounts: AccountFeed,
    answers: AnswerFeed,
    /// With the age up to which triggers are remembered.
    triggers: Option<(TriggerFeed, Span)>,
    registrar: Registered,
    begun: bool,
}

impl Feeds {
    fn new(shared: &Shared, accounts: &Accounts, stale_after: Option<Span>) -> Result<Self, LogError> {
        let triggers = stale_after.map(|age| Ok((TriggerFeed::new(shared, accounts.recent.clone())?, age)));
        let (index, status) = (accounts.index.clone(), accounts.status.clone());
        Ok(Self {
            accounts: AccountFeed::new(&shared.log, &shared.topics.accounts, index, status)?,
            answers: AnswerFeed::new(shared, accounts.answers.clone())?,
            triggers: triggers.transpose()?,
            registrar: Registered::new(shared)?,
            begun: false,
        })
    }

    fn turn(&mut self, now: Time) -> Result<(), LogError> {
        if !self.begun && self.registrar.has_caught_up(Instant::now())? {
            self.accounts.begin()?;
            self.begun = true;
        }
        self.accounts.turn(TURN / 2)?;
        if let Some((triggers, age)) = &mut self.triggers {
            triggers.turn(Duration::ZERO, now - *age)?;
        }
        self.answers.turn(TURN / 2)
    }
}

/// The limit of an outage of the log, as for a lane.
struct RetryBudget {
    limit: Duration,
    away_since: Option<Instant>,
}

impl RetryBudget {
    fn new(limit: &Span) -> Self {
        Self { limit: Duration::from_millis(limit.millis().unsigned_abs()), away_since: None }
    }

    /// The log is there.
    fn rest(&mut self) {
        self.away_since = None;
    }

    /// The reason to wait; the error itself if waiting does not help, or has lasted too long.
    fn with(&mut self, error: LogError, now: Instant) -> Result<String, LogError> {
        let since = *self.away_since.get_or_insert(now);
        let is_over = now.saturating_duration_since(since) >= self.limit;
        match error {
            LogError::Unavailable { .. } if !is_over => Ok(error.to_string()),
            error => Err(error),
        }
    }
}

/// The check that the registrar has taken in every account that existed at this process's start.
struct Registered {
    reader: Box<dyn Reader>,
    group: String,
    partitions: Vec<TopicPartition>,
    ends: Vec<Offset>,
    look_at: Option<Instant>,
}

impl Registered {
    fn new(shared: &Shared) -> Result<Self, LogError> {
        let topic = &shared.config.accounts.topic;
        let info = shared.log.describe(&[topic])?.into_iter().next().flatten();
        let count = info.map_or(0, |info| info.spec.partitions);
        let partitions: Vec<_> = (0..count).map(|at| TopicPartition::new(topic.as_str(), at)).collect();
        let mut reader = shared.log.reader()?;
        let ends = if partitions.is_empty() { Vec::new() } else { reader.end_offsets(&partitions)? };
        let group = super::started::registrar_group(&shared.config);
        Ok(Self { reader, group, partitions, ends, look_at: None })
    }

    fn has_caught_up(&mut self, now: Instant) -> Result<bool, LogError> {
        if self.ends.iter().all(|end| *end == Offset::ZERO) {
            return Ok(true);
        }
        if self.look_at.is_some_and(|at| now < at) {
            return Ok(false);
        }
        self.look_at = Some(now + LOOK_EVERY);
        let committed = self.reader.committed(&self.group, &self.partitions)?;
        Ok(committed.iter().zip(&self.ends).all(|(position, end)| position.unwrap_or(Offset::ZERO) >= *end))
    }
}

impl Standing for Accounts {
    fn of(&self, account_id: &str) -> Option<AccountStanding> {
        let index = self.index.pin();
        let entry = index.get(account_id)?;
        let books = AccountStanding {
            reactivated: entry.status == Status::Active,
            do_not_contact: entry.do_not_contact || entry.reason == Reason::Impossible,
            opted_out: entry.all_opted_out,
            no_consent: entry.consent == Some(false),
            declined_at: entry.declined_at,
            replied_at: None,
            hold_out: entry.hold_out,
            earliest_at: entry.earliest_at,
        };
        let answered = self.answers.answers.of(account_id);
        Some(answered.map_or(books, |answered| {
            let nobody_left = index.are_all_out(account_id, |contact| answered.is_out(contact));
            answered.onto(books, entry.churned_at, nobody_left)
        }))
    }

    fn waits_for(&self) -> Option<String> {
        self.status.waits_for().or_else(|| self.answers.waits_for())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;
    use winback_lane::Shutdown;
    use winback_log::{SharedLog, SystemClock};
    use winback_log_embedded::{EmbeddedLog, Fault};
    use winback_telemetry::Health;

    use super::*;
    use winback_deployment::config::Config;
    use winback_deployment::topic_plan;
    use winback_deployment::topics::Topics;

    fn away() -> LogError {
        LogError::Unavailable { log: "kafka://x".to_owned(), why: "all brokers are down".to_owned() }
    }

    #[test]
    fn an_outage_is_waited_for_as_long_as_lanes_are_patient() {
        let (mut budget, start) = (RetryBudget::new(&Span::from_secs(120)), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        assert!(budget.with(away(), start).unwrap().contains("all brokers are down"));
        budget.with(away(), after(119)).unwrap();
        budget.with(away(), after(120)).unwrap_err();
        budget.rest();
        budget.with(away(), after(121)).unwrap();
        budget.with(LogError::NoTopic("t".to_owned()), after(122)).unwrap_err();
    }

    fn shared(log: &SharedLog) -> Arc<Shared> {
        let config = Config::default();
        topic_plan::apply(&**log, &config, true).unwrap();
        Arc::new(Shared {
            topics: Topics::of(&config.deployment),
            log: log.clone(),
            clock: Arc::new(SystemClock),
            metrics: Metrics::new(),
            health: Health::new(Duration::from_secs(60)),
            shutdown: Shutdown::new(Duration::from_secs(15)),
            failures: Mutex::default(),
            may_send: Arc::default(),
            config,
        })
    }

    #[test]
    fn a_thread_that_panics_is_a_failure_of_the_run_that_names_it() {
        let shared = shared(&(Arc::new(EmbeddedLog::memory(Arc::new(SystemClock))) as SharedLog));
        let thread = crate::threads::spawn(&shared, "accounts", || panic!("on purpose")).unwrap();
        thread.join().unwrap();
        let failures = shared.failures.lock();
        let [Failure::Panicked(panicked)] = failures.as_slice() else { panic!("{failures:?}") };
        let line = panicked.to_string();
        assert!(
            line.contains("`winback-accounts` panicked: on purpose") && line.contains("start it again"),
            "{line}"
        );
    }

    #[test]
    fn the_keeper_outlives_a_log_that_is_away_for_a_moment() {
        let log = Arc::new(EmbeddedLog::memory(Arc::new(SystemClock)));
        let shared = shared(&(log.clone() as SharedLog));
        log.inject("", Fault::ReadFails);
        let mut threads = Vec::new();
        let accounts = start(&shared, None, &mut threads).unwrap();
        while accounts.waits_for().is_some() && shared.failures.lock().is_empty() {
            std::thread::park_timeout(PAUSE);
        }
        shared.shutdown.ask();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert!(shared.failures.lock().is_empty(), "{:?}", shared.failures.lock());
        assert_eq!(accounts.waits_for(), None, "it read on");
    }
}
