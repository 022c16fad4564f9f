//! Requests under way, on a runtime of their own, so that the lane's thread never waits for a receiver.

use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot::error::TryRecvError;
use tokio::sync::{Semaphore, oneshot};

use crate::webhook::{Attempt, Webhook};

/// Starts attempts.
pub(crate) struct Delivery {
    // An Option only because a runtime's shutdown takes it by value.
    runtime: Option<Runtime>,
    permits: Arc<Semaphore>,
    webhook: Arc<Webhook>,
}

/// One attempt under way. Dropping it forgets the answer, not the request.
pub(crate) struct Flight {
    answer: oneshot::Receiver<Attempt>,
}

impl Delivery {
    pub(crate) fn new(webhook: Webhook, max_in_flight: usize) -> std::io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("winback-delivery")
            .enable_io()
            .enable_time()
            .build()?;
        let permits = Arc::new(Semaphore::new(max_in_flight.min(Semaphore::MAX_PERMITS)));
        Ok(Self { runtime: Some(runtime), permits, webhook: Arc::new(webhook) })
    }

    pub(crate) fn target(&self) -> String {
        self.webhook.target()
    }

    /// Starts an attempt; `None` when as many as allowed are under way. `body` is asked for only when it starts.
    pub(crate) fn start(&self, id: &str, body: impl FnOnce() -> Vec<u8>) -> Option<Flight> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        let (tell, answer) = oneshot::channel();
        let (webhook, id, body) = (Arc::clone(&self.webhook), id.to_owned(), body());
        self.runtime.as_ref()?.spawn(async move {
            let attempt = webhook.send(&id, body).await;
            drop(permit);
            // Nobody listens any more when the partition went elsewhere.
            let _ = tell.send(attempt);
        });
        Some(Flight { answer })
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Flight {
    /// The answer, once it is there. Panics where the attempt did.
    pub(crate) fn poll(&mut self) -> Option<Attempt> {
        match self.answer.try_recv() {
            Ok(attempt) => Some(attempt),
            Err(TryRecvError::Empty) => None,
            // The step that asks ends as the attempt did: nobody else hears of a task that panicked.
            Err(TryRecvError::Closed) => {
                resume_unwind(Box::new("the attempt to deliver was broken off, see the log".to_owned()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn an_attempt_that_panicked_is_no_attempt_that_is_tried_for_ever() {
        let (tell, answer) = oneshot::channel::<Attempt>();
        let mut flight = Flight { answer };
        assert!(flight.poll().is_none());
        drop(tell);
        assert!(
            catch_unwind(AssertUnwindSafe(|| flight.poll())).is_err(),
            "the step that waits for it panics, too"
        );
    }
}
