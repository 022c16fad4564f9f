//! Sequence files: TOML in, a checked [`Sequence`] out, with errors that name the rule, the key, the value and the fix.

mod parts;
mod step;

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema};
use serde::Deserialize;
use winback_policy::{explain_toml, names, schema_of};

use crate::error::SequenceError;
use crate::model::{Experiment, MIN_GAP_DAYS, Sequence};
use crate::rules;
use crate::test::FileTest;
use crate::words::Kind;
use parts::{FileExperiment, FileFits, FileOffer};
use step::FileStep;

/// Touches of an account over time, and whom they are for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// The sequence's name, unique in a deployment: a-z, 0-9 and -.
    #[schemars(extend("pattern" = "^[a-z0-9-]{1,64}$"))]
    name: String,
    /// The lower, the sooner it is tried; unique in a deployment.
    #[schemars(extend("minimum" = 1, "maximum" = 1000))]
    rank: u32,
    /// Choose its purpose: outreach wins back, return welcomes, watch warns the owner. Default: outreach.
    #[schemars(with = "Option<String>", extend("enum" = names(Kind::ALL, Kind::as_str)))]
    kind: Option<Kind>,
    /// State the thought behind the words, such as "no hard feelings".
    framework: String,
    /// List the languages that every text exists in, BCP 47; the first is the default.
    languages: Vec<String>,
    /// The accounts that it is for.
    #[serde(default)]
    fits: FileFits,
    /// Set the civil days between two touches. Default: 3.
    min_gap_days: Option<u32>,
    /// The offers by name: the ladder.
    #[serde(default)]
    offers: BTreeMap<String, FileOffer>,
    /// Experiments, by name.
    #[serde(default)]
    experiments: BTreeMap<String, FileExperiment>,
    /// The touches, by day.
    steps: Vec<FileStep>,
    /// Tests of this sequence, run by `winback sequence test` and `winback config check`.
    #[serde(default)]
    pub(crate) test: Vec<FileTest>,
}

/// Reads a sequence file and holds it against the rules that reading can tell.
///
/// # Errors
/// Every fault, each with the rule, the key, the value and the fix; one fault where the file is no such TOML.
pub fn parse(toml: &str, version: u32) -> Result<Sequence, Vec<SequenceError>> {
    let file = File::read(toml).map_err(|error| vec![error])?;
    let mut faults = Vec::new();
    let sequence = file.sequence(version, &mut faults);
    if faults.is_empty() {
        faults = rules::check(&sequence);
    }
    if faults.is_empty() { Ok(sequence) } else { Err(faults) }
}

/// The JSON schema (draft 7) of a sequence file.
pub fn sequence_schema() -> Schema {
    schema_of::<File>("A sequence of winback")
}

impl File {
    pub(crate) fn read(toml: &str) -> Result<Self, SequenceError> {
        let text = toml.trim_start_matches('\u{feff}');
        toml::from_str(text).map_err(|error| SequenceError::Toml(explain_toml(text, &error)))
    }

    fn sequence(&self, version: u32, faults: &mut Vec<SequenceError>) -> Sequence {
        let steps = self.steps.iter().enumerate().map(|(at, step)| step.step(at, faults)).collect();
        let experiments = self.experiments.iter().map(|(name, file)| Experiment {
            name: name.clone(),
            salt: file.salt.clone().unwrap_or_else(|| name.clone()),
            arms: file.arms.clone(),
        });
        Sequence {
            name: self.name.clone(),
            version,
            rank: self.rank,
            kind: self.kind.unwrap_or(Kind::Outreach),
            framework: self.framework.clone(),
            languages: self.languages.clone(),
            fits: self.fits.fits(faults),
            min_gap_days: self.min_gap_days.unwrap_or(MIN_GAP_DAYS),
            offers: self.offers.iter().map(|(name, offer)| (name.clone(), offer.offer())).collect(),
            experiments: experiments.collect(),
            steps,
        }
    }
}
