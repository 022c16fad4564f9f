//! Accounts and signals from a seed: [`Generator`] makes days that feel real, for the demo, tests and load; [`trouble`] makes
//! plans that look for trouble, for tests. Both draw companies, people and chance from the same place.
//!
//! Invariant: the same spec gives the same bytes, on any machine; nothing here reads a clock or another source of
//! chance. Memory is bounded whatever the counts: accounts are functions of their number, and signals are made in the
//! order in which they are appended.

mod account;
mod class;
mod company;
mod shape;
mod story;
mod stream;
pub mod trouble;
mod words;
pub mod write;

use std::sync::Arc;

use winback_core::time::{Span, Time};
use winback_sources::SourceConfig;

pub use account::AccountRecord;
pub use class::Class;
pub use shape::Shape;
pub use stream::{Signal, Signals};

/// A source that signals are generated for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSpec {
    /// Its name in the config.
    pub name: String,
    /// Its topic.
    pub topic: Arc<str>,
    /// The format of its producer.
    pub shape: Shape,
}

/// The size and the shape of the generated data.
#[derive(Clone, Debug)]
pub struct GenerateSpec {
    seed: u64,
    accounts: u64,
    signals: u64,
    until: Time,
    over: Span,
    sources: Vec<SourceSpec>,
    /// The sorts of sources that there are.
    classes: Vec<Class>,
}

impl GenerateSpec {
    /// So many accounts, and so many signals of these sources in the time `over` before `until`.
    pub fn new(
        seed: u64,
        (accounts, signals): (u64, u64),
        until: Time,
        over: Span,
        sources: Vec<SourceSpec>,
    ) -> Self {
        let has = |class: &Class| sources.iter().any(|source| source.shape.class() == *class);
        let classes = Class::ALL.into_iter().filter(has).collect();
        Self { seed, accounts, signals, until, over, classes, sources }
    }

    /// The earliest time of a first signal; accounts are older.
    pub fn start(&self) -> Time {
        self.until - self.over
    }

    /// The sources, as [`Signal::source`] counts them.
    pub fn sources(&self) -> &[SourceSpec] {
        &self.sources
    }
}

/// The configured sources that signals can be generated for, and the names of those that have a format of their own.
pub fn sources_of<'c>(
    config: impl IntoIterator<Item = (&'c String, &'c SourceConfig)>,
) -> (Vec<SourceSpec>, Vec<&'c str>) {
    let mut able = Vec::new();
    let mut skipped = Vec::new();
    for (name, source) in config {
        match source.preset.as_deref().and_then(Shape::parse) {
            Some(shape) => {
                able.push(SourceSpec { name: name.clone(), topic: source.topic.as_str().into(), shape });
            }
            None => skipped.push(name.as_str()),
        }
    }
    (able, skipped)
}

/// Makes what a spec asks for.
#[derive(Clone, Debug)]
pub struct Generator {
    spec: GenerateSpec,
}

impl Generator {
    /// The generator of that spec.
    pub fn new(spec: &GenerateSpec) -> Self {
        Self { spec: spec.clone() }
    }

    /// The rows of all accounts, by number.
    pub fn accounts(&self) -> impl Iterator<Item = AccountRecord> + '_ {
        (0..self.spec.accounts).map(|number| account::record(self.spec.seed, number, self.spec.until))
    }

    /// All signals in the order of their append times, over all sources.
    pub fn signals(&self) -> Signals<'_> {
        Signals::new(&self.spec)
    }
}
