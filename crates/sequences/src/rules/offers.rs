//! S8: offers, the ladder and claims.

use std::collections::BTreeSet;

use winback_core::account::Reason;
use winback_core::text::nearest;

use crate::error::SequenceError;
use crate::model::{Offer, Sequence, Step};
use crate::words::{Kind, News, OfferKind, Rule};

/// Percent of the first year.
const PERCENT: std::ops::RangeInclusive<u32> = 15..=25;
/// Percent of the first three months, with onboarding.
const FIRST_MONTHS: (u32, u32) = (30, 3);
/// Days of a trial.
const TRIAL: std::ops::RangeInclusive<u32> = 30..=90;

pub(super) fn check(sequence: &Sequence, faults: &mut Vec<SequenceError>) {
    for (name, offer) in &sequence.offers {
        terms(sequence, name, offer, faults);
    }
    unused(sequence, faults);
    steps(sequence, faults);
    if sequence.fits.reasons.contains(&Reason::NotFit) {
        content_only(sequence, faults);
    }
}

fn broken(key: &str, value: impl ToString, fix: impl Into<String>) -> SequenceError {
    SequenceError::new(Rule::Content, key, value, fix)
}

fn terms(sequence: &Sequence, name: &str, offer: &Offer, faults: &mut Vec<SequenceError>) {
    let key = |field: &str| format!("offers.{name}.{field}");
    if offer.kind == OfferKind::Discount {
        discount(sequence, name, offer, faults);
        return;
    }
    for (field, value) in [("percent", offer.percent), ("months", offer.months)] {
        if value != 0 {
            let fix = "take it out: only a discount has it";
            faults.push(broken(&key(field), value, fix));
        }
    }
    if offer.kind == OfferKind::Trial && !TRIAL.contains(&offer.days) {
        faults.push(broken(&key("days"), offer.days, "write 30 to 90: a shorter trial shows nothing"));
    }
}

/// Only for who left for the price, limited in time, tied to a commitment, and no better than loyal customers get.
fn discount(sequence: &Sequence, name: &str, offer: &Offer, faults: &mut Vec<SequenceError>) {
    let key = |field: &str| format!("offers.{name}.{field}");
    if sequence.fits.reasons != [Reason::PriceBudget] {
        let fix = "choose another offer, or write fits.reasons = [\"price_budget\"]: a discount is only for those who left \
                   for the price";
        faults.push(broken(&key("kind"), "\"discount\"", fix));
    }
    let first_year = offer.months == 0 && PERCENT.contains(&offer.percent);
    let first_months = (offer.percent, offer.months) == FIRST_MONTHS && offer.onboarding;
    if !first_year && !first_months {
        let fix = "write 15 to 25 for the first year, or 30 with months = 3 and onboarding = true: less moves nobody, more \
                   is better than loyal customers get";
        faults.push(broken(&key("percent"), offer.percent, fix));
    }
    if offer.valid_days == 0 || offer.valid_days > 90 {
        faults.push(broken(
            &key("valid_days"),
            offer.valid_days,
            "write 1 to 90: a discount is limited in time",
        ));
    }
    if offer.commitment_months == 0 || offer.commitment_months > 36 {
        let fix = "write 1 to 36: a discount is tied to a commitment";
        faults.push(broken(&key("commitment_months"), offer.commitment_months, fix));
    }
}

fn unused(sequence: &Sequence, faults: &mut Vec<SequenceError>) {
    let named: BTreeSet<&String> = sequence.steps.iter().filter_map(|step| step.offer.as_ref()).collect();
    for name in sequence.offers.keys().filter(|name| !named.contains(name)) {
        let fix = "name it in a step, or take it out: no step makes this offer";
        faults.push(broken(&format!("offers.{name}"), format!("{name:?}"), fix));
    }
}

fn steps(sequence: &Sequence, faults: &mut Vec<SequenceError>) {
    let known: Vec<&str> = sequence.offers.keys().map(String::as_str).collect();
    let (mut touched, mut value_offered) = (false, false);
    for (at, step) in sequence.steps.iter().enumerate() {
        let key = format!("steps[{at}].offer");
        if let Some(name) = &step.offer {
            let value = format!("{name:?}");
            let offer = sequence.offers.get(name);
            match offer {
                None => faults.push(broken(
                    &key,
                    &value,
                    format!("correct it, there is no such offer{}", nearest(name, &known)),
                )),
                Some(_) if !touched && sequence.kind == Kind::Outreach => {
                    faults.push(broken(
                        &key,
                        &value,
                        "move it to a later step: the first message is never an offer",
                    ));
                }
                Some(offer) if !offer.is_of_value() && !value_offered => {
                    let fix =
                        "move it behind a step with an offer of value, such as a trial: money comes last";
                    faults.push(broken(&key, &value, fix));
                }
                Some(_) => {}
            }
            value_offered |= offer.is_some_and(Offer::is_of_value);
        }
        touched |= step.channel.is_to_person();
        news(at, step, faults);
    }
}

fn news(at: usize, step: &Step, faults: &mut Vec<SequenceError>) {
    for (number, news) in step.news.iter().enumerate() {
        let lacks = match news {
            News::Release if step.claim.is_none() => {
                "write claim = {}: only what claims a release may name one"
            }
            News::Offer if step.offer.is_none() => "name the offer of the step, or take it out",
            News::Release | News::Offer | News::Proof | News::Signal => continue,
        };
        faults.push(broken(&format!("steps[{at}].news[{number}]"), format!("\"{news}\""), lacks));
    }
    if step.content && step.offer.is_some() {
        let fix = "take it out, or take out content = true: content only gives something to read";
        faults.push(broken(&format!("steps[{at}].offer"), format!("{:?}", step.offer), fix));
    }
}

/// An account that was not a fit gets content and no offer.
fn content_only(sequence: &Sequence, faults: &mut Vec<SequenceError>) {
    for (at, step) in sequence.to_person() {
        if !step.content {
            let fix = "write content = true, or leave not_fit out of fits.reasons: who was not a fit gets content only";
            faults.push(broken(&format!("steps[{at}].content"), "false", fix));
        }
    }
    for (at, step) in sequence.steps.iter().enumerate() {
        if let Some(offer) = &step.offer {
            let fix = "take it out: who was not a fit gets no offer";
            faults.push(broken(&format!("steps[{at}].offer"), format!("{offer:?}"), fix));
        }
    }
}
