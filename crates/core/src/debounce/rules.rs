//! What a policy may say about whom to leave alone, and when a date alone may start something. What DOMAIN marks as
//! hard is a constant here: no policy reaches it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use sha2::{Digest, Sha256};

use super::caps::{Cap, CapScope, CapWindow, time_zone};
use super::entries::{Entry, days_since_churn};
use super::evidence::Evidence;
use crate::account::{Account, Reason};
use crate::closed_enum;
use crate::ids::AccountId;
use crate::index::Method;
use crate::signal::SignalKind;
use crate::time::{Span, Time};

/// The most time-based starts an account may get in a year (DOMAIN, *How often*, hard: 2 to 4).
pub const MOST_TIME_BASED: u32 = 4;
/// The year that [`MOST_TIME_BASED`] is counted in.
pub(super) const TIME_BASED_YEAR: Span = Span::from_days(365);
/// Before this the competitor's play is never recommended (DOMAIN, *When*: never earlier).
pub(super) const COMPETITOR_PLAY_FROM: Span = Span::from_days(90);
/// In the first week only regret may be spoken to because of a date (DOMAIN, *When*).
const FIRST_WEEK: Span = Span::from_days(7);

closed_enum! {
    /// Whether an account that was not a fit may be approached (DOMAIN, *What to say*: content only).
    NotFit {
        /// Nothing starts.
        Gate = "gate",
        /// As any other; the play for it sends something to read and nothing else.
        Allow = "allow",
    }
}

closed_enum! {
    /// Why an account cannot come back (DOMAIN, *Accounts*, the reasons that are impossible).
    Impossible {
        /// It is no more.
        Bankrupt = "bankrupt",
        /// Bought by a company that uses another tool.
        AcquiredOtherTool = "acquired_other_tool",
        /// They do no longer what the product is for.
        FunctionGone = "function_gone",
        /// They built their own.
        InHouseBuild = "in_house_build",
        /// The law forbids it.
        Regulation = "regulation",
    }
}

impl Impossible {
    /// What a signal says about it: news of the company whose class is one of the list, and that matched by more than
    /// a name, which is too weak to shut an account out.
    pub fn of(kind: SignalKind, class: &str, method: Method) -> Option<Self> {
        let company = matches!(
            kind,
            SignalKind::Acquisition
                | SignalKind::FundingNews
                | SignalKind::ExecutiveChange
                | SignalKind::OfficeExpansion
                | SignalKind::TechStackChange
                | SignalKind::DealStageChange
        );
        Self::parse(class).filter(|_| company && method != Method::Name)
    }
}

/// Whether a kind of signal is nothing but a date (DOMAIN, *Signals*).
pub const fn is_time_based(kind: SignalKind) -> bool {
    matches!(kind, SignalKind::Anniversary | SignalKind::TimeSinceChurn | SignalKind::ContractRenewal)
}

/// Whether nothing but dates speaks for a trigger of this evidence. What came in the quiet time before does not count.
pub fn only_time_based(evidence: &Evidence) -> bool {
    !evidence.parts.is_empty() && evidence.parts.iter().all(|part| is_time_based(part.kind))
}

/// Whether the date that speaks is the account's own earliest one.
pub(super) fn is_own_date(evidence: &Evidence) -> bool {
    let own = Entry::Earliest;
    evidence.parts.iter().any(|part| part.kind == own.kind() && part.class == own.as_str())
}

/// The part of a policy that is about whom and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// What to do about accounts that were not a fit.
    pub not_fit: NotFit,
    /// Who is kept untouched, to measure against.
    pub hold_out: HoldOut,
    /// When a date alone may start something.
    pub time_based: TimeBased,
}

/// `[hold_out]`: a share of all accounts, by hash, that nothing is ever started for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldOut {
    /// How many of a hundred.
    pub percent: u32,
    /// Draws another group. Policies with the same salt and share hold out the same accounts.
    pub salt: String,
}

