//! The reach of an event: who hears of it, who nearly does, and the words that keep them apart.

use std::collections::BTreeSet;

use super::audience::Audience;
use super::entries::is_since_churn;
use crate::account::{Account, Status};
use crate::debounce::model::input::Event;
use crate::signal::SignalKind;

/// A shorter word says nothing about what two names have in common.
const LEAST_WORD: usize = 3;

/// The standing of an account to an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It hears of the event, because of this.
    Hears(String),
    /// It would, but left on the event's day or later.
    LeftLater(String),
    /// The names are not the same, and have words in common.
    Nearly(Near),
}

/// Two names that have words in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Near {
    /// The account's.
    pub theirs: String,
    /// The event's.
    pub ours: String,
    /// The words that only one of them has.
    pub apart: Vec<String>,
}

/// An event whose reach is asked for.
#[derive(Clone, Debug)]
pub struct Reaches<'a> {
    event: &'a Event,
    audience: Audience,
}

impl<'a> Reaches<'a> {
    /// Of this event.
    pub fn new(event: &'a Event) -> Self {
        Self { event, audience: Audience::new(event) }
    }

    /// The standing of an account; `None` where the two have nothing in common, or the account is a customer.
    pub fn of(&mut self, account: &Account) -> Option<Reach> {
        if account.status != Status::Churned {
            return None;
        }
        if self.audience.concerns(account) {
            let why = self.audience.why(account);
            let since = is_since_churn(account, self.event.event_time);
            return Some(if since { Reach::Hears(why) } else { Reach::LeftLater(why) });
        }
        let is_a_competitors = self.event.kind == SignalKind::CompetitorEvent;
        let near = if is_a_competitors {
            let theirs = account.competitor.iter();
            nearest(theirs, std::slice::from_ref(&self.event.competitor))
        } else {
            nearest(account.missing_features.iter(), &self.event.features)
        };
        near.map(Reach::Nearly)
    }
}

/// The pair of names with the fewest words apart, of those that have a word in common.
fn nearest<'a>(theirs: impl Iterator<Item = &'a String>, ours: &[String]) -> Option<Near> {
    let pairs = theirs.flat_map(|theirs| ours.iter().map(move |ours| (theirs, ours)));
    let near = pairs.filter_map(|(theirs, ours)| {
        let (left, right) = (words(theirs), words(ours));
        let shares = left.intersection(&right).any(|word| word.chars().count() >= LEAST_WORD);
        let apart = left.symmetric_difference(&right).cloned().collect();
        shares.then(|| Near { theirs: theirs.clone(), ours: ours.clone(), apart })
    });
    near.min_by_key(|near| near.apart.len())
}

fn words(name: &str) -> BTreeSet<String> {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::Reason;
    use crate::time::{Span, Time};

    fn event(features: &[&str]) -> Event {
        Event {
            source: "releases".to_owned(),
            id: "r".to_owned(),
            kind: SignalKind::ProductRelease,
            class: "feature".to_owned(),
            event_time: Time::from_millis(1_760_000_000_000),
            append_time: Time::from_millis(1_760_000_000_000),
            title: "a release".to_owned(),
            features: features.iter().map(|name| (*name).to_owned()).collect(),
            competitor: String::new(),
        }
    }

    fn missing(feature: &str, days_ago: i64) -> Account {
        let left = Time::from_millis(1_760_000_000_000) - Span::from_days(days_ago);
        let mut account = Account::new("a", "a", left, Reason::ProductGap);
        account.missing_features = vec![feature.to_owned()];
        account
    }

    #[test]
    fn who_hears_of_a_release_who_nearly_and_the_words_that_keep_them_apart() {
        let release = event(&["Audit log", "Export to CSV"]);
        let mut reaches = Reaches::new(&release);
        let hears = |why: &str| Some(Reach::Hears(why.to_owned()));
        assert_eq!(reaches.of(&missing("audit-log", 10)), hears("missing feature audit-log"));
        assert_eq!(
            reaches.of(&missing("audit-log", 0)),
            Some(Reach::LeftLater("missing feature audit-log".to_owned()))
        );
        let near = Near {
            theirs: "audit trail".to_owned(),
            ours: "Audit log".to_owned(),
            apart: vec!["log".to_owned(), "trail".to_owned()],
        };
        assert_eq!(reaches.of(&missing("audit trail", 10)), Some(Reach::Nearly(near)));
        assert_eq!(reaches.of(&missing("api to go", 10)), None, "`to` says nothing");
        let back = Account { status: Status::Active, ..missing("audit log", 10) };
        assert_eq!(reaches.of(&back), None);
    }
}
