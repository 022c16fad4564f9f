//! One transactional producer, and what is known of its transactions.
//!
//! librdkafka asks again for the end of a transaction, or for its positions, when a connection broke, and has no way to
//! tell a late duplicate of that request from one of the next transaction. So whenever a connection broke or a request
//! timed out during a transaction, the producer is made anew before the next one: that raises the epoch, and the late
//! request is refused.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::Consumer;
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use rdkafka::producer::{BaseProducer, Producer};
use winback_log::{Append, CommitError, FailPoint, LogError, fail_point};

use super::classify::{Failure, Stage, Verdict, is_membership};
use super::context::WriteContext;
use super::fetch::config_error;
use super::native::{self, Client};
use super::options::KafkaOptions;
use super::positions::PositionSender;
use super::record::{Sent, deliver, send};

const SLICE: Duration = Duration::from_millis(1);
/// While the broker still ends the transaction of who had the id before, librdkafka asks again after half a second. A call
/// that timed out goes on in the background, and being called again it asks at once.
const RESUME: Duration = Duration::from_millis(50);
const SERVE_EVERY: u32 = 256;
/// More events of one transaction than these are left for later.
const EVENTS: usize = 10_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Idle,
    Open,
    /// Known to have ended, but a request of it may still be on its way.
    NeedsNewEpoch,
    /// The end of the last one is unknown.
    Unknown,
}

/// A transactional producer.
pub(super) struct Transactions {
    id: String,
    pub(super) options: Arc<KafkaOptions>,
    pub(super) producer: Option<Arc<BaseProducer<WriteContext>>>,
    positions: Option<PositionSender>,
    pub(super) state: State,
    appended: u32,
}

impl Transactions {
    /// Takes the transactional id; whoever had it is fenced.
    pub(super) fn take(id: &str, options: Arc<KafkaOptions>, log: &str) -> Result<Self, LogError> {
        let mut transactions = Self {
            id: id.to_owned(),
            options,
            producer: None,
            positions: None,
            state: State::Unknown,
            appended: 0,
        };
        transactions.recover().map_err(|error| match error {
            CommitError::Unknown(why) => LogError::Unavailable { log: log.to_owned(), why },
            other => LogError::Fatal(other.to_string()),
        })?;
        Ok(transactions)
    }

    pub(super) const fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    pub(super) fn recover(&mut self) -> Result<(), CommitError> {
        self.state = State::Unknown;
        (self.producer, self.positions) = (None, None);
        let producer: BaseProducer<WriteContext> = self
            .options
            .transactional(&self.id)
            .create_with_context(WriteContext::default())
            .map_err(|error| CommitError::Fatal(config_error(&error).to_string()))?;
        let deadline = Instant::now() + self.options.request_timeout;
        loop {
            let Err(error) = producer.init_transactions(left(deadline).min(RESUME)) else { break };
            producer.poll(Duration::ZERO);
            let failure = Failure::from(&error);
            match failure.verdict(Stage::Work) {
                // While it goes on in the background an error is what the last attempt came to.
                _ if failure.retriable && Instant::now() < deadline => {}
                Verdict::Fenced => return Err(self.fenced(failure.text)),
                Verdict::Fatal => return Err(CommitError::Fatal(failure.text)),
                Verdict::Retry if Instant::now() < deadline => {}
                Verdict::Retry | Verdict::Abort | Verdict::Unknown => {
                    return Err(CommitError::Unknown(failure.text));
                }
            }
        }
        let producer = Arc::new(producer);
        let positions = PositionSender::of(&producer);
        self.positions = Some(positions.map_err(|error| CommitError::Fatal(format!("no thread: {error}")))?);
        self.producer = Some(producer);
        self.state = State::Idle;
        Ok(())
    }

    pub(super) fn begin(&mut self) -> Result<(), CommitError> {
        match self.state {
            State::Idle => {}
            State::NeedsNewEpoch => self.recover()?,
            State::Open => return Err(CommitError::Fatal("a transaction is open already".to_owned())),
            State::Unknown => {
                return Err(CommitError::Unknown("how the last one ended; recover first".to_owned()));
            }
        }
        let producer = self.producer()?;
        drain_events(producer);
        producer.context().take_needs_new_epoch();
        producer.context().take_failures();
        let begun = producer.begin_transaction();
        self.appended = 0;
        match begun {
            Ok(()) => {
                self.state = State::Open;
                Ok(())
            }
            Err(error) => Err(self.give_up(&Failure::from(&error), Stage::Work)),
        }
    }

