//! One trigger to one action, without waiting.
//!
//! [`Worker::handle`] is called with a partition's first trigger until it is done; meanwhile that partition is paused
//! and the lane goes on polling. Order within a partition is kept, as one trigger of it is under way at a time, and
//! [`choose`] is asked again before every attempt, so that what forbids a message is seen at the moment of sending.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use parking_lot::Mutex;
use winback_core::privacy::masked;
use winback_core::time::{Span, Time};
use winback_proto::DecodeError;
use winback_proto::v1::{Action, Trigger};

use crate::choose::{Choice, Judgement, Limits, Outcome, Sendable, choose};
use crate::config::{Channel, WorkerConfig, WorkerConfigError};
use crate::delivery::{Delivery, Flight};
use crate::moment::{Moment, SendTimes};
use crate::outbox::{Outbox, OutboxError, Seen};
use crate::play::{Play, PlayError, Plays};
use crate::privacy;
use crate::reach::{Reach, Receiver};
use crate::standing::Standing;
use crate::trigger::{CheckedTrigger, TriggerError};
use crate::webhook::{Attempt, Envelope, RetryPolicy, Webhook};

/// The time until the next question about an attempt under way.
const ASK_AGAIN: Span = Span::from_millis(5);
/// The retries of the outbox if its disk is full or unavailable.
const OUTBOX_RETRY: RetryPolicy = RetryPolicy {
    base: Span::from_secs(1),
    cap: Span::from_secs(30),
    retry_after_cap: Span::ZERO,
    max_attempts: None,
};

/// The worker cannot start.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// A setting.
    #[error(transparent)]
    Config(#[from] WorkerConfigError),
    /// A play.
    #[error(transparent)]
    Play(#[from] PlayError),
    /// No threads to be had.
    #[error("cannot start the threads that deliver ({0}): raise the limit of threads or memory")]
    Threads(std::io::Error),
}

/// One partition of the triggers, as the caller numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Slot(pub i32);

/// A trigger that went no further, beside its action where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dead {
    /// A stable word: `bad_trigger`, `refused`, `attempts`, `template`.
    pub reason: &'static str,
    /// The fault, for a person.
    pub text: String,
}

/// The result of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Progress {
    /// The trigger is done: append the action, and the record to the dead letters where `dead` says why.
    Done {
        /// The report; none if the record is no trigger.
        action: Option<Box<Action>>,
        /// The reason of its dead letter, if it is one, too.
        dead: Option<Dead>,
    },
    /// Call again with the same trigger after this long, and meanwhile with no other of the partition.
    Again {
        /// The pause of the partition.
        after: Span,
        /// The fault; `None` while an attempt is under way.
        why: Option<String>,
    },
    /// Consume nothing more: readiness is red until a person has mended this and restarted.
    Stopped(String),
}

impl Progress {
    /// For a record that is no trigger at all.
    pub(crate) fn undecodable(why: &DecodeError) -> Self {
        dead("bad_trigger", why.to_string())
    }
}

/// Acts on triggers; shared by all lanes of a process.
pub struct Worker {
    plays: Plays,
    limits: Limits,
    send_times: SendTimes,
    standing: Arc<dyn Standing>,
    route: Route,
    pending: Mutex<HashMap<Slot, Pending>>,
    stopped: Mutex<Option<String>>,
    receiver: Receiver,
}

enum Route {
    Outbox(Outbox),
    Webhook { delivery: Delivery, retry: RetryPolicy },
}

#[derive(Default)]
struct Pending {
    trigger: String,
    play: String,
    /// The action's words about the message under way.
    why: String,
    attempts: u32,
    not_before: Option<Time>,
    flight: Option<Flight>,
}

impl Worker {
    /// A worker as configured, with its plays loaded and checked.
    ///
    /// # Errors
    /// When a setting or a play makes no sense.
    pub fn new(config: &WorkerConfig, standing: Arc<dyn Standing>) -> Result<Self, WorkerError> {
        let plays = match &config.plays_dir {
            Some(dir) => Plays::from_dir(dir)?,
            None => Plays::built_in()?,
        };
        Ok(Self {
            plays,
            limits: config.limits()?,
            send_times: SendTimes::of(&config.send)?,
            standing,
            route: Route::of(config)?,
            pending: Mutex::default(),
            stopped: Mutex::default(),
            receiver: Receiver::new(),
        })
    }

    /// The reason why nothing is consumed any more, if so.
    pub fn stopped(&self) -> Option<String> {
        self.stopped.lock().clone()
    }

    /// The state of the webhook's receiver; `None` where drafts are written.
    pub fn reach(&self) -> Option<Reach> {
        matches!(self.route, Route::Webhook { .. }).then(|| self.receiver.reach())
    }

    /// The prerequisite of the first judgement, while it is missing.
    pub fn waits_for(&self) -> Option<String> {
        self.standing.waits_for()
    }

