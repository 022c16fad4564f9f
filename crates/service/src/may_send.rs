//! The judgement about a message that is not sent yet: for whoever sends it, at the moment of sending.
//!
//! The topic of triggers is followed beside the worker's lanes: a member is asked about any trigger, and after a restart,
//! too. Triggers that are too old to act on are forgotten.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use winback_core::ids::Offset;
use winback_core::time::Time;
use winback_log::{LogError, Message, Reader, TopicPartition};
use winback_proto::{WireMessage as _, v1};
use winback_telemetry::server::{MaySend, StatusCode};
use winback_worker::{CheckedTrigger, Judgement, Moment, Sendable, Worker};

use super::Shared;

const BATCH: usize = 4_096;
/// The most triggers that are remembered, some 100 MB; older ones are forgotten.
const MOST: usize = 500_000;

/// From here on whoever sends messages may ask.
pub(super) fn answer_from_here(shared: &Shared, worker: Arc<Worker>, recent: Arc<Recent>) {
    let clock = shared.clock.clone();
    let answer: MaySend = Box::new(move |id| recent.answer(&worker, id, clock.now()));
    // A process has one worker, which is made once.
    drop(shared.may_send.set(answer));
}

/// The triggers of late.
#[derive(Debug, Default)]
pub(super) struct Recent(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    /// True once everything that was there at the start is known.
    ready: bool,
    triggers: HashMap<String, Sendable>,
    order: VecDeque<String>,
}

impl Recent {
    fn add(&self, id: String, trigger: Sendable) {
        let mut known = self.0.lock();
        if known.triggers.insert(id.clone(), trigger).is_none() {
            known.order.push_back(id);
        }
        if known.order.len() > MOST
            && let Some(oldest) = known.order.pop_front()
        {
            known.triggers.remove(&oldest);
        }
    }

    /// Forgets triggers that fired before that.
    fn forget_before(&self, then: Time) {
        let mut known = self.0.lock();
        while let Some(oldest) = known.order.front().cloned() {
            if known.triggers.get(&oldest).is_some_and(|trigger| trigger.fired_at >= then) {
                break;
            }
            known.order.pop_front();
            known.triggers.remove(&oldest);
        }
    }

    /// The answer about a trigger.
    fn answer(&self, worker: &Worker, id: &str, now: Time) -> (StatusCode, Value) {
        if let Some(why) = worker.waits_for() {
            return waits(&why);
        }
        let trigger = {
            let known = self.0.lock();
            if !known.ready {
                return waits("reading the triggers");
            }
            known.triggers.get(id).cloned()
        };
        let Some(trigger) = trigger else {
            let text = "no trigger of late has this id: it is too old to act on, or of another deployment";
            return (StatusCode::NOT_FOUND, json!({ "maySend": false, "why": "unknown", "text": text }));
        };
        let (judgement, moment) = worker.may_send(&trigger, now);
        (StatusCode::OK, judged(judgement, &moment))
    }
}

fn waits(why: &str) -> (StatusCode, Value) {
    let text = format!("not known yet: {why}; ask again");
    (StatusCode::SERVICE_UNAVAILABLE, json!({ "maySend": false, "why": "not_ready", "text": text }))
}

fn judged(judgement: Judgement, moment: &Moment) -> Value {
    match judgement {
        Judgement::MaySend => match moment {
            Moment::Now => json!({ "maySend": true }),
            Moment::Later { at, why, .. } => {
                let why: Vec<&str> = why.iter().map(|obstacle| obstacle.as_str()).collect();
                json!({ "maySend": true, "sendNotBefore": at.to_string(), "sendNotBeforeWhy": why })
            }
        },
        Judgement::Addendum => json!({ "maySend": false, "why": "addendum" }),
        Judgement::Stale(_) => json!({ "maySend": false, "why": "stale" }),
        Judgement::Forbidden(why) => json!({ "maySend": false, "why": why.as_str() }),
    }
}

/// Follows the topic of triggers.
pub(super) struct TriggerFeed {
    reader: Box<dyn Reader>,
    goal: Vec<(TopicPartition, Offset)>,
    recent: Arc<Recent>,
    messages: Vec<Message>,
}

