//! The dead letters of one record: the first few each by itself, all others together.
//!
//! A record can be a list of as many elements as it has bytes, and each can be dead. So what is kept in memory and written
//! for it does not grow with their number but for the places that a replay needs.

use std::collections::BTreeMap;

use winback_core::places::Places;

use crate::dead_letter::DeadLetter;

/// The most letters of a record in one transaction that name an element each; one more stands for the rest.
pub const MAX_LETTERS: usize = 20;

/// What is dead of the record at hand.
#[derive(Debug, Default)]
pub(crate) struct Letters {
    own: Vec<DeadLetter>,
    rest: Option<Rest>,
}

/// Dead elements without a letter of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rest {
    pub(crate) source: String,
    pub(crate) count: u64,
    pub(crate) reasons: BTreeMap<&'static str, u64>,
    pub(crate) places: Places,
    /// One of them is the record as a whole.
    pub(crate) whole: bool,
    /// What is wrong with the first of them.
    pub(crate) text: String,
}

impl Letters {
    pub(crate) fn add(&mut self, letter: DeadLetter) {
        if self.own.len() < MAX_LETTERS {
            self.own.push(letter);
            return;
        }
        let rest = self.rest.get_or_insert_with(|| Rest {
            source: letter.source,
            count: 0,
            reasons: BTreeMap::new(),
            places: Places::default(),
            whole: false,
            text: letter.text,
        });
        rest.count += 1;
        *rest.reasons.entry(letter.reason).or_default() += 1;
        match letter.element {
            Some(place) => rest.places.add(place),
            None => rest.whole = true,
        }
    }

    /// How many elements are dead.
    pub(crate) const fn count(&self) -> usize {
        let rest = match &self.rest {
            #[expect(clippy::cast_possible_truncation, reason = "counted in memory, one by one")]
            Some(rest) => rest.count as usize,
            None => 0,
        };
        self.own.len() + rest
    }

    pub(crate) fn clear(&mut self) {
        self.own.clear();
        self.rest = None;
    }

    /// The last one that has its own letter.
    pub(crate) fn last(&self) -> Option<&DeadLetter> {
        self.own.last()
    }

    /// How many there are of each source and reason.
    pub(crate) fn each_reason(&self, mut visit: impl FnMut(&str, &'static str, u64)) {
        self.own.iter().for_each(|letter| visit(&letter.source, letter.reason, 1));
        let rest = self.rest.iter().flat_map(|rest| rest.reasons.iter().map(|at| (&rest.source, at)));
        rest.for_each(|(source, (reason, count))| visit(source, reason, *count));
    }

    /// Those that have their own letter, the first of which keeps the record's bytes.
    pub(crate) fn own(&self) -> &[DeadLetter] {
        &self.own
    }

    /// All others.
    pub(crate) const fn rest(&self) -> Option<&Rest> {
        self.rest.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(place: u32, reason: &'static str) -> DeadLetter {
        DeadLetter { source: "web".to_owned(), element: Some(place), reason, text: place.to_string() }
    }

    #[test]
    fn the_first_have_a_letter_each_and_the_rest_are_counted_with_reasons_and_places() {
        let mut letters = Letters::default();
        (0..100).for_each(|at| letters.add(letter(at * 2, if at < 90 { "bad_time" } else { "mapping" })));
        assert_eq!(letters.count(), 100);
        let mut counted = BTreeMap::new();
        letters.each_reason(|_, reason, count| *counted.entry(reason).or_default() += count);
        assert_eq!(counted, BTreeMap::from([("bad_time", 90), ("mapping", 10)]));
        let (own, rest) = (letters.own(), letters.rest().unwrap());
        assert_eq!((own.len(), rest.count, rest.text.as_str()), (MAX_LETTERS, 80, "40"));
        assert_eq!(rest.reasons, BTreeMap::from([("bad_time", 70), ("mapping", 10)]));
        assert!(rest.places.contains(40) && !rest.places.contains(38) && !rest.whole);
    }
}
