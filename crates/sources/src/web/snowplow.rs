//! Snowplow's enriched events, as the pipeline writes them (131 columns between tabs, without a header) and as its
//! analytics SDKs turn them into JSON. A `page_view` is a visit; a `page_ping` is the same visit going on.

use std::borrow::Cow;

use memchr::memmem;
use serde::Deserialize;
use winback_core::signal::Identity;

use super::format::each_event;
use super::{Visit, Web, WebFormat, address};
use crate::element::{DeadReason, DropReason, Refusal, Verdict, element};
use crate::json::{Lenient, Scalar};
use crate::text::quoted;
use crate::walk::{Placed, Raw};

/// Snowplow's enriched events as JSON.
pub(crate) const JSON: WebFormat = WebFormat::json(decode);

/// Snowplow's enriched stream.
pub(crate) const TSV: WebFormat =
    WebFormat { decode: decode_line, has_users: true, has_columns: true, has_forwarded: false };

fn decode(web: &Web, text: &str, sink: &mut Placed<'_>) -> Result<(), Refusal> {
    each_event(text, sink, |event: Event<'_>, raw| web.snowplow(event, raw))
}

fn decode_line(web: &Web, text: &str, sink: &mut Placed<'_>) -> Result<(), Refusal> {
    sink(None, element(web.snowplow_line(text), None));
    Ok(())
}

/// Other events on a page, in an application or a shop.
const OTHERS: [&str; 6] =
    ["page_ping", "struct", "unstruct", "transaction", "transaction_item", "ad_impression"];
/// The columns of an enriched event.
const COLUMNS: usize = 131;
/// Of them, those that are read, in their order.
const READ: [usize; 11] = [3, 5, 6, 12, 13, 27, 29, 77, 122, 124, 130];
/// The marks of an enrichment that found a robot, among the derived entities: IAB's list, and YAUAA's class.
const ROBOT: [&str; 2] = ["\"spiderOrRobot\":true", "\"deviceClass\":\"Robot"];

/// An enriched event, as far as it matters here.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Event<'a> {
    #[serde(borrow, default)]
    event: Scalar<'a>,
    #[serde(borrow, default)]
    event_id: Scalar<'a>,
    #[serde(borrow, default)]
    user_id: Scalar<'a>,
    #[serde(borrow, default)]
    user_ipaddress: Scalar<'a>,
    /// The domain that the address belongs to, where that was looked up.
    #[serde(borrow, default)]
    ip_domain: Scalar<'a>,
    #[serde(borrow, default)]
    page_url: Scalar<'a>,
    #[serde(borrow, default)]
    useragent: Scalar<'a>,
    #[serde(borrow, default)]
    collector_tstamp: Scalar<'a>,
    #[serde(borrow, default)]
    derived_tstamp: Scalar<'a>,
    #[serde(borrow, default)]
    true_tstamp: Scalar<'a>,
    #[serde(borrow, rename = "contexts_com_iab_snowplow_spiders_and_robots_1", default)]
    iab: Lenient<Iab<'a>>,
    #[serde(borrow, rename = "contexts_nl_basjes_yauaa_context_1", default)]
    yauaa: Lenient<Yauaa<'a>>,
    #[serde(skip)]
    robot: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Iab<'a> {
    #[serde(borrow, default)]
    spider_or_robot: Scalar<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Yauaa<'a> {
    #[serde(borrow, default)]
    device_class: Scalar<'a>,
}

impl<'a> Event<'a> {
    /// The event of a line. Lines with more columns are newer than this.
    fn of_line(line: &'a str) -> Result<Self, Refusal> {
        let mut columns = [""; READ.len()];
        let (mut begin, mut place, mut next) = (0, 0, 0);
        for end in memchr::memchr_iter(b'\t', line.as_bytes()).chain([line.len()]) {
            if READ.get(next) == Some(&place) {
                columns[next] = &line[begin..end];
                next += 1;
            }
            (begin, place) = (end + 1, place + 1);
        }
        if place < COLUMNS {
            let text = format!(
                "the line has {place} columns, and an enriched event has {COLUMNS}: {}; write events through with their \
                 tabs, the last ones, too",
                quoted(line)
            );
            return Err(Refusal::Dead(DeadReason::MalformedLine, text));
        }
        let [collected, event, id, user, ip, domain, url, agent, derived, at, true_at] =
            columns.map(|column| Scalar::Text(Cow::Borrowed(column)));
        let entities = derived.as_str().unwrap_or_default().as_bytes();
        Ok(Self {
            event,
            event_id: id,
            user_id: user,
            user_ipaddress: ip,
            ip_domain: domain,
            page_url: url,
            useragent: agent,
            collector_tstamp: collected,
            derived_tstamp: at,
            true_tstamp: true_at,
            robot: ROBOT.iter().any(|sign| memmem::find(entities, sign.as_bytes()).is_some()),
            ..Self::default()
        })
    }

