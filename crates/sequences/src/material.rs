//! The material of texts: stories of customers, figures, demos, and links to read more.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use winback_core::account::{Account, Reason};
use winback_policy::explain_toml;

use crate::error::SequenceError;
use crate::rules::figure;
use crate::words::{ProofKind, Rule};

/// The name of its file beside the sequences.
pub(crate) const FILE: &str = "material.toml";

/// A proof.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Its name, unique in the library.
    pub id: String,
    /// Its kind.
    pub kind: ProofKind,
    /// The reasons of leaving that it speaks to; empty: all.
    #[serde(default)]
    pub reasons: Vec<Reason>,
    /// The features that it shows; empty: none in particular.
    #[serde(default)]
    pub features: Vec<String>,
    /// Its words by language: whole sentences.
    pub words: BTreeMap<String, String>,
}

/// The material that the texts of a deployment may show.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Material {
    /// The page on which an account comes back; empty: there is none.
    pub link_back: String,
    /// The percent that loyal customers get at most; a discount is no better.
    pub loyal_discount: Option<u32>,
    /// The page about a release, by the release's id.
    pub links: BTreeMap<String, String>,
    /// In the order in which they are told.
    proofs: Vec<Proof>,
}

impl Material {
    /// Reads the file.
    ///
    /// # Errors
    /// Every fault of the file.
    pub fn parse(toml: &str) -> Result<Self, Vec<SequenceError>> {
        let read: Result<Self, _> = toml::from_str(toml);
        let proofs = read.map_err(|error| vec![SequenceError::Toml(explain_toml(toml, &error))])?;
        let faults = proofs.faults();
        if faults.is_empty() { Ok(proofs) } else { Err(faults) }
    }

    /// These, for a test.
    pub fn of(proofs: Vec<Proof>) -> Self {
        Self { proofs, ..Self::default() }
    }

    fn faults(&self) -> Vec<SequenceError> {
        let mut faults = self.wrong_links();
        let mut seen = BTreeSet::new();
        for (at, proof) in self.proofs.iter().enumerate() {
            if !seen.insert(&proof.id) {
                let key = format!("proofs[{at}].id");
                let fix = "choose another name: a proof before it has this one";
                faults.push(SequenceError::new(Rule::Content, &key, format!("{:?}", proof.id), fix));
            }
            for (language, words) in &proof.words {
                let key = format!("proofs[{at}].words.{language}");
                if let Some((_, found)) = figure(words) {
                    let fix = "write it in words: figures with a percent or currency sign reach no text but in an offer";
                    faults.push(SequenceError::new(Rule::Content, &key, format!("{found:?}"), fix));
                }
            }
        }
        faults
    }

    fn wrong_links(&self) -> Vec<SequenceError> {
        let back = Some(("link_back".to_owned(), &self.link_back)).filter(|(_, link)| !link.is_empty());
        let links = self.links.iter().map(|(id, link)| (format!("links.{id}"), link));
        let is_web = |link: &str| {
            let rest = link.strip_prefix("https://").unwrap_or_default();
            !rest.is_empty() && !link.contains(char::is_whitespace)
        };
        let wrong = back.into_iter().chain(links).filter(|(_, link)| !is_web(link));
        let fix = "write the whole address, such as \"https://example.com/welcome-back\"";
        wrong.map(|(key, link)| SequenceError::new(Rule::Content, &key, format!("{link:?}"), fix)).collect()
    }

    /// The languages that a proof lacks, with the proof's place.
    pub(crate) fn lacking<'a>(
        &'a self,
        languages: &'a [String],
    ) -> impl Iterator<Item = (usize, &'a String)> {
        let of = |(at, proof): (usize, &'a Proof)| {
            let lacks = languages.iter().filter(move |language| !proof.words.contains_key(*language));
            lacks.map(move |language| (at, language))
        };
        self.proofs.iter().enumerate().flat_map(of)
    }

    /// The first that was not told: of a feature that they missed, else for their reason.
    pub fn first_for(&self, account: &Account, told: &[String]) -> Option<&Proof> {
        let open = || self.proofs.iter().filter(|proof| !told.contains(&proof.id));
        let of_feature = |proof: &&Proof| {
            let same = |feature: &String| {
                account.missing_features.iter().any(|missed| missed.eq_ignore_ascii_case(feature))
            };
            proof.features.iter().any(same)
        };
        let of_reason = |proof: &&Proof| {
            proof.features.is_empty() && (proof.reasons.is_empty() || proof.reasons.contains(&account.reason))
        };
        open().find(of_feature).or_else(|| open().find(of_reason))
    }
}
