//! The ends of bursts (R3, R4, R5, R10), and the fires that caps count.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::decide::{Ending, Firing};
use super::step::Step;
use super::versions::{drop_unused, tidy};
use crate::debounce::model::account_state::{AccountState, Fire};
use crate::debounce::model::cap::Cap;
use crate::debounce::model::decision::Refusal;
use crate::debounce::model::evidence::CALENDAR;
use crate::debounce::model::keys::{MachineKey, VersionKey};
use crate::debounce::model::machine::{Burst, Machine};
use crate::debounce::model::outcome::{BurstOutcome, Edge, FiredBecause};
use crate::debounce::model::policy::Policy;
use crate::debounce::model::shadow::{in_force, shadow_of};
use crate::debounce::model::trigger::Trigger;
use crate::debounce::policy::bound::TooLarge;
use crate::debounce::policy::dates::only_time_based;
use crate::debounce::policy::judge::{Case, is_backlog, kept_until, may_contact, may_start};
use crate::ids::{AccountId, PolicyName};
use crate::time::{Span, Time};

/// Ends every burst that is due at `W`, in order of deadline, account, policy (R3).
pub(crate) fn end_due(cx: &mut Step<'_>) {
    while let Some((deadline, key)) = cx.store.machines.indexes().deadlines.first().cloned() {
        if deadline > cx.now() {
            return;
        }
        end(cx, &key, deadline, None);
    }
}

/// Cancels every open burst of an account (R10).
pub(crate) fn cancel_all(cx: &mut Step<'_>, account: &AccountId) {
    let at = cx.now();
    for policy in names(cx) {
        let key = MachineKey { account: account.clone(), policy };
        if cx.policy(&key.policy).is_none() {
            cancel_ended(cx, &key, at);
            continue;
        }
        let Some((mut machine, burst)) = take_burst(cx, &key) else { continue };
        Arc::make_mut(&mut machine).carried_score = None;
        ended(cx, &key, &burst, &machine, Ending::cancelled(at.max(burst.last)));
        cx.store.put_machine(key, machine);
    }
}

/// Forgets the machines of an account. A new spell ends cool-downs (R11), an erasure all that there is.
pub(crate) fn reset_machines(cx: &mut Step<'_>, account: &AccountId) {
    // Machines stand under known names only.
    for policy in names(cx) {
        let key = MachineKey { account: account.clone(), policy };
        if cx.store.machines.get(&key).is_some() {
            cx.store.machines.set(key, None);
        }
    }
}

/// The names under which there may be machines: those of the policies, and of shadows that have ended.
fn names(cx: &Step<'_>) -> BTreeSet<PolicyName> {
    let own = || cx.store.policies.indexes().names();
    let beside = own().map(|name| shadow_of(in_force(name.as_str())).into());
    let left = cx.store.machines.indexes().leftovers.names();
    let fires = cx.store.accounts.indexes().fires.names();
    beside.chain(own().chain(left).chain(fires).cloned()).collect()
}

/// Takes a machine and its open burst out, to be changed in place.
fn take_burst(cx: &mut Step<'_>, key: &MachineKey) -> Option<(Arc<Machine>, Burst)> {
    cx.store.machines.get(key).filter(|machine| machine.burst.is_some())?;
    let mut machine = cx.store.machines.take(key)?;
    let burst = Arc::make_mut(&mut machine).burst.take()?;
    Some((machine, burst))
}

/// The version of the policy that a burst lives under.
pub(crate) fn version(cx: &Step<'_>, key: &MachineKey, burst: &Burst, newest: &Arc<Policy>) -> Arc<Policy> {
    let record = cx.store.policies.get(&VersionKey::of(&key.policy, burst.policy_version));
    record.and_then(|record| record.policy()).unwrap_or(newest).clone()
}

/// A burst of a shadow that has ended is due, or its account is no more.
fn cancel_ended(cx: &mut Step<'_>, key: &MachineKey, at: Time) {
    let Some((machine, burst)) = take_burst(cx, key) else { return };
    ended(cx, key, &burst, &machine, Ending::cancelled(at.max(burst.last)));
    cx.store.machines.set(key.clone(), None);
    tidy(cx.store, &key.policy);
}

/// Ends a burst at `at`; `because` where it is not its deadline that ended it.
pub(crate) fn end(cx: &mut Step<'_>, key: &MachineKey, at: Time, because: Option<FiredBecause>) {
    let Some(newest) = cx.policy(&key.policy) else {
        return cancel_ended(cx, key, at);
    };
    let Some((mut shared, mut burst)) = take_burst(cx, key) else { return };
    let machine = Arc::make_mut(&mut shared);
    let policy = version(cx, key, &burst, &newest);
    let because = because.unwrap_or_else(|| burst.because(&policy));
    if burst.leading_trigger.is_none() {
        burst.evidence.carried_score = machine.carried_points(at, &policy);
    }
    let state = cx.store.accounts.get(&key.account).cloned();
    let case = state.as_deref().map(|state| Firing { policy: &policy, newest: &newest, state, at });
    let (outcome, refusal) = conclude(cx, &burst, case);
    if outcome == BurstOutcome::BelowThreshold {
        machine.keep_score(&burst, at, &policy);
    }
    keep_unsaid(machine, &burst, case, refusal.as_ref());
    let is_stale = outcome == BurstOutcome::Stale;
    let would_be = case.filter(|_| is_stale).and_then(|case| case.would_be(&burst, because));
    if is_stale {
        machine.carry(&burst);
    }
    let edge = match outcome {
        BurstOutcome::Fired => Some(Edge::Trailing),
        BurstOutcome::Updated => Some(Edge::Update),
        _ => None,
    };
    let fired = edge.zip(case).map(|(edge, case)| case.trigger(machine, &burst, edge, because));
    let (outcome, trigger) = match fired.transpose() {
        Ok(trigger) => (outcome, trigger.flatten()),
        Err(TooLarge) => (BurstOutcome::TooLarge, None),
    };
    let id = trigger.as_ref().map(|trigger| trigger.id);
    let ending = Ending { outcome, because: Some(because), refusal, at, trigger: id, would_be };
    ended(cx, key, &burst, machine, ending);
    cx.store.put_machine(key.clone(), shared);
    if is_stale {
        forget_entries(cx, &key.account, &burst);
    }
    emit_trigger(cx, &newest, trigger);
    drop_unused(cx.store, &key.policy, burst.policy_version);
}

