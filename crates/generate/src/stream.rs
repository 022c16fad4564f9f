//! The signals, in the order in which they are appended, made as they are asked for.
//!
//! Invariant: exactly as many as were asked for, none after `until`, and no memory but the steps of the stories that are
//! under way. Noise fills what the stories leave: its gaps are drawn from what is left of time and number, so that
//! both end together.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use winback_core::time::{Span, Time};

use super::class::Class;
use super::company::{dice, one_in, pick};
use super::shape::{self, Plot, Who};
use super::story::{self, Act};
use super::words::{ASSET, LINK, PAGE};
use super::{GenerateSpec, SourceSpec};

const PURPOSE: u64 = 2;
const EVENT_PURPOSE: u64 = 3;
/// The events that concern many accounts, with their place in the time, in 100.
const EVENTS: [(Act, i64); 2] = [(Act::Ships, 40), (Act::Raises, 70)];
/// Signals of churned accounts, in a thousand.
const MATCHING: u64 = 30;
/// Companies that are not on the list.
const STRANGERS: u64 = 50_000;
/// 2099-06-01T12:00:00Z.
const FAR_AHEAD: Time = Time::from_millis(4_083_998_400_000);

/// One signal, as its producer would write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// The number of the source in the spec.
    pub source: usize,
    /// The source's topic.
    pub topic: Arc<str>,
    /// The record's key: who it is about, where the record says so.
    pub key: Option<String>,
    /// The record.
    pub value: Vec<u8>,
    /// The event time, as the record says.
    pub event_time: Time,
    /// The append time: the record's timestamp.
    pub append_time: Time,
}

/// The oddity of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Flaw {
    None,
    /// It cannot be read.
    Malformed,
    /// It is dated in 2099.
    Ahead,
    /// It happened months ago.
    Old,
}

/// A signal that is to come; ordered by when, then by when it was planned.
#[derive(Clone, Copy, Debug)]
struct Planned {
    append: i64,
    order: u64,
    source: usize,
    plot: Plot,
    flaw: Flaw,
}

impl PartialEq for Planned {
    fn eq(&self, other: &Self) -> bool {
        self.order == other.order
    }
}

impl Eq for Planned {}

impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Planned {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.append, self.order).cmp(&(other.append, other.order))
    }
}

/// The iterator over all signals.
pub struct Signals<'s> {
    spec: &'s GenerateSpec,
    rng: ChaCha8Rng,
    coming: BinaryHeap<Reverse<Planned>>,
    /// Signals that are not yet planned.
    left: u64,
    /// The number of planned records.
    planned: u64,
    /// Up to where time has passed, in microseconds.
    now: i64,
    until: i64,
}

impl<'s> Signals<'s> {
    pub(super) fn new(spec: &'s GenerateSpec) -> Self {
        let micros = |time: Time| time.millis().saturating_mul(1_000);
        let mut signals = Self {
            spec,
            rng: dice(spec.seed, PURPOSE, 0),
            coming: BinaryHeap::new(),
            left: spec.signals,
            planned: 0,
            now: micros(spec.until - spec.over),
            until: micros(spec.until),
        };
        signals.announce();
        if spec.classes.iter().all(|class| class.share() == 0) {
            signals.left = 0;
        }
        signals
    }

    /// Plans the events that there are sources for.
    fn announce(&mut self) {
        for (number, (act, part)) in (0..).zip(EVENTS) {
            let at = self.spec.start() + Span::from_millis(self.spec.over.millis() / 100 * part);
            let nonce = dice(self.spec.seed, EVENT_PURPOSE, number).random();
            let plot = Plot { act, who: Who::Nobody, visitor: 0, nonce, at };
            if let Some(source) = self.source(plot) {
                let happened = self.spec.sources[source].shape.rounded(at);
                self.push(source, Plot { at: happened, ..plot }, at, Flaw::None);
            }
        }
    }

