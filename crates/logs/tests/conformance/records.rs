//! The output is the input.

use std::collections::BTreeMap;

use winback_core::time::Span;
use winback_log::{Append, Cleanup, TimestampKind, TopicSpec, partitioner};

use crate::harness::{
    Harness, Lane, now, plain, read_all, spec, text, topic, topic_with, write, write_numbers,
};

pub(crate) fn the_records_of_a_partition_come_in_order(harness: &dyn Harness) {
    let input = topic(harness, "in", 2);
    write_numbers(harness, &input, 0, 0..300);
    write_numbers(harness, &input, 1, 0..200);
    let mut lane = Lane::alone(harness, &input, 2);
    let messages = lane.take(harness, 500);
    for (partition, count) in [(0, 300), (1, 200)] {
        let of: Vec<_> = messages.iter().filter(|message| message.partition.0 == partition).collect();
        let texts: Vec<_> = of.iter().map(|message| text(message)).collect();
        assert_eq!(texts, (0..count).map(|number| number.to_string()).collect::<Vec<_>>());
        let offsets: Vec<_> = of.iter().map(|message| message.offset.0).collect();
        assert_eq!(offsets, (0..i64::from(count)).collect::<Vec<_>>());
    }
}

pub(crate) fn headers_survive_empty_repeated_and_binary(harness: &dyn Harness) {
    let input = topic(harness, "in", 1);
    let headers: [(&str, &[u8]); 5] =
        [("ce_id", b"7"), ("twice", b"a"), ("twice", b"b"), ("empty", b""), ("bin: %", &[0, 255, 10, 37])];
    write(harness, &[Append { headers: &headers, ..plain(&input, 0, b"x") }, plain(&input, 0, b"bare")]);
    let messages = read_all(harness, &input, 1);
    let mut seen = Vec::new();
    messages[0].each_header(|name, value| seen.push((name.to_owned(), value.to_vec())));
    let expected: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect();
    assert_eq!(seen, expected);
    assert_eq!(messages[0].header("twice").unwrap().as_ref(), b"b");
    messages[1].each_header(|name, _| panic!("a header {name} out of nothing"));
}

pub(crate) fn a_tombstone_is_no_empty_value_and_a_record_needs_no_key(harness: &dyn Harness) {
    let input = topic(harness, "in", 1);
    let bare = plain(&input, 0, b"");
    write(
        harness,
        &[bare, Append { key: Some(b"k"), value: None, ..bare }, Append { key: Some(b""), ..bare }],
    );
    let messages = read_all(harness, &input, 1);
    let seen: Vec<_> = messages.iter().map(|message| (message.key(), message.value())).collect();
    let empty: &[u8] = b"";
    assert_eq!(seen, [(None, Some(empty)), (Some(&b"k"[..]), None), (Some(empty), Some(empty))]);
}

pub(crate) fn a_record_of_two_megabytes_survives(harness: &dyn Harness) {
    let (input, out) = (topic(harness, "in", 1), topic(harness, "out", 1));
    let large: Vec<u8> = (0..2_u32 << 20).map(|at| at.to_le_bytes()[0] ^ at.to_le_bytes()[2]).collect();
    write(harness, &[plain(&input, 0, &large)]);
    let mut lane = Lane::alone(harness, &input, 1);
    let messages = lane.take(harness, 1);
    assert!(messages[0].value() == Some(&large[..]), "changed on the way");
    lane.session.begin().unwrap();
    lane.session.append(&plain(&out, 0, &large)).unwrap();
    lane.commit().unwrap();
    assert!(read_all(harness, &out, 1)[0].value() == Some(&large[..]), "changed in the transaction");
}

