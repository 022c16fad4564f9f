//! Runs roles: builds what the config names, watches it, and ends it in order.

mod accounts;
mod answers;
#[cfg(test)]
mod behaviour;
mod client_statistics;
mod drafts;
mod idle;
mod kept;
mod known;
mod lanes;
mod may_send;
mod monitor;
mod observe;
mod opening;
mod roles;
mod rules;
pub mod schema_registry;
mod snapshots;
mod started;
mod summary;
mod threads;
mod watch;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use parking_lot::Mutex;
use winback_core::time::Time;
use winback_deployment::config::Config;
use winback_deployment::topics::Topics;
use winback_deployment::{seed, topic_plan};
use winback_lane::{LaneError, PositionsFrom, Shutdown};
use winback_log::{Clock, SharedLog};
use winback_telemetry::{Health, Metrics, server};

pub use self::kept::Kept;
pub use self::roles::RoleName;
pub use self::summary::Summary;
pub use self::threads::Panicked;

/// The time that a drain may take.
const DRAIN: Duration = Duration::from_secs(15);
/// How long the threads of a run may take to end once it is asked for, beyond the drain.
const END_WITHIN: Duration = Duration::from_secs(15);

/// How often the end of a thread is looked for.
const LOOK: Duration = Duration::from_millis(5);

/// The choice of roles and options of a run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The roles.
    pub roles: Vec<RoleName>,
    /// The matcher's sources, by name.
    pub sources: Vec<String>,
    /// The position that wins if state and group differ.
    pub positions: PositionsFrom,
    /// The origin of the config, for errors.
    pub config_path: String,
    /// Set when the run is to end, also while it starts.
    pub stop: Arc<AtomicBool>,
}

/// The parts that all of a run share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) topics: Topics,
    pub(crate) log: SharedLog,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) metrics: Metrics,
    pub(crate) health: Health,
    pub(crate) shutdown: Shutdown,
    pub(crate) failures: Mutex<Vec<Failure>>,
    pub(crate) may_send: Arc<OnceLock<server::MaySend>>,
}

/// The reason why a part of the run ended by itself.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A lane.
    Lane(String, LaneError),
    /// A thread.
    Panicked(Panicked),
    /// Something else.
    Other(anyhow::Error),
}

impl Shared {
    /// A part of the run ended by itself.
    pub(crate) fn fail(&self, failure: Failure) {
        self.failures.lock().push(failure);
    }
}

/// Roles that are running.
pub struct Running {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    monitor: monitor::Monitor,
    http: Option<Http>,
}

struct Http {
    runtime: tokio::runtime::Runtime,
    address: std::net::SocketAddr,
}

/// Makes what is missing, and starts the roles of the plan.
///
/// # Errors
/// When the log is unavailable, a topic is wrong, a source makes no sense, or the HTTP port cannot be had.
pub fn start(config: Config, log: SharedLog, clock: Arc<dyn Clock>, plan: &Plan) -> anyhow::Result<Running> {
    let topics = Topics::of(&config.deployment);
    let stalled_after = Duration::from_millis(config.lanes.stalled_after.millis().unsigned_abs());
    topic_plan::apply(&*log, &config, !log.is_shared())?;
    if plan.roles.contains(&RoleName::Detector) {
        rules::mark(&*log, &config, &topics)?;
    }
    seed::seed(&*log, &config, &topics)?;
    let drain = started::of_world(&*clock, DRAIN);
    let shared = Arc::new(Shared {
        topics,
        log,
        clock,
        metrics: Metrics::new(),
        health: Health::new(stalled_after),
        shutdown: Shutdown::new(drain),
        failures: Mutex::default(),
        may_send: Arc::default(),
        config,
    });
    let http = serve(&shared)?;
    let mut threads = Vec::new();
    let built = lanes::start(&shared, plan, &mut threads).inspect_err(|_| shared.shutdown.ask())?;
    let monitor = monitor::Monitor::new(&shared, built, stalled_after);
    Ok(Running { shared, threads, monitor, http })
}

