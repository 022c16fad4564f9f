//! The positions of one partition: delivered, stepped, committed.

use winback_core::ids::Offset;

/// Where a partition stands. Between two commits `next` runs ahead of `base`; a roll back returns to `base`.
#[derive(Debug)]
pub(crate) struct Cursor {
    /// The target of a seek after a roll back: the committed position, or the partition's start.
    base: Offset,
    /// The first element of the record there that is not committed, when a transaction was cut inside of it.
    base_element: u32,
    /// The group's committed position; unknown while it is requested.
    committed: Option<Offset>,
    /// Somebody chose the position, and it is not committed yet.
    chosen: bool,
    /// Behind the last record stepped; the record itself while only a part of it is.
    next: Offset,
    /// The first element of that record that is not stepped.
    element: u32,
    /// Behind the last record delivered.
    delivered: Offset,
}

impl Default for Cursor {
    fn default() -> Self {
        Self {
            base: Offset::ZERO,
            base_element: 0,
            committed: None,
            chosen: false,
            next: Offset::ZERO,
            element: 0,
            delivered: Offset::ZERO,
        }
    }
}

impl Cursor {
    /// The group's committed position.
    pub(crate) const fn committed(&self) -> Option<Offset> {
        self.committed
    }

    /// The group's answer.
    pub(crate) const fn found(&mut self, committed: Option<Offset>) {
        self.committed = committed;
    }

    /// The first element that is not stepped.
    pub(crate) const fn element(&self) -> u32 {
        self.element
    }

    /// Starts at an element of the record at `base`; `chosen` when a person decided between state and group. True if
    /// that start is not committed yet.
    pub(crate) fn start(&mut self, base: Offset, element: u32, chosen: bool) -> bool {
        self.restart(base, element);
        self.chosen = chosen;
        self.committed != Some(base)
    }

    /// Forgets the committed position; it is asked for again.
    pub(crate) const fn reload(&mut self) {
        (self.committed, self.chosen) = (None, false);
        self.restart(self.base, 0);
    }

    /// True if a record was not delivered before; from now on it was.
    pub(crate) fn deliver(&mut self, offset: Offset) -> bool {
        if offset < self.delivered {
            return false;
        }
        self.delivered = offset.next();
        true
    }

    /// The element of that record at which it begins.
    pub(crate) fn element_of(&self, offset: Offset) -> u32 {
        if offset == self.next { self.element } else { 0 }
    }

    /// A record was stepped up to an element.
    pub(crate) const fn cut(&mut self, offset: Offset, element: u32) {
        (self.next, self.element) = (offset, element);
    }

    /// A record was stepped.
    pub(crate) fn stepped(&mut self, offset: Offset) {
        (self.next, self.element) = (offset.next(), 0);
    }

    /// The position to commit: behind what was stepped. Where nothing is buffered it is `delivered_next`, which has
    /// passed the control records behind the last record, too.
    pub(crate) fn position(&self, delivered_next: Option<Offset>, is_buffering: bool) -> Offset {
        match delivered_next {
            Some(position) if !is_buffering => self.next.max(position),
            _ => self.next,
        }
    }

    /// True if something was stepped since the last commit.
    pub(crate) fn has_moved(&self, position: Offset) -> bool {
        self.committed != Some(position) || self.element != self.base_element
    }

    /// True if the position is in the middle of a record.
    pub(crate) const fn is_inside_record(&self) -> bool {
        self.element > 0
    }

    /// True if the committed position lies behind that record.
    pub(crate) fn has_committed(&self, offset: Offset) -> bool {
        self.base > offset
    }

    /// True once: when a chosen position is committed for the first time.
    pub(crate) fn takes_choice(&mut self, position: Offset) -> bool {
        let takes = self.chosen && self.committed != Some(position);
        self.chosen &= !takes;
        takes
    }

    /// `position` is in the log.
    pub(crate) const fn settle(&mut self, position: Offset) {
        (self.base, self.base_element) = (position, self.element);
        self.committed = Some(position);
    }

    /// Drops the steps since the last commit; the target of the seek, where one is needed.
    pub(crate) fn roll_back(&mut self) -> Option<Offset> {
        let behind = self.delivered > self.base;
        self.restart(self.base, self.base_element);
        behind.then_some(self.base)
    }

    const fn restart(&mut self, base: Offset, element: u32) {
        (self.base, self.next, self.delivered) = (base, base, base);
        (self.base_element, self.element) = (element, element);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn started(at: i64) -> Cursor {
        let mut cursor = Cursor::default();
        cursor.found(Some(Offset(at)));
        assert!(!cursor.start(Offset(at), 0, false));
        cursor
    }

    #[test]
    fn a_record_is_delivered_once_until_a_roll_back_wants_it_again() {
        let mut cursor = started(5);
        assert!(!cursor.deliver(Offset(4)) && cursor.deliver(Offset(5)) && !cursor.deliver(Offset(5)));
        cursor.stepped(Offset(5));
        assert!(cursor.has_moved(Offset(6)));
        assert_eq!(cursor.roll_back(), Some(Offset(5)));
        assert!(cursor.deliver(Offset(5)));
        cursor.stepped(Offset(5));
        cursor.settle(Offset(6));
        assert_eq!(cursor.roll_back(), None, "nothing came behind the commit");
    }

    #[test]
    fn the_position_passes_control_records_only_when_nothing_is_buffered() {
        let mut cursor = started(5);
        cursor.stepped(Offset(5));
        assert_eq!(cursor.position(Some(Offset(9)), true), Offset(6));
        assert_eq!(cursor.position(Some(Offset(9)), false), Offset(9));
        assert_eq!(cursor.position(None, false), Offset(6));
    }

    #[test]
    fn a_record_that_was_cut_goes_on_at_its_element_and_returns_to_the_committed_one() {
        let mut cursor = started(5);
        cursor.cut(Offset(5), 20);
        assert_eq!((cursor.element_of(Offset(5)), cursor.element_of(Offset(6))), (20, 0));
        assert!(cursor.is_inside_record() && cursor.has_moved(Offset(5)));
        cursor.settle(Offset(5));
        assert!(!cursor.has_moved(Offset(5)));
        cursor.cut(Offset(5), 40);
        cursor.roll_back();
        assert_eq!(cursor.element(), 20);
    }

    #[test]
    fn a_chosen_position_is_taken_with_the_first_commit_that_moves_it() {
        let mut cursor = Cursor::default();
        cursor.found(Some(Offset(7)));
        assert!(cursor.start(Offset(3), 0, true), "it is not the committed one");
        assert!(!cursor.takes_choice(Offset(7)));
        assert!(cursor.takes_choice(Offset(3)) && !cursor.takes_choice(Offset(3)));
        cursor.reload();
        assert_eq!(cursor.committed(), None);
    }
}
