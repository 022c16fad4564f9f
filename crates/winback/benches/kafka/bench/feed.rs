//! The time a member takes from the accounts' topic to a complete index, and the weight of an account in it.

use std::sync::Arc;
use std::time::Duration;

use winback_core::account::{Account, Contact, Reason};
use winback_core::index::SharedIndex;
use winback_core::time::{Span, Time};
use winback_log::{Append, Cleanup, SharedLog};
use winback_matcher::{AccountFeed, FeedStatus};
use winback_proto::{Encoding, WireMessage as _, account};

use super::machine::timed;
use super::{size, topic};

const ACCOUNTS: &str = "feed.accounts";
const PARTITIONS: i32 = 4;
const ROUNDS: usize = 3;

pub(super) fn run(log: &SharedLog) -> anyhow::Result<()> {
    let accounts = size("WINBACK_BENCH_FEED", 200_000)?;
    topic(log, ACCOUNTS, PARTITIONS, Cleanup::Compact { tombstones: Span::from_days(7) })?;
    let (took, bytes) = timed(|| write(log, accounts))?;
    println!(
        "  {accounts} accounts of {} bytes written in {:.2} s",
        bytes / accounts.max(1),
        took.wall.as_secs_f64()
    );
    for _ in 0..ROUNDS {
        let index = Arc::new(SharedIndex::new());
        let (took, ()) = timed(|| fill(log, &index))?;
        let (pinned, wall, cpu) = (index.pin(), took.wall.as_secs_f64(), took.cpu.as_secs_f64());
        let bytes = pinned.bytes().div_ceil(pinned.len().max(1));
        println!("  ready in {wall:.2} s ({cpu:.2} s of CPU), {} accounts of {bytes} bytes", pinned.len());
    }
    Ok(())
}

fn fill(log: &SharedLog, index: &Arc<SharedIndex>) -> anyhow::Result<()> {
    let status = Arc::new(FeedStatus::default());
    let mut feed = AccountFeed::new(log, ACCOUNTS, index.clone(), status.clone())?;
    feed.begin()?;
    while status.waits_for().is_some() {
        feed.turn(Duration::from_millis(50))?;
    }
    anyhow::ensure!(status.refused() == 0, "{} accounts were refused", status.refused());
    Ok(())
}

/// Writes accounts with a domain, a contact, a reason and a tier, as the registrar does.
fn write(log: &SharedLog, accounts: u64) -> anyhow::Result<u64> {
    let mut writer = log.writer()?;
    let mut bytes = 0;
    for number in 0..accounts {
        let account = nth(number);
        let value = account::to_wire(&account).to_bytes(Encoding::Protobuf);
        bytes += value.len() as u64;
        writer.append(&Append::keyed(ACCOUNTS, account.id.as_str().as_bytes(), &value))?;
    }
    writer.flush()?;
    Ok(bytes)
}

/// One of many accounts.
pub(super) fn nth(number: u64) -> Account {
    let mut email_sha256 = [0; 32];
    for (part, salt) in email_sha256.chunks_exact_mut(8).zip(1_u64..) {
        let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17).wrapping_mul(salt | 1);
        part.copy_from_slice(&mixed.to_le_bytes());
    }
    let churned = Time::from_millis(1_770_000_000_000);
    let mut account = Account::new(&format!("acct-{number:07}"), "", churned, Reason::ProductGap);
    account.domains.push(format!("company{number:07}.com"));
    account.contacts.push(Contact {
        email_sha256,
        role: String::new(),
        opted_out: false,
        ..Contact::default()
    });
    account.arr_usd = number % 100_000;
    account.version = 1;
    account
}