impl TriggerFeed {
    /// From its beginning.
    pub(super) fn new(shared: &Shared, recent: Arc<Recent>) -> Result<Self, LogError> {
        let topic = &shared.topics.triggers;
        let info = shared.log.describe(&[topic])?.into_iter().next().flatten();
        let info = info.ok_or_else(|| LogError::NoTopic(topic.to_string()))?;
        let partitions: Vec<_> =
            (0..info.spec.partitions).map(|at| TopicPartition::new(topic.clone(), at)).collect();
        let mut reader = shared.log.reader()?;
        let ends = reader.end_offsets(&partitions)?;
        let starts: Vec<_> = partitions.iter().map(|partition| (partition.clone(), Offset::ZERO)).collect();
        reader.assign(&starts)?;
        Ok(Self { reader, goal: partitions.into_iter().zip(ends).collect(), recent, messages: Vec::new() })
    }

    /// Takes in what is there, waiting at most `wait`, and forgets what fired before `then`.
    pub(super) fn turn(&mut self, wait: Duration, then: Time) -> Result<(), LogError> {
        self.reader.poll(BATCH, wait, &mut self.messages)?;
        for message in self.messages.drain(..) {
            let trigger = message.value().and_then(|value| v1::Trigger::from_bytes(value).ok());
            let Some(trigger) = trigger else { continue };
            // The worker makes a dead letter of what is none.
            let Ok(checked) = CheckedTrigger::of(&trigger) else { continue };
            if checked.fired_at >= then {
                self.recent.add(trigger.id.clone(), Sendable::of(&checked));
            }
        }
        self.recent.forget_before(then);
        let position = |partition| self.reader.position(partition).unwrap_or(Offset::ZERO);
        let mut goal = self.goal.iter();
        if goal.all(|(partition, end)| *end == Offset::ZERO || position(partition) >= *end) {
            self.recent.0.lock().ready = true;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use winback_core::account::Reason;
    use winback_core::debounce::Edge;
    use winback_core::time::Span;
    use winback_worker::{AccountStanding, Standing, WorkerConfig};

    use super::*;

    #[derive(Default)]
    struct Books(Mutex<Option<AccountStanding>>);

    impl Standing for Books {
        fn of(&self, _: &str) -> Option<AccountStanding> {
            *self.0.lock()
        }
    }

    /// 22 November 2026, 12:00 in UTC.
    const NOON: Time = Time::from_millis(1_795_348_800_000);

    fn trigger(fired_at: Time) -> Sendable {
        Sendable {
            account: "a".to_owned(),
            zone: String::new(),
            reason: Reason::ProductGap,
            edge: Edge::Leading,
            fired_at,
        }
    }

    #[test]
    fn a_message_may_go_out_until_the_account_answers_or_the_trigger_is_old() {
        let books = Arc::new(Books::default());
        *books.0.lock() = Some(AccountStanding::default());
        let worker = Worker::new(&WorkerConfig::default(), books.clone()).unwrap();
        let recent = Recent::default();
        let ask = |id: &str, now| recent.answer(&worker, id, now);
        assert_eq!(ask("t", NOON).0, StatusCode::SERVICE_UNAVAILABLE);
        recent.0.lock().ready = true;
        assert_eq!(ask("t", NOON).0, StatusCode::NOT_FOUND);
        recent.add("t".to_owned(), trigger(NOON));
        assert_eq!(ask("t", NOON).1, json!({ "maySend": true }));
        let night = ask("t", NOON + Span::from_hours(10)).1;
        assert!(night["maySend"] == true && night["sendNotBeforeWhy"][0] == "quiet_hours", "{night}");
        assert_eq!(ask("t", NOON + Span::from_days(3)).1["why"], "stale");
        *books.0.lock() = Some(AccountStanding { opted_out: true, ..AccountStanding::default() });
        assert_eq!(ask("t", NOON).1, json!({ "maySend": false, "why": "opted_out" }));
        *books.0.lock() = None;
        assert_eq!(ask("t", NOON).1["why"], "gone");
    }

    #[test]
    fn what_is_too_old_is_forgotten_and_a_trigger_that_comes_again_is_one() {
        let recent = Recent::default();
        for at in [0, 0, 5, 9] {
            recent.add(at.to_string(), trigger(Time::from_millis(at)));
        }
        recent.forget_before(Time::from_millis(5));
        let known = recent.0.lock();
        assert_eq!((known.triggers.len(), known.order.len()), (2, 2));
    }
}
