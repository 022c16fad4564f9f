//! Follows the log: what is there, and what comes.

use std::time::Duration;

use winback_core::ids::Offset;
use winback_log::{Log, LogError, Message, Reader, TopicPartition};

use crate::{Batch, Feed, Ledger, LedgerError, Move};

/// The most records of a SQL transaction.
const BATCH: usize = 5_000;

/// The reason why the log is not followed any more.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// A ledger and the partitions that it reads.
pub struct Follower {
    ledger: Ledger,
    reader: Box<dyn Reader>,
    places: Vec<Place>,
    messages: Vec<Message>,
}

struct Place {
    feed: Feed,
    partition: TopicPartition,
    /// The number of its topic, in the order in which topics are assigned.
    topic: u16,
    /// The record that is read next.
    at: i64,
    /// The end when the ledger was opened.
    end: i64,
}

impl Follower {
    /// Goes on from where the ledger stands in each partition. Those of a topic stand together.
    ///
    /// # Errors
    /// When the log is away, or the ledger cannot be written or belongs to another log.
    pub fn new(
        mut ledger: Ledger,
        log: &dyn Log,
        feeds: Vec<(Feed, TopicPartition)>,
    ) -> Result<Self, FollowError> {
        let mut reader = log.reader()?;
        let partitions: Vec<TopicPartition> = feeds.iter().map(|(_, partition)| partition.clone()).collect();
        let named = |partition: &TopicPartition| (partition.topic.to_string(), partition.partition.0);
        let positions = ledger.positions(&partitions.iter().map(named).collect::<Vec<_>>())?;
        let (beginnings, ends) = (reader.beginnings(&partitions)?, reader.end_offsets(&partitions)?);
        let mut places: Vec<Place> = Vec::with_capacity(feeds.len());
        let mut topics: Vec<std::sync::Arc<str>> = Vec::new();
        for (nth, (feed, partition)) in feeds.into_iter().enumerate() {
            if topics.last() != Some(&partition.topic) {
                topics.push(partition.topic.clone());
            }
            let topic = u16::try_from(topics.len() - 1).unwrap_or(u16::MAX);
            let number = |all: &[Offset]| all.get(nth).map_or(0, |offset| offset.0);
            let (begin, end) = (number(&beginnings), number(&ends));
            let mut at = positions.get(nth).copied().unwrap_or(0);
            if at > end {
                return Err(ledger.ahead(&partition.to_string(), at, end).into());
            }
            if at < begin {
                let (topic, partition) = named(&partition);
                ledger.skip(&Move { topic, partition, from: at, to: begin })?;
                at = begin;
            }
            places.push(Place { feed, partition, topic, at, end });
        }
        let starts: Vec<_> = places.iter().map(|place| (place.partition.clone(), Offset(place.at))).collect();
        reader.assign(&starts)?;
        Ok(Self { ledger, reader, places, messages: Vec::new() })
    }

    /// Takes in what comes within that time; the number of records.
    ///
    /// # Errors
    /// As [`Follower::new`].
    pub fn turn(&mut self, wait: Duration) -> Result<usize, FollowError> {
        self.messages.clear();
        self.reader.poll(BATCH, wait, &mut self.messages)?;
        let mut batch = Batch::default();
        for message in &self.messages {
            let own = |place: &&Place| {
                place.topic == message.topic && place.partition.partition == message.partition
            };
            if let Some(place) = self.places.iter().find(own) {
                batch.take(place.feed, &place.partition.topic, message);
            }
        }
        for place in &mut self.places {
            // Control records are passed by the position only.
            let next = self.reader.position(&place.partition).map_or(place.at, |next| next.0);
            if next > place.at {
                let (topic, partition) = (place.partition.topic.to_string(), place.partition.partition.0);
                batch.moved(Move { topic, partition, from: place.at, to: next });
                place.at = next;
            }
        }
        if !batch.is_empty() {
            self.ledger.apply(&batch)?;
        }
        Ok(self.messages.len())
    }

    /// True if everything is taken in that was there when the ledger was opened.
    pub fn has_caught_up(&self) -> bool {
        self.places.iter().all(|place| place.at >= place.end)
    }
}
