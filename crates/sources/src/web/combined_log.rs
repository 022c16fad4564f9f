//! Access logs in the combined format, one line a record:
//! `host ident user [day/month/year:h:m:s zone] "request" status size "referrer" "user agent"`, also with our own virtual
//! host in front, and with the list of addresses that a proxy forwarded for behind.
//!
//! A browser always says what it is, so a line without a user agent is a program's.

use std::borrow::Cow;
use std::net::IpAddr;

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use winback_core::signal::{Candidate, Identity};
use winback_core::time::Time;

use super::{Visit, Web, WebFormat, address, forwarded_for};
use crate::element::{DeadReason, DropReason, Refusal, Verdict, element};
use crate::text::quoted;
use crate::walk::{Placed, Raw};

/// Access logs in the combined format.
pub(crate) const FORMAT: WebFormat =
    WebFormat { decode, has_users: false, has_columns: false, has_forwarded: true };

fn decode(web: &Web, text: &str, sink: &mut Placed<'_>) -> Result<(), Refusal> {
    sink(None, element(web.combined_log(text), None));
    Ok(())
}

/// A line, cut into its fields.
struct Line<'a> {
    host: &'a str,
    user: &'a str,
    time: &'a str,
    request: &'a str,
    status: &'a str,
    agent: &'a str,
    /// What stands behind the user agent.
    rest: &'a str,
}

impl Web {
    /// The signal of a line.
    pub(crate) fn combined_log<'a>(&'a self, text: &'a str) -> Verdict<'a> {
        let line = Line::parse(text)?;
        let url = line.page()?;
        let parsed = self.visitor(&line);
        let who = Identity {
            address: parsed,
            domain: (parsed.is_none() && line.host != "-").then_some(Cow::Borrowed(line.host)),
            email: line.user.contains('@').then_some(Cow::Borrowed(line.user)),
            ..Identity::default()
        };
        let agent = if line.agent == "-" { "" } else { line.agent };
        let user_agent = Some(Cow::Borrowed(agent));
        let raw = Raw { bytes: text.as_bytes(), index: None };
        let visit = Visit { id: None, raw, url: Some(Cow::Borrowed(url)), user_agent, who };
        let judged = self.judge(visit, || line.at());
        judged.and_then(|signal: Candidate<'a>| match agent.is_empty() {
            true => Err(DropReason::Bot.into()),
            false => Ok(signal),
        })
    }
}

impl Web {
    /// The address of the visitor: the one that asked, or behind a proxy of ours the one that it forwarded for.
    fn visitor(&self, line: &Line<'_>) -> Option<IpAddr> {
        let asked = address(line.host)?;
        let is_ours = |ip: IpAddr| self.proxies.iter().any(|network| network.contains(&ip));
        if !is_ours(asked) {
            return Some(asked);
        }
        let mut rest = line.rest;
        while let Some((list, behind)) = in_quotes(rest) {
            if let Some(visitor) = forwarded_for(list, &self.proxies) {
                return Some(visitor);
            }
            rest = behind;
        }
        rest.split_ascii_whitespace().find_map(|list| forwarded_for(list, &self.proxies)).or(Some(asked))
    }
}

fn malformed(text: &str, what: &str) -> Refusal {
    let text = format!("the line has no {what}: {}; log in the combined format", quoted(text));
    Refusal::Dead(DeadReason::MalformedLine, text)
}

impl<'a> Line<'a> {
    fn parse(text: &'a str) -> Result<Self, Refusal> {
        let missing = |what: &'static str| move || malformed(text, what);
        let (first, rest) = text.split_once(' ').ok_or_else(missing("host"))?;
        let (before, rest) = rest.split_once('[').ok_or_else(missing("time in brackets"))?;
        let host = behind_our_host(before).unwrap_or(first);
        let user = before.trim_end().rsplit(' ').next().unwrap_or("-");
        let (time, rest) = rest.split_once(']').ok_or_else(missing("time in brackets"))?;
        let (request, rest) = in_quotes(rest).ok_or_else(missing("request in quotes"))?;
        let status = rest.split_ascii_whitespace().next().ok_or_else(missing("status"))?;
        let (_, rest) = in_quotes(rest).ok_or_else(missing("referrer in quotes"))?;
        let (agent, rest) = in_quotes(rest).ok_or_else(missing("user agent in quotes"))?;
        Ok(Self { host, user, time, request, status, agent, rest })
    }

