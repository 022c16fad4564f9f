//! The dead letter's record: the failed record whole where its topic takes it, else its head, size and SHA-256.

use std::collections::BTreeMap;

use prost::Message as _;
use sha2::{Digest, Sha256};
use winback_core::ids::Offset;
use winback_core::privacy::{masked, masked_bytes};
use winback_core::time::Time;
use winback_log::{Append, Message, TopicPartition};
use winback_proto::letter::places_to_wire;
use winback_proto::v1;

use crate::dead_letter::DeadLetter;
use crate::left_out::LeftOut;
use crate::letters::{Letters, Rest};
use crate::output::Output;
use crate::role::At;

/// The bytes that are kept of a value, a key or a text that is too large.
const HEAD: usize = 4 << 10;

/// The topic of a lane's dead letters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetters {
    /// The topic.
    pub topic: String,
    /// The largest record that the topic takes, in bytes.
    pub max_bytes: usize,
}

/// Appends the dead letters of `message`. The first one keeps its bytes, the others point to it, and one stands for all
/// that have no letter of their own.
pub(crate) fn append(
    to: &DeadLetters,
    role: &str,
    at: At<'_>,
    message: &Message,
    letters: &Letters,
    out: &mut Output,
) {
    let key = message.key().map(|key| &key[..key.len().min(HEAD)]);
    let record = Record { role, at, message };
    let mut put = |letter: v1::DeadLetter| {
        let value = fit(letter, to.max_bytes).encode_to_vec();
        let (topic, value) = (to.topic.as_str(), Some(value.as_slice()));
        out.append(&Append { topic, partition: None, key, value, headers: &[], timestamp: None });
    };
    for (number, letter) in letters.own().iter().enumerate() {
        let pointing = record.pointing(letter);
        put(if number == 0 { record.whole(pointing) } else { pointing });
    }
    if let Some(rest) = letters.rest() {
        put(record.rest(rest));
    }
}

/// Appends the letter that stands for those that were left out.
pub(crate) fn append_left_out(to: &DeadLetters, role: &str, now: Time, left: LeftOut, out: &mut Output) {
    let first = left.positions.first_key_value();
    let topic = first.map(|(partition, _)| partition.topic.to_string()).unwrap_or_default();
    let (partition, offset) =
        first.map_or((-1, -1), |(partition, (first, _))| (partition.partition.0, first.0));
    let range = |(partition, (first, last)): (&TopicPartition, &(Offset, Offset))| v1::PositionRange {
        partition: partition.partition.0,
        first: first.0,
        last: last.0,
    };
    let text = format!(
        "{} more could not be processed ({}), and their letters were left out: the source is over \
         `dead_letters.max_bytes_per_hour`; their records stand in the topic, between these positions and those of the next \
         letter",
        left.count,
        counted(&left.reasons)
    );
    let letter = v1::DeadLetter {
        role: role.to_owned(),
        source: left.source,
        topic,
        partition,
        offset,
        element: -1,
        reason: most(&left.reasons).to_owned(),
        text,
        failed_at: Some(now.into()),
        left_out: Some(v1::LettersLeftOut {
            count: left.count,
            reasons: on_wire(&left.reasons),
            positions: left.positions.iter().map(range).collect(),
        }),
        ..v1::DeadLetter::default()
    };
    let value = letter.encode_to_vec();
    let (topic, value) = (to.topic.as_str(), Some(value.as_slice()));
    out.append(&Append { topic, partition: None, key: None, value, headers: &[], timestamp: None });
}

type Reasons = BTreeMap<&'static str, u64>;

/// `bad_time 70, mapping 10`
fn counted(reasons: &Reasons) -> String {
    let shown: Vec<String> = reasons.iter().map(|(reason, count)| format!("{reason} {count}")).collect();
    shown.join(", ")
}

fn most(reasons: &Reasons) -> &'static str {
    reasons.iter().max_by_key(|(_, count)| **count).map_or("", |(reason, _)| reason)
}

fn on_wire(reasons: &Reasons) -> Vec<v1::ReasonCount> {
    let one =
        |(reason, count): (&&str, &u64)| v1::ReasonCount { reason: (*reason).to_owned(), count: *count };
    reasons.iter().map(one).collect()
}

