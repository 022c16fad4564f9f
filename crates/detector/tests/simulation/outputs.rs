//! The comparison of the detectors' writes with the pure core over the inbox read back. A difference is described.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::time::Duration;

use winback_core::debounce::shadow::is_shadow;
use winback_core::debounce::{Counts, Effect, InboxClock, Partition, StateKey, StateRow};
use winback_core::ids::Offset;
use winback_detector::read;
use winback_log::{Log, Message, TopicPartition};
use winback_oracle::Replay;
use winback_proto::envelope::INBOX_POSITION;
use winback_proto::{Encoding, WireMessage, decision, state, trigger, v1};

use crate::world::{CHANGELOG, DEAD, DECISIONS, INBOX, TRIGGERS};

/// A trigger: its id, the place of the record that decided it, its bytes.
pub(crate) type Fired = (String, String, Vec<u8>);
/// A dead letter of the inbox: where the record stands, and why.
type Buried = (i32, i64, String);

/// The state of a partition, its position aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    rows: BTreeMap<StateKey, StateRow>,
    clock: InboxClock,
    counts: Counts,
}

/// All that the inbox leads to; lists are sorted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outputs {
    pub(crate) triggers: Vec<Fired>,
    pub(crate) decisions: Vec<Vec<u8>>,
    pub(crate) dead: Vec<Buried>,
    state: Vec<Standing>,
    /// The inbox position in the state, by partition.
    next: Vec<Option<Offset>>,
    /// Bursts that no record has ended.
    pub(crate) open_bursts: usize,
    /// The number of the core's triggers under a policy in shadow.
    pub(crate) in_shadow: u64,
}

/// Every committed record of a topic with so many partitions, each partition's in order.
pub(crate) fn messages(log: &dyn Log, topic: &str, partitions: i32) -> Vec<Message> {
    let starts: Vec<_> = (0..partitions).map(|at| (TopicPartition::new(topic, at), Offset::ZERO)).collect();
    let mut reader = log.reader().unwrap();
    reader.assign(&starts).unwrap();
    let mut messages = Vec::new();
    while {
        let before = messages.len();
        reader.poll(100_000, Duration::ZERO, &mut messages).unwrap();
        messages.len() > before
    } {}
    messages
}

impl Outputs {
    /// The outputs of one process that reads the inbox once, in order.
    pub(crate) fn expected(log: &dyn Log, partitions: i32) -> Self {
        let mut outputs = Self::default();
        let mut replays: Vec<Replay> = (0..partitions).map(|_| Replay::default()).collect();
        let mut effects = Vec::new();
        for message in &messages(log, INBOX, partitions) {
            let replay = &mut replays[usize::try_from(message.partition.0).unwrap()];
            let unreadable = replay.unreadable;
            replay.step(message, partitions, &mut effects);
            if let Some(why) = (replay.unreadable > unreadable).then(|| read(message, partitions).err()) {
                let reason = why.map(|why| why.reason().to_owned()).unwrap_or_default();
                outputs.dead.push((message.partition.0, message.offset.0, reason));
            }
            effects.drain(..).for_each(|effect| outputs.take(&effect, message));
        }
        for replay in replays {
            outputs.stand(&replay.partition);
        }
        outputs.sorted()
    }

    /// The writes of the lanes.
    pub(crate) fn written(log: &dyn Log, partitions: i32) -> Self {
        let mut outputs = Self::default();
        let value = |message: &Message| message.value().unwrap_or_default().to_vec();
        for message in messages(log, TRIGGERS, 1) {
            let header = |name| String::from_utf8(message.header(name).unwrap_or_default().to_vec()).unwrap();
            outputs.triggers.push((header("ce_id"), header(INBOX_POSITION), value(&message)));
        }
        outputs.decisions.extend(messages(log, DECISIONS, 1).iter().map(value));
        for message in messages(log, DEAD, 1) {
            let letter = v1::DeadLetter::from_bytes(&value(&message)).unwrap();
            if letter.role == "detector" {
                outputs.dead.push((letter.partition, letter.offset, letter.reason));
            }
        }
        for restored in restored(log, partitions) {
            outputs.stand(&restored);
        }
        outputs.sorted()
    }

    fn take(&mut self, effect: &Effect, message: &Message) {
        let (partition, offset) = (message.partition, message.offset);
        match effect {
            Effect::Trigger(fired) => {
                self.in_shadow += u64::from(is_shadow(fired.policy.as_str()));
                let wire = trigger::to_wire(fired);
                let place = format!("{partition}/{offset}");
                self.triggers.push((wire.id.clone(), place, wire.to_bytes(Encoding::Protobuf)));
            }
            Effect::Decision(made) => {
                let wire = decision::to_wire(made, partition, offset);
                self.decisions.push(wire.to_bytes(Encoding::Protobuf));
            }
            Effect::DeadLetter { reason, .. } => self.dead.push((partition.0, offset.0, reason.to_string())),
            Effect::Note(_) => {}
        }
    }

    fn stand(&mut self, partition: &Partition) {
        let mut rows = partition.rows();
        rows.remove(&StateKey::Clock);
        self.next.push(partition.next_offset());
        self.open_bursts += partition.open_bursts();
        self.state.push(Standing { rows, clock: partition.clock().clone(), counts: partition.counts() });
    }

