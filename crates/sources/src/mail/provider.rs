//! Which provider's events a record holds, and how each packs them.

use std::borrow::Cow;

use serde::de::IgnoredAny;

use super::{Mail, brevo, form, mailgun, mailjet, mandrill, postmark, resend, sendgrid, ses, sparkpost};
use crate::element::Refusal;
use crate::embedded::Embedded;
use crate::json::{self, IsList, Lenient};
use crate::presets::Preset;
use crate::walk::{Placed, Wanted, events};

/// A mail provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Provider {
    SendGrid,
    Postmark,
    Ses,
    Brevo,
    Mailgun,
    Mailjet,
    Mandrill,
    SparkPost,
    Resend,
}

impl Provider {
    /// The provider of a preset; `None` where it is no mail provider's.
    pub(crate) const fn of(preset: Preset) -> Option<Self> {
        Some(match preset {
            Preset::SendGrid => Self::SendGrid,
            Preset::Postmark => Self::Postmark,
            Preset::Ses => Self::Ses,
            Preset::Brevo => Self::Brevo,
            Preset::Mailgun => Self::Mailgun,
            Preset::Mailjet => Self::Mailjet,
            Preset::Mandrill => Self::Mandrill,
            Preset::SparkPost => Self::SparkPost,
            Preset::Resend => Self::Resend,
            _ => return None,
        })
    }
}

impl Mail {
    /// Gives the elements of a record of that provider, or only the wanted ones: an event may have several.
    pub(crate) fn decode(
        &self,
        provider: Provider,
        text: &str,
        wanted: Wanted<'_>,
        sink: &mut Placed<'_>,
    ) -> Result<(), Refusal> {
        match provider {
            Provider::SendGrid => self.each_in(text, wanted, sink, sendgrid::hear),
            Provider::Postmark => self.each_in(text, wanted, sink, postmark::hear),
            Provider::Mailjet => self.each_in(text, wanted, sink, mailjet::hear),
            Provider::SparkPost => self.each_in(text, wanted, sink, sparkpost::hear),
            Provider::Resend => self.each_in(text, wanted, sink, resend::hear),
            Provider::Ses => self.ses(text, wanted, sink),
            Provider::Brevo if text.trim_start().starts_with('[') => {
                self.each_in(text, wanted, sink, brevo::hear)
            }
            Provider::Brevo => match json::parse(text)? {
                Lenient::One(brevo::Event { items: IsList(true), .. }) => {
                    self.each_in(&items(text), wanted, sink, brevo::hear_inbound)
                }
                events => self.each(events, wanted, sink, brevo::hear),
            },
            Provider::Mailgun => self.mailgun(text, wanted, sink),
            Provider::Mandrill => match form::field(text, mandrill::FIELD) {
                Some(events) => self.mandrill(&events, wanted, sink),
                None => self.mandrill(text, wanted, sink),
            },
        }
    }

    /// Amazon SES, bare or as the text in an SNS notification.
    fn ses(&self, text: &str, wanted: Wanted<'_>, sink: &mut Placed<'_>) -> Result<(), Refusal> {
        if text.trim_start().starts_with('[') {
            return self.each_in(text, wanted, sink, |event| ses::hear(event, None));
        }
        match json::parse::<Lenient<ses::Event<'_>>>(text)? {
            Lenient::One(event) if event.is_notification() => {
                let ses::Event { wrapped, envelope_id, .. } = event;
                let (inner, id) = (wrapped.text().unwrap_or_default(), envelope_id.text());
                self.each_in(&inner, wanted, sink, |event| ses::hear(event, id.clone()))
            }
            events => self.each(events, wanted, sink, |event| ses::hear(event, None)),
        }
    }

    /// Mailgun's webhook wraps an event; its events API lists them bare.
    fn mailgun(&self, text: &str, wanted: Wanted<'_>, sink: &mut Placed<'_>) -> Result<(), Refusal> {
        if text.trim_start().starts_with('[') {
            let mut bare = true;
            events(text, |envelope: Result<mailgun::Envelope<'_>, _>, _| {
                bare &= envelope.as_ref().map_or(true, mailgun::Envelope::is_empty);
            })?;
            return if bare {
                self.each_in(text, wanted, sink, mailgun::hear)
            } else {
                self.each_in(text, wanted, sink, mailgun::hear_wrapped)
            };
        }
        match json::parse::<Lenient<mailgun::Envelope<'_>>>(text)? {
            Lenient::One(mailgun::Envelope { items: IsList(true), .. }) => {
                self.each_in(&items(text), wanted, sink, mailgun::hear)
            }
            Lenient::One(envelope) if envelope.is_empty() => self.each_in(text, wanted, sink, mailgun::hear),
            envelopes => self.each(envelopes, wanted, sink, mailgun::hear_wrapped),
        }
    }

    /// Mailchimp Transactional posts a form; what writes it to a topic may pass on its one field, as JSON or as text.
    fn mandrill(&self, text: &str, wanted: Wanted<'_>, sink: &mut Placed<'_>) -> Result<(), Refusal> {
        if !text.trim_start().starts_with('{') {
            return self.each_in(text, wanted, sink, mandrill::hear);
        }
        let _: IgnoredAny = json::parse(text)?;
        if let Some(list) = json::field(text, mandrill::FIELD).filter(|field| field.starts_with('[')) {
            return self.each_in(&list, wanted, sink, mandrill::hear);
        }
        match json::parse::<mandrill::Envelope<'_>>(text)?.events {
            Embedded::Text(inner) => self.each_in(&inner, wanted, sink, mandrill::hear),
            Embedded::Value(Lenient::Other) => self.each_in(text, wanted, sink, mandrill::hear),
            Embedded::Value(events) => self.each(events, wanted, sink, mandrill::hear),
        }
    }
}

/// The list of that name in a document.
fn items(text: &str) -> Cow<'_, str> {
    json::field(text, "items").unwrap_or_default()
}
