//! No broker is needed: librdkafka moves an assigned partition, and refuses to move any other, without offset_requests one.

use winback_core::ids::Partition;

use super::*;

const PLACE: Offset = Offset(7);

fn fetch(refusal_timeout: Duration) -> (Fetch, TopicPartition) {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", "127.0.0.1:1").set("group.id", "g").set("enable.auto.commit", "false");
    let mut fetch = Fetch::new(&config, refusal_timeout).unwrap();
    let partition = TopicPartition { topic: "t".into(), partition: Partition(0) };
    assert!(fetch.track(&partition, 0, 1, Offset::ZERO));
    (fetch, partition)
}

fn assign(fetch: &Fetch, partition: &TopicPartition) {
    let start = list([(partition, KafkaOffset::Beginning)]).unwrap();
    fetch.consumer().incremental_assign(&start).unwrap();
}

#[test]
fn what_cannot_be_moved_yet_is_held_until_it_can() {
    let (mut fetch, partition) = fetch(Duration::from_secs(60));
    fetch.seek(&partition, PLACE);
    assert_eq!(fetch.position(&partition), Some(PLACE), "it stands where it was sent");
    assert!(fetch.get(&partition).unwrap().held, "and nothing comes from elsewhere");
    assert_eq!(fetch.serve(), None, "nor is it an error yet");
    assert!(fetch.get(&partition).unwrap().held);
    assign(&fetch, &partition);
    let deadline = Instant::now() + Duration::from_secs(10);
    while fetch.get(&partition).unwrap().held && Instant::now() < deadline {
        assert_eq!(fetch.serve(), None);
    }
    assert!(!fetch.get(&partition).unwrap().held, "its assignment has begun");
    assert_eq!(fetch.position(&partition), Some(PLACE));
    assert!(fetch.stuck.is_empty());
}

#[test]
fn what_cannot_be_moved_for_too_long_is_said() {
    let (mut fetch, partition) = fetch(Duration::ZERO);
    fetch.seek(&partition, PLACE);
    for _ in 0..2 {
        let said = fetch.serve();
        assert!(matches!(&said, Some(FetchError::Stuck(stuck, _)) if *stuck == partition), "{said:?}");
        assert!(fetch.get(&partition).unwrap().held, "nothing comes from elsewhere all the same");
    }
    fetch.forget(&partition);
    assert_eq!(fetch.serve(), None, "what is given back is not missed");
}

#[test]
fn who_wakes_up_goes_on_from_where_it_stood_and_from_nowhere_if_nobody_has_said_where() {
    let (mut fetch, placed) = fetch(Duration::from_secs(60));
    let unplaced = TopicPartition { topic: "t".into(), partition: Partition(1) };
    assert!(fetch.track_unplaced(&unplaced, 0, 1));
    assign(&fetch, &placed);
    fetch.seek(&placed, PLACE);
    fetch.wake(&[placed.clone(), unplaced.clone()]);
    assert_eq!(fetch.position(&placed), Some(PLACE));
    let untouched = fetch.get(&unplaced).unwrap();
    assert!(untouched.held && untouched.unplaced, "nothing comes of it before it is sent somewhere");
}
