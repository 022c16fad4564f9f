//! The steps that a subject is about, and what happened to the account between and after them.

use std::collections::HashSet;

use super::step::{Order, Step, StepKind};

/// The focus of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Focus {
    /// All of the account.
    Account,
    /// A trigger: its burst up to it, what was done, its updates, and what came back.
    Trigger(String),
    /// A burst: its signals, its triggers, what was done, and what came back.
    Burst(String),
    /// A signal, `source:id`: each time it came, and its bursts.
    Signal(String),
}

/// Keeps what the focus is about.
pub fn only(steps: Vec<Step>, focus: &Focus) -> Vec<Step> {
    let own: HashSet<Order> = match focus {
        Focus::Account => return steps,
        Focus::Trigger(id) => of_trigger(&steps, id),
        Focus::Burst(id) => orders(&steps, |step| step.burst == *id),
        Focus::Signal(key) => of_signal(&steps, key),
    };
    let first = own.iter().min().copied();
    let last = own.iter().filter(|order| order.0 < i64::MAX).max().copied();
    let Some((first, last)) = first.zip(last.or(first)) else { return Vec::new() };
    let until = next_start(&steps, &own, last);
    let between = |step: &Step| is_about_the_account(step) && step.order > first && step.order < until;
    steps
        .into_iter()
        .filter(|step| own.contains(&step.order) || between(step) || step.step == StepKind::Cut)
        .collect()
}

fn orders(steps: &[Step], keep: impl Fn(&Step) -> bool) -> HashSet<Order> {
    steps.iter().filter(|step| keep(step)).map(|step| step.order).collect()
}

fn of_trigger(steps: &[Step], id: &str) -> HashSet<Order> {
    let is_of_trigger = |step: &&Step| step.trigger == id;
    let Some(trigger) = steps.iter().find(|step| is_of_trigger(step) && step.step == StepKind::Trigger)
    else {
        return orders(steps, |step| step.trigger == id);
    };
    orders(steps, |step| {
        let of_burst = step.burst == trigger.burst && step.policy == trigger.policy;
        let before = matches!(step.step, StepKind::Signal | StepKind::Burst) && step.order <= trigger.order;
        step.trigger == id || step.parent == id || (of_burst && before)
    })
}

fn of_signal(steps: &[Step], key: &str) -> HashSet<Order> {
    let is_of_signal = |step: &&Step| step.signal == key;
    let bursts: HashSet<&str> = steps
        .iter()
        .filter(is_of_signal)
        .map(|step| step.burst.as_str())
        .filter(|burst| !burst.is_empty())
        .collect();
    orders(steps, |step| step.signal == key || bursts.contains(step.burst.as_str()))
}

/// The place where another story begins: later answers do not belong to this one.
fn next_start(steps: &[Step], own: &HashSet<Order>, last: Order) -> Order {
    let starts =
        |step: &&Step| step.step == StepKind::Trigger && step.parent.is_empty() && !own.contains(&step.order);
    let next = steps.iter().filter(starts).map(|step| step.order).filter(|order| *order > last).min();
    next.unwrap_or((i64::MAX, u8::MAX, usize::MAX))
}

const fn is_about_the_account(step: &Step) -> bool {
    match step.step {
        StepKind::Account
        | StepKind::Response
        | StepKind::SequenceEnded
        | StepKind::Policy
        | StepKind::Hold
        | StepKind::Moved => true,
        StepKind::Cut
        | StepKind::Signal
        | StepKind::Undecided
        | StepKind::Burst
        | StepKind::Trigger
        | StepKind::Action => false,
    }
}
