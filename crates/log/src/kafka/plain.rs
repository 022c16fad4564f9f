//! The same work without transactions, so that a benchmark can say what they cost: records first, positions behind them.
//! No release has it.

use std::sync::Arc;
use std::time::Instant;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{CommitMode, Consumer};
use rdkafka::producer::BaseProducer;

use super::classify::Failure;
use super::context::WriteContext;
use super::fetch::config_error;
use super::native::Client;
use super::transact::{State, Transactions};
use crate::CommitError;

impl Transactions {
    pub(super) fn recover_plain(&mut self) -> Result<(), CommitError> {
        let producer: BaseProducer<WriteContext> = self
            .options
            .producer()
            .set("linger.ms", "0")
            .create_with_context(WriteContext::default())
            .map_err(|error| CommitError::Fatal(config_error(&error).to_string()))?;
        self.producer = Some(Arc::new(producer));
        self.state = State::Idle;
        Ok(())
    }

    pub(super) fn commit_plain(
        &mut self,
        positions: &TopicPartitionList,
        client: &Client,
        deadline: Instant,
    ) -> Result<(), CommitError> {
        self.deliver(deadline).map_err(|failure| CommitError::Fatal(failure.text))?;
        let committed = client.consumer.commit(positions, CommitMode::Sync);
        committed.map_err(|error| CommitError::Fatal(Failure::from(&error).text))?;
        self.state = State::Idle;
        Ok(())
    }
}
