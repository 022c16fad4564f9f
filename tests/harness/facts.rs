//! The facts in a deployment's log, and the pure core's own.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};

use winback_core::debounce::{Body, CALENDAR, StateKey, StateRow};
use winback_core::ids::Offset;
use winback_core::signal::SignalKind;
use winback_core::time::Time;
use winback_detector::read;
use winback_log::TopicPartition;
use winback_oracle::{Options, Stepper, restored_rows};
use winback_proto::{Encoding, WireMessage, v1};

use super::{Deployment, messages_of};

/// A matched signal: account, source, id, event time.
pub(crate) type Matched = (String, String, String, Time);

/// A trigger as it stands in the log; shown as JSON where two differ.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fired {
    /// Its id.
    pub(crate) id: String,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

impl Fired {
    fn read(bytes: Vec<u8>) -> Self {
        Self { id: v1::Trigger::from_bytes(&bytes).unwrap().id, bytes }
    }

    /// The decoded trigger.
    pub(crate) fn wire(&self) -> v1::Trigger {
        v1::Trigger::from_bytes(&self.bytes).unwrap()
    }
}

impl Debug for Fired {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(&self.wire()).unwrap())
    }
}

/// The content of a deployment's log. Lists are sorted, so that equal lists are equal multisets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Facts {
    /// Matched signals in the inbox.
    pub(crate) matched: Vec<Matched>,
    /// Triggers.
    pub(crate) triggers: Vec<Fired>,
    /// Triggers of policies in shadow.
    pub(crate) in_shadow: Vec<Fired>,
    /// Decisions.
    pub(crate) decisions: Vec<v1::Decision>,
    /// Dead letters.
    pub(crate) dead: Vec<v1::DeadLetter>,
}

impl Facts {
    /// Reads them.
    pub(crate) fn of(deployment: &Deployment) -> Self {
        Self {
            matched: matched(deployment),
            triggers: sorted(triggers(deployment, "triggers")),
            in_shadow: sorted(triggers(deployment, "shadow-triggers")),
            decisions: values(deployment, "decisions"),
            dead: values(deployment, "dead-letters"),
        }
    }

    /// Outcomes of signals, with how many.
    pub(crate) fn outcomes(&self) -> BTreeMap<String, u64> {
        let signal = |made: &&v1::Decision| matches!(made.subject, Some(v1::decision::Subject::Signal(_)));
        counted(self.decisions.iter().filter(signal).map(|made| made.outcome.clone()))
    }

    /// True if each matched signal was decided under each deciding policy. Signals that the detector makes itself, of
    /// the calendar and of events, are no matched ones.
    pub(crate) fn all_is_decided(&self) -> bool {
        let matched = |made: &&v1::Decision| matches!(&made.subject, Some(v1::decision::Subject::Signal(signal)) if !is_made(signal));
        let decided = counted(self.decisions.iter().filter(matched).map(|made| made.policy.clone()));
        let matched = self.matched.len() as u64;
        decided.values().all(|count| *count == matched) && (matched == 0 || !decided.is_empty())
    }

    /// Outcomes of bursts, with how many.
    pub(crate) fn burst_ends(&self) -> BTreeMap<String, u64> {
        let burst = |made: &&v1::Decision| matches!(made.subject, Some(v1::decision::Subject::Burst(_)));
        counted(self.decisions.iter().filter(burst).map(|made| made.outcome.clone()))
    }

    /// Triggers by edge.
    pub(crate) fn edges(&self) -> BTreeMap<String, u64> {
        counted(self.triggers.iter().map(|fired| fired.wire().edge))
    }

    /// Dead letters by reason.
    pub(crate) fn dead_reasons(&self) -> BTreeMap<String, u64> {
        counted(self.dead.iter().map(|letter| letter.reason.clone()))
    }

    /// Fails where a trigger's id came twice.
    pub(crate) fn assert_ids_are_unique(&self) {
        for triggers in [&self.triggers, &self.in_shadow] {
            let twice: Vec<_> = triggers.windows(2).filter(|pair| pair[0].id == pair[1].id).collect();
            assert!(twice.is_empty(), "triggers with one id: {twice:?}");
        }
    }
}

fn sorted<T: Ord>(mut list: Vec<T>) -> Vec<T> {
    list.sort_unstable();
    list
}

/// Counts by name.
pub(crate) fn counted(names: impl Iterator<Item = String>) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    counts
}

/// The values of a topic. Partitions are read side by side, so that only a sorted list is the same each time.
pub(crate) fn values<M: WireMessage>(deployment: &Deployment, topic: &str) -> Vec<M> {
    let read = messages_of(deployment, topic);
    let mut places: Vec<_> =
        read.iter().map(|message| (message.partition, message.offset, message.value().unwrap())).collect();
    places.sort_unstable_by_key(|(partition, offset, _)| (*partition, *offset));
    places.into_iter().map(|(.., value)| M::from_bytes(value).unwrap()).collect()
}

fn is_made(signal: &v1::SignalSubject) -> bool {
    let events = [SignalKind::ProductRelease, SignalKind::CompetitorEvent];
    signal.source == CALENDAR || events.iter().any(|kind| kind.as_str() == signal.kind)
}

