//! Scanning topics for the command line: to the end as it was when asked, or on until Ctrl-C; memory is bounded.
//!
//! A scan of one partition gives its order. A [`merged`] scan of several gives the order of the records' own times, then
//! partition and offset, so that the same log always prints the same lines.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use winback_core::ids::Offset;
use winback_core::time::Time;
use winback_log::partitioner::partition_of;
use winback_log::{Log, Message, Reader, TopicPartition};
use winback_proto::{WireMessage, v1};

/// The number of records in a fetch.
const BATCH: usize = 512;
/// The time that one poll waits.
const WAIT: Duration = Duration::from_millis(200);

/// A visitor's answer: continue or stop.
pub type Flow = anyhow::Result<ControlFlow<()>>;

/// A record that tells its own time.
pub trait Timed: WireMessage {
    /// The time at which it was made, as it says itself.
    fn at(&self) -> Time;
}

macro_rules! timed {
    ($($name:ident . $field:ident),+) => {
        $(impl Timed for v1::$name {
            fn at(&self) -> Time {
                winback_proto::time(self.$field.as_ref()).unwrap_or(Time::MIN)
            }
        })+
    };
}

timed!(Trigger.fired_at, Decision.decided_at, Action.at, DeadLetter.failed_at);

/// A decoded record and where it stands.
#[derive(Debug)]
pub struct Found<T> {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// The value.
    pub value: T,
}

/// The partitions of a topic.
///
/// # Errors
/// When the log is away, or the topic is not there: then nothing has run yet.
pub fn partitions(log: &dyn Log, topic: &Arc<str>) -> anyhow::Result<Vec<TopicPartition>> {
    let there = log.describe(&[topic])?.pop().flatten();
    let count = there.map(|info| info.spec.partitions).with_context(|| nothing_yet(log, topic))?;
    Ok((0..count).map(|partition| TopicPartition::new(Arc::clone(topic), partition)).collect())
}

fn nothing_yet(log: &dyn Log, topic: &str) -> String {
    format!(
        "nothing has run here yet: {} has no topic `{topic}`; `winback run` makes it, or `--log` and `deployment` name \
         another log",
        log.name()
    )
}

/// The partition that holds an account's records, or all of them.
///
/// # Errors
/// As [`partitions`].
pub fn partitions_of(
    log: &dyn Log,
    topic: &Arc<str>,
    account: Option<&str>,
) -> anyhow::Result<Vec<TopicPartition>> {
    let mut all = partitions(log, topic)?;
    if let Some(account) = account {
        let count = i32::try_from(all.len()).unwrap_or(i32::MAX);
        let own = partition_of(account.as_bytes(), count);
        all.retain(|partition| partition.partition == own);
    }
    Ok(all)
}

/// The first record of a partition that is there: what stood before it is gone with its retention.
///
/// # Errors
/// When the log is away.
pub fn beginning(log: &dyn Log, partition: &TopicPartition) -> anyhow::Result<Offset> {
    let found = log.reader()?.beginnings(std::slice::from_ref(partition))?.pop();
    Ok(found.unwrap_or(Offset::ZERO))
}

/// Visits the records of one partition from `from` to its end as it is now; the end is answered.
///
/// # Errors
/// When the log is away, or the visitor's.
pub fn each(
    log: &dyn Log,
    partition: &TopicPartition,
    from: Offset,
    mut visit: impl FnMut(&Message) -> Flow,
) -> anyhow::Result<Offset> {
    let mut cursor = Cursor::open(log, partition, from)?;
    while let Some(message) = cursor.next()? {
        if visit(&message)?.is_break() {
            break;
        }
    }
    Ok(cursor.end)
}

/// Visits the decoded records of several partitions, merged by their own times; the ends are answered. A record that
/// is no `T` is told on standard error and counted.
///
/// # Errors
/// When the log is away, or the visitor's.
pub fn merged<T: Timed>(
    log: &dyn Log,
    partitions: &[TopicPartition],
    mut visit: impl FnMut(Found<T>) -> Flow,
) -> anyhow::Result<Ends> {
    let mut ends = Ends::default();
    let mut heads = Vec::new();
    for partition in partitions {
        let mut cursor = Cursor::open(log, partition, Offset::ZERO)?;
        ends.next.push((partition.clone(), cursor.end));
        let head = cursor.next_decoded::<T>(&mut ends.unreadable)?;
        heads.extend(head.map(|head| (head, cursor)));
    }
    let order = |found: &Found<T>| (found.value.at(), found.partition, found.offset);
    while let Some(at) = (0..heads.len()).min_by_key(|&at| order(&heads[at].0)) {
        let (found, mut cursor) = heads.swap_remove(at);
        if visit(found)?.is_break() {
            break;
        }
        heads.extend(cursor.next_decoded::<T>(&mut ends.unreadable)?.map(|head| (head, cursor)));
    }
    Ok(ends)
}

