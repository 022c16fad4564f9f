//! The loop that most clients have: a transaction whose end timed out is asked for again until it is answered, and then
//! the next one begins with the same producer. After a fatal error the process starts again, as a supervisor would have it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

use crate::copier::Copier;
use crate::mark::Mark;
use crate::topics::{PARTITIONS, Topics};

/// The time within which records go into one transaction.
const POLL: Duration = Duration::from_millis(150);
const ASK: Duration = Duration::from_millis(500);
const LONG: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    ended: AtomicU64,
    restarts: AtomicU64,
    /// The reasons why transactions were given up.
    errors: Mutex<Vec<String>>,
    /// The next transaction's number, over restarts.
    number: AtomicU64,
    committed: Mutex<BTreeMap<i32, i64>>,
}

/// The naive loop on its own thread.
pub(crate) struct Naive {
    shared: Arc<Shared>,
    thread: JoinHandle<()>,
}

impl Naive {
    pub(crate) fn start(topics: &Topics, bootstrap: String) -> Self {
        let shared = Arc::new(Shared::default());
        let (state, name) = (Arc::clone(&shared), topics.name.clone());
        let (input, output) = (topics.input(), topics.output());
        let thread = std::thread::spawn(move || {
            while !state.stop.load(Ordering::Relaxed) {
                let life = Life::begin(&bootstrap, &name, &input, &output);
                life.tell_positions(&state);
                if life.copy(&state).is_err() {
                    state.restarts.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Self { shared, thread }
    }
}

impl Copier for Naive {
    fn ended(&self) -> u64 {
        self.shared.ended.load(Ordering::Relaxed)
    }

    fn has_copied(&self, ends: &[i64]) -> bool {
        assert!(!self.thread.is_finished(), "the naive loop goes on");
        self.shared.committed.lock().unwrap().values().eq(ends)
    }

    fn stop(self: Box<Self>) -> String {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap();
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
        let (ended, restarts) = (count(&self.shared.ended), count(&self.shared.restarts));
        format!("{ended} ended, {restarts} restarts, given up: {:?}", self.shared.errors.lock().unwrap())
    }
}

/// From a start to a fatal error or the end.
struct Life {
    consumer: BaseConsumer,
    producer: BaseProducer,
    input: String,
    output: String,
}

/// The end of a transaction of the naive loop.
type Ended = Result<bool, KafkaError>;

impl Life {
    fn begin(bootstrap: &str, name: &str, input: &str, output: &str) -> Self {
        let common = |config: &mut ClientConfig| {
            config.set("bootstrap.servers", bootstrap).set("reconnect.backoff.ms", "50");
        };
        let mut config = ClientConfig::new();
        common(&mut config);
        config.set("group.id", name).set("isolation.level", "read_committed");
        config.set("enable.auto.commit", "false").set("auto.offset.reset", "earliest");
        config.set("session.timeout.ms", "4000").set("heartbeat.interval.ms", "500");
        let consumer: BaseConsumer = config.create().unwrap();
        consumer.subscribe(&[input]).unwrap();
        let mut config = ClientConfig::new();
        common(&mut config);
        config.set("transactional.id", format!("{name}.naive.0")).set("transaction.timeout.ms", "20000");
        config.set("socket.timeout.ms", "1000").set("batch.num.messages", "2").set("linger.ms", "2");
        let producer: BaseProducer = config.create().unwrap();
        producer.init_transactions(LONG).unwrap();
        Self { consumer, producer, input: input.to_owned(), output: output.to_owned() }
    }

    /// It goes on where the group stands: the life before may have ended in doubt of a commit that the broker had taken.
    fn tell_positions(&self, state: &Shared) {
        let mut partitions = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            partitions.add_partition(&self.input, partition);
        }
        let positions = self.consumer.committed_offsets(partitions, LONG).unwrap();
        let told = positions.elements().into_iter().filter_map(|element| {
            let next = element.offset().to_raw().filter(|next| *next >= 0)?;
            Some((element.partition(), next))
        });
        state.committed.lock().unwrap().extend(told);
    }

    fn copy(&self, state: &Shared) -> Result<(), KafkaError> {
        while !state.stop.load(Ordering::Relaxed) {
            let messages: Vec<_> =
                std::iter::from_fn(|| self.consumer.poll(POLL)).filter_map(Result::ok).collect();
            if messages.is_empty() {
                continue;
            }
            // What can never be written is left out, after the transaction that had it was aborted.
            let huge = |message: &BorrowedMessage<'_>| message.payload().unwrap().starts_with(b"huge");
            let mut commits = !messages.iter().any(huge);
            while !self.transact(state, &messages, commits)? {
                commits = true;
            }
        }
        Ok(())
    }

    /// True when it was committed, false when it was aborted, an error when this life is over.
    fn transact(&self, state: &Shared, messages: &[BorrowedMessage<'_>], commits: bool) -> Ended {
        let number = state.number.fetch_add(1, Ordering::Relaxed);
        self.producer.begin_transaction()?;
        let sent = self.send(number, messages);
        let worked = if commits {
            sent.and_then(|()| self.send_positions(messages))
        } else {
            Err(KafkaError::Canceled)
        };
        let ended = worked
            .and_then(|()| again(|| self.producer.commit_transaction(ASK)))
            .map(|()| true)
            .or_else(|error| {
                state.errors.lock().unwrap().push(error.to_string());
                again(|| self.producer.abort_transaction(ASK)).map(|()| false)
            });
        state.ended.fetch_add(1, Ordering::Relaxed);
        if matches!(ended, Ok(true)) {
            let mut committed = state.committed.lock().unwrap();
            committed.extend(messages.iter().map(|message| (message.partition(), message.offset() + 1)));
        }
        ended
    }

    fn send(&self, number: u64, messages: &[BorrowedMessage<'_>]) -> Result<(), KafkaError> {
        let mut index = 0;
        for message in messages {
            let payload = String::from_utf8(message.payload().unwrap().to_vec()).unwrap();
            if payload.starts_with("huge") {
                continue;
            }
            let text = Mark::Copy { number, index, payload }.text();
            let record =
                BaseRecord::to(&self.output).partition(message.partition()).key("key").payload(&text);
            self.producer.send(record).map_err(|(error, _)| error)?;
            index += 1;
        }
        let text = Mark::Sealed { number, count: index }.text();
        let record = BaseRecord::to(&self.output).partition(0).key("key").payload(&text);
        self.producer.send(record).map_err(|(error, _)| error)?;
        self.producer.flush(LONG)
    }

    fn send_positions(&self, messages: &[BorrowedMessage<'_>]) -> Result<(), KafkaError> {
        let next: BTreeMap<i32, i64> =
            messages.iter().map(|message| (message.partition(), message.offset() + 1)).collect();
        let mut positions = TopicPartitionList::new();
        for (partition, next) in next {
            positions.add_partition_offset(&self.input, partition, Offset::Offset(next))?;
        }
        let member = self.consumer.group_metadata().ok_or(KafkaError::Canceled)?;
        again(|| self.producer.send_offsets_to_transaction(&positions, &member, LONG))
    }
}

/// Asks until it is answered: a time-out is tried again, as the client's manual says. A loop that has asked for so long
/// that a liveness check would fail is ended.
fn again(mut ask: impl FnMut() -> Result<(), KafkaError>) -> Result<(), KafkaError> {
    let alive_until = Instant::now() + LONG;
    loop {
        match ask() {
            Err(KafkaError::Transaction(error))
                if (error.is_retriable() || error.code() == RDKafkaErrorCode::OperationTimedOut)
                    && Instant::now() < alive_until => {}
            ended => return ended,
        }
    }
}
