//! PostHog's events, in each way that it hands them on: as captured, one or a `batch` of them; as its webhooks and
//! destinations post them, with the person and groups beside the `event`; and as its exports and its own Kafka topic write
//! them, with `properties` as text. Only `$pageview` is a visit.

use std::collections::BTreeMap;

use serde::Deserialize;
use winback_core::signal::Identity;

use super::{Visit, Web, WebFormat, address};
use crate::element::{DeadReason, DropReason, Refusal, Verdict, element};
use crate::embedded::Embedded;
use crate::json::{self, IsList, Lenient, Scalar, first_of};
use crate::walk::{Placed, Raw, events, listed};

/// PostHog's events.
pub(crate) const FORMAT: WebFormat = WebFormat::json(decode);

/// Names of a company's group, if there are groups of several types.
const ACCOUNT_GROUPS: [&str; 6] =
    ["account", "company", "organization", "organisation", "customer", "workspace"];

/// The content of a record: an event, or an envelope around events.
#[derive(Debug, Deserialize)]
struct Document<'a> {
    /// Its name, or all of it.
    #[serde(borrow, default)]
    event: Embedded<'a, Event<'a>>,
    #[serde(default)]
    batch: IsList,
    #[serde(borrow, default)]
    sent_at: Scalar<'a>,
    #[serde(borrow, default)]
    person: Lenient<Person<'a>>,
    #[serde(borrow, default)]
    groups: Lenient<BTreeMap<String, Lenient<Group<'a>>>>,
    #[serde(borrow, default)]
    uuid: Scalar<'a>,
    #[serde(borrow, default)]
    distinct_id: Scalar<'a>,
    #[serde(borrow, default)]
    timestamp: Scalar<'a>,
    #[serde(borrow, default)]
    created_at: Scalar<'a>,
    #[serde(borrow, default)]
    ip: Scalar<'a>,
    #[serde(borrow, default)]
    properties: Embedded<'a, Properties<'a>>,
    #[serde(borrow, default)]
    person_properties: Embedded<'a, Traits<'a>>,
}

/// An event, as far as it matters here.
#[derive(Debug, Default, Deserialize)]
struct Event<'a> {
    #[serde(borrow, default)]
    event: Scalar<'a>,
    #[serde(borrow, default)]
    uuid: Scalar<'a>,
    #[serde(borrow, default)]
    distinct_id: Scalar<'a>,
    #[serde(borrow, default)]
    timestamp: Scalar<'a>,
    #[serde(borrow, default)]
    created_at: Scalar<'a>,
    #[serde(borrow, default)]
    ip: Scalar<'a>,
    #[serde(borrow, default)]
    properties: Embedded<'a, Properties<'a>>,
    #[serde(borrow, default)]
    person_properties: Embedded<'a, Traits<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Properties<'a> {
    #[serde(borrow, rename = "$current_url", default)]
    current_url: Scalar<'a>,
    #[serde(borrow, rename = "$pathname", default)]
    pathname: Scalar<'a>,
    #[serde(borrow, rename = "$ip", default)]
    ip: Scalar<'a>,
    #[serde(borrow, rename = "$raw_user_agent", default)]
    raw_user_agent: Scalar<'a>,
    #[serde(borrow, rename = "$user_agent", default)]
    user_agent: Scalar<'a>,
    /// `bot`, where its library was told not to drop them itself.
    #[serde(borrow, rename = "$browser_type", default)]
    browser_type: Scalar<'a>,
    #[serde(borrow, rename = "$insert_id", default)]
    insert_id: Scalar<'a>,
    #[serde(borrow, rename = "$time", default)]
    time: Scalar<'a>,
    #[serde(borrow, rename = "$groups", default)]
    groups: Lenient<BTreeMap<String, Scalar<'a>>>,
    #[serde(borrow, rename = "$set", default)]
    set: Lenient<Traits<'a>>,
    #[serde(borrow, default)]
    email: Scalar<'a>,
    #[serde(borrow, default)]
    distinct_id: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct Traits<'a> {
    #[serde(borrow, default)]
    email: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct Person<'a> {
    #[serde(borrow, default)]
    properties: Lenient<Traits<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Group<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
}

/// The fields around an event that say more about it.
#[derive(Clone, Debug, Default)]
struct Around<'a> {
    sent_at: Scalar<'a>,
    email: Scalar<'a>,
    group: Scalar<'a>,
}

/// Gives the elements of a record.
fn decode(web: &Web, text: &str, sink: &mut Placed<'_>) -> Result<(), Refusal> {
    let raw = |index| Raw { bytes: text.as_bytes(), index };
    if text.trim_start().starts_with('[') {
        return events(text, |document: Result<Document<'_>, _>, index| {
            match document.map(Document::parts) {
                Ok((event, around)) => web.posthog(event, around, raw(index), sink),
                Err(refusal) => sink(index, element(Err(refusal), index)),
            }
        });
    }
    match json::parse::<Lenient<Document<'_>>>(text)? {
        Lenient::One(Document { batch: IsList(true), sent_at, .. }) => {
            let around = Around { sent_at, ..Around::default() };
            let batch = json::field(text, "batch").unwrap_or_default();
            events(&batch, |event: Result<Event<'_>, _>, index| match event {
                Ok(event) => web.posthog(event, around.clone(), raw(index), sink),
                Err(refusal) => sink(index, element(Err(refusal), index)),
            })
        }
        document => listed(document, |document, index| match document.map(Document::parts) {
            Ok((event, around)) => web.posthog(event, around, raw(index), sink),
            Err(refusal) => sink(index, element(Err(refusal), index)),
        }),
    }
}