fn triggers(deployment: &Deployment, topic: &str) -> Vec<Fired> {
    let read = messages_of(deployment, topic);
    read.iter().map(|message| Fired::read(message.value().unwrap().to_vec())).collect()
}

fn matched(deployment: &Deployment) -> Vec<Matched> {
    let inbox = messages_of(deployment, "inbox");
    let there = deployment.log().describe(&[&deployment.own("inbox")]).unwrap().pop().flatten();
    let partitions = there.map_or(4, |info| info.spec.partitions);
    let signal = |message| match read(message, partitions).unwrap().body {
        Body::Signal(signal) => {
            Some((signal.account.to_string(), signal.source, signal.id, signal.event_time))
        }
        _ => None,
    };
    sorted(inbox.iter().filter_map(signal).collect())
}

/// The pure core's outputs of an inbox.
pub(crate) struct Replayed {
    /// Triggers, sorted.
    pub(crate) triggers: Vec<Fired>,
    /// Triggers of policies in shadow, sorted.
    pub(crate) in_shadow: Vec<Fired>,
    /// Decisions with their place, as many as there are.
    pub(crate) decisions: Vec<v1::Decision>,
    /// The rows of its state, sorted by partition and key; the clock's, which names offsets, aside.
    pub(crate) state: Vec<String>,
    /// Bursts that opened, ended, and are open.
    pub(crate) bursts: (u64, u64, u64),
}

/// Steps the pure core over a deployment's inbox, each partition from its first record to where the committed state
/// stands: who ends last may leave progress behind that nobody has stepped.
pub(crate) fn replay(deployment: &Deployment) -> Replayed {
    let stepped = state_positions(deployment);
    let mut steppers: Vec<Stepper> = (0..4).map(|_| Stepper::new(4)).collect();
    let (mut triggers, mut in_shadow, mut decisions) = (Vec::new(), Vec::new(), Vec::new());
    let fired = |wire: &v1::Trigger| Fired::read(wire.to_bytes(Encoding::Protobuf));
    for message in &messages_of(deployment, "inbox") {
        let number = usize::try_from(message.partition.0).unwrap();
        if stepped[number].is_none_or(|next| message.offset >= next) {
            continue;
        }
        let made = steppers[number].step(message);
        assert!(made.dead.is_empty(), "the core refuses a record: {:?}", made.dead);
        triggers.extend(made.triggers.iter().map(fired));
        in_shadow.extend(made.in_shadow.iter().map(fired));
        decisions.extend(made.decisions.iter().cloned());
    }
    assert_eq!(steppers.iter().map(Stepper::unreadable).sum::<u64>(), 0, "unreadable records in the inbox");
    let mut state = Vec::new();
    let mut bursts = (0, 0, 0);
    for (number, stepper) in steppers.iter().enumerate() {
        let (partition, counts) = (stepper.partition(), stepper.partition().counts());
        state.extend(lines(number, partition.rows()));
        bursts.0 += counts.opened;
        bursts.1 += counts.ended;
        bursts.2 += partition.open_bursts() as u64;
    }
    let (triggers, in_shadow) = (sorted(triggers), sorted(in_shadow));
    Replayed { triggers, in_shadow, decisions, state: sorted(state), bursts }
}

/// The rows that a detector would restore from the changelog, in the form of [`Replayed::state`].
pub(crate) fn restored(deployment: &Deployment) -> Vec<String> {
    sorted((0..4).zip(0..).flat_map(|(number, at)| lines(at, rows(deployment, number))).collect())
}

/// The positions of which the changelog speaks, by partition of the inbox.
pub(crate) fn state_positions(deployment: &Deployment) -> Vec<Option<Offset>> {
    let position = |number| match rows(deployment, number).get(&StateKey::Clock) {
        Some(StateRow::Clock(_, next, _)) => Some(*next),
        _ => None,
    };
    (0..4).map(position).collect()
}

fn rows(deployment: &Deployment, number: i32) -> BTreeMap<StateKey, StateRow> {
    let changelog = TopicPartition::new(deployment.own("detector-changelog"), number);
    restored_rows(&*deployment.log(), &changelog, Options::default().patience).unwrap()
}

fn lines(number: usize, rows: BTreeMap<StateKey, StateRow>) -> impl Iterator<Item = String> {
    let rows = rows.into_iter().filter(|(key, _)| *key != StateKey::Clock);
    rows.map(move |(key, row)| format!("{number} {key:?} {row:?}"))
}

/// The differences of two sorted lists: left only and right only. Short, for an assertion's text.
pub(crate) fn difference<T: Ord + Clone + Debug>(left: &[T], right: &[T]) -> Option<String> {
    let mut counts: BTreeMap<&T, i64> = BTreeMap::new();
    left.iter().for_each(|item| *counts.entry(item).or_default() += 1);
    right.iter().for_each(|item| *counts.entry(item).or_default() -= 1);
    counts.retain(|_, count| *count != 0);
    let shown: Vec<_> = counts.iter().take(6).collect();
    (!counts.is_empty())
        .then(|| format!("{} of {} and {} differ: {shown:?}", counts.len(), left.len(), right.len()))
}
