//! The work since the last commit.

use winback_core::time::{Span, Time};

use crate::letters::Letters;
use crate::losses::Losses;
use crate::output::Origin;

/// What was stepped and is not committed.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    records: usize,
    /// How many of them the status has heard of.
    reported: usize,
    effects_since: Option<Time>,
    moved_since: Option<Time>,
    losses: Losses,
    /// The last record stepped.
    last: Option<Origin>,
    /// How many of its elements.
    elements: usize,
    /// It was cut: what is stepped of it is committed before the rest comes.
    cut: bool,
}

impl Batch {
    pub(crate) const fn records(&self) -> usize {
        self.records
    }

    pub(crate) const fn elements(&self) -> usize {
        self.elements
    }

    /// The only record, when there is one.
    pub(crate) const fn only(&self) -> Option<Origin> {
        if self.records == 1 { self.last } else { None }
    }

    pub(crate) const fn is_cut(&self) -> bool {
        self.cut
    }

    pub(crate) const fn effects_since(&self) -> Option<Time> {
        self.effects_since
    }

    pub(crate) const fn moved_since(&self) -> Option<Time> {
        self.moved_since
    }

    pub(crate) const fn losses(&self) -> &Losses {
        &self.losses
    }

    /// True if there is something to commit.
    pub(crate) const fn has_work(&self) -> bool {
        self.records > 0 || self.moved_since.is_some()
    }

    /// A record was stepped, or so many elements of it.
    pub(crate) const fn stepped(&mut self, record: Origin, elements: usize) {
        self.last = Some(record);
        self.elements = elements;
        self.records += 1;
    }

    /// The record just stepped was cut, or was not.
    pub(crate) const fn cut(&mut self, cut: bool) {
        self.cut = cut;
    }

    /// The dead letters of a record.
    pub(crate) fn bury(&mut self, letters: &Letters) {
        letters.each_reason(|source, reason, count| self.losses.add(source, reason, count));
    }

    /// Its letters were not written.
    pub(crate) fn leave_out(&mut self, source: &str, letters: &Letters) {
        let count = u64::try_from(letters.count()).unwrap_or_default();
        self.losses.add_without_letter(source, count);
    }

    /// There is an effect that must be committed soon.
    pub(crate) fn has_effects(&mut self, now: Time) {
        self.effects_since.get_or_insert(now);
    }

    /// A position differs from the committed one.
    pub(crate) fn has_moved(&mut self, now: Time) {
        self.moved_since.get_or_insert(now);
    }

    /// True if records were stepped since it was asked last.
    pub(crate) const fn has_news(&mut self) -> bool {
        let news = self.records > self.reported;
        self.reported = self.records;
        news
    }

    /// Moves all times back, as the clock was.
    pub(crate) fn set_back(&mut self, by: Span) {
        let times = [&mut self.effects_since, &mut self.moved_since];
        times.into_iter().flatten().for_each(|time| *time = *time - by);
    }
}

#[cfg(test)]
mod tests {
    use winback_core::ids::Offset;

    use super::*;
    use crate::dead_letter::DeadLetter;

    const fn record(offset: i64) -> Origin {
        Origin { slot: 0, offset: Offset(offset), element: None }
    }

    #[test]
    fn one_record_alone_is_named_and_two_are_not() {
        let mut batch = Batch::default();
        assert_eq!(batch.only(), None);
        batch.stepped(record(7), 3);
        assert_eq!((batch.only(), batch.elements(), batch.records()), (Some(record(7)), 3, 1));
        batch.stepped(record(8), 0);
        assert_eq!((batch.only(), batch.records()), (None, 2));
    }

    #[test]
    fn the_first_effect_counts_and_moves_with_the_clock() {
        let mut batch = Batch::default();
        assert!(!batch.has_work());
        batch.has_moved(Time::from_millis(50));
        batch.has_effects(Time::from_millis(100));
        batch.has_effects(Time::from_millis(900));
        batch.set_back(Span::from_millis(40));
        assert_eq!(batch.effects_since(), Some(Time::from_millis(60)));
        assert_eq!(batch.moved_since(), Some(Time::from_millis(10)));
        assert!(batch.has_work());
    }

    #[test]
    fn stepped_records_are_news_once() {
        let mut batch = Batch::default();
        batch.stepped(record(7), 0);
        assert!(batch.has_news() && !batch.has_news());
    }

    #[test]
    fn dead_letters_are_losses_with_and_without_their_letter() {
        let (mut batch, mut letters) = (Batch::default(), Letters::default());
        let (source, text) = ("web".to_owned(), String::new());
        letters.add(DeadLetter { source, element: None, reason: "bad_time", text });
        batch.bury(&letters);
        batch.leave_out("web", &letters);
        assert_eq!((batch.losses().total(), batch.losses().is_empty()), (1, false));
    }
}
