//! The records that become dead letters instead of being stepped.

use winback_core::ids::Offset;
use winback_log::TopicPartition;

use super::{AfterFailure, PoisonCandidate};

/// A step may panic so often on the next record of a partition before anything is committed.
const PANICS: usize = 2;

/// The quarantined part of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Quarantined {
    /// The whole record.
    All,
    /// These elements, mostly none.
    Elements(Vec<u32>),
}

/// A record on which the role panicked.
#[derive(Debug)]
struct Panicking {
    record: PoisonCandidate,
    why: String,
    /// It panicked twice.
    is_sure: bool,
}

/// Records of which it is proved that they cannot be processed, until they are committed as dead letters.
#[derive(Debug, Default)]
pub(super) struct Quarantine {
    /// Those that no transaction takes.
    records: Vec<PoisonCandidate>,
    panicking: Vec<Panicking>,
    /// Steps that panicked since the last commit.
    panics: usize,
}

impl Quarantine {
    /// The part of this record that is not stepped any more.
    pub(super) fn of(&self, partition: &TopicPartition, offset: Offset) -> Quarantined {
        let mut elements = Vec::new();
        for record in self.records.iter().filter(|record| record.is_at(partition, offset)) {
            match record.element {
                None => return Quarantined::All,
                Some(element) => elements.push(element),
            }
        }
        Quarantined::Elements(elements)
    }

    /// The text of the panic, for a record on which the role panicked twice.
    pub(super) fn panics_at(&self, partition: &TopicPartition, offset: Offset) -> Option<&str> {
        let is = |known: &&Panicking| known.is_sure && known.record.is_at(partition, offset);
        self.panicking.iter().find(is).map(|known| known.why.as_str())
    }

    /// Adds a record that no transaction takes. Where it is there already, its dead letter cannot be taken, either.
    pub(super) fn add(&mut self, record: PoisonCandidate) -> AfterFailure {
        if self.records.contains(&record) {
            return AfterFailure::GiveUp;
        }
        self.records.push(record);
        AfterFailure::Retry
    }

    /// Notes a panic. Each partition may have such a record next; where more steps panic than these explain, and nothing
    /// comes into the log, the lane gives up.
    pub(super) fn panicked(&mut self, record: PoisonCandidate, why: &str, partitions: usize) -> AfterFailure {
        self.panics += 1;
        match self.panicking.iter_mut().find(|known| known.record == record) {
            Some(known) => (known.why, known.is_sure) = (why.to_owned(), true),
            None => self.panicking.push(Panicking { record, why: why.to_owned(), is_sure: false }),
        }
        if self.panics > PANICS * partitions.max(1) { AfterFailure::GiveUp } else { AfterFailure::Retry }
    }

    /// A transaction with records is in the log; `passed` tells which records lie behind the committed positions.
    pub(super) fn committed(&mut self, passed: impl Fn(&PoisonCandidate) -> bool) {
        self.panics = 0;
        self.records.retain(|record| !passed(record));
        self.panicking.retain(|known| !passed(&known.record));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(offset: i64, element: Option<u32>) -> PoisonCandidate {
        PoisonCandidate { partition: TopicPartition::new("visits", 0), offset: Offset(offset), element }
    }

    #[test]
    fn a_record_is_quarantined_whole_or_by_its_elements_until_it_is_committed() {
        let mut quarantine = Quarantine::default();
        let at = record(7, None).partition;
        assert_eq!(quarantine.add(record(7, Some(3))), AfterFailure::Retry);
        assert_eq!(quarantine.of(&at, Offset(7)), Quarantined::Elements(vec![3]));
        assert_eq!(quarantine.add(record(8, None)), AfterFailure::Retry);
        assert_eq!(quarantine.of(&at, Offset(8)), Quarantined::All);
        assert_eq!(quarantine.add(record(8, None)), AfterFailure::GiveUp);
        quarantine.committed(|record| record.offset < Offset(8));
        assert_eq!(quarantine.of(&at, Offset(7)), Quarantined::Elements(Vec::new()));
        assert_eq!(quarantine.of(&at, Offset(8)), Quarantined::All);
    }

    #[test]
    fn one_panic_proves_nothing() {
        let mut quarantine = Quarantine::default();
        let at = record(7, None).partition;
        quarantine.panicked(record(7, None), "first", 1);
        assert_eq!(quarantine.panics_at(&at, Offset(7)), None);
        quarantine.panicked(record(7, None), "second", 1);
        assert_eq!(quarantine.panics_at(&at, Offset(7)), Some("second"));
    }
}
