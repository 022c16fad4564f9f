//! All that is known of an account when a sequence begins, and what happens on the way.

use winback_core::account::{Account, Contact, Reason};
use winback_core::debounce::{Event, Reach, Reaches, is_since_churn, months_since_churn};
use winback_core::signal::SignalKind;
use winback_core::time::Time;

use crate::material::Material;
use crate::model::ReleaseRule;
use crate::words::{End, Engaged};

/// Signals that everybody can read in the news; a message may speak of them.
const PUBLIC: [SignalKind; 7] = [
    SignalKind::FundingNews,
    SignalKind::ExecutiveChange,
    SignalKind::OfficeExpansion,
    SignalKind::Acquisition,
    SignalKind::AccountProductLaunch,
    SignalKind::Conference,
    SignalKind::Hiring,
];

/// An account at the beginning of a sequence.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// The account.
    pub account: &'a Account,
    /// The time of the enrolment.
    pub at: Time,
    /// The signals of the evidence, with their classes.
    pub signals: Vec<(SignalKind, String)>,
    /// Our releases that are known then.
    pub releases: Vec<Event>,
    /// The happenings on the way, by time.
    pub happened: Vec<Happened>,
    /// The material of texts.
    pub material: &'a Material,
}

/// Something that happens on the way.
#[derive(Clone, Debug)]
pub struct Happened {
    /// The time.
    pub at: Time,
    /// The happening.
    pub what: What,
}

/// A happening.
#[derive(Clone, Debug)]
pub enum What {
    /// An answer that ends the sequence.
    Answered(End),
    /// A person's reaction to a touch.
    Engaged(Engaged),
    /// A release of ours.
    Released(Box<Event>),
}

impl Situation<'_> {
    /// Whole months since they left.
    pub fn months(&self) -> u32 {
        months_since_churn(self.account, self.at)
    }

    /// The signals of the evidence that a message may speak of.
    pub fn public_events(&self) -> impl Iterator<Item = SignalKind> {
        self.signals.iter().map(|(kind, _)| *kind).filter(|kind| PUBLIC.contains(kind))
    }

    /// The releases since they left that the rule allows and that were known by then, newest first.
    pub fn releases(&self, rule: &ReleaseRule, by: Time) -> Vec<Event> {
        let later = self.happened.iter().filter_map(|happened| match &happened.what {
            What::Released(event) if happened.at <= by => Some(&**event),
            _ => None,
        });
        let mut found: Vec<Event> =
            self.releases.iter().chain(later).filter(|event| self.counts(event, rule, by)).cloned().collect();
        found.sort_by(|left, right| (right.event_time, &right.id).cmp(&(left.event_time, &left.id)));
        found.dedup_by(|left, right| (&left.source, &left.id) == (&right.source, &right.id));
        found
    }

    fn counts(&self, event: &Event, rule: &ReleaseRule, by: Time) -> bool {
        event.kind == SignalKind::ProductRelease
            && event.event_time <= by
            && !event.title.trim().is_empty()
            && is_since_churn(self.account, event.event_time)
            && (rule.classes.is_empty() || rule.classes.contains(&event.class))
            && (!rule.closes_gap || matches!(Reaches::new(event).of(self.account), Some(Reach::Hears(_))))
    }

    /// The first of the features they missed that a release brings.
    pub fn closed_by(&self, event: &Event) -> Option<&str> {
        let mut reaches = Reaches::new(event);
        let of = |feature: &&String| {
            let missed = Account {
                reason: Reason::Unknown,
                missing_features: vec![(*feature).clone()],
                ..self.account.clone()
            };
            matches!(reaches.of(&missed), Some(Reach::Hears(_)))
        };
        self.account.missing_features.iter().find(of).map(String::as_str)
    }

    /// The round of the newest funding in the evidence, such as `series_b`.
    pub fn round(&self) -> Option<&str> {
        let is = |(kind, _): &&(SignalKind, String)| *kind == SignalKind::FundingNews;
        self.signals.iter().find(is).map(|(_, class)| class.as_str())
    }

    /// The answer that ends a sequence by then.
    pub fn ended(&self, by: Time) -> Option<(End, Time)> {
        let ends = self.happened.iter().filter_map(|happened| match happened.what {
            What::Answered(end) if happened.at <= by => Some((end, happened.at)),
            _ => None,
        });
        ends.min_by_key(|(_, at)| *at)
    }

    /// True if a person reacted so by then.
    pub fn engaged(&self, engaged: Engaged, by: Time) -> bool {
        let seen = |wanted: Engaged| {
            let is = |what: &What| matches!(what, What::Engaged(found) if *found == wanted);
            self.happened.iter().any(|happened| happened.at <= by && is(&happened.what))
        };
        match engaged {
            // Who clicked has opened it, too.
            Engaged::Opened => seen(Engaged::Opened) || seen(Engaged::Clicked),
            Engaged::Clicked => seen(Engaged::Clicked),
            Engaged::NotOpened => !seen(Engaged::Opened) && !seen(Engaged::Clicked),
            Engaged::NotClicked => !seen(Engaged::Clicked),
        }
    }

    /// The contact of the first role that has one who may be written to; of any where no role is named.
    pub fn contact(&self, roles: &[String]) -> Option<&Contact> {
        let mut open = self.account.contacts.iter().filter(|contact| !contact.opted_out);
        if roles.is_empty() {
            return open.next();
        }
        let open: Vec<&Contact> = open.collect();
        roles
            .iter()
            .find_map(|role| open.iter().find(|contact| contact.role.eq_ignore_ascii_case(role)).copied())
    }
}
