//! The time after an account left before which no date may speak to it, by its reason.

use crate::account::Reason;
use crate::time::Span;

/// Before this the competitor's play is never recommended (DOMAIN, *When*: never earlier).
pub(crate) const COMPETITOR_PLAY_FROM: Span = Span::from_days(90);
/// In the first week only regret may be spoken to because of a date (DOMAIN, *When*).
const FIRST_WEEK: Span = Span::from_days(7);

/// The shortest window of any policy: in the first week only regret is spoken to, and a competitor's switchers never
/// before 90 days.
pub const fn least_window(reason: Reason) -> Span {
    match reason {
        Reason::RegretImpulse => Span::ZERO,
        Reason::Competitor => COMPETITOR_PLAY_FROM,
        _ => FIRST_WEEK,
    }
}

/// Days, a part of one counted whole.
pub(crate) const fn whole_days(span: Span) -> i64 {
    let day = Span::from_days(1).millis();
    span.millis().div_euclid(day) + (span.millis().rem_euclid(day) > 0) as i64
}

/// DOMAIN, *When*: 0 to 7 days only regret, 30 to 60 temporary constraints, 90 competitor switchers, 6 months feature
/// gaps, yearly budget churn; for all others the calendar's first date, 90 days. A failed payment waits out the week.
pub const fn default_window(reason: Reason) -> Span {
    match reason {
        Reason::RegretImpulse => Span::ZERO,
        Reason::PaymentInvoluntary => FIRST_WEEK,
        Reason::Situational => Span::from_days(30),
        Reason::ProductGap => Span::from_days(180),
        Reason::PriceBudget => Span::from_days(365),
        Reason::Competitor
        | Reason::ServiceSupport
        | Reason::AdoptionOnboarding
        | Reason::LowUsageNoValue
        | Reason::TechnicalQuality
        | Reason::Complexity
        | Reason::UnmetExpectations
        | Reason::StrategicShift
        | Reason::NotFit
        | Reason::Impossible
        | Reason::Unknown => Span::from_days(90),
    }
}
