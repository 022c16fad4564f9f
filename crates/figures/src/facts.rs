//! The facts that figures are made of, as a ledger keeps them. Times are milliseconds since 1970, money is whole minor units.

use serde::{Deserialize, Serialize};

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// In the smallest unit of the currency, such as cents.
    pub minor: i64,
    /// The currency's code in ISO 4217.
    pub currency: String,
}

/// Everything that a report is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// The time that the facts are as of.
    pub as_of: i64,
    /// The time of the ledger's first position: what was before is not known.
    pub known_from: i64,
    /// The spells of all accounts.
    pub spells: Vec<Spell>,
    /// The costs of the programme.
    pub costs: Costs,
    /// Rates into the report's currency.
    pub rates: Vec<Rate>,
}

/// The time from an account's churn to its return: what win-back is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spell {
    /// The account's id, or a token in its place after an erasure.
    pub account: String,
    /// The number of times that the account has left.
    pub number: u32,
    /// The churn time.
    pub churned_at: i64,
    /// The churn reason.
    pub reason: String,
    /// The tier: 1, 2, 3 or below.
    pub tier: String,
    /// The segment; empty when none fits.
    pub segment: String,
    /// The person who looks after the account; empty when nobody does.
    pub owner: String,
    /// The yearly revenue before it left; none when it is not known.
    pub arr: Option<Money>,
    /// The first trigger that started something.
    pub first_trigger: Option<i64>,
    /// The first time at which the hold-out kept a trigger back.
    pub first_held_out: Option<i64>,
    /// True if a person flagged the account as held out: it is in no comparison.
    pub is_flagged: bool,
    /// The first own act of strength 3: they asked to come back.
    pub asked_at: Option<i64>,
    /// The touches, in order of time.
    pub touches: Vec<Touch>,
    /// The answers, in order of time: replied, meeting_booked, declined, opted_out.
    pub answers: Vec<Answer>,
    /// The return.
    pub returned: Option<Return>,
    /// The end without a return.
    pub ended: Option<End>,
    /// The next churn after the return.
    pub left_again_at: Option<i64>,
}

/// A message or a task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touch {
    /// The time at which it was sent.
    pub at: i64,
    /// The channel, such as `outbox`, `webhook` or `email`.
    pub channel: String,
    /// The play.
    pub play: String,
    /// The sequence; empty for a single message.
    pub sequence: String,
    /// The arm of an experiment; empty for none.
    pub arm: String,
    /// The kind of the strongest signal of its trigger.
    pub trigger_kind: String,
    /// True for a sequence of kind `return` or `watch`, to which no return belongs.
    pub is_welcome: bool,
    /// Minutes that a person worked on it.
    pub minutes: u32,
    /// An incentive that was taken.
    pub incentive: Option<Money>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The time.
    pub at: i64,
    /// The kind.
    pub kind: String,
}

/// A return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Return {
    /// The time.
    pub at: i64,
    /// The yearly revenue of the second life; none when it is not known.
    pub arr: Option<Money>,
}

/// The end of a spell without a return.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// The time.
    pub at: i64,
    /// True when the account cannot come back; false when it went off the list.
    pub is_impossible: bool,
}

/// The costs of the programme and of new customers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Costs {
    /// Fixed costs by month.
    pub fixed: Vec<MonthAmount>,
    /// The cost of a touch, by channel.
    pub per_touch: Vec<(String, Money)>,
    /// The cost of an hour of a person's work.
    pub hour: Option<Money>,
    /// The margin of revenue, in thousandths.
    pub margin_permille: u32,
    /// Spend on new customers and their number, by month.
    pub acquisition: Vec<Acquisition>,
}

/// An amount of a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthAmount {
    /// The month, such as 2026-07.
    pub month: String,
    /// The amount.
    pub amount: Money,
}

/// A month's new customers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acquisition {
    /// The month, such as 2026-07.
    pub month: String,
    /// The spend on new customers.
    pub spend: Money,
    /// The number of new customers.
    pub customers: u32,
}

/// The rate of a currency in a month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rate {
    /// The month, such as 2026-07.
    pub month: String,
    /// The currency that is converted.
    pub currency: String,
    /// Millionths of the report's minor unit for one minor unit.
    pub millionths: i64,
}
