//! Writes dead letters into the running transaction, as far as their allowance of bytes goes.

use winback_core::time::{Span, Time};
use winback_log::{FailPoint, Message, fail_point};

use crate::batch::Batch;
use crate::dead::{self, DeadLetters};
use crate::left_out::Allowance;
use crate::letters::Letters;
use crate::output::{Origin, Output};
use crate::role::At;

/// The lane's dead letters: where they go, and how many bytes of them may be written still.
#[derive(Debug)]
pub(crate) struct DeadLetterWriter {
    to: DeadLetters,
    role: &'static str,
    transactional_id: String,
    allowance: Allowance,
}

impl DeadLetterWriter {
    pub(crate) const fn new(
        to: DeadLetters,
        role: &'static str,
        transactional_id: String,
        allowance: Allowance,
    ) -> Self {
        Self { to, role, transactional_id, allowance }
    }

    /// Appends the dead letters of a record, or counts them where there are too many bytes of them.
    pub(crate) fn bury(
        &mut self,
        letters: &Letters,
        at: At<'_>,
        message: &Message,
        batch: &mut Batch,
        out: &mut Output,
    ) {
        let Some(source) = letters.last().map(|last| last.source.clone()) else { return };
        batch.bury(letters);
        let (mark, before) = (out.mark(), out.size());
        out.from(Some(Origin { slot: at.input.slot, offset: message.offset, element: None }));
        dead::append(&self.to, self.role, at, message, letters, out);
        if self.allowance.admits(out.size() - before, at.now) {
            fail_point(FailPoint::DeadLetter, &self.transactional_id);
            return;
        }
        out.back_to(mark);
        batch.leave_out(&source, letters);
        self.allowance.leave_out(letters, &at.input.partition, message.offset);
    }

    /// Appends a letter about those that were left out, when that is due.
    pub(crate) fn report_left_out(&mut self, now: Time, out: &mut Output) {
        if let Some(left) = self.allowance.report(now) {
            dead::append_left_out(&self.to, self.role, now, left, out);
        }
    }

    /// The next transaction may be the last: it reports what was left out. True if there is something.
    pub(crate) const fn hurry(&mut self) -> bool {
        self.allowance.hurry();
        self.allowance.has_report()
    }

    /// Notes that the stepped records are committed.
    pub(crate) fn committed(&mut self) {
        self.allowance.committed();
    }

    /// Notes that the steps since the last commit were dropped.
    pub(crate) fn rolled_back(&mut self) {
        self.allowance.rolled_back();
    }

    /// Moves all times back, as the clock was.
    pub(crate) fn set_back(&mut self, by: Span) {
        self.allowance.set_back(by);
    }
}

#[cfg(test)]
mod tests {
    use winback_log::TopicPartition;

    use super::*;
    use crate::buffer::tests::message;
    use crate::dead_letter::DeadLetter;
    use crate::role::Input;

    fn bury(writer: &mut DeadLetterWriter, batch: &mut Batch, out: &mut Output) {
        let mut letters = Letters::default();
        let (source, text) = ("web".to_owned(), String::new());
        letters.add(DeadLetter { source, element: None, reason: "bad_time", text });
        let input = Input { slot: 0, topic: 0, partition: TopicPartition::new("visits", 0) };
        let at = At { input: &input, now: Time::from_millis(1_000) };
        writer.bury(&letters, at, &message(7, 10), batch, out);
    }

    #[test]
    fn letters_over_the_allowance_are_counted_and_reported_by_one() {
        let to = DeadLetters { topic: "dead".to_owned(), max_bytes: 1 << 20 };
        let writer_of =
            |limit| DeadLetterWriter::new(to.clone(), "matcher", "id".to_owned(), Allowance::new(limit));
        let (mut batch, mut out) = (Batch::default(), Output::default());
        bury(&mut writer_of(None), &mut batch, &mut out);
        let one = out.size();
        let (mut batch, mut out) = (Batch::default(), Output::default());
        let mut writer = writer_of(Some(one + one / 2));
        bury(&mut writer, &mut batch, &mut out);
        assert_eq!((out.len(), writer.hurry()), (1, false));
        bury(&mut writer, &mut batch, &mut out);
        assert_eq!((out.len(), batch.losses().total()), (1, 2), "it is counted, and not written");
        assert!(writer.hurry());
        writer.report_left_out(Time::from_millis(1_000), &mut out);
        assert_eq!(out.len(), 2);
        assert!(!writer.hurry());
    }
}
