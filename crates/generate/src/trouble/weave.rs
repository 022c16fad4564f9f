//! The faults between event and record: doubled, delayed, misdated, held back.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

use super::accounts::Change;
use super::policies::{DEDUPE, MAX_AGE};
use super::stories::{self, Page, Visit};
use super::{Planted, SOURCES, Size};
use crate::company::dice;

/// The purpose of the draws for what happens.
const PURPOSE: u64 = 0x7e1;

/// Further ahead than the day that is tolerated.
const FAR_AHEAD: i64 = 2 * 86_400_000;

/// A record that is to be written.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// The time, in milliseconds from the beginning.
    pub(super) due: i64,
    /// The purpose.
    pub(super) planted: Planted,
    /// The content.
    pub(super) what: What,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    /// A page view.
    Visit(Written),
    /// An account's row.
    Account(u32, Change),
}

/// A page view as a producer writes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    pub(super) source: usize,
    /// Unique within the plan; a duplicate has the same.
    pub(super) id: u64,
    pub(super) account: Option<u32>,
    pub(super) page: Page,
    /// The event time, as it says itself.
    pub(super) at: i64,
    /// The producer's timestamp, where it has one of its own.
    pub(super) stamped: Option<i64>,
    /// True if its key is another than the account's, so that it may stand in another partition.
    pub(super) astray: bool,
}

/// All events in the order in which they are written.
pub(super) fn events(seed: u64, size: Size) -> Vec<Event> {
    let mut rng = dice(seed, PURPOSE, 0);
    let mut visits = stories::visits(&mut rng, size);
    visits.sort_by_key(|visit| visit.at);
    let mut weaver = Weaver { rng, unit: size.unit.millis().max(8), next: 0, out: Vec::new() };
    visits.iter().for_each(|visit| weaver.write(visit));
    weaver.change_accounts(size);
    weaver.stop_sources(size);
    let mut events = weaver.out;
    // A stable sort: what is due at one time stays in the order in which it was made.
    events.sort_by_key(|event| event.due);
    events
}

struct Weaver {
    rng: ChaCha8Rng,
    unit: i64,
    next: u64,
    out: Vec<Event>,
}

impl Weaver {
    fn write(&mut self, visit: &Visit) {
        self.next += 1;
        let written = Written {
            source: visit.source,
            id: self.next,
            account: visit.account,
            page: visit.page,
            at: visit.at,
            stamped: None,
            astray: false,
        };
        if visit.account.is_none() {
            return self.put(visit.at, visit.planted, written);
        }
        let unit = self.unit;
        match self.rng.random_range(0..100) {
            0..10 => {
                let due = visit.at + self.rng.random_range(unit / 4..unit * 2);
                self.put(due, Planted::Disorder, written);
            }
            10..14 => {
                let at = visit.at - self.rng.random_range(unit * 2..unit * (MAX_AGE - 2));
                self.put(visit.at, Planted::Late, Written { at, ..written });
            }
            14..16 => {
                let at = visit.at - self.rng.random_range(unit * (MAX_AGE + 1)..unit * (MAX_AGE + 20));
                self.put(visit.at, Planted::Expired, Written { at, ..written });
            }
            16..18 => {
                let at = visit.at + self.rng.random_range(unit..unit * 20);
                self.put(visit.at, Planted::Ahead, Written { at, ..written });
            }
            18 => self.put(visit.at, Planted::Future, Written { at: visit.at + FAR_AHEAD, ..written }),
            19..21 => self.doubled_when_gone(visit.at, written),
            _ => {
                self.put(visit.at, visit.planted, written);
                self.double(visit.at, written);
            }
        }
    }

    fn put(&mut self, due: i64, planted: Planted, written: Written) {
        self.out.push(Event { due, planted, what: What::Visit(written) });
    }

    /// The same source and id again: some at once, some long after their burst.
    fn double(&mut self, at: i64, written: Written) {
        let again = Written { astray: self.rng.random_range(0..2) == 0, ..written };
        match self.rng.random_range(0..100) {
            0..8 => {
                let due = at + self.rng.random_range(0..self.unit / 2);
                self.put(due, Planted::DuplicateNear, again);
            }
            8..12 => {
                let due = at + self.rng.random_range(self.unit * 7..self.unit * (MAX_AGE - 2));
                self.put(due, Planted::DuplicateFar, again);
            }
            _ => {}
        }
    }

    /// Late at first, and again when the dedupe window is over: then it must not count a second time.
    fn doubled_when_gone(&mut self, due: i64, written: Written) {
        let age = self.unit * (MAX_AGE - 3);
        let written = Written { at: due - age, ..written };
        self.put(due, Planted::Late, written);
        let over = written.at + self.unit * DEDUPE;
        let again = over + self.rng.random_range(self.unit..self.unit * 4);
        self.put(again, Planted::DuplicateGone, written);
    }

    fn change_accounts(&mut self, size: Size) {
        let lasts = size.lasts.millis().max(1);
        for account in 0..size.accounts {
            let at = self.rng.random_range(0..lasts);
            let months = self.rng.random_range(0..9);
            match self.rng.random_range(0..6) {
                0 => {
                    let facts = Change::Facts(self.rng.random_range(1..9));
                    self.change(at, Planted::AccountChanged, account, facts);
                }
                1 => self.change(at, Planted::AccountChurned, account, Change::Churned(months)),
                2 => self.leave(at, account, lasts),
                _ => {}
            }
        }
    }

    /// Off the list, and most of them back on it some time later.
    fn leave(&mut self, at: i64, account: u32, lasts: i64) {
        let gone = if self.rng.random_range(0..2) == 0 { Change::Deleted } else { Change::Tombstone };
        self.change(at, Planted::AccountGone, account, gone);
        let back = at + self.rng.random_range(self.unit..self.unit * 10);
        if back < lasts {
            self.change(back, Planted::AccountBack, account, Change::Back);
        }
    }

    fn change(&mut self, due: i64, planted: Planted, account: u32, change: Change) {
        self.out.push(Event { due, planted, what: What::Account(account, change) });
    }

    /// Each source stands still now and then; what it should have written comes all at once, when it catches up. Every
    /// second time its producer had stamped it before.
    fn stop_sources(&mut self, size: Size) {
        for source in 0..SOURCES.len() {
            let mut stops = self.rng.random_range(self.unit * 4..self.unit * 15);
            let mut stamps = false;
            while stops < size.lasts.millis() {
                let until = stops + self.rng.random_range(self.unit * 3..self.unit * 9);
                self.hold_back(source, stops, until, stamps);
                stamps = !stamps;
                stops = until + self.rng.random_range(self.unit * 10..self.unit * 30);
            }
        }
    }

    fn hold_back(&mut self, source: usize, stops: i64, until: i64, stamps: bool) {
        for event in &mut self.out {
            let What::Visit(written) = &mut event.what else { continue };
            // In their order still, a hundred times as fast, until the source has caught up.
            let due = until + (event.due - stops) / 100;
            if written.source != source || event.due < stops || event.due >= due {
                continue;
            }
            written.stamped = stamps.then_some(event.due);
            event.due = due;
            if !matches!(event.planted, Planted::Future | Planted::Stranger) {
                event.planted = Planted::Backlog;
            }
        }
    }
}
