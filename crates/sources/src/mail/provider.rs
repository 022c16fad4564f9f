//! Which provider's events a record holds, and how each packs them.

use super::{Mail, brevo, form, mailgun, mailjet, mandrill, postmark, resend, sendgrid, ses, sparkpost};
use crate::element::{Refusal, Sink};
use crate::embedded::Embedded;
use crate::json::{self, Lenient};
use crate::presets::Preset;

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
    /// Gives the elements of a record of that provider, or only those of the event in that place: an event may have
    /// several.
    pub(crate) fn decode(
        &self,
        provider: Provider,
        text: &str,
        only: Option<u32>,
        sink: &mut Sink<'_>,
    ) -> Result<(), Refusal> {
        match provider {
            Provider::SendGrid => self.each(json::parse(text)?, only, sink, sendgrid::hear),
            Provider::Postmark => self.each(json::parse(text)?, only, sink, postmark::hear),
            Provider::Mailjet => self.each(json::parse(text)?, only, sink, mailjet::hear),
            Provider::SparkPost => self.each(json::parse(text)?, only, sink, sparkpost::hear),
            Provider::Resend => self.each(json::parse(text)?, only, sink, resend::hear),
            Provider::Ses => self.ses(text, only, sink),
            Provider::Brevo => match json::parse(text)? {
                Lenient::One(brevo::Event { items: Lenient::Many(items), .. }) => {
                    self.each(Lenient::Many(items), only, sink, brevo::hear_inbound)
                }
                events => self.each(events, only, sink, brevo::hear),
            },
            Provider::Mailgun => self.mailgun(text, only, sink),
            Provider::Mandrill => match form::field(text, mandrill::FIELD) {
                Some(events) => self.mandrill(&events, only, sink),
                None => self.mandrill(text, only, sink),
            },
        }
    }

    /// Amazon SES, bare or as the text in an SNS notification.
    fn ses(&self, text: &str, only: Option<u32>, sink: &mut Sink<'_>) -> Result<(), Refusal> {
        match json::parse::<Lenient<ses::Event<'_>>>(text)? {
            Lenient::One(event) if event.is_notification() => {
                let ses::Event { wrapped, envelope_id, .. } = event;
                let (inner, id) = (wrapped.text().unwrap_or_default(), envelope_id.text());
                self.each(json::parse(&inner)?, only, sink, |event| ses::hear(event, id.clone()))
            }
            events => self.each(events, only, sink, |event| ses::hear(event, None)),
        }
    }

    /// Mailgun's webhook wraps an event; its events API lists them bare.
    fn mailgun(&self, text: &str, only: Option<u32>, sink: &mut Sink<'_>) -> Result<(), Refusal> {
        match json::parse::<Lenient<mailgun::Envelope<'_>>>(text)? {
            Lenient::One(mailgun::Envelope { items: Lenient::Many(items), .. }) => {
                self.each(Lenient::Many(items), only, sink, mailgun::hear)
            }
            Lenient::One(envelope) if envelope.is_empty() => {
                self.each(json::parse(text)?, only, sink, mailgun::hear)
            }
            Lenient::Many(envelopes) if envelopes.iter().flatten().all(mailgun::Envelope::is_empty) => {
                self.each(json::parse(text)?, only, sink, mailgun::hear)
            }
            envelopes => self.each(envelopes, only, sink, mailgun::hear_wrapped),
        }
    }

    /// Mailchimp Transactional posts a form; what writes it to a topic may pass on its one field, as JSON or as text.
    fn mandrill(&self, text: &str, only: Option<u32>, sink: &mut Sink<'_>) -> Result<(), Refusal> {
        if !text.trim_start().starts_with('{') {
            return self.each(json::parse(text)?, only, sink, mandrill::hear);
        }
        match json::parse::<mandrill::Envelope<'_>>(text)?.events {
            Embedded::Text(inner) => self.each(json::parse(&inner)?, only, sink, mandrill::hear),
            Embedded::Value(Lenient::Other) => self.each(json::parse(text)?, only, sink, mandrill::hear),
            Embedded::Value(events) => self.each(events, only, sink, mandrill::hear),
        }
    }
}
