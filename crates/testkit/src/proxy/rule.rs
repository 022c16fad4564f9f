//! The choice of a request to strike, the blow, and its result.

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::frame::Frame;
use super::lock;

/// The requests that a transaction consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiKey {
    /// Records.
    Produce,
    /// A producer takes its transactional id.
    InitProducerId,
    /// The first one begins a transaction.
    AddPartitionsToTxn,
    /// Positions will follow.
    AddOffsetsToTxn,
    /// The end of a transaction, either way.
    EndTxn,
    /// The end of a transaction that commits.
    Commit,
    /// The end of a transaction that aborts.
    Abort,
    /// Positions.
    TxnOffsetCommit,
}

impl ApiKey {
    /// Kafka's number for it.
    pub const fn number(self) -> i16 {
        match self {
            Self::Produce => 0,
            Self::InitProducerId => 22,
            Self::AddPartitionsToTxn => 24,
            Self::AddOffsetsToTxn => 25,
            Self::EndTxn | Self::Commit | Self::Abort => 26,
            Self::TxnOffsetCommit => 28,
        }
    }

    /// In the versions of an `EndTxn` that librdkafka speaks the last byte says whether it commits.
    fn is(self, frame: &Frame) -> bool {
        let ends = |commits: u8| frame.0.last() == Some(&commits);
        frame.api_key() == Some(self.number())
            && match self {
                Self::Commit => ends(1),
                Self::Abort => ends(0),
                Self::Produce
                | Self::InitProducerId
                | Self::AddPartitionsToTxn
                | Self::AddOffsetsToTxn
                | Self::EndTxn
                | Self::TxnOffsetCommit => true,
            }
    }
}

/// The blow on a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing; its answer is noted.
    Watch,
    /// The connection stands still from here until [`Strike::release`]; then the request goes on, even when its sender
    /// has hung up meanwhile.
    Hold,
    /// The sender's connection ends at once; the request goes on when [`Strike::release`] is called.
    Strand,
    /// It never arrives; the connection stays.
    Drop,
    /// It arrives; its answer never does. The connection stays.
    DropAnswer,
    /// It never arrives, and the connection ends.
    Cut,
    /// It arrives; instead of its answer the sender sees the connection end.
    CutAnswer,
    /// It arrives, its answer is lost, it arrives a second time, and that answer is delivered.
    Repeat,
}

impl Action {
    /// True if the request waits for [`Strike::release`].
    pub const fn is_late(self) -> bool {
        matches!(self, Self::Hold | Self::Strand)
    }
}

#[derive(Debug, Default)]
struct Fate {
    request: Option<Vec<u8>>,
    answer: Option<Vec<u8>>,
    released: bool,
}

#[derive(Debug, Default)]
struct Inner {
    fate: Mutex<Fate>,
    changed: Condvar,
}

/// A rule, and what became of the request that it struck. Copies are the same rule.
#[derive(Clone, Debug)]
pub struct Strike {
    action: Action,
    inner: Arc<Inner>,
}

impl Strike {
    fn new(action: Action) -> Self {
        Self { action, inner: Arc::default() }
    }

    /// True if it struck.
    pub fn has_struck(&self) -> bool {
        lock(&self.inner.fate).request.is_some()
    }

    /// The request that was struck, from its header on, once it was.
    pub fn request(&self, wait: Duration) -> Option<Vec<u8>> {
        self.wait(wait, |fate| fate.request.clone())
    }

    /// The broker's answer, from the correlation id on, even if the sender never heard it. Of a request that is sent
    /// twice, the second answer.
    pub fn answer(&self, wait: Duration) -> Option<Vec<u8>> {
        self.wait(wait, |fate| fate.answer.clone())
    }

    /// A late request goes on.
    pub fn release(&self) {
        lock(&self.inner.fate).released = true;
        self.inner.changed.notify_all();
    }

    pub(super) const fn action(&self) -> Action {
        self.action
    }

    pub(super) fn strike(&self, frame: &Frame) {
        lock(&self.inner.fate).request = Some(frame.0.clone());
        self.inner.changed.notify_all();
    }

    pub(super) fn answered(&self, frame: &Frame) {
        lock(&self.inner.fate).answer = Some(frame.0.clone());
        self.inner.changed.notify_all();
    }

    pub(super) fn wait_released(&self) {
        let fate = lock(&self.inner.fate);
        // A poisoned lock means that a test has failed; then nobody waits any more.
        drop(self.inner.changed.wait_while(fate, |fate| !fate.released));
    }

    fn wait<T>(&self, wait: Duration, look: impl Fn(&Fate) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + wait;
        let mut fate = lock(&self.inner.fate);
        loop {
            if let Some(found) = look(&fate) {
                return Some(found);
            }
            let left = deadline.checked_duration_since(Instant::now())?;
            fate = self.inner.changed.wait_timeout(fate, left).ok()?.0;
        }
    }
}

#[derive(Debug)]
struct Rule {
    api: ApiKey,
    left: usize,
    first: Option<Strike>,
    strike: Strike,
    spent: bool,
}

/// All rules of a proxy.
#[derive(Debug, Default)]
pub(super) struct Rules(Mutex<Vec<Rule>>);

impl Rules {
    pub(super) fn add(&self, api: ApiKey, nth: usize, action: Action, first: Option<Strike>) -> Strike {
        let strike = Strike::new(action);
        lock(&self.0).push(Rule { api, left: nth, first, strike: strike.clone(), spent: false });
        strike
    }

    /// The rule that strikes this request, when one does.
    pub(super) fn of(&self, frame: &Frame) -> Option<Strike> {
        let mut rules = lock(&self.0);
        let counting = rules.iter_mut().filter(|rule| {
            !rule.spent && rule.api.is(frame) && rule.first.as_ref().is_none_or(Strike::has_struck)
        });
        let mut found: Option<&mut Rule> = None;
        for rule in counting {
            rule.left = rule.left.saturating_sub(1);
            if rule.left == 0 && found.is_none() {
                found = Some(rule);
            }
        }
        let rule = found?;
        rule.spent = true;
        rule.strike.strike(frame);
        Some(rule.strike.clone())
    }

    /// Nobody waits any more.
    pub(super) fn release_all(&self) {
        lock(&self.0).iter().for_each(|rule| rule.strike.release());
    }
}
