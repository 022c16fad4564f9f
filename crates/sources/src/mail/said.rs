//! An event as a provider tells it, before anybody judges whether a person caused it.

use std::borrow::Cow;

use serde::Deserialize;
use winback_core::signal::{Identity, SignalKind};

use crate::element::Refusal;
use crate::json::Scalar;

/// An event, as any of the providers says it.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all are touches, and none lives longer than its record"
)]
pub(super) enum Said<'a> {
    /// A mail was opened, clicked or answered.
    Touch(Touch<'a>),
    /// Somebody does not want to be written to: unsubscribed, or called it spam.
    OptOut(OptOut<'a>),
    /// A mail reached its mailbox: no interest, but who clicks at that moment is no person.
    Delivered(Delivered<'a>),
}

/// A provider's event, or why it is none.
pub(super) type Heard<'a> = Result<Said<'a>, Refusal>;

/// The actor, in the provider's own view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    /// It does not say.
    Somebody,
    /// The image proxy of a mailbox provider, which the source may take for a person.
    Proxy,
    /// A machine.
    Machine,
}

impl By {
    pub(super) fn machine_if(is: bool) -> Self {
        if is { Self::Machine } else { Self::Somebody }
    }
}

/// A mail was opened, clicked or answered.
pub(super) struct Touch<'a> {
    pub(super) provider: &'static str,
    pub(super) kind: SignalKind,
    /// The provider's id of the event, where it has one that is no other event's.
    pub(super) id: Option<Cow<'a, str>>,
    /// The message that it is about.
    pub(super) message: Option<Cow<'a, str>>,
    pub(super) who: Identity<'a>,
    pub(super) at: (&'static str, Scalar<'a>),
    pub(super) user_agent: Option<Cow<'a, str>>,
    /// The address that the request came from.
    pub(super) address: Scalar<'a>,
    pub(super) by: By,
    pub(super) link: Option<Cow<'a, str>>,
    /// The time at which the mail was sent or delivered, if the event says it: nobody reads a mail in no time.
    pub(super) sent: Scalar<'a>,
}

/// An engagement with a mail, as providers write it that track like Amazon SES.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Action<'a> {
    #[serde(borrow, default)]
    pub(super) timestamp: Scalar<'a>,
    #[serde(borrow, default)]
    pub(super) user_agent: Scalar<'a>,
    #[serde(borrow, default)]
    pub(super) ip_address: Scalar<'a>,
    #[serde(borrow, default)]
    pub(super) link: Scalar<'a>,
}

impl<'a> Touch<'a> {
    /// One of which nothing more is known.
    pub(super) fn new(
        provider: &'static str,
        kind: SignalKind,
        who: Identity<'a>,
        at: (&'static str, Scalar<'a>),
    ) -> Self {
        Self {
            provider,
            kind,
            id: None,
            message: None,
            who,
            at,
            user_agent: None,
            address: Scalar::Missing,
            by: By::Somebody,
            link: None,
            sent: Scalar::Missing,
        }
    }

    pub(super) fn said(self) -> Heard<'a> {
        Ok(Said::Touch(self))
    }
}

/// Somebody does not want to be written to.
pub(super) struct OptOut<'a> {
    pub(super) provider: &'static str,
    /// The provider's id of the event, where it has one that is no other event's.
    pub(super) id: Option<Cow<'a, str>>,
    /// The message that it is about.
    pub(super) message: Option<Cow<'a, str>>,
    /// All who may have said it: where a provider does not know which of several it was, it holds for each.
    pub(super) who: Vec<Scalar<'a>>,
    pub(super) at: (&'static str, Scalar<'a>),
}

impl<'a> OptOut<'a> {
    /// One person's.
    pub(super) fn of(
        provider: &'static str,
        message: Scalar<'a>,
        email: Scalar<'a>,
        at: (&'static str, Scalar<'a>),
    ) -> Self {
        Self { provider, id: None, message: message.text(), who: vec![email], at }
    }

    /// With the provider's own id.
    pub(super) fn with_id(self, id: Scalar<'a>) -> Self {
        Self { id: id.text(), ..self }
    }

    pub(super) fn said(self) -> Heard<'a> {
        Ok(Said::OptOut(self))
    }
}

/// A mail reached its mailbox.
pub(super) struct Delivered<'a> {
    pub(super) message: Option<Cow<'a, str>>,
    pub(super) email: Option<Cow<'a, str>>,
    pub(super) at: Scalar<'a>,
}

impl<'a> Delivered<'a> {
    pub(super) fn said(message: Scalar<'a>, email: Scalar<'a>, at: Scalar<'a>) -> Heard<'a> {
        Ok(Said::Delivered(Self { message: message.text(), email: email.text(), at }))
    }
}
