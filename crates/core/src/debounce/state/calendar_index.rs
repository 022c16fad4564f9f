//! The accounts that have an entry on a day: in buckets by the day they left, and the items of the days around the cursor.
//!
//! The buckets do not move as time goes by, so that nothing is done for an account until one of its days comes, and a
//! restore need not know how late it is. They are lists that only grow, since a restore adds every account to them: who has
//! moved on stays named, is seen to have nothing there, and goes when too many have. All of it is memory: what comes of it
//! is a function of the accounts, made again by a load.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use foldhash::fast::RandomState;

use super::table::Rows;
use crate::account::Account;
use crate::debounce::model::account_state::AccountState;
use crate::debounce::model::clock::CalendarCursor;
use crate::debounce::model::entry::Entry;
use crate::debounce::policy::civil::Day;
use crate::debounce::policy::entries::{
    LAST_RENEWAL, UNKNOWN_TERM_DAYS, budget_day, churn_day, due, earliest_day, entries_on, is_for, offsets,
};
use crate::ids::AccountId;
use crate::time::{Span, Time};

/// Its due time, its account, and its entry.
pub(crate) type Item = (Time, AccountId, Entry);

/// Accounts by a number.
type Buckets = HashMap<i32, Vec<AccountId>, RandomState>;

/// Below this number of accounts a full scan beats the day index.
const FEW: usize = 32;
/// So many names too many are no reason to tidy up.
pub(crate) const SPARE: usize = 1_024;

/// The index of the calendar.
#[derive(Clone, Debug, Default)]
pub(crate) struct CalendarIndex {
    /// By the day they left.
    churned: Buckets,
    /// Those of them that went to a competitor.
    switched: Buckets,
    /// By the day of the month of their budget entry.
    budgets: Buckets,
    /// By their earliest day.
    earliest: Buckets,
    /// Names in all buckets, and how many of them are left over.
    named: usize,
    left_over: usize,
    /// The items of a few civil days.
    days: BTreeMap<Day, BTreeSet<Item>>,
}

impl CalendarIndex {
    /// The names in all buckets.
    #[cfg(test)]
    pub(crate) const fn named(&self) -> usize {
        self.named
    }

    /// An account changed: `None` where it is not in the list.
    pub(super) fn change(&mut self, id: &AccountId, old: Option<&Account>, new: Option<&Account>) {
        if old.zip(new).is_some_and(|(old, new)| has_the_same_days(old, new)) {
            return;
        }
        if let Some(account) = old {
            each_key(account, |_, _| self.left_over += 1);
            self.items(account, BTreeSet::remove);
        }
        if let Some(account) = new {
            self.name(id, account);
            self.items(account, |items, item| items.insert(item.clone()));
        }
    }

    const fn buckets(&mut self, which: Which) -> &mut Buckets {
        match which {
            Which::Churned => &mut self.churned,
            Which::Switched => &mut self.switched,
            Which::Budgets => &mut self.budgets,
            Which::Earliest => &mut self.earliest,
        }
    }

    /// An account's items in the days that are there.
    fn items(&mut self, account: &Account, change: impl Fn(&mut BTreeSet<Item>, &Item) -> bool) {
        let earliest = earliest_day(account);
        for (day, items) in &mut self.days {
            for_each_item(account, *day, earliest, |item| {
                change(items, &item);
            });
        }
    }

    /// The first item after the cursor that is due at `to`, which lies in the cursor's day or begins the next.
    pub(crate) fn next(
        &mut self,
        accounts: &Rows<AccountId, Arc<AccountState>>,
        cursor: &CalendarCursor,
        to: Time,
    ) -> Option<Item> {
        let day = Day::of(cursor.to);
        let near = [day.plus(-1), day, day.plus(1)];
        self.days.retain(|day, _| near.contains(day));
        for day in near {
            if !self.days.contains_key(&day) {
                let items = self.gather(accounts, day);
                self.days.insert(day, items);
            }
        }
        if self.days.values().all(BTreeSet::is_empty) {
            return None;
        }
        let from = match &cursor.after {
            Some((account, entry)) => Bound::Excluded((cursor.to, account.clone(), *entry)),
            None => Bound::Included((cursor.to + Span::from_millis(1), AccountId::from(""), Entry::ALL[0])),
        };
        let range = (from, Bound::Unbounded);
        let first = self.days.values().filter_map(|items| items.range(range.clone()).next()).min()?;
        (first.0 <= to).then(|| first.clone())
    }

