//! Rows of the changelog on their way into a partition's memory. Decoding is most of a restore's work and needs nothing
//! but the bytes, so that other threads do it ahead of this one, which takes the rows in, one after the other, in the
//! log's order.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;

use winback_core::debounce::Partition;
use winback_lane::Row;
use winback_log::{ForeignRecords, TopicPartition, Unreadable};
use winback_proto::stored::{StateRecord, state_record};

/// The number of rows that a thread decodes at a time.
const ROWS_A_PART: usize = 512;
/// More threads than this wait for the one that takes the rows in.
const MAX_HELPERS: usize = 3;

type Decoded = Vec<Result<StateRecord, Unreadable>>;

/// A partition of the changelog.
#[derive(Clone, Debug)]
pub(crate) struct Changelog {
    pub(crate) partition: TopicPartition,
    /// How many partitions it has.
    pub(crate) partitions: i32,
}

/// Takes the rows in. What cannot be read is noted: a later row of its key may replace it.
pub(crate) fn load(
    partition: &mut Partition,
    rows: &[Row<'_>],
    from: &Changelog,
    foreign: &mut ForeignRecords,
) {
    let parts = Parts { parts: rows.chunks(ROWS_A_PART).collect(), next: AtomicUsize::new(0), from };
    let helpers = helpers_for(parts.parts.len());
    thread::scope(|scope| {
        let (sender, decoded) = channel();
        for _ in 0..helpers {
            let (sender, parts) = (sender.clone(), &parts);
            let help = move || while parts.take().is_some_and(|part| sender.send(part).is_ok()) {};
            // This thread decodes what the system has no thread for.
            if thread::Builder::new().spawn_scoped(scope, help).is_err() {
                break;
            }
        }
        drop(sender);
        let mut ahead = Ahead { decoded, parts: &parts, early: BTreeMap::new() };
        for (number, rows) in parts.parts.iter().enumerate() {
            for (row, record) in rows.iter().zip(ahead.part(number)) {
                let loaded = record.map(|record| take(partition, record));
                foreign.see(&from.partition, row.offset, row.key, &loaded);
            }
        }
    });
}

fn take(partition: &mut Partition, record: StateRecord) {
    if let Some((key, row)) = record {
        partition.load(key, row);
    }
}

/// The system is asked how many cores there are only where that matters: it opens files to say so.
fn helpers_for(parts: usize) -> usize {
    let most = parts.saturating_sub(1).min(MAX_HELPERS);
    if most == 0 { 0 } else { most.min(thread::available_parallelism().map_or(1, NonZero::get) - 1) }
}

/// The parts, and the first that nobody has taken.
struct Parts<'a> {
    parts: Vec<&'a [Row<'a>]>,
    next: AtomicUsize,
    from: &'a Changelog,
}

impl Parts<'_> {
    /// Decodes the next part; `None` when all are taken.
    fn take(&self) -> Option<(usize, Decoded)> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.parts.get(number).map(|rows| (number, self.decode(rows)))
    }

    fn decode(&self, rows: &[Row<'_>]) -> Decoded {
        let Changelog { partition, partitions } = self.from;
        rows.iter().map(|row| state_record(row.key, row.value, partition.partition, *partitions)).collect()
    }
}

/// The rows that were decoded before their turn.
struct Ahead<'a> {
    decoded: Receiver<(usize, Decoded)>,
    parts: &'a Parts<'a>,
    early: BTreeMap<usize, Decoded>,
}

