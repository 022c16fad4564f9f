//! Members that join and leave while records flow: none is missing, none is doubled.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use winback_core::ids::Offset;
use winback_log::{CommitError, GroupEvent, Log, Message, Reader, Session, TopicPartition};
use winback_log_kafka::GroupProtocol;
use winback_testkit::{Broker, broker_or_skip};

use crate::support::{
    DEADLINE, WAIT, deleted, leave, log_with, message_id, positions, record, spec, take_all, write,
};

#[test]
fn none_of_200_000_records_is_missing_or_doubled_while_members_join_and_leave() {
    let Some(broker) = broker_or_skip("rebalances on Kafka") else { return };
    for protocol in [GroupProtocol::Cooperative, GroupProtocol::Consumer] {
        storm(broker, protocol);
    }
}

const RECORDS: u64 = 200_000;
const PARTITIONS: i32 = 8;
/// Each look asks the group's coordinator with a client of its own.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Two members, one of which leaves and joins again over and over. Each copies what it read into a topic, in transactions
/// with the positions: what is in that topic is what was consumed, exactly once.
fn storm(broker: &Broker, protocol: GroupProtocol) {
    let log = log_with(broker, |options| options.protocol = protocol);
    let (from, to) = (format!("storm-from-{protocol:?}"), format!("storm-to-{protocol:?}"));
    log.create(&deleted(&from, PARTITIONS)).unwrap();
    log.create(&deleted(&to, PARTITIONS)).unwrap();
    write(&log, &from, RECORDS, PARTITIONS);
    let inputs: Vec<_> =
        (0..PARTITIONS).map(|partition| TopicPartition::new(from.as_str(), partition)).collect();
    let done = AtomicBool::new(false);
    let deadline = Instant::now() + 4 * DEADLINE;
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut member = Copier::join(&log, &from, &to, "steady");
            while !done.load(Ordering::Relaxed) && Instant::now() < deadline {
                member.turn();
            }
            member.leave();
        });
        scope.spawn(|| {
            for round in 0.. {
                let mut member = Copier::join(&log, &from, &to, "restless");
                let mut own = 0;
                while own < RECORDS / 20 && !done.load(Ordering::Relaxed) && Instant::now() < deadline {
                    own += member.turn();
                }
                // Every other time it goes without a word to its transaction.
                if round % 2 == 0 {
                    member.leave();
                } else {
                    drop(member);
                }
                if done.load(Ordering::Relaxed) || Instant::now() >= deadline {
                    return;
                }
            }
        });
        let mut reader = log.reader().unwrap();
        while copied(&mut *reader, &from, &inputs) < RECORDS && Instant::now() < deadline {
            thread::park_timeout(LOOK_EVERY);
        }
        done.store(true, Ordering::Relaxed);
    });
    let copies: Vec<_> =
        (0..PARTITIONS).map(|partition| TopicPartition::new(to.as_str(), partition)).collect();
    let mut seen = BTreeMap::new();
    for message in take_all(&mut *log.reader().unwrap(), &copies) {
        *seen.entry(message_id(&message)).or_insert(0) += 1;
    }
    let doubled = seen.values().filter(|count| **count > 1).count();
    assert_eq!(
        (seen.len() as u64, doubled),
        (RECORDS, 0),
        "{protocol:?}: records seen, and those seen twice"
    );
}

/// The number of records that the group has passed.
fn copied(reader: &mut dyn Reader, group: &str, inputs: &[TopicPartition]) -> u64 {
    let committed = reader.committed(group, inputs).unwrap();
    committed.into_iter().flatten().map(|offset| offset.0.unsigned_abs()).sum()
}

struct Copier<'a> {
    session: Box<dyn Session>,
    to: &'a str,
}

impl<'a> Copier<'a> {
    fn join(log: &dyn Log, from: &str, to: &'a str, name: &str) -> Self {
        let mut spec = spec(from, &[from]);
        spec.transactional_id = format!("{from}.{name}");
        Self { session: log.session(spec).unwrap(), to }
    }

    /// The number of copied records, as far as is known.
    fn turn(&mut self) -> u64 {
        let messages = self.take();
        if messages.is_empty() {
            return 0;
        }
        self.session.begin().unwrap();
        match self.copy(&messages) {
            Ok(()) => return messages.len() as u64,
            // What a displaced member gave up on leaves no gap for the next transaction to fall into.
            Err(CommitError::Aborted(why)) if why.contains("sequence") => panic!("{why}"),
            Err(CommitError::Aborted(_) | CommitError::Displaced(_)) => {}
            Err(CommitError::Unknown(_)) => self.session.recover().unwrap(),
            Err(error) => panic!("{error}"),
        }
        self.go_back(&messages);
        0
    }

    fn take(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        let event = self.session.poll(2_000, WAIT, &mut messages).unwrap();
        match event {
            Some(GroupEvent::Assigned(partitions)) => {
                let starts = self.committed(partitions);
                self.session.assign(&starts).unwrap();
            }
            Some(GroupEvent::Revoked(partitions) | GroupEvent::Lost(partitions)) => {
                self.session.release(&partitions).unwrap();
            }
            None => {}
        }
        messages
    }

    fn copy(&mut self, messages: &[Message]) -> Result<(), CommitError> {
        for message in messages {
            self.session.append(&record(self.to, message.key(), message.value()))?;
        }
        self.session.commit(&positions(messages, &self.topic()))
    }

    /// To where the log says that these partitions are, of those that are still this member's.
    fn go_back(&mut self, messages: &[Message]) {
        let mut held: Vec<_> =
            positions(messages, &self.topic()).into_iter().map(|(partition, _)| partition).collect();
        held.retain(|partition| self.session.position(partition).is_some());
        for (partition, offset) in self.committed(held) {
            self.session.seek(&partition, offset).unwrap();
        }
    }

    fn committed(&mut self, partitions: Vec<TopicPartition>) -> Vec<(TopicPartition, Offset)> {
        let committed = self.session.committed(&partitions).unwrap();
        let committed = committed.into_iter().map(|offset| offset.unwrap_or(Offset::ZERO));
        partitions.into_iter().zip(committed).collect()
    }

    fn topic(&self) -> String {
        self.to.replace("storm-to", "storm-from")
    }

    fn leave(self) {
        leave(self.session);
    }
}
