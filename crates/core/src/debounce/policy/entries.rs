//! The days on which an account has an entry of the calendar.
//!
//! Everything here is a function of the account alone. The windows by reason hold by construction: a reason has no
//! entry on a day that its window forbids.

use jiff::tz::TimeZone;

use super::civil::{Day, time_zone};
use super::windows::{default_window, least_window, whole_days};
use crate::account::{Account, Reason};
use crate::debounce::model::entry::Entry;
use crate::ids::AccountId;
use crate::time::{Span, Time};

/// Days after, by entry.
const FIRST_DAYS: i32 = 3;
const CONSTRAINT: i32 = 45;
const NINETY: i32 = 90;
/// Nobody is a quarter's business any more after so many months: over three years they are a new prospect.
const LAST_QUARTER: i32 = 36;
/// The furthest year that is looked for.
const LAST_YEAR: i32 = 40;
/// The longest contract that is looked for, and the furthest renewal, in months.
pub(crate) const LAST_RENEWAL: i32 = 120;
/// The contract of a competitor runs so many months where the books do not say.
const USUAL_TERM: i32 = 12;
/// Then the time to ask is 10 to 11 months after: so many days behind the tenth.
pub(crate) const UNKNOWN_TERM_DAYS: i32 = 15;
/// The budget entry stands on one of so many days of its month from the second on, by account, so that not all come on
/// one; the month is the same in UTC, however far the account's zone is.
const BUDGET_DAYS: u32 = 26;
/// An entry is due from nine in the morning on, spread over so long.
const SPREAD: Span = Span::from_hours(8);

/// True when those who left for that reason have the entry at all.
pub(crate) const fn is_for(entry: Entry, reason: Reason) -> bool {
    use Reason::{Competitor, Impossible, NotFit, PriceBudget, ProductGap, RegretImpulse};
    match (entry, reason) {
        // Nothing that begins on our side for those who cannot come back, or whom we do not fit. A gap is worth a word
        // when there was time to close it, a budget when there is a new one, a competitor's customer when the contract
        // ends.
        (_, Impossible | NotFit)
        | (Entry::NinetyDays, ProductGap | PriceBudget)
        | (Entry::SixMonths, PriceBudget)
        | (Entry::Quarterly, PriceBudget | Competitor) => false,
        (Entry::FirstDays, _) => matches!(reason, RegretImpulse),
        (Entry::Constraint, _) => matches!(reason, Reason::Situational | Reason::PaymentInvoluntary),
        (Entry::BudgetSeason, _) => matches!(reason, PriceBudget),
        (
            Entry::Earliest
            | Entry::NinetyDays
            | Entry::SixMonths
            | Entry::Quarterly
            | Entry::Yearly
            | Entry::ContractRenewal,
            _,
        ) => true,
    }
}

/// The words that a person reads of an entry.
pub(crate) fn says(entry: Entry, months: u32) -> String {
    match entry {
        Entry::Earliest => "the date before which they were not to be approached has come".to_owned(),
        Entry::FirstDays => format!("{FIRST_DAYS} days since they left"),
        Entry::Constraint => format!("{CONSTRAINT} days since they left"),
        Entry::NinetyDays => format!("{NINETY} days since they left"),
        Entry::Yearly if months == 12 => "a year since they left".to_owned(),
        Entry::Yearly => format!("{} years since they left", months / 12),
        Entry::SixMonths | Entry::Quarterly => format!("{months} months since they left"),
        Entry::BudgetSeason => "next year's budgets are made".to_owned(),
        Entry::ContractRenewal => {
            format!("their contract with the competitor renews soon, {months} months since they left")
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
pub(crate) fn churn_day(account: &Account) -> Day {
    Day::of(account.churned_at)
}

/// The days of the account's own calendar since the one on which they left.
pub fn days_since_churn(account: &Account, at: Time) -> i64 {
    i64::from(Day::there(at, &zone(account)).0) - i64::from(churn_day(account).0)
}

/// True for what happened after the day on which they left, by the account's own calendar: what shipped before, or on that
/// day, did not keep them (R16).
pub fn is_since_churn(account: &Account, at: Time) -> bool {
    days_since_churn(account, at) > 0
}

/// The whole months of the account's own calendar since they left.
pub fn months_since_churn(account: &Account, at: Time) -> u32 {
    Day::there(at, &zone(account)).months_after(churn_day(account))
}

/// The day of the month of an account's budget entry.
pub(crate) fn budget_day(id: &AccountId) -> i32 {
    i32::try_from(spread(id) % BUDGET_DAYS).unwrap_or_default() + 2
}

/// Days before an entry, and months before it, on which an account that has it may have left.
pub(crate) fn offsets() -> (impl Iterator<Item = i32>, impl Iterator<Item = i32>) {
    let quarters = (6..=LAST_QUARTER).step_by(3);
    let years = (LAST_QUARTER / 12 + 1..=LAST_YEAR).map(|year| year * 12);
    ([FIRST_DAYS, CONSTRAINT, NINETY].into_iter(), quarters.chain(years))
}

/// The entries of an account on a day.
pub(crate) fn entries_on(account: &Account, on: Day, earliest: Option<Day>) -> Vec<Entry> {
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
    found.retain(|entry| is_for(*entry, reason));
    found
}

/// Four entries a year are few: one with a date of its own, early or late in a year, has no quarters beside it.
fn has_quarters(account: &Account, days: i32) -> bool {
    let early = is_for(Entry::FirstDays, account.reason) || is_for(Entry::Constraint, account.reason);
    !account.went_to_competitor() && (days > 365 || !early)
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
    if !account.went_to_competitor() {
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

/// The time at which an entry of that day is due: from nine in the morning there, later by what the account's id says.
pub(crate) fn due(account: &Account, on: Day) -> Option<Time> {
    on.at_nine(&zone(account), later(&account.id))
}

fn later(id: &AccountId) -> Span {
    let share = (u64::from(spread(id)) * SPREAD.millis().unsigned_abs()) >> 32;
    Span::from_millis(i64::try_from(share).unwrap_or_default())
}

/// The first day whose nine o'clock is not before the account's earliest date.
pub(crate) fn earliest_day(account: &Account) -> Option<Day> {
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
