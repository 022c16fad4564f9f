//! The path of a session for each class of error (T5), with librdkafka's mock cluster, which answers any request with
//! any error.
//!
//! This is no evidence for exactly-once: the mock's transactions are not real, it separates no records and fences no
//! one. It shows only the behaviour of [`Session`] after an answer.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::mocking::{MockCluster, MockCoordinator};
use rdkafka::producer::DefaultProducerContext;
use rdkafka::types::{RDKafkaApiKey as Api, RDKafkaRespErr as Code};
use winback_core::ids::Offset;
use winback_log::{Append, CommitError, GroupEvent, Log, Session, SessionSpec, TopicPartition};
use winback_log_kafka::{KafkaLog, KafkaOptions};

const ID: &str = "errors.test.0";
const INPUT: &str = "errors-in";
const OUTPUT: &str = "errors-out";
const DEADLINE: Duration = Duration::from_secs(60);
const WAIT: Duration = Duration::from_millis(50);

/// A cluster of three brokers with one member, which has all of the input.
struct Mock {
    cluster: MockCluster<'static, DefaultProducerContext>,
    session: Box<dyn Session>,
}

/// The result of one transaction.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    /// The kind of the error, or `committed`.
    kind: &'static str,
    /// True if the next transaction begins with a new producer; `None` if it may not begin.
    anew: Option<bool>,
}

impl Mock {
    fn new() -> Self {
        let cluster = MockCluster::new(3).unwrap();
        for topic in [INPUT, OUTPUT] {
            cluster.create_topic(topic, 1, 3).unwrap();
        }
        let mut options = KafkaOptions::new(cluster.bootstrap_servers());
        options.session_timeout = Duration::from_secs(30);
        options.transaction_timeout = Duration::from_secs(8);
        options.commit_deadline = Duration::from_secs(3);
        let log = KafkaLog::new(options).unwrap();
        let (group, transactional_id) = ("errors".to_owned(), ID.to_owned());
        let spec = SessionSpec { group, transactional_id, topics: vec![Arc::from(INPUT)] };
        let mut session = log.session(spec).unwrap();
        take_over(session.as_mut());
        Self { cluster, session }
    }

    fn answer(&self, api: Api, errors: &[Code]) {
        self.cluster.request_errors(api, errors);
    }

    fn transact(&mut self) -> Result<(), CommitError> {
        self.session.begin()?;
        let (key, value): (_, &[u8]) = (None, b"x");
        let record =
            Append { topic: OUTPUT, partition: None, key, value: Some(value), headers: &[], timestamp: None };
        self.session.append(&record)?;
        self.session.commit(&[(TopicPartition::new(INPUT, 0), Offset(0))])
    }

    /// One transaction in which the next requests of a kind are answered with these errors. Afterwards the session is fit
    /// for the next.
    fn with(&mut self, api: Api, errors: &[Code]) -> Outcome {
        self.answer(api, errors);
        let ended = self.transact();
        self.cluster.clear_request_errors(api);
        let kind = ended.as_ref().err().map_or("committed", CommitError::kind);
        let fit = matches!(ended, Ok(()) | Err(CommitError::Aborted(_) | CommitError::Displaced(_)));
        let anew = fit.then(|| self.begins_anew());
        if !fit {
            self.session.recover().unwrap();
        }
        assert_eq!(self.transact().map_err(|error| error.to_string()), Ok(()), "{api:?} {errors:?}");
        Outcome { kind, anew }
    }

    /// A producer that takes its id anew is told here that it may not.
    fn begins_anew(&mut self) -> bool {
        self.answer(Api::InitProducerId, &[REFUSED; 5]);
        let begun = self.session.begin();
        self.cluster.clear_request_errors(Api::InitProducerId);
        match begun {
            Ok(()) => {
                self.session.abort().unwrap();
                false
            }
            Err(CommitError::Fatal(_)) => {
                self.session.recover().unwrap();
                true
            }
            Err(error) => panic!("{error}"),
        }
    }
}

const REFUSED: Code = Code::RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED;

fn take_over(session: &mut dyn Session) {
    let deadline = Instant::now() + DEADLINE;
    loop {
        assert!(Instant::now() < deadline, "no assignment came");
        if let Some(GroupEvent::Assigned(partitions)) = session.poll(1, WAIT, &mut Vec::new()).unwrap() {
            let starts: Vec<_> = partitions.into_iter().map(|partition| (partition, Offset::ZERO)).collect();
            return session.assign(&starts).unwrap();
        }
    }
}

