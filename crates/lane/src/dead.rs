//! The dead letter's record: the failed record whole where its topic takes it, else its head, size and SHA-256.

use prost::Message as _;
use sha2::{Digest, Sha256};
use winback_core::privacy::{masked, masked_bytes};
use winback_core::time::Time;
use winback_log::{Append, Message};
use winback_proto::v1;

use crate::output::{DeadLetter, Output};
use crate::role::At;

/// What is kept of a value, a key or a text that is too large.
const HEAD: usize = 4 << 10;

/// Where a lane's dead letters go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetters {
    /// The topic.
    pub topic: String,
    /// The largest record that the topic takes, in bytes.
    pub max_bytes: usize,
}

/// Appends the dead letter of `message`.
pub(crate) fn append(
    to: &DeadLetters,
    role: &str,
    at: At<'_>,
    message: &Message,
    letter: DeadLetter,
    out: &mut Output,
) {
    let record = fit(build(role, at, message, letter), to.max_bytes);
    let key = message.key().map(|key| head(key, to.max_bytes));
    let value = record.encode_to_vec();
    let (topic, value) = (to.topic.as_str(), Some(value.as_slice()));
    out.append(&Append { topic, partition: None, key, value, headers: &[], timestamp: None });
}

fn build(role: &str, at: At<'_>, message: &Message, letter: DeadLetter) -> v1::DeadLetter {
    let mut headers = Vec::new();
    message.each_header(|name, value| headers.push(header(name, value)));
    let value = message.value().unwrap_or_default();
    v1::DeadLetter {
        role: role.to_owned(),
        source: letter.source,
        topic: at.input.partition.topic.to_string(),
        partition: at.input.partition.partition.0,
        offset: message.offset.0,
        element: letter.element.map_or(-1, |element| i32::try_from(element).unwrap_or(i32::MAX)),
        reason: letter.reason.to_owned(),
        text: masked(&letter.text).into_owned(),
        timestamp: Some(timestamp(message.timestamp)),
        failed_at: Some(timestamp(at.now)),
        key: message.key().unwrap_or_default().to_vec(),
        size: u64::try_from(value.len()).unwrap_or(u64::MAX),
        value: value.to_vec(),
        headers,
        sha256: Vec::new(),
    }
}

/// A header without mail addresses. The record itself is kept as it is.
fn header(name: &str, value: &[u8]) -> v1::Header {
    v1::Header { name: masked(name).into_owned(), value: masked_bytes(value).into_owned() }
}

/// Leaves out the value's tail, then the headers, then the key's and text's tails, until it fits. The record's own key
/// and the framing are counted, too.
fn fit(mut letter: v1::DeadLetter, max_bytes: usize) -> v1::DeadLetter {
    const FRAMING: usize = 512;
    let fits = |letter: &v1::DeadLetter| letter.encoded_len() + letter.key.len() + FRAMING <= max_bytes;
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

/// The record's own key, whole unless it alone is too large for the topic.
fn head(key: &[u8], max_bytes: usize) -> &[u8] {
    if key.len() > max_bytes / 2 { &key[..key.len().min(HEAD)] } else { key }
}

fn timestamp(time: Time) -> winback_proto::Timestamp {
    let millis = time.millis();
    let nanos = i32::try_from(millis.rem_euclid(1_000)).unwrap_or_default() * 1_000_000;
    winback_proto::Timestamp { seconds: millis.div_euclid(1_000), nanos }
}

#[cfg(test)]
mod tests {
    use winback_core::ids::{Offset, Partition};
    use winback_log::{Record, TopicPartition};

    use super::*;
    use crate::role::Input;

    fn letter_of(value: Vec<u8>, max_bytes: usize) -> (usize, v1::DeadLetter) {
        let input = Input { slot: 0, topic: 0, partition: TopicPartition::new("visits", 3) };
        let headers = vec![("h".to_owned(), "v".into())];
        let record = Record { key: Some("k".into()), value: Some(value.into()), headers };
        let message = Message::owned(0, Partition(3), Offset(17), Time::from_millis(-1), 1, record);
        let letter =
            DeadLetter { source: "web".into(), element: Some(2), reason: "bad_json", text: "x".into() };
        let mut out = Output::default();
        let to = DeadLetters { topic: "dead".into(), max_bytes };
        append(
            &to,
            "matcher",
            At { input: &input, now: Time::from_millis(1_500) },
            &message,
            letter,
            &mut out,
        );
        let mut found = Vec::new();
        let visited: Result<(), ()> = out.each(|record| {
            assert_eq!((record.topic, record.key), ("dead", Some(b"k".as_slice())));
            found = record.value.unwrap_or_default().to_vec();
            Ok(())
        });
        visited.unwrap();
        (found.len(), v1::DeadLetter::decode(found.as_slice()).unwrap())
    }

    #[test]
    fn a_record_that_fits_is_kept_whole() {
        let (_, letter) = letter_of(vec![7; 10_000], 1 << 20);
        assert_eq!((letter.value.len(), letter.size, letter.sha256.len()), (10_000, 10_000, 0));
        assert_eq!((letter.partition, letter.offset, letter.element), (3, 17, 2));
        assert_eq!((letter.role.as_str(), letter.source.as_str()), ("matcher", "web"));
        let nanos = letter.timestamp.map(|time| (time.seconds, time.nanos));
        assert_eq!(nanos, Some((-1, 999_000_000)));
        assert_eq!(letter.headers.len(), 1);
    }

    #[test]
    fn of_a_record_that_is_too_large_head_size_and_hash_are_kept() {
        let (bytes, letter) = letter_of(vec![7; 10_000_000], 1 << 20);
        assert!(bytes < 8 << 10, "{bytes}");
        assert_eq!((letter.value.len(), letter.size), (HEAD, 10_000_000));
        assert_eq!(letter.sha256, Sha256::digest(vec![7; 10_000_000]).to_vec());
    }
}
