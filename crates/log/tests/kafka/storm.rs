//! Members that join and leave while records flow: none is missing, none is doubled.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

use winback_core::ids::{Offset, Partition};
use winback_log::{CommitError, GroupEvent, GroupProtocol, Log, Session, TopicPartition};
use winback_testkit::{Broker, broker_or_skip};

use crate::support::{
    DEADLINE, WAIT, deleted, log_with, message_id, positions, record, spec, take_all, write,
};

#[test]
fn none_of_200_000_records_is_missing_or_doubled_while_members_join_and_leave() {
    let Some(broker) = broker_or_skip("rebalances on Kafka") else { return };
    for protocol in [GroupProtocol::Cooperative, GroupProtocol::Eager, GroupProtocol::Consumer] {
        storm(broker, protocol);
    }
}

const RECORDS: u64 = 200_000;
const PARTITIONS: i32 = 8;

/// Two members, one of which leaves and joins again over and over. Each copies what it read into a topic, in transactions
/// with the positions: what is in that topic is what was consumed, exactly once.
fn storm(broker: &Broker, protocol: GroupProtocol) {
    let log = log_with(broker, |options| options.protocol = protocol);
    let (from, to) = (format!("storm-from-{protocol:?}"), format!("storm-to-{protocol:?}"));
    log.create(&deleted(&from, PARTITIONS)).unwrap();
    log.create(&deleted(&to, PARTITIONS)).unwrap();
    write(&log, &from, RECORDS, PARTITIONS);
    let (done, copied) = (AtomicBool::new(false), AtomicU64::new(0));
    let deadline = Instant::now() + 4 * DEADLINE;
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut member = Copier::join(&log, &from, &to, "steady");
            while !done.load(Ordering::Relaxed) && Instant::now() < deadline {
                copied.fetch_add(member.turn(), Ordering::Relaxed);
            }
            member.leave();
        });
        scope.spawn(|| {
            for round in 0.. {
                let mut member = Copier::join(&log, &from, &to, "restless");
                let mut own = 0;
                while own < RECORDS / 20 && !done.load(Ordering::Relaxed) && Instant::now() < deadline {
                    let turn = member.turn();
                    own += turn;
                    copied.fetch_add(turn, Ordering::Relaxed);
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
        while copied.load(Ordering::Relaxed) < RECORDS && Instant::now() < deadline {
            thread::yield_now();
            thread::park_timeout(WAIT);
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

    /// How many records were copied.
    fn turn(&mut self) -> u64 {
        let mut messages = Vec::new();
        let event = self.session.poll(2_000, WAIT, &mut messages).unwrap();
        match event {
            Some(GroupEvent::Assigned(partitions)) => {
                let committed = self.session.committed(&partitions).unwrap();
                let starts: Vec<_> = partitions
                    .into_iter()
                    .zip(committed)
                    .map(|(partition, offset)| (partition, offset.unwrap_or(Offset::ZERO)))
                    .collect();
                self.session.assign(&starts).unwrap();
            }
            Some(GroupEvent::Revoked(partitions) | GroupEvent::Lost(partitions)) => {
                self.session.release(&partitions).unwrap();
            }
            None => {}
        }
        if messages.is_empty() {
            return 0;
        }
        let begun: BTreeMap<Partition, Offset> =
            messages.iter().rev().map(|message| (message.partition, message.offset)).collect();
        self.session.begin().unwrap();
        let copied = messages
            .iter()
            .try_for_each(|message| self.session.append(&record(self.to, message.key(), message.value())))
            .and_then(|()| {
                let positions = positions(&messages, &self.topic());
                self.session.commit(&positions)
            });
        match copied {
            Ok(()) => messages.len() as u64,
            Err(CommitError::Aborted(_) | CommitError::Displaced(_)) => {
                for (partition, offset) in begun {
                    let partition = TopicPartition::new(self.topic(), partition.0);
                    if self.session.position(&partition).is_some() {
                        self.session.seek(&partition, offset).unwrap();
                    }
                }
                0
            }
            Err(error) => panic!("{error}"),
        }
    }

    fn topic(&self) -> String {
        self.to.replace("storm-to", "storm-from")
    }

    fn leave(self) {
        self.session.close().unwrap();
    }
}
