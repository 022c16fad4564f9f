//! The headers of a mail that came in, in each way that providers write them: an object of names, whose values may be
//! lists; a list of names with their values, as objects or pairs; a list of objects of one name each; the same as a text;
//! or the lines of the mail itself.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::automatic::is_automatic;
use crate::embedded::Several;
use crate::json::{self, Scalar};

/// Names and values, in their order; of a list of values the first.
#[derive(Debug, Default)]
pub(super) struct Headers<'a>(Vec<(Cow<'a, str>, Scalar<'a>)>);

/// The most lines of a mail that are read for its headers.
const MAX_LINES: usize = 2_000;

impl<'a> Headers<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True if a machine wrote the mail, by its own word.
    pub(super) fn say_automatic(&self) -> bool {
        self.0.iter().any(|(name, value)| match value {
            Scalar::Text(text) => is_automatic(name, text),
            Scalar::Bool(true) => is_automatic(name, "true"),
            Scalar::Int(number) => is_automatic(name, &number.to_string()),
            Scalar::Missing | Scalar::Bool(false) | Scalar::Float(_) => false,
        })
    }

    /// The value of the header of that name, in whatever case.
    pub(super) fn take(&mut self, name: &str) -> Scalar<'a> {
        let found = self.0.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| std::mem::take(value)).unwrap_or_default()
    }

    /// The time at which the last server took the mail, as it wrote it.
    pub(super) fn received(&self) -> Option<&str> {
        let line = self.0.iter().find(|(name, _)| name.eq_ignore_ascii_case("received"))?.1.as_str()?;
        line.rsplit_once(';').map(|(_, time)| time.trim())
    }

    /// The headers of a mail as it was sent, up to its first empty line.
    pub(super) fn of_mail(mail: &str) -> Headers<'static> {
        let mut all: Vec<(Cow<'static, str>, String)> = Vec::new();
        for line in mail.trim_start().lines().take(MAX_LINES).take_while(|line| !line.trim().is_empty()) {
            match (line.starts_with([' ', '\t']), line.split_once(':'), all.last_mut()) {
                // A header goes on where a line begins with a blank.
                (true, _, Some((_, value))) => {
                    value.push(' ');
                    value.push_str(line.trim());
                }
                (false, Some((name, value)), _) if !name.trim().contains(' ') => {
                    all.push((Cow::Owned(name.trim().to_owned()), value.trim().to_owned()));
                }
                _ => {}
            }
        }
        Headers(all.into_iter().map(|(name, value)| (name, Scalar::Text(Cow::Owned(value)))).collect())
    }

    /// Headers in a text: as JSON, or the lines of the mail.
    fn of_text(text: &str) -> Headers<'static> {
        if text.trim_start().starts_with(['[', '{']) {
            return json::parse::<Headers<'_>>(text).map(Headers::into_owned).unwrap_or_default();
        }
        Self::of_mail(text)
    }

    fn into_owned(self) -> Headers<'static> {
        let owned = |value: Scalar<'_>| match value {
            Scalar::Text(text) => Scalar::Text(Cow::Owned(text.into_owned())),
            Scalar::Bool(value) => Scalar::Bool(value),
            Scalar::Int(value) => Scalar::Int(value),
            Scalar::Float(value) => Scalar::Float(value),
            Scalar::Missing => Scalar::Missing,
        };
        Headers(
            self.0.into_iter().map(|(name, value)| (Cow::Owned(name.into_owned()), owned(value))).collect(),
        )
    }

    /// Objects with a name and a value become one header; all others, one for each of their names.
    fn add(&mut self, Headers(mut pairs): Self) {
        let place = |word: &str| pairs.iter().position(|(name, _)| name.eq_ignore_ascii_case(word));
        match (place("name"), place("value")) {
            (Some(name), Some(value)) => {
                let value = std::mem::take(&mut pairs[value].1);
                let name = std::mem::take(&mut pairs[name].1).text();
                self.0.extend(name.map(|name| (name, value)));
            }
            _ => self.0.append(&mut pairs),
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Headers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(HeadersVisitor { in_list: false })
    }
}

/// Reads headers, or one element of a list of them.
struct HeadersVisitor {
    in_list: bool,
}

impl<'de> Visitor<'de> for HeadersVisitor {
    type Value = Headers<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Headers::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Headers::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Headers::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Headers::default())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Headers::default())
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(if self.in_list { Headers::default() } else { Headers::of_text(text) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some((name, value)) = map.next_entry::<Scalar<'de>, Several<'de>>()? {
            pairs.extend(name.text().map(|name| (name, value.first())));
        }
        Ok(Headers(pairs))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        if self.in_list {
            let Several(pair) = Several::deserialize(SeqAccessDeserializer::new(seq))?;
            let mut pair = pair.into_iter();
            let name = pair.next().and_then(Scalar::text);
            return Ok(Headers(
                name.into_iter().map(|name| (name, pair.next().unwrap_or_default())).collect(),
            ));
        }
        let mut all = Headers::default();
        while let Some(Part(part)) = seq.next_element()? {
            all.add(part);
        }
        Ok(all)
    }
}

/// An element of a list of headers: an object, or a name and its value.
struct Part<'a>(Headers<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Part<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(HeadersVisitor { in_list: true }).map(Part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn headers_are_read_however_they_are_written() {
        let table = [
            r#"{"Date":"now","Auto-Submitted":["auto-replied","no"]}"#,
            r#"[{"Name":"Date","Value":"now"},{"name":"auto-submitted","value":"auto-replied"}]"#,
            r#"[{"Date":"now"},{"AUTO-SUBMITTED":"auto-replied"},7]"#,
            r#"[["Date","now"],["Auto-Submitted","auto-replied"],[],[7]]"#,
            r#""[[\"Date\",\"now\"],[\"Auto-Submitted\",\"auto-replied\"]]""#,
            r#""Date: now\r\nAuto-Submitted:\r\n\tauto-replied\r\n\r\nDate: body""#,
        ];
        for json in table {
            let mut headers: Headers<'_> = parse(json).unwrap();
            assert!(headers.say_automatic(), "{json}");
            assert_eq!(headers.take("date").text().as_deref(), Some("now"), "{json}");
        }
        for json in [
            "null",
            "7",
            "[]",
            "{}",
            r#"{"Auto-Submitted":"no"}"#,
            r#"{"Return-Path":null}"#,
            r#"[{"name":null,"value":"x"}]"#,
            r#""no header""#,
            r#""[[""#,
            r#""Subject: x\n\nAuto-Submitted: auto-replied""#,
        ] {
            assert!(!parse::<Headers<'_>>(json).unwrap().say_automatic(), "{json}");
        }
    }

    #[test]
    fn the_time_of_the_last_server_is_behind_its_semicolon() {
        let headers =
            Headers::of_mail("Received: from a by b\n for <c>; Mon, 2 Nov 2026 10:00:00 +0000\n\nx");
        assert_eq!(headers.received(), Some("Mon, 2 Nov 2026 10:00:00 +0000"));
        assert_eq!(Headers::of_mail("Received: from a").received(), None);
    }
}
