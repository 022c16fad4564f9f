//! The calendar's part of the policies, and the accounts that it may speak to.

use super::civil::Day;
use super::entries::says;
use crate::account::Account;
use crate::debounce::model::account_state::AccountState;
use crate::debounce::model::clock::MajorRelease;
use crate::debounce::model::entry::Entry;
use crate::debounce::model::policy::{CalendarRules, MOST_A_YEAR, Policy};
use crate::time::{Span, Time};

/// A yearly entry tells of a major version that shipped so long ago at most.
const RELEASE_IS_NEWS: Span = Span::from_days(90);

/// The wishes of the newest versions of the policies in force together: each entry that one of them wants, and no more
/// of them than the strictest allows, since an entry goes through all policies. A shadow hears them, and has no say.
pub(crate) fn rules_of<'p>(policies: impl Iterator<Item = &'p Policy>) -> Option<CalendarRules> {
    let mut policies = policies.filter(|policy| !policy.is_shadow()).map(|policy| &policy.calendar);
    let first = policies.next()?.clone();
    let all = policies.fold(first, |mut all, rules| {
        all.entries.extend(&rules.entries);
        all.budget_months.extend(&rules.budget_months);
        all.most = all.most.min(rules.most).min(MOST_A_YEAR);
        all
    });
    (all.most > 0 && !all.entries.is_empty()).then_some(all)
}

/// True when the policies want an entry that is due then.
pub(crate) fn wants(rules: &CalendarRules, entry: Entry, due: Time) -> bool {
    let month = || u8::try_from(Day::of(due).ymd().1).unwrap_or_default();
    rules.entries.contains(&entry) && (entry != Entry::BudgetSeason || rules.budget_months.contains(&month()))
}

/// The begin of the next day; behind the last day of the calendar none comes, and the page has no end.
pub(crate) fn page_end(from: Time) -> Time {
    let next = Day::of(from).plus(1).start();
    if next > from { next } else { Time::MAX }
}

/// The account, unless nothing that begins on our side may reach it: not in the list, back, erased, before its own
/// earliest date, or after a no, which only what is material changes.
pub(crate) fn approachable(state: &AccountState, at: Time) -> Option<&Account> {
    let account = state.account.as_ref().filter(|_| state.is_open())?;
    let shut = account.do_not_contact
        || account.earliest_at.is_some_and(|earliest| at < earliest)
        || state.declined().is_some()
        || state.has_opted_out();
    (!shut).then_some(account)
}

/// The class and the words of an entry; a yearly one tells of a major version that is news.
pub(crate) fn words(
    entry: Entry,
    months: u32,
    due: Time,
    release: Option<&MajorRelease>,
) -> (&'static str, String) {
    let says = says(entry, months);
    let release = release.filter(|_| entry == Entry::Yearly);
    let news = release.filter(|release| release.at <= due && due.since(release.at) <= RELEASE_IS_NEWS);
    match news {
        Some(release) => ("yearly_release", format!("{says}; new: {}", release.title)),
        None => (entry.as_str(), says),
    }
}
