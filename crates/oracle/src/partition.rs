//! One partition of the inbox: which part of it is compared, and the comparison.
//!
//! The order of the questions is what makes this hold beside a detector that runs. The group's position is asked first,
//! then the state is read: its own position is where the core stops. The ends of the outputs are asked after it, so
//! that everything up to it lies before them; and the group's position once more at last, which covers all that was
//! read.

use std::collections::BTreeSet;

use winback_core::debounce::{StateKey, StateRow};
use winback_core::ids::{AccountId, Offset};
use winback_log::{Message, TopicPartition};
use winback_proto::v1;

use crate::asker::Asker;
use crate::compare::Outputs;
use crate::cursor::Cursor;
use crate::deployment::Deployment;
use crate::difference::{Difference, Kind};
use crate::error::OracleError;
use crate::options::Options;
use crate::outputs::OutputOffsets;
use crate::report::{Note, PartitionReport};
use crate::state::{self, Rows};
use crate::stepper::{Made, Stepper};

/// The start of a comparison.
pub(crate) struct Start {
    /// The inbox record.
    pub(crate) next: Offset,
    /// The record of each topic of outputs.
    pub(crate) outputs: OutputOffsets,
    /// The core's state there.
    pub(crate) rows: Vec<(StateKey, StateRow)>,
}

impl Start {
    /// Before the first record.
    pub(crate) const fn first() -> Self {
        Self { next: Offset::ZERO, outputs: OutputOffsets::ZERO, rows: Vec::new() }
    }
}

/// The end of a comparison.
pub(crate) struct Ended {
    pub(crate) report: PartitionReport,
    pub(crate) notes: Vec<Note>,
    pub(crate) next: Offset,
    pub(crate) outputs: OutputOffsets,
    pub(crate) rows: Rows,
}

/// The parts that the partitions of a comparison share.
pub(crate) struct Bench<'a> {
    pub(crate) ask: &'a Asker<'a>,
    pub(crate) deployment: &'a Deployment,
    pub(crate) partitions: i32,
    pub(crate) options: &'a Options,
    /// The group's positions before anything was read.
    pub(crate) committed: &'a [Option<Offset>],
    /// Inbox records that the detector did not step.
    pub(crate) condemned: &'a BTreeSet<(i32, Offset)>,
}

/// The state in the log, and the positions around it.
pub(crate) struct PartitionUnderTest {
    number: i32,
    inbox: TopicPartition,
    rows: Rows,
    before: Option<Offset>,
    /// The end of the inbox.
    end: Offset,
    /// The offset up to which the core is stepped.
    pub(crate) to: Offset,
}

impl Bench<'_> {
    /// Reads how far the detector is, and its state there.
    pub(crate) fn tested(&self, number: i32) -> Result<PartitionUnderTest, OracleError> {
        let inbox = TopicPartition::new(self.deployment.inbox.clone(), number);
        let changelog = TopicPartition::new(self.deployment.changelog.clone(), number);
        let before = self.committed.get(usize::try_from(number).unwrap_or_default()).copied().flatten();
        let rows = state::restored_by(self.ask, &changelog, self.options.patience)?;
        let end = self.ask.end(&inbox)?;
        let to = state::position(&rows).or(before).unwrap_or(Offset::ZERO).min(end);
        Ok(PartitionUnderTest { number, inbox, rows, before, end, to })
    }

    /// The group's position once more, where it can have moved.
    fn committed_after(
        &self,
        tested: &PartitionUnderTest,
        pair: &Topics<'_>,
    ) -> Result<Option<Offset>, OracleError> {
        let rests = state::position(&tested.rows) == tested.before;
        if rests && !pair.saw_later() {
            return Ok(tested.before);
        }
        let inbox = std::slice::from_ref(&tested.inbox);
        Ok(self.ask.committed(&self.deployment.group, inbox)?.pop().flatten())
    }

    /// Compares from `start` to where the detector is.
    pub(crate) fn compare(
        &self,
        tested: &PartitionUnderTest,
        start: Start,
        watch: &mut dyn FnMut(Offset),
    ) -> Result<Ended, OracleError> {
        let number = tested.number;
        let mut report = PartitionReport { partition: number, ..PartitionReport::default() };
        (report.from, report.to) = (start.next.0, tested.to.0);
        let mut pair = self.topics(number, start.outputs)?;
        let mut inbox = Cursor::open(self.ask, &tested.inbox, start.next, tested.to, self.options.patience)?;
        let notes = pair.begin()?;
        let mut stepper = Stepper::restored(self.partitions, start.rows);
        while let Some(message) = inbox.next()? {
            let skips = self.condemned.contains(&(number, message.offset));
            let made = if skips { stepper.skip(&message) } else { stepper.step(&message) };
            report.records += 1;
            pair.settle(&message, made, &mut report)?;
            watch(message.offset.next());
        }
        pair.drain(tested.to, &mut report)?;
        let after = self.committed_after(tested, &pair)?;
        let covered = after.max(state::position(&tested.rows)).unwrap_or(Offset::ZERO);
        let outputs = pair.finish(covered, stepper.erased(), &mut report);
        report.erased = report.skipped.len() as u64;
        stepper.passed(tested.to);
        let rows = self.conclude(tested, after, &stepper, &mut report);
        Ok(Ended { report, notes, next: tested.to, outputs, rows })
    }

    fn topics(&self, number: i32, from: OutputOffsets) -> Result<Topics<'_>, OracleError> {
        let own = |topic: &std::sync::Arc<str>| TopicPartition::new(topic.clone(), number);
        let Deployment { triggers, shadow_triggers, decisions, .. } = self.deployment;
        Ok(Topics {
            triggers: Outputs::open(self.ask, own(triggers), from.triggers, self.options)?,
            in_shadow: Outputs::open(self.ask, own(shadow_triggers), from.in_shadow, self.options)?,
            decisions: Outputs::open(self.ask, own(decisions), from.decisions, self.options)?,
        })
    }

    /// Compares the facts that are known at the end only: positions, bursts, rows.
    fn conclude(
        &self,
        tested: &PartitionUnderTest,
        after: Option<Offset>,
        stepper: &Stepper,
        report: &mut PartitionReport,
    ) -> Rows {
        let stored = state::position(&tested.rows);
        positions(tested, stored, after, report);
        report.unreadable = stepper.unreadable();
        report.bursts(stepper.partition().counts(), stepper.partition().open_bursts() as u64);
        report.unread = tested.end.0 - tested.to.0;
        let mut rows = stepper.partition().rows();
        report.rows = rows.len() as u64;
        if stored.is_none() && tested.to == Offset::ZERO {
            // Nothing was committed yet: not even the clock.
            rows.clear();
            report.rows = 0;
        }
        state::compare(&rows, &tested.rows, report);
        rows
    }
}