/// The calendar's entries of a burst that was of a backlog do not count in their year: nothing started.
fn forget_entries(cx: &mut Step<'_>, account: &AccountId, burst: &Burst) {
    let own = burst.evidence.items.iter().filter(|item| item.source == CALENDAR);
    let dues: Vec<Time> = own.map(|item| item.event_time).collect();
    if !dues.is_empty() {
        cx.store.edit_account(account, |state| state.entries.retain(|entry| !dues.contains(entry)));
    }
}

/// A burst that a cap or a hold stopped has its strongest signal still to be said.
fn keep_unsaid(machine: &mut Machine, burst: &Burst, case: Option<Firing<'_>>, refusal: Option<&Refusal>) {
    let (Some(case), Some(refusal)) = (case, refusal) else { return };
    let Some(strongest) = burst.evidence.items.iter().find(|item| item.weight > 0) else { return };
    if let Some(due) = kept_until(refusal, case.state, case.newest, case.at) {
        machine.keep_unsaid(strongest, due);
    }
}

/// Writes down the end of a burst.
fn ended(cx: &mut Step<'_>, key: &MachineKey, burst: &Burst, machine: &Machine, ending: Ending) {
    cx.store.counts_mut().ended += 1;
    let record = cx.store.policies.get(&VersionKey::of(&key.policy, burst.policy_version));
    let policy = record.and_then(|record| record.policy()).map(|policy| &**policy);
    let decision = ending.decision(key, burst, machine, policy);
    cx.emit_decision(decision);
}

/// The outcome of a burst, and the rule that forbade its trigger.
fn conclude(cx: &Step<'_>, burst: &Burst, case: Option<Firing<'_>>) -> (BurstOutcome, Option<Refusal>) {
    let Some(Firing { policy, newest, state, at }) = case.filter(|case| case.state.is_open()) else {
        return (BurstOutcome::Cancelled, None);
    };
    let has_led = burst.leading_trigger.is_some();
    if has_led && burst.signals_since_trigger == 0 {
        return (BurstOutcome::NothingNew, None);
    }
    if !has_led && burst.evidence.score() < policy.min_score {
        return (BurstOutcome::BelowThreshold, None);
    }
    let case = Case { state, policy: newest, evidence: &burst.evidence, at };
    // An update starts nothing, so that neither holds nor caps bind it; a rule that forbids contact does.
    let verdict = if has_led { may_contact(case) } else { may_start(case, is_held(cx, newest)) };
    match verdict {
        Ok(()) if has_led => (BurstOutcome::Updated, None),
        Ok(()) if is_backlog(newest, at, cx.appended_at) => (BurstOutcome::Stale, None),
        Ok(()) => (BurstOutcome::Fired, None),
        Err(refusal @ Refusal::Gate(_)) => (BurstOutcome::Gated, Some(refusal)),
        Err(refusal @ Refusal::Cap(_)) => (BurstOutcome::Capped, Some(refusal)),
    }
}

/// True while an operator holds the policy, or all.
pub(crate) fn is_held(cx: &Step<'_>, policy: &Policy) -> bool {
    let holds = cx.store.holds.rows();
    holds.contains_key("") || holds.contains_key(in_force(policy.name.as_str()))
}

/// Emits a trigger; one that starts something counts as a fire of its account.
pub(crate) fn emit_trigger(cx: &mut Step<'_>, newest: &Policy, trigger: Option<Trigger>) {
    let Some(trigger) = trigger else { return };
    if trigger.edge.starts() {
        let reach = reach(cx, newest);
        let time_based = only_time_based(&trigger.evidence);
        let fire = Fire { policy: newest.name.clone(), at: trigger.fired_at, time_based };
        cx.store.edit_account(&trigger.account.id, |state: &mut AccountState| state.fired(fire, reach));
    }
    cx.emit_trigger(trigger);
}

/// The age up to which a fire beside one of this policy still counts for some cap. A shadow has no say in what is kept of
/// the fires of policies in force.
fn reach(cx: &Step<'_>, of: &Policy) -> Span {
    let counts = |policy: &&Arc<Policy>| of.is_shadow() || !policy.is_shadow();
    let newest = &cx.store.policies.indexes().newest;
    let caps = newest.values().filter(counts).flat_map(|policy| &policy.caps);
    caps.map(Cap::reach).max().unwrap_or(Span::ZERO)
}
