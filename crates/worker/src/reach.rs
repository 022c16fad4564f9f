//! The receiver as the process knows it: never asked, answering, or not reached since a time.

use parking_lot::Mutex;
use winback_core::time::Time;

use crate::webhook::Attempt;

/// The state of a receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// No message was due since the start, so that nobody knows whether it answers.
    Untried,
    /// It answered the last message, be it with a refusal.
    Answers,
    /// Nothing gets through.
    Away {
        /// The first attempt in a row that failed.
        since: Time,
        /// The last failure, with the receiver's host.
        why: String,
    },
}

/// The state as the attempts change it.
#[derive(Debug)]
pub(crate) struct Receiver(Mutex<Reach>);

impl Receiver {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Reach::Untried))
    }

    pub(crate) fn reach(&self) -> Reach {
        self.0.lock().clone()
    }

    /// Takes in what became of an attempt at `now`.
    pub(crate) fn tried(&self, attempt: &Attempt, now: Time) {
        let mut reach = self.0.lock();
        let before = match &*reach {
            Reach::Away { since, .. } => Some(*since),
            Reach::Untried | Reach::Answers => None,
        };
        match attempt {
            Attempt::Retry { why, .. } => {
                if before.is_none() {
                    tracing::warn!(why, "the receiver is not reached: readiness is red until it answers");
                }
                *reach = Reach::Away { since: before.unwrap_or(now), why: why.clone() };
            }
            Attempt::Accepted | Attempt::Stop(_) | Attempt::Refuse(_) => {
                if let Some(since) = before {
                    tracing::warn!(%since, "the receiver answers again");
                }
                *reach = Reach::Answers;
            }
        }
    }
}