    /// All items of a civil day.
    fn gather(&self, accounts: &Rows<AccountId, Arc<AccountState>>, on: Day) -> BTreeSet<Item> {
        let mut items = BTreeSet::new();
        let look_at = |id: &AccountId| {
            let Some(account) = accounts.get(id).and_then(|state| state.account.as_ref()) else { return };
            for_each_item(account, on, earliest_day(account), |item| {
                items.insert(item);
            });
        };
        if self.has_few() {
            self.churned.values().flatten().for_each(look_at);
        } else {
            self.each_that_may(on, look_at);
        }
        items
    }

    fn has_few(&self) -> bool {
        self.churned.len() <= FEW && self.churned.values().map(Vec::len).sum::<usize>() <= FEW
    }

    /// Once more are left over than are not, the buckets are made anew.
    pub(crate) fn tidy(&mut self, accounts: &Rows<AccountId, Arc<AccountState>>) {
        if self.left_over <= SPARE + self.named / 2 {
            return;
        }
        *self = Self { days: std::mem::take(&mut self.days), ..Self::default() };
        for (id, state) in accounts {
            if let Some(account) = &state.account {
                self.name(id, account);
            }
        }
    }

    fn name(&mut self, id: &AccountId, account: &Account) {
        each_key(account, |which, key| {
            self.buckets(which).entry(key).or_default().push(id.clone());
            self.named += 1;
        });
    }

    /// The accounts that may have an entry on that day, some of them more than once, and some that had one.
    fn each_that_may(&self, on: Day, mut visit: impl FnMut(&AccountId)) {
        let mut take =
            |buckets: &Buckets, key: i32| buckets.get(&key).into_iter().flatten().for_each(&mut visit);
        let (days, months) = offsets();
        days.for_each(|days| take(&self.churned, on.plus(-days).0));
        months.for_each(|months| on.months_before(months).for_each(|day| take(&self.churned, day)));
        if !self.switched.is_empty() {
            let about = on.plus(-UNKNOWN_TERM_DAYS);
            (1..=LAST_RENEWAL).for_each(|m| on.months_before(m).for_each(|day| take(&self.switched, day)));
            (1..=LAST_RENEWAL).for_each(|m| about.months_before(m).for_each(|day| take(&self.switched, day)));
        }
        take(&self.budgets, on.ymd().2);
        take(&self.earliest, on.0);
    }
}

#[derive(Clone, Copy)]
enum Which {
    Churned,
    Switched,
    Budgets,
    Earliest,
}

fn each_key(account: &Account, mut visit: impl FnMut(Which, i32)) {
    if !is_for(Entry::Yearly, account.reason) {
        return;
    }
    let churned = churn_day(account).0;
    visit(Which::Churned, churned);
    if account.went_to_competitor() {
        visit(Which::Switched, churned);
    }
    if is_for(Entry::BudgetSeason, account.reason) {
        visit(Which::Budgets, budget_day(&account.id));
    }
    if let Some(day) = earliest_day(account) {
        visit(Which::Earliest, day.0);
    }
}

fn for_each_item(account: &Account, on: Day, earliest: Option<Day>, mut visit: impl FnMut(Item)) {
    let entries = entries_on(account, on, earliest);
    if entries.is_empty() {
        return;
    }
    let Some(due) = due(account, on) else { return };
    entries.into_iter().for_each(|entry| visit((due, account.id.clone(), entry)));
}

