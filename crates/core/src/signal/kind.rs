//! The kinds of signal: a row each.

use crate::closed_enum;

/// A property of a kind besides its counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KindTrait {
    /// It is no account's own, but may concern many: a record in every partition, a fan-out in each.
    Broadcast,
    /// It is nothing but a date.
    Date,
    /// Something changed, so that an account which said no may be asked again; not just another visit.
    Material,
    /// News of the company, whose class may say that it cannot come back.
    CompanyNews,
}

/// All that is known of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindRow {
    /// The event in two words, for a person.
    pub words: &'static str,
    /// Its strength by itself, where a policy is silent.
    pub strength: u8,
    /// Its strength where it answers why the account left; 0 for a kind that answers nothing.
    pub answer_strength: u8,
    /// Its weight, where a policy is silent.
    pub weight: u32,
    /// The days after which it is expired, where a policy is silent.
    pub days: i64,
    /// Its properties besides.
    pub traits: &'static [KindTrait],
}

macro_rules! kinds {
    ($(
        $(#[$doc:meta])+
        $kind:ident = $name:literal, $words:literal, strength $strength:literal, answer $answer:literal,
        weight $weight:literal, days $days:literal, [$($is:ident),*];
    )+) => {
        closed_enum! {
            /// The kind of signal.
            SignalKind { $($(#[$doc])+ $kind = $name,)+ }
        }

        impl SignalKind {
            /// All that is known of it.
            pub const fn row(self) -> &'static KindRow {
                match self {
                    $(Self::$kind => &KindRow {
                        words: $words,
                        strength: $strength,
                        answer_strength: $answer,
                        weight: $weight,
                        days: $days,
                        traits: &[$(KindTrait::$is),*],
                    },)+
                }
            }
        }
    };
}

// Name, words, counts where a policy is silent (strength, strength as an answer, weight, greatest age), traits.
kinds! {
    /// A page view by a known visitor, a company address or domain; the class says which page.
    WebVisit = "web_visit", "page", strength 1, answer 0, weight 2, days 2, [];
    /// A mail opened by a person.
    EmailOpen = "email_open", "mail opened", strength 0, answer 0, weight 2, days 2, [];
    /// A link in a mail clicked.
    EmailClick = "email_click", "mail clicked", strength 1, answer 0, weight 3, days 2, [];
    /// A mail answered.
    EmailReply = "email_reply", "mail answered", strength 2, answer 0, weight 8, days 7, [];
    /// A funding round.
    FundingNews = "funding_news", "funding news", strength 2, answer 3, weight 8, days 90, [Material, CompanyNews];
    /// A job post opened.
    Hiring = "hiring", "job post", strength 1, answer 0, weight 1, days 60, [];
    /// Somebody new in charge.
    ExecutiveChange = "executive_change", "executive change", strength 1, answer 0, weight 3, days 60, [CompanyNews];
    /// A new place.
    OfficeExpansion = "office_expansion", "office expansion", strength 1, answer 0, weight 3, days 60, [CompanyNews];
    /// Bought, or was bought.
    Acquisition = "acquisition", "acquisition", strength 1, answer 0, weight 3, days 60, [Material, CompanyNews];
    /// The account launched a product.
    AccountProductLaunch = "account_product_launch", "account product launch", strength 1, answer 0, weight 3, days 60, [];
    /// Their tools changed.
    TechStackChange = "tech_stack_change", "tech stack change", strength 1, answer 0, weight 3, days 60, [CompanyNews];
    /// Spoke at or went to one.
    Conference = "conference", "conference", strength 1, answer 0, weight 3, days 60, [];
    /// Talked about us.
    SocialMention = "social_mention", "social mention", strength 1, answer 0, weight 3, days 60, [];
    /// A deal moved in the sales system.
    DealStageChange = "deal_stage_change", "deal stage change", strength 1, answer 0, weight 3, days 60, [CompanyNews];
    /// We released what they may have missed.
    ProductRelease = "product_release", "our release", strength 2, answer 3, weight 8, days 90, [Broadcast, Material];
    /// Something happened at the competitor.
    CompetitorEvent = "competitor_event", "news of the competitor", strength 2, answer 3, weight 6, days 30, [Broadcast, Material];
    /// Their contract with the competitor is about to renew.
    ContractRenewal = "contract_renewal", "contract renewal near", strength 1, answer 0, weight 4, days 30, [Date];
    /// A date that repeats.
    Anniversary = "anniversary", "anniversary", strength 0, answer 0, weight 3, days 14, [Date];
    /// So long since they left.
    TimeSinceChurn = "time_since_churn", "time since churn", strength 0, answer 0, weight 3, days 14, [Date];
    /// They came back by themselves; ends everything open.
    SelfReactivation = "self_reactivation", "came back", strength 0, answer 0, weight 0, days 90, [];
}

impl SignalKind {
    /// True if it is no account's own, but may concern many.
    pub fn is_broadcast(self) -> bool {
        self.is(KindTrait::Broadcast)
    }

    /// True if it is that.
    pub fn is(self, what: KindTrait) -> bool {
        self.row().traits.contains(&what)
    }
}
