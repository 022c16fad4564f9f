//! The merge by time: of several partitions' first records the one with the lowest timestamp is stepped first; equal
//! ones in the order of partitions. A partition's own order is never changed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

use winback_core::time::Time;

/// A partition's first record: its time, the partition's rank, its slot.
type First = Reverse<(Time, usize, usize)>;

/// The order of the next records. Rebuilt for each round; the memory is kept.
#[derive(Debug, Default)]
pub(crate) struct Merge {
    heap: BinaryHeap<First>,
}

impl Merge {
    pub(crate) fn clear(&mut self) {
        self.heap.clear();
    }

    pub(crate) fn add(&mut self, timestamp: Time, rank: usize, slot: usize) {
        self.heap.push(Reverse((timestamp, rank, slot)));
    }

    /// The slot whose first record is next.
    pub(crate) fn next(&self) -> Option<usize> {
        self.heap.peek().map(|Reverse((_, _, slot))| *slot)
    }

    /// That record was taken; `first` is the timestamp of the one behind it.
    pub(crate) fn advance(&mut self, first: Option<Time>) {
        let Some(mut top) = self.heap.peek_mut() else { return };
        match first {
            Some(timestamp) => top.0.0 = timestamp,
            None => drop(PeekMut::pop(top)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn merged(partitions: &[Vec<i64>]) -> Vec<(i64, usize)> {
        let mut merge = Merge::default();
        let mut next = vec![0; partitions.len()];
        for (at, times) in partitions.iter().enumerate() {
            times.first().into_iter().for_each(|time| merge.add(Time::from_millis(*time), at, at));
        }
        let mut out = Vec::new();
        while let Some(at) = merge.next() {
            out.push((partitions[at][next[at]], at));
            next[at] += 1;
            merge.advance(partitions[at].get(next[at]).map(|time| Time::from_millis(*time)));
        }
        out
    }

    proptest! {
        #[test]
        fn sorted_partitions_merge_to_a_sorted_whole(mut partitions in prop::collection::vec(prop::collection::vec(0..50i64, 0..20), 1..6)) {
            partitions.iter_mut().for_each(|times| times.sort_unstable());
            let out = merged(&partitions);
            prop_assert_eq!(out.len(), partitions.iter().map(Vec::len).sum::<usize>());
            prop_assert!(out.is_sorted());
        }

        #[test]
        fn a_partitions_own_order_is_kept_whatever_its_times(partitions in prop::collection::vec(prop::collection::vec(0..50i64, 0..20), 1..6)) {
            let out = merged(&partitions);
            for (at, times) in partitions.iter().enumerate() {
                let own: Vec<i64> = out.iter().filter(|(_, from)| *from == at).map(|(time, _)| *time).collect();
                prop_assert_eq!(&own, times);
            }
        }
    }
}