#[test]
fn each_class_of_error_takes_its_path() {
    const CONNECTION: Code = Code::RD_KAFKA_RESP_ERR__TRANSPORT;
    let mut mock = Mock::new();
    assert_eq!(mock.with(Api::Produce, &[]), Outcome { kind: "committed", anew: Some(false) });
    let cases: &[(Api, &[Code], &str, Option<bool>)] = &[
        // Retriable: asked again. A coordinator that moved is looked for, and the connection to the old one ended.
        (Api::EndTxn, &[Code::RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE; 3], "committed", Some(true)),
        (Api::EndTxn, &[Code::RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS; 3], "committed", Some(false)),
        (Api::EndTxn, &[Code::RD_KAFKA_RESP_ERR_NOT_COORDINATOR], "committed", Some(true)),
        (Api::EndTxn, &[Code::RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS; 3], "committed", Some(false)),
        (
            Api::AddPartitionsToTxn,
            &[Code::RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS; 3],
            "committed",
            Some(false),
        ),
        (
            Api::AddOffsetsToTxn,
            &[Code::RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE],
            "committed",
            Some(false),
        ),
        (Api::TxnOffsetCommit, &[Code::RD_KAFKA_RESP_ERR_NOT_COORDINATOR], "committed", Some(false)),
        (Api::Produce, &[Code::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS; 3], "committed", Some(false)),
        // A connection that ends: the request may arrive late, so the next transaction has an epoch of its own.
        (Api::EndTxn, &[CONNECTION], "committed", Some(true)),
        (Api::AddPartitionsToTxn, &[CONNECTION], "committed", Some(true)),
        (Api::AddOffsetsToTxn, &[CONNECTION], "committed", Some(true)),
        (Api::TxnOffsetCommit, &[CONNECTION], "committed", Some(true)),
        (Api::Produce, &[CONNECTION], "committed", Some(true)),
        // Abortable: known not to be in the log. Records that were given up on leave a gap in the sequence.
        (Api::TxnOffsetCommit, &[Code::RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION], "displaced", Some(true)),
        (Api::TxnOffsetCommit, &[Code::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID], "displaced", Some(true)),
        (Api::Produce, &[Code::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE], "aborted", Some(true)),
        // Nor are positions that were not taken in time. They may arrive late.
        (
            Api::TxnOffsetCommit,
            &[Code::RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS; 5_000],
            "aborted",
            Some(true),
        ),
        // Another has the id.
        (Api::EndTxn, &[Code::RD_KAFKA_RESP_ERR_PRODUCER_FENCED], "fenced", None),
        (Api::EndTxn, &[Code::RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH], "fenced", None),
        (Api::AddPartitionsToTxn, &[Code::RD_KAFKA_RESP_ERR_PRODUCER_FENCED], "fenced", None),
        // Not known: an answer that fits no state.
        (Api::EndTxn, &[Code::RD_KAFKA_RESP_ERR_INVALID_TXN_STATE], "unknown", None),
        (Api::Produce, &[Code::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER], "unknown", None),
        // An administrator must allow it.
        (Api::EndTxn, &[REFUSED], "fatal", None),
        (Api::AddPartitionsToTxn, &[Code::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED], "fatal", None),
        (Api::AddOffsetsToTxn, &[Code::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED], "fatal", None),
        (Api::Produce, &[Code::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED], "fatal", None),
    ];
    let mut wrong = Vec::new();
    for (api, errors, kind, anew) in cases {
        let began = Instant::now();
        let outcome = mock.with(*api, errors);
        let (kind, anew) = (*kind, *anew);
        println!("{api:?} {errors:?}: {outcome:?} in {:?}", began.elapsed());
        if outcome != (Outcome { kind, anew }) {
            wrong.push(format!("{api:?} {errors:?}: {outcome:?}, not {kind}, {anew:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_transaction_outlives_the_move_of_its_coordinator() {
    let mut mock = Mock::new();
    for broker in [1, 2, 3, 1] {
        mock.session.begin().unwrap();
        let id = MockCoordinator::Transaction(ID.to_owned());
        mock.cluster.coordinator(id, broker).unwrap();
        let input = TopicPartition::new(INPUT, 0);
        assert!(mock.session.commit(&[(input, Offset(0))]).is_ok(), "broker {broker}");
    }
}

#[test]
fn an_end_that_is_not_answered_in_time_is_unknown_and_only_a_recovery_may_follow() {
    let mut mock = Mock::new();
    mock.answer(Api::EndTxn, &[Code::RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS; 5_000]);
    let ended = mock.transact().unwrap_err();
    assert_eq!(ended.kind(), "unknown", "{ended}");
    mock.cluster.clear_request_errors(Api::EndTxn);
    assert_eq!(mock.session.begin().unwrap_err().kind(), "unknown");
    mock.session.recover().unwrap();
    mock.transact().unwrap();
}
