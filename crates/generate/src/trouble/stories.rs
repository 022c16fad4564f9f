//! The acts of the accounts, one story after the other, before anything goes wrong on the way.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use winback_core::time::Span;

use super::{Planted, SOURCES, Size};

/// A page, weak to strong under the plan's policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// Strength 0.
    Blog,
    /// Strength 1.
    Product,
    /// Strength 2.
    Pricing,
}

impl Page {
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Blog => "/blog/what-is-new",
            Self::Product => "/features/reports",
            Self::Pricing => "/pricing",
        }
    }
}

/// A visit as it happened.
#[derive(Clone, Copy, Debug)]
pub(super) struct Visit {
    /// Whose; `None` is nobody's on the list.
    pub(super) account: Option<u32>,
    /// The time, in milliseconds from the beginning.
    pub(super) at: i64,
    pub(super) page: Page,
    pub(super) source: usize,
    pub(super) planted: Planted,
}

/// Everything that happens, account by account.
pub(super) fn visits(rng: &mut ChaCha8Rng, size: Size) -> Vec<Visit> {
    let mut visits = Vec::new();
    for account in 0..size.accounts {
        let mut life = Life { rng, unit: size.unit.millis().max(8), account, out: &mut visits };
        life.unfold(size.lasts);
    }
    let strangers = size.lasts.millis() / size.unit.millis().max(1) * 2;
    for _ in 0..strangers {
        let at = rng.random_range(0..size.lasts.millis().max(1));
        let source = rng.random_range(0..SOURCES.len());
        visits.push(Visit { account: None, at, page: Page::Pricing, source, planted: Planted::Stranger });
    }
    visits
}

/// Tells the stories of one account.
struct Life<'a> {
    rng: &'a mut ChaCha8Rng,
    unit: i64,
    account: u32,
    out: &'a mut Vec<Visit>,
}

impl Life<'_> {
    fn unfold(&mut self, lasts: Span) {
        let mut at = self.rng.random_range(0..self.unit * 4);
        while at < lasts.millis() {
            at = match self.rng.random_range(0..10) {
                0..4 => self.burst(at),
                4 => self.steady(at),
                5 => self.flood(at),
                6..8 => self.escalation(at),
                _ => self.lone(at),
            };
            at += self.rng.random_range(self.unit / 2..self.unit * 12);
        }
    }

    fn visit(&mut self, at: i64, page: Page, planted: Planted) {
        let source = self.rng.random_range(0..SOURCES.len());
        self.out.push(Visit { account: Some(self.account), at, page, source, planted });
    }

    fn any_page(&mut self) -> Page {
        match self.rng.random_range(0..6) {
            0 => Page::Pricing,
            1 | 2 => Page::Blog,
            _ => Page::Product,
        }
    }

    /// A few visits; now and then the next comes exactly when the quiet time is over.
    fn burst(&mut self, mut at: i64) -> i64 {
        for _ in 0..self.rng.random_range(2..7) {
            let page = self.any_page();
            self.visit(at, page, Planted::Burst);
            let edge = self.rng.random_range(0..6) == 0;
            at += if edge { self.unit } else { self.rng.random_range(1..self.unit) };
        }
        at
    }

    /// Never a quiet time between two visits, for longer than any burst may be open.
    fn steady(&mut self, mut at: i64) -> i64 {
        let end = at + self.unit * 9;
        while at < end {
            self.visit(at, Page::Blog, Planted::Steady);
            at += self.unit * 3 / 4;
        }
        at
    }

    /// More visits than a burst may have, close together.
    fn flood(&mut self, mut at: i64) -> i64 {
        for _ in 0..16 {
            self.visit(at, Page::Product, Planted::Flood);
            at += self.unit / 8;
        }
        at
    }

    /// Weak, until it fires; then stronger in the quiet time, and strongest; and once more of each, which must not fire.
    fn escalation(&mut self, at: i64) -> i64 {
        for step in 0..4 {
            self.visit(at + step * self.unit / 4, Page::Blog, Planted::Escalation);
        }
        let mut at = at + self.unit * 3;
        for page in [Page::Product, Page::Product, Page::Pricing, Page::Pricing] {
            self.visit(at, page, Planted::Escalation);
            at += self.unit;
        }
        at
    }

    fn lone(&mut self, at: i64) -> i64 {
        self.visit(at, Page::Blog, Planted::Lone);
        at
    }
}
