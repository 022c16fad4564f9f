//! The worker as a lane's role: triggers in, actions out.
//!
//! What was done but is not yet in the log is remembered until it is, so that an aborted transaction does not send
//! again what the receiver already has.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use winback_core::ids::{Offset, Partition};
use winback_core::time::Time;
use winback_lane::{At, DeadLetter, Input, Output, Readiness, Role, Start, Step, Urgency};
use winback_log::{Append, Message, TopicPartition};
use winback_proto::v1::{Action, Trigger};
use winback_proto::{Encoding, WireMessage as _};

use crate::choose::Outcome;
use crate::webhook::duration;
use crate::worker::{Dead, Progress, Slot, Worker};

/// The type of an action's event.
const ACTION_TYPE: &[u8] = b"winback.action.v1";
/// The pause of a partition once delivery is stopped; [`Role::ready`] then holds all of them.
const STOPPED_PAUSE: Duration = Duration::from_secs(1);

/// Told of each action once it is in the log.
pub type OnAction = Box<dyn FnMut(Outcome)>;

/// A lane's share of the worker.
pub struct WorkerRole {
    worker: Arc<Worker>,
    actions: String,
    source: String,
    encoding: Encoding,
    on_action: OnAction,
    finished: HashMap<(Partition, Offset), Finished>,
    /// The part that the running transaction holds.
    stepped: Vec<(Partition, Offset)>,
}

#[derive(Clone)]
struct Finished {
    action: Option<Box<Action>>,
    dead: Option<Dead>,
}

impl WorkerRole {
    /// A role that reports to the topic `actions` in the name of `source`, such as `winback/worker`.
    pub fn new(
        worker: Arc<Worker>,
        actions: &str,
        source: &str,
        encoding: Encoding,
        on_action: OnAction,
    ) -> Self {
        let (actions, source) = (actions.to_owned(), source.to_owned());
        Self { worker, actions, source, encoding, on_action, finished: HashMap::new(), stepped: Vec::new() }
    }

    fn emit(&self, finished: &Finished, message: &Message, out: &mut Output) {
        if let Some(dead) = &finished.dead {
            let (reason, text) = (dead.reason, dead.text.clone());
            out.dead(DeadLetter { source: String::new(), element: None, reason, text });
        }
        let Some(action) = &finished.action else { return };
        let time = action.at.as_ref().map(|at| Time::from(at).to_string()).unwrap_or_default();
        let id = format!("{}-action", action.trigger_id);
        let trace = message.header("traceparent");
        let mut headers: Vec<(&str, &[u8])> = vec![
            ("ce_specversion", b"1.0"),
            ("ce_id", id.as_bytes()),
            ("ce_source", self.source.as_bytes()),
            ("ce_type", ACTION_TYPE),
            ("ce_time", time.as_bytes()),
            ("content-type", self.encoding.content_type().as_bytes()),
        ];
        headers.extend(trace.as_ref().map(|trace| ("traceparent", trace.as_ref())));
        let record = Append {
            topic: &self.actions,
            partition: None,
            key: Some(action.account_id.as_bytes()),
            value: None,
            headers: &headers,
            timestamp: None,
        };
        out.append_with(&record, |bytes| action.write(self.encoding, bytes));
    }
}

impl Role for WorkerRole {
    fn name(&self) -> &'static str {
        "worker"
    }

    fn start(&mut self, _: &TopicPartition) -> Start {
        Start::Earliest
    }

    fn assigned(&mut self, input: &Input) {
        self.released(input);
    }

    fn ready(&self) -> Readiness {
        if let Some(why) = self.worker.stopped() {
            return Readiness::Waiting(format!("delivery is stopped: {why}"));
        }
        self.worker.waits_for().map_or(Readiness::Ready, Readiness::Waiting)
    }

    fn step(&mut self, at: At<'_>, message: &Message, out: &mut Output) -> Step {
        let place = (message.partition, message.offset);
        if let Some(finished) = self.finished.get(&place) {
            self.emit(finished, message, out);
            self.stepped.push(place);
            return Step::Done;
        }
        let progress = match Trigger::from_bytes(message.value().unwrap_or_default()) {
            Ok(trigger) => self.worker.handle(Slot(message.partition.0), &trigger, at.now),
            Err(why) => Progress::undecodable(&why),
        };
        match progress {
            Progress::Done { action, dead } => {
                let finished = Finished { action, dead };
                self.emit(&finished, message, out);
                self.finished.insert(place, finished);
                self.stepped.push(place);
                Step::Done
            }
            Progress::Again { after, why } => {
                if let Some(why) = why {
                    tracing::warn!(partition = message.partition.0, why, retry_in = %after, "delivery failed");
                }
                Step::Retry { after: duration(after) }
            }
            Progress::Stopped(_) => Step::Retry { after: STOPPED_PAUSE },
        }
    }

    fn committed(&mut self) {
        for place in self.stepped.drain(..) {
            let action = self.finished.remove(&place).and_then(|finished| finished.action);
            if let Some(outcome) = action.and_then(|action| Outcome::parse(&action.outcome)) {
                (self.on_action)(outcome);
            }
        }
    }

    fn rolled_back(&mut self) {
        // What was delivered stays delivered: `finished` answers when the records come again. What was refused is tried
        // again under its old id: the receiver may be mended by now, and a lane that stopped over too many dead letters
        // could find out in no other way.
        for place in self.stepped.drain(..) {
            if self.finished.get(&place).is_some_and(|finished| finished.dead.is_some()) {
                self.finished.remove(&place);
            }
        }
    }

    fn released(&mut self, input: &Input) {
        let gone = input.partition.partition;
        self.finished.retain(|(partition, _), _| *partition != gone);
        self.worker.release(Slot(gone.0));
    }

    fn urgency(&self) -> Urgency {
        Urgency::Soon
    }
}
