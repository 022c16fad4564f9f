//! Rows of the changelog on their way into a partition's memory. Decoding is most of a restore's work and needs nothing
//! but the bytes, so that several threads do it; the rows go in one after the other, in the log's order.

use std::num::NonZero;
use std::panic::resume_unwind;
use std::thread;

use winback_core::debounce::{Partition, StateKey, StateRow};
use winback_lane::{RestoreError, Row};
use winback_proto::{WireMessage, state, v1};

/// Fewer rows than this are not worth a thread.
const ROWS_A_THREAD: usize = 1_024;
/// More threads than this wait for the one that takes the rows in.
const MAX_THREADS: usize = 4;

type Decoded = Vec<(StateKey, Option<StateRow>)>;

/// Takes the rows in.
pub(crate) fn load(partition: &mut Partition, rows: &[Row<'_>]) -> Result<(), RestoreError> {
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let threads = (rows.len() / ROWS_A_THREAD).clamp(1, cores.min(MAX_THREADS));
    let parts: Vec<_> = rows.chunks(rows.len().div_ceil(threads).max(1)).collect();
    for (rows, decoded) in parts.iter().zip(decode_all(&parts)) {
        for (row, (key, value)) in rows.iter().zip(decoded?) {
            partition.load(key, value).map_err(|why| failed(row, &why))?;
        }
    }
    Ok(())
}

/// Each part by a thread of its own, the first by this one, and by this one, too, what the system has no thread for.
fn decode_all(parts: &[&[Row<'_>]]) -> Vec<Result<Decoded, RestoreError>> {
    let Some((first, others)) = parts.split_first() else { return Vec::new() };
    thread::scope(|scope| {
        let begun = |part| thread::Builder::new().spawn_scoped(scope, move || decode(part)).map_err(|_| part);
        let others: Vec<_> = others.iter().map(|part| begun(*part)).collect();
        let finish = |other: Result<thread::ScopedJoinHandle<'_, _>, _>| match other {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            Err(part) => decode(part),
        };
        std::iter::once(decode(first)).chain(others.into_iter().map(finish)).collect()
    })
}

fn decode(rows: &[Row<'_>]) -> Result<Decoded, RestoreError> {
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
            let row = StateRow::Account(AccountState::new(account));
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
