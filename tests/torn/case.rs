//! One case: which request is struck and how, and when it goes on if it is late.

use std::time::Duration;

use winback_testkit::{Action, ApiKey, Proxy, Strike};

use crate::check;
use crate::copier::{Copier, LaneCopier};
use crate::deadline::eventually;
use crate::topics::{PARTITIONS, Topics};
use crate::world::{DEADLINE, Door, World};

/// Records to each partition before the case, in the struck transaction, and in the one after it.
const BATCH: usize = 6;
/// With the third of its requests to write records a transaction is half in the log.
const HALF: usize = 3;
/// A broker that has not answered a request by then never will.
const ANSWER: Duration = Duration::from_secs(30);

/// The blow on a transaction n.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    /// The request that is struck.
    pub(crate) request: ApiKey,
    /// The blow.
    pub(crate) action: Action,
    /// All connections were cut once before, while nothing was going on.
    pub(crate) cut_before: bool,
    /// A late request arrives when n + 1 has sent this one.
    pub(crate) until: Until,
}

/// The time in transaction n + 1 at which a late request of n arrives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    /// Some of its records are in the log, some are not.
    Half,
    /// Its records are in the log, its positions are not.
    Positions,
    /// Everything is in the log but its end.
    End,
}

/// The result of a case.
pub(crate) struct Outcome {
    pub(crate) topics: Topics,
    /// The error code of the answer to the late request, where that was the end of a transaction.
    pub(crate) answer: Option<i16>,
    /// The misplaced position at the end of transaction n + 1, if there was one.
    pub(crate) misplaced: Option<String>,
    pub(crate) way: String,
}

impl Case {
    pub(crate) const fn of(request: ApiKey, action: Action) -> Self {
        let until = match request {
            ApiKey::Commit | ApiKey::Abort => Until::Half,
            _ => Until::End,
        };
        Self { request, action, cut_before: false, until }
    }

    /// Then transaction n has a record that cannot be written.
    const fn aborts(&self) -> bool {
        matches!(self.request, ApiKey::Abort)
    }

    /// Runs it against whatever `start` starts; `None` without a broker.
    pub(crate) fn run(self, start: impl FnOnce(&Topics, String) -> Box<dyn Copier>) -> Option<Outcome> {
        let world = World::get("torn transactions on Kafka")?;
        let (door, topics) = (world.door(), Topics::new(world));
        let copier = start(&topics, door.bootstrap());
        topics.write(BATCH);
        settle(&topics, copier.as_ref());
        if self.cut_before {
            door.proxy().cut_all();
            topics.write(BATCH);
            settle(&topics, copier.as_ref());
        }
        let answer = self.strike(&door, &topics, copier.as_ref());
        settle(&topics, copier.as_ref());
        let misplaced = check::misplaced(&topics);
        topics.write(BATCH);
        settle(&topics, copier.as_ref());
        let way = copier.stop();
        println!("{self:?}: {way}; {answer:?}");
        Some(Outcome { topics, answer, misplaced, way })
    }

    fn strike(&self, door: &Door, topics: &Topics, copier: &dyn Copier) -> Option<i16> {
        let proxy = door.proxy();
        let before = copier.ended();
        let struck = proxy.on(self.request, 1, self.action);
        // What was sent before the held request is in the log when it was answered.
        let watched = proxy.after(&struck, ApiKey::Produce, HALF - 1, Action::Watch);
        let held = match self.until {
            Until::Half => proxy.after(&struck, ApiKey::Produce, HALF, Action::Hold),
            Until::Positions => proxy.after(&struck, ApiKey::AddOffsetsToTxn, 1, Action::Hold),
            Until::End => proxy.after(&struck, ApiKey::EndTxn, 1, Action::Hold),
        };
        topics.write_with(BATCH, self.aborts());
        struck.request(DEADLINE).expect("the request is struck");
        if !self.action.is_late() {
            held.release();
            topics.write(BATCH);
            return None;
        }
        topics.write(BATCH);
        let held = in_the_next(proxy, held, self.until, || copier.ended() > before);
        if matches!(self.until, Until::Half) {
            watched.answer(ANSWER).expect("half of the next transaction is in the log");
        }
        struck.release();
        let answer = struck.answer(ANSWER).expect("the broker answers a late request");
        // Behind the correlation id and the throttle time.
        let code = answer.get(8..).and_then(<[u8]>::first_chunk).map(|bytes| i16::from_be_bytes(*bytes));
        let code = code.filter(|_| self.request.number() == ApiKey::EndTxn.number());
        if code == Some(0) {
            // It ended the running transaction. The broker tells the partitions after it has answered: here it has.
            (0..PARTITIONS).for_each(|partition| drop(topics.read(&topics.output(), partition)));
        }
        held.release();
        code
    }

    /// Runs it against a lane, and nothing may be wrong.
    pub(crate) fn is_survived(self) {
        let Some(outcome) = self.run(|topics, bootstrap| Box::new(LaneCopier::start(topics, bootstrap)))
        else {
            return;
        };
        let Outcome { topics, answer, misplaced, way } = outcome;
        let mut faults = check::faults(&topics);
        faults.extend(misplaced);
        faults.extend(check::stale_state(&topics));
        assert!(faults.is_empty(), "{self:?}: {way}: {faults:#?}");
        let dead: usize = (0..2).map(|partition| topics.read(&topics.dead(), partition).len()).sum();
        assert_eq!(dead, usize::from(self.aborts()), "{self:?}: only what cannot be copied is a dead letter");
        assert!(answer.is_none_or(|code| code != 0), "{self:?}: the broker refuses a late end");
    }
}

/// The hold that is in the transaction after the struck one: those of the struck one itself are let go.
fn in_the_next(proxy: &Proxy, mut held: Strike, until: Until, has_ended: impl Fn() -> bool) -> Strike {
    loop {
        held.request(DEADLINE).expect("the next transaction comes as far as that");
        if !matches!(until, Until::End) || has_ended() {
            return held;
        }
        let next = proxy.on(ApiKey::EndTxn, 1, Action::Hold);
        held.release();
        held = next;
    }
}

/// Waits until everything that was put in is copied.
pub(crate) fn settle(topics: &Topics, copier: &dyn Copier) {
    let ends = topics.ends();
    eventually("everything is copied", DEADLINE, || copier.has_copied(&ends).then_some(()));
}

/// Runs cases side by side; each has its own door and topics.
pub(crate) fn side_by_side(cases: impl IntoIterator<Item = Case>) {
    std::thread::scope(|scope| {
        for case in cases {
            scope.spawn(move || case.is_survived());
        }
    });
}
