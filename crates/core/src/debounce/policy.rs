//! A policy: the numbers of the debounce rules, as data.

use std::collections::BTreeMap;

use super::calendar::CalendarRules;
use super::caps::Cap;
use super::entries::days_since_churn;
use super::rules::{COMPETITOR_PLAY_FROM, Rules, whole_days};
use crate::account::{Account, Reason};
use crate::ids::PolicyName;
use crate::signal::SignalKind;
use crate::time::{Span, Time};

/// When the first signal of a burst fires at once (R4).
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
    /// Whether a signal of that strength fires at once.
    pub const fn meets(self, strength: u8) -> bool {
        match self {
            Self::Off => false,
            Self::Always => true,
            Self::Strength(least) => strength >= least,
        }
    }
}

/// Whether a stronger signal breaks the quiet (R7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Escalate {
    /// Never.
    Off,
    /// When it is stronger than all that fired in this quiet time.
    StrengthUp,
}

/// What a signal of a kind (and class) counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindRule {
    /// How much it says by itself, 0 to 2.
    pub strength: u8,
    /// What it adds to the score.
    pub weight: u32,
    /// `A`: older than this it is expired.
    pub max_age: Span,
    /// `D`: how long its id is remembered, at least `A + M`.
    pub dedupe: Span,
}

/// A policy, validated: see [`Policy::parse`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Unique in a deployment.
    pub name: PolicyName,
    /// Counted up with every change.
    pub version: u32,
    /// R4.
    pub leading: Leading,
    /// `Q`.
    pub quiet: Span,
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
    /// How long a *no* is respected, at least 180 days (DOMAIN, *How often*, hard).
    pub declined_rest: Span,
    /// How long a sequence without an answer rests.
    pub unanswered_rest: Span,
    /// R9.
    pub caps: Vec<Cap>,
    /// What each kind counts.
    pub kinds: BTreeMap<SignalKind, KindRule>,
    /// What a class of a kind counts instead.
    pub classes: BTreeMap<(SignalKind, String), KindRule>,
    /// The play recommended by churn reason.
    pub plays: BTreeMap<Reason, String>,
    /// Whom to leave alone, and when a date may start something.
    pub rules: Rules,
    /// How fast a score that no burst spent fades; `None` where nothing is carried over.
    pub half_life: Option<Span>,
    /// The calendar's entries.
    pub calendar: CalendarRules,
    /// The most bytes of a trigger.
    pub max_trigger_bytes: u32,
}

impl Policy {
    /// What a signal of this kind and class counts.
    pub fn rule(&self, kind: SignalKind, class: &str) -> KindRule {
        let by_class = (!class.is_empty()).then(|| self.classes.get(&(kind, class.to_owned()))).flatten();
        by_class
            .or_else(|| self.kinds.get(&kind))
            .copied()
            .unwrap_or_else(|| default_rule(kind, self.max_wait))
    }

    /// The play recommended for this reason.
    pub fn play(&self, reason: Reason) -> &str {
        self.plays.get(&reason).map_or("", String::as_str)
    }

    /// The play recommended for this account at that time. A competitor's switcher who comes by early gets the general
    /// one: theirs never comes before 90 days (DOMAIN, *When*).
    pub fn recommended(&self, account: &Account, at: Time) -> &str {
        let play = self.play(account.reason);
        let is_late = || days_since_churn(account, at) >= whole_days(COMPETITOR_PLAY_FROM);
        if account.reason != Reason::Competitor || is_late() {
            return play;
        }
        let general = self.play(Reason::Unknown);
        if general == play { "" } else { general }
    }
}

/// The classes of pages that weigh more than the blog, where the file is silent: their weights, and the strength of those
/// that say by themselves that somebody wants to come back.
pub(super) const PAGES: [(&str, Option<u8>, u32); 5] = [
    ("pricing", Some(2), 5),
    ("billing", Some(2), 5),
    ("sign_up", Some(2), 5),
    ("reactivation", Some(2), 5),
    ("docs", None, 3),
];

/// What a kind counts where the file is silent (DESIGN section 6): strength, weight, `A` in days.
pub(super) const fn defaults(kind: SignalKind) -> (u8, u32, i64) {
    match kind {
        SignalKind::WebVisit => (1, 2, 2),
        SignalKind::EmailOpen => (0, 2, 2),
        SignalKind::EmailClick => (1, 3, 2),
        SignalKind::EmailReply => (2, 8, 7),
        SignalKind::FundingNews | SignalKind::ProductRelease => (2, 8, 90),
        SignalKind::CompetitorEvent => (2, 6, 30),
        SignalKind::Hiring => (1, 1, 60),
        SignalKind::ExecutiveChange
        | SignalKind::OfficeExpansion
        | SignalKind::Acquisition
        | SignalKind::AccountProductLaunch
        | SignalKind::TechStackChange
        | SignalKind::Conference
        | SignalKind::SocialMention
        | SignalKind::DealStageChange => (1, 3, 60),
        SignalKind::ContractRenewal => (1, 4, 30),
        SignalKind::Anniversary | SignalKind::TimeSinceChurn => (0, 2, 14),
        SignalKind::SelfReactivation => (0, 0, 90),
    }
}

fn default_rule(kind: SignalKind, max_wait: Span) -> KindRule {
    let (strength, weight, days) = defaults(kind);
    let max_age = Span::from_days(days);
    KindRule { strength, weight, max_age, dedupe: max_age + max_wait }
}
