//! The calendar's entries: which days after they left are a natural reason to speak (DOMAIN, *Signals* and *When*).
//!
//! Everything here is a function of the account alone. The windows by reason hold by construction: a reason has no
//! entry on a day that its window forbids.

use jiff::tz::TimeZone;

use super::caps::time_zone;
use super::civil::Day;
use super::policy::defaults;
use super::rules::{default_window, least_window, whole_days};
use crate::account::{Account, Reason};
use crate::closed_enum;
use crate::ids::AccountId;
use crate::signal::SignalKind;
use crate::time::{Span, Time};

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
        /// When next year's budgets are made.
        BudgetSeason = "budget_season",
        /// A month before the contract with the competitor renews.
        ContractRenewal = "contract_renewal",
    }
}

/// Days after, by entry.
const FIRST_DAYS: i32 = 3;
const CONSTRAINT: i32 = 45;
const NINETY: i32 = 90;
/// Nobody is a quarter's business any more after so many months: over three years they are a new prospect.
const LAST_QUARTER: i32 = 36;
/// The furthest year that is looked for.
const LAST_YEAR: i32 = 40;
/// The longest contract that is looked for, and the furthest renewal, in months.
pub(super) const LAST_RENEWAL: i32 = 120;
/// The contract of a competitor runs so many months where the books do not say.
const USUAL_TERM: i32 = 12;
/// Then the time to ask is 10 to 11 months after: so many days behind the tenth.
pub(super) const UNKNOWN_TERM_DAYS: i32 = 15;
/// The budget entry stands on one of so many days of its month from the second on, by account, so that not all come on
/// one; the month is the same in UTC, however far the account's zone is.
const BUDGET_DAYS: u32 = 26;
/// An entry is due from nine in the morning on, spread over so long.
const SPREAD: Span = Span::from_hours(8);

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
        Span::from_days(defaults(self.kind()).2)
    }

    /// The longest of [`Self::max_age`].
    pub(super) const fn longest_age() -> Span {
        Self::ContractRenewal.max_age()
    }

    /// Whether those who left for that reason have it at all.
    pub const fn is_for(self, reason: Reason) -> bool {
        use Reason::{Competitor, Impossible, NotFit, PriceBudget, ProductGap, RegretImpulse};
        match (self, reason) {
            // Nothing that begins on our side for those who cannot come back, or whom we do not fit. A gap is worth a word
            // when there was time to close it, a budget when there is a new one, a competitor's customer when the contract
            // ends.
            (_, Impossible | NotFit)
            | (Self::NinetyDays, ProductGap | PriceBudget)
            | (Self::SixMonths, PriceBudget)
            | (Self::Quarterly, PriceBudget | Competitor) => false,
            (Self::FirstDays, _) => matches!(reason, RegretImpulse),
            (Self::Constraint, _) => matches!(reason, Reason::Situational | Reason::PaymentInvoluntary),
            (Self::BudgetSeason, _) => matches!(reason, PriceBudget),
            (
                Self::Earliest
                | Self::NinetyDays
                | Self::SixMonths
                | Self::Quarterly
                | Self::Yearly
                | Self::ContractRenewal,
                _,
            ) => true,
        }
    }

    /// What a person reads of it.
    pub(super) fn says(self, months: u32) -> String {
        match self {
            Self::Earliest => "the date before which they were not to be approached has come".to_owned(),
            Self::FirstDays => format!("{FIRST_DAYS} days since they left"),
            Self::Constraint => format!("{CONSTRAINT} days since they left"),
            Self::NinetyDays => format!("{NINETY} days since they left"),
            Self::Yearly if months == 12 => "a year since they left".to_owned(),
            Self::Yearly => format!("{} years since they left", months / 12),
            Self::SixMonths | Self::Quarterly => format!("{months} months since they left"),
            Self::BudgetSeason => "next year's budgets are made".to_owned(),
            Self::ContractRenewal => {
                format!("their contract with the competitor renews soon, {months} months since they left")
            }
        }
    }
}

/// The first day on which anything but the first days' and a passing constraint's entries may stand: that of the policies'
/// own window, before which the gate would stop it.
const fn window(reason: Reason) -> i64 {
    let days = whole_days(default_window(reason));
    if days > NINETY as i64 { days } else { NINETY as i64 }
}

/// The day on which they left. It is the day of the books, which say no hour: the one in UTC.
pub(super) fn churn_day(account: &Account) -> Day {
    Day::of(account.churned_at)
}

/// How many days of the account's own calendar have gone since the one on which they left.
pub(super) fn days_since_churn(account: &Account, at: Time) -> i64 {
    i64::from(Day::there(at, &zone(account)).0) - i64::from(churn_day(account).0)
}

