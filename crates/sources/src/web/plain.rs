//! Page views as plain JSON, for who has no other format.

use std::borrow::Cow;

use serde::Deserialize;
use winback_core::signal::Identity;

use super::format::each_event;
use super::{Visit, Web, WebFormat, address};
use crate::element::{Refusal, Verdict};
use crate::json::Scalar;
use crate::walk::{Placed, Raw};

/// Page views as plain JSON.
pub(crate) const FORMAT: WebFormat = WebFormat { has_users: false, ..WebFormat::json(decode) };

fn decode(web: &Web, text: &str, sink: &mut Placed<'_>) -> Result<(), Refusal> {
    each_event(text, sink, |event: View<'_>, raw| web.plain(event, raw))
}

/// A page view.
#[derive(Debug, Deserialize)]
pub(crate) struct View<'a> {
    #[serde(borrow, default)]
    id: Scalar<'a>,
    #[serde(borrow, default)]
    url: Scalar<'a>,
    #[serde(borrow, default)]
    path: Scalar<'a>,
    #[serde(borrow, default)]
    ip: Scalar<'a>,
    #[serde(borrow, default)]
    email: Scalar<'a>,
    #[serde(borrow, default)]
    user_agent: Scalar<'a>,
    #[serde(borrow, default)]
    account_id: Scalar<'a>,
    #[serde(borrow, default)]
    domain: Scalar<'a>,
    #[serde(borrow, default)]
    company: Scalar<'a>,
    #[serde(borrow, default)]
    time: Scalar<'a>,
    #[serde(borrow, default)]
    ts: Scalar<'a>,
}

impl Web {
    /// The signal of a plain page view; `raw` is what a missing id is derived from.
    pub(crate) fn plain<'a>(&'a self, view: View<'a>, raw: Raw<'a>) -> Verdict<'a> {
        let who = Identity {
            account_id: view.account_id.text(),
            email: view.email.text(),
            domain: view.domain.text(),
            address: view.ip.text().as_deref().and_then(address),
            name: view.company.text(),
            ..Identity::default()
        };
        let visit = Visit {
            id: view.id.text(),
            raw,
            url: view.url.text().or_else(|| view.path.text().map(rooted)),
            user_agent: view.user_agent.text(),
            who,
        };
        let (field, time) = if view.time.is_missing() { ("ts", view.ts) } else { ("time", view.time) };
        self.judge(visit, || self.times.read(field, &time))
    }
}

/// A path that somebody wrote without its first slash.
fn rooted(path: Cow<'_, str>) -> Cow<'_, str> {
    if path.starts_with('/') { path } else { Cow::Owned(format!("/{path}")) }
}
