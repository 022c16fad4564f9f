//! RudderStack's calls: Segment's in spirit, with field names of its own. `page` and `track` are visits where they have a
//! page; `identify`, `group`, `alias`, `screen`, `reset` are none.

use serde::Deserialize;
use winback_core::signal::Identity;

use super::format::each_event;
use super::segment::{Page, Properties, is_visit};
use super::{Visit, Web, WebFormat, address};
use crate::element::{DropReason, Refusal, Verdict};
use crate::embedded::Embedded;
use crate::json::{Lenient, Scalar, first_of};
use crate::walk::{Placed, Raw};

/// RudderStack's calls.
pub(crate) const FORMAT: WebFormat = WebFormat::json(decode);

fn decode(web: &Web, text: &str, sink: &mut Placed<'_>) -> Result<(), Refusal> {
    each_event(text, sink, |event: Call<'_>, raw| web.rudderstack(event, raw))
}

/// Calls that are no visits.
const OTHERS: [&str; 5] = ["identify", "group", "alias", "screen", "reset"];

/// A call, as far as it matters here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Call<'a> {
    #[serde(borrow, rename = "type", default)]
    kind: Scalar<'a>,
    #[serde(borrow, default)]
    channel: Scalar<'a>,
    #[serde(borrow, default)]
    message_id: Scalar<'a>,
    #[serde(borrow, default)]
    user_id: Scalar<'a>,
    #[serde(borrow, default)]
    group_id: Scalar<'a>,
    /// The original time corrected for the device's clock; only where RudderStack has processed the event.
    #[serde(borrow, default)]
    timestamp: Scalar<'a>,
    #[serde(borrow, default)]
    original_timestamp: Scalar<'a>,
    #[serde(borrow, default)]
    sent_at: Scalar<'a>,
    #[serde(borrow, default)]
    received_at: Scalar<'a>,
    /// The caller of RudderStack: a browser, or a server of ours.
    #[serde(borrow, rename = "request_ip", default)]
    request_ip: Scalar<'a>,
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
    is_bot: Scalar<'a>,
    #[serde(borrow, default)]
    page: Lenient<Page<'a>>,
    #[serde(borrow, default)]
    traits: Lenient<Traits<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Traits<'a> {
    #[serde(borrow, default)]
    email: Scalar<'a>,
    #[serde(borrow, default)]
    company: Embedded<'a, Company<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Company<'a> {
    #[serde(borrow, default)]
    name: Scalar<'a>,
    #[serde(borrow, default)]
    domain: Scalar<'a>,
}

impl<'a> Company<'a> {
    /// An object, or no more than its name.
    fn of(value: Embedded<'a, Self>) -> Self {
        match value {
            Embedded::Text(name) => Self { name: Scalar::Text(name), ..Self::default() },
            Embedded::Value(company) => company.object().unwrap_or_default(),
        }
    }
}

impl<'a> Call<'a> {
    fn time(&mut self) -> (&'static str, Scalar<'a>) {
        let times = [
            ("timestamp", &mut self.timestamp),
            ("originalTimestamp", &mut self.original_timestamp),
            ("sentAt", &mut self.sent_at),
            ("receivedAt", &mut self.received_at),
        ];
        first_of(times, "originalTimestamp")
    }
}

impl Web {
    /// The signal of a call; `raw` is what a missing id is derived from.
    pub(crate) fn rudderstack<'a>(&'a self, mut call: Call<'a>, raw: Raw<'a>) -> Verdict<'a> {
        is_visit(&call.kind, "RudderStack", &OTHERS)?;
        let (field, time) = call.time();
        let context = call.context.object().unwrap_or_default();
        if context.is_bot.is_true() {
            return Err(DropReason::Bot.into());
        }
        let own = call.traits.object().unwrap_or_default();
        let known = context.traits.object().unwrap_or_default();
        let [own_company, company] = [own.company, known.company].map(Company::of);
        let properties = call.properties.object().unwrap_or_default();
        let page = context.page.object().unwrap_or_default();
        let caller = (call.channel.as_str() == Some("web")).then_some(call.request_ip);
        let ip = context.ip.text().or_else(|| caller?.text());
        let mut who = Identity {
            account_id: context.group_id.text().or_else(|| call.group_id.text()),
            email: [own.email, known.email, properties.email].into_iter().find_map(Scalar::text),
            domain: own_company.domain.text().or_else(|| company.domain.text()),
            address: ip.as_deref().and_then(address),
            name: own_company.name.text().or_else(|| company.name.text()),
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
