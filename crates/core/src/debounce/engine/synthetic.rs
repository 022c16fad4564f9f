//! Synthetic signals: the detector makes them of the calendar and of events. They are no input, raise no T, and are
//! otherwise signals like any other (R11).
//!
//! Both sources of them advance on progress records only, at most so much each time, so that they are a function of the
//! log and no herd delays a signal that came by itself.

use sha2::{Digest, Sha256};

use super::signal::take_in;
use super::step::Step;
use crate::debounce::model::input::MatchedSignal;
use crate::ids::AccountId;
use crate::index::Method;
use crate::signal::SignalKind;
use crate::time::Time;

/// The most signals that one progress record makes.
const SIGNALS: u32 = 32;
/// The most of them that events make: an event may be told for minutes, and a lone signal waits for the records before it.
const EVENT_SIGNALS: u32 = 12;
/// The most accounts that one progress record looks at.
const SCANS: u32 = 1_024;
/// The most events that one progress record starts, since each may take a look at all accounts.
const EVENTS: u32 = 4;

/// The work that a progress record may still do.
pub(crate) struct WorkBudget {
    signals: u32,
    scans: u32,
    events: u32,
}

impl WorkBudget {
    /// The events' part of a record's, and the calendar's own part, so that neither waits for the other's end.
    pub(crate) const fn parts() -> (Self, Self) {
        let of_events = Self { signals: EVENT_SIGNALS, scans: SCANS / 2, events: EVENTS };
        let of_calendar = Self { signals: SIGNALS - of_events.signals, scans: SCANS / 2, events: 0 };
        (of_events, of_calendar)
    }

    /// This, and the rest of the other.
    pub(crate) const fn and(self, left: &Self) -> Self {
        Self { signals: self.signals + left.signals, scans: self.scans + left.scans, events: left.events }
    }

    pub(crate) const fn is_spent(&self) -> bool {
        self.signals == 0 || self.scans == 0
    }

    /// An account was looked at.
    pub(crate) const fn charge_scan(&mut self) {
        self.scans = self.scans.saturating_sub(1);
    }

    /// The items of another day were gathered.
    pub(crate) const fn charge_day(&mut self) {
        self.scans = self.scans.saturating_sub(SCANS / 8);
    }

    /// A signal was made.
    pub(crate) const fn charge_signal(&mut self) {
        self.signals = self.signals.saturating_sub(1);
    }

    /// True when another event may be started, whose accounts are found among all.
    pub(crate) const fn try_start_event(&mut self) -> bool {
        let may = self.events > 0;
        self.events = self.events.saturating_sub(1);
        may
    }
}

/// A synthetic signal.
pub(crate) struct SyntheticSignal<'a> {
    pub(crate) account: AccountId,
    pub(crate) churn_number: u32,
    pub(crate) source: &'a str,
    /// The event's id, or the due time.
    pub(crate) name: &'a str,
    pub(crate) kind: SignalKind,
    pub(crate) class: &'a str,
    pub(crate) event_time: Time,
    pub(crate) append_time: Time,
    pub(crate) matched_on: String,
    pub(crate) detail: String,
}

impl SyntheticSignal<'_> {
    /// Takes the signal in.
    pub(crate) fn take_in(self, cx: &mut Step<'_>) {
        cx.store.counts_mut().synthetic += 1;
        take_in(cx, &self.signal());
    }

    /// The signal as it counts.
    pub(crate) fn signal(self) -> MatchedSignal {
        let id = id(&self.account, self.churn_number, self.kind, self.name);
        MatchedSignal {
            account: self.account,
            source: self.source.to_owned(),
            id,
            kind: self.kind,
            class: self.class.to_owned(),
            event_time: self.event_time,
            append_time: self.append_time,
            input: "".into(),
            merged_with: Vec::new(),
            method: Method::AccountId,
            matched_on: self.matched_on,
            detail: self.detail,
        }
    }
}

/// The id of a synthetic signal: of (account, churn number, kind, due time or event's id) (R11).
fn id(account: &AccountId, churn_number: u32, kind: SignalKind, name: &str) -> String {
    let mut hasher = Sha256::new();
    let churn = churn_number.to_be_bytes();
    for part in [account.as_str().as_bytes(), &churn, kind.as_str().as_bytes(), name.as_bytes()] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hex::encode(&hasher.finalize()[..16])
}
