//! A mail that came in: a reply, unless a machine wrote it. Headers decide where there are any, and the subject where there
//! are none.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use winback_core::signal::SignalKind;

use super::automatic::is_no_path;
use super::headers::Headers;
use super::said::{Heard, Touch};
use super::{email_of, is_automatic_subject};
use crate::addresses::first_address;
use crate::element::{DeadReason, DropReason, Refusal};
use crate::json::Scalar;

/// A mail that came in, as any of the providers tells it. What it does not tell stands in the headers.
pub(super) struct Inbound<'a> {
    pub(super) provider: &'static str,
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) headers: Headers<'a>,
    /// The writer; the header `From` without it.
    pub(super) from: Scalar<'a>,
    /// The sender that the mail server was told, which of bounces and automatic replies is none.
    pub(super) path: Scalar<'a>,
    pub(super) subject: Scalar<'a>,
    /// Its message id; the header's without it.
    pub(super) message: Scalar<'a>,
    /// The provider's time, or the mail's own; the header `Date` without it.
    pub(super) at: (&'static str, Scalar<'a>),
}

impl<'a> Inbound<'a> {
    /// One with those headers.
    pub(super) fn new(provider: &'static str, headers: Headers<'a>) -> Self {
        Self {
            provider,
            id: None,
            headers,
            from: Scalar::Missing,
            path: Scalar::Missing,
            subject: Scalar::Missing,
            message: Scalar::Missing,
            at: ("Date", Scalar::Missing),
        }
    }

    /// One as it was sent, if the provider gave nothing of it but the mail itself.
    pub(super) fn with_mail(mut self, mail: &str) -> Self {
        if self.headers.is_empty() {
            self.headers = Headers::of_mail(mail);
        }
        self
    }

    /// The reply that it is.
    pub(super) fn heard(mut self) -> Heard<'a> {
        if self.is_automatic() {
            return Err(DropReason::AutoReply.into());
        }
        let named = [
            std::mem::take(&mut self.from),
            self.headers.take("From"),
            self.headers.take("Reply-To"),
            self.path,
        ];
        let mut named = named.into_iter().filter_map(Scalar::text).peekable();
        if named.peek().is_none() {
            let text = "the mail has no sender: whose reply is it?".to_owned();
            return Err(Refusal::Dead(DeadReason::MissingField, text));
        }
        let unread = named.peek().map(|text| crate::answers::unread(text));
        let sender = named.find_map(|text| first_address(&text).map(|one| Cow::Owned(one.into_owned())));
        let Some(sender) = sender else {
            return Err(unread.unwrap_or(Refusal::Drop(DropReason::NotInterest)));
        };
        let (field, mut at) = self.at;
        if at.is_missing() {
            at = self.headers.take("Date");
        }
        if at.is_missing() {
            at = self
                .headers
                .received()
                .map_or(Scalar::Missing, |time| Scalar::Text(Cow::Owned(time.to_owned())));
        }
        if self.message.is_missing() {
            self.message = self.headers.take("Message-ID");
        }
        let reply = Touch::new(self.provider, SignalKind::EmailReply, email_of(sender), (field, at));
        Touch { id: self.id, message: self.message.text(), ..reply }.said()
    }

    fn is_automatic(&self) -> bool {
        let by_subject = || self.subject.as_str().is_some_and(is_automatic_subject);
        let has_no_path = self.path.as_str().is_some_and(is_no_path);
        has_no_path || self.headers.say_automatic() || (self.headers.is_empty() && by_subject())
    }
}

/// A mail in base64, as text; what is no base64 is the mail itself.
pub(super) fn decoded(mail: &str) -> Cow<'_, str> {
    let packed: String = mail.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = STANDARD.decode(packed).ok();
    bytes.map_or(Cow::Borrowed(mail), |bytes| Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()))
}

/// True if a record is a mail itself, as a mail server stores it.
pub(super) fn is_mail(text: &str) -> bool {
    const FIRST: [&str; 10] = [
        "return-path:",
        "received:",
        "from:",
        "date:",
        "message-id:",
        "mime-version:",
        "delivered-to:",
        "dkim-signature:",
        "x-ses-",
        "subject:",
    ];
    FIRST.iter().any(|name| text.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name)))
}
