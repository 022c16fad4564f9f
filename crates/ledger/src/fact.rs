//! Facts: what the ledger keeps of records. They hold no contact and no free text.

use winback_core::closed_enum;
use winback_core::time::Time;

/// An amount of money.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Amount {
    /// Whole minor units, such as cents.
    pub minor: i64,
    /// The currency, such as `USD`.
    pub currency: String,
}

/// The account as the list had it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct State {
    /// The time at which the list said so.
    pub at: Time,
    /// The version of the account's row; 0 where it left the list.
    pub version: i64,
    /// True if it left the list here.
    pub gone: bool,
    /// True if it is a customer.
    pub active: bool,
    /// The churn date.
    pub churned_at: Time,
    /// The reason of leaving.
    pub reason: String,
    /// The tier.
    pub tier: String,
    /// The segment; empty when none fits.
    pub segment: String,
    /// The person who looks after it; empty when nobody does.
    pub owner: String,
    /// The revenue that was lost, a year.
    pub arr: Amount,
    /// True if the account is in the hold-out of the list.
    pub held_out: bool,
}

/// The earliest act of strength 3 in a trigger's evidence.
pub type Strongest = Option<Time>;

/// A trigger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Trigger {
    /// Its id.
    pub id: String,
    /// The time at which it fired.
    pub at: Time,
    /// True if it starts something.
    pub starts: bool,
    /// The policy.
    pub policy: String,
    /// The edge.
    pub edge: String,
    /// Its strength.
    pub strength: i64,
    /// The recommended play.
    pub play: String,
    /// The kinds of its signals, in order, with commas between.
    pub kinds: String,
    /// The first signal of its evidence.
    pub first_signal_at: Option<Time>,
    /// The first act of strength 3 in its evidence.
    pub asked_at: Strongest,
    /// The account as it was.
    pub snapshot: State,
}

/// The worker's action about a trigger.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Act {
    /// The trigger.
    pub trigger: String,
    /// The time.
    pub at: Time,
    /// The outcome; `delivered` is a touch.
    pub outcome: String,
    /// The play.
    pub play: String,
    /// The channel.
    pub channel: String,
}

impl Act {
    /// True if something was sent.
    pub fn is_touch(&self) -> bool {
        self.outcome == "delivered"
    }
}

closed_enum! {
    /// The kind of an answer.
    AnswerKind {
        /// Wrote back.
        Replied = "replied",
        /// Said no.
        Declined = "declined",
        /// A contact must not be written to any more.
        OptedOut = "opted_out",
        /// Came back, as somebody told.
        Reactivated = "reactivated",
        /// Came back, as a signal of their own told.
        SelfReactivated = "self_reactivated",
    }
}

/// An answer of the account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answer {
    /// A hash of source and id: ids of others may hold addresses.
    pub id: String,
    /// The time.
    pub at: Time,
    /// The kind.
    pub kind: AnswerKind,
    /// Of a return: what it is worth a year, when somebody said it.
    pub arr: Option<Amount>,
    /// Of a return: its terms in a word.
    pub terms: String,
}

/// The first signal of an account on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interest {
    /// The day, counted from 1970-01-01.
    pub day: i64,
    /// The time of the first signal of that day.
    pub first_at: Time,
}

/// The end of a burst.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Judgement {
    /// The burst.
    pub burst: String,
    /// The policy.
    pub policy: String,
    /// The time.
    pub at: Time,
    /// The outcome.
    pub outcome: String,
    /// The gate, cap or rule.
    pub because: String,
}

/// A fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// The account as the list has it.
    State(State),
    /// A trigger.
    Trigger(Box<Trigger>),
    /// An action.
    Act(Act),
    /// An answer.
    Answer(Answer),
    /// A signal.
    Interest(Interest),
    /// The end of a burst.
    Judgement(Judgement),
}
