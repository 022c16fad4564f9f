//! The records on their way from the log: how many are polled, how long a poll waits, which partitions are paused.

use std::time::Duration;

use winback_core::time::{Span, Time};
use winback_log::{GroupEvent, LogError, Message, Session};

use crate::config::LaneConfig;
use crate::inputs::Inputs;
use crate::merge::Merge;
use crate::partition::PartitionState;

/// The records of one poll, and the merge by time.
#[derive(Debug)]
pub(crate) struct Feed {
    max: usize,
    max_wait: Duration,
    /// A partition with so many records, or bytes of them, buffered is paused.
    buffer: (usize, usize),
    polled: Vec<Message>,
    next_wait: Duration,
    merge: Merge,
    is_merging: bool,
    merge_timeout: Span,
}

impl Feed {
    pub(crate) fn new(config: &LaneConfig, is_merging: bool) -> Self {
        Self {
            max: config.poll_max,
            max_wait: config.max_wait,
            buffer: (config.buffer_records, config.buffer_bytes),
            polled: Vec::new(),
            next_wait: Duration::ZERO,
            merge: Merge::default(),
            is_merging,
            merge_timeout: config.merge_timeout,
        }
    }

    /// The most records of a poll, and of a turn.
    pub(crate) const fn max(&self) -> usize {
        self.max
    }

    /// The longest that a turn waits.
    pub(crate) const fn max_wait(&self) -> Duration {
        self.max_wait
    }

    /// The next poll waits so long.
    pub(crate) const fn wait(&mut self, wait: Duration) {
        self.next_wait = wait;
    }

    /// Pauses what cannot be stepped or has no room, and resumes the others.
    pub(crate) fn settle_pauses(
        &self,
        inputs: &mut Inputs,
        session: &mut dyn Session,
        may_read: bool,
        now: Time,
    ) -> Result<(), LogError> {
        let (mut pause, mut resume) = (Vec::new(), Vec::new());
        for slot in inputs.iter_mut() {
            match slot.change_pause(may_read, now, self.buffer) {
                Some(true) => pause.push(slot.partition().clone()),
                Some(false) => resume.push(slot.partition().clone()),
                None => {}
            }
        }
        if !pause.is_empty() {
            session.pause(&pause)?;
        }
        if !resume.is_empty() {
            session.resume(&resume)?;
        }
        Ok(())
    }

    /// Polls once; the records are taken with [`Feed::take`].
    pub(crate) fn poll(&mut self, session: &mut dyn Session) -> Result<Option<GroupEvent>, LogError> {
        self.polled.clear();
        session.poll(self.max, self.next_wait.min(self.max_wait), &mut self.polled)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.polled.is_empty()
    }

    /// The records of the last poll.
    pub(crate) fn take(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.polled)
    }

    /// The emptied list, whose memory is kept.
    pub(crate) fn give_back(&mut self, emptied: Vec<Message>) {
        self.polled = emptied;
    }

    /// True if the records of several partitions are merged by time.
    pub(crate) fn merges(&self, inputs: &Inputs) -> bool {
        self.is_merging && inputs.count(PartitionState::Running) > 1
    }

    /// The merge, whose memory is kept.
    pub(crate) fn take_merge(&mut self) -> Merge {
        std::mem::take(&mut self.merge)
    }

    pub(crate) fn give_back_merge(&mut self, merge: Merge) {
        self.merge = merge;
    }

    /// The time the merge waits for a partition that has more records but does not deliver them.
    pub(crate) const fn merge_timeout(&self) -> Span {
        self.merge_timeout
    }
}

#[cfg(test)]
mod tests {
    use winback_core::ids::Offset;
    use winback_log::TopicPartition;

    use super::*;
    use crate::dead::DeadLetters;

    fn feed(is_merging: bool) -> Feed {
        let dead = DeadLetters { topic: "dead".to_owned(), max_bytes: 1 };
        Feed::new(&LaneConfig::new("lane", dead), is_merging)
    }

    #[test]
    fn one_running_partition_alone_is_not_merged() {
        let mut inputs = Inputs::default();
        for number in [0, 1] {
            inputs.add(TopicPartition::new("visits", number), 0, 1).unwrap();
        }
        let run =
            |inputs: &mut Inputs, at| inputs.get_mut(at).unwrap().start(Offset::ZERO, 0, false).unwrap();
        run(&mut inputs, 0);
        assert!(!feed(true).merges(&inputs));
        run(&mut inputs, 1);
        assert!(feed(true).merges(&inputs) && !feed(false).merges(&inputs));
    }
}
