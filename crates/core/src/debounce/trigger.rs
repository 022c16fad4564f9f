//! Triggers and decisions as the core makes them, and their names (R11).

use std::fmt;

use sha2::{Digest, Sha256};

use super::MatchedSignal;
use super::bound::Cut;
use super::caps::Cap;
use super::entries::months_since_churn;
use super::evidence::Evidence;
use super::gates::Gate;
use super::outcome::{BurstOutcome, Edge, FiredBecause, SignalOutcome};
use super::priority::Priority;
use crate::account::{Account, Manner, Reason, Tier};
use crate::closed_enum;
use crate::ids::{AccountId, PolicyName};
use crate::segment::Segment;
use crate::time::Time;

macro_rules! hash_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; 16]);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0; 32];
                hex::encode_to_slice(self.0, &mut text).map_err(|_| fmt::Error)?;
                f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

hash_id!(
    /// A burst: hash(source, id, te) of the signal that arrived first.
    BurstId
);
hash_id!(
    /// A trigger: hash(policy, churn number, account, burst, edge, strength); the idempotency key.
    TriggerId
);

impl BurstId {
    /// The burst that this signal opens.
    pub fn of(signal: &MatchedSignal) -> Self {
        let time = signal.event_time.millis().to_be_bytes();
        Self(hash(&[b"burst", signal.source.as_bytes(), signal.id.as_bytes(), &time]))
    }
}

impl TriggerId {
    /// The same under replay.
    pub fn of(
        policy: &PolicyName,
        churn: u32,
        account: &AccountId,
        burst: BurstId,
        edge: Edge,
        strength: u8,
    ) -> Self {
        Self(hash(&[
            b"trigger",
            policy.as_str().as_bytes(),
            &churn.to_be_bytes(),
            account.as_str().as_bytes(),
            &burst.0,
            edge.as_str().as_bytes(),
            &[strength],
        ]))
    }
}

/// The first 16 bytes of SHA-256 over the parts, each behind its length so that no two lists collide.
fn hash(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let mut id = [0; 16];
    id.copy_from_slice(&hasher.finalize()[..16]);
    id
}

closed_enum! {
    /// How long ago they left (DOMAIN, *When*).
    Band {
        /// Under 6 months.
        Early = "early",
        /// 6 to 24 months.
        SweetSpot = "sweet_spot",
        /// Up to 3 years.
        Late = "late",
        /// Over 3 years: as good as a new prospect.
        NewProspect = "new_prospect",
    }
}

impl Band {
    /// The band of that many whole months.
    pub const fn of(months: u32) -> Self {
        match months {
            0..=5 => Self::Early,
            6..=24 => Self::SweetSpot,
            25..=36 => Self::Late,
            _ => Self::NewProspect,
        }
    }
}

/// The account as it was when a trigger fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Its id.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// Its tier.
    pub tier: Tier,
    /// Yearly revenue before it left, whole US dollars.
    pub arr_usd: u64,
    /// Why it left.
    pub reason: Reason,
    /// In the books' own words.
    pub reason_detail: String,
    /// When it left.
    pub churned_at: Time,
    /// How often it has.
    pub churn_number: u32,
    /// Whole calendar months since, by the account's own days.
    pub months_since_churn: u32,
    /// Who looks after it.
    pub owner: String,
    /// Its time zone.
    pub zone: String,
    /// Features it missed.
    pub missing_features: Vec<String>,
    /// Whom it went to.
    pub competitor: String,
    /// What kind of account it was; `None` when no segment fits.
    pub segment: Option<Segment>,
    /// How it left.
    pub manner: Manner,
    /// What was promised to it at exit, to be honoured.
    pub concessions: Vec<String>,
    /// Seats before it left.
    pub seats: Option<u32>,
    /// How long it had been a customer, in months.
    pub tenure_months: Option<u32>,
    /// Usage before it left, percent of its seats active.
    pub usage_percent: Option<u32>,
}

impl Snapshot {
    /// The account at that time.
    pub fn new(account: &Account, churn_number: u32, at: Time) -> Self {
        Self {
            id: account.id.clone(),
            name: account.name.clone(),
            tier: account.tier(),
            arr_usd: account.arr_usd,
            reason: account.reason,
            reason_detail: account.reason_detail.clone(),
            churned_at: account.churned_at,
            churn_number,
            months_since_churn: months_since_churn(account, at),
            owner: account.owner.clone().unwrap_or_default(),
            zone: account.zone.clone().unwrap_or_default(),
            missing_features: account.missing_features.clone(),
            competitor: account.competitor.clone().unwrap_or_default(),
            segment: Segment::of(account),
            manner: account.manner,
            concessions: account.concessions.clone(),
            seats: account.seats,
            tenure_months: account.tenure_months,
            usage_percent: account.usage_percent,
        }
    }
}

