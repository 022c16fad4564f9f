//! The lane's role: copies with marks, and keeps position, count and hash of each partition in its changelog.

use std::collections::HashMap;

use winback_core::ids::Offset;
use winback_lane::{At, Input, Output, RestoreError, Role, Row, Start, Step, StoredPosition, View};
use winback_log::{Message, TopicPartition};

use crate::mark::{Mark, Sum};
use crate::topics::record;

/// A value that the client refuses, which makes the lane abort.
const TOO_LARGE: usize = 200_000;

#[derive(Default)]
pub(crate) struct Marker {
    output: String,
    changelog: String,
    /// The number of the running transaction.
    number: u64,
    index: u64,
    memory: HashMap<usize, Sum>,
    journal: HashMap<usize, Sum>,
    stored_position: HashMap<usize, Offset>,
}

impl Marker {
    pub(crate) fn new(output: String, changelog: String) -> Self {
        Self { output, changelog, ..Self::default() }
    }

    fn sum(&self, slot: usize) -> Sum {
        self.journal.get(&slot).or_else(|| self.memory.get(&slot)).copied().unwrap_or_default()
    }

    fn next_number(&mut self) {
        (self.number, self.index) = (self.number + 1, 0);
    }
}

impl Role for Marker {
    fn name(&self) -> &'static str {
        "marker"
    }

    fn start(&mut self, _: &TopicPartition) -> Start {
        Start::Earliest
    }

    fn changelog(&self, input: &TopicPartition) -> Option<TopicPartition> {
        Some(TopicPartition::new(self.changelog.as_str(), input.partition.0))
    }

    fn assigned(&mut self, input: &Input) {
        assert!(!self.memory.contains_key(&input.slot), "a slot is free when it is assigned");
    }

    fn restore(&mut self, input: &Input, rows: &[Row<'_>]) -> Result<(), RestoreError> {
        for row in rows {
            let why = String::from_utf8_lossy(row.value.unwrap_or_default()).into_owned();
            let numbers: Vec<u64> = why.split(' ').filter_map(|part| part.parse().ok()).collect();
            let [position, count, hash] = numbers.as_slice() else {
                return Err(RestoreError { offset: row.offset, why });
            };
            self.stored_position.insert(input.slot, Offset(i64::try_from(*position).unwrap()));
            self.memory.insert(input.slot, Sum { count: *count, hash: *hash });
        }
        Ok(())
    }

    fn restored(&mut self, input: &Input) -> StoredPosition {
        self.stored_position
            .get(&input.slot)
            .map_or(StoredPosition::None, |offset| StoredPosition::At(*offset))
    }

    fn step(&mut self, at: At<'_>, message: &Message, out: &mut Output) -> Step {
        let payload = String::from_utf8(message.value().unwrap_or_default().to_vec()).unwrap();
        let partition = at.input.partition.partition.0;
        if payload.starts_with("huge") {
            // With something before it: a transaction that nothing was written in has no end to be struck.
            let mark = Mark::Copy { number: self.number, index: u64::MAX, payload };
            out.append(&record(&self.output, partition, mark.text().as_bytes()));
            out.append(&record(&self.output, partition, &vec![b'x'; TOO_LARGE]));
            return Step::Done;
        }
        let mut sum = self.sum(at.input.slot);
        sum.add(&payload);
        self.journal.insert(at.input.slot, sum);
        let mark = Mark::Copy { number: self.number, index: self.index, payload };
        self.index += 1;
        out.append(&record(&self.output, partition, mark.text().as_bytes()));
        Step::Done
    }

    fn seal(&mut self, view: &View<'_>, out: &mut Output) {
        for input in view.inputs.iter().filter(|input| input.committed != Some(input.position)) {
            let sum = self.sum(input.input.slot);
            let row = format!("{} {} {}", input.position, sum.count, sum.hash);
            out.append(&record(&self.changelog, input.input.partition.partition.0, row.as_bytes()));
        }
        if self.index > 0 {
            let sealed = Mark::Sealed { number: self.number, count: self.index };
            out.append(&record(&self.output, 0, sealed.text().as_bytes()));
        }
    }

    fn committed(&mut self) {
        let journal = std::mem::take(&mut self.journal);
        self.memory.extend(journal);
        self.next_number();
    }

    fn rolled_back(&mut self) {
        self.journal.clear();
        self.next_number();
    }

    fn released(&mut self, input: &Input) {
        self.memory.remove(&input.slot);
        self.journal.remove(&input.slot);
        self.stored_position.remove(&input.slot);
    }
}
