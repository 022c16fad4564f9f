//! The check that the output is the input, once each, in order, in whole transactions.

use std::collections::{BTreeMap, BTreeSet};

use crate::mark::{Mark, Sum};
use crate::topics::{PARTITIONS, Topics};

#[derive(Default)]
struct Transaction {
    indexes: BTreeSet<u64>,
    sealed: Vec<u64>,
}

/// Everything that is wrong with what was copied; nothing is as it should be.
pub(crate) fn faults(topics: &Topics) -> Vec<String> {
    let mut faults = Vec::new();
    let mut transactions = BTreeMap::<u64, Transaction>::new();
    for (partition, written) in (0..PARTITIONS).zip(topics.written()) {
        let mut copied = Vec::new();
        for value in topics.read(&topics.output(), partition) {
            match Mark::read(std::str::from_utf8(&value).unwrap()) {
                Mark::Copy { number, index, payload } => {
                    transactions.entry(number).or_default().indexes.insert(index);
                    copied.push(payload);
                }
                Mark::Sealed { number, count } => {
                    transactions.entry(number).or_default().sealed.push(count);
                }
            }
        }
        let written: Vec<String> =
            written.into_iter().filter(|payload| !payload.starts_with("huge")).collect();
        if copied != written {
            faults.push(compare(partition, &copied, &written));
        }
    }
    for (number, Transaction { indexes, sealed }) in transactions {
        let whole = sealed.len() == 1 && indexes.iter().copied().eq(0..sealed[0]);
        if !whole {
            faults.push(format!("torn: transaction {number} has {indexes:?} and was sealed {sealed:?}"));
        }
    }
    faults.extend(misplaced(topics));
    faults
}

fn compare(partition: i32, copied: &[String], written: &[String]) -> String {
    let distinct: BTreeSet<&String> = copied.iter().collect();
    let lost = written.iter().filter(|payload| !distinct.contains(payload)).count();
    let doubled = copied.len() - distinct.len();
    format!("copied: partition {partition} has {lost} lost, {doubled} doubled of {}", written.len())
}

/// The group's positions that are not at the end of the input, if there are any.
pub(crate) fn misplaced(topics: &Topics) -> Option<String> {
    let (positions, ends) = (topics.positions(), topics.ends());
    (positions != ends).then(|| format!("positions: {positions:?} of {ends:?}"))
}

/// The faults of the state in the changelog: position, count and hash.
pub(crate) fn stale_state(topics: &Topics) -> Vec<String> {
    let mut faults = Vec::new();
    for (partition, written) in (0..PARTITIONS).zip(topics.written()) {
        let rows = topics.read(&topics.changelog(), partition);
        let row = rows.last().map(|row| String::from_utf8_lossy(row).into_owned());
        let sum = Sum::of(written.iter().filter(|payload| !payload.starts_with("huge")));
        let expected = format!("{} {} {}", written.len(), sum.count, sum.hash);
        if row.as_ref() != Some(&expected) {
            faults.push(format!("state: partition {partition} has {row:?}, not {expected}"));
        }
    }
    faults
}
