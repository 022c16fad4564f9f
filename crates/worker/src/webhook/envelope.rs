//! The body of a request. It is a function of trigger, play and moment of sending, so that a retry has the same bytes as
//! long as the moment from which the message may go out stays the same.

use serde::Serialize;
use winback_core::time::Time;
use winback_proto::v1::Trigger;

use crate::moment::{Moment, Obstacle};
use crate::play::{Discount, Offer, Play};
use crate::render::Rendered;

/// The type of every message.
pub const ENVELOPE_TYPE: &str = "winback.trigger";

/// The body for a receiver.
#[derive(Serialize)]
pub(crate) struct Envelope<'a> {
    r#type: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Data<'a> {
    trigger: &'a Trigger,
    play: PlayData<'a>,
    message: &'a Rendered,
    /// The receiver's automation waits until then, and asks `winback.answers` again before it sends.
    #[serde(skip_serializing_if = "Option::is_none")]
    send_not_before: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    send_not_before_why: Option<&'a [Obstacle]>,
}

#[derive(Serialize)]
struct PlayData<'a> {
    name: &'a str,
    framework: &'a str,
    offer: Offer,
    #[serde(skip_serializing_if = "Option::is_none")]
    discount: Option<Terms>,
}

/// A discount's terms, in the style of names that the trigger has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Terms {
    percent: u32,
    valid_days: u32,
    commitment_months: u32,
}

impl From<Discount> for Terms {
    fn from(Discount { percent, valid_days, commitment_months }: Discount) -> Self {
        Self { percent, valid_days, commitment_months }
    }
}

impl<'a> Envelope<'a> {
    pub(crate) fn of(
        trigger: &'a Trigger,
        fired_at: Time,
        play: &'a Play,
        message: &'a Rendered,
        moment: &'a Moment,
    ) -> Self {
        let Play { name, framework, offer, discount, .. } = play;
        let play = PlayData { name, framework, offer: *offer, discount: discount.map(Terms::from) };
        let (send_not_before, send_not_before_why) = match moment {
            Moment::Now => (None, None),
            Moment::Later { at, why, .. } => (Some(at.to_string()), Some(why.as_slice())),
        };
        let data = Data { trigger, play, message, send_not_before, send_not_before_why };
        Self { r#type: ENVELOPE_TYPE, timestamp: fired_at.to_string(), data }
    }
}
