//! Triggers as the core makes them.

use super::cut::Cut;
use super::evidence::Evidence;
use super::outcome::{Edge, FiredBecause};
use super::priority::Priority;
use super::trigger_id::{BurstId, TriggerId};
use crate::account::{Account, Manner, Reason, Tier};
use crate::closed_enum;
use crate::ids::{AccountId, PolicyName};
use crate::segment::Segment;
use crate::time::Time;

closed_enum! {
    /// The time since they left (DOMAIN, *When*).
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

/// A person at the account, as a trigger tells them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// SHA-256 of the normalised address.
    pub email_sha256: [u8; 32],
    /// The role there; empty if it is unknown.
    pub role: String,
    /// True if a message may go to them: they did not opt out, by the books or by an answer.
    pub may_write: bool,
    /// True if a signal of the evidence is theirs.
    pub came: bool,
    /// Their id in the books' own system; empty if it is unknown.
    pub id: String,
    /// The language to write in; empty if it is unknown.
    pub language: String,
}

/// A trigger that started something before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earlier {
    /// Its policy.
    pub policy: PolicyName,
    /// Its fire time.
    pub at: Time,
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
    /// The reason that it left for.
    pub reason: Reason,
    /// In the books' own words.
    pub reason_detail: String,
    /// The time at which it left.
    pub churned_at: Time,
    /// The number of times it has left.
    pub churn_number: u32,
    /// Whole calendar months since, by the account's own days.
    pub months_since_churn: u32,
    /// The person who looks after it.
    pub owner: String,
    /// Its time zone.
    pub zone: String,
    /// Features it missed.
    pub missing_features: Vec<String>,
    /// The competitor it went to.
    pub competitor: String,
    /// Its segment; `None` when none fits.
    pub segment: Option<Segment>,
    /// The manner in which it left.
    pub manner: Manner,
    /// Promises made to it at exit, to be honoured.
    pub concessions: Vec<String>,
    /// Seats before it left.
    pub seats: Option<u32>,
    /// Its time as a customer, in months.
    pub tenure_months: Option<u32>,
    /// Usage before it left, percent of its seats active.
    pub usage_percent: Option<u32>,
    /// Its registrable domains.
    pub domains: Vec<String>,
    /// Its people; who came stands first.
    pub contacts: Vec<Person>,
    /// The time of its last no.
    pub declined_at: Option<Time>,
    /// The newest triggers that started something for it before, newest first.
    pub earlier: Vec<Earlier>,
    /// Its ids in other systems, as `system:id`.
    pub ids: Vec<String>,
    /// The language to write in; empty if it is unknown.
    pub language: String,
}

impl Snapshot {
    /// The account so many whole months after it left, without what only its state says.
    pub fn new(account: &Account, churn_number: u32, months_since_churn: u32) -> Self {
        Self {
            id: account.id.clone(),
            name: account.name.clone(),
            tier: account.tier(),
            arr_usd: account.arr_usd,
            reason: account.reason,
            reason_detail: account.reason_detail.clone(),
            churned_at: account.churned_at,
            churn_number,
            months_since_churn,
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
            domains: account.domains.clone(),
            contacts: Vec::new(),
            declined_at: None,
            earlier: Vec::new(),
            ids: account.ids.clone(),
            language: account.language.clone().unwrap_or_default(),
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
    /// Its edge.
    pub edge: Edge,
    /// The reason that it fired now.
    pub because: FiredBecause,
    /// The account.
    pub account: Snapshot,
    /// Its worth to a person's time, and why.
    pub priority: Priority,
    /// Its burst.
    pub burst: BurstId,
    /// The least score of the policy.
    pub min_score: u32,
    /// The evidence with the score's parts.
    pub evidence: Evidence,
    /// The play recommended; empty leaves it to the worker.
    pub play: String,
    /// The time at which it fired.
    pub fired_at: Time,
    /// The burst's deadline.
    pub deadline: Time,
    /// The end of the account's cool-down under this policy.
    pub cooldown_until: Time,
    /// The highest strength it tells.
    pub strength: u8,
    /// The parts that were cut, since it was larger than the policy allows; none almost always.
    pub cut: Vec<Cut>,
}
