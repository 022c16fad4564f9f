//! Rows of the changelog on their way into a partition's memory. Decoding is most of a restore's work and needs nothing
//! but the bytes, so that other threads do it ahead of this one, which takes the rows in, one after the other, in the
//! log's order.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;

use winback_core::debounce::{Partition, StateKey, StateRow};
use winback_lane::{RestoreError, Row};
use winback_proto::{WireMessage, state, v1};

/// What a thread decodes at a time.
const ROWS_A_PART: usize = 512;
/// More threads than this wait for the one that takes the rows in.
const MAX_HELPERS: usize = 3;

type Decoded = Result<Vec<(StateKey, Option<StateRow>)>, RestoreError>;

/// Takes the rows in.
pub(crate) fn load(partition: &mut Partition, rows: &[Row<'_>]) -> Result<(), RestoreError> {
    let parts = Parts { parts: rows.chunks(ROWS_A_PART).collect(), next: AtomicUsize::new(0) };
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
            for (row, (key, value)) in rows.iter().zip(ahead.part(number)?) {
                partition.load(key, value).map_err(|why| failed(row, &why))?;
            }
        }
        Ok(())
    })
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
}

impl Parts<'_> {
    /// Decodes the next part; `None` when all are taken.
    fn take(&self) -> Option<(usize, Decoded)> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        self.parts.get(number).map(|rows| (number, decode(rows)))
    }
}

/// What was decoded before its turn.
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
                None => return self.parts.parts.get(number).map_or(Ok(Vec::new()), |rows| decode(rows)),
            };
        }
    }
}

fn decode(rows: &[Row<'_>]) -> Decoded {
    rows.iter().map(one).collect()
}

fn one(row: &Row<'_>) -> Result<(StateKey, Option<StateRow>), RestoreError> {
    let key = state::key_from_bytes(row.key).map_err(|why| failed(row, &why))?;
    let decode = |value| v1::StateRecord::from_bytes(value).and_then(state::row_from_wire);
    let value = row.value.map(decode).transpose().map_err(|why| failed(row, &why))?;
    Ok((key, value))
}

fn failed(row: &Row<'_>, why: &dyn std::fmt::Display) -> RestoreError {
    RestoreError { offset: row.offset, why: format!("a row of the state: {why}") }
}

#[cfg(test)]
mod tests {
    use winback_core::account::{Account, Reason};
    use winback_core::debounce::AccountState;
    use winback_core::ids::Offset;
    use winback_core::time::Time;
    use winback_proto::Encoding;

    use super::*;

    const ACCOUNTS: i64 = 5_000;

    /// Key and value.
    type Record = (Vec<u8>, Option<Vec<u8>>);

    /// What a changelog with an account a record says, and one more record for the first of them.
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

    #[test]
    fn rows_that_several_threads_decoded_go_in_in_the_logs_order() {
        let records = changelog();
        let mut partition = Partition::default();
        load(&mut partition, &rows(&records)).unwrap();
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
            let error = load(&mut Partition::default(), &rows(&records)).unwrap_err();
            assert_eq!(error.offset, Offset(i64::try_from(broken).unwrap()), "{error}");
        }
    }

    #[test]
    fn no_rows_are_no_error() {
        assert_eq!(load(&mut Partition::default(), &[]), Ok(()));
    }
}
