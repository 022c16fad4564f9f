//! A policy: the numbers of the debounce rules, as data.
//!
//! The limits that DOMAIN marks as hard are constants here: no policy reaches them.

use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::cap::Cap;
use super::entry::Entry;
use super::kind_rule::{KindRule, default_rule};
use super::shadow;
use crate::account::Reason;
use crate::closed_enum;
use crate::ids::{AccountId, PolicyName};
use crate::signal::SignalKind;
use crate::time::Span;

/// The most time-based starts an account may get in a year (DOMAIN, *How often*, hard: 2 to 4).
pub const MOST_TIME_BASED: u32 = 4;
/// The year that [`MOST_TIME_BASED`] is counted in.
pub(crate) const TIME_BASED_YEAR: Span = Span::from_days(365);
/// The most bytes of a trigger where the policy is silent.
pub const DEFAULT_TRIGGER_BYTES: u32 = 256 << 10;
/// The least and the most bytes of a trigger that a policy may allow.
pub const TRIGGER_BYTES: (u32, u32) = (8 << 10, 8 << 20);
/// The most entries of an account in a year, whatever a policy says (DOMAIN, *How often*, hard).
pub const MOST_A_YEAR: u32 = 4;

/// The condition for a first signal to fire at once (R4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leading {
    /// Never.
    Off,
    /// Always.
    Always,
    /// From this strength.
    Strength(u8),
}

impl Leading {
    /// True when a signal of that strength fires at once.
    pub const fn meets(self, strength: u8) -> bool {
        match self {
            Self::Off => false,
            Self::Always => true,
            Self::Strength(least) => strength >= least,
        }
    }
}

/// The condition for a stronger signal to break the cool-down (R7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escalate {
    /// Never.
    Off,
    /// It must be stronger than all that fired in this cool-down.
    StrengthUp,
}

/// A policy, compiled: plain data. A file is compiled by the crate `winback-policy`; [`Policy::validate`] holds the limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Unique in a deployment.
    pub name: PolicyName,
    /// Counted up with every change.
    pub version: u32,
    /// R4.
    pub leading: Leading,
    /// `Q`.
    pub gap: Span,
    /// `M`, at least `Q`.
    pub max_wait: Span,
    /// `N`.
    pub max_signals: u32,
    /// R5.
    pub min_score: u32,
    /// `C`, at least `M`.
    pub cooldown: Span,
    /// R7.
    pub escalate: Escalate,
    /// `Z`: the worker leaves triggers older than this.
    pub stale: Span,
    /// The time for which a *no* is respected, at least 180 days (DOMAIN, *How often*, hard).
    pub declined_cooldown: Span,
    /// The cool-down after a sequence that got no reply.
    pub no_reply_cooldown: Span,
    /// R9.
    pub caps: Vec<Cap>,
    /// The count of each kind.
    pub kinds: BTreeMap<SignalKind, KindRule>,
    /// The count of a class of a kind, instead.
    pub classes: BTreeMap<(SignalKind, String), KindRule>,
    /// The play recommended by churn reason.
    pub plays: BTreeMap<Reason, String>,
    /// The accounts to leave alone, and the dates that may start something.
    pub rules: Rules,
    /// The half-life of a score that no burst spent; `None` where nothing is carried over.
    pub half_life: Option<Span>,
    /// The calendar's entries.
    pub calendar: CalendarRules,
    /// The most bytes of a trigger.
    pub max_trigger_bytes: u32,
}

impl Policy {
    /// The count of a signal of this kind and class.
    pub fn rule(&self, kind: SignalKind, class: &str) -> KindRule {
        let by_class = (!class.is_empty()).then(|| self.classes.get(&(kind, class.to_owned()))).flatten();
        by_class
            .or_else(|| self.kinds.get(&kind))
            .copied()
            .unwrap_or_else(|| default_rule(kind, self.max_wait))
    }

    /// True for a policy in shadow: see [`shadow::is_shadow`].
    pub fn is_shadow(&self) -> bool {
        shadow::is_shadow(self.name.as_str())
    }

    /// The play recommended for this reason.
    pub fn play(&self, reason: Reason) -> &str {
        self.plays.get(&reason).map_or("", String::as_str)
    }
}

closed_enum! {
    /// The treatment of an account that was not a fit (DOMAIN, *What to say*: content only).
    NotFit {
        /// Nothing starts.
        Gate = "gate",
        /// As any other; the play for it sends something to read and nothing else.
        Allow = "allow",
    }
}

/// The part of a policy about the accounts to leave alone and the dates that may start something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The treatment of accounts that were not a fit.
    pub not_fit: NotFit,
    /// The accounts kept untouched, to measure against.
    pub hold_out: HoldOut,
    /// The conditions for a date alone to start something.
    pub time_based: TimeBased,
}

/// `[hold_out]`: a share of all accounts, by hash, that nothing is ever started for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldOut {
    /// Its share of a hundred.
    pub percent: u32,
    /// Draws another group. Policies with the same salt and share hold out the same accounts.
    pub salt: String,
}

impl HoldOut {
    /// True when the account is in the group: the same on every machine, and for ever, by its id alone.
    pub fn holds(&self, account: &AccountId) -> bool {
        if self.percent == 0 {
            return false;
        }
        let mut hasher = Sha256::new();
        hasher.update((self.salt.len() as u64).to_be_bytes());
        hasher.update(self.salt.as_bytes());
        hasher.update(account.as_str().as_bytes());
        let mut head = [0; 8];
        head.copy_from_slice(&hasher.finalize()[..8]);
        u64::from_be_bytes(head) % 100 < u64::from(self.percent)
    }
}

/// `[time_based]`: the conditions of a start that only dates speak for. Live signals are not bound by any of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeBased {
    /// The most in 365 days for an account, over all policies; at most [`MOST_TIME_BASED`].
    pub max_a_year: u32,
    /// The time after they left from which a date may speak, by reason; each has one.
    pub windows: BTreeMap<Reason, Span>,
    /// Days of the year on which nothing starts, in the account's zone.
    pub blackout: Vec<Blackout>,
    /// The last so many days of each quarter are such days, too.
    pub quarter_end_days: u8,
}

/// Days of every year, both included; from a later to an earlier one it goes over the turn of the year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blackout {
    /// Month and day.
    pub from: (i8, i8),
    /// Month and day.
    pub to: (i8, i8),
}

impl Blackout {
    /// A month and a day such as `12-20`.
    pub fn day(text: &str) -> Option<(i8, i8)> {
        let (month, day) = text.split_once('-')?;
        let (month, day) = (month.parse().ok()?, day.parse().ok()?);
        // 2024 has a 29 February.
        Date::new(2024, month, day).ok().map(|_| (month, day))
    }

    /// True on one of the days.
    pub fn holds(self, date: Date) -> bool {
        let day = (date.month(), date.day());
        if self.from <= self.to {
            self.from <= day && day <= self.to
        } else {
            day >= self.from || day <= self.to
        }
    }
}

/// The entries that a policy wants: `[calendar]` of its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarRules {
    /// The entries.
    pub entries: BTreeSet<Entry>,
    /// The months in which next year's budgets are made, from 1.
    pub budget_months: BTreeSet<u8>,
    /// The most entries of an account in a year, at most [`MOST_A_YEAR`].
    pub most: u32,
}