    pub(super) fn append(&mut self, record: &Append<'_>) -> Result<(), CommitError> {
        if !self.is_open() {
            return Err(CommitError::Fatal("no transaction is open".to_owned()));
        }
        let deadline = Instant::now() + self.options.commit_deadline;
        self.appended = self.appended.wrapping_add(1);
        let serve = self.appended.is_multiple_of(SERVE_EVERY);
        let producer = self.producer()?;
        if serve {
            producer.poll(Duration::ZERO);
        }
        match send(producer, record, deadline) {
            Sent::Taken => Ok(()),
            Sent::Refused(why) => Err(CommitError::Record {
                topic: record.topic.to_owned(),
                bytes: record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len),
                why,
            }),
            Sent::Failed(error) => {
                let failure = self.with_cause(Failure::from(&error));
                Err(self.give_up(&failure, Stage::Work))
            }
        }
    }

    /// The positions go first, so that the records travel meanwhile.
    pub(super) fn commit(
        &mut self,
        positions: &TopicPartitionList,
        client: &Client,
    ) -> Result<(), CommitError> {
        if !self.is_open() {
            return Err(CommitError::Fatal("no transaction is open".to_owned()));
        }
        let deadline = Instant::now() + self.options.commit_deadline;
        let worked = self.send_positions(positions, client, deadline).and_then(|()| {
            fail_point(FailPoint::Positions, &self.id);
            self.deliver(deadline)
        });
        if let Err(failure) = worked {
            let failure = self.with_cause(failure);
            return Err(self.give_up(&failure, Stage::Work));
        }
        fail_point(FailPoint::BeforeCommit, &self.id);
        loop {
            let Err(error) = self.producer()?.commit_transaction(left(deadline)) else { break };
            let failure = Failure::from(&error);
            if failure.may_commit_again() && Instant::now() < deadline {
                continue;
            }
            return Err(self.give_up(&failure, Stage::End));
        }
        self.ended();
        Ok(())
    }

    pub(super) fn abort(&mut self) -> Result<(), CommitError> {
        if !self.is_open() {
            return Ok(());
        }
        let deadline = Instant::now() + self.options.commit_deadline;
        let half = Instant::now() + self.options.commit_deadline / 2;
        // Records that are not delivered may belong to a partition that is still being added to the transaction. Where the
        // answer to that comes behind the end of an abort, librdkafka aborts the process. Only a new producer may go on.
        if let Err(error) = deliver(self.producer()?, half) {
            self.state = State::Unknown;
            return Err(CommitError::Unknown(format!("abort: records are still on their way: {error}")));
        }
        loop {
            let Err(error) = self.producer()?.abort_transaction(left(deadline)) else { break };
            let failure = Failure::from(&error);
            match failure.verdict(Stage::End) {
                Verdict::Retry if Instant::now() < deadline => self.producer()?.poll(SLICE),
                Verdict::Fenced => return Err(self.fenced(failure.text)),
                Verdict::Fatal => {
                    self.state = State::Unknown;
                    return Err(CommitError::Fatal(failure.text));
                }
                Verdict::Retry | Verdict::Abort | Verdict::Unknown => {
                    self.state = State::Unknown;
                    return Err(CommitError::Unknown(format!("abort: {}", failure.text)));
                }
            }
        }
        self.ended();
        Ok(())
    }

    /// Serves logs and statistics.
    pub(super) fn serve(&self) {
        if let Some(producer) = &self.producer {
            drain_events(producer);
        }
    }

    pub(super) fn take_statistics(&self) -> Vec<u8> {
        self.producer.as_ref().map(|producer| producer.context().take_statistics()).unwrap_or_default()
    }

    fn producer(&self) -> Result<&BaseProducer<WriteContext>, CommitError> {
        self.producer
            .as_deref()
            .ok_or_else(|| CommitError::Unknown("there is no producer; recover first".to_owned()))
    }

    fn send_positions(
        &self,
        positions: &TopicPartitionList,
        client: &Client,
        deadline: Instant,
    ) -> Result<(), Failure> {
        let Some(sender) = &self.positions else { return Err(lost("there is no producer")) };
        loop {
            // A broker does not fence a transaction of who names no generation: that one must not be sent.
            if native::generation(client).is_none() || client.consumer.assignment_lost() {
                return Err(lost("this member is no longer in the group"));
            }
            let Some(member) = client.consumer.group_metadata() else {
                return Err(lost("this member has no group"));
            };
            let Some(sent) = sender.send(positions, member, deadline) else { return Err(not_taken()) };
            let Err(error) = sent else { return Ok(()) };
            let failure = Failure::from(&error);
            if failure.verdict(Stage::Work) != Verdict::Retry || Instant::now() >= deadline {
                return Err(failure);
            }
        }
    }

    /// Waits until every record is acknowledged.
    fn deliver(&self, deadline: Instant) -> Result<(), Failure> {
        let Ok(producer) = self.producer() else { return Err(lost("there is no producer")) };
        if let Err(error) = deliver(producer, deadline) {
            return Err(Failure { retriable: false, ..Failure::from(&error) });
        }
        match producer.context().take_failures() {
            None => Ok(()),
            Some((count, code, why)) => Err(Failure {
                code,
                fatal: false,
                abortable: true,
                retriable: false,
                text: format!("{count} records were not written, the first to {why}"),
            }),
        }
    }

    /// A call that fails only because the client has failed before is told why it had.
    fn with_cause(&self, failure: Failure) -> Failure {
        let Some(producer) = &self.producer else { return failure };
        if let Some((code, text)) = producer.client().fatal_error() {
            return Failure { code, fatal: true, abortable: false, retriable: false, text };
        }
        if !matches!(failure.code, Code::PurgeQueue | Code::PurgeInflight) {
            return failure;
        }
        // The records were given up because the transaction had failed. It refuses to begin anew with the reason.
        match producer.begin_transaction() {
            Err(KafkaError::Transaction(first)) if first.txn_requires_abort() => {
                Failure::from(&KafkaError::Transaction(first))
            }
            Ok(()) | Err(_) => failure,
        }
    }

    /// Ends what can be ended, and says what is known then.
    fn give_up(&mut self, failure: &Failure, stage: Stage) -> CommitError {
        let text = failure.text.clone();
        match (failure.verdict(stage), stage) {
            (Verdict::Fenced, _) => self.fenced(text),
            (Verdict::Unknown, _) | (Verdict::Retry, Stage::End) => {
                self.state = State::Unknown;
                CommitError::Unknown(text)
            }
            (Verdict::Abort | Verdict::Retry, _) => match self.abort() {
                Ok(()) => {
                    // What was given up on may still arrive.
                    self.state = State::NeedsNewEpoch;
                    if is_membership(failure.code) {
                        CommitError::Displaced(text)
                    } else {
                        CommitError::Aborted(text)
                    }
                }
                Err(error) => error,
            },
            (Verdict::Fatal, _) => match self.abort() {
                Ok(()) | Err(CommitError::Fatal(_)) => CommitError::Fatal(text),
                Err(error) => error,
            },
        }
    }

    fn ended(&mut self) {
        let needs_new_epoch = self.producer.as_ref().is_some_and(|producer| {
            drain_events(producer);
            // librdkafka goes on with a gap in the sequence behind records that were given up on. That fails the next
            // transaction, whose abort then waits for a new epoch, at times for seconds.
            let gave_up = producer.context().take_failures().is_some();
            producer.context().take_needs_new_epoch() || gave_up
        });
        self.state = if needs_new_epoch { State::NeedsNewEpoch } else { State::Idle };
    }

    fn fenced(&mut self, why: String) -> CommitError {
        self.state = State::Unknown;
        CommitError::Fenced { id: self.id.clone(), why }
    }
}

/// Serves all events that wait. A poll serves one, and a broken connection may be behind others.
fn drain_events(producer: &BaseProducer<WriteContext>) {
    for _ in 0..EVENTS {
        producer.poll(Duration::ZERO);
        // Between transactions no record is in flight, so these are events.
        if producer.in_flight_count() == 0 {
            return;
        }
    }
}

/// The membership ended: nothing was sent, abort.
fn lost(why: &str) -> Failure {
    Failure {
        code: Code::UnknownMemberId,
        fatal: false,
        abortable: true,
        retriable: false,
        text: why.to_owned(),
    }
}

/// Nobody took the positions, and the call that offers them is still under way: only another producer goes on.
fn not_taken() -> Failure {
    Failure {
        code: Code::OperationTimedOut,
        fatal: true,
        abortable: false,
        retriable: false,
        text: "the group's coordinator did not take the positions in time".to_owned(),
    }
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now()).max(SLICE)
}
