//! The meaning of an error for the transaction.

use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use winback_log::LogError;

/// The stage of a transaction at which an error came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Before its end was asked for: nothing of it can be visible.
    Work,
    /// Its end was asked for and may have been heard.
    End,
}

/// The action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Ask again while there is time.
    Retry,
    /// Abort; then it is known that nothing happened.
    Abort,
    /// Another took the transactional id.
    Fenced,
    /// Not known; only a new producer under the same id ends it.
    Unknown,
    /// Nothing that waiting mends.
    Fatal,
}

/// An error, with what librdkafka says about it.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) code: Code,
    pub(super) fatal: bool,
    pub(super) abortable: bool,
    pub(super) retriable: bool,
    pub(super) text: String,
}

impl From<&KafkaError> for Failure {
    fn from(error: &KafkaError) -> Self {
        if let KafkaError::Transaction(inner) = error {
            return Self {
                code: inner.code(),
                fatal: inner.is_fatal(),
                abortable: inner.txn_requires_abort(),
                retriable: inner.is_retriable(),
                text: inner.string(),
            };
        }
        let code = code_of(error);
        Self {
            code,
            fatal: code == Code::Fatal,
            abortable: false,
            retriable: is_transient(code),
            text: error.to_string(),
        }
    }
}

impl Failure {
    pub(super) fn verdict(&self, stage: Stage) -> Verdict {
        match self.code {
            Code::Fenced | Code::ProducerFenced | Code::InvalidProducerEpoch | Code::FencedInstanceId => {
                Verdict::Fenced
            }
            code if is_refusal(code) => Verdict::Fatal,
            _ if self.retriable => Verdict::Retry,
            _ if self.abortable => Verdict::Abort,
            _ if self.fatal => Verdict::Unknown,
            _ => match stage {
                Stage::Work => Verdict::Abort,
                Stage::End => Verdict::Unknown,
            },
        }
    }

    /// True if the end of a transaction may be requested again. Not after a call that timed out, because its request
    /// is on its way. If the next call also timed out before librdkafka's own thread had looked at it, librdkafka
    /// would forget that a commit is under way. It would take the broker's answer for that of an abort, and abort the
    /// process.
    pub(super) fn may_commit_again(&self) -> bool {
        self.verdict(Stage::End) == Verdict::Retry && self.code != Code::OperationTimedOut
    }
}

/// True if a later attempt may succeed.
pub(super) const fn is_transient(code: Code) -> bool {
    matches!(
        code,
        Code::BrokerTransportFailure
            | Code::AllBrokersDown
            | Code::DestroyBroker
            | Code::OperationTimedOut
            | Code::TimedOutQueue
            | Code::RequestTimedOut
            | Code::Resolve
            | Code::WaitingForCoordinator
            | Code::InProgress
            | Code::PreviousInProgress
            | Code::LeaderNotAvailable
            | Code::NotLeaderForPartition
            | Code::BrokerNotAvailable
            | Code::NetworkException
            | Code::CoordinatorLoadInProgress
            | Code::CoordinatorNotAvailable
            | Code::NotCoordinator
            | Code::UnstableOffsetCommit
            | Code::FencedLeaderEpoch
            | Code::UnknownLeaderEpoch
            | Code::OffsetNotAvailable
            | Code::KafkaStorageError
            | Code::ConcurrentTransactions
            | Code::Retry
    )
}

/// True if the group says that the client is not, or no longer, a member in this generation.
pub(super) const fn is_membership(code: Code) -> bool {
    matches!(
        code,
        Code::IllegalGeneration | Code::UnknownMemberId | Code::FencedInstanceId | Code::RebalanceInProgress
    )
}

/// True if an administrator must allow it.
pub(super) const fn is_refusal(code: Code) -> bool {
    matches!(
        code,
        Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::TransactionalIdAuthorizationFailed
            | Code::DelegationTokenAuthorizationFailed
            | Code::Authentication
            | Code::SaslAuthenticationFailed
            | Code::UnsupportedVersion
            | Code::UnsupportedFeature
            | Code::SSL
    )
}