/// A record of which something is dead.
struct Record<'a> {
    role: &'a str,
    at: At<'a>,
    message: &'a Message,
}

impl Record<'_> {
    /// A letter without the record's bytes.
    fn pointing(&self, letter: &DeadLetter) -> v1::DeadLetter {
        let Self { role, at, message } = self;
        v1::DeadLetter {
            role: (*role).to_owned(),
            source: letter.source.clone(),
            topic: at.input.partition.topic.to_string(),
            partition: at.input.partition.partition.0,
            offset: message.offset.0,
            element: letter.element.map_or(-1, |element| i32::try_from(element).unwrap_or(i32::MAX)),
            reason: letter.reason.to_owned(),
            text: masked(&letter.text).into_owned(),
            timestamp: Some(message.timestamp.into()),
            failed_at: Some(at.now.into()),
            size: u64::try_from(message.value().map_or(0, <[u8]>::len)).unwrap_or(u64::MAX),
            points: true,
            ..v1::DeadLetter::default()
        }
    }

    /// The letter with them.
    fn whole(&self, letter: v1::DeadLetter) -> v1::DeadLetter {
        let mut headers = Vec::new();
        self.message.each_header(|name, value| headers.push(header(name, value)));
        let (key, value) = (self.message.key(), self.message.value());
        v1::DeadLetter {
            key: key.unwrap_or_default().to_vec(),
            value: value.unwrap_or_default().to_vec(),
            headers,
            points: false,
            ..letter
        }
    }

    /// The letter that stands for all further dead elements.
    fn rest(&self, rest: &Rest) -> v1::DeadLetter {
        let text = format!(
            "{} more of this record could not be processed ({}); the first of them: {}",
            rest.count,
            counted(&rest.reasons),
            rest.text
        );
        let letter =
            DeadLetter { source: rest.source.clone(), element: None, reason: most(&rest.reasons), text };
        v1::DeadLetter {
            rest: Some(v1::LetterRest {
                count: rest.count,
                reasons: on_wire(&rest.reasons),
                elements: (!rest.whole).then(|| places_to_wire(&rest.places)),
            }),
            ..self.pointing(&letter)
        }
    }
}

/// A header without mail addresses. The record itself is kept as it is.
fn header(name: &str, value: &[u8]) -> v1::Header {
    v1::Header { name: masked(name).into_owned(), value: masked_bytes(value).into_owned() }
}

/// Leaves out the value's tail, then the headers, then the key's and text's tails, until it fits. The letter's own key
/// and the framing are counted, too.
fn fit(mut letter: v1::DeadLetter, max_bytes: usize) -> v1::DeadLetter {
    const FRAMING: usize = 512;
    let fits = |letter: &v1::DeadLetter| letter.encoded_len() + HEAD + FRAMING <= max_bytes;
    if !fits(&letter) && letter.value.len() > HEAD {
        letter.sha256 = Sha256::digest(&letter.value).to_vec();
        letter.value.truncate(HEAD);
    }
    if !fits(&letter) {
        letter.headers.clear();
    }
    if !fits(&letter) {
        letter.key.truncate(HEAD);
        let cut = letter.text.floor_char_boundary(HEAD);
        letter.text.truncate(cut);
    }
    letter
}

#[cfg(test)]
mod tests {
    use winback_core::ids::Partition;
    use winback_core::places::Places;

    use super::*;
    use crate::letters::MAX_LETTERS;
    use crate::role::Input;

