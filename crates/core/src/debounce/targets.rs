//! Whom an event is about.
//!
//! | event | of class | accounts |
//! |---|---|---|
//! | product_release | any | those that miss a feature that it names |
//! | | `service` | left because of service |
//! | | `quality` | left because of technical quality, or expectations that were not met |
//! | | `onboarding` | left because of adoption, complexity, or low usage |
//! | | `price` | left because of price or budget |
//! | | `major_version` | left because of technical quality, complexity, low usage, or expectations |
//! | competitor_event | any | those that went to that competitor |
//!
//! Who left for a gap hears of their own feature only: nothing else closes it, and nothing else may be claimed.
//!
//! Names are compared without case, spaces and punctuation, a competitor's without its legal form, too.

use std::collections::{BTreeSet, HashMap};

use foldhash::fast::RandomState;

use super::account_state::AccountState;
use super::fanout::FanOut;
use super::input::Event;
use crate::account::{Account, Reason};
use crate::identity::company_name;
use crate::ids::{AccountId, Offset};
use crate::signal::SignalKind;

/// The reasons of leaving that a release answers, whatever features it names.
const fn answers(class: &str) -> &'static [Reason] {
    use Reason::{
        AdoptionOnboarding, Complexity, LowUsageNoValue, PriceBudget, ServiceSupport, TechnicalQuality,
        UnmetExpectations,
    };
    match class.as_bytes() {
        b"service" => &[ServiceSupport],
        b"quality" => &[TechnicalQuality, UnmetExpectations],
        b"onboarding" => &[AdoptionOnboarding, Complexity, LowUsageNoValue],
        b"price" => &[PriceBudget],
        b"major_version" => &[TechnicalQuality, Complexity, LowUsageNoValue, UnmetExpectations],
        _ => &[],
    }
}

/// The rest of an event's accounts, in order. Memory: a function of the event's row and the accounts.
#[derive(Clone, Debug)]
pub(super) struct Targets {
    /// The event.
    pub(super) offset: Offset,
    about: About,
    after: Option<AccountId>,
    rest: BTreeSet<AccountId>,
}

impl Targets {
    /// The accounts that the event is about and that have not heard of it.
    pub(super) fn of<'a>(
        offset: Offset,
        fan_out: &FanOut,
        accounts: impl Iterator<Item = (&'a AccountId, &'a AccountState)>,
    ) -> Self {
        let after = fan_out.after.clone();
        let mut targets = Self { offset, about: About::new(&fan_out.event), after, rest: BTreeSet::new() };
        accounts.for_each(|(id, state)| targets.change(id, state));
        targets
    }

    /// An account is so now. What it is told of counts when it is known before its turn comes.
    pub(super) fn change(&mut self, id: &AccountId, state: &AccountState) {
        let waits = self.after.as_ref().is_none_or(|after| id > after);
        let about = state.account.as_ref().is_some_and(|account| self.about.concerns(account));
        if waits && about {
            self.rest.insert(id.clone());
        } else {
            self.rest.remove(id);
        }
    }

    /// An account is no more.
    pub(super) fn remove(&mut self, id: &AccountId) {
        self.rest.remove(id);
    }

    /// The next account.
    pub(super) fn next(&mut self) -> Option<AccountId> {
        let next = self.rest.pop_first()?;
        self.after = Some(next.clone());
        Some(next)
    }

    /// Whether all have heard of it.
    pub(super) fn is_over(&self) -> bool {
        self.rest.is_empty()
    }

    /// Why the event is an account's, in words.
    pub(super) fn why(&mut self, account: &Account) -> String {
        if let Some(competitor) = account.competitor.as_ref().filter(|_| self.about.is_a_competitors) {
            return format!("competitor {competitor}");
        }
        match account.missing_features.iter().find(|feature| self.about.names(feature)) {
            Some(feature) => format!("missing feature {feature}"),
            None => format!("left because of {}", account.reason),
        }
    }
}

/// What an event names, and what of the accounts' words was found to be the same: they are few.
#[derive(Clone, Debug)]
struct About {
    is_a_competitors: bool,
    names: BTreeSet<String>,
    reasons: &'static [Reason],
    known: HashMap<String, bool, RandomState>,
}

impl About {
    fn new(event: &Event) -> Self {
        let is_a_competitors = event.kind == SignalKind::CompetitorEvent;
        let names: BTreeSet<String> = if is_a_competitors {
            std::iter::once(company(&event.competitor)).collect()
        } else {
            event.features.iter().map(|feature| folded(feature)).collect()
        };
        let names = names.into_iter().filter(|name| !name.is_empty()).collect();
        let reasons = if is_a_competitors { &[] } else { answers(&event.class) };
        Self { is_a_competitors, names, reasons, known: HashMap::default() }
    }

    fn concerns(&mut self, account: &Account) -> bool {
        if self.is_a_competitors {
            return account.competitor.as_ref().is_some_and(|competitor| self.names(competitor));
        }
        self.reasons.contains(&account.reason)
            || account.missing_features.iter().any(|feature| self.names(feature))
    }

    fn names(&mut self, word: &str) -> bool {
        if let Some(known) = self.known.get(word) {
            return *known;
        }
        let name = if self.is_a_competitors { company(word) } else { folded(word) };
        let same = self.names.contains(&name);
        self.known.insert(word.to_owned(), same);
        same
    }
}

fn company(name: &str) -> String {
    folded(&company_name(name))
}

fn folded(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
