//! Helpers of the tests: triggers, accounts and a receiver on loopback.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test binary uses its part")]

pub mod receiver;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use winback_core::time::{Span, Time};
use winback_proto::Timestamp;
use winback_proto::v1::{AccountSnapshot, Evidence, EvidenceItem, Score, Trigger};
use winback_worker::{AccountStanding, Standing};

/// 2026-11-22T14:02:00Z.
pub const FIRED: Time = Time::from_millis(1_795_356_120_000);

/// Accounts in a table that a test can change.
#[derive(Clone, Default)]
pub struct Accounts(Arc<Mutex<HashMap<String, AccountStanding>>>);

impl Accounts {
    pub fn with(id: &str, standing: AccountStanding) -> Self {
        let accounts = Self::default();
        accounts.set(id, standing);
        accounts
    }

    pub fn set(&self, id: &str, standing: AccountStanding) {
        self.0.lock().unwrap().insert(id.to_owned(), standing);
    }
}

impl Standing for Accounts {
    fn of(&self, account_id: &str) -> Option<AccountStanding> {
        self.0.lock().unwrap().get(account_id).copied()
    }
}

pub fn wire(at: Time) -> Timestamp {
    Timestamp { seconds: at.millis().div_euclid(1_000), nanos: 0 }
}

pub fn signal(kind: &str, class: &str, detail: &str) -> EvidenceItem {
    EvidenceItem {
        kind: kind.to_owned(),
        page_class: class.to_owned(),
        event_time: Some(wire(FIRED)),
        source: "site".to_owned(),
        id: "s-1".to_owned(),
        strength: 2,
        weight: 5,
        method: "domain".to_owned(),
        matched_on: "n…d.example".to_owned(),
        detail: detail.to_owned(),
    }
}

/// A leading trigger of account `acc-1`, which left 210 days ago for `reason`.
pub fn trigger(reason: &str, evidence: Vec<EvidenceItem>) -> Trigger {
    Trigger {
        id: "5b1f0c9d2e7a48c6b3d4a1f096e2c781".to_owned(),
        policy: "default".to_owned(),
        policy_version: 1,
        edge: "leading".to_owned(),
        account: Some(AccountSnapshot {
            id: "acc-1".to_owned(),
            name: "Northwind Tools".to_owned(),
            tier: "1".to_owned(),
            arr_usd: 84_000,
            reason: reason.to_owned(),
            churned_at: Some(wire(FIRED - Span::from_days(210))),
            churn_number: 1,
            months_since_churn: 7,
            owner: "Ana Lopez <ana@winback.example>".to_owned(),
            missing_features: vec!["sso".to_owned()],
            ..AccountSnapshot::default()
        }),
        score: Some(Score { total: 14, needed: 2, parts: Vec::new() }),
        evidence: Some(Evidence { signals: 2, items: evidence, ..Evidence::default() }),
        fired_at: Some(wire(FIRED)),
        strength: 2,
        ..Trigger::default()
    }
}