pub(crate) fn timestamps_are_the_producers_or_the_logs(harness: &dyn Harness) {
    let before = now();
    let long_ago = before - Span::from_hours(5);
    let create = TopicSpec { timestamps: TimestampKind::Create, ..spec("create", 1) };
    let (create, append) = (topic_with(harness, &create), topic(harness, "append", 1));
    for name in [&create, &append] {
        let record = plain(name, 0, b"x");
        write(harness, &[Append { timestamp: Some(long_ago), ..record }, record]);
    }
    let of = |name| read_all(harness, name, 1).iter().map(|message| message.timestamp).collect::<Vec<_>>();
    let (created, appended) = (of(&create), of(&append));
    let fresh = before..=now();
    assert_eq!(created[0], long_ago);
    assert!(fresh.contains(&created[1]), "no timestamp is now");
    assert!(appended.iter().all(|time| fresh.contains(time)), "the log's clock decides");
    assert!(appended.is_sorted());
}

pub(crate) fn the_same_key_goes_to_the_same_partition_whoever_writes(harness: &dyn Harness) {
    let input = topic(harness, "in", 5);
    let keys: Vec<String> = (0..40).map(|number| format!("account-{number}")).collect();
    let records: Vec<_> = keys
        .iter()
        .map(|key| Append { partition: None, key: Some(key.as_bytes()), ..plain(&input, 0, b"x") })
        .collect();
    write(harness, &records);
    let trigger = topic(harness, "trigger", 1);
    write_numbers(harness, &trigger, 0, 0..1);
    let mut lane = Lane::alone(harness, &trigger, 1);
    lane.take(harness, 1);
    lane.session.begin().unwrap();
    for record in &records {
        lane.session.append(record).unwrap();
    }
    lane.commit().unwrap();
    let messages = read_all(harness, &input, 5);
    assert_eq!(messages.len(), 80);
    for message in &messages {
        assert_eq!(message.partition, partitioner::partition_of(message.key().unwrap(), 5));
    }
}

pub(crate) fn compaction_keeps_the_newest_record_of_a_key(harness: &dyn Harness) {
    let compacted = Cleanup::Compact { tombstones: Span::from_days(7) };
    let name = topic_with(harness, &TopicSpec { cleanup: compacted, ..spec("compacted", 1) });
    let texts: Vec<(String, String)> =
        (0..2_000).map(|number| (format!("k{}", number % 7), number.to_string())).collect();
    let records: Vec<_> = texts
        .iter()
        .map(|(key, value)| Append { key: Some(key.as_bytes()), ..plain(&name, 0, value.as_bytes()) })
        .collect();
    write(harness, &records);
    write(harness, &[Append { key: Some(b"k3"), value: None, ..plain(&name, 0, b"") }]);
    let did = harness.compact(&name);
    let messages = read_all(harness, &name, 1);
    let mut newest = BTreeMap::new();
    for message in &messages {
        newest.insert(message.key().unwrap().to_vec(), message.value().map(<[u8]>::to_vec));
    }
    assert_eq!(newest.len(), 7);
    assert_eq!(newest[&b"k3"[..]], None, "a young tombstone stays");
    assert_eq!(newest[&b"k4"[..]], Some(b"1999".to_vec()));
    assert_eq!(messages.last().unwrap().offset.0, 2_000, "offsets stay");
    if did {
        assert_eq!(messages.len(), 7);
    }
}

pub(crate) fn single_records_are_removed_where_the_log_can(harness: &dyn Harness) {
    let input = topic(harness, "in", 1);
    write_numbers(harness, &input, 0, 0..5);
    let log = harness.log();
    let partition = winback_log::TopicPartition::new(input.as_str(), 0);
    let offsets = [1, 4, 9].map(winback_core::ids::Offset);
    let removed = log.remove(&partition, &offsets).unwrap();
    assert_eq!(removed, (!log.is_shared()).then_some(2));
    assert!(log.scrub(false).unwrap());
    let texts: Vec<_> = read_all(harness, &input, 1).iter().map(|message| text(message).to_owned()).collect();
    let left: &[&str] = if removed.is_some() { &["0", "2", "3"] } else { &["0", "1", "2", "3", "4"] };
    assert_eq!(texts, left);
    write_numbers(harness, &input, 0, 5..6);
    let next = read_all(harness, &input, 1).last().map(|message| message.offset.0);
    assert!(next >= Some(5), "no offset is used twice: {next:?}");
}
