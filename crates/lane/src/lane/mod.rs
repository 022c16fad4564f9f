//! The lane: one turn after the other, on one thread.
//!
//! Each part of it owns what it knows; the lane calls them in order and carries answers from one to the next.
//!
//! Invariants: between two turns no transaction is open. What the role's journal holds is exactly what was stepped since
//! the last commit. Every transaction carries the position of every running partition.

mod rebalance;
mod transact;
mod turn;

use std::sync::Arc;
use std::time::Duration;

use winback_log::{Clock, LogError, SessionSpec, SharedLog};

use crate::breaker::Breaker;
use crate::clock::TurnClock;
use crate::commit_timer::CommitTimer;
use crate::config::LaneConfig;
use crate::dead_writer::DeadLetterWriter;
use crate::error::LaneError;
use crate::feed::Feed;
use crate::guards::Guards;
use crate::inputs::Inputs;
use crate::isolation::Isolation;
use crate::left_out::Allowance;
use crate::member::Member;
use crate::observer::Observer;
use crate::outage::Outage;
use crate::report::Report;
use crate::requests::{EndRequests, PositionRequests, Requests};
use crate::restore::Restorer;
use crate::role::Role;
use crate::status::LaneStatus;
use crate::transaction::Transaction;

/// One loop of consumer and producer, with the role that it runs.
pub struct Lane<R> {
    role: R,
    clock: TurnClock,
    member: Member,
    inputs: Inputs,
    requests: Requests,
    restorer: Restorer,
    feed: Feed,
    transaction: Transaction,
    guards: Guards,
    report: Report,
}

impl<R: Role> Lane<R> {
    /// Joins the group. Call it on the thread that will turn the lane.
    ///
    /// # Errors
    /// When the log refuses the session.
    pub fn open(
        log: SharedLog,
        clock: Arc<dyn Clock>,
        spec: SessionSpec,
        config: LaneConfig,
        role: R,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, LaneError> {
        let session = log.session(spec.clone())?;
        let member = Member::new(log.name(), session, &spec);
        let clock = TurnClock::new(clock);
        let now = clock.now();
        let feed = Feed::new(&config, role.merges_by_time());
        let positions = PositionRequests::new(config.positions);
        let requests = Requests::new(
            positions,
            EndRequests::new(config.ends_every, now),
            Outage::new(config.unavailable_timeout),
        );
        let id = spec.transactional_id;
        let allowance = Allowance::new(config.dead_bytes_per_hour);
        let letters = DeadLetterWriter::new(config.dead_letters, role.name(), id.clone(), allowance);
        let guards =
            Guards::new(Isolation::new(config.unavailable_timeout), Breaker::new(config.breaker), letters);
        Ok(Self {
            role,
            clock,
            member,
            inputs: Inputs::default(),
            requests,
            restorer: Restorer::new(log, config.snapshots, config.restore_slice),
            feed,
            transaction: Transaction::new(id, CommitTimer::new(config.commit, now)),
            guards,
            report: Report::new(config.name, observer),
        })
    }

    /// The status that others watch.
    pub fn status(&self) -> Arc<LaneStatus> {
        self.report.status()
    }

    /// The role.
    pub const fn role(&self) -> &R {
        &self.role
    }

    /// True if the last turn found the log unavailable: then the caller waits, because no poll does.
    pub const fn is_unavailable(&self) -> bool {
        self.requests.is_unavailable()
    }

    /// One turn: whatever is due, at most one poll, at most one transaction. Returns how long the next turn may wait
    /// for records; it waits by itself, but no longer than [`LaneConfig::max_wait`].
    ///
    /// # Errors
    /// When the lane cannot go on. What was stepped and not committed is in the log still, to be read again.
    pub fn turn(&mut self) -> Result<Duration, LaneError> {
        let wait = match self.try_turn() {
            Ok(wait) => {
                self.requests.outage().ended();
                self.publish();
                wait
            }
            Err(LaneError::Log(error @ LogError::Unavailable { .. })) => {
                let (now, why) = (self.clock.now(), error.to_string());
                self.report.unavailable(&why);
                self.requests.outage().failed(now, &why).inspect_err(|error| self.report.ended(error))?
            }
            Err(error) => {
                self.report.ended(&error);
                return Err(error);
            }
        };
        self.feed.wait(wait);
        Ok(wait)
    }

    /// Commits what is stepped, steps nothing more, and leaves the group.
    ///
    /// # Errors
    /// When it took longer than `within`, or the log fences or refuses. What was not committed is read again by whoever
    /// has the partitions next.
    pub fn drain(mut self, within: Duration) -> Result<(), LaneError> {
        let deadline = self.clock.now() + crate::config::span(within);
        if !self.member.must_recover() && !self.member.has_lost() {
            let partitions = self.inputs.partitions();
            self.finish_for(&partitions).inspect_err(|error| self.report.ended(error))?;
        }
        self.inputs.iter().for_each(|slot| self.role.released(slot.input()));
        let Self { member, clock, report, .. } = self;
        let closed = member.close();
        if clock.now() > deadline {
            let late = "commit or close took too long";
            let why = closed.err().map_or_else(|| late.to_owned(), |error| error.to_string());
            let error = LaneError::Drain { seconds: within.as_secs(), why };
            report.not_drained(&error);
            return Err(error);
        }
        closed.map_err(LaneError::Log)
    }
}
