//! The changes that are kept whole: the earliest ones, so that memory does not grow with what a policy changes.

use super::change::Change;

/// Changes, at most twice as many as are kept.
pub(super) struct Kept {
    most: usize,
    changes: Vec<Change>,
    /// Those that were counted only.
    more: u64,
}

impl Kept {
    pub(super) const fn new(most: usize) -> Self {
        Self { most, changes: Vec::new(), more: 0 }
    }

    pub(super) fn push(&mut self, change: Change) {
        self.changes.push(change);
        // They come nearly in order, so that what goes here would go at the end, too; twice as many make it seldom.
        if self.changes.len() >= self.most.saturating_mul(2).max(1) {
            self.cut();
        }
    }

    /// Leaves the earliest, in order.
    fn cut(&mut self) {
        self.changes.sort_by(|left, right| left.order().cmp(&right.order()));
        self.more += self.changes.len().saturating_sub(self.most) as u64;
        self.changes.truncate(self.most);
    }

    /// The earliest changes in order, and how many more there were.
    pub(super) fn end(mut self) -> (Vec<Change>, u64) {
        self.cut();
        (self.changes, self.more)
    }
}

#[cfg(test)]
mod tests {
    use winback_core::debounce::{Edge, FiredBecause};
    use winback_core::time::Time;

    use super::*;
    use crate::backtest::{ChangeKind, Fired, Why};

    fn change(millis: i64) -> Change {
        let live = Fired {
            edge: Edge::Leading,
            because: FiredBecause::Leading,
            at: Time::from_millis(millis),
            score: 0,
            play: String::new(),
        };
        Change {
            change: ChangeKind::Removed,
            account: "a".to_owned(),
            name: String::new(),
            policy: "p".to_owned(),
            live: Some(live),
            candidate: None,
            why: Why::nothing(),
        }
    }

    #[test]
    fn the_earliest_are_kept_the_rest_is_counted_and_there_are_never_many() {
        let mut kept = Kept::new(10);
        for number in 0..1_000_i64 {
            kept.push(change((number * 37) % 1_000));
            assert!(kept.changes.len() < 20, "{number}");
        }
        let (changes, more) = kept.end();
        let times: Vec<i64> = changes.iter().map(|change| change.at().millis()).collect();
        assert_eq!((times, more), ((0..10).collect(), 990));
        let mut few = Kept::new(10);
        few.push(change(2));
        few.push(change(1));
        assert_eq!(few.end(), (vec![change(1), change(2)], 0));
    }
}