impl<'a> Document<'a> {
    /// The event and what stands around it.
    fn parts(self) -> (Event<'a>, Around<'a>) {
        let person = self.person.object().unwrap_or_default().properties.object().unwrap_or_default();
        let groups = self.groups.object().unwrap_or_default().into_iter();
        let groups = groups.filter_map(|(name, group)| Some((name, group.object()?.id))).collect();
        let around = Around { sent_at: self.sent_at, email: person.email, group: account_of(groups) };
        let event = match self.event {
            Embedded::Value(whole @ Lenient::One(_)) => whole.object().unwrap_or_default(),
            Embedded::Value(_) => Event::default(),
            Embedded::Text(name) => Event {
                event: Scalar::Text(name),
                uuid: self.uuid,
                distinct_id: self.distinct_id,
                timestamp: self.timestamp,
                created_at: self.created_at,
                ip: self.ip,
                properties: self.properties,
                person_properties: self.person_properties,
            },
        };
        (event, around)
    }
}

/// The group that stands for the account: the only one, or the one that is called so.
fn account_of(mut groups: BTreeMap<String, Scalar<'_>>) -> Scalar<'_> {
    let named = ACCOUNT_GROUPS.iter().find_map(|name| groups.remove(*name));
    let only = || if groups.len() == 1 { groups.pop_first().map(|(_, group)| group) } else { None };
    named.or_else(only).unwrap_or_default()
}

impl Event<'_> {
    fn is_visit(&self) -> Result<(), Refusal> {
        match self.event.as_str() {
            Some("$pageview") => Ok(()),
            // Its users name their own events, so that there is no unknown one.
            Some(name) if !name.trim().is_empty() => Err(DropReason::NotInterest.into()),
            _ => Err(Refusal::Dead(
                DeadReason::MissingField,
                "`event` is missing: is this source PostHog's?".to_owned(),
            )),
        }
    }
}

impl Web {
    /// Gives what an event comes to; `raw` is what a missing id is derived from.
    fn posthog(&self, mut event: Event<'_>, around: Around<'_>, raw: Raw<'_>, sink: &mut Placed<'_>) {
        let index = raw.index;
        let properties = std::mem::take(&mut event.properties);
        let judged = event.is_visit().and_then(|()| {
            let text;
            let properties = match properties {
                Embedded::Value(value) => value.object().unwrap_or_default(),
                Embedded::Text(empty) if empty.trim().is_empty() => Properties::default(),
                Embedded::Text(inner) => {
                    text = inner;
                    json::parse(&text)?
                }
            };
            sink(index, element(self.view(event, properties, around, raw), index));
            Ok(())
        });
        if let Err(refusal) = judged {
            sink(index, element(Err(refusal), index));
        }
    }

    fn view<'a>(
        &'a self,
        mut event: Event<'a>,
        mut properties: Properties<'a>,
        mut around: Around<'a>,
        raw: Raw<'a>,
    ) -> Verdict<'a> {
        if properties.browser_type.as_str() == Some("bot") {
            return Err(DropReason::Bot.into());
        }
        let times = [
            ("timestamp", &mut event.timestamp),
            ("properties.$time", &mut properties.time),
            ("sent_at", &mut around.sent_at),
            ("created_at", &mut event.created_at),
        ];
        let (field, time) = first_of(times, "timestamp");
        let first = |values: [Scalar<'a>; 2]| values.into_iter().find_map(Scalar::text);
        let set = properties.set.object().unwrap_or_default();
        let known = person_email(event.person_properties);
        let group = first([around.group, account_of(properties.groups.object().unwrap_or_default())]);
        let mut who = Identity {
            // A company's domain is often its group's key.
            domain: group.clone().filter(|key| key.contains('.') && !key.contains(['@', ' '])),
            account_id: group,
            email: first([around.email, known]).or_else(|| first([set.email, properties.email])),
            address: first([properties.ip, event.ip]).as_deref().and_then(address),
            ..Identity::default()
        };
        self.put_user(&mut who, first([event.distinct_id, properties.distinct_id]));
        let visit = Visit {
            id: first([event.uuid, properties.insert_id]),
            raw,
            url: first([properties.current_url, properties.pathname]),
            user_agent: first([properties.raw_user_agent, properties.user_agent]),
            who,
        };
        self.judge(visit, || self.times.read(field, &time))
    }
}

/// The address among the person's properties, which may be text; one that cannot be read has none.
fn person_email<'a>(properties: Embedded<'a, Traits<'a>>) -> Scalar<'a> {
    match properties {
        Embedded::Value(value) => value.object().unwrap_or_default().email,
        Embedded::Text(text) => {
            let email = json::parse::<Traits<'_>>(&text).ok().and_then(|traits| traits.email.text());
            email.map_or(Scalar::Missing, |email| Scalar::Text(email.into_owned().into()))
        }
    }
}
