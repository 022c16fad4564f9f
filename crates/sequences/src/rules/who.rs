//! S1: names, ranks, and whom a sequence is for.

use winback_core::account::Reason;

use super::{NAME_FIX, is_name};
use crate::error::SequenceError;
use crate::model::Sequence;
use crate::words::{Kind, Rule};

/// The competitor's sequence never begins earlier, in days since they left.
const COMPETITOR_DAYS: u32 = 90;
/// The same in whole months.
const COMPETITOR_MONTHS: u32 = 3;
const RANKS: std::ops::RangeInclusive<u32> = 1..=1_000;

pub(super) fn check(sequence: &Sequence, faults: &mut Vec<SequenceError>) {
    names(sequence, faults);
    reasons(sequence, faults);
    competitor(sequence, faults);
    months(sequence, faults);
}

fn names(sequence: &Sequence, faults: &mut Vec<SequenceError>) {
    let mut wrong = |key: &str, value: &dyn std::fmt::Debug, fix: &str| {
        faults.push(SequenceError::new(Rule::Enrol, key, format_args!("{value:?}"), fix));
    };
    if !is_name(&sequence.name) {
        wrong("name", &sequence.name, NAME_FIX);
    }
    if !RANKS.contains(&sequence.rank) {
        wrong("rank", &sequence.rank, "write 1 to 1000");
    }
    if sequence.framework.trim().is_empty() {
        wrong(
            "framework",
            &sequence.framework,
            "write the thought behind the words, such as \"no hard feelings\"",
        );
    }
}

fn reasons(sequence: &Sequence, faults: &mut Vec<SequenceError>) {
    if let Some(at) = sequence.fits.reasons.iter().position(|reason| *reason == Reason::Impossible) {
        faults.push(SequenceError::new(
            Rule::Enrol,
            &format!("fits.reasons[{at}]"),
            "\"impossible\"",
            "leave it out: who cannot come back is never written to",
        ));
    }
}

/// A sequence that is for those alone who went to a competitor.
fn competitor(sequence: &Sequence, faults: &mut Vec<SequenceError>) {
    let fits = &sequence.fits;
    let alone = fits.reasons == [Reason::Competitor] || fits.competitor == Some(true);
    let waits = fits.min_days.is_some_and(|days| days >= COMPETITOR_DAYS)
        || fits.min_months.is_some_and(|months| months > COMPETITOR_MONTHS);
    if sequence.kind == Kind::Outreach && alone && !waits {
        let (key, value) = match (fits.min_days, fits.min_months) {
            (Some(days), _) => ("fits.min_days", days.to_string()),
            (None, Some(months)) => ("fits.min_months", months.to_string()),
            (None, None) => ("fits.min_days", "nothing".to_owned()),
        };
        let fix = "write min_days = 90 or more: a competitor's customer is never approached sooner";
        faults.push(SequenceError::new(Rule::Content, key, value, fix));
    }
}

fn months(sequence: &Sequence, faults: &mut Vec<SequenceError>) {
    let fits = &sequence.fits;
    if let (Some(least), Some(most)) = (fits.min_months, fits.max_months)
        && least > most
    {
        let fix = format!("write {least} or more: no account has left so long and so short ago");
        faults.push(SequenceError::new(Rule::Enrol, "fits.max_months", most, fix));
    }
}
