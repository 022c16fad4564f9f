//! The rows of accounts, and what becomes of them while a plan runs.

use rand::Rng as _;
use serde_json::{Value, json};

use crate::company::{Company, dice, one_in, pick};

/// The purpose of the draws for rows.
const PURPOSE: u64 = 0xacc0;

/// Reasons that no gate stands behind.
const REASONS: [&str; 6] =
    ["price_budget", "product_gap", "competitor", "service_support", "situational", "unknown"];
/// Yearly revenues: the last is below outreach, so that some are gated.
const ARR: [u64; 6] = [120_000, 60_000, 24_000, 12_000, 4_800, 600];

/// The change of an account's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// Other facts; the number tells them apart.
    Facts(u32),
    /// It came back and left again, so many months after it first had.
    Churned(u32),
    /// A row that takes it off the list.
    Deleted,
    /// A tombstone that does.
    Tombstone,
    /// The row of the beginning again.
    Back,
}

/// Its id in the books.
pub(super) fn id(seed: u64, number: u32) -> String {
    format!("acct-{seed:x}-{number}")
}

/// The company behind it.
pub(super) fn company(seed: u64, number: u32) -> Company {
    Company::nth(seed, number.into())
}

/// A contact's address.
pub(super) fn mail(seed: u64, number: u32) -> String {
    company(seed, number).mail(number.into())
}

/// The row at the beginning.
pub(super) fn row(seed: u64, number: u32) -> Value {
    let mut rng = dice(seed, PURPOSE, number.into());
    let company = company(seed, number);
    let month = rng.random_range(1..=12);
    let day = rng.random_range(1..=28);
    json!({
        "account_id": id(seed, number),
        "name": company.name,
        "domains": [company.domain],
        "contacts": [mail(seed, number)],
        "churned_at": format!("2025-{month:02}-{day:02}"),
        "reason": pick(&mut rng, &REASONS),
        "arr_usd": ARR[rng.random_range(0..ARR.len())],
        "hold_out": one_in(&mut rng, 20),
    })
}

/// The row that a change writes; `None` is a tombstone.
pub(super) fn changed(seed: u64, number: u32, change: Change) -> Option<Value> {
    let mut row = row(seed, number);
    match change {
        Change::Facts(version) => {
            row["arr_usd"] = json!(ARR[0] + u64::from(version));
            row["owner"] = json!(format!("owner-{version}@ourcompany.example"));
            row["do_not_contact"] = json!(version % 4 == 3);
        }
        Change::Churned(months) => {
            let (year, month) = (2026 + months / 12, months % 12 + 1);
            row["churned_at"] = json!(format!("{year}-{month:02}-01"));
            row["reason"] = json!("regret_impulse");
        }
        Change::Deleted => return Some(json!({ "account_id": id(seed, number), "deleted": true })),
        Change::Tombstone => return None,
        Change::Back => {}
    }
    Some(row)
}