    fn sorted(mut self) -> Self {
        self.triggers.sort_unstable();
        self.decisions.sort_unstable();
        self.dead.sort_unstable();
        self
    }

    /// The triggers without the place of what decided them.
    pub(crate) fn fired(&self) -> Vec<&[u8]> {
        self.triggers.iter().map(|(.., bytes)| bytes.as_slice()).collect()
    }

    /// The differences between the state's and the group's positions at the end of the inbox, and ids that came twice.
    pub(crate) fn misplaced(&self, log: &dyn Log, group: &str) -> Option<String> {
        let partitions: Vec<_> =
            (0..).zip(&self.next).map(|(at, _)| TopicPartition::new(INBOX, at)).collect();
        let mut reader = log.reader().unwrap();
        let group = reader.committed(group, &partitions).unwrap();
        let ends: Vec<_> = reader.end_offsets(&partitions).unwrap().into_iter().map(Some).collect();
        if self.next != group {
            return Some(format!("the state stands at {:?}, the group at {group:?}", self.next));
        }
        if group != ends {
            return Some(format!("the group stands at {group:?}, the inbox ends at {ends:?}"));
        }
        let mut ids = BTreeSet::new();
        let twice = self.triggers.iter().find(|(id, ..)| !ids.insert(id));
        twice.map(|fired| format!("a trigger came twice: {fired:?}"))
    }
}

/// The partitions as a detector would restore them.
fn restored(log: &dyn Log, partitions: i32) -> Vec<Partition> {
    let mut restored: Vec<Partition> = (0..partitions).map(|_| Partition::default()).collect();
    for message in messages(log, CHANGELOG, partitions) {
        let key = state::key_from_bytes(message.key().unwrap()).unwrap();
        let decode =
            |value: &[u8]| state::row_from_wire(v1::StateRecord::from_bytes(value).unwrap()).unwrap();
        let row = message.value().map(decode);
        restored[usize::try_from(message.partition.0).unwrap()].load(key, row);
    }
    restored
}

/// The differences of two runs, in words.
pub(crate) fn difference(expected: &Outputs, written: &Outputs) -> Option<String> {
    let place = |bytes: &Vec<u8>| {
        let made = v1::Decision::from_bytes(bytes).unwrap();
        let at = format!("{}/{}", made.inbox_partition, made.inbox_offset);
        format!("{at} {} {} {} {:?}", made.account_id, made.outcome, made.because, made.decided_at)
    };
    let fired = |(id, place, bytes): &Fired| format!("{place} {id} {}", trigger_in_words(bytes));
    lists("triggers", &expected.triggers, &written.triggers, fired)
        .or_else(|| lists("decisions", &expected.decisions, &written.decisions, place))
        .or_else(|| lists("dead letters", &expected.dead, &written.dead, |letter| format!("{letter:?}")))
        .or_else(|| states(&expected.state, &written.state))
}

/// Enough of a trigger to know it.
pub(crate) fn trigger_in_words(bytes: &[u8]) -> String {
    let fired = v1::Trigger::from_bytes(bytes).unwrap();
    let account = fired.account.map(|account| account.id).unwrap_or_default();
    let score = fired.score.map(|score| score.total);
    format!("{account} {} {} at {:?}, score {score:?}", fired.edge, fired.fired_because, fired.fired_at)
}

/// The differences of two sorted lists: the number, and the first few of each side.
pub(crate) fn lists<T: Ord + Debug>(
    what: &str,
    expected: &[T],
    written: &[T],
    show: impl Fn(&T) -> String,
) -> Option<String> {
    if expected == written {
        return None;
    }
    let mut counts: BTreeMap<&T, i64> = BTreeMap::new();
    expected.iter().for_each(|item| *counts.entry(item).or_default() += 1);
    written.iter().for_each(|item| *counts.entry(item).or_default() -= 1);
    counts.retain(|_, count| *count != 0);
    let line = |(item, count): (&&T, &i64)| {
        let which = if *count > 0 { "missing" } else { "too many" };
        format!("  {which} ({}): {}", count.abs(), show(item))
    };
    let shown: Vec<_> = counts.iter().take(4).map(line).collect();
    Some(format!("{} {what} differ of {}:\n{}", counts.len(), expected.len(), shown.join("\n")))
}

fn states(expected: &[Standing], written: &[Standing]) -> Option<String> {
    let at = expected.iter().zip(written).position(|(expected, written)| expected != written)?;
    let (expected, written) = (&expected[at], &written[at]);
    let keys: BTreeSet<_> = expected.rows.keys().chain(written.rows.keys()).collect();
    let row = keys.into_iter().find(|key| expected.rows.get(*key) != written.rows.get(*key));
    Some(match row {
        Some(key) => format!(
            "the state of partition {at} differs in {key:?}:\n  core: {:?}\n  log: {:?}",
            expected.rows.get(key),
            written.rows.get(key)
        ),
        None => format!(
            "the state of partition {at} differs:\n  core: {:?} {:?}\n  log: {:?} {:?}",
            expected.clock, expected.counts, written.clock, written.counts
        ),
    })
}