    fn is_visit(&self) -> Result<(), Refusal> {
        match self.event.as_str().filter(|event| !event.is_empty()) {
            Some("page_view") => Ok(()),
            Some(other) if OTHERS.contains(&other) => Err(DropReason::NotInterest.into()),
            Some(other) => Err(Refusal::Dead(
                DeadReason::UnknownEvent,
                format!("`event` is {}, which is no Snowplow event: expected page_view", quoted(other)),
            )),
            None => Err(Refusal::Dead(
                DeadReason::MissingField,
                "`event` is missing: is this source Snowplow's?".to_owned(),
            )),
        }
    }

    /// The stated true time, else the one corrected for the device's clock, else the collector's.
    fn time(&mut self) -> (&'static str, Scalar<'a>) {
        let times = [
            ("true_tstamp", &mut self.true_tstamp),
            ("derived_tstamp", &mut self.derived_tstamp),
            ("collector_tstamp", &mut self.collector_tstamp),
        ];
        let found = times.into_iter().find(|(_, time)| !time.is_missing());
        found.map_or(("collector_tstamp", Scalar::Missing), |(name, time)| (name, std::mem::take(time)))
    }

    /// True if an enrichment saw a robot, even if the user agent does not show it.
    fn is_robot(&mut self) -> bool {
        let iab = std::mem::take(&mut self.iab).objects();
        let yauaa = std::mem::take(&mut self.yauaa).objects();
        self.robot
            || iab.iter().any(|entity| entity.spider_or_robot.is_true())
            || yauaa.iter().any(|entity| entity.device_class.as_str().is_some_and(|c| c.starts_with("Robot")))
    }
}

impl Web {
    /// The signal of a line of the enriched stream.
    pub(crate) fn snowplow_line<'a>(&'a self, line: &'a str) -> Verdict<'a> {
        self.snowplow(Event::of_line(line)?, Raw { bytes: line.as_bytes(), index: None })
    }

    /// The signal of an enriched event; `raw` is what a missing id is derived from.
    pub(crate) fn snowplow<'a>(&'a self, mut event: Event<'a>, raw: Raw<'a>) -> Verdict<'a> {
        event.is_visit()?;
        let (field, time) = event.time();
        let robot = event.is_robot();
        let mut who = Identity {
            domain: event.ip_domain.text(),
            address: event.user_ipaddress.text().as_deref().and_then(address),
            ..Identity::default()
        };
        self.put_user(&mut who, event.user_id.text());
        let visit = Visit {
            id: event.event_id.text(),
            raw,
            url: event.page_url.text(),
            user_agent: event.useragent.text(),
            who,
        };
        let signal = self.judge(visit, || self.times.read(field, &time))?;
        if robot { Err(DropReason::Bot.into()) } else { Ok(signal) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_that_are_read_are_those_of_their_names() {
        let line: Vec<String> = (0..COLUMNS).map(|column| format!("c{column}")).collect();
        let line = line.join("\t");
        let event = Event::of_line(&line).map_err(|refusal| format!("{refusal:?}")).unwrap();
        let read = [
            (&event.collector_tstamp, "c3"),
            (&event.event, "c5"),
            (&event.event_id, "c6"),
            (&event.user_id, "c12"),
            (&event.user_ipaddress, "c13"),
            (&event.ip_domain, "c27"),
            (&event.page_url, "c29"),
            (&event.useragent, "c77"),
            (&event.derived_tstamp, "c124"),
            (&event.true_tstamp, "c130"),
        ];
        for (value, expected) in read {
            assert_eq!(value.as_str(), Some(expected));
        }
    }
}
