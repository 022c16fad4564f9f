//! A sequence as a record.

use sha2::{Digest as _, Sha256};
use winback_proto::v1;

use crate::model::{Offer, ReleaseRule, Sequence, Step, Text};
use crate::schedule::minute_of;

/// The record of a sequence: texts by their hash.
pub fn record(sequence: &Sequence) -> v1::Sequence {
    let fits = &sequence.fits;
    let signals = fits
        .signals
        .iter()
        .map(|(kind, class)| v1::SequenceSignal { kind: kind.to_string(), page_class: class.clone() });
    let experiments = sequence.experiments.iter().map(|one| v1::SequenceExperiment {
        name: one.name.clone(),
        salt: one.salt.clone(),
        arms: one.arms.iter().map(|(name, percent)| arm(name, *percent)).collect(),
    });
    v1::Sequence {
        name: sequence.name.clone(),
        version: sequence.version,
        rank: sequence.rank,
        kind: sequence.kind.to_string(),
        removed: false,
        fits: Some(v1::SequenceFits {
            reasons: words(&fits.reasons),
            tiers: words(&fits.tiers),
            segments: words(&fits.segments),
            manners: words(&fits.manners),
            min_days: fits.min_days,
            min_months: fits.min_months,
            max_months: fits.max_months,
            signals: signals.collect(),
            release: fits.release.as_ref().map(release),
            competitor: fits.competitor,
        }),
        min_gap_days: sequence.min_gap_days,
        offers: sequence.offers.iter().map(|(name, offer)| offer_record(name, offer)).collect(),
        experiments: experiments.collect(),
        steps: sequence.steps.iter().map(step).collect(),
    }
}

/// The hash of a text: SHA-256 of the subject, a line break and the body, hexadecimal.
pub fn text_hash(subject: &str, body: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(subject);
    hash.update("\n");
    hash.update(body);
    hex::encode(hash.finalize())
}

fn offer_words(language: &str, words: &str) -> v1::SequenceText {
    let (language, sha256) = (language.to_owned(), text_hash("", words));
    v1::SequenceText { language, sha256, ..v1::SequenceText::default() }
}

fn words<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

fn arm(name: &str, percent: u32) -> v1::SequenceArm {
    v1::SequenceArm { name: name.to_owned(), percent }
}

fn release(rule: &ReleaseRule) -> v1::SequenceRelease {
    v1::SequenceRelease { classes: rule.classes.clone(), closes_gap: rule.closes_gap }
}

fn offer_record(name: &str, offer: &Offer) -> v1::SequenceOffer {
    v1::SequenceOffer {
        name: name.to_owned(),
        kind: offer.kind.to_string(),
        of_value: offer.is_of_value(),
        percent: offer.percent,
        months: offer.months,
        onboarding: offer.onboarding,
        valid_days: offer.valid_days,
        commitment_months: offer.commitment_months,
        days: offer.days,
        words: offer.words.iter().map(|(language, words)| offer_words(language, words)).collect(),
    }
}

fn step(step: &Step) -> v1::SequenceStep {
    let condition = &step.condition;
    v1::SequenceStep {
        id: step.id.clone(),
        day: step.day,
        minute: step.hour.map(|hour| u32::from(minute_of(hour))),
        channel: step.channel.to_string(),
        roles: step.roles.clone(),
        condition: Some(v1::StepCondition {
            engaged: condition.engaged.map(|engaged| engaged.to_string()).unwrap_or_default(),
            tiers: words(&condition.tiers),
            release: condition.release.as_ref().map(release),
            role: condition.role.clone().unwrap_or_default(),
        }),
        news: words(&step.news),
        offer: step.offer.clone().unwrap_or_default(),
        claim: step.claim.as_ref().map(release),
        content: step.content,
        experiment: step.experiment.clone().unwrap_or_default(),
        arms: step.arms.clone(),
        texts: step.texts.iter().map(text).collect(),
    }
}

fn text(text: &Text) -> v1::SequenceText {
    v1::SequenceText {
        language: text.language.clone(),
        sha256: text_hash(&text.subject, &text.body),
        arm: text.arm.clone().unwrap_or_default(),
        tiers: words(&text.variant.tiers),
        manners: words(&text.variant.manners),
        details: text.variant.details.clone(),
    }
}

#[cfg(test)]
mod tests {
    use winback_proto::{Encoding, WireMessage as _};

    use super::*;
    use crate::file::parse;

    #[test]
    fn the_record_of_a_file_says_what_the_file_does_with_texts_by_their_hash() {
        let toml = include_str!("../../../config/sequences/budget.toml");
        let sequence = parse(toml, 3).unwrap();
        let record = record(&sequence);
        let bytes = record.to_bytes(Encoding::Protobuf);
        assert_eq!(v1::Sequence::from_bytes(&bytes).unwrap(), record);
        let fits = record.fits.as_ref().unwrap();
        assert_eq!((record.version, record.rank, record.kind.as_str()), (3, 50, "outreach"));
        assert_eq!(
            (fits.reasons.as_slice(), fits.signals[0].kind.as_str()),
            (&["price_budget".to_owned()][..], "funding_news")
        );
        let days: Vec<_> =
            record.steps.iter().map(|step| (step.day, step.minute, step.texts.len())).collect();
        assert_eq!(days, [(1, None, 3), (8, Some(540), 3), (16, Some(540), 3), (30, Some(540), 3)]);
        let discount = record.offers.iter().find(|offer| offer.name == "first-year").unwrap();
        assert_eq!((discount.of_value, discount.percent, discount.words.len()), (false, 20, 3));
        let (text, first) = (&sequence.steps[0].texts[0], &record.steps[0].texts[0]);
        assert_eq!((&first.language, &first.sha256), (&text.language, &text_hash(&text.subject, &text.body)));
        assert_ne!(text_hash("a\nb", "c"), text_hash("a", "b"));
        assert_eq!(text_hash("a", "b").len(), 64);
    }
}
