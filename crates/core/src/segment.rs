//! The segment of an account, for the choice of an approach.

use crate::account::{Account, Reason, Tier};
use crate::closed_enum;

/// From this share of its seats on, in percent, an account was an active user: half of those who could used it.
const ACTIVE_PERCENT: u32 = 50;
/// Below this share it hardly used the product. DOMAIN names no number: a fifth leaves room between the two, where the
/// usage alone says nothing.
const LOW_PERCENT: u32 = 20;

closed_enum! {
    /// The segments in DOMAIN's order: an account is in the first that fits.
    Segment {
        /// Tier 1, or kept in sight whatever the tier.
        HighValue = "high_value",
        /// Used by half of its seats or more before it left.
        ActiveUser = "active_user",
        /// Left because a feature was missing; converts best once it is there.
        FeatureGap = "feature_gap",
        /// Left for circumstances of its own.
        Situational = "situational",
        /// Went to a competitor.
        CompetitorSwitch = "competitor_switch",
        /// Never got going, or used little.
        LowEngagement = "low_engagement",
    }
}

impl Segment {
    /// The first segment that fits; `None` when none does, since the field has no segment for the rest.
    ///
    /// The names and their order are DOMAIN's; what each means is read from its words and from the plays:
    /// - a change of strategy is a circumstance, as the play `situational` answers it, too; a price is not: it is about us,
    ///   and a budget that froze has a word of its own under the reason situational;
    /// - an active user who left for a gap is in the gap's segment: a release speaks to that, and usage does not;
    /// - whoever is known to be with a competitor switched, whatever reason the books give, since what they have now is
    ///   what an approach must be better than.
    pub fn of(account: &Account) -> Option<Self> {
        Self::ALL.iter().copied().find(|segment| segment.fits(account))
    }

    fn fits(self, account: &Account) -> bool {
        let usage = account.usage_percent;
        match self {
            Self::HighValue => account.tier() == Tier::One || account.strategic,
            Self::ActiveUser => {
                account.reason != Reason::ProductGap && usage.is_some_and(|percent| percent >= ACTIVE_PERCENT)
            }
            Self::FeatureGap => account.reason == Reason::ProductGap,
            Self::Situational => matches!(account.reason, Reason::Situational | Reason::StrategicShift),
            Self::CompetitorSwitch => {
                account.reason == Reason::Competitor
                    || account.competitor.as_ref().is_some_and(|name| !name.trim().is_empty())
            }
            Self::LowEngagement => {
                matches!(account.reason, Reason::AdoptionOnboarding | Reason::LowUsageNoValue)
                    || usage.is_some_and(|percent| percent < LOW_PERCENT)
            }
        }
    }
}