/// The group's position and the state's are one; both within the inbox.
fn positions(
    tested: &PartitionUnderTest,
    stored: Option<Offset>,
    after: Option<Offset>,
    report: &mut PartitionReport,
) {
    let PartitionUnderTest { inbox, before, end, .. } = tested;
    let shown = |at: Option<Offset>| at.map_or_else(|| "none".to_owned(), |at| at.to_string());
    let difference = |kind, text| Difference {
        kind,
        partition: inbox.partition.0,
        offset: stored.or(after).map(|at| at.0),
        account: String::new(),
        id: inbox.to_string(),
        text,
    };
    if stored < *before || stored > after {
        let text = format!(
            "the group's committed position is {}, the state's is {}: `winback run` refuses to go on until \
             `--positions` says which holds",
            shown(after),
            shown(stored)
        );
        report.differs(difference(Kind::Position, text));
    }
    for (whose, at) in [("the state's", stored), ("the group's", *before)] {
        if let Some(at) = at.filter(|at| at > end) {
            let text = format!("{whose} position is {at}, and the inbox ends at {end}");
            report.differs(difference(Kind::PositionAhead, text));
        }
    }
}

/// The topics of outputs.
struct Topics<'a> {
    triggers: Outputs<'a, v1::Trigger>,
    in_shadow: Outputs<'a, v1::Trigger>,
    decisions: Outputs<'a, v1::Decision>,
}

impl Topics<'_> {
    /// Reads the first records; what is not compared because retention took some of it.
    fn begin(&mut self) -> Result<Vec<Note>, OracleError> {
        self.triggers.begin()?;
        self.in_shadow.begin()?;
        self.decisions.begin()?;
        let cut = [self.triggers.cut(), self.in_shadow.cut(), self.decisions.cut()];
        Ok(cut.into_iter().flatten().collect())
    }

    fn settle(
        &mut self,
        message: &Message,
        made: &Made,
        report: &mut PartitionReport,
    ) -> Result<(), OracleError> {
        let (had, should) = made.outcomes;
        report.signals += u64::from(had + should > 0);
        if had != should {
            report.differs(Difference {
                kind: Kind::Signals,
                partition: report.partition,
                offset: Some(message.offset.0),
                account: String::from_utf8_lossy(message.key().unwrap_or_default()).into_owned(),
                id: String::new(),
                text: format!("the signal has {had} outcomes, and should have {should}"),
            });
        }
        self.triggers.settle(message.offset, &made.triggers, report)?;
        self.in_shadow.settle(message.offset, &made.in_shadow, report)?;
        self.decisions.settle(message.offset, &made.decisions, report)
    }

    fn drain(&mut self, to: Offset, report: &mut PartitionReport) -> Result<(), OracleError> {
        self.triggers.drain(to, report)?;
        self.in_shadow.drain(to, report)?;
        self.decisions.drain(to, report)
    }

    fn saw_later(&self) -> bool {
        self.triggers.saw_later() || self.in_shadow.saw_later() || self.decisions.saw_later()
    }

    fn finish(
        self,
        covered: Offset,
        erased: &BTreeSet<AccountId>,
        report: &mut PartitionReport,
    ) -> OutputOffsets {
        let (triggers, in_shadow, decisions);
        (triggers, report.triggers) = self.triggers.finish(covered, erased, report);
        (in_shadow, report.in_shadow) = self.in_shadow.finish(covered, erased, report);
        (decisions, report.decisions) = self.decisions.finish(covered, erased, report);
        OutputOffsets { triggers, in_shadow, decisions }
    }
}
