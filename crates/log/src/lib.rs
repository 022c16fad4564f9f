//! The interface of a log, which the lane runtime knows instead of Kafka.
//!
//! Two crates implement it: `winback-log-embedded` in a SQLite file and in memory, `winback-log-kafka` through
//! librdkafka. `winback-logs` opens the one that a URL names, and holds all of them to one suite of tests. Whoever needs
//! the interface alone, or a log in memory, compiles no librdkafka.
//!
//! A [`Session`] belongs to one lane, on one thread. Its group membership and its transactions fence each other:
//! a transaction without positions is refused, because a transaction that consumed nothing would not be fenced.

mod clock;
mod error;
mod fail_point;
mod figure;
mod foreign;
mod log;
mod message;
pub mod partitioner;
mod reader;
mod session;
mod spec;

pub use clock::{Clock, GuardedClock, SystemClock, clock_for};
pub use error::{CommitError, LogError};
pub use fail_point::{FailPoint, fail_point, most_pages};
#[cfg(feature = "fail-points")]
pub use fail_point::{call_off_failures, order_failure};
pub use figure::ClientFigure;
pub use foreign::{Defect, ForeignRecord, ForeignRecords, Unreadable};
pub use log::{Log, LogAdmin, SharedLog};
pub use message::{Append, Headers, HeldRecord, Message, Record};
pub use reader::{Bounds, Reader, Writer};
pub use session::{GroupEvent, Session};
pub use spec::{Cleanup, SessionSpec, TimestampKind, TopicInfo, TopicPartition, TopicSpec};
