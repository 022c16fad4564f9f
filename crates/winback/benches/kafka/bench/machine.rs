//! The machine, and what this process has used of it.

use std::fmt;
use std::process::Command;
use std::time::{Duration, Instant};

/// The kernel counts CPU time in hundredths of a second, whatever its own tick is.
const TICK: Duration = Duration::from_millis(10);

/// The cost of some work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Took {
    pub(super) wall: Duration,
    /// Of all threads of this process, the client library's, too.
    pub(super) cpu: Duration,
}

/// Does the work and says what it took.
pub(super) fn timed<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(Took, T)> {
    let (cpu, start) = (cpu_time()?, Instant::now());
    let done = work()?;
    let wall = start.elapsed();
    Ok((Took { wall, cpu: cpu_time()?.saturating_sub(cpu) }, done))
}

/// User and system time of this process, threads that ended included.
fn cpu_time() -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name in parentheses may hold spaces; utime and stime are the 12th and 13th fields behind it.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let ticks: Result<u32, _> = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>).sum();
    Ok(TICK * ticks?)
}

/// Keeps this process, and what it starts from now on, on one core.
pub(super) fn pin(core: usize) -> bool {
    let process = std::process::id().to_string();
    let pinned = Command::new("taskset").args(["-a", "-c", "-p", &core.to_string(), &process]).output();
    pinned.is_ok_and(|output| output.status.success())
}

/// Lets this process run on every core again.
pub(super) fn unpin() {
    let process = std::process::id().to_string();
    // Where there is no `taskset` nothing was pinned.
    drop(Command::new("taskset").args(["-a", "-c", "-p", "0-4095", &process]).output());
}

/// The processor and how many cores there are.
pub(super) fn name() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = text.lines().filter(|line| line.starts_with("processor")).count();
    format!("{cores} cores of {}", model.map_or("an unknown processor", |(_, name)| name))
}

/// The load of the last minute: what others do on the machine.
pub(super) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}

/// Values in order, and what is at a share of them.
#[derive(Clone, Debug)]
pub(super) struct Sorted(Vec<f64>);

impl Sorted {
    pub(super) fn new(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        Self(values)
    }

    pub(super) const fn count(&self) -> usize {
        self.0.len()
    }

    /// The number of values that are at most `most`.
    pub(super) fn within(&self, most: f64) -> usize {
        self.0.partition_point(|value| *value <= most)
    }

    #[expect(clippy::cast_precision_loss, reason = "some hundred values")]
    pub(super) fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / self.0.len() as f64
    }

    /// The smallest value that `percent` of all values do not exceed.
    pub(super) fn at(&self, percent: usize) -> f64 {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied().unwrap_or(f64::NAN)
    }
}

impl fmt::Display for Sorted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "min {:.2}, median {:.2}, max {:.2}", self.at(0), self.at(50), self.at(100))
    }
}