    /// Judges whether a message may go out now, and from when on.
    pub fn may_send(&self, message: &Sendable, now: Time) -> (Judgement, Moment) {
        let judgement = message.judge(self.standing.as_ref(), now, self.limits);
        (judgement, self.send_times.send_at(now, &message.zone))
    }

    /// Withdraws the drafts that must not be sent any more, where drafts are written.
    pub fn withdraw(&self, seen: &mut Seen, now: Time) {
        let Route::Outbox(outbox) = &self.route else { return };
        if self.waits_for().is_some() {
            return;
        }
        let forbids = |draft: &Sendable| draft.suppression(self.standing.as_ref(), now, self.limits);
        for (path, why) in outbox.withdraw(seen, forbids) {
            let path = path.display();
            tracing::info!(%path, %why, "a draft is withdrawn");
        }
    }

    /// The age from which on a trigger is not acted on.
    pub const fn stale_after(&self) -> Span {
        self.limits.stale_after
    }

    /// Forgets what was under way for a partition that went elsewhere.
    pub fn release(&self, slot: Slot) {
        self.pending.lock().remove(&slot);
    }

    /// Goes on with a partition's first trigger. Never waits for a receiver.
    pub fn handle(&self, slot: Slot, record: &Trigger, now: Time) -> Progress {
        let record = &privacy::unaddressed(record);
        if let Some(why) = self.stopped() {
            return Progress::Stopped(why);
        }
        let trigger = match CheckedTrigger::of(record) {
            Ok(trigger) => trigger,
            Err(why) => return bad(&why),
        };
        let mut pending = self.take(slot, &record.id);
        let progress = self.proceed(&trigger, &mut pending, now);
        match &progress {
            Progress::Again { .. } => drop(self.pending.lock().insert(slot, pending)),
            Progress::Stopped(why) => *self.stopped.lock() = Some(why.clone()),
            Progress::Done { .. } => {}
        }
        progress
    }

    fn take(&self, slot: Slot, id: &str) -> Pending {
        let before = self.pending.lock().remove(&slot).filter(|pending| pending.trigger == id);
        before.unwrap_or_else(|| Pending { trigger: id.to_owned(), ..Pending::default() })
    }

    fn proceed(&self, trigger: &CheckedTrigger<'_>, pending: &mut Pending, now: Time) -> Progress {
        if let Some(flight) = &mut pending.flight {
            let Some(attempt) = flight.poll() else { return under_way() };
            pending.flight = None;
            pending.attempts += 1;
            self.receiver.tried(&attempt, now);
            return self.resolve(trigger, attempt, pending, now);
        }
        if let Some(wait) = pending.not_before.map(|at| at.since(now)).filter(|wait| *wait > Span::ZERO) {
            return Progress::Again { after: wait, why: None };
        }
        let (outcome, why) = match choose(trigger, &self.plays, self.standing.as_ref(), now, self.limits) {
            Choice::Play { play, release, instead_of } => {
                let moment = self.send_times.send_at(now, &trigger.account.zone);
                pending.why = explained(instead_of, &moment);
                return self.send(trigger, play, release.as_deref(), &moment, pending, now);
            }
            Choice::Noted => (Outcome::Noted, format!("update of {}", trigger.trigger.parent_id)),
            Choice::Stale(age) => (Outcome::Stale, format!("fired {} ago", rough(age))),
            Choice::Suppressed(why) => (Outcome::Suppressed, why.to_string()),
            Choice::NoPlay(why) => (Outcome::NoPlay, why),
        };
        done(Action { why, attempts: pending.attempts, ..report(trigger, outcome, now) })
    }

    fn send(
        &self,
        trigger: &CheckedTrigger<'_>,
        play: &Play,
        release: Option<&str>,
        moment: &Moment,
        pending: &mut Pending,
        now: Time,
    ) -> Progress {
        let texts = self.plays.texts();
        let message = match texts.message(play, trigger, release) {
            Ok(message) => message,
            Err(why) => return dead("template", why.to_string()),
        };
        match &self.route {
            Route::Webhook { delivery, .. } => {
                let body = match serde_json::to_vec(&Envelope::of(
                    trigger.trigger,
                    trigger.fired_at,
                    play,
                    &message,
                    moment,
                )) {
                    Ok(body) => body,
                    Err(why) => return dead("bad_trigger", format!("trigger has no JSON form: {why}")),
                };
                pending.play.clone_from(&play.name);
                pending.flight = delivery.start(&trigger.trigger.id, || body);
                under_way()
            }
            Route::Outbox(outbox) => {
                let written = match texts.note(play, trigger, &message, moment) {
                    Ok(note) => outbox.deliver(trigger, play, &message, &note),
                    Err(why) => return dead("template", why.to_string()),
                };
                pending.attempts += 1;
                match written {
                    Ok(path) => done(Action {
                        play: play.name.clone(),
                        channel: Channel::Outbox.to_string(),
                        target: path.display().to_string(),
                        why: pending.why.clone(),
                        attempts: pending.attempts,
                        ..report(trigger, Outcome::Delivered, now)
                    }),
                    Err(OutboxError::Mail(why)) => dead("template", why),
                    Err(why) => again(pending, &OUTBOX_RETRY, None, why.to_string(), now),
                }
            }
        }
    }

