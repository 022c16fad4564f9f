//! The calendar's entries: days after they left that are a natural reason to speak (DOMAIN, *Signals* and *When*).

use crate::closed_enum;
use crate::signal::SignalKind;
use crate::time::Span;

closed_enum! {
    /// An entry of the calendar; its name is the class of its signal.
    Entry {
        /// The account's own earliest date, whatever the window of its reason; what is hard holds.
        Earliest = "earliest",
        /// Three days after: who left on an impulse.
        FirstDays = "first_days",
        /// 45 days after: a constraint that passes, a payment that failed.
        Constraint = "constraint",
        /// 90 days after.
        NinetyDays = "ninety_days",
        /// Six months after.
        SixMonths = "six_months",
        /// Each quarter between the others, up to three years.
        Quarterly = "quarterly",
        /// Each year.
        Yearly = "yearly",
        /// The season of next year's budgets.
        BudgetSeason = "budget_season",
        /// A month before the contract with the competitor renews.
        ContractRenewal = "contract_renewal",
    }
}

impl Entry {
    /// The kind of its signal.
    pub const fn kind(self) -> SignalKind {
        match self {
            Self::ContractRenewal => SignalKind::ContractRenewal,
            Self::SixMonths | Self::Yearly => SignalKind::Anniversary,
            Self::Earliest
            | Self::FirstDays
            | Self::Constraint
            | Self::NinetyDays
            | Self::Quarterly
            | Self::BudgetSeason => SignalKind::TimeSinceChurn,
        }
    }

    /// An entry that the clock comes to later than this, after a long stop, is left out.
    pub const fn max_age(self) -> Span {
        Span::from_days(self.kind().row().days)
    }

    /// The longest of [`Self::max_age`].
    pub(crate) const fn longest_age() -> Span {
        Self::ContractRenewal.max_age()
    }
}
