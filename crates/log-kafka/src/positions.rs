//! Positions on their way into a transaction, with a deadline that holds.
//!
//! librdkafka takes a time-out for them and looks at it only when a broker's state changes: with the group's coordinator
//! away the call waits until it is back, however long. So a thread of its own makes the call, and whoever waits for it
//! goes on at the deadline, leaves it behind with its producer, and takes the transactional id anew.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use rdkafka::TopicPartitionList;
use rdkafka::consumer::ConsumerGroupMetadata;
use rdkafka::error::KafkaResult;
use rdkafka::producer::{BaseProducer, Producer};

use super::context::WriteContext;

/// The time the call may take beyond its time-out.
const GRACE: Duration = Duration::from_millis(200);

struct Call {
    positions: TopicPartitionList,
    member: ConsumerGroupMetadata,
    within: Duration,
}

/// Sends positions for one producer.
pub(super) struct PositionSender {
    calls: Sender<Call>,
    answers: Receiver<KafkaResult<()>>,
}

impl PositionSender {
    pub(super) fn of(producer: &Arc<BaseProducer<WriteContext>>) -> std::io::Result<Self> {
        let producer = Arc::clone(producer);
        let (calls, taken) = channel::<Call>();
        let (answer, answers) = channel();
        std::thread::Builder::new().name("winback-positions".to_owned()).spawn(move || {
            for Call { positions, member, within } in taken {
                let sent = producer.send_offsets_to_transaction(&positions, &member, within);
                if answer.send(sent).is_err() {
                    break;
                }
            }
        })?;
        Ok(Self { calls, answers })
    }

    /// `None`: nothing was heard by the deadline. The producer is no longer of use, and neither is this.
    pub(super) fn send(
        &self,
        positions: &TopicPartitionList,
        member: ConsumerGroupMetadata,
        deadline: Instant,
    ) -> Option<KafkaResult<()>> {
        let within = deadline.saturating_duration_since(Instant::now());
        self.calls.send(Call { positions: positions.clone(), member, within }).ok()?;
        self.answers.recv_timeout(within + GRACE).ok()
    }
}