/// The one decision to act, or an addendum to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Its name.
    pub id: TriggerId,
    /// The trigger that it updates.
    pub parent: Option<TriggerId>,
    /// The policy.
    pub policy: PolicyName,
    /// Its version.
    pub policy_version: u32,
    /// Which edge.
    pub edge: Edge,
    /// Why now.
    pub because: FiredBecause,
    /// Whom.
    pub account: Snapshot,
    /// How much it is worth a person's time, and why.
    pub priority: Priority,
    /// Of which burst.
    pub burst: BurstId,
    /// The least score of the policy.
    pub min_score: u32,
    /// The evidence with the score's parts.
    pub evidence: Evidence,
    /// The play recommended; empty leaves it to the worker.
    pub play: String,
    /// When it fired.
    pub fired_at: Time,
    /// The burst's deadline.
    pub deadline: Time,
    /// Until when the account is quiet under this policy.
    pub quiet_until: Time,
    /// The highest strength it tells.
    pub strength: u8,
    /// Parts that were cut, since it was larger than the policy allows; none almost always.
    pub cut: Vec<Cut>,
}

/// What a decision is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A signal's arrival, and the burst that it belongs to.
    Signal {
        /// The signal.
        signal: Box<MatchedSignal>,
        /// Its outcome.
        outcome: SignalOutcome,
        /// The burst that it opened, joined or fired for.
        burst: Option<BurstId>,
    },
    /// A burst's end.
    Burst {
        /// The burst.
        id: BurstId,
        /// Its outcome.
        outcome: BurstOutcome,
        /// What ended it; `None` when it was cancelled.
        because: Option<FiredBecause>,
        /// How many signals it had.
        signals: u32,
        /// Its score.
        score: u32,
        /// What of it was carried over from bursts before.
        carried: u32,
        /// The least score.
        min_score: u32,
        /// When it opened.
        opened_at: Time,
    },
}

/// One outcome, with all that a person needs to see why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whose.
    pub account: AccountId,
    /// Under which policy.
    pub policy: PolicyName,
    /// Its version.
    pub policy_version: u32,
    /// About what.
    pub subject: Subject,
    /// The gate that forbade it.
    pub gate: Option<Gate>,
    /// The cap that was reached.
    pub cap: Option<Cap>,
    /// The effective time.
    pub at: Time,
    /// The trigger that it made.
    pub trigger: Option<TriggerId>,
    /// The deadline of the burst that is open after it.
    pub deadline: Option<Time>,
    /// Until when it is quiet.
    pub quiet_until: Option<Time>,
}

impl Decision {
    /// The name of the outcome.
    pub const fn outcome(&self) -> &'static str {
        match &self.subject {
            Subject::Signal { outcome, .. } => outcome.as_str(),
            Subject::Burst { outcome, .. } => outcome.as_str(),
        }
    }

    /// The rule that decided.
    pub const fn rule(&self) -> &'static str {
        match &self.subject {
            Subject::Signal { outcome, .. } => match outcome {
                SignalOutcome::Duplicate => "R1",
                SignalOutcome::Expired => "R8",
                SignalOutcome::Joined => "R3",
                SignalOutcome::Led => "R4",
                SignalOutcome::Escalated => "R7",
                SignalOutcome::Cooled => "R6",
                SignalOutcome::Gated => "gate",
                SignalOutcome::Capped => "R9",
                SignalOutcome::Ended => "R10",
            },
            Subject::Burst { outcome, .. } => match outcome {
                BurstOutcome::Fired => "R3",
                BurstOutcome::Updated | BurstOutcome::NothingNew => "R4",
                BurstOutcome::BelowThreshold => "R5",
                BurstOutcome::Capped => "R9",
                BurstOutcome::Gated => "gate",
                BurstOutcome::TooLarge => "R14",
                BurstOutcome::Cancelled => "R10",
            },
        }
    }

    /// Why: the gate, the cap, or what ended the burst; empty when the rule says it all.
    pub fn because(&self) -> String {
        if let Some(gate) = self.gate {
            return gate.as_str().to_owned();
        }
        if let Some(cap) = &self.cap {
            return cap.describe();
        }
        match &self.subject {
            Subject::Burst { because: Some(because), .. } => because.as_str().to_owned(),
            Subject::Burst { .. } | Subject::Signal { .. } => String::new(),
        }
    }
}
