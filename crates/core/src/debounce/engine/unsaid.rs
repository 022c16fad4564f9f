//! Signals of strength 3 that could not start a trigger when they came. A burst opens for such a signal when the cool-down, the cap
//! or the hold ends.
//!
//! It is made on progress records, as the calendar's entries are: a synthetic signal that counts when it is due and has its
//! id from the event. It is its own policy's alone, and has one decision.

use std::sync::Arc;

use super::arrival::arrive;
use super::burst::is_held;
use super::step::Step;
use super::synthetic::{SyntheticSignal, WorkBudget};
use crate::debounce::model::evidence::{Evidence, EvidenceItem};
use crate::debounce::model::keys::MachineKey;
use crate::debounce::model::machine::{Machine, Unsaid};
use crate::debounce::model::policy::Policy;
use crate::debounce::model::shadow::in_force;
use crate::debounce::policy::judge::{Case, kept_until, may_start};
use crate::debounce::state::store::Store;
use crate::signal::{MAX_DETAIL_BYTES, truncated};
use crate::time::Time;

/// Says what may be said now, as far as the budget goes.
pub(crate) fn advance(cx: &mut Step<'_>, budget: &mut WorkBudget) {
    while !budget.is_spent() {
        let Some(key) = first_due(cx.store) else { return };
        budget.charge_scan();
        if say(cx, &key) {
            budget.charge_signal();
        }
    }
}

/// True when a report that moves nothing would say something.
pub(crate) fn is_behind(store: &Store) -> bool {
    first_due(store).is_some()
}

/// The machine whose unsaid signal is due first: by time, then those of which a hold was let go.
fn first_due(store: &Store) -> Option<MachineKey> {
    let indexes = store.machines.indexes();
    let now = store.clock().watermark?;
    let due = indexes.unsaid.first().filter(|(due, _)| *due <= now).map(|(_, key)| key);
    let holds = store.holds.rows();
    let is_free =
        |key: &&MachineKey| !holds.contains_key("") && !holds.contains_key(in_force(key.policy.as_str()));
    due.or_else(|| indexes.held_back.iter().find(is_free)).cloned()
}

/// Makes the signal; false where something else keeps it, or nobody is there any more.
fn say(cx: &mut Step<'_>, key: &MachineKey) -> bool {
    let now = cx.now();
    let Some(machine) = cx.store.machines.get(key).cloned() else { return false };
    let Some(unsaid) = machine.unsaid.clone() else { return false };
    let policy = cx.policy(&key.policy);
    let Some(policy) =
        policy.filter(|_| cx.store.accounts.get(&key.account).is_some_and(|state| state.is_open()))
    else {
        set_unsaid(cx, key, None);
        return false;
    };
    if let Some(later) = kept_longer(cx, key, &machine, &policy, &unsaid.item) {
        set_unsaid(cx, key, Some(Unsaid { item: unsaid.item, due: later }));
        return false;
    }
    set_unsaid(cx, key, None);
    make(cx, key, &policy, &unsaid, unsaid.due.unwrap_or(now).min(now));
    true
}

/// The end of what still keeps it; `None` when nothing does.
fn kept_longer(
    cx: &Step<'_>,
    key: &MachineKey,
    machine: &Machine,
    policy: &Arc<Policy>,
    item: &Arc<EvidenceItem>,
) -> Option<Option<Time>> {
    let now = cx.now();
    if let Some(cooldown) = machine.cooldown_at(now) {
        return Some(Some(cooldown.until));
    }
    let state = cx.store.accounts.get(&key.account)?;
    let mut evidence = Evidence::after_cooldown(Vec::new());
    evidence.add(EvidenceItem::clone(item));
    let verdict = may_start(Case { state, policy, evidence: &evidence, at: now }, is_held(cx, policy));
    let later = kept_until(&verdict.err()?, state, policy, now)?;
    // A cap that another clock made seem free is asked again in its own time, never at once.
    later.is_none_or(|later| later > now).then_some(later)
}

fn set_unsaid(cx: &mut Step<'_>, key: &MachineKey, unsaid: Option<Unsaid>) {
    let Some(mut machine) = cx.store.machines.take(key) else { return };
    Arc::make_mut(&mut machine).unsaid = unsaid;
    cx.store.put_machine(key.clone(), machine);
}

fn make(cx: &mut Step<'_>, key: &MachineKey, policy: &Arc<Policy>, unsaid: &Unsaid, due: Time) {
    let churn_number = cx.store.accounts.get(&key.account).map_or(0, |state| state.churn_number);
    let item = &unsaid.item;
    let detail = format!("{}, of {}", item.detail, item.event_time);
    let mut signal = SyntheticSignal {
        account: key.account.clone(),
        churn_number,
        source: &item.source,
        name: &item.id,
        kind: item.kind,
        class: &item.class,
        event_time: due,
        append_time: due,
        matched_on: item.matched_on.clone(),
        detail: truncated(&detail, MAX_DETAIL_BYTES).to_owned(),
    }
    .signal();
    signal.method = item.method;
    cx.store.counts_mut().unsaid += 1;
    arrive(cx, policy, None, &signal);
}
