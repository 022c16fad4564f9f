//! The touches that a sequence would send to an account, with their times: each step is taken as sent when it is due.

use winback_core::account::Contact;
use winback_core::closed_enum;
use winback_core::debounce::Event;
use winback_core::time::Time;

use crate::material::Proof;
use crate::model::{Sequence, Step};
use crate::schedule::{Due, Times};
use crate::situation::Situation;
use crate::words::{End, Kind, News};

closed_enum! {
    /// The reason why a step sends nothing.
    Skip {
        /// Its condition does not hold.
        Condition = "condition",
        /// It has nothing new to say.
        NothingNew = "nothing_new",
        /// An offer before its time, or a claim without a release.
        ContentRule = "content_rule",
        /// Nobody of its roles may be written to.
        NoContact = "no_contact",
        /// No day is free.
        NoDay = "no_day",
    }
}

/// The things that a touch may tell, and the role that it tells them to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    /// The role of the contact; empty where the books do not say.
    pub role: Option<String>,
    /// The language of the contact, else the account's, else the default of the sequence.
    pub language: String,
    /// The releases that it may name, newest first.
    pub releases: Vec<Event>,
    /// The proof.
    pub proof: Option<Proof>,
    /// The feature they missed that a release brings which this touch, or one before it, tells of.
    pub feature: Option<String>,
    /// The steps before it that were sent.
    pub said: Vec<String>,
}

/// The outcome of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It is sent.
    Touch(Box<Told>),
    /// It sends nothing.
    Skipped(Skip),
    /// The sequence ended before it.
    NotSent,
}

/// A step with its time and outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned<'a> {
    /// The step.
    pub step: &'a Step,
    /// Its time; `None` where it has none.
    pub due: Option<Due>,
    /// Its outcome.
    pub outcome: Outcome,
}

/// A sequence as it goes for an account.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<'a> {
    /// Its steps.
    pub steps: Vec<Planned<'a>>,
    /// The answer that ended it.
    pub ended: Option<(End, Time)>,
}

/// Goes through a sequence. A function of its arguments.
pub fn plan<'a>(sequence: &'a Sequence, situation: &Situation<'_>, times: &Times<'_>) -> Plan<'a> {
    let mut course = Course {
        sequence,
        situation,
        last: None,
        value_sent: false,
        told: Vec::new(),
        proofs: Vec::new(),
        feature: None,
        said: Vec::new(),
    };
    let mut ended = None;
    let mut steps = Vec::new();
    for step in &sequence.steps {
        if ended.is_some() {
            steps.push(Planned { step, due: None, outcome: Outcome::NotSent });
            continue;
        }
        let due = times.due(step, course.gap(), situation.at, course.last_touch(step));
        let Some(at) = due.as_ref().map(Due::at) else {
            steps.push(Planned { step, due: None, outcome: Outcome::Skipped(Skip::NoDay) });
            continue;
        };
        ended = situation.ended(at);
        let outcome = if ended.is_some() { Outcome::NotSent } else { course.outcome(step, at) };
        steps.push(Planned { step, due, outcome });
    }
    Plan { steps, ended }
}

/// A sequence on its way.
struct Course<'a> {
    sequence: &'a Sequence,
    situation: &'a Situation<'a>,
    /// The last touch of a person.
    last: Option<Time>,
    /// An offer of value was sent.
    value_sent: bool,
    /// The releases that were told, by source and id.
    told: Vec<(String, String)>,
    /// The proofs that were told.
    proofs: Vec<String>,
    /// The feature that a release brings which was told.
    feature: Option<String>,
    /// The steps that were sent.
    said: Vec<String>,
}

impl Course<'_> {
    /// A welcome is bound by no gap.
    fn gap(&self) -> u32 {
        if self.sequence.kind == Kind::Return { 0 } else { self.sequence.min_gap_days }
    }

    fn last_touch(&self, step: &Step) -> Option<Time> {
        self.last.filter(|_| step.channel.is_to_person())
    }

    fn outcome(&mut self, step: &Step, at: Time) -> Outcome {
        let releases = step.claim.as_ref().map(|rule| self.situation.releases(rule, at)).unwrap_or_default();
        let untold: Vec<Event> =
            releases.iter().filter(|event| !self.told.contains(&key(event))).cloned().collect();
        let proof = self.proof(step);
        if !self.condition_holds(step, at) {
            return Outcome::Skipped(Skip::Condition);
        }
        let is_new = step.news.is_empty()
            || step.news.iter().any(|news| match news {
                News::Release => !untold.is_empty(),
                News::Signal => self.situation.public_events().next().is_some(),
                News::Proof => proof.is_some(),
                News::Offer => true,
            });
        if !is_new {
            return Outcome::Skipped(Skip::NothingNew);
        }
        if self.breaks_a_rule(step, &releases) {
            return Outcome::Skipped(Skip::ContentRule);
        }
        let contact = self.situation.contact(&step.roles);
        if step.channel.is_to_person() && contact.is_none() && !step.channel.is_task() {
            return Outcome::Skipped(Skip::NoContact);
        }
        let releases = if untold.is_empty() { releases } else { untold };
        self.touched(step, at, contact, releases, proof)
    }

    fn touched(
        &mut self,
        step: &Step,
        at: Time,
        contact: Option<&Contact>,
        releases: Vec<Event>,
        proof: Option<Proof>,
    ) -> Outcome {
        let closed = releases.iter().find_map(|event| self.situation.closed_by(event));
        if let Some(feature) = closed {
            self.feature = Some(feature.to_owned());
        }
        let told = Told {
            feature: self.feature.clone(),
            role: contact.map(|contact| contact.role.clone()),
            language: self.sequence.language_for(self.situation.account, contact).to_owned(),
            releases,
            proof,
            said: self.said.clone(),
        };
        self.told.extend(told.releases.iter().map(key));
        self.proofs.extend(told.proof.as_ref().map(|proof| proof.id.clone()));
        self.said.push(step.id.clone());
        self.value_sent |= self.sequence.offer_of(step).is_some_and(crate::model::Offer::is_of_value);
        if step.channel.is_to_person() {
            self.last = Some(at);
        }
        Outcome::Touch(Box::new(told))
    }

    fn condition_holds(&self, step: &Step, at: Time) -> bool {
        let condition = &step.condition;
        let role = condition.role.as_ref().is_none_or(|role| {
            self.situation.account.contacts.iter().any(|contact| contact.role.eq_ignore_ascii_case(role))
        });
        role && condition.engaged.is_none_or(|engaged| self.situation.engaged(engaged, at))
            && (condition.tiers.is_empty() || condition.tiers.contains(&self.situation.account.tier()))
            && condition.release.as_ref().is_none_or(|rule| !self.situation.releases(rule, at).is_empty())
    }

    /// S8: no offer before a touch was sent, no discount before an offer of value was, no claim without a release.
    fn breaks_a_rule(&self, step: &Step, releases: &[Event]) -> bool {
        let early = match self.sequence.offer_of(step) {
            Some(_) if self.sequence.kind == Kind::Outreach && self.last.is_none() => true,
            Some(offer) => !offer.is_of_value() && !self.value_sent,
            None => false,
        };
        early || (step.claim.is_some() && releases.is_empty())
    }

    fn proof(&self, step: &Step) -> Option<Proof> {
        let wanted = step.news.contains(&News::Proof);
        wanted
            .then(|| self.situation.material.first_for(self.situation.account, &self.proofs))
            .flatten()
            .cloned()
    }
}

fn key(event: &Event) -> (String, String) {
    (event.source.clone(), event.id.clone())
}