impl HoldOut {
    /// Whether the account is in the group: the same on every machine, and for ever, by its id alone.
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

/// `[time_based]`: what is asked of a start that only dates speak for. Live signals are not bound by any of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeBased {
    /// How many in 365 days for an account, over all policies; at most [`MOST_TIME_BASED`].
    pub max_a_year: u32,
    /// So long after they left it may be for the first time, by reason; each has one.
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
    fn holds(self, day: (i8, i8)) -> bool {
        if self.from <= self.to {
            self.from <= day && day <= self.to
        } else {
            day >= self.from || day <= self.to
        }
    }
}

impl TimeBased {
    /// The cap that no policy lifts.
    pub const fn cap(&self) -> Cap {
        Cap { scope: CapScope::TimeBased, max: self.max_a_year, window: CapWindow::Rolling(TIME_BASED_YEAR) }
    }

    /// How long after they left a date alone may speak to accounts of this reason.
    pub fn window(&self, reason: Reason) -> Span {
        self.windows.get(&reason).copied().unwrap_or(default_window(reason))
    }

    /// Whether it is too early after the account left. `own_date`: the account's own earliest date has come, which beats
    /// the window of its reason, but nothing that is hard. Days are counted as the calendar does that makes the entries.
    pub fn is_early(&self, account: &Account, own_date: bool, at: Time) -> bool {
        let window = if own_date { least_window(account.reason) } else { self.window(account.reason) };
        days_since_churn(account, at) < whole_days(window)
    }

    /// Whether the day is one on which nothing starts because of a date.
    pub fn is_blacked_out(&self, zone: Option<&str>, at: Time) -> bool {
        if self.blackout.is_empty() && self.quarter_end_days == 0 {
            return false;
        }
        let Ok(stamp) = Timestamp::from_millisecond(at.millis()) else { return false };
        let date = stamp.to_zoned(time_zone(zone)).date();
        let day = (date.month(), date.day());
        self.blackout.iter().any(|dates| dates.holds(day)) || self.ends_a_quarter(date)
    }

    fn ends_a_quarter(&self, date: Date) -> bool {
        let left = i16::from(date.days_in_month()) - i16::from(date.day());
        date.month() % 3 == 0 && left < i16::from(self.quarter_end_days)
    }
}

/// What no policy's window is shorter than: in the first week only regret is spoken to, and a competitor's switchers never
/// before 90 days.
pub(super) const fn least_window(reason: Reason) -> Span {
    match reason {
        Reason::RegretImpulse => Span::ZERO,
        Reason::Competitor => COMPETITOR_PLAY_FROM,
        _ => FIRST_WEEK,
    }
}

/// Days, a part of one counted whole.
pub(super) const fn whole_days(span: Span) -> i64 {
    let day = Span::from_days(1).millis();
    span.millis().div_euclid(day) + (span.millis().rem_euclid(day) > 0) as i64
}

/// DOMAIN, *When*: 0 to 7 days only regret, 30 to 60 temporary constraints, 90 competitor switchers, 6 months feature
/// gaps, yearly budget churn; for all others the calendar's first date, 90 days. A failed payment waits out the week.
pub(super) const fn default_window(reason: Reason) -> Span {
    match reason {
        Reason::RegretImpulse => Span::ZERO,
        Reason::PaymentInvoluntary => FIRST_WEEK,
        Reason::Situational => Span::from_days(30),
        Reason::ProductGap => Span::from_days(180),
        Reason::PriceBudget => Span::from_days(365),
        Reason::Competitor
        | Reason::ServiceSupport
        | Reason::AdoptionOnboarding
        | Reason::LowUsageNoValue
        | Reason::TechnicalQuality
        | Reason::Complexity
        | Reason::UnmetExpectations
        | Reason::StrategicShift
        | Reason::NotFit
        | Reason::Impossible
        | Reason::Unknown => Span::from_days(90),
    }
}