impl Ahead<'_> {
    /// That part, decoded. While it is not there, this thread decodes another.
    fn part(&mut self, number: usize) -> Decoded {
        loop {
            if let Some(decoded) = self.early.remove(&number) {
                return decoded;
            }
            let next = match self.decoded.try_recv() {
                Ok(part) => Some(part),
                Err(TryRecvError::Empty) => self.parts.take().or_else(|| self.decoded.recv().ok()),
                Err(TryRecvError::Disconnected) => self.parts.take(),
            };
            match next {
                Some((number, decoded)) => self.early.insert(number, decoded),
                // Whoever took it is gone without it.
                None => {
                    let rows = self.parts.parts.get(number);
                    return rows.map_or_else(Vec::new, |rows| self.parts.decode(rows));
                }
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use winback_core::account::{Account, Reason};
    use winback_core::debounce::{AccountState, StateKey, StateRow};
    use winback_core::ids::{Offset, Partition as Number};
    use winback_core::time::Time;
    use winback_log::Defect;
    use winback_log::partitioner::partition_of;
    use winback_proto::{Encoding, WireMessage as _, state};

    use super::*;

    const ACCOUNTS: i64 = 5_000;

    /// Key and value.
    type Record = (Vec<u8>, Option<Vec<u8>>);

    /// A changelog with one record for each account, and one more for the first of them.
    fn changelog() -> Vec<Record> {
        let row = |number: i64, name: &str| {
            let id = format!("acc-{number}");
            let account = Account::new(&id, name, Time::from_millis(number), Reason::PriceBudget);
            let row = StateRow::Account(AccountState::new(account).into());
            let value = state::row_to_wire(&row).to_bytes(Encoding::Protobuf);
            (state::key_to_bytes(&StateKey::Account(id.as_str().into())), Some(value))
        };
        let mut records: Vec<_> = (0..ACCOUNTS).map(|number| row(number, "first")).collect();
        records.push(row(0, "renamed"));
        let (gone, _) = row(1, "first");
        records.push((gone, None));
        records
    }

    fn rows(records: &[Record]) -> Vec<Row<'_>> {
        (0..)
            .zip(records)
            .map(|(offset, (key, value))| Row { offset: Offset(offset), key, value: value.as_deref() })
            .collect()
    }

    /// Loads them as the only partition of a changelog; the first that cannot be read.
    fn loaded(partition: &mut Partition, records: &[Record]) -> Option<winback_log::ForeignRecord> {
        let from = Changelog { partition: TopicPartition::new("changelog", 0), partitions: 1 };
        let mut foreign = ForeignRecords::default();
        load(partition, &rows(records), &from, &mut foreign);
        foreign.first(&[Defect::Key, Defect::Partition, Defect::Value]).cloned()
    }

    #[test]
    fn rows_that_several_threads_decoded_go_in_in_the_logs_order() {
        let records = changelog();
        let mut partition = Partition::default();
        assert_eq!(loaded(&mut partition, &records), None);
        let name =
            |id: &str| partition.account_state(&id.into()).map(|state| state.account.clone().unwrap().name);
        assert_eq!(partition.known_accounts(), 4_999);
        assert_eq!((name("acc-0").as_deref(), name("acc-1").as_deref()), (Some("renamed"), None));
        assert_eq!(name("acc-4999").as_deref(), Some("first"));
    }

    #[test]
    fn a_row_that_cannot_be_read_is_named_whichever_thread_found_it() {
        for broken in [0, 4_321] {
            let mut records = changelog();
            records[broken].1 = Some(vec![0xff]);
            // The last two records are newer ones of the first two accounts.
            let found = loaded(&mut Partition::default(), &records);
            let offset = found.as_ref().map(|found| found.offset);
            let expected = (broken > 1).then(|| Offset(i64::try_from(broken).unwrap()));
            assert_eq!(offset, expected, "{found:?}");
        }
    }

    #[test]
    fn no_rows_are_no_error() {
        assert_eq!(loaded(&mut Partition::default(), &[]), None);
    }

    #[test]
    fn a_row_of_another_kind_or_account_or_in_another_partition_is_no_row_of_its_key() {
        let (key, value) = changelog().swap_remove(0);
        let read = |key: &[u8], value: &[u8], number, partitions| {
            state_record(key, Some(value), Number(number), partitions).err().map(|error| error.defect)
        };
        let value = value.unwrap();
        let right = partition_of(b"acc-0", 4).0;
        assert_eq!(read(&key, &value, right, 4), None);
        assert_eq!(read(&key, &value, (right + 1) % 4, 4), Some(Defect::Partition));
        assert_eq!(read(b"aacc-1", &value, 0, 1), Some(Defect::Value), "of another account");
        for other in [&b"c"[..], b"h", b"macc-0\0default", b"p\0\0\0\x01default"] {
            assert_eq!(read(other, &value, 0, 1), Some(Defect::Value), "{}", other.escape_ascii());
        }
        for none in [&b""[..], b"z", b"\xff", b"ex", b"p1", b"macc-0"] {
            assert_eq!(read(none, &value, 0, 1), Some(Defect::Key), "{}", none.escape_ascii());
            assert_eq!(state_record(none, None, Number(0), 1).unwrap(), None, "its tombstone mends it");
        }
    }
}
