//! The gates of an account at a time: rules that forbid a trigger.

use super::dates::{is_blacked_out, is_early, is_own_date, only_time_based};
use crate::account::{Account, Reason, Tier};
use crate::debounce::model::account_state::AccountState;
use crate::debounce::model::evidence::Evidence;
use crate::debounce::model::gate::Gate;
use crate::debounce::model::policy::{NotFit, Policy};
use crate::signal::KindTrait;
use crate::time::Time;

/// The first gate that forbids a trigger of this evidence at this time, holds aside. Those of the account itself, a
/// no and an opt-out ask nothing of the policy that it could answer with *never mind*.
pub(crate) fn first_gate(
    state: &AccountState,
    policy: &Policy,
    evidence: &Evidence,
    at: Time,
) -> Option<Gate> {
    if state.erased {
        return Some(Gate::Erased);
    }
    let Some(account) = &state.account else { return Some(Gate::NotListed) };
    if !state.is_open() {
        return Some(Gate::Reactivated);
    }
    account_gates(state, account, policy)
        .or_else(|| answer_gates(state, account, policy, evidence, at))
        .or_else(|| time_based(account, policy, evidence, at))
}

fn account_gates(state: &AccountState, account: &Account, policy: &Policy) -> Option<Gate> {
    let gates = [
        (account.do_not_contact, Gate::DoNotContact),
        (account.consent == Some(false), Gate::NoConsent),
        (account.reason == Reason::Impossible || state.impossible.is_some(), Gate::Impossible),
        (account.reason == Reason::NotFit && policy.rules.not_fit == NotFit::Gate, Gate::NotFit),
        (account.hold_out || policy.rules.hold_out.holds(&account.id), Gate::HoldOut),
        (account.tier() == Tier::Below && !account.strategic, Gate::BelowOutreach),
    ];
    gates.into_iter().find_map(|(shut, gate)| shut.then_some(gate))
}

fn answer_gates(
    state: &AccountState,
    account: &Account,
    policy: &Policy,
    evidence: &Evidence,
    at: Time,
) -> Option<Gate> {
    if state.has_opted_out() {
        return Some(Gate::OptedOut);
    }
    let material = evidence.parts.iter().any(|part| part.kind.is(KindTrait::Material));
    if state.declined().is_some_and(|declined| at < declined + policy.declined_cooldown || !material) {
        return Some(Gate::Declined);
    }
    if account.earliest_at.is_some_and(|earliest| at < earliest) {
        return Some(Gate::NotYet);
    }
    let no_reply = state.no_reply_since.is_some_and(|since| at < since + policy.no_reply_cooldown);
    no_reply.then_some(Gate::NoReplyCooldown)
}

/// The gates of a start that only dates speak for; a live signal acts at once, however long ago they left, on any day.
/// A start is not moved to a later day, neither here nor by the worker: the next date comes.
fn time_based(account: &Account, policy: &Policy, evidence: &Evidence, at: Time) -> Option<Gate> {
    if !only_time_based(evidence) {
        return None;
    }
    let rules = &policy.rules.time_based;
    if is_early(rules, account, is_own_date(evidence), at) {
        return Some(Gate::Window);
    }
    is_blacked_out(rules, account.zone.as_deref(), at).then_some(Gate::Blackout)
}