    fn letters_of(value: Vec<u8>, max_bytes: usize, count: u32) -> Vec<(usize, v1::DeadLetter)> {
        let input = Input { slot: 0, topic: 0, partition: TopicPartition::new("visits", 3) };
        let headers = vec![("h".to_owned(), "v".into())];
        let record = winback_log::Record { key: Some("k".into()), value: Some(value.into()), headers };
        let message = Message::owned(0, Partition(3), Offset(17), Time::from_millis(-1), 1, record);
        let mut letters = Letters::default();
        for place in 0..count {
            let (source, element, text) = ("web".to_owned(), Some(place * 2), "x".to_owned());
            letters.add(DeadLetter { source, element, reason: "bad_json", text });
        }
        let mut out = Output::default();
        let to = DeadLetters { topic: "dead".into(), max_bytes };
        let at = At { input: &input, now: Time::from_millis(1_500) };
        append(&to, "matcher", at, &message, &letters, &mut out);
        let mut found = Vec::new();
        let visited: Result<(), ()> = out.each(|record| {
            assert_eq!((record.topic, record.key), ("dead", Some(b"k".as_slice())));
            let value = record.value.unwrap_or_default();
            found.push((value.len(), v1::DeadLetter::decode(value).unwrap()));
            Ok(())
        });
        visited.unwrap();
        found
    }

    fn letter_of(value: Vec<u8>, max_bytes: usize) -> (usize, v1::DeadLetter) {
        letters_of(value, max_bytes, 2).swap_remove(0)
    }

    #[test]
    fn a_record_that_fits_is_kept_whole() {
        let (_, letter) = letter_of(vec![7; 10_000], 1 << 20);
        assert_eq!((letter.value.len(), letter.size, letter.sha256.len()), (10_000, 10_000, 0));
        assert_eq!((letter.partition, letter.offset, letter.element), (3, 17, 0));
        assert_eq!((letter.role.as_str(), letter.source.as_str()), ("matcher", "web"));
        let nanos = letter.timestamp.map(|time| (time.seconds, time.nanos));
        assert_eq!(nanos, Some((-1, 999_000_000)));
        assert_eq!(letter.headers.len(), 1);
    }

    #[test]
    fn a_record_of_any_time_has_a_letter() {
        let input = Input { slot: 0, topic: 0, partition: TopicPartition::new("visits", 3) };
        for time in [Time::MIN, Time::MAX, Time::from_millis(253_402_300_800_000)] {
            let message =
                Message::owned(0, Partition(3), Offset(17), time, 1, winback_log::Record::default());
            let letter =
                DeadLetter { source: String::new(), element: None, reason: "r", text: String::new() };
            let record = Record { role: "matcher", at: At { input: &input, now: time }, message: &message };
            let letter = record.pointing(&letter);
            let times = [letter.timestamp, letter.failed_at].map(|stamp| stamp.map(Time::from));
            assert_eq!(times, [Some(time), Some(time)]);
        }
    }

    #[test]
    fn of_a_record_that_is_too_large_head_size_and_hash_are_kept() {
        let (bytes, letter) = letter_of(vec![7; 10_000_000], 1 << 20);
        assert!(bytes < 8 << 10, "{bytes}");
        assert_eq!((letter.value.len(), letter.size), (HEAD, 10_000_000));
        assert_eq!(letter.sha256, Sha256::digest(vec![7; 10_000_000]).to_vec());
    }

    #[test]
    fn the_bytes_of_a_record_are_kept_once_and_the_rest_is_one_letter_with_its_places() {
        let letters = letters_of(vec![7; 60_000], 1 << 20, 20_000);
        assert_eq!(letters.len(), MAX_LETTERS + 1);
        let bytes: usize = letters.iter().map(|(bytes, _)| bytes).sum();
        assert!(bytes < 60_000 + 20_000 * 2 + 4_096, "{bytes}");
        for (at, (_, letter)) in letters.iter().enumerate() {
            let kept = (letter.value.len(), letter.headers.len(), letter.key.len());
            assert_eq!(kept, if at == 0 { (60_000, 1, 1) } else { (0, 0, 0) }, "{at}");
            assert_eq!((letter.points, letter.size, letter.offset), (at > 0, 60_000, 17), "{at}");
        }
        let rest = letters[MAX_LETTERS].1.rest.clone().unwrap();
        let places = Places::from_steps(&rest.elements.unwrap().steps).unwrap();
        assert_eq!((rest.count, places.ranges().len()), (19_980, 19_980));
        assert!(places.contains(40) && !places.contains(38) && places.contains(39_998));
        assert_eq!(rest.reasons, [v1::ReasonCount { reason: "bad_json".into(), count: 19_980 }]);
    }
}
