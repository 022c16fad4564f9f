//! Records on their way in and out.

use std::fmt;

use bytes::Bytes;
use winback_core::ids::{Offset, Partition};
use winback_core::time::Time;

/// Headers in order; names may repeat.
pub type Headers = Vec<(String, Bytes)>;

/// A record that a log stores, owned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The key, when it has one.
    pub key: Option<Bytes>,
    /// The value; `None` is a tombstone.
    pub value: Option<Bytes>,
    /// The headers.
    pub headers: Headers,
}

/// A delivered record whose bytes a log's client holds until this is dropped.
pub trait HeldRecord: Send + fmt::Debug {
    /// The key, when it has one.
    fn key(&self) -> Option<&[u8]>;

    /// The value; `None` is a tombstone.
    fn value(&self) -> Option<&[u8]>;

    /// Calls `visit` with each header in order.
    fn each_header(&self, visit: &mut dyn FnMut(&str, &[u8]));
}

/// A delivered record. Cheap to move; the bytes stay where the log client has them.
#[derive(Debug)]
pub struct Message {
    /// The topic, counted in the order of [`crate::SessionSpec::topics`] or of a reader's assignment.
    pub topic: u16,
    /// The partition.
    pub partition: Partition,
    /// Its offset.
    pub offset: Offset,
    /// The time of creation or append, by the topic's kind.
    pub timestamp: Time,
    /// The assignment that it came under; a lane drops those of an earlier one.
    pub epoch: u32,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Owned(Record),
    Held(Box<dyn HeldRecord>),
}

impl Message {
    /// A message whose bytes are its own.
    pub const fn owned(
        topic: u16,
        partition: Partition,
        offset: Offset,
        timestamp: Time,
        epoch: u32,
        record: Record,
    ) -> Self {
        Self { topic, partition, offset, timestamp, epoch, body: Body::Owned(record) }
    }

    /// A message whose bytes the log's client holds.
    pub const fn held(
        topic: u16,
        partition: Partition,
        offset: Offset,
        timestamp: Time,
        epoch: u32,
        record: Box<dyn HeldRecord>,
    ) -> Self {
        Self { topic, partition, offset, timestamp, epoch, body: Body::Held(record) }
    }

    /// The key, when it has one.
    pub fn key(&self) -> Option<&[u8]> {
        match &self.body {
            Body::Owned(record) => record.key.as_deref(),
            Body::Held(record) => record.key(),
        }
    }

    /// The value; `None` is a tombstone.
    pub fn value(&self) -> Option<&[u8]> {
        match &self.body {
            Body::Owned(record) => record.value.as_deref(),
            Body::Held(record) => record.value(),
        }
    }

    /// Calls `visit` with each header in order.
    pub fn each_header(&self, mut visit: impl FnMut(&str, &[u8])) {
        match &self.body {
            Body::Owned(record) => record.headers.iter().for_each(|(name, value)| visit(name, value)),
            Body::Held(record) => record.each_header(&mut visit),
        }
    }

    /// The last header of that name.
    pub fn header(&self, name: &str) -> Option<Bytes> {
        let mut found = None;
        self.each_header(|header, value| {
            if header == name {
                found = Some(Bytes::copy_from_slice(value));
            }
        });
        found
    }
}

/// A record to append.
#[derive(Clone, Copy, Debug)]
pub struct Append<'a> {
    /// The target topic.
    pub topic: &'a str,
    /// The partition; `None` hashes the key with `murmur2_random`.
    pub partition: Option<Partition>,
    /// The key, when it has one.
    pub key: Option<&'a [u8]>,
    /// The value; `None` is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Headers, in order.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The producer's timestamp where the topic takes one; `None` is now.
    pub timestamp: Option<Time>,
}

impl<'a> Append<'a> {
    /// A record to the partition that its key hashes to, without headers, stamped now.
    pub const fn keyed(topic: &'a str, key: &'a [u8], value: &'a [u8]) -> Self {
        Self { topic, partition: None, key: Some(key), value: Some(value), headers: &[], timestamp: None }
    }
}