    /// Plans what comes next of the noise, and now and then a story; time goes on.
    fn tick(&mut self) {
        let span = u64::try_from(self.until - self.now).unwrap_or_default();
        let coming = u64::try_from(self.coming.len()).unwrap_or_default();
        let mean = span / (self.left + coming).max(1);
        let gap = self.rng.random_range(0..=mean.saturating_mul(2)).min(span);
        self.now += i64::try_from(gap).unwrap_or_default();
        let now = Time::from_millis(self.now / 1_000);
        let chance = MATCHING * 1_000 / u64::from(story::MEAN_STEPS_MILLI);
        if self.spec.accounts > 0 && self.rng.random_range(0..1_000) < chance {
            self.begin(now);
        }
        if self.left > 0 {
            self.noise(now);
        }
    }

    fn begin(&mut self, start: Time) {
        let who = Who::Account(self.rng.random_range(0..self.spec.accounts));
        let visitor = self.rng.random();
        for (after, act) in story::draw(&mut self.rng) {
            let at = start + Span::from_secs(after.into());
            let nonce = self.rng.random();
            let planned = self.plan(Plot { act, who, visitor, nonce, at }, 40);
            // A webhook that was not answered in time is sent again, as it was.
            if let Some((source, plot, flaw)) = planned.filter(|_| one_in(&mut self.rng, 12)) {
                let later = at + Span::from_secs(self.rng.random_range(1..1_800));
                self.push(source, plot, later, flaw);
            }
        }
    }

    fn noise(&mut self, at: Time) {
        let act = self.somebodys();
        let (visitor, nonce) = (self.rng.random(), self.rng.random());
        let number = self.spec.accounts + self.rng.random_range(0..STRANGERS);
        self.plan(Plot { act, who: Who::Stranger(number), visitor, nonce, at }, 120);
    }

    /// An act of a stranger, by the sources' shares.
    fn somebodys(&mut self) -> Act {
        let shares: u32 = self.spec.classes.iter().map(|class| class.share()).sum();
        let mut at = self.rng.random_range(0..shares.max(1));
        let found = self.spec.classes.iter().find(|class| {
            let found = at < class.share();
            at = at.saturating_sub(class.share());
            found
        });
        let rng = &mut self.rng;
        match found.copied().unwrap_or(Class::Web) {
            Class::Web => match rng.random_range(0..100) {
                0..15 => Act::BotPage(pick(rng, &PAGE)),
                15..35 => Act::Asset(pick(rng, &ASSET)),
                35..40 => Act::Moved(pick(rng, &PAGE)),
                _ => Act::Page(pick(rng, &PAGE)),
            },
            Class::Mail => match rng.random_range(0..100) {
                0..35 => Act::Delivered,
                35..60 => Act::MachineOpen,
                60..88 => Act::Open,
                88..96 => Act::Click(pick(rng, &LINK)),
                96..98 => Act::Reply,
                _ => Act::AutoReply,
            },
            Class::Funding => Act::Round,
            Class::Event => Act::Ships,
            Class::Hiring => match rng.random_range(0..100) {
                0..80 => Act::Job,
                80..92 => Act::JobChange("closed"),
                92..97 => Act::JobChange("edited"),
                _ => Act::JobChange("reopened"),
            },
        }
    }

    /// Gives the signal to a source that tells such things, with its delay; one in `late` comes minutes or hours late.
    fn plan(&mut self, plot: Plot, late: u32) -> Option<(usize, Plot, Flaw)> {
        let (source, plot) = self.placed(plot)?;
        let shape = self.spec.sources[source].shape;
        let flaw = self.flaw();
        let append = plot.at;
        let happened = match (flaw, shape.class()) {
            (Flaw::Ahead, _) => FAR_AHEAD,
            (Flaw::Old, _) => append - Span::from_days(self.rng.random_range(100..400)),
            // News is days old when it is read.
            (_, Class::Funding | Class::Hiring) => append - Span::from_days(self.rng.random_range(0..6)),
            (_, Class::Web | Class::Mail) if one_in(&mut self.rng, late) => {
                append - Span::from_secs(self.rng.random_range(120..18_000))
            }
            (_, Class::Web | Class::Mail | Class::Event) => append,
        };
        let plot = Plot { at: shape.rounded(happened), ..plot };
        // What is planted must not hide among those that nobody knows.
        let planted = matches!(flaw, Flaw::Ahead | Flaw::Old) && self.spec.accounts > 0;
        let who = if planted { Who::Account(self.rng.random_range(0..self.spec.accounts)) } else { plot.who };
        let plot = Plot { who, ..plot };
        self.push(source, plot, append, flaw);
        Some((source, plot, flaw))
    }

