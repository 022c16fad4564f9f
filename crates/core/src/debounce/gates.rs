//! Gates: rules that forbid a trigger. The list is closed; each value names where its rule stands.

use super::account_state::AccountState;
use super::evidence::Evidence;
use super::policy::Policy;
use super::rules::{NotFit, is_own_date, only_time_based};
use crate::account::{Account, Reason, Tier};
use crate::closed_enum;
use crate::signal::SignalKind;
use crate::time::Time;

closed_enum! {
    /// Why a trigger is forbidden.
    Gate {
        /// The account is not, or no longer, in the list (DESIGN 4).
        NotListed = "not_listed",
        /// It is a customer again (R10).
        Reactivated = "reactivated",
        /// It was erased (DOMAIN, *How often*, hard).
        Erased = "erased",
        /// Marked do-not-contact in the books (DOMAIN, *Accounts*).
        DoNotContact = "do_not_contact",
        /// Everybody known there opted out (DOMAIN, *How often*, hard).
        OptedOut = "opted_out",
        /// It said no, and the rest is not over or nothing material changed (DOMAIN, *How often*, hard).
        Declined = "declined",
        /// It did not agree to be written to (DOMAIN, *Accounts*).
        NoConsent = "no_consent",
        /// It cannot come back (DOMAIN, *Recoverability*).
        Impossible = "impossible",
        /// It was not a fit: content only, no outreach (DOMAIN, *What to say*).
        NotFit = "not_fit",
        /// In the hold-out group: measured, never contacted (DOMAIN, *What to measure*).
        HoldOut = "hold_out",
        /// Below the least tier for outreach (DOMAIN, *Tiers*).
        BelowOutreach = "below_outreach",
        /// Before its earliest re-engagement date (DOMAIN, *When*).
        NotYet = "not_yet",
        /// Resting after a sequence without an answer (DOMAIN, *How often*).
        Resting = "resting",
        /// Only dates speak for it, and it is too early after they left for their reason (DOMAIN, *When*).
        Window = "window",
        /// Only dates speak for it, and the day is one to be silent on (DOMAIN, *When*).
        Blackout = "blackout",
        /// An operator holds starting triggers.
        Hold = "hold",
        /// The trigger is larger than the policy allows, whatever is cut (R14).
        TooLarge = "too_large",
        /// No policy is in force in the inbox, so that nobody judges the signal (R14: it still has its decision).
        NoPolicy = "no_policy",
    }
}

/// What a *no* needs to be asked again: something material changed, not just another visit.
const MATERIAL: [SignalKind; 4] = [
    SignalKind::FundingNews,
    SignalKind::ProductRelease,
    SignalKind::CompetitorEvent,
    SignalKind::Acquisition,
];

/// The first gate that forbids a trigger of this evidence at this time, holds aside. Those of the account's standing, a
/// no and an opt-out ask nothing of the policy that it could answer with *never mind*.
pub(super) fn gate(state: &AccountState, policy: &Policy, evidence: &Evidence, at: Time) -> Option<Gate> {
    if state.erased {
        return Some(Gate::Erased);
    }
    let Some(account) = &state.account else { return Some(Gate::NotListed) };
    if !state.is_open() {
        return Some(Gate::Reactivated);
    }
    standing(state, account, policy)
        .or_else(|| since(state, account, policy, evidence, at))
        .or_else(|| time_based(account, policy, evidence, at))
}

fn standing(state: &AccountState, account: &Account, policy: &Policy) -> Option<Gate> {
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

fn since(
    state: &AccountState,
    account: &Account,
    policy: &Policy,
    evidence: &Evidence,
    at: Time,
) -> Option<Gate> {
    if state.has_opted_out() {
        return Some(Gate::OptedOut);
    }
    let material = evidence.parts.iter().any(|part| MATERIAL.contains(&part.kind));
    if state.declined().is_some_and(|declined| at < declined + policy.declined_rest || !material) {
        return Some(Gate::Declined);
    }
    if account.earliest_at.is_some_and(|earliest| at < earliest) {
        return Some(Gate::NotYet);
    }
    let resting = state.resting_since.is_some_and(|since| at < since + policy.unanswered_rest);
    resting.then_some(Gate::Resting)
}

/// What binds a start that only dates speak for; a live signal acts at once, however long ago they left, on any day.
/// A start is not moved to a later day, neither here nor by the worker: the next date comes.
fn time_based(account: &Account, policy: &Policy, evidence: &Evidence, at: Time) -> Option<Gate> {
    if !only_time_based(evidence) {
        return None;
    }
    let rules = &policy.rules.time_based;
    if rules.is_early(account, is_own_date(evidence), at) {
        return Some(Gate::Window);
    }
    rules.is_blacked_out(account.zone.as_deref(), at).then_some(Gate::Blackout)
}
