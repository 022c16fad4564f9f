//! The questions to the log about offsets: each with little time, so that one broker that stands still holds up nobody.

use std::collections::BTreeSet;
use std::time::Duration;

use winback_core::ids::Offset;
use winback_core::time::{Span, Time};
use winback_log::{LogError, Session, TopicPartition};

use crate::clock::TurnClock;
use crate::config::PositionsFrom;
use crate::inputs::Inputs;
use crate::outage::Outage;
use crate::partition::PartitionState;
use crate::retry_budget::{Answer, RetryBudget};

/// The time the lane's other partitions wait for the positions of new ones.
const POSITIONS_WITHIN: Duration = Duration::from_millis(50);
/// The time everything waits for the end offsets of the inputs.
const ENDS_WITHIN: Duration = Duration::from_millis(100);

/// The requests for the group's positions, and the rule where they differ from the state's.
#[derive(Debug)]
pub(crate) struct PositionRequests {
    retries: RetryBudget,
    source: PositionsFrom,
    /// Partitions whose positions a person has chosen, once.
    chosen: BTreeSet<TopicPartition>,
}

impl PositionRequests {
    pub(crate) fn new(source: PositionsFrom) -> Self {
        Self { retries: RetryBudget::default(), source, chosen: BTreeSet::new() }
    }

    /// Asks for the group's stable positions, when that is due.
    pub(crate) fn ask(
        &mut self,
        partitions: &[TopicPartition],
        session: &mut dyn Session,
        clock: &TurnClock,
    ) -> Result<Answer<Vec<Option<Offset>>>, LogError> {
        let began = clock.now();
        if partitions.is_empty() || !self.retries.is_due(began) {
            return Ok(Answer::NotAsked);
        }
        let limit = self.retries.limit(POSITIONS_WITHIN);
        let Some(committed) = session.committed_within(partitions, limit)? else {
            return Ok(Answer::Missing(self.retries.missed(began, clock.now(), limit)));
        };
        self.retries.answered();
        Ok(Answer::Here(committed))
    }

    /// There are new partitions to ask for.
    pub(crate) fn restart(&mut self) {
        self.retries.answered();
    }

    /// The time of the next attempt, if the last one failed.
    pub(crate) const fn due(&self) -> Option<Time> {
        self.retries.due()
    }

    /// The position that holds: state and group must agree, or a person must have chosen one of them. A choice is about a
    /// difference that is there at the start: once it is settled, another difference is another mistake. `Err` where
    /// nothing is chosen.
    pub(crate) fn choose(
        &self,
        partition: &TopicPartition,
        state: Option<Offset>,
        group: Option<Offset>,
    ) -> Result<Option<Offset>, Differ> {
        if state == group {
            return Ok(group);
        }
        tracing::warn!(%partition, ?state, ?group, "state and group differ");
        match self.source {
            PositionsFrom::State if !self.chosen.contains(partition) => Ok(state),
            PositionsFrom::Group if !self.chosen.contains(partition) => Ok(group),
            PositionsFrom::State | PositionsFrom::Group | PositionsFrom::Refuse => Err(Differ),
        }
    }

    /// The chosen positions of these partitions are in the log.
    pub(crate) fn settled(&mut self, partitions: Vec<TopicPartition>) {
        self.chosen.extend(partitions);
    }

    fn set_back(&mut self, by: Span) {
        self.retries.set_back(by);
    }
}

/// State and group differ, and nobody has chosen between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Differ;

/// The requests for the inputs' end offsets.
#[derive(Debug)]
pub(crate) struct EndRequests {
    retries: RetryBudget,
    every: Span,
    due: Time,
}

impl EndRequests {
    pub(crate) fn new(every: Span, now: Time) -> Self {
        Self { retries: RetryBudget::default(), every, due: now }
    }