impl Running {
    /// The address of the pages, if they are served.
    pub fn address(&self) -> Option<std::net::SocketAddr> {
        self.http.as_ref().map(|http| http.address)
    }

    /// Looks at the lanes, and tells health and metrics.
    pub fn watch(&mut self) {
        self.monitor.watch();
    }

    /// The bursts that are open, and the time that the clock stands at.
    pub fn open_bursts(&self) -> (u64, Option<Time>) {
        summary::open_bursts(&self.shared.metrics)
    }

    /// True if every record is read, decided and acted on.
    pub fn is_idle(&mut self) -> bool {
        self.monitor.is_idle(&self.shared)
    }

    /// True if a part ended by itself.
    pub fn has_failed(&self) -> bool {
        !self.shared.failures.lock().is_empty()
    }

    /// The lanes that stopped for the dead letters that they would make, and why.
    pub fn stopped(&self) -> Vec<String> {
        self.monitor.stopped(&self.shared)
    }

    /// The summary of the run so far.
    pub fn summary(&self) -> Summary {
        Summary::of(&self.shared.metrics)
    }

    /// Records behind the known ends.
    pub fn lag(&self) -> i64 {
        self.monitor.lag()
    }

    /// Lets the lanes commit what they have, and ends.
    ///
    /// # Errors
    /// The first failure of a part, or that a drain took too long.
    pub fn stop(mut self) -> anyhow::Result<Summary> {
        self.shared.shutdown.ask();
        self.join();
        let summary = Summary::of(&self.shared.metrics);
        if let Some(http) = self.http.take() {
            http.runtime.shutdown_timeout(Duration::from_secs(1));
        }
        let mut failures = std::mem::take(&mut *self.shared.failures.lock());
        match failures.drain(..).next() {
            None => Ok(summary),
            // A log's own error keeps its type: the exit code says it.
            Some(Failure::Lane(name, LaneError::Log(error))) => Err(anyhow::Error::new(error).context(name)),
            Some(Failure::Lane(name, error)) => Err(anyhow::Error::new(error).context(name)),
            Some(Failure::Panicked(panicked)) => Err(panicked.into()),
            Some(Failure::Other(error)) => Err(error),
        }
    }

    /// Waits for the threads' ends, but not for ever for one that hangs: it ends with the process.
    fn join(&mut self) {
        let deadline = Instant::now() + DRAIN + END_WITHIN;
        for thread in self.threads.drain(..) {
            while !thread.is_finished() && Instant::now() < deadline {
                std::thread::park_timeout(LOOK);
            }
            let name = thread.thread().name().unwrap_or_default().to_owned();
            if !thread.is_finished() {
                let why = anyhow::anyhow!("the thread `{name}` hangs and was left behind");
                self.shared.fail(Failure::Other(why));
            } else if let Err(panic) = thread.join() {
                let why = winback_lane::panic_text(&*panic);
                self.shared.fail(Failure::Panicked(Panicked { thread: name, why }));
            }
        }
    }
}

fn serve(shared: &Arc<Shared>) -> anyhow::Result<Option<Http>> {
    let listen = shared.config.http.listen.clone();
    if listen.is_empty() {
        return Ok(None);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("winback-http")
        .enable_all()
        .build()
        .context("cannot start the HTTP server's thread")?;
    let listener = runtime.block_on(server::bind(&listen, shared.config.http.allow_remote))?;
    let address = listener.local_addr()?;
    let names = shared.config.http.names.clone();
    let pages = server::Pages {
        metrics: shared.metrics.clone(),
        health: shared.health.clone(),
        names,
        may_send: shared.may_send.clone(),
    };
    let served =
        runtime.spawn(server::serve(listener, pages, server::Limits::default(), std::future::pending()));
    let shared = shared.clone();
    runtime.spawn(async move {
        let failure = match served.await {
            Err(error) if error.is_panic() => {
                let why = winback_lane::panic_text(&*error.into_panic());
                Failure::Panicked(Panicked { thread: "winback-http".to_owned(), why })
            }
            Ok(()) | Err(_) => return, // the runtime is going
        };
        shared.fail(failure);
    });
    Ok(Some(Http { runtime, address }))
}
