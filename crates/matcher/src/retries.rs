//! Dead letters on their way back: a record in the retries topic is the original one, and its headers say where that
//! stood.
//!
//! The matcher reads it as if it came from there: under the original source, at the original time, and only the element
//! that failed. Signals keep their ids that way, so that a letter that is replayed twice counts once (R1).

use winback_core::places::Places;
use winback_core::time::Time;
use winback_log::Message;

/// The prefix of every header of this module.
pub const PREFIX: &str = "winback-retry-";
const SOURCE: &str = "winback-retry-source";
const TOPIC: &str = "winback-retry-topic";
const PARTITION: &str = "winback-retry-partition";
const OFFSET: &str = "winback-retry-offset";
const ELEMENT: &str = "winback-retry-element";
/// Several of them, as `3-5,9`.
const ELEMENTS: &str = "winback-retry-elements";
const TIMESTAMP: &str = "winback-retry-timestamp";
const LETTER: &str = "winback-retry-letter";

/// The first position of a retried record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Original {
    /// The source's name.
    pub source: String,
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// The elements of the record that failed; all of it without any.
    pub elements: Option<Places>,
    /// The record's own timestamp, which its signals' append time comes from.
    pub timestamp: Time,
    /// The first dead letter that it became, by its offset in the dead-letter topic.
    pub letter: Option<i64>,
}

impl Original {
    /// The headers that say so.
    pub fn headers(&self) -> Vec<(&'static str, Vec<u8>)> {
        let mut headers = vec![
            (SOURCE, self.source.clone().into_bytes()),
            (TOPIC, self.topic.clone().into_bytes()),
            (PARTITION, self.partition.to_string().into_bytes()),
            (OFFSET, self.offset.to_string().into_bytes()),
            (TIMESTAMP, self.timestamp.millis().to_string().into_bytes()),
        ];
        let name = |places: &Places| if places.single().is_some() { ELEMENT } else { ELEMENTS };
        headers.extend(self.elements.iter().map(|places| (name(places), places.to_string().into_bytes())));
        headers.extend(self.letter.map(|letter| (LETTER, letter.to_string().into_bytes())));
        headers
    }
}

/// The first position of a record of the retries topic; `None` if its headers do not say it, because another program
/// wrote it.
pub fn original(message: &Message) -> Option<Original> {
    from_headers(|visit| message.each_header(visit))
}

/// As [`original`], from headers however they are kept: `each` calls its visitor with each name and value.
pub fn from_headers(each: impl FnOnce(&mut dyn FnMut(&str, &[u8]))) -> Option<Original> {
    let mut fields: [Option<String>; NAMES.len()] = Default::default();
    let mut broken = false;
    each(&mut |name, value| {
        if let Some(at) = NAMES.iter().position(|known| *known == name) {
            fields[at] = std::str::from_utf8(value).ok().map(str::to_owned);
            broken |= fields[at].is_none();
        }
    });
    if broken {
        return None;
    }
    let [source, topic, partition, offset, timestamp, element, letter, elements] = fields;
    let elements = match element.or(elements) {
        Some(places) => Some(places.parse().ok()?),
        None => None,
    };
    Some(Original {
        source: source.filter(|source| !source.is_empty())?,
        topic: topic?,
        partition: partition?.parse().ok()?,
        offset: offset?.parse().ok()?,
        elements,
        timestamp: Time::from_millis(timestamp?.parse().ok()?),
        letter: letter.and_then(|letter| letter.parse().ok()),
    })
}

const NAMES: [&str; 8] = [SOURCE, TOPIC, PARTITION, OFFSET, TIMESTAMP, ELEMENT, LETTER, ELEMENTS];

#[cfg(test)]
mod tests {
    use winback_core::ids::{Offset, Partition};
    use winback_log::{Headers, Record};

    use super::*;

    fn message(headers: Headers) -> Message {
        let record = Record { key: None, value: Some("x".into()), headers };
        Message::owned(0, Partition(0), Offset(0), Time::from_millis(9), 1, record)
    }

    fn headers(original: &Original) -> Headers {
        let owned = |(name, value): (&str, Vec<u8>)| (name.to_owned(), value.into());
        original.headers().into_iter().map(owned).collect()
    }

    fn letter(elements: Option<&str>) -> Original {
        let (source, topic) = ("mail".to_owned(), "mail-events".to_owned());
        let letter = elements.map(|_| 7);
        let elements = elements.map(|text| text.parse().unwrap());
        Original {
            source,
            topic,
            partition: 3,
            offset: 41,
            elements,
            timestamp: Time::from_millis(-5),
            letter,
        }
    }

    #[test]
    fn what_the_headers_say_is_read_as_it_was_written_among_the_records_own() {
        for elements in [None, Some("0"), Some("7"), Some("3-5,9")] {
            let written = letter(elements);
            let mut all = headers(&written);
            all.insert(0, ("traceparent".to_owned(), "00-1".into()));
            assert_eq!(original(&message(all)), Some(written));
        }
        assert!(letter(Some("1")).headers().iter().all(|(name, _)| name.starts_with(PREFIX)));
        let names =
            |elements| letter(Some(elements)).headers().into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert!(names("7").contains(&ELEMENT), "one is written as it was always read");
        assert!(names("7-8").contains(&ELEMENTS));
    }

    #[test]
    fn a_record_whose_headers_do_not_say_it_all_is_no_retry() {
        assert_eq!(original(&message(Vec::new())), None);
        let whole = headers(&letter(Some("2")));
        for at in 0..whole.len() {
            let mut broken = whole.clone();
            broken[at].1 = vec![0xff].into();
            assert_eq!(original(&message(broken)), None, "{}", whole[at].0);
        }
    }
}
