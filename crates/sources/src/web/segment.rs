//! Segment's `page` and `track` calls. An `identify`, `group`, `alias` or `screen` is no visit to a page.

use serde::Deserialize;
use winback_core::signal::Identity;

use super::format::each_event;
use super::{Visit, Web, WebFormat, address};
use crate::element::{DeadReason, DropReason, Refusal, Verdict};
use crate::json::{Lenient, Scalar, first_of};
use crate::text::quoted;
use crate::walk::{Placed, Raw};

/// Segment's calls.
pub(crate) const FORMAT: WebFormat = WebFormat::json(decode);

fn decode(web: &Web, text: &str, sink: &mut Placed<'_>) -> Result<(), Refusal> {
    each_event(text, sink, |event: Call<'_>, raw| web.segment(event, raw))
}

/// A call, as far as it matters here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Call<'a> {
    #[serde(borrow, rename = "type", default)]
    kind: Scalar<'a>,
    #[serde(borrow, default)]
    message_id: Scalar<'a>,
    #[serde(borrow, default)]
    user_id: Scalar<'a>,
    #[serde(borrow, default)]
    timestamp: Scalar<'a>,
    #[serde(borrow, default)]
    original_timestamp: Scalar<'a>,
    #[serde(borrow, default)]
    sent_at: Scalar<'a>,
    #[serde(borrow, default)]
    received_at: Scalar<'a>,
    #[serde(borrow, default)]
    context: Lenient<Context<'a>>,
    #[serde(borrow, default)]
    properties: Lenient<Properties<'a>>,
    #[serde(borrow, default)]
    traits: Lenient<Traits<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    #[serde(borrow, default)]
    ip: Scalar<'a>,
    #[serde(borrow, default)]
    user_agent: Scalar<'a>,
    #[serde(borrow, default)]
    group_id: Scalar<'a>,
    #[serde(borrow, default)]
    page: Lenient<Page<'a>>,
    #[serde(borrow, default)]
    traits: Lenient<Traits<'a>>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Page<'a> {
    #[serde(borrow, default)]
    pub(super) url: Scalar<'a>,
    #[serde(borrow, default)]
    pub(super) path: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Properties<'a> {
    #[serde(borrow, default)]
    pub(super) url: Scalar<'a>,
    #[serde(borrow, default)]
    pub(super) path: Scalar<'a>,
    #[serde(borrow, default)]
    pub(super) email: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
struct Traits<'a> {
    #[serde(borrow, default)]
    email: Scalar<'a>,
}

/// Calls that are no visits.
const OTHERS: [&str; 4] = ["identify", "group", "alias", "screen"];

/// True if a call of that kind is a visit, also for producers in Segment's style; `others` are the kinds that are
/// none.
pub(super) fn is_visit(kind: &Scalar<'_>, producer: &str, others: &[&str]) -> Result<(), Refusal> {
    match kind.as_str() {
        Some("page" | "track") => Ok(()),
        Some(other) if others.contains(&other) => Err(DropReason::NotInterest.into()),
        Some(other) => Err(Refusal::Dead(
            DeadReason::UnknownEvent,
            format!("`type` is {}, which is no {producer} call: expected page or track", quoted(other)),
        )),
        None => Err(Refusal::Dead(
            DeadReason::MissingField,
            format!("`type` is missing: is this source {producer}'s?"),
        )),
    }
}

impl<'a> Call<'a> {
    /// Segment's own corrected time first.
    fn time(&mut self) -> (&'static str, Scalar<'a>) {
        let times = [
            ("timestamp", &mut self.timestamp),
            ("originalTimestamp", &mut self.original_timestamp),
            ("sentAt", &mut self.sent_at),
            ("receivedAt", &mut self.received_at),
        ];
        first_of(times, "timestamp")
    }
}

impl Web {
    /// The signal of a call; `raw` is what a missing id is derived from.
    pub(crate) fn segment<'a>(&'a self, mut call: Call<'a>, raw: Raw<'a>) -> Verdict<'a> {
        is_visit(&call.kind, "Segment", &OTHERS)?;
        let (field, time) = call.time();
        let context = call.context.object().unwrap_or_default();
        let properties = call.properties.object().unwrap_or_default();
        let page = context.page.object().unwrap_or_default();
        let mail_of = |traits: Lenient<Traits<'a>>| traits.object().and_then(|traits| traits.email.text());
        let mut who = Identity {
            account_id: context.group_id.text(),
            email: mail_of(call.traits)
                .or_else(|| mail_of(context.traits))
                .or_else(|| properties.email.text()),
            address: context.ip.text().as_deref().and_then(address),
            ..Identity::default()
        };
        self.put_user(&mut who, call.user_id.text());
        let urls = [page.url, properties.url, page.path, properties.path];
        let visit = Visit {
            id: call.message_id.text(),
            raw,
            url: urls.into_iter().find_map(Scalar::text),
            user_agent: context.user_agent.text(),
            who,
        };
        self.judge(visit, || self.times.read(field, &time))
    }
}
