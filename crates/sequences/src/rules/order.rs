//! S2, S3 and S7: the order of steps, their days, and how many there may be.

use std::collections::BTreeSet;

use super::{NAME_FIX, is_name};
use crate::error::SequenceError;
use crate::model::Sequence;
use crate::words::{Channel, Kind, Rule};

/// The last day of a step.
const LAST_DAY: u32 = 400;
/// The longest gap, in days.
const LONGEST_GAP: u32 = 90;
/// Touches of a person in so many days.
const CAPS: [(usize, u32); 2] = [(6, 56), (16, 365)];

pub(super) fn check(sequence: &Sequence, faults: &mut Vec<SequenceError>) {
    ids(sequence, faults);
    days(sequence, faults);
    gaps(sequence, faults);
    if sequence.kind == Kind::Outreach {
        caps(sequence, faults);
    }
    conditions(sequence, faults);
    channels(sequence, faults);
}

fn ids(sequence: &Sequence, faults: &mut Vec<SequenceError>) {
    let mut seen = BTreeSet::new();
    if sequence.steps.is_empty() {
        faults.push(SequenceError::new(Rule::Due, "steps", "nothing", "write at least one [[steps]]"));
    }
    for (at, step) in sequence.steps.iter().enumerate() {
        let mut wrong = |fix: &str| {
            let (key, value) = (format!("steps[{at}].id"), format!("{:?}", step.id));
            faults.push(SequenceError::new(Rule::Due, &key, value, fix));
        };
        if !is_name(&step.id) {
            wrong(NAME_FIX);
        } else if step.id == "end" {
            wrong("choose another name: `end` is what the end of a sequence emits");
        } else if !seen.insert(&step.id) {
            wrong("choose another name: a step before it has this one");
        }
    }
}

fn days(sequence: &Sequence, faults: &mut Vec<SequenceError>) {
    let mut before = 1;
    for (at, step) in sequence.steps.iter().enumerate() {
        let key = format!("steps[{at}].day");
        if !(1..=LAST_DAY).contains(&step.day) {
            let fix = format!("write 1 to {LAST_DAY}; 1 is the day of the enrolment");
            faults.push(SequenceError::new(Rule::Due, &key, step.day, fix));
        } else if step.day < before {
            let fix = format!(
                "write {before} or more, or move the step up: steps stand in the order of their days"
            );
            faults.push(SequenceError::new(Rule::Due, &key, step.day, fix));
        }
        before = before.max(step.day);
    }
}

/// A civil day lies between two touches of a person, whatever a file says.
fn gaps(sequence: &Sequence, faults: &mut Vec<SequenceError>) {
    let outreach = sequence.kind == Kind::Outreach;
    let least = if outreach { 2 } else { 0 };
    let gap = sequence.min_gap_days;
    if !(least..=LONGEST_GAP).contains(&gap) {
        let fix = format!("write {least} to {LONGEST_GAP}: a civil day lies between two touches");
        faults.push(SequenceError::new(Rule::Due, "min_gap_days", gap, fix));
    }
}

fn caps(sequence: &Sequence, faults: &mut Vec<SequenceError>) {
    let days: Vec<(usize, u32)> = sequence.to_person().map(|(at, step)| (at, step.day)).collect();
    for (most, length) in CAPS {
        let over = days.windows(most + 1).find(|touches| {
            let (first, last) = (touches.first(), touches.last());
            matches!((first, last), (Some((_, first)), Some((_, last))) if last.saturating_sub(*first) < length)
        });
        if let Some((at, day)) = over.and_then(|touches| touches.last()) {
            let fix =
                format!("move it or take a step out: at most {most} touches of a person in {length} days");
            faults.push(SequenceError::new(Rule::Caps, &format!("steps[{at}].day"), day, fix));
        }
    }
}

fn conditions(sequence: &Sequence, faults: &mut Vec<SequenceError>) {
    let first = sequence.to_person().next().map(|(at, _)| at);
    for (at, step) in sequence.steps.iter().enumerate() {
        if let Some(engaged) = step.condition.engaged.filter(|_| first.is_none_or(|first| at <= first)) {
            let key = format!("steps[{at}].condition.engaged");
            let fix = "take it out: no message went before this step, so that nobody can have opened one";
            faults.push(SequenceError::new(Rule::Condition, &key, format!("\"{engaged}\""), fix));
        }
    }
}

/// `risk` triggers go to the owner, never to the customer.
fn channels(sequence: &Sequence, faults: &mut Vec<SequenceError>) {
    for (at, step) in sequence.steps.iter().enumerate() {
        if sequence.kind == Kind::Watch && step.channel.is_to_person() {
            let fix = format!(
                "write {} or {}: what is watched is for the owner, never for the customer",
                Channel::Task,
                Channel::Crm
            );
            let key = format!("steps[{at}].channel");
            faults.push(SequenceError::new(Rule::Return, &key, format!("\"{}\"", step.channel), fix));
        }
    }
}