    /// The source and what it tells: a visit to a page where it knows nothing finer.
    fn placed(&mut self, plot: Plot) -> Option<(usize, Plot)> {
        let noise = matches!(plot.who, Who::Stranger(_));
        let coarser = match plot.act {
            Act::Asset(_) | Act::Moved(_) if noise => Some(Act::Page("/")),
            Act::Reply | Act::AutoReply if noise => Some(Act::Open),
            _ => None,
        };
        let plots = [Some(plot), coarser.map(|act| Plot { act, ..plot })];
        plots.into_iter().flatten().find_map(|plot| self.source(plot).map(|source| (source, plot)))
    }

    /// One of the sources that tell this; one visitor stays with one of them.
    fn source(&self, plot: Plot) -> Option<usize> {
        let able = || self.spec.sources.iter().enumerate().filter(|(_, source)| source.shape.tells(plot.act));
        let count = u64::try_from(able().count()).unwrap_or_default();
        let which = usize::try_from(plot.visitor.checked_rem(count)?).unwrap_or_default();
        able().nth(which).map(|(at, _)| at)
    }

    /// A few odd ones at fixed places, so that every run of some size has them.
    fn flaw(&self) -> Flaw {
        let (at, all) = (self.planned, self.spec.signals);
        if all >= 100 && (at == all / 3 || at == all * 2 / 3) {
            return Flaw::Ahead;
        }
        match at % 3_331 {
            70 | 1_970 => Flaw::Malformed,
            60 | 2_500 => Flaw::Old,
            _ => Flaw::None,
        }
    }

    fn push(&mut self, source: usize, plot: Plot, append: Time, flaw: Flaw) {
        if self.left == 0 || append > self.spec.until {
            return;
        }
        self.left -= 1;
        self.planned += 1;
        let planned = Planned { append: append.millis(), order: self.planned, source, plot, flaw };
        self.coming.push(Reverse(planned));
    }

    fn render(&self, planned: &Planned) -> Signal {
        let SourceSpec { topic, shape, .. } = &self.spec.sources[planned.source];
        let mut value = Vec::with_capacity(640);
        let key = shape::write(self.spec.seed, *shape, &planned.plot, &mut value);
        if planned.flaw == Flaw::Malformed {
            spoil(&mut value, planned.plot.nonce);
        }
        Signal {
            source: planned.source,
            topic: Arc::clone(topic),
            key,
            value,
            event_time: planned.plot.at,
            append_time: Time::from_millis(planned.append),
        }
    }
}

/// Breaks a record the ways that records break.
fn spoil(value: &mut Vec<u8>, nonce: u64) {
    match nonce % 3 {
        0 => value.truncate(value.len() / 2),
        1 => {
            let middle = value.len() / 2;
            value.splice(middle..middle, [0xff, 0xfe]);
        }
        _ => *value = vec![b'['; 200],
    }
}

impl Iterator for Signals<'_> {
    type Item = Signal;

    fn next(&mut self) -> Option<Signal> {
        loop {
            let due = self.coming.peek().map(|Reverse(planned)| planned.append);
            // What is planned for the time that has passed comes before anything that is not planned yet.
            let ready = due.is_some_and(|due| self.left == 0 || due < self.now / 1_000);
            if ready || self.left == 0 {
                let Reverse(planned) = self.coming.pop()?;
                return Some(self.render(&planned));
            }
            self.tick();
        }
    }
}
