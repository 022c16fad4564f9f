//! A churned account as the company's books know it.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::closed_enum;
use crate::ids::AccountId;
use crate::time::Time;

closed_enum! {
    /// The reason of leaving (docs/domain.md).
    Reason {
        /// Too expensive, or no budget.
        PriceBudget = "price_budget",
        /// A feature was missing.
        ProductGap = "product_gap",
        /// Another vendor won them.
        Competitor = "competitor",
        /// Support or service failed them.
        ServiceSupport = "service_support",
        /// They never got going.
        AdoptionOnboarding = "adoption_onboarding",
        /// Used little, saw no value.
        LowUsageNoValue = "low_usage_no_value",
        /// Bugs, outages.
        TechnicalQuality = "technical_quality",
        /// Too complicated.
        Complexity = "complexity",
        /// Promised more than delivered.
        UnmetExpectations = "unmet_expectations",
        /// Circumstances: frozen budget, team change, champion left, project done, overload.
        Situational = "situational",
        /// Their strategy moved elsewhere.
        StrategicShift = "strategic_shift",
        /// Left on an impulse.
        RegretImpulse = "regret_impulse",
        /// A payment failed; nobody decided to leave.
        PaymentInvoluntary = "payment_involuntary",
        /// We are not for them.
        NotFit = "not_fit",
        /// Cannot come back: bankrupt, function gone, built in house, regulation.
        Impossible = "impossible",
        /// Nobody wrote it down.
        Unknown = "unknown",
    }
}

closed_enum! {
    /// The value class of an account, by its yearly revenue (docs/domain.md).
    Tier {
        /// From $50,000 a year.
        One = "1",
        /// From $10,000.
        Two = "2",
        /// From $1,000.
        Three = "3",
        /// Less: no proactive outreach, welcome if they return.
        Below = "below",
    }
}

impl Tier {
    /// The tier of a yearly revenue in whole US dollars.
    pub const fn of(arr_usd: u64) -> Self {
        match arr_usd {
            50_000.. => Self::One,
            10_000.. => Self::Two,
            1_000.. => Self::Three,
            _ => Self::Below,
        }
    }
}

closed_enum! {
    /// The status of the account today.
    Status {
        /// Left, and on the list.
        Churned = "churned",
        /// A customer again.
        Active = "active",
    }
}

closed_enum! {
    /// The manner of leaving.
    Manner {
        /// On good terms.
        Graceful = "graceful",
        /// Without a word.
        Neutral = "neutral",
        /// Upset.
        Angry = "angry",
    }
}

/// One person at the account. The address itself is not kept: its hash suffices to match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// SHA-256 of the normalised address.
    pub email_sha256: [u8; 32],
    /// The role there, as the books say; empty if it is unknown.
    pub role: String,
    /// Must never be written to.
    pub opted_out: bool,
    /// The id of the person in the books' own system, such as a CRM; empty if it is unknown.
    pub id: String,
    /// The language to write in, as a BCP 47 tag; empty if it is unknown.
    pub language: String,
}

/// A churned account, normalised. Absent lists are empty; absent facts are `None`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its id in the company's books.
    pub id: AccountId,
    /// Its name, as people write it.
    pub name: String,
    /// Other names it goes by.
    pub aliases: Vec<String>,
    /// Registrable domains, lower case, IDNA ASCII.
    pub domains: Vec<String>,
    /// People there.
    pub contacts: Vec<Contact>,
    /// Networks that belong to it.
    pub ranges: Vec<IpNet>,
    /// The churn time.
    pub churned_at: Time,
    /// The reason of leaving.
    pub reason: Reason,
    /// The finer reason in the books' own words, such as `bankrupt` or `champion_left`; empty when none.
    pub reason_detail: String,
    /// Features it missed.
    pub missing_features: Vec<String>,
    /// The competitor.
    pub competitor: Option<String>,
    /// The term of its contract there, in months.
    pub competitor_term_months: Option<u32>,
    /// Yearly revenue before it left, whole US dollars.
    pub arr_usd: u64,
    /// Seats before it left.
    pub seats: Option<u32>,
    /// The time it had been a customer, in months.
    pub tenure_months: Option<u32>,
    /// The usage before it left: percent of its seats that were active.
    pub usage_percent: Option<u32>,
    /// The manner of leaving.
    pub manner: Manner,
    /// Concessions promised at exit, to be honoured.
    pub concessions: Vec<String>,
    /// Kept in sight whatever the tier.
    pub strategic: bool,
    /// The person who looks after it.
    pub owner: Option<String>,
    /// IANA time zone, UTC when unknown.
    pub zone: Option<String>,
    /// Not to be approached before this.
    pub earliest_at: Option<Time>,
    /// Never to be approached.
    pub do_not_contact: bool,
    /// The time of the last no.
    pub declined_at: Option<Time>,
    /// The status.
    pub status: Status,
    /// True if it agreed to be written to; `None` if the books do not say.
    pub consent: Option<bool>,
    /// Never contacted, so that what comes back untouched can be measured.
    pub hold_out: bool,
    /// Its ids in other systems, as `system:id`.
    pub ids: Vec<String>,
    /// The language to write in, as a BCP 47 tag.
    pub language: Option<String>,
    /// The registrar's version of this row; higher is newer.
    pub version: u64,
}

impl Account {
    /// An account of which only the id, the name, the leaving and the reason are known.
    pub fn new(id: &str, name: &str, churned_at: Time, reason: Reason) -> Self {
        Self {
            id: id.into(),
            name: name.to_owned(),
            aliases: Vec::new(),
            domains: Vec::new(),
            contacts: Vec::new(),
            ranges: Vec::new(),
            churned_at,
            reason,
            reason_detail: String::new(),
            missing_features: Vec::new(),
            competitor: None,
            competitor_term_months: None,
            arr_usd: 0,
            seats: None,
            tenure_months: None,
            usage_percent: None,
            manner: Manner::Neutral,
            concessions: Vec::new(),
            strategic: false,
            owner: None,
            zone: None,
            earliest_at: None,
            do_not_contact: false,
            declined_at: None,
            status: Status::Churned,
            consent: None,
            hold_out: false,
            ids: Vec::new(),
            language: None,
            version: 0,
        }
    }

    /// True if it went to a competitor: the books name one, or the reason says so.
    pub fn went_to_competitor(&self) -> bool {
        self.reason == Reason::Competitor
            || self.competitor.as_ref().is_some_and(|name| !name.trim().is_empty())
    }

    /// Its tier.
    pub const fn tier(&self) -> Tier {
        Tier::of(self.arr_usd)
    }
}
