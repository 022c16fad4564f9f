//! The audience of an event: the accounts that it is about.
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
//! An event concerns only who left before it: its day, in the account's zone, is after the day on which they left (R16).
//!
//! Names are compared without case, spaces and punctuation, a competitor's without its legal form, too.

use std::collections::{BTreeSet, HashMap};

use foldhash::fast::RandomState;

use crate::account::{Account, Reason};
use crate::debounce::model::input::Event;
use crate::identity::company_name;
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

/// The names of an event, and the accounts' words that were compared with them before: they are few.
#[derive(Clone, Debug)]
pub(crate) struct Audience {
    is_a_competitors: bool,
    names: BTreeSet<String>,
    reasons: &'static [Reason],
    known: HashMap<String, bool, RandomState>,
}

impl Audience {
    pub(crate) fn new(event: &Event) -> Self {
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

    pub(crate) fn concerns(&mut self, account: &Account) -> bool {
        if self.is_a_competitors {
            return account.competitor.as_ref().is_some_and(|competitor| self.names(competitor));
        }
        self.reasons.contains(&account.reason)
            || account.missing_features.iter().any(|feature| self.names(feature))
    }

    /// The reason that the event is about an account, in words.
    pub(crate) fn why(&mut self, account: &Account) -> String {
        if let Some(competitor) = account.competitor.as_ref().filter(|_| self.is_a_competitors) {
            return format!("competitor {competitor}");
        }
        match account.missing_features.iter().find(|feature| self.names(feature)) {
            Some(feature) => format!("missing feature {feature}"),
            None => format!("left because of {}", account.reason),
        }
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
