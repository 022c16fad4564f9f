//! The work and the memory that a filter may use on one event.
//!
//! All of it is counted in values and bytes, never in time, so that a replay stops at the same place. The allowance grows
//! with the event: what a filter may use is at most linear in what it was given.

use std::cell::Cell;

use jaq_json::{Num, Val};

/// Values that may be looked at, for any event and more for each value in it.
const WORK: u64 = 500_000;
const WORK_OF_A_VALUE: u64 = 2_000;
/// The weight of one value, for any event and more for each byte of it.
const VALUE: u64 = 1 << 20;
/// The weight of all that is collected in lists.
const KEPT: u64 = 4 << 20;
const TIMES: u64 = 4;
/// Nesting of what a filter makes.
const DEPTH: u32 = 256;
/// Bits of a whole number.
const BITS: u64 = 1 << 14;
/// Bytes of a text that count as one more value looked at.
const BYTES_OF_WORK: u64 = 256;

/// The limit that a filter ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    Work,
    Value,
    Kept,
    Depth,
    Text,
}

impl Limit {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Work => "the filter takes too many steps for this event: loop over less",
            Self::Value => "the filter makes a value that is too large for this event: make less of it",
            Self::Kept => "the filter collects more in lists than it may for this event: collect less",
            Self::Depth => "the filter nests values too deep: 256 levels are allowed",
            Self::Text => {
                "the filter searches or splits a text that is too long: cut it first, as in .[:1000]"
            }
        }
    }
}

/// A run's allowance and what is left of it.
#[derive(Debug)]
pub(super) struct Budget {
    work: Cell<u64>,
    kept: Cell<u64>,
    value: u64,
    spent: Cell<Option<Limit>>,
}

/// The nodes and bytes of a value, each part as often as it is reached.
#[derive(Clone, Copy, Debug, Default)]
struct Weight {
    nodes: u64,
    bytes: u64,
}

impl Budget {
    /// For an event that has passed the record's own limits.
    pub(super) fn of(event: &Val) -> Self {
        let open = Self {
            work: Cell::new(u64::MAX),
            kept: Cell::new(u64::MAX),
            value: u64::MAX,
            spent: Cell::new(None),
        };
        let mut weight = Weight::default();
        let _ = open.weigh(event, 0, &mut weight);
        let more = weight.bytes.saturating_mul(TIMES);
        Self {
            work: Cell::new(weight.nodes.saturating_mul(WORK_OF_A_VALUE).saturating_add(WORK)),
            kept: Cell::new(more.saturating_mul(2).saturating_add(KEPT)),
            value: more.saturating_add(VALUE),
            spent: Cell::new(None),
        }
    }

    /// The limit that stopped the run, also where the filter caught the error.
    pub(super) fn spent(&self) -> Option<Limit> {
        self.spent.get()
    }

    /// So many steps.
    pub(super) fn work(&self, steps: u64) -> Result<(), Limit> {
        match self.work.get().checked_sub(steps) {
            Some(left) => self.work.set(left),
            None => return self.stop(Limit::Work),
        }
        self.spent.get().map_or(Ok(()), Err)
    }

    /// A value was made.
    pub(super) fn made(&self, value: &Val) -> Result<(), Limit> {
        self.weight(value).map(drop)
    }

    /// A value was made and stays while others are made.
    pub(super) fn kept(&self, value: &Val) -> Result<(), Limit> {
        let weight = self.weight(value)?;
        match self.kept.get().checked_sub(weight.bytes) {
            Some(left) => self.kept.set(left),
            None => return self.stop(Limit::Kept),
        }
        Ok(())
    }

    /// Each part of one is compared with each of the other.
    pub(super) fn crossed(&self, left: &Val, right: &Val) -> Result<(), Limit> {
        let (left, right) = (self.weight(left)?, self.weight(right)?);
        let work = |weight: Weight| weight.nodes.saturating_add(weight.bytes / BYTES_OF_WORK);
        self.work(work(left).saturating_mul(work(right)))
    }

    /// A text of that many bytes is to be made.
    pub(super) fn announced(&self, bytes: f64) -> Result<(), Limit> {
        let most = u32::try_from(self.value).unwrap_or(u32::MAX);
        if bytes > f64::from(most) { self.stop(Limit::Value) } else { Ok(()) }
    }

    pub(super) fn stop(&self, limit: Limit) -> Result<(), Limit> {
        let first = self.spent.get().unwrap_or(limit);
        self.spent.set(Some(first));
        // Nothing goes on from here, not even what catches errors.
        self.work.set(0);
        Err(first)
    }

    fn weight(&self, value: &Val) -> Result<Weight, Limit> {
        self.work(1)?;
        let mut weight = Weight::default();
        self.weigh(value, 0, &mut weight)?;
        Ok(weight)
    }

    fn weigh(&self, value: &Val, depth: u32, weight: &mut Weight) -> Result<(), Limit> {
        if depth > DEPTH {
            return self.stop(Limit::Depth);
        }
        let own = match value {
            Val::Null | Val::Bool(_) | Val::Num(Num::Int(_) | Num::Float(_)) => 16,
            Val::Num(Num::BigInt(number)) if number.bits() > BITS => return self.stop(Limit::Value),
            Val::Num(Num::BigInt(number)) => 64 + number.bits() / 8,
            Val::Num(Num::Dec(digits)) => 64 + length(digits.len()),
            Val::TStr(text) | Val::BStr(text) => 64 + length(text.len()),
            Val::Arr(_) => 48,
            Val::Obj(_) => 96,
        };
        weight.nodes = weight.nodes.saturating_add(1);
        weight.bytes = weight.bytes.saturating_add(own);
        if weight.bytes > self.value {
            return self.stop(Limit::Value);
        }
        self.work(1 + own / BYTES_OF_WORK)?;
        match value {
            Val::Arr(list) => list.iter().try_for_each(|value| self.weigh(value, depth + 1, weight)),
            Val::Obj(map) => map.iter().try_for_each(|(key, value)| {
                self.weigh(key, depth + 1, weight)?;
                self.weigh(value, depth + 1, weight)
            }),
            _ => Ok(()),
        }
    }
}

fn length(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