    /// The target of the request, where it is a page that was shown.
    fn page(&self) -> Result<&'a str, Refusal> {
        let mut words = self.request.split(' ');
        let (method, target) = (words.next().unwrap_or_default(), words.next());
        let status: u16 =
            self.status.parse().map_err(|_| malformed(self.status, "status that is a number"))?;
        match (method, target, status) {
            (_, _, 400..) => Err(DropReason::ErrorStatus.into()),
            (_, _, 301..=303 | 307 | 308) => Err(DropReason::Redirect.into()),
            ("GET", Some(target), _) => Ok(target),
            _ => Err(DropReason::NotAPage.into()),
        }
    }

    fn at(&self) -> Result<Time, Refusal> {
        log_time(self.time).ok_or_else(|| {
            let text = format!(
                "the time {} is not written as 17/May/2015:10:05:03 +0000: correct it and replay",
                quoted(self.time)
            );
            Refusal::Dead(DeadReason::BadTime, text)
        })
    }
}

/// The visitor's host where our own stands in front of it: `host ident user` between them, of which the ident is hardly
/// ever told. A user of several words has no ident as its second.
fn behind_our_host(before: &str) -> Option<&str> {
    let mut words = before.split_ascii_whitespace();
    let (host, ident, user) = (words.next()?, words.next()?, words.next()?);
    let is_host = host != "-" && (address(host).is_some() || (ident == "-" && host.contains('.')));
    (is_host && (ident == "-" || !user.is_empty())).then_some(host)
}

/// The text in the first pair of quotes, where a quote inside is escaped, and what follows.
fn in_quotes(text: &str) -> Option<(&str, &str)> {
    let begin = memchr::memchr(b'"', text.as_bytes())? + 1;
    let mut from = begin;
    loop {
        let at = from + memchr::memchr2(b'"', b'\\', text.as_bytes().get(from..)?)?;
        if text.as_bytes()[at] == b'"' {
            return Some((&text[begin..at], &text[at + 1..]));
        }
        from = at + 2;
    }
}

/// `17/May/2015:10:05:03 +0000`, by position.
fn log_time(text: &str) -> Option<Time> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let marks = [(2, b'/'), (6, b'/'), (11, b':'), (14, b':'), (17, b':'), (20, b' ')];
    let bytes = text.as_bytes();
    if bytes.len() != 26 || marks.iter().any(|(at, mark)| bytes[*at] != *mark) {
        return None;
    }
    let month = MONTHS.find(text.get(3..6)?).filter(|at| at % 3 == 0)? / 3 + 1;
    let day = date_of(number(text, 7..11)?, month, number(text, 0..2)?)?;
    let (hour, minute, second) = (number(text, 12..14)?, number(text, 15..17)?, number(text, 18..20)?);
    let local = day.at(0, 0, 0, 0);
    let (hours, minutes) = (number(text, 22..24)?, number(text, 24..26)?);
    let sign = match bytes[21] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    if hour > 23 || minute > 59 || second > 60 || minutes > 59 {
        return None;
    }
    let offset = Offset::from_seconds(sign * (hours * 3_600 + minutes * 60)).ok()?;
    let midnight: Timestamp = local.to_zoned(TimeZone::fixed(offset)).ok()?.timestamp();
    let millis = midnight.as_millisecond() + i64::from(hour * 3_600 + minute * 60 + second) * 1_000;
    (midnight.as_millisecond() > 0).then_some(Time::from_millis(millis))
}

fn number(text: &str, range: std::ops::Range<usize>) -> Option<i32> {
    let digits = text.get(range)?;
    digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())?
}

fn date_of(year: i32, month: usize, day: i32) -> Option<jiff::civil::Date> {
    jiff::civil::Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_line_is_read_with_its_zone() {
        let table = [
            ("17/May/2015:10:05:03 +0000", Some("2015-05-17T10:05:03Z")),
            ("17/May/2015:10:05:03 -0730", Some("2015-05-17T17:35:03Z")),
            ("29/Feb/2015:10:05:03 +0000", None),
            ("17/May/2015:24:05:03 +0000", None),
            ("17/ayJ/2015:10:05:03 +0000", None),
            ("17/May/2015 10:05:03 +0000", None),
            ("01/Jan/1970:00:00:00 +0000", None),
            ("é7/May/2015:10:05:03 +000", None),
        ];
        for (text, expected) in table {
            assert_eq!(log_time(text).map(|time| time.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn quotes_inside_quotes_are_escaped() {
        assert_eq!(in_quotes(r#" "a \"b\" c" 200"#), Some((r#"a \"b\" c"#, " 200")));
        for text in ["", "\"", "\"a", "\"a\\", "\"a\\\""] {
            assert_eq!(in_quotes(text), None, "{text}");
        }
    }
}
