//! The news that answers why an account left, so that the reason is gone, and the count of a signal for its account.

use crate::account::{Account, Reason};
use crate::debounce::model::input::MatchedSignal;
use crate::debounce::model::kind_rule::{KindRule, MOST_BY_NAME};
use crate::debounce::model::policy::Policy;
use crate::index::Method;
use crate::signal::SignalKind;

/// Releases by what they improve.
pub(crate) const SERVICE: &str = "service";
pub(crate) const ONBOARDING: &str = "onboarding";
pub(crate) const QUALITY: &str = "quality";
pub(crate) const PRICE: &str = "price";
pub(crate) const MAJOR_VERSION: &str = "major_version";
/// The finer reason of a situation that is about money.
const BUDGET_FREEZE: &str = "budget_freeze";

/// The count of a signal for this account. News that answers why it left says more, and a name alone never says the most.
pub(crate) fn count_of(policy: &Policy, account: Option<&Account>, signal: &MatchedSignal) -> KindRule {
    let mut rule = policy.rule(signal.kind, &signal.class);
    if account.is_some_and(|account| is_answer(account, signal.kind, &signal.class)) {
        rule.strength = rule.strength.max(rule.answer_strength);
    }
    if signal.method == Method::Name {
        rule.strength = rule.strength.min(MOST_BY_NAME);
    }
    rule
}

/// True when news of that kind and class, which concerns the account, answers why it left: a release that closes the gap
/// or mends what they left for, a round for who left for money, news of the competitor for who went there.
pub(crate) fn is_answer(account: &Account, kind: SignalKind, class: &str) -> bool {
    match kind {
        SignalKind::ProductRelease => is_mended(account.reason, class),
        SignalKind::FundingNews => left_for_money(account),
        SignalKind::CompetitorEvent => account.went_to_competitor(),
        _ => false,
    }
}

/// True when a release of that class takes that reason away. One of whatever class comes to whom left for a gap only when
/// it names the feature that they missed.
fn is_mended(reason: Reason, class: &str) -> bool {
    match reason {
        Reason::ProductGap => true,
        Reason::ServiceSupport => class == SERVICE,
        Reason::AdoptionOnboarding | Reason::Complexity | Reason::LowUsageNoValue => class == ONBOARDING,
        Reason::TechnicalQuality | Reason::UnmetExpectations => class == QUALITY || class == MAJOR_VERSION,
        Reason::PriceBudget => class == PRICE,
        Reason::Competitor
        | Reason::Situational
        | Reason::StrategicShift
        | Reason::RegretImpulse
        | Reason::PaymentInvoluntary
        | Reason::NotFit
        | Reason::Impossible
        | Reason::Unknown => false,
    }
}

fn left_for_money(account: &Account) -> bool {
    let is_frozen = || account.reason_detail.trim().eq_ignore_ascii_case(BUDGET_FREEZE);
    account.reason == Reason::PriceBudget || (account.reason == Reason::Situational && is_frozen())
}