/// The end of a scan.
#[derive(Debug, Default)]
pub struct Ends {
    /// The next positions to read.
    pub next: Vec<(TopicPartition, Offset)>,
    /// The number of unreadable records.
    pub unreadable: u64,
}

/// Goes on from where a scan ended, as records come, until Ctrl-C.
///
/// # Errors
/// When the log is away for good, or the visitor's.
pub fn follow<T: Timed>(
    log: &dyn Log,
    ends: &mut Ends,
    stop: &AtomicBool,
    mut visit: impl FnMut(Found<T>) -> Flow,
) -> anyhow::Result<()> {
    let mut reader = log.reader()?;
    reader.assign(&ends.next)?;
    let mut messages = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        messages.clear();
        reader.poll(BATCH, WAIT, &mut messages)?;
        for message in &messages {
            let topic = ends.next.first().map_or("", |(partition, _)| &*partition.topic);
            let Some(found) = decoded(topic, message, &mut ends.unreadable) else { continue };
            if visit(found)?.is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// A flag that Ctrl-C and SIGTERM raise.
///
/// # Errors
/// When the signals cannot be had.
pub fn stop_flag() -> anyhow::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // The second Ctrl-C ends the process whatever it does.
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&flag))?;
        signal_hook::flag::register(signal, Arc::clone(&flag))?;
    }
    Ok(flag)
}

fn decoded<T: WireMessage>(topic: &str, message: &Message, unreadable: &mut u64) -> Option<Found<T>> {
    let (partition, offset) = (message.partition.0, message.offset.0);
    match T::from_bytes(message.value()?) {
        Ok(value) => Some(Found { partition, offset, value }),
        Err(why) => {
            *unreadable += 1;
            winback_terminal::note!(
                "winback: {topic}/{partition}@{offset} is left out: {}",
                winback_terminal::safe(&why.to_string())
            );
            None
        }
    }
}

/// The inbox record that a trigger's header names: partition and offset.
pub fn cause(message: &Message) -> Option<(i32, i64)> {
    let header = message.header(winback_proto::envelope::INBOX_POSITION)?;
    let (partition, offset) = std::str::from_utf8(&header).ok()?.split_once('/')?;
    Some((partition.parse().ok()?, offset.parse().ok()?))
}

/// One partition, read up to where it ended when it was opened.
struct Cursor {
    reader: Box<dyn Reader>,
    partition: TopicPartition,
    end: Offset,
    done: bool,
    buffer: VecDeque<Message>,
    fetched: Vec<Message>,
}

impl Cursor {
    fn open(log: &dyn Log, partition: &TopicPartition, from: Offset) -> anyhow::Result<Self> {
        let mut reader = log.reader()?;
        let only = std::slice::from_ref(partition);
        let end = reader.end_offsets(only)?.pop().unwrap_or(Offset::ZERO);
        let beginning = reader.beginnings(only)?.pop().unwrap_or(Offset::ZERO);
        let done = from.max(beginning) >= end;
        if !done {
            // What is gone cannot be asked for.
            let from = if from < beginning { Offset::ZERO } else { from };
            reader.assign(&[(partition.clone(), from)])?;
        }
        let (buffer, fetched) = (VecDeque::new(), Vec::new());
        Ok(Self { reader, partition: partition.clone(), end, done, buffer, fetched })
    }

    fn next(&mut self) -> anyhow::Result<Option<Message>> {
        loop {
            if let Some(message) = self.buffer.pop_front() {
                if message.offset < self.end {
                    return Ok(Some(message));
                }
                self.buffer.clear();
                self.done = true;
            }
            if self.done {
                return Ok(None);
            }
            self.reader.poll(BATCH, WAIT, &mut self.fetched)?;
            self.buffer.extend(self.fetched.drain(..));
            // Control records at the end of a Kafka partition are passed by the position only.
            self.done = self.reader.position(&self.partition).is_some_and(|next| next >= self.end);
        }
    }

    fn next_decoded<T: WireMessage>(&mut self, unreadable: &mut u64) -> anyhow::Result<Option<Found<T>>> {
        while let Some(message) = self.next()? {
            if let Some(found) = decoded(&self.partition.topic, &message, unreadable) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }
}
