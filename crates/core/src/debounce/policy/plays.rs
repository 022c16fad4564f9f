//! The play that a trigger recommends: only one whose condition holds.

use super::answers::{ONBOARDING, QUALITY, SERVICE};
use super::entries::days_since_churn;
use super::windows::{COMPETITOR_PLAY_FROM, whole_days};
use crate::account::{Account, Reason};
use crate::debounce::model::evidence::{Evidence, EvidenceItem};
use crate::debounce::model::policy::Policy;
use crate::signal::SignalKind;
use crate::time::Time;

/// The condition of a play that claims something.
enum Needs {
    /// A release of that class; of any for an empty one.
    Release(&'static str),
    /// A signal of that kind.
    Signal(SignalKind),
}

/// The play for a gap that nothing is known to have closed.
const GAP_CHECK_IN: &str = "gap-check-in";

/// The conditions of the plays that come with winback, as their files have them, and the play to fall back to; `None` for
/// the general one. A play of another name says its condition to the worker alone.
const CONDITIONS: [(&str, Needs, Option<&str>); 5] = [
    ("gap-closed", Needs::Release(""), Some(GAP_CHECK_IN)),
    ("service", Needs::Release(SERVICE), None),
    ("adoption", Needs::Release(ONBOARDING), None),
    ("bad-experience", Needs::Release(QUALITY), None),
    ("budget", Needs::Signal(SignalKind::FundingNews), None),
];

/// The play recommended for this account of this evidence at that time; empty where none holds, and the worker chooses. A
/// play that names a release or congratulates on a round needs it in the evidence. A competitor's switcher who comes by
/// early gets the general one: theirs never comes before 90 days (DOMAIN, *When*).
pub(crate) fn recommended<'p>(
    policy: &'p Policy,
    account: &Account,
    evidence: &Evidence,
    at: Time,
) -> &'p str {
    let play = policy.play(account.reason);
    let is_early = || days_since_churn(account, at) < whole_days(COMPETITOR_PLAY_FROM);
    if account.reason == Reason::Competitor && is_early() {
        return general(policy, play);
    }
    match CONDITIONS.iter().find(|(name, ..)| *name == play) {
        Some((_, needs, fallback)) if !needs.hold(evidence) => {
            fallback.unwrap_or_else(|| general(policy, play))
        }
        _ => play,
    }
}

/// The play of whose reason nobody knows; none where it is the one that does not hold.
fn general<'p>(policy: &'p Policy, instead_of: &str) -> &'p str {
    let general = policy.play(Reason::Unknown);
    if general == instead_of { "" } else { general }
}

impl Needs {
    fn hold(&self, evidence: &Evidence) -> bool {
        let holds = |item: &EvidenceItem| match self {
            Self::Signal(kind) => item.kind == *kind,
            Self::Release(class) => {
                item.kind == SignalKind::ProductRelease
                    && !item.detail.trim().is_empty()
                    && (class.is_empty() || item.class == *class)
            }
        };
        evidence.items.iter().any(|item| holds(item))
    }
}
