//! The account, its triggers, and what happened, from its records of the inbox.

use winback_core::account::Account;
use winback_core::debounce::{AccountChange, Body, Event, Response, ResponseKind};
use winback_core::signal::SignalKind;
use winback_core::time::Time;
use winback_proto::{inbox, v1};
use winback_sequences::{End, Happened, Material, Situation, What};
use winback_show::explain::records::Records;

/// All that is known of an account for its outreach.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// As the books have it now; `None` where they do not.
    pub(crate) account: Option<Account>,
    /// The trigger that started something last.
    pub(crate) trigger: Option<v1::Trigger>,
    shelf: Vec<Event>,
    answers: Vec<Response>,
}

impl Known {
    /// From its records. What this version cannot read tells nothing.
    pub(crate) fn of(records: &Records) -> Self {
        let mut known = Self::default();
        for arrived in &records.inbox {
            match inbox::from_wire(arrived.record.clone()) {
                Ok(Body::Account(AccountChange::Upsert(account))) => known.account = Some(*account),
                Ok(Body::Account(_)) => known.account = None,
                Ok(Body::Event(event)) if event.kind == SignalKind::ProductRelease => {
                    known.shelf.push(*event);
                }
                Ok(Body::Response(response)) => known.answered(response),
                _ => {}
            }
        }
        let started =
            records.triggers.iter().map(|(trigger, _)| trigger).filter(|one| one.parent_id.is_empty());
        known.trigger = started.max_by_key(|trigger| fired_at(trigger)).cloned();
        known
    }

    /// A contact that opted out ends nothing while another is left.
    fn answered(&mut self, response: Response) {
        if let Some(account) = self.account.as_mut().filter(|_| response.kind == ResponseKind::OptedOut) {
            let is_theirs = |hash: &[u8; 32]| response.contact.is_empty() || response.contact == hash;
            account.contacts.iter_mut().for_each(|one| one.opted_out |= is_theirs(&one.email_sha256));
            if account.contacts.iter().any(|contact| !contact.opted_out) {
                return;
            }
        }
        self.answers.push(response);
    }

    /// The beginning of an enrolment: when the last trigger fired, else now.
    pub(crate) fn at(&self, now: Time) -> Time {
        self.trigger.as_ref().and_then(fired_at).unwrap_or(now)
    }

    /// The situation in which an enrolment would begin.
    pub(crate) fn situation<'a>(
        &'a self,
        account: &'a Account,
        material: &'a Material,
        at: Time,
    ) -> Situation<'a> {
        let evidence = self.trigger.as_ref().and_then(|trigger| trigger.evidence.as_ref());
        let items = evidence.map(|evidence| evidence.items.as_slice()).unwrap_or_default();
        let signal = |item: &v1::EvidenceItem| {
            SignalKind::parse(&item.kind).map(|kind| (kind, item.page_class.clone()))
        };
        let later = self.answers.iter().filter(|answer| answer.at >= at);
        Situation {
            account,
            at,
            signals: items.iter().filter_map(signal).collect(),
            releases: self.shelf.clone(),
            happened: later
                .map(|answer| Happened { at: answer.at, what: What::Answered(end(answer.kind)) })
                .collect(),
            material,
        }
    }
}

fn fired_at(trigger: &v1::Trigger) -> Option<Time> {
    trigger.fired_at.as_ref().map(Time::from)
}

const fn end(kind: ResponseKind) -> End {
    match kind {
        ResponseKind::Replied => End::Replied,
        ResponseKind::Declined => End::Declined,
        ResponseKind::OptedOut => End::OptedOut,
        ResponseKind::Reactivated => End::Reactivated,
    }
}

/// The reasons why nobody writes to an account, whatever a sequence says.
pub(crate) fn gates(account: &Account, now: Time) -> Vec<&'static str> {
    let gates = [
        (account.do_not_contact, "it must not be contacted"),
        (account.hold_out, "it is held out, to measure what comes back untouched"),
        (account.consent == Some(false), "it gave no consent"),
        (account.declined_at.is_some(), "it declined"),
        (account.earliest_at.is_some_and(|earliest| now < earliest), "it asked to be left alone for now"),
        (account.status != winback_core::account::Status::Churned, "it is a customer"),
    ];
    gates.into_iter().filter(|(holds, _)| *holds).map(|(_, words)| words).collect()
}