/// True if the thing does not exist.
pub(super) const fn is_absence(code: Code) -> bool {
    matches!(
        code,
        Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition | Code::UnknownTopicId
    )
}

/// The code of any error; the client does not give that of an administrative request itself.
pub(super) fn code_of(error: &KafkaError) -> Code {
    match error {
        KafkaError::AdminOp(code) => *code,
        KafkaError::Canceled => Code::OperationTimedOut,
        other => other.rdkafka_error_code().unwrap_or(Code::Unknown),
    }
}

/// An error outside a transaction.
pub(super) fn log_error(log: &str, what: &str, code: Code) -> LogError {
    if is_absence(code) {
        LogError::NoTopic(what.to_owned())
    } else if is_transient(code) {
        LogError::Unavailable { log: log.to_owned(), why: format!("{what}: {code}") }
    } else {
        LogError::Fatal(format!("{log}: {what}: {code}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: Code, flags: &str) -> Failure {
        Failure {
            code,
            fatal: flags.contains('f'),
            abortable: flags.contains('a'),
            retriable: flags.contains('r'),
            text: String::new(),
        }
    }

    #[test]
    fn the_code_of_an_administrative_request_is_not_lost() {
        assert_eq!(code_of(&KafkaError::AdminOp(Code::OperationTimedOut)), Code::OperationTimedOut);
        assert_eq!(code_of(&KafkaError::Global(Code::BrokerTransportFailure)), Code::BrokerTransportFailure);
        let away = log_error(
            "kafka://x",
            "settings of topics",
            code_of(&KafkaError::AdminOp(Code::RequestTimedOut)),
        );
        assert!(matches!(away, LogError::Unavailable { .. }), "{away}");
    }

    #[test]
    fn a_broker_whose_connection_is_given_up_in_a_request_is_away() {
        for code in [Code::DestroyBroker, Code::BrokerTransportFailure, Code::LeaderNotAvailable] {
            let error = log_error("kafka://x", "accounts/0", code);
            assert!(matches!(error, LogError::Unavailable { .. }), "{error}");
        }
    }

    #[test]
    fn a_commit_that_timed_out_is_not_asked_for_again_and_one_that_was_not_sent_is() {
        assert!(!failure(Code::OperationTimedOut, "r").may_commit_again());
        assert!(failure(Code::WaitingForCoordinator, "r").may_commit_again());
        assert!(!failure(Code::InvalidTransactionalState, "f").may_commit_again());
    }

    #[test]
    fn each_class_of_error_takes_its_path() {
        for (code, flags, work, end) in [
            (Code::ProducerFenced, "f", Verdict::Fenced, Verdict::Fenced),
            (Code::Fenced, "f", Verdict::Fenced, Verdict::Fenced),
            (Code::InvalidProducerEpoch, "a", Verdict::Fenced, Verdict::Fenced),
            (Code::OperationTimedOut, "r", Verdict::Retry, Verdict::Retry),
            (Code::OperationTimedOut, "", Verdict::Abort, Verdict::Unknown),
            (Code::IllegalGeneration, "a", Verdict::Abort, Verdict::Abort),
            (Code::UnknownMemberId, "a", Verdict::Abort, Verdict::Abort),
            (Code::InvalidTransactionalState, "f", Verdict::Unknown, Verdict::Unknown),
            (Code::OutOfOrderSequenceNumber, "f", Verdict::Unknown, Verdict::Unknown),
            (Code::TopicAuthorizationFailed, "a", Verdict::Fatal, Verdict::Fatal),
            (Code::TransactionalIdAuthorizationFailed, "f", Verdict::Fatal, Verdict::Fatal),
            (Code::State, "", Verdict::Abort, Verdict::Unknown),
        ] {
            let failure = failure(code, flags);
            assert_eq!(failure.verdict(Stage::Work), work, "{code:?} {flags} at work");
            assert_eq!(failure.verdict(Stage::End), end, "{code:?} {flags} at the end");
        }
    }
}
