//! The lane as a member of its group: the session, the events that are to be answered, and whether memory can be trusted.

use std::sync::Arc;

use winback_log::{CommitError, GroupEvent, LogError, Session, SessionSpec, TopicPartition};

use crate::error::LaneError;

/// The trust in memory after a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Memory {
    /// It is what the log has.
    Trusted,
    /// Positions and state are read again before anything else.
    Stale,
    /// The outcome of the last transaction is unknown; nothing but the recovery may follow.
    Unknown,
}

/// The membership of one lane.
pub(crate) struct Member {
    log: String,
    session: Box<dyn Session>,
    topics: Vec<Arc<str>>,
    /// A group event that is not answered yet.
    event: Option<GroupEvent>,
    /// The number of assignments that the session has taken: the epoch of later records.
    assignments: u32,
    memory: Memory,
}

impl Member {
    /// A member with that session of the log of that name, which was opened with that spec.
    pub(crate) fn new(log: String, session: Box<dyn Session>, spec: &SessionSpec) -> Self {
        let topics = spec.topics.clone();
        Self { log, session, topics, event: None, assignments: 0, memory: Memory::Trusted }
    }

    pub(crate) fn session(&self) -> &dyn Session {
        self.session.as_ref()
    }

    pub(crate) fn session_mut(&mut self) -> &mut dyn Session {
        self.session.as_mut()
    }

    /// The event that a poll returned.
    pub(crate) fn heard(&mut self, event: Option<GroupEvent>) {
        self.event = event;
    }

    /// The event to be answered.
    pub(crate) const fn event(&self) -> Option<&GroupEvent> {
        self.event.as_ref()
    }

    pub(crate) fn answered(&mut self) {
        self.event = None;
    }

    /// True if partitions were taken away and the lane has not noticed yet.
    pub(crate) const fn has_lost(&self) -> bool {
        matches!(self.event, Some(GroupEvent::Lost(_)))
    }

    /// Takes partitions, paused; the epoch of their records. `None` where the group took them back meanwhile: the next
    /// poll says so.
    pub(crate) fn take(&mut self, partitions: &[TopicPartition]) -> Result<Option<u32>, LogError> {
        match self.session.assign_paused(partitions) {
            Ok(()) => {
                self.assignments = self.assignments.saturating_add(1);
                Ok(Some(self.assignments))
            }
            Err(LogError::Config(why)) => {
                tracing::warn!(why, "partitions could not be taken");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The topic's number in the order of the session's topics.
    pub(crate) fn number_of(&self, partition: &TopicPartition) -> Result<u16, LogError> {
        let number = self.topics.iter().position(|topic| *topic == partition.topic);
        let number = number.and_then(|number| u16::try_from(number).ok());
        number.ok_or_else(|| LogError::NoTopic(partition.topic.to_string()))
    }

    /// True while the outcome of the last transaction is unknown.
    pub(crate) fn must_recover(&self) -> bool {
        self.memory == Memory::Unknown
    }

    /// True while positions and state must be read again.
    pub(crate) fn must_reload(&self) -> bool {
        self.memory == Memory::Stale
    }

    /// The outcome of the last transaction is unknown.
    pub(crate) const fn lost_outcome(&mut self) {
        self.memory = Memory::Unknown;
    }

    /// A step left the role's memory half changed.
    pub(crate) const fn distrust_memory(&mut self) {
        self.memory = Memory::Stale;
    }

    /// Positions and state are asked for again.
    pub(crate) const fn reloaded(&mut self) {
        self.memory = Memory::Trusted;
    }

    /// Takes the transactional id anew, which ends what was in flight one way or the other. Then everything is reloaded.
    pub(crate) fn recover(&mut self) -> Result<(), LaneError> {
        match self.session.recover() {
            Ok(()) => {
                self.memory = Memory::Stale;
                Ok(())
            }
            Err(CommitError::Unknown(why) | CommitError::Aborted(why)) => {
                tracing::warn!(why, "cannot recover yet");
                Err(LaneError::Log(LogError::Unavailable { log: self.log.clone(), why }))
            }
            Err(error) => Err(LaneError::from_commit(error)),
        }
    }

    /// Leaves the group.
    pub(crate) fn close(self) -> Result<(), LogError> {
        self.session.close()
    }
}

#[cfg(test)]
mod tests {
    use winback_core::time::{Span, Time};
    use winback_log::{Cleanup, Clock, Log as _, TimestampKind, TopicSpec};
    use winback_log_embedded::EmbeddedLog;

    use super::*;

    struct Still;

    impl Clock for Still {
        fn now(&self) -> Time {
            Time::from_millis(1_000)
        }
    }

    fn member() -> (EmbeddedLog, Member) {
        let log = EmbeddedLog::simulated(Arc::new(Still));
        let topic = TopicSpec {
            name: "visits".to_owned(),
            partitions: 2,
            replication: 1,
            cleanup: Cleanup::Delete(Some(Span::from_days(1))),
            timestamps: TimestampKind::Create,
            max_record_bytes: 1 << 20,
        };
        log.create(&topic).unwrap();
        let spec = SessionSpec {
            group: "readers".to_owned(),
            transactional_id: "reader".to_owned(),
            topics: vec!["visits".into()],
        };
        let session = log.session(spec.clone()).unwrap();
        let member = Member::new(log.name(), session, &spec);
        (log, member)
    }

    #[test]
    fn each_assignment_has_an_epoch_of_its_own() {
        let (_log, mut member) = member();
        let mut polled = Vec::new();
        let event = member.session_mut().poll(1, std::time::Duration::ZERO, &mut polled).unwrap();
        member.heard(event);
        let Some(GroupEvent::Assigned(partitions)) = member.event().cloned() else { panic!("no assignment") };
        assert_eq!(member.take(&partitions).unwrap(), Some(1));
        assert!(!member.has_lost());
        member.answered();
        assert_eq!(member.event(), None);
        let other = TopicPartition::new("others", 0);
        assert_eq!(member.number_of(&partitions[0]).unwrap(), 0);
        assert!(matches!(member.number_of(&other), Err(LogError::NoTopic(name)) if name == "others"));
    }

    #[test]
    fn an_unknown_outcome_is_recovered_and_then_reloaded() {
        let (_log, mut member) = member();
        assert!(!member.must_recover() && !member.must_reload());
        member.lost_outcome();
        assert!(member.must_recover() && !member.must_reload());
        member.recover().unwrap();
        assert!(!member.must_recover() && member.must_reload());
        member.reloaded();
        assert!(!member.must_reload());
    }
}
