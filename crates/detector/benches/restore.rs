//! The cost of a restore without a log: the rows of a million accounts, as the changelog holds them, into a role's
//! memory.
//!
//! `cargo bench -p winback-detector --bench restore`. It does not use criterion: a restore happens once a start, into
//! new memory.
#![expect(clippy::print_stdout, reason = "a benchmark reports by printing")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use winback_core::account::{Account, Contact, Reason};
use winback_core::debounce::{AccountState, StateKey, StateRow};
use winback_core::ids::Offset;
use winback_core::time::Time;
use winback_detector::{DetectorMetrics, DetectorRole, DetectorTopics};
use winback_lane::{Input, RestoreError, Role, Row};
use winback_log::TopicPartition;
use winback_proto::{Encoding, WireMessage as _, state};
use winback_telemetry::Metrics;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ACCOUNTS: i64 = 1_000_000;
const PARTITIONS: i32 = 4;
const ROUNDS: usize = 5;
/// As many as a lane hands over at a time from a snapshot.
const SLICE: usize = 32_768;
/// They left within so many days.
const SPREAD: i64 = 1_000;
const DAY: i64 = 86_400_000;

type Record = (Vec<u8>, Vec<u8>);

/// A domain, a contact, a reason and a revenue: what the accounts' topic of a company mostly has.
fn record(number: i64) -> Record {
    let id = format!("acct-{number:07}");
    let churned = Time::from_millis(1_700_000_000_000 - number % SPREAD * DAY);
    let mut account = Account::new(&id, "", churned, Reason::ProductGap);
    account.domains = vec![format!("company-{number:07}.example")];
    let email_sha256 = [number.to_le_bytes()[0]; 32];
    account.contacts =
        vec![Contact { email_sha256, role: String::new(), opted_out: false, ..Contact::default() }];
    account.arr_usd = 84_000;
    let row = StateRow::Account(AccountState::new(account).into());
    let key = state::key_to_bytes(&StateKey::Account(id.as_str().into()));
    (key, state::row_to_wire(&row).to_bytes(Encoding::Protobuf))
}

fn role() -> DetectorRole {
    let topics = DetectorTopics {
        triggers: Arc::from("triggers"),
        shadow_triggers: Arc::from("shadow-triggers"),
        decisions: Arc::from("decisions"),
        changelog: Arc::from("changelog"),
        inbox_partitions: PARTITIONS,
        encoding: Encoding::Protobuf,
        source: "bench/detector".to_owned(),
    };
    DetectorRole::new(topics, DetectorMetrics::new(&Metrics::new()))
}

fn restore(partitions: &[Vec<Record>]) -> Result<Duration, RestoreError> {
    let mut role = role();
    let begun = Instant::now();
    for ((slot, partition), records) in (0..PARTITIONS).enumerate().zip(partitions) {
        let input = Input { slot, topic: 0, partition: TopicPartition::new("inbox", partition) };
        role.assigned(&input);
        for records in records.chunks(SLICE) {
            let rows: Vec<Row<'_>> = (0..)
                .zip(records)
                .map(|(offset, (key, value))| Row { offset: Offset(offset), key, value: Some(value) })
                .collect();
            role.restore(&input, &rows)?;
        }
        role.restored(&input);
    }
    Ok(begun.elapsed())
}

fn main() -> Result<(), RestoreError> {
    // `cargo test` builds it, and lets it do nothing much.
    let accounts = if std::env::args().any(|argument| argument == "--bench") { ACCOUNTS } else { 100 };
    let partitions: Vec<Vec<Record>> = (0..i64::from(PARTITIONS))
        .map(|partition| (partition..accounts).step_by(4).map(record).collect())
        .collect();
    let bytes: usize = partitions.iter().flatten().map(|(key, value)| key.len() + value.len()).sum();
    println!("{accounts} accounts, {} bytes a row", bytes / usize::try_from(accounts).unwrap_or(1));
    for _ in 0..ROUNDS {
        println!("  restored in {:.2} s", restore(&partitions)?.as_secs_f64());
    }
    Ok(())
}
