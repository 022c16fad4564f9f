//! Signals that the detector makes itself: they are no input, raise no T, and are otherwise signals like any other (R11).
//!
//! Both sources of them advance on progress records only, at most so much each time, so that they are a function of the
//! log and no herd delays a signal that came by itself.

use sha2::{Digest, Sha256};

use super::input::{MatchedSignal, Progress};
use super::partition::{Effect, Partition, note};
use crate::ids::{AccountId, Offset};
use crate::index::Method;
use crate::signal::SignalKind;
use crate::time::Time;

/// The source that the calendar's signals are said to be from.
pub const CALENDAR: &str = "calendar";

/// The most signals that one progress record makes.
const SIGNALS: u32 = 32;
/// The most of them that events make: an event may be told for minutes, and a lone signal waits for the records before it.
const EVENT_SIGNALS: u32 = 12;
/// The most accounts that one progress record looks at.
const LOOKS: u32 = 1_024;
/// The most events that one progress record takes up, since each may take a look at all accounts.
const EVENTS: u32 = 4;

/// What a progress record may still do.
pub(super) struct Allowance {
    signals: u32,
    looks: u32,
    events: u32,
}

impl Allowance {
    /// The events' part of a record's, and what is the calendar's in any case, so that neither waits for the other's end.
    const fn parts() -> (Self, Self) {
        let of_events = Self { signals: EVENT_SIGNALS, looks: LOOKS / 2, events: EVENTS };
        let of_calendar = Self { signals: SIGNALS - of_events.signals, looks: LOOKS / 2, events: 0 };
        (of_events, of_calendar)
    }

    /// This, and what was left of the other.
    const fn and(self, left: &Self) -> Self {
        Self { signals: self.signals + left.signals, looks: self.looks + left.looks, events: left.events }
    }

    pub(super) const fn is_spent(&self) -> bool {
        self.signals == 0 || self.looks == 0
    }

    pub(super) const fn look(&mut self) {
        self.looks = self.looks.saturating_sub(1);
    }

    /// Another day's items were gathered.
    pub(super) const fn turn_page(&mut self) {
        self.looks = self.looks.saturating_sub(LOOKS / 8);
    }

    /// Whether another event may be taken up, whose accounts are found among all.
    pub(super) const fn take_up(&mut self) -> bool {
        let may = self.events > 0;
        self.events = self.events.saturating_sub(1);
        may
    }

    pub(super) const fn made(&mut self) {
        self.signals = self.signals.saturating_sub(1);
    }
}

/// What is told to an account.
pub(super) struct Told<'a> {
    pub(super) account: AccountId,
    pub(super) churn_number: u32,
    pub(super) source: &'a str,
    /// The event's id, or the due time.
    pub(super) name: &'a str,
    pub(super) kind: SignalKind,
    pub(super) class: &'a str,
    pub(super) event_time: Time,
    pub(super) append_time: Time,
    pub(super) matched_on: String,
    pub(super) detail: String,
}

impl Told<'_> {
    fn signal(self) -> MatchedSignal {
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

/// The id of a made signal: of (account, churn number, kind, due time or event's id) (R11).
fn id(account: &AccountId, churn_number: u32, kind: SignalKind, name: &str) -> String {
    let mut hasher = Sha256::new();
    let churn = churn_number.to_be_bytes();
    for part in [account.as_str().as_bytes(), &churn, kind.as_str().as_bytes(), name.as_bytes()] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hex::encode(&hasher.finalize()[..16])
}

impl Partition {
    /// Readers report how far they are. What an event tells comes first: it counts by the clock as it was, like any signal
    /// of a record before this one, whatever `W` becomes at it. The calendar's entries are due at `W`.
    pub(super) fn progress(
        &mut self,
        offset: Offset,
        progress: &Progress,
        appended_at: Time,
        out: &mut Vec<Effect>,
    ) {
        let (mut of_events, of_calendar) = Allowance::parts();
        self.fan_out(offset, &mut of_events, out);
        let moved = self.clock_mut().progress(progress, appended_at);
        note(moved, out);
        self.end_due(out);
        self.turn_calendar(offset, &mut of_calendar.and(&of_events), out);
    }

    /// Whether a progress record that moves nothing would still make signals: the calendar or an event is not through.
    pub fn is_behind(&self) -> bool {
        let clock = self.clock();
        let hand = clock.hand.as_ref().map(|hand| hand.to);
        self.events.len() > 0 || clock.watermark.is_some_and(|now| hand.is_some_and(|hand| hand < now))
    }

    pub(super) fn make(&mut self, offset: Offset, told: Told<'_>, out: &mut Vec<Effect>) {
        self.counts_mut().made += 1;
        self.take_in(offset, &told.signal(), Vec::new(), out);
    }
}