/// How many whole months of the account's own calendar have gone since they left.
pub(super) fn months_since_churn(account: &Account, at: Time) -> u32 {
    Day::there(at, &zone(account)).months_after(churn_day(account))
}

/// The day of the month of an account's budget entry.
pub(super) fn budget_day(id: &AccountId) -> i32 {
    i32::try_from(spread(id) % BUDGET_DAYS).unwrap_or_default() + 2
}

/// Days before an entry, and months before it, on which an account that has it may have left.
pub(super) fn offsets() -> (impl Iterator<Item = i32>, impl Iterator<Item = i32>) {
    let quarters = (6..=LAST_QUARTER).step_by(3);
    let years = (LAST_QUARTER / 12 + 1..=LAST_YEAR).map(|year| year * 12);
    ([FIRST_DAYS, CONSTRAINT, NINETY].into_iter(), quarters.chain(years))
}

/// The entries of an account on a day.
pub(super) fn entries_on(account: &Account, on: Day, earliest: Option<Day>) -> Vec<Entry> {
    let churned = churn_day(account);
    let days = on.0 - churned.0;
    let reason = account.reason;
    let mut found = Vec::new();
    if earliest == Some(on) && i64::from(days) >= whole_days(least_window(reason)) {
        found.push(Entry::Earliest);
    }
    match days {
        FIRST_DAYS => found.push(Entry::FirstDays),
        CONSTRAINT => found.push(Entry::Constraint),
        NINETY => found.push(Entry::NinetyDays),
        _ => {}
    }
    if i64::from(days) >= window(reason) {
        let monthly = on.months_since(churned).and_then(monthly);
        found.extend(monthly.filter(|entry| *entry != Entry::Quarterly || has_quarters(account, days)));
        if renews(account, churned, on) {
            found.push(Entry::ContractRenewal);
        }
        if on.ymd().2 == budget_day(&account.id) {
            found.push(Entry::BudgetSeason);
        }
    }
    found.retain(|entry| entry.is_for(reason));
    found
}

/// Four entries a year are few: one with a date of its own, early or late in a year, has no quarters beside it.
fn has_quarters(account: &Account, days: i32) -> bool {
    let early = Entry::FirstDays.is_for(account.reason) || Entry::Constraint.is_for(account.reason);
    account.competitor.is_none() && (days > 365 || !early)
}

const fn monthly(months: i32) -> Option<Entry> {
    match months {
        6 => Some(Entry::SixMonths),
        12.. if months % 12 == 0 && months / 12 <= LAST_YEAR => Some(Entry::Yearly),
        9..=LAST_QUARTER if months % 3 == 0 => Some(Entry::Quarterly),
        _ => None,
    }
}

fn renews(account: &Account, churned: Day, on: Day) -> bool {
    if account.competitor.is_none() {
        return false;
    }
    let Some(term) = account.competitor_term_months else {
        let tenth = on.plus(-UNKNOWN_TERM_DAYS).months_since(churned);
        return tenth.is_some_and(|months| (0..=LAST_RENEWAL).contains(&months) && months % USUAL_TERM == 10);
    };
    let term = i32::try_from(term).unwrap_or(i32::MAX).clamp(1, LAST_RENEWAL);
    on.months_since(churned).is_some_and(|months| months <= LAST_RENEWAL && (months + 1) % term == 0)
}

/// The zone of an account; UTC where there is none.
fn zone(account: &Account) -> TimeZone {
    time_zone(account.zone.as_deref())
}

/// When an entry of that day is due: from nine in the morning there, later by what the account's id says.
pub(super) fn due(account: &Account, on: Day) -> Option<Time> {
    on.at_nine(&zone(account), later(&account.id))
}

fn later(id: &AccountId) -> Span {
    let share = (u64::from(spread(id)) * SPREAD.millis().unsigned_abs()) >> 32;
    Span::from_millis(i64::try_from(share).unwrap_or_default())
}

/// The first day whose nine o'clock is not before the account's earliest date.
pub(super) fn earliest_day(account: &Account) -> Option<Day> {
    let earliest = account.earliest_at?;
    let near = Day::of(earliest).plus(-1);
    (0..4).map(|days| near.plus(days)).find(|&on| due(account, on).is_some_and(|due| due >= earliest))
}

/// A number of 32 bits that an account always has, and its neighbours do not: FNV-1a, its bits mixed.
fn spread(id: &AccountId) -> u32 {
    let hash = id.as_str().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    u32::try_from(mixed >> 32).unwrap_or_default()
}
