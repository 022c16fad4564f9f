//! Tests of a sequence in its own file: an account, what happens to it, and the touches that must come.

mod given;
mod then;

use jiff::civil::DateTime;
use schemars::JsonSchema;
use serde::Deserialize;
use winback_core::account::Account;
use winback_core::time::Time;
use winback_policy::line_of;

use crate::error::SequenceError;
use crate::file::{File, parse};
use crate::fit::lacks;
use crate::material::Material;
use crate::model::Sequence;
use crate::plan::plan;
use crate::schedule::{Times, default_sending};
use crate::situation::{Happened, Situation};
use crate::words::Rule;
use given::{Given, TestAccount, TestRelease, proof};
use then::{Came, Then};

/// Monday, 1 February 2027, 10:00 by the account's clock: no holiday and no quarter's end.
const START: &str = "2027-02-01T10:00";

/// A test of a sequence: an account, what happens, and the expected touches.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileTest {
    /// State the behaviour that it shows, as a sentence.
    name: String,
    /// Set the enrolment by the account's clock. Default: Monday, 1 February 2027, 10:00.
    start: Option<String>,
    /// The account; one of tier 2 that left 400 days before over its price without it.
    #[serde(default)]
    account: TestAccount,
    /// List the signals of the evidence: `funding_news`, or with its class `web_visit/login`.
    #[serde(default)]
    signals: Vec<String>,
    /// List the releases on the shelf.
    #[serde(default)]
    releases: Vec<TestRelease>,
    /// A proof for every account is in the library.
    #[serde(default)]
    proof: bool,
    /// List what happens, by time since the enrolment.
    #[serde(default)]
    given: Vec<Given>,
    /// Every step, in order; or what the sequence lacks.
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

/// Runs the tests of a sequence file.
///
/// # Errors
/// When the file is no sequence, or a test says what cannot be meant.
pub fn test_sequence(toml: &str) -> Result<Vec<Tested>, Vec<SequenceError>> {
    let sequence = parse(toml, 1)?;
    let tests = File::read(toml).map_err(|error| vec![error])?.test;
    let (mut tested, mut faults) = (Vec::new(), Vec::new());
    for (at, test) in tests.into_iter().enumerate() {
        match test.failure(&format!("test[{at}]"), &sequence) {
            Ok(failure) => {
                let line = line_of(toml, &format!("test[{at}].name")).unwrap_or(1);
                tested.push(Tested { name: test.name, line, failure });
            }
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(tested) } else { Err(faults) }
}

impl FileTest {
    fn failure(&self, key: &str, sequence: &Sequence) -> Result<Option<String>, SequenceError> {
        let wrong = |field: &str, value: &str, fix: &str| {
            SequenceError::new(Rule::Due, &format!("{key}.{field}"), format!("{value:?}"), fix)
        };
        let sending = default_sending();
        let zone = self.account.zone().to_owned();
        let times = Times::new(&sending, &zone);
        let start = self.start.as_deref().unwrap_or(START);
        let fix = "write a local time such as \"2027-02-01T10:00\"";
        let start = local(&times, start).ok_or_else(|| wrong("start", start, fix))?;
        let account = self.account.account(start);
        let proofs =
            if self.proof { Material::of(vec![proof(&sequence.languages)]) } else { Material::default() };
        let situation = self.situation(key, &account, start, &proofs)?;
        let lacks = lacks(sequence, &situation);
        let plan = plan(sequence, &situation, &times);
        let came = Came::of(sequence, &situation, &plan, &lacks);
        let came = came.map_err(|why| wrong("then", "", &format!("correct the text: {why}")))?;
        Ok(then::difference(&self.then, &came))
    }

    fn situation<'a>(
        &self,
        key: &str,
        account: &'a Account,
        start: Time,
        proofs: &'a Material,
    ) -> Result<Situation<'a>, SequenceError> {
        let mut happened: Vec<Happened> = Vec::new();
        for (at, given) in self.given.iter().enumerate() {
            happened.push(given.happened(&format!("{key}.given[{at}]"), at, start)?);
        }
        happened.sort_by_key(|one| one.at);
        let releases = self.releases.iter().enumerate();
        Ok(Situation {
            account,
            at: start,
            signals: given::signals(key, &self.signals)?,
            releases: releases.map(|(at, release)| release.event(&format!("shelf-{at}"), start)).collect(),
            happened,
            material: proofs,
        })
    }
}

fn local(times: &Times<'_>, text: &str) -> Option<Time> {
    let at: DateTime = text.parse().ok()?;
    times.at(at)
}
