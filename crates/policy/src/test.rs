//! Tests of a policy in its own file: the given events go through the production core, and the outcomes must be those that
//! the test says, in its order and nothing else.

mod came;
mod given;

use std::borrow::Cow;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;

use came::{Came, Then};
use given::{Given, Prepared, TestAccount};

use winback_core::debounce::{Body, Effect, Input, Partition, Policy, PolicyRecord, Progress, Reached};
use winback_core::ids::Offset;
use winback_core::time::{Span, Time};

use crate::error::{PolicyError, wrong};
use crate::file::{File, parse};
use crate::lines::line_of;

/// Monday, 5 January 2026, 09:00 UTC: no holiday, no quarter's end, office hours in most of the world.
const START: Time = Time::from_millis(1_767_603_600_000);
/// The input that a test's signals come from.
const INPUT: &str = "test/0";

/// A test of a policy: given events and the expected outcomes.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileTest {
    /// State the behaviour that it shows, as a sentence.
    name: String,
    /// Set the beginning, RFC 3339. Default: Monday, 5 January 2026, 09:00 UTC.
    #[schemars(extend("format" = "date-time"))]
    start: Option<String>,
    /// The account; one of tier 2 that left 400 days before over its price without it.
    #[serde(default)]
    account: TestAccount,
    /// Set the least length, so that the calendar's entries come. Default: until every burst is over.
    lasts: Option<Length>,
    /// List the events, by time since the start.
    #[serde(default)]
    given: Vec<Given>,
    /// Every outcome of a signal and every end of a burst, in order.
    then: Vec<Then>,
}

/// The result of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    /// Its name.
    pub name: String,
    /// Its line in the file.
    pub line: usize,
    /// The difference from the expectation; `None` if it held.
    pub failure: Option<String>,
}

/// Runs the tests of a policy file.
///
/// # Errors
/// When the file is no policy, or a test says what cannot be meant.
pub fn test_policy(toml: &str) -> Result<Vec<Tested>, PolicyError> {
    let policy = parse(toml, 1)?;
    let tests = File::read(toml)?.test.into_iter().enumerate();
    tests.map(|(at, test)| test.tested(at, &policy, toml)).collect()
}

impl FileTest {
    fn tested(self, at: usize, policy: &Policy, toml: &str) -> Result<Tested, PolicyError> {
        let key = format!("test[{at}]");
        let came = self.run(&key, policy, toml)?;
        let then = self.then.iter().enumerate();
        let then = then.map(|(at, then)| then.checked(&format!("{key}.then[{at}]")));
        let expected: Vec<&Then> = then.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect();
        let line = line_of(toml, &format!("{key}.name")).unwrap_or(1);
        Ok(Tested { name: self.name, line, failure: came::difference(&expected, &came) })
    }

    fn run(&self, key: &str, policy: &Policy, toml: &str) -> Result<Vec<Came>, PolicyError> {
        let start = self.begins(key)?;
        let mut bench = Bench {
            partition: Partition::default(),
            next: Offset::ZERO,
            reached: start,
            effects: Vec::new(),
        };
        bench.step(start, Body::Policy(PolicyRecord::compiled(policy.clone(), toml)));
        bench.step(start, self.account.change(start));
        bench.reach(start);
        let mut given: Vec<Prepared> = Vec::new();
        for (at, one) in self.given.iter().enumerate() {
            given.extend(one.prepared(&format!("{key}.given[{at}]"), at, start)?);
        }
        given.sort_by_key(|one| one.at);
        let over = given.last().map_or(start, |one| one.at) + policy.max_wait;
        let end = self.lasts.map_or(over, |lasts| over.max(start + lasts.0));
        for one in given {
            // What was due until then is told first, as it is where readers report all the time.
            bench.reach(one.at - Span::from_millis(1));
            bench.step(one.at, one.body);
        }
        bench.reach(end);
        Ok(came::of(&bench.effects, start))
    }

    fn begins(&self, key: &str) -> Result<Time, PolicyError> {
        let Some(text) = &self.start else { return Ok(START) };
        let parsed: Result<Timestamp, _> = text.parse();
        let fix = "must be a time such as 2026-01-05T09:00:00Z";
        parsed
            .map(|time| Time::from_millis(time.as_millisecond()))
            .map_err(|_| wrong(&format!("{key}.start"), text, fix))
    }
}

/// The time between two reports of readers; `stale` is longer in every policy.
const REPORTS: Span = Span::from_mins(10);

/// The production core under a test.
struct Bench {
    partition: Partition,
    next: Offset,
    /// The time up to which all was read.
    reached: Time,
    effects: Vec<Effect>,
}

impl Bench {
    fn step(&mut self, at: Time, body: Body) {
        let input = Input { offset: self.next, appended_at: at, body };
        self.next = self.next.next();
        self.partition.step(&input, &mut self.effects);
        self.partition.commit();
    }

    /// All that comes was read up to then, and the calendar is there. Readers report all the time, so that nothing that
    /// is due on the way comes of a backlog.
    fn reach(&mut self, at: Time) {
        while self.reached + REPORTS < at {
            self.report(self.reached + REPORTS);
        }
        self.report(at);
    }

    fn report(&mut self, at: Time) {
        self.reached = self.reached.max(at);
        let inputs = || vec![(INPUT.into(), Reached::NewestAppend(at))];
        loop {
            self.step(at, Body::Progress(Progress { inputs: inputs(), known: Vec::new() }));
            if !self.partition.is_behind() {
                return;
            }
        }
    }
}

/// A length of time in a test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
struct Length(#[serde(with = "winback_core::time::text")] Span);

impl JsonSchema for Length {
    fn inline_schema() -> bool {
        <crate::schema::Length as JsonSchema>::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        <crate::schema::Length as JsonSchema>::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        <crate::schema::Length as JsonSchema>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests;
