//! The calendar: time that passes is a signal, too, on the partition's own clock (DOMAIN, *Signals*, *When*).
//!
//! The hand follows `W` on progress records, in order of due time, account, entry. What is due is a function of the
//! account; the policies say which entries are wanted, and the account's own year how many.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Deserialize;

use super::account_state::AccountState;
use super::civil::Day;
use super::clock::Hand;
use super::entries::{Entry, churn_day};
use super::made::{Allowance, CALENDAR, Told};
use super::partition::{Effect, Partition};
use super::policy_file::{PolicyError, wrong};
use super::policy_schema::names;
use crate::account::Account;
use crate::ids::{AccountId, Offset};
use crate::text::nearest;
use crate::time::{Span, Time};

/// The most entries that an account has in a year, whatever a policy says (DOMAIN, *How often*, hard).
pub const MOST_A_YEAR: u32 = 4;
/// A yearly entry tells of a major version that shipped so long ago at most.
const RELEASE_IS_NEWS: Span = Span::from_days(90);

/// Which entries a policy wants: `[calendar]` of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarRules {
    /// The entries.
    pub entries: BTreeSet<Entry>,
    /// The months in which next year's budgets are made, from 1.
    pub budget_months: BTreeSet<u8>,
    /// The most entries of an account in a year, at most [`MOST_A_YEAR`].
    pub most: u32,
}

/// Which entries the calendar makes signals of; an entry goes through all policies.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileCalendar {
    /// The entries that are wanted; all of them without it.
    #[schemars(extend("items" = { "type": "string", "enum": names(Entry::ALL, Entry::as_str) }))]
    entries: Option<Vec<String>>,
    /// The months in which next year's budgets are made, 1 to 12.
    #[schemars(extend("items" = { "type": "integer", "minimum": 1, "maximum": 12 }))]
    budget_months: Option<Vec<u8>>,
    /// The most entries of an account in a year, at most 4.
    #[schemars(extend("maximum" = MOST_A_YEAR))]
    time_based_a_year: Option<u32>,
}

impl FileCalendar {
    pub(super) fn rules(self) -> Result<CalendarRules, PolicyError> {
        let names: Vec<&str> = Entry::ALL.iter().map(|entry| entry.as_str()).collect();
        let entry = |name: String| {
            let fix = || format!("no such entry{}", nearest(&name, &names));
            Entry::parse(&name).ok_or_else(|| wrong("calendar.entries", &name, &fix()))
        };
        let entries = match self.entries {
            Some(names) => names.into_iter().map(entry).collect::<Result<_, _>>()?,
            None => Entry::ALL.iter().copied().collect(),
        };
        // Most plan the next year in the fourth quarter; an account gets one entry of it, at its beginning.
        let budget_months: BTreeSet<u8> =
            self.budget_months.unwrap_or_else(|| vec![10]).into_iter().collect();
        if let Some(month) = budget_months.iter().find(|month| !(1..=12).contains(*month)) {
            return Err(wrong("calendar.budget_months", &month.to_string(), "must be 1 to 12"));
        }
        let most = self.time_based_a_year.unwrap_or(MOST_A_YEAR);
        if most > MOST_A_YEAR {
            let fix =
                format!("must be at most {MOST_A_YEAR}: nobody is reminded of an anniversary every month");
            return Err(wrong("calendar.time_based_a_year", &most.to_string(), &fix));
        }
        Ok(CalendarRules { entries, budget_months, most })
    }
}

impl CalendarRules {
    fn wants(&self, entry: Entry, due: Time) -> bool {
        let month = || u8::try_from(Day::of(due).ymd().1).unwrap_or_default();
        self.entries.contains(&entry)
            && (entry != Entry::BudgetSeason || self.budget_months.contains(&month()))
    }
}

impl Partition {
    /// What the newest versions of the policies in force want together: each entry that one of them wants, and no more of
    /// them than the strictest allows, since an entry goes through all policies. A shadow hears them, and has no say.
    fn calendar_rules(&self) -> Option<CalendarRules> {
        let in_force = self.newest.values().filter(|policy| !policy.is_shadow());
        let mut policies = in_force.map(|policy| &policy.calendar);
        let first = policies.next()?.clone();
        let all = policies.fold(first, |mut all, rules| {
            all.entries.extend(&rules.entries);
            all.budget_months.extend(&rules.budget_months);
            all.most = all.most.min(rules.most).min(MOST_A_YEAR);
            all
        });
        (all.most > 0 && !all.entries.is_empty()).then_some(all)
    }

