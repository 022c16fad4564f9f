//! The verdict on a trigger: the gates, the holds, the caps.

use super::caps::{free_again, is_reached};
use super::dates::{hard_cap, only_time_based};
use super::gates::first_gate;
use super::shadows::counted;
use crate::debounce::model::account_state::AccountState;
use crate::debounce::model::decision::Refusal;
use crate::debounce::model::evidence::Evidence;
use crate::debounce::model::gate::Gate;
use crate::debounce::model::policy::Policy;
use crate::time::Time;

/// A trigger that might fire: of this account, under this policy, of this evidence, at this time.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) state: &'a AccountState,
    pub(crate) policy: &'a Policy,
    pub(crate) evidence: &'a Evidence,
    pub(crate) at: Time,
}

/// The gate that forbids contact, holds and caps aside.
pub(crate) fn may_contact(case: Case<'_>) -> Result<(), Refusal> {
    let gate = first_gate(case.state, case.policy, case.evidence, case.at);
    gate.map_or(Ok(()), |gate| Err(Refusal::Gate(gate)))
}

/// The rule that forbids a starting trigger. `is_held`: an operator holds the policy.
pub(crate) fn may_start(case: Case<'_>, is_held: bool) -> Result<(), Refusal> {
    may_contact(case)?;
    if is_held {
        return Err(Refusal::Gate(Gate::Hold));
    }
    let Case { state, policy, evidence, at } = case;
    let zone = state.account.as_ref().and_then(|account| account.zone.as_deref());
    let hard = only_time_based(evidence).then(|| hard_cap(&policy.rules.time_based));
    let fires = counted(&state.fires, &policy.name);
    let mut caps = hard.iter().chain(&policy.caps);
    let reached = caps.find(|cap| is_reached(cap, &fires, &policy.name, at, zone));
    reached.map_or(Ok(()), |cap| Err(Refusal::Cap(cap.clone())))
}

/// True when a start at that time comes of a backlog: so long before the record that makes it fire was appended (R15).
pub(crate) fn is_backlog(policy: &Policy, at: Time, appended_at: Time) -> bool {
    appended_at.since(at) > policy.stale
}

/// The end of what a refusal stops: `Some(None)` when a hold is let go, `None` when it has no end that is known.
pub(crate) fn kept_until(
    refusal: &Refusal,
    state: &AccountState,
    policy: &Policy,
    at: Time,
) -> Option<Option<Time>> {
    match refusal {
        Refusal::Gate(Gate::Hold) => Some(None),
        Refusal::Gate(_) => None,
        Refusal::Cap(cap) => {
            let zone = state.account.as_ref().and_then(|account| account.zone.as_deref());
            free_again(cap, &counted(&state.fires, &policy.name), &policy.name, at, zone).map(Some)
        }
    }
}

/// The gate that shuts out an account whose bursts may not live.
pub(crate) const fn shut_out(state: Option<&AccountState>) -> Gate {
    match state {
        Some(state) if state.erased => Gate::Erased,
        Some(state) if state.account.is_some() => Gate::Reactivated,
        Some(_) | None => Gate::NotListed,
    }
}
