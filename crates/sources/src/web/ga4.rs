//! Rows of Google Analytics 4's export to BigQuery, as BigQuery writes JSON: whole numbers are texts, parameters are a list
//! of keys and values. They have no address and no user agent (Google drops known bots itself), and no id: it is derived
//! from what makes the event what it is, so that the row of the day and the row of the hour are one event.

use serde::Deserialize;
use winback_core::signal::Identity;

use super::format::each_event;
use super::{Visit, Web, WebFormat, email_hash};
use crate::element::{DeadReason, DropReason, Refusal, Verdict};
use crate::ids;
use crate::json::{Lenient, Scalar};
use crate::walk::{Placed, Raw};

/// Rows of the BigQuery export.
pub(crate) const FORMAT: WebFormat = WebFormat::json(decode);

fn decode(web: &Web, text: &str, sink: &mut Placed<'_>) -> Result<(), Refusal> {
    each_event(text, sink, |event: Row<'_>, raw| web.ga4(event, raw))
}

/// A row, as far as it matters here.
#[derive(Debug, Deserialize)]
pub(crate) struct Row<'a> {
    #[serde(borrow, default)]
    event_name: Scalar<'a>,
    /// In microseconds.
    #[serde(borrow, default)]
    event_timestamp: Scalar<'a>,
    #[serde(borrow, default)]
    event_params: Lenient<Param<'a>>,
    #[serde(borrow, default)]
    user_properties: Lenient<Param<'a>>,
    #[serde(borrow, default)]
    user_id: Scalar<'a>,
    #[serde(borrow, default)]
    user_pseudo_id: Scalar<'a>,
}

#[derive(Debug, Deserialize)]
struct Param<'a> {
    #[serde(borrow, default)]
    key: Scalar<'a>,
    #[serde(borrow, default)]
    value: Lenient<Value<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Value<'a> {
    #[serde(borrow, default)]
    string_value: Scalar<'a>,
    #[serde(borrow, default)]
    int_value: Scalar<'a>,
}

/// The values of the parameters of those names; a key that is there twice has its first.
fn values<'a, const N: usize>(params: Lenient<Param<'a>>, names: [&str; N]) -> [Scalar<'a>; N] {
    let mut found = [const { Scalar::Missing }; N];
    for Param { key, value } in params.objects() {
        let place = key.as_str().and_then(|key| names.iter().position(|name| *name == key));
        let Some(slot) = place.and_then(|place| found.get_mut(place)).filter(|slot| slot.is_missing()) else {
            continue;
        };
        let value = value.object().unwrap_or_default();
        *slot = if value.string_value.is_missing() { value.int_value } else { value.string_value };
    }
    found
}

impl Web {
    /// The signal of a row; `raw` is what an id is derived from when nobody can be told apart.
    pub(crate) fn ga4<'a>(&'a self, row: Row<'a>, raw: Raw<'a>) -> Verdict<'a> {
        match row.event_name.as_str() {
            Some("page_view") => {}
            // Its users name their own events, so that there is no unknown one.
            Some(name) if !name.trim().is_empty() => return Err(DropReason::NotInterest.into()),
            _ => {
                let text = "`event_name` is missing: is this source a GA4 export?".to_owned();
                return Err(Refusal::Dead(DeadReason::MissingField, text));
            }
        }
        let [location] = values(row.event_params, ["page_location"]);
        let [account, email, hash, company, domain] =
            values(row.user_properties, ["account_id", "email", "email_sha256", "company", "company_domain"]);
        let mut who = Identity {
            account_id: account.text(),
            email: email.text(),
            domain: domain.text(),
            name: company.text(),
            email_sha256: hash.text().as_deref().and_then(email_hash),
            ..Identity::default()
        };
        self.put_user(&mut who, row.user_id.text());
        let (at, url, visitor) = (row.event_timestamp, location.text(), row.user_pseudo_id.text());
        let own = visitor.map(|visitor| {
            let (at, url) = (at.clone().text().unwrap_or_default(), url.as_deref().unwrap_or_default());
            ids::derived(&[b"ga4", visitor.as_bytes(), at.as_bytes(), url.as_bytes()])
        });
        let visit = Visit { id: own, raw, url, user_agent: None, who };
        self.judge(visit, || self.times.read("event_timestamp", &at))
    }
}