    /// Asks for the end offsets, when that is due; the time comes with them. The clock is read first, so that what is
    /// appended from then on is behind the end or counts as newer.
    pub(crate) fn ask(
        &mut self,
        partitions: &[TopicPartition],
        session: &mut dyn Session,
        clock: &TurnClock,
    ) -> Result<Answer<(Time, Vec<Offset>)>, LogError> {
        let now = clock.now();
        if partitions.is_empty() || now < self.due {
            return Ok(Answer::NotAsked);
        }
        let limit = self.retries.limit(ENDS_WITHIN);
        let Some(ends) = session.end_offsets_within(partitions, limit)? else {
            let missing = self.retries.missed(now, clock.now(), limit);
            self.due = clock.now() + self.every;
            return Ok(Answer::Missing(missing));
        };
        self.retries.answered();
        self.due = now + self.every;
        Ok(Answer::Here((now, ends)))
    }

    /// The next turn asks: new partitions are merged only when their ends are known.
    pub(crate) const fn soon(&mut self) {
        self.due = Time::MIN;
    }

    pub(crate) const fn due(&self) -> Time {
        self.due
    }

    fn set_back(&mut self, by: Span) {
        self.retries.set_back(by);
        self.due = self.due - by;
    }
}

/// All requests, and how long the log may leave them unanswered.
#[derive(Debug)]
pub(crate) struct Requests {
    positions: PositionRequests,
    ends: EndRequests,
    outage: Outage,
}

impl Requests {
    pub(crate) const fn new(positions: PositionRequests, ends: EndRequests, outage: Outage) -> Self {
        Self { positions, ends, outage }
    }

    pub(crate) const fn positions(&mut self) -> &mut PositionRequests {
        &mut self.positions
    }

    pub(crate) const fn ends(&mut self) -> &mut EndRequests {
        &mut self.ends
    }

    pub(crate) const fn outage(&mut self) -> &mut Outage {
        &mut self.outage
    }

    /// True while the log is unavailable.
    pub(crate) const fn is_unavailable(&self) -> bool {
        self.outage.is_on()
    }

    /// Partitions came: positions and ends are asked for at once.
    pub(crate) fn restart(&mut self) {
        self.positions.restart();
        self.ends.soon();
    }

    /// The times of the next requests for these inputs.
    pub(crate) fn dues(&self, inputs: &Inputs, now: Time) -> [Option<Time>; 2] {
        let asks = inputs.count(PartitionState::Assigned) > 0;
        let positions = asks.then(|| self.positions.due().unwrap_or(now));
        [positions, (!inputs.is_empty()).then_some(self.ends.due())]
    }

    /// Moves all times back, as the clock was.
    pub(crate) fn set_back(&mut self, by: Span) {
        self.positions.set_back(by);
        self.ends.set_back(by);
        self.outage.set_back(by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: i64) -> Option<Offset> {
        Some(Offset(offset))
    }

    #[test]
    fn state_and_group_must_agree_unless_a_person_chose_and_then_once() {
        let partition = TopicPartition::new("visits", 0);
        let choose = |source, settled: bool| {
            let mut requests = PositionRequests::new(source);
            if settled {
                requests.settled(vec![partition.clone()]);
            }
            requests.choose(&partition, at(7), at(9))
        };
        assert_eq!(choose(PositionsFrom::Refuse, false), Err(Differ));
        assert_eq!(choose(PositionsFrom::State, false), Ok(at(7)));
        assert_eq!(choose(PositionsFrom::Group, false), Ok(at(9)));
        assert_eq!(choose(PositionsFrom::State, true), Err(Differ));
        assert_eq!(choose(PositionsFrom::Group, true), Err(Differ));
        let requests = PositionRequests::new(PositionsFrom::Refuse);
        assert_eq!(requests.choose(&partition, at(9), at(9)), Ok(at(9)));
    }

    #[test]
    fn new_partitions_have_their_requests_made_at_once() {
        let (now, mut inputs) = (Time::from_millis(5_000), Inputs::default());
        let ends = EndRequests::new(Span::from_millis(250), Time::from_millis(6_000));
        let outage = Outage::new(Span::from_secs(10));
        let mut requests = Requests::new(PositionRequests::new(PositionsFrom::Refuse), ends, outage);
        assert_eq!(requests.dues(&inputs, now), [None, None]);
        inputs.add(TopicPartition::new("visits", 0), 0, 1).unwrap();
        assert_eq!(requests.dues(&inputs, now), [Some(now), Some(Time::from_millis(6_000))]);
        requests.restart();
        assert_eq!(requests.dues(&inputs, now), [Some(now), Some(Time::MIN)]);
    }
}
