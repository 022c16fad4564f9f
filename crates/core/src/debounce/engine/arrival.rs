//! A signal's arrival under one policy: it joins, opens, fires at once, or cools (R1, R3, R4, R6 to R8).

use std::sync::Arc;

use super::burst::{emit_trigger, end, is_held, version};
use super::decide::{Arrival, Firing, SignalResult};
use super::step::Step;
use crate::debounce::model::account_state::AccountState;
use crate::debounce::model::decision::Refusal;
use crate::debounce::model::evidence::{Evidence, EvidenceItem};
use crate::debounce::model::gate::Gate;
use crate::debounce::model::input::MatchedSignal;
use crate::debounce::model::keys::MachineKey;
use crate::debounce::model::machine::{Burst, Cooldown, Machine};
use crate::debounce::model::outcome::{Edge, FiredBecause, SignalOutcome};
use crate::debounce::model::policy::{Escalate, Policy};
use crate::debounce::model::rows::Seen;
use crate::debounce::model::trigger_id::BurstId;
use crate::debounce::policy::answers::count_of;
use crate::debounce::policy::judge::{Case, is_backlog, kept_until, may_start, shut_out};
use crate::debounce::policy::shadows::newest_fire;
use crate::index::Method;
use crate::signal::SignalKind;
use crate::time::{Span, Time};

/// Takes a signal through one policy. The result is the time for which its id must be remembered; `None` when it changed
/// nothing.
pub(crate) fn arrive(
    cx: &mut Step<'_>,
    newest: &Arc<Policy>,
    seen: Option<Seen>,
    signal: &MatchedSignal,
) -> Option<Span> {
    let key = MachineKey::of(&signal.account, &newest.name);
    let mut arrival = arrival(cx, &key, newest, signal);
    let age_at = |arrival: &Arrival<'_>| arrival.at.max(signal.append_time);
    if let Some(seen) = seen {
        let remembered = age_at(&arrival) <= seen.event_time + arrival.rule.dedupe;
        let outcome = if remembered { SignalOutcome::Duplicate } else { SignalOutcome::Expired };
        decide_unchanged(cx, &key, &arrival, &SignalResult::outcome(outcome, None));
        return None;
    }
    if end_own(cx, &key, arrival.at) {
        arrival = self::arrival(cx, &key, newest, signal);
    }
    if age_at(&arrival).since(signal.event_time) > arrival.rule.max_age {
        decide_unchanged(cx, &key, &arrival, &SignalResult::outcome(SignalOutcome::Expired, None));
        return None;
    }
    let state = cx.store.accounts.get(&signal.account).cloned();
    let Some(state) = state.as_ref().filter(|state| state.is_open()) else {
        let gate = shut_out(state.as_deref());
        decide_unchanged(cx, &key, &arrival, &SignalResult::refused(Refusal::Gate(gate), None));
        // Nothing is remembered of an account that was erased.
        return (gate != Gate::Erased).then_some(arrival.rule.dedupe);
    };
    if signal.kind == SignalKind::SelfReactivation {
        decide_unchanged(cx, &key, &arrival, &SignalResult::outcome(SignalOutcome::Ended, None));
    } else {
        count(cx, &key, &arrival, state);
    }
    Some(arrival.rule.dedupe)
}

/// Writes down the decision on a signal that leaves its machine as it is.
fn decide_unchanged(cx: &mut Step<'_>, key: &MachineKey, arrival: &Arrival<'_>, result: &SignalResult) {
    let decision = result.decision(arrival, cx.store.machines.get(key).map(|machine| &**machine));
    cx.emit_decision(decision);
}

/// The signal under the policy version and at the effective time that its key's state gives it.
fn arrival<'a>(
    cx: &Step<'_>,
    key: &MachineKey,
    newest: &'a Arc<Policy>,
    signal: &'a MatchedSignal,
) -> Arrival<'a> {
    let burst = cx.store.machines.get(key).and_then(|machine| machine.burst.as_ref());
    let policy = burst.map_or_else(|| newest.clone(), |burst| version(cx, key, burst, newest));
    let state = cx.store.accounts.get(&key.account);
    let newest_fire = state.and_then(|state| newest_fire(state, &key.policy));
    let own = signal.event_time.min(signal.append_time);
    let at = own.max(cx.now()).max(newest_fire.unwrap_or(Time::MIN));
    let at = burst.map_or(at, |burst| at.max(burst.first));
    let account = state.and_then(|state| state.account.as_ref());
    let rule = count_of(&policy, account, signal);
    Arrival { signal, newest, policy, rule, at }
}

/// Ends the key's own burst when a signal comes `M` or more after its first (R3).
fn end_own(cx: &mut Step<'_>, key: &MachineKey, at: Time) -> bool {
    let Some(burst) = cx.store.machines.get(key).and_then(|machine| machine.burst.as_ref()) else {
        return false;
    };
    let Some(newest) = cx.policy(&key.policy) else { return false };
    let policy = version(cx, key, burst, &newest);
    let due = at >= burst.first + policy.max_wait;
    if due {
        let deadline = burst.deadline;
        end(cx, key, deadline, None);
    }
    due
}

