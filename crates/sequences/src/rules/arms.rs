//! S10: experiments, their shares, and the arms that texts name.

use winback_core::text::nearest;

use super::{NAME_FIX, is_name};
use crate::error::SequenceError;
use crate::model::{Sequence, Step};
use crate::words::Rule;

pub(super) fn check(sequence: &Sequence, faults: &mut Vec<SequenceError>) {
    for experiment in &sequence.experiments {
        let key = format!("experiments.{}", experiment.name);
        let mut wrong = |key: &str, value: String, fix: &str| {
            faults.push(SequenceError::new(Rule::Arms, key, value, fix));
        };
        if !is_name(&experiment.name) {
            wrong(&key, format!("{:?}", experiment.name), NAME_FIX);
        }
        let shares: u64 = experiment.arms.values().map(|percent| u64::from(*percent)).sum();
        if experiment.arms.len() < 2 {
            wrong(&format!("{key}.arms"), experiment.arms.len().to_string(), "write two arms or more");
        } else if shares != 100 || experiment.arms.values().any(|percent| *percent == 0) {
            let fix = "make the shares 100 together, and each above 0";
            wrong(&format!("{key}.arms"), shares.to_string(), fix);
        }
    }
    for (at, step) in sequence.steps.iter().enumerate() {
        of_step(sequence, at, step, faults);
    }
}

fn of_step(sequence: &Sequence, at: usize, step: &Step, faults: &mut Vec<SequenceError>) {
    let named: Vec<(String, &String)> = step
        .arms
        .iter()
        .enumerate()
        .map(|(number, arm)| (format!("steps[{at}].arms[{number}]"), arm))
        .chain(step.texts.iter().filter_map(|text| Some((arm_key(&text.key), text.arm.as_ref()?))))
        .collect();
    let key = format!("steps[{at}].experiment");
    let Some(name) = &step.experiment else {
        for (key, arm) in named {
            let fix = "name the experiment of the step, or take the arm out";
            faults.push(SequenceError::new(Rule::Arms, &key, format!("{arm:?}"), fix));
        }
        return;
    };
    let Some(experiment) = sequence.experiments.iter().find(|one| one.name == *name) else {
        let known: Vec<&str> = sequence.experiments.iter().map(|one| one.name.as_str()).collect();
        let fix = format!("correct it, there is no such experiment{}", nearest(name, &known));
        faults.push(SequenceError::new(Rule::Arms, &key, format!("{name:?}"), fix));
        return;
    };
    let arms: Vec<&str> = experiment.arms.keys().map(String::as_str).collect();
    for (key, arm) in named {
        if !experiment.arms.contains_key(arm) {
            let fix = format!("correct it, the experiment has no such arm{}", nearest(arm, &arms));
            faults.push(SequenceError::new(Rule::Arms, &key, format!("{arm:?}"), fix));
        }
    }
}

/// `steps[1].variant[0].text.en` is of the arm in `steps[1].variant[0].arm`.
fn arm_key(text: &str) -> String {
    text.split(".text.").next().map_or_else(String::new, |variant| format!("{variant}.arm"))
}
