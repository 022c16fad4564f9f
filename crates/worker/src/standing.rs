//! The account at the moment of sending, which may differ from the account when its trigger fired.

use winback_core::account::{Account, Status};
use winback_core::closed_enum;
use winback_core::time::{Span, Time};

closed_enum! {
    /// The reason why a due message is not sent, in the words of the detector's gates where both know the rule.
    Suppression {
        /// No longer in the list.
        Gone = "gone",
        /// A customer again.
        Reactivated = "reactivated",
        /// Never to be approached.
        DoNotContact = "do_not_contact",
        /// Everybody known there opted out.
        OptedOut = "opted_out",
        /// It did not agree to be written to.
        NoConsent = "no_consent",
        /// Said no, and the rest after it is not over.
        Declined = "declined",
        /// They wrote back after the trigger fired: a person answers now.
        Replied = "replied",
        /// Kept untouched, to measure against.
        HoldOut = "hold_out",
        /// Its own earliest date has not come.
        NotYet = "not_yet",
        /// Cannot come back.
        Impossible = "impossible",
    }
}

/// The part of an account that can forbid a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountStanding {
    /// A customer again.
    pub reactivated: bool,
    /// Never to be approached.
    pub do_not_contact: bool,
    /// Everybody known there opted out.
    pub opted_out: bool,
    /// It did not agree to be written to.
    pub no_consent: bool,
    /// The time of the last no.
    pub declined_at: Option<Time>,
    /// The time of the last reply.
    pub replied_at: Option<Time>,
    /// Kept untouched.
    pub hold_out: bool,
    /// Not to be approached before this.
    pub earliest_at: Option<Time>,
}

impl AccountStanding {
    /// The facts of an account's row. It counts as opted out if everybody known there did.
    pub fn of(account: &Account) -> Self {
        let nobody_left = !account.contacts.is_empty() && account.contacts.iter().all(|one| one.opted_out);
        Self {
            reactivated: account.status == Status::Active,
            do_not_contact: account.do_not_contact,
            opted_out: nobody_left,
            no_consent: account.consent == Some(false),
            declined_at: account.declined_at,
            replied_at: None,
            hold_out: account.hold_out,
            earliest_at: account.earliest_at,
        }
    }

    /// The rule that forbids a message at `now`, if there is one.
    pub fn forbids(&self, now: Time, decline_rest: Span) -> Option<Suppression> {
        let resting = self.declined_at.is_some_and(|at| now < at + decline_rest);
        let early = self.earliest_at.is_some_and(|at| now < at);
        let reasons = [
            (self.reactivated, Suppression::Reactivated),
            (self.do_not_contact, Suppression::DoNotContact),
            (self.opted_out, Suppression::OptedOut),
            (self.no_consent, Suppression::NoConsent),
            (resting, Suppression::Declined),
            (self.hold_out, Suppression::HoldOut),
            (early, Suppression::NotYet),
        ];
        reasons.into_iter().find_map(|(holds, why)| holds.then_some(why))
    }
}

/// Looks accounts up in what is known right now; the caller provides it from the live account index.
pub trait Standing: Send + Sync {
    /// The account; `None` if it is no longer in the list.
    fn of(&self, account_id: &str) -> Option<AccountStanding>;

    /// The prerequisite of the lookup's answers, such as `accounts, 120 of 1000`; `None` if they count.
    fn waits_for(&self) -> Option<String> {
        None
    }
}