/// A signal that counts. Its machine is changed in place.
fn count(cx: &mut Step<'_>, key: &MachineKey, arrival: &Arrival<'_>, state: &AccountState) {
    let mut shared = cx.store.machines.take(key).unwrap_or_default();
    let machine = Arc::make_mut(&mut shared);
    let cooldown = machine.cooldown_at(arrival.at);
    let burst = machine.burst.take().or_else(|| cooldown.is_none().then(|| open(cx, machine, arrival)));
    let mut result = match (burst, cooldown) {
        (Some(mut burst), cooldown) => {
            burst.join(arrival.signal, arrival.rule, arrival.at, &arrival.policy);
            let result = in_burst(cx, machine, &mut burst, (arrival, cooldown, state));
            machine.burst = Some(burst);
            result
        }
        (None, Some(cooldown)) => in_cooldown(cx, machine, cooldown, arrival, state),
        // Outside a cool-down there is a burst: that one opened it.
        (None, None) => SignalResult::outcome(SignalOutcome::Joined, None),
    };
    let full = machine.burst.as_ref().is_some_and(|burst| burst.signals >= arrival.policy.max_signals);
    cx.emit_decision(result.decision(arrival, Some(machine)));
    cx.store.put_machine(key.clone(), shared);
    emit_trigger(cx, arrival.newest, result.trigger.take());
    if full {
        end(cx, key, arrival.at, Some(FiredBecause::MaxSignals));
    }
}

fn open(cx: &mut Step<'_>, machine: &mut Machine, arrival: &Arrival<'_>) -> Burst {
    let evidence = std::mem::take(&mut machine.cooldown_evidence);
    machine.cooldown = None;
    cx.store.counts_mut().opened += 1;
    Burst::open(BurstId::of(arrival.signal), arrival.policy.version, arrival.at, evidence)
}

fn in_burst(
    cx: &Step<'_>,
    machine: &mut Machine,
    burst: &mut Burst,
    (arrival, cooldown, state): (&Arrival<'_>, Option<Cooldown>, &AccountState),
) -> SignalResult {
    let edge = match cooldown {
        Some(cooldown) => escalates(arrival, cooldown, burst.has_strong_match).then_some(Edge::Escalation),
        None => {
            let meets = arrival.policy.leading.meets(arrival.rule.strength) && burst.has_strong_match;
            (meets && !burst.leading_tried).then_some(Edge::Leading)
        }
    };
    let Some(edge) = edge else { return SignalResult::outcome(SignalOutcome::Joined, Some(burst.id)) };
    let verdict = judge(cx, arrival, &burst.evidence, state);
    if verdict.is_ok() && is_backlog(arrival.newest, arrival.at, cx.appended_at) {
        return SignalResult::outcome(SignalOutcome::Joined, Some(burst.id));
    }
    burst.leading_tried |= edge == Edge::Leading;
    if let Err(refusal) = verdict {
        return SignalResult::refused(refusal, Some(burst.id));
    }
    let because = if edge == Edge::Escalation { FiredBecause::StrengthUp } else { FiredBecause::Leading };
    // Nothing is lost: the signal is in its burst, whose end says that its trigger is too large.
    let Ok(trigger) = firing(arrival, state).trigger(machine, burst, edge, because) else {
        return SignalResult::refused(Refusal::Gate(Gate::TooLarge), Some(burst.id));
    };
    burst.signals_since_trigger = 0;
    if edge == Edge::Leading {
        burst.leading_trigger = trigger.as_ref().map(|trigger| trigger.id);
    }
    SignalResult::fired(edge, burst.id, trigger)
}

fn in_cooldown(
    cx: &Step<'_>,
    machine: &mut Machine,
    cooldown: Cooldown,
    arrival: &Arrival<'_>,
    state: &AccountState,
) -> SignalResult {
    let is_stronger = escalates(arrival, cooldown, arrival.signal.method != Method::Name);
    if !is_stronger || is_backlog(arrival.newest, arrival.at, cx.appended_at) {
        machine.keep_for_next(arrival.signal, arrival.rule);
        machine.keep_unsaid(&arrival.item(), Some(cooldown.until));
        return SignalResult::outcome(SignalOutcome::InCooldown, Some(cooldown.burst));
    }
    let mut evidence = Evidence::after_cooldown(machine.cooldown_evidence.clone());
    evidence.add(EvidenceItem::new(arrival.signal, arrival.rule));
    if let Err(refusal) = judge(cx, arrival, &evidence, state) {
        machine.keep_for_next(arrival.signal, arrival.rule);
        if let Some(due) = kept_until(&refusal, state, arrival.newest, arrival.at) {
            machine.keep_unsaid(&arrival.item(), due);
        }
        return SignalResult::refused(refusal, Some(cooldown.burst));
    }
    let burst = Burst {
        evidence,
        strength: arrival.rule.strength,
        deadline: arrival.at,
        ..Burst::open(cooldown.burst, arrival.policy.version, arrival.at, Vec::new())
    };
    let firing = firing(arrival, state);
    let Ok(trigger) = firing.trigger(machine, &burst, Edge::Escalation, FiredBecause::StrengthUp) else {
        machine.keep_for_next(arrival.signal, arrival.rule);
        return SignalResult::refused(Refusal::Gate(Gate::TooLarge), Some(cooldown.burst));
    };
    machine.cooldown_evidence.clear();
    SignalResult::fired(Edge::Escalation, cooldown.burst, trigger)
}

fn judge(
    cx: &Step<'_>,
    arrival: &Arrival<'_>,
    evidence: &Evidence,
    state: &AccountState,
) -> Result<(), Refusal> {
    let policy = arrival.newest;
    may_start(Case { state, policy, evidence, at: arrival.at }, is_held(cx, policy))
}

fn firing<'a>(arrival: &'a Arrival<'_>, state: &'a AccountState) -> Firing<'a> {
    Firing { policy: &arrival.policy, newest: arrival.newest, state, at: arrival.at }
}

fn escalates(arrival: &Arrival<'_>, cooldown: Cooldown, has_strong_match: bool) -> bool {
    arrival.newest.escalate == Escalate::StrengthUp
        && arrival.rule.strength > cooldown.strength
        && has_strong_match
}
