//! Sorting more than fits into memory: sorted runs in temporary files, merged.
//!
//! Invariant: stable, equal times keep the order in which they were pushed: runs are cut from the input in its order,
//! sorted stably, and a merge prefers the earlier run.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read as _, Seek as _, Write as _};

use winback_core::time::Time;

use super::Entry;

/// So many runs are merged into one, so that open files stay few.
const MOST_RUNS: usize = 64;
/// The length that says that there is no key.
const NO_KEY: u32 = u32::MAX;

/// Takes entries in any order and gives them back by time.
pub struct Sorter {
    memory: usize,
    weight: usize,
    entries: Vec<Entry>,
    runs: Vec<File>,
}

impl Sorter {
    /// A sorter that keeps about `memory` bytes in memory.
    pub const fn new(memory: usize) -> Self {
        Self { memory, weight: 0, entries: Vec::new(), runs: Vec::new() }
    }

    /// Takes an entry.
    ///
    /// # Errors
    /// When a temporary file cannot be written.
    pub fn push(&mut self, entry: Entry) -> io::Result<()> {
        self.weight += entry.weight();
        self.entries.push(entry);
        if self.weight < self.memory {
            return Ok(());
        }
        let run = write_run(self.take_sorted().into_iter().map(Ok))?;
        self.runs.push(run);
        if self.runs.len() >= MOST_RUNS {
            let merged = write_run(Sorted::new(std::mem::take(&mut self.runs), Vec::new())?)?;
            self.runs.push(merged);
        }
        Ok(())
    }

    /// Everything, by time.
    ///
    /// # Errors
    /// When a temporary file cannot be read.
    pub fn finish(mut self) -> io::Result<Sorted> {
        let last = self.take_sorted();
        Sorted::new(self.runs, last)
    }

    fn take_sorted(&mut self) -> Vec<Entry> {
        self.weight = 0;
        let mut entries = std::mem::take(&mut self.entries);
        entries.sort_by_key(|entry| entry.time);
        entries
    }
}

/// The sorted records.
pub struct Sorted {
    runs: Vec<Run>,
    heads: BinaryHeap<Reverse<(Time, usize)>>,
    next: Vec<Option<Entry>>,
}

enum Run {
    File(BufReader<File>),
    Memory(std::vec::IntoIter<Entry>),
}

impl Sorted {
    fn new(files: Vec<File>, last: Vec<Entry>) -> io::Result<Self> {
        let mut runs = Vec::with_capacity(files.len() + 1);
        for mut file in files {
            file.rewind()?;
            runs.push(Run::File(BufReader::with_capacity(1 << 16, file)));
        }
        runs.push(Run::Memory(last.into_iter()));
        let next = runs.iter().map(|_| None).collect();
        let mut sorted = Self { runs, heads: BinaryHeap::new(), next };
        (0..sorted.runs.len()).try_for_each(|run| sorted.advance(run))?;
        Ok(sorted)
    }

    fn advance(&mut self, run: usize) -> io::Result<()> {
        let entry = match &mut self.runs[run] {
            Run::File(file) => read_entry(file)?,
            Run::Memory(entries) => entries.next(),
        };
        if let Some(entry) = &entry {
            self.heads.push(Reverse((entry.time, run)));
        }
        self.next[run] = entry;
        Ok(())
    }
}

impl Iterator for Sorted {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((_, run)) = self.heads.pop()?;
        let entry = self.next[run].take()?;
        Some(self.advance(run).map(|()| entry))
    }
}

/// A file without a name, for its owner alone: it is gone with the process.
fn own_file() -> io::Result<File> {
    let file = tempfile::tempfile()?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(file)
}

fn write_run(entries: impl Iterator<Item = io::Result<Entry>>) -> io::Result<File> {
    let mut file = BufWriter::with_capacity(1 << 18, own_file()?);
    let length = |bytes: &[u8]| u32::try_from(bytes.len()).map_err(|_| io::Error::other("a record of 4 GiB"));
    for entry in entries {
        let entry = entry?;
        let key = entry.key.as_deref().map_or(Ok(NO_KEY), length)?;
        file.write_all(&entry.time.millis().to_le_bytes())?;
        file.write_all(&key.to_le_bytes())?;
        file.write_all(&length(&entry.value)?.to_le_bytes())?;
        file.write_all(entry.key.as_deref().unwrap_or_default())?;
        file.write_all(&entry.value)?;
    }
    file.into_inner().map_err(io::IntoInnerError::into_error)
}

fn read_entry(file: &mut BufReader<File>) -> io::Result<Option<Entry>> {
    let mut time = [0; 8];
    if file.read(&mut time[..1])? == 0 {
        return Ok(None);
    }
    file.read_exact(&mut time[1..])?;
    let (key, value) = (read_length(file)?, read_length(file)?);
    let key = if key == NO_KEY { None } else { Some(read_bytes(file, key)?) };
    let value = read_bytes(file, value)?;
    Ok(Some(Entry { time: Time::from_millis(i64::from_le_bytes(time)), key, value }))
}

fn read_length(file: &mut BufReader<File>) -> io::Result<u32> {
    let mut bytes = [0; 4];
    file.read_exact(&mut bytes)?;
    Ok(u32::from_le_bytes(bytes))
}

fn read_bytes(file: &mut BufReader<File>, length: u32) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn what_is_sorted_on_disk_is_its_owners_alone() {
        let run = write_run(std::iter::empty()).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::mode(&run.metadata().unwrap().permissions());
        assert_eq!(mode & 0o077, 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn any_memory_gives_the_stable_order(times in prop::collection::vec(-20_i64..20, 0..400), memory in 1_usize..4_000) {
            let entry = |(at, time): (usize, &i64)| Entry {
                time: Time::from_millis(*time),
                key: (at % 3 > 0).then(|| vec![7; at % 5]),
                value: at.to_le_bytes().to_vec(),
            };
            let mut expected: Vec<Entry> = times.iter().enumerate().map(entry).collect();
            let mut sorter = Sorter::new(memory);
            expected.iter().for_each(|entry| sorter.push(entry.clone()).unwrap());
            expected.sort_by_key(|entry| entry.time);
            let sorted: Vec<Entry> = sorter.finish().unwrap().map(Result::unwrap).collect();
            prop_assert_eq!(sorted, expected);
        }
    }
}
