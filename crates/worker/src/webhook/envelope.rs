//! The body of a request. It is a function of trigger and play, so that a retry has the same bytes.

use serde::Serialize;
use winback_core::time::Time;
use winback_proto::v1::Trigger;

use crate::play::{Discount, Offer, Play};
use crate::render::Rendered;

/// The type of every message.
pub const ENVELOPE_TYPE: &str = "winback.trigger";

/// What a receiver gets.
#[derive(Serialize)]
pub(crate) struct Envelope<'a> {
    r#type: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    trigger: &'a Trigger,
    play: PlayData<'a>,
    message: &'a Rendered,
}

#[derive(Serialize)]
struct PlayData<'a> {
    name: &'a str,
    framework: &'a str,
    offer: Offer,
    #[serde(skip_serializing_if = "Option::is_none")]
    discount: Option<Discount>,
}

impl<'a> Envelope<'a> {
    pub(crate) fn of(trigger: &'a Trigger, fired_at: Time, play: &'a Play, message: &'a Rendered) -> Self {
        let Play { name, framework, offer, discount, .. } = play;
        let play = PlayData { name, framework, offer: *offer, discount: *discount };
        Self { r#type: ENVELOPE_TYPE, timestamp: fired_at.to_string(), data: Data { trigger, play, message } }
    }
}
