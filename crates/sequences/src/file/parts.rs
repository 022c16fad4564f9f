//! The sections of a sequence file about whom it is for, what it offers, and experiments.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use winback_core::account::{Manner, Reason, Tier};
use winback_core::segment::Segment;
use winback_core::signal::SignalKind;
use winback_core::text::nearest;
use winback_policy::names;

use crate::error::SequenceError;
use crate::model::{Fits, Offer, ReleaseRule};
use crate::words::{OfferKind, Rule};

/// The accounts that a sequence is for: all that is set must hold.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FileFits {
    /// Reasons of leaving; without it all but `not_fit` and `impossible`.
    #[schemars(with = "Vec<String>", extend("items" = { "type": "string", "enum": names(Reason::ALL, Reason::as_str) }))]
    reasons: Vec<Reason>,
    /// Tiers; without it all but `below`.
    #[schemars(with = "Vec<String>", extend("items" = { "type": "string", "enum": names(Tier::ALL, Tier::as_str) }))]
    tiers: Vec<Tier>,
    /// Segments.
    #[schemars(with = "Vec<String>", extend("items" = { "type": "string", "enum": names(Segment::ALL, Segment::as_str) }))]
    segments: Vec<Segment>,
    /// Manners of leaving.
    #[schemars(with = "Vec<String>", extend("items" = { "type": "string", "enum": names(Manner::ALL, Manner::as_str) }))]
    manners: Vec<Manner>,
    /// Set the least days since they left.
    min_days: Option<u32>,
    /// Set the least whole months since they left.
    min_months: Option<u32>,
    /// Set the most whole months since they left.
    max_months: Option<u32>,
    /// Signals of which one is in the evidence: `funding_news`, or with its class `web_visit/login`.
    signals: Vec<String>,
    /// A release on the shelf since they left.
    release: Option<FileRelease>,
    /// True: they went to a competitor; false: they did not.
    competitor: Option<bool>,
}

/// A release that counts.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct FileRelease {
    /// Its classes, such as `feature`, `service`, `onboarding`, `price`, `quality`; any without it.
    classes: Vec<String>,
    /// It answers why they left: a feature that they missed, or a class for their reason.
    closes_gap: bool,
}

impl FileRelease {
    pub(super) fn rule(&self) -> ReleaseRule {
        ReleaseRule { classes: self.classes.clone(), closes_gap: self.closes_gap }
    }
}

impl FileFits {
    pub(super) fn fits(&self, faults: &mut Vec<SequenceError>) -> Fits {
        let known: Vec<&str> = SignalKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let mut signals = Vec::new();
        for (at, text) in self.signals.iter().enumerate() {
            let (kind, class) = text.split_once('/').unwrap_or((text, ""));
            match SignalKind::parse(kind) {
                Some(kind) => signals.push((kind, class.to_owned())),
                None => faults.push(SequenceError::new(
                    Rule::Enrol,
                    &format!("fits.signals[{at}]"),
                    format_args!("{text:?}"),
                    format!("correct it, there is no such kind of signal{}", nearest(kind, &known)),
                )),
            }
        }
        Fits {
            reasons: self.reasons.clone(),
            tiers: self.tiers.clone(),
            segments: self.segments.clone(),
            manners: self.manners.clone(),
            min_days: self.min_days,
            min_months: self.min_months,
            max_months: self.max_months,
            signals,
            release: self.release.as_ref().map(FileRelease::rule),
            competitor: self.competitor,
        }
    }
}

/// Something that may be offered. Its figures stand here, and reach a text as `offer` only.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileOffer {
    /// Choose what it is.
    #[schemars(with = "String", extend("enum" = names(OfferKind::ALL, OfferKind::as_str)))]
    kind: OfferKind,
    /// Set the percent of a discount: 15 to 25, or 30 for three months with onboarding.
    percent: Option<u32>,
    /// Set the months that a discount holds for; the first year without it.
    months: Option<u32>,
    /// It comes with onboarding.
    #[serde(default)]
    onboarding: bool,
    /// Set the days until it lapses.
    valid_days: Option<u32>,
    /// Set the months that it asks for.
    commitment_months: Option<u32>,
    /// Set the days that it lasts.
    days: Option<u32>,
    /// Its words by language: a template that knows percent, months, valid_days, commitment_months and days.
    words: BTreeMap<String, String>,
}

impl FileOffer {
    pub(super) fn offer(&self) -> Offer {
        Offer {
            kind: self.kind,
            percent: self.percent.unwrap_or(0),
            months: self.months.unwrap_or(0),
            onboarding: self.onboarding,
            valid_days: self.valid_days.unwrap_or(0),
            commitment_months: self.commitment_months.unwrap_or(0),
            days: self.days.unwrap_or(0),
            words: self.words.clone(),
        }
    }
}

/// An experiment. Its shares are fixed while it runs; a change needs a new name.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileExperiment {
    /// Draws another group; the experiment's name without it.
    pub(super) salt: Option<String>,
    /// The percent of each arm; together 100.
    pub(super) arms: BTreeMap<String, u32>,
}