fn has_the_same_days(old: &Account, new: &Account) -> bool {
    old.churned_at == new.churned_at
        && old.reason == new.reason
        && old.went_to_competitor() == new.went_to_competitor()
        && old.competitor_term_months == new.competitor_term_months
        && old.earliest_at == new.earliest_at
        && old.zone == new.zone
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Reason;

    /// Accounts of every reason that left on days all over four years, some with what has days of its own.
    fn many() -> Vec<Account> {
        let of = |reason: Reason, nth: i64| {
            let churned = Time::from_millis(1_640_000_000_000) + Span::from_days(nth * 17);
            let mut account = Account::new(&format!("{reason}-{nth}"), "a", churned, reason);
            account.competitor = (nth % 3 == 0).then(|| "rival".to_owned());
            account.competitor_term_months = (nth % 6 == 0).then_some(24);
            account.earliest_at = (nth % 4 == 1).then(|| churned + Span::from_days(100 + nth));
            account
        };
        Reason::ALL.iter().flat_map(|reason| (0..90).map(|nth| of(*reason, nth))).collect()
    }

    /// The items that a look at every account finds.
    fn looked_for(accounts: &[Account], day: Day) -> BTreeSet<Item> {
        let mut all = BTreeSet::new();
        for account in accounts {
            for_each_item(account, day, earliest_day(account), |item| {
                all.insert(item);
            });
        }
        all
    }

    #[test]
    fn who_has_an_entry_on_a_day_is_found_by_the_day_on_which_they_left() {
        let accounts = many();
        let (mut table, mut index) = (Rows::default(), CalendarIndex::default());
        for account in &accounts {
            index.change(&account.id, None, Some(account));
            table.insert(account.id.clone(), AccountState::new(account.clone()).into());
        }
        assert!(!index.has_few());
        let mut found = 0;
        for day in (19_700..21_000).map(Day) {
            let all = looked_for(&accounts, day);
            found += all.len();
            assert_eq!(index.gather(&table, day), all, "{day:?}");
        }
        assert!(found > 1_000, "{found}");
    }

    #[test]
    fn who_has_moved_on_has_nothing_on_the_old_days_and_is_forgotten_in_time() {
        let mut accounts = many();
        let (mut table, mut index) = (Rows::default(), CalendarIndex::default());
        let mut most_left_over = 0;
        for round in 0..9 {
            for account in &mut accounts {
                let old = (round > 0).then(|| account.clone());
                account.churned_at = account.churned_at + Span::from_days(i64::from(round % 3));
                index.change(&account.id, old.as_ref(), Some(account));
                table.insert(account.id.clone(), AccountState::new(account.clone()).into());
            }
            most_left_over = most_left_over.max(index.left_over);
            index.tidy(&table);
            assert!(index.left_over <= SPARE + index.named / 2, "{}", index.left_over);
            let names = [&index.churned, &index.switched, &index.budgets, &index.earliest];
            let names: usize = names.into_iter().flat_map(HashMap::values).map(Vec::len).sum();
            assert_eq!(names, index.named);
            for day in (19_700..21_000).step_by(13).map(Day) {
                assert_eq!(index.gather(&table, day), looked_for(&accounts, day), "{day:?}");
            }
        }
        assert!(most_left_over > SPARE + index.named / 2, "it was never tidied: {most_left_over}");
    }

    #[test]
    fn a_few_accounts_have_the_items_that_they_have_among_many() {
        let accounts = many();
        for few in accounts.chunks(FEW) {
            let (mut table, mut index) = (Rows::default(), CalendarIndex::default());
            for account in few {
                index.change(&account.id, None, Some(account));
                table.insert(account.id.clone(), AccountState::new(account.clone()).into());
            }
            assert!(index.has_few());
            for day in (19_700..21_000).step_by(7).map(Day) {
                let mut near = BTreeSet::new();
                index.each_that_may(day, |id| {
                    near.insert(id.clone());
                });
                let items = index.gather(&table, day);
                assert!(items.iter().all(|(_, id, _)| near.contains(id)), "{day:?}");
            }
        }
    }
}
