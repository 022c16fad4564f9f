//! Inputs that look for trouble, from a seed: accounts, their changes, and signals with planted duplicates, disorder,
//! late and future events, bursts, steady streams, escalations, and sources that stop and catch up.
//!
//! Invariant: the same seed, size, prefix and beginning give the same bytes; nothing here reads a clock or another
//! source of chance. A [`Plan`] knows times only relative to its beginning, so that a fault run can feed it gradually
//! and a simulation at once:
//!
//! ```
//! use winback_core::time::Time;
//! use winback_generate::trouble::{Plan, Size};
//!
//! let plan = Plan::new(7, Size::SHORT).named("t1-");
//! for policy in plan.policies() { /* write `policy.toml` to policies_dir/`policy.file` */ }
//! for source in plan.sources() { /* [sources.NAME] topic = source.topic, preset = source.preset */ }
//! let accounts = plan.accounts(); // a row each, for `accounts import`
//! for step in plan.steps(Time::from_millis(1_760_000_000_000)) {
//!     // wait `step.after` milliseconds, then append key, value and timestamp to `step.topic`
//! }
//! // then let the matchers go on for `plan.settles()`, so that progress closes every burst
//! ```

mod accounts;
mod policies;
mod render;
mod stories;
mod weave;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use winback_core::closed_enum;
use winback_core::time::{Span, Time};

use self::weave::Event;

closed_enum! {
    /// The purpose of a planted step.
    Planted {
        /// Signals close together.
        Burst = "burst",
        /// A stream that never pauses for the quiet time, until `max_wait`.
        Steady = "steady",
        /// A stream so dense that `max_signals` ends it.
        Flood = "flood",
        /// Weak first; what is stronger comes in the quiet time.
        Escalation = "escalation",
        /// One weak signal, below the least score.
        Lone = "lone",
        /// The same source and id again, at once.
        DuplicateNear = "duplicate_near",
        /// The same again, long after its burst, within the dedupe window.
        DuplicateFar = "duplicate_far",
        /// The same again, after the dedupe window.
        DuplicateGone = "duplicate_gone",
        /// Written later than what happened after it.
        Disorder = "disorder",
        /// Old when it is written, but not too old.
        Late = "late",
        /// Too old when it is written.
        Expired = "expired",
        /// Dated a little ahead of its writing.
        Ahead = "ahead",
        /// Dated more than a day ahead: a dead letter.
        Future = "future",
        /// Held back while its source stood still, and written when it caught up.
        Backlog = "backlog",
        /// Of nobody on the list.
        Stranger = "stranger",
        /// An account's row with other facts.
        AccountChanged = "account_changed",
        /// An account churned anew.
        AccountChurned = "account_churned",
        /// An account is taken off the list, by a tombstone or a row that says so.
        AccountGone = "account_gone",
        /// It is back on the list.
        AccountBack = "account_back",
    }
}

impl Planted {
    /// True if it is a record of a source; the others are rows of accounts.
    pub const fn is_signal(self) -> bool {
        !matches!(self, Self::AccountChanged | Self::AccountChurned | Self::AccountGone | Self::AccountBack)
    }
}

/// The size, the length, and the speed of time in the policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// The number of accounts.
    pub accounts: u32,
    /// From the first step to the last, about.
    pub lasts: Span,
    /// The quiet time of the eager policy; all others are multiples of it.
    pub unit: Span,
}

impl Size {
    /// A minute, about 25 signals a second.
    pub const SHORT: Self = Self { accounts: 60, lasts: Span::from_secs(60), unit: Span::from_secs(1) };
}

/// A source of the plan, as the config has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub name: &'static str,
    /// Its topic.
    pub topic: Arc<str>,
    /// Its format.
    pub preset: &'static str,
}

/// A policy of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyFile {
    /// The name of its file.
    pub file: &'static str,
    /// The text.
    pub toml: String,
}

/// One record to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// So many milliseconds after the step before it.
    pub after: u64,
    /// The target: a source's topic, or the topic of account rows.
    pub topic: Arc<str>,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Its value; `None` is a tombstone.
    pub value: Option<Vec<u8>>,
    /// The producer's timestamp; `None` is the time of writing.
    pub timestamp: Option<Time>,
    /// The purpose.
    pub planted: Planted,
}

const SOURCES: [&str; 3] = ["web", "app", "docs"];

/// All that a run is fed with.
#[derive(Clone, Debug)]
pub struct Plan {
    seed: u64,
    size: Size,
    prefix: String,
    events: Vec<Event>,
}

impl Plan {
    /// The plan of that seed.
    pub fn new(seed: u64, size: Size) -> Self {
        Self { seed, size, prefix: String::new(), events: weave::events(seed, size) }
    }

    /// Begins every topic with `prefix`.
    #[must_use]
    pub fn named(self, prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), ..self }
    }

    /// The sources, for the config.
    pub fn sources(&self) -> Vec<Source> {
        let source = |name| Source { name, topic: self.topic(name), preset: "web" };
        SOURCES.map(source).into()
    }

    /// The topic of account rows: `accounts.topic` of the config.
    pub fn accounts_topic(&self) -> Arc<str> {
        self.topic("accounts")
    }

    /// The list at the beginning, as rows for `accounts import`.
    pub fn accounts(&self) -> Vec<Value> {
        (0..self.size.accounts).map(|number| accounts::row(self.seed, number)).collect()
    }

    /// The policies: two, so that each signal has two outcomes.
    pub fn policies(&self) -> Vec<PolicyFile> {
        policies::files(self.size.unit)
    }

    /// The steps in the order in which they are written, when the first is due at `begins`.
    pub fn steps(&self, begins: Time) -> impl Iterator<Item = Step> + '_ {
        let mut before = 0;
        self.events.iter().map(move |event| {
            let after = u64::try_from(event.due - before).unwrap_or_default();
            before = event.due;
            let (name, record) = render::record(self.seed, event, begins);
            let topic = self.topic(name);
            Step {
                after,
                topic,
                key: record.key,
                value: record.value,
                timestamp: record.timestamp,
                planted: event.planted,
            }
        })
    }

    /// From the beginning to the last step.
    pub fn lasts(&self) -> Span {
        Span::from_millis(self.events.last().map_or(0, |event| event.due))
    }

    /// The time after the last step at which every burst has reached its deadline, if progress comes.
    pub fn settles(&self) -> Span {
        policies::longest_burst(self.size.unit) + self.size.unit
    }

    /// The number of steps of each kind.
    pub fn counts(&self) -> BTreeMap<Planted, u64> {
        let mut counts = BTreeMap::new();
        self.events.iter().for_each(|event| *counts.entry(event.planted).or_default() += 1);
        counts
    }

    fn topic(&self, name: &str) -> Arc<str> {
        Arc::from(format!("{}{name}", self.prefix))
    }
}
