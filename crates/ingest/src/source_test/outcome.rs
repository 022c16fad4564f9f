//! The result of one event, owned and masked: no mail address and no visitor's network address is shown whole.

use std::net::IpAddr;

use ipnet::IpNet;
use winback_core::identity::{Mail, company_domain, company_name};
use winback_core::privacy::masked;
use winback_core::signal::{Candidate, Identity};
use winback_core::time::Time;
use winback_matcher::door::{self, Texts};
use winback_sources::{Answer, Broadcast, Element};

use super::AccountList;
use super::accounts::Found;

/// The result of one event.
#[derive(Debug)]
pub enum Outcome {
    /// A signal, and what the list of accounts says to it where one was asked.
    Signal(Box<Signal>),
    /// An answer: it stops, and never starts anything.
    Answer(Box<Signal>),
    /// About many accounts: told to each that it concerns.
    FanOut(Box<Signal>),
    /// Dropped for that reason.
    Dropped(&'static str),
    /// Not understood.
    Dead {
        /// The reason, from the closed list.
        reason: &'static str,
        /// The text, with the fix.
        text: String,
    },
}

/// The signal that would be forwarded, and its keys.
#[derive(Debug)]
pub struct Signal {
    /// The kind of signal or of answer.
    pub kind: &'static str,
    pub class: String,
    pub at: Time,
    pub id: String,
    pub detail: String,
    /// By rung of the ladder, best first.
    pub who: Vec<String>,
    pub found: Option<Found>,
}

impl Outcome {
    /// Of that element; the book is asked whose it is.
    pub fn of(element: &Element<'_>, accounts: Option<&AccountList>) -> Self {
        match element {
            Element::Signal(candidate) => Self::Signal(Box::new(Signal::of(candidate, accounts))),
            Element::Answer(answer) => Self::Answer(Box::new(Signal::answer(answer, accounts))),
            Element::Broadcast(event) => Self::FanOut(Box::new(Signal::fan_out(event))),
            Element::Dropped(reason) => Self::Dropped(reason.as_str()),
            Element::Dead(dead) => {
                Self::Dead { reason: dead.reason.as_str(), text: masked(&dead.text).into_owned() }
            }
        }
    }

    /// `signal`, `answer`, `fan_out`, `dropped` or `dead`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Signal(_) => "signal",
            Self::Answer(_) => "answer",
            Self::FanOut(_) => "fan_out",
            Self::Dropped(_) => "dropped",
            Self::Dead { .. } => "dead",
        }
    }
}

impl Signal {
    fn of(candidate: &Candidate<'_>, accounts: Option<&AccountList>) -> Self {
        let Texts { id, class, detail } = door::texts(candidate);
        Self {
            kind: candidate.kind.as_str(),
            class,
            at: candidate.at,
            id,
            detail,
            who: shown(&candidate.who),
            found: accounts.map(|accounts| accounts.find(&candidate.who)),
        }
    }

    fn answer(answer: &Answer<'_>, accounts: Option<&AccountList>) -> Self {
        Self {
            kind: answer.kind.as_str(),
            class: String::new(),
            at: answer.at,
            id: door::id_of(answer),
            detail: String::new(),
            who: shown(&answer.who),
            found: accounts.map(|accounts| accounts.find(&answer.who)),
        }
    }

    /// The result of an event: the detector knows the accounts that it concerns.
    fn fan_out(event: &Broadcast) -> Self {
        let event = door::event(event.clone(), "", event.at);
        let competitor = (!event.competitor.is_empty()).then(|| format!("competitor {}", event.competitor));
        let features = event.features.iter().map(|feature| format!("missing feature {feature}"));
        Self {
            kind: event.kind.as_str(),
            class: event.class.clone(),
            at: event.event_time,
            id: event.id.clone(),
            detail: event.title.clone(),
            who: competitor.into_iter().chain(features).collect(),
            found: None,
        }
    }
}

/// The keys of an event, by rung.
fn shown(who: &Identity<'_>) -> Vec<String> {
    let mut keys = Vec::new();
    keys.extend(who.account_id.as_deref().map(|id| format!("account {}", masked(id))));
    keys.extend(who.email.as_deref().map(contact));
    keys.extend(who.email_sha256.map(|hash| format!("contact {}", head(hash))));
    keys.extend(who.domain.as_deref().map(domain));
    keys.extend(who.address.map(network));
    keys.extend(who.name.as_deref().map(|name| format!("name {}", company_name(&masked(name)))));
    keys
}

fn head(hash: [u8; 32]) -> String {
    let [a, b, c, d, ..] = hash;
    format!("{a:02x}{b:02x}{c:02x}{d:02x}…")
}

fn contact(raw: &str) -> String {
    let Some(mail) = Mail::parse(raw) else { return "contact (no mail address: matches nobody)".to_owned() };
    let behind = company_domain(mail.domain());
    let domain =
        behind.map_or_else(|why| format!("{} ({why})", mail.domain()), |domain| format!("domain {domain}"));
    format!("contact {} at {domain}", head(mail.sha256()))
}

fn domain(raw: &str) -> String {
    match company_domain(raw) {
        Ok(domain) => format!("domain {domain}"),
        Err(why) => format!("domain {} (matches nobody: {why})", masked(raw.trim())),
    }
}

/// The network of a visitor, as wide as a company's often is.
fn network(address: IpAddr) -> String {
    let length = if address.is_ipv4() { 24 } else { 48 };
    IpNet::new(address, length)
        .map_or_else(|_| "address".to_owned(), |net| format!("address in {}", net.trunc()))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    #[test]
    fn no_mail_address_and_no_whole_network_address_is_shown() {
        let who = Identity {
            account_id: Some(Cow::Borrowed("A-1")),
            email: Some(Cow::Borrowed("Jane@Acme.com")),
            domain: Some(Cow::Borrowed("https://www.acme.co.uk/x")),
            address: Some("83.149.9.216".parse().unwrap()),
            name: Some(Cow::Borrowed("Acme, Inc.")),
            ..Identity::default()
        };
        let keys = shown(&who);
        assert_eq!(keys[0], "account A-1");
        assert!(keys[1].starts_with("contact ") && keys[1].ends_with("… at domain acme.com"), "{keys:?}");
        assert_eq!(keys[2..], ["domain acme.co.uk", "address in 83.149.9.0/24", "name acme"]);
        assert!(!keys.concat().to_lowercase().contains("jane"));
        let free = shown(&Identity { email: Some(Cow::Borrowed("x@gmail.com")), ..Identity::default() });
        assert!(free[0].contains("gmail.com (its domain is shared"), "{free:?}");
    }
}