    fn resolve(
        &self,
        trigger: &CheckedTrigger<'_>,
        attempt: Attempt,
        pending: &mut Pending,
        now: Time,
    ) -> Progress {
        let Route::Webhook { delivery, retry } = &self.route else { return under_way() };
        let action = |outcome, why: &str| Action {
            why: why.to_owned(),
            play: pending.play.clone(),
            channel: Channel::Webhook.to_string(),
            target: delivery.target(),
            attempts: pending.attempts,
            ..report(trigger, outcome, now)
        };
        match attempt {
            Attempt::Accepted => done(action(Outcome::Delivered, &pending.why)),
            Attempt::Stop(why) => Progress::Stopped(masked(&why).into_owned()),
            Attempt::Refuse(why) => refused(action(Outcome::Refused, &why), "refused", why),
            Attempt::Retry { why, .. } if !retry.allows(pending.attempts) => {
                let why = format!("{why}, after {} attempts", pending.attempts);
                refused(action(Outcome::Refused, &why), "attempts", why)
            }
            Attempt::Retry { why, retry_after } => again(pending, retry, retry_after, why, now),
        }
    }
}

impl Route {
    fn of(config: &WorkerConfig) -> Result<Self, WorkerError> {
        let error = |key, value: &str, fix: &str| WorkerConfigError {
            key,
            value: value.to_owned(),
            fix: fix.to_owned(),
        };
        match (config.deliver, &config.webhook) {
            (Channel::Outbox, _) => {
                let from = config.from.parse().map_err(|_| {
                    error("from", &config.from, "write a mail address, such as Winback <winback@example.com>")
                })?;
                Ok(Self::Outbox(Outbox::new(config.outbox_dir.clone(), from)))
            }
            (Channel::Webhook, Some(webhook)) => {
                let retry = webhook.retry_policy()?;
                let delivery = Delivery::new(Webhook::new(webhook)?, webhook.max_in_flight)
                    .map_err(WorkerError::Threads)?;
                Ok(Self::Webhook { delivery, retry })
            }
            (Channel::Webhook, None) => {
                let fix = "add [worker.webhook] with url and secret, or write deliver = \"outbox\"";
                Err(error("deliver", "webhook", fix).into())
            }
        }
    }
}

/// The common part of every action.
fn report(trigger: &CheckedTrigger<'_>, outcome: Outcome, now: Time) -> Action {
    Action {
        trigger_id: trigger.trigger.id.clone(),
        account_id: trigger.account.id.clone(),
        policy: trigger.trigger.policy.clone(),
        edge: trigger.edge.to_string(),
        outcome: outcome.to_string(),
        at: Some(now.into()),
        ..Action::default()
    }
}

/// An action's words about a message that was handed over: the play that it is not, and the time that it waits for.
fn explained(instead_of: Option<String>, moment: &Moment) -> String {
    let told = moment.told().map(|told| format!("to be sent {told}"));
    instead_of.into_iter().chain(told).collect::<Vec<_>>().join("; ")
}

const fn under_way() -> Progress {
    Progress::Again { after: ASK_AGAIN, why: None }
}

#[expect(clippy::needless_pass_by_value, reason = "callers have a text of their own to give")]
fn again(
    pending: &mut Pending,
    retry: &RetryPolicy,
    retry_after: Option<Span>,
    why: String,
    now: Time,
) -> Progress {
    let after = retry.wait(pending.attempts, retry_after, dice());
    pending.not_before = Some(now + after);
    Progress::Again { after, why: Some(masked(&why).into_owned()) }
}

/// A number that nobody can guess and every process draws anew; jitter needs no more.
fn dice() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn done(action: Action) -> Progress {
    Progress::Done { action: Some(Box::new(privacy::reported(action))), dead: None }
}

#[expect(clippy::needless_pass_by_value, reason = "callers have a text of their own to give")]
fn refused(action: Action, reason: &'static str, text: String) -> Progress {
    let action = Some(Box::new(privacy::reported(action)));
    Progress::Done { action, dead: Some(Dead { reason, text: masked(&text).into_owned() }) }
}

#[expect(clippy::needless_pass_by_value, reason = "callers have a text of their own to give")]
fn dead(reason: &'static str, text: String) -> Progress {
    Progress::Done { action: None, dead: Some(Dead { reason, text: masked(&text).into_owned() }) }
}

fn bad(why: &TriggerError) -> Progress {
    dead("bad_trigger", why.to_string())
}

/// A length of time in its largest unit, rounded down: what a person needs of it.
fn rough(span: Span) -> String {
    const UNITS: [(i64, &str); 3] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "min")];
    let found = UNITS.into_iter().find(|(unit, _)| span.millis() >= *unit);
    let (unit, name) = found.unwrap_or((1_000, "s"));
    format!("{} {name}", span.millis() / unit)
}