    /// Moves the hand up to `W`, as far as the allowance goes.
    pub(super) fn turn_calendar(&mut self, offset: Offset, allowance: &mut Allowance, out: &mut Vec<Effect>) {
        // Also where no policy wants a calendar.
        self.agenda.tidy(&self.accounts);
        let Some(now) = self.clock().watermark else { return };
        let hand = self.clock().hand.clone();
        let (Some(rules), Some(hand)) = (self.calendar_rules(), hand) else {
            self.clock_mut().hand = Some(Hand::at(now));
            return;
        };
        // What was due long before is of no use any more.
        let oldest = now - Entry::longest_age();
        let mut hand = if hand.to < oldest { Hand::at(oldest) } else { hand };
        while hand.to < now {
            let horizon = now.min(page_end(hand.to));
            while let Some((due, account, entry)) = self.agenda.next(&self.accounts, &hand, horizon) {
                hand = Hand { to: due, after: Some((account.clone(), entry)) };
                if !rules.wants(entry, due) {
                    continue;
                }
                allowance.look();
                if now.since(due) <= entry.max_age() && self.enter(offset, &account, entry, due, &rules, out)
                {
                    allowance.made();
                }
                if allowance.is_spent() {
                    self.clock_mut().hand = Some(hand);
                    return;
                }
            }
            hand = Hand::at(horizon);
            allowance.turn_page();
            if allowance.is_spent() {
                break;
            }
        }
        self.clock_mut().hand = Some(hand);
    }

    /// Makes an entry's signal, where the account may have it; whether it did.
    fn enter(
        &mut self,
        offset: Offset,
        id: &AccountId,
        entry: Entry,
        due: Time,
        rules: &CalendarRules,
        out: &mut Vec<Effect>,
    ) -> bool {
        let Some(state) = self.accounts.get(id) else { return false };
        let Some(account) = approachable(state, due) else { return false };
        // Due in the morning there is at most a day from the civil day, in UTC.
        let months = Day::of(due).plus(1).months_after(churn_day(account));
        let churn_number = state.churn_number;
        let mut state = AccountState::clone(state);
        if !state.enter(due, usize::try_from(rules.most).unwrap_or_default()) {
            return false;
        }
        self.put_account(id.clone(), Some(state.into()));
        let (class, detail) = self.words(entry, months, due);
        let told = Told {
            account: id.clone(),
            churn_number,
            source: CALENDAR,
            name: &due.millis().to_string(),
            kind: entry.kind(),
            class,
            event_time: due,
            append_time: due,
            matched_on: "the account's own calendar".to_owned(),
            detail,
        };
        self.make(offset, told, out);
        true
    }

    /// The class and the words of an entry; a yearly one tells of a major version that is news.
    fn words(&self, entry: Entry, months: u32, due: Time) -> (&'static str, String) {
        let says = entry.says(months);
        let release = self.clock().release.as_ref().filter(|_| entry == Entry::Yearly);
        let news = release.filter(|release| release.at <= due && due.since(release.at) <= RELEASE_IS_NEWS);
        match news {
            Some(release) => ("yearly_release", format!("{says}; new: {}", release.title)),
            None => (entry.as_str(), says),
        }
    }
}

/// When the next day begins; behind the last day of the calendar none does, and the page has no end.
fn page_end(from: Time) -> Time {
    let next = Day::of(from).plus(1).start();
    if next > from { next } else { Time::MAX }
}

/// The account, unless nothing that begins on our side may reach it: not in the list, back, erased, before its own
/// earliest date, or after a no, which only what is material changes.
fn approachable(state: &AccountState, at: Time) -> Option<&Account> {
    let account = state.account.as_ref().filter(|_| state.is_open())?;
    let shut = account.do_not_contact
        || account.earliest_at.is_some_and(|earliest| at < earliest)
        || state.declined().is_some()
        || state.has_opted_out();
    (!shut).then_some(account)
}
