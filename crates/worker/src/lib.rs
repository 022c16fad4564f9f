//! From a trigger to an action: picks the play, applies the rules that hold at the moment of sending, delivers, reports.
//!
//! What decides is pure ([`choose`]); what acts is [`Worker`], which never waits for a receiver. Outside the log a
//! delivery happens at least once, under the trigger's id as its idempotency key.

mod answers;
mod choose;
mod config;
mod delivery;
mod moment;
mod outbox;
mod play;
mod privacy;
mod reach;
mod render;
mod role;
mod secret;
mod slug;
mod standing;
mod trigger;
mod webhook;
mod worker;

pub use answers::{Answered, Answers, read_answer};
pub use choose::{Choice, Judgement, Limits, Outcome, Sendable, choose};
pub use config::{Channel, WebhookConfig, WorkerConfig, WorkerConfigError};
pub use moment::{BlackoutDays, Moment, Obstacle, SendConfig, SendTimes};
pub use outbox::{Outbox, OutboxError, Seen};
pub use play::{Discount, Offer, Play, PlayError, Plays};
pub use reach::Reach;
pub use render::{RenderError, Rendered, Texts};
pub use role::{OnAction, WorkerRole};
pub use secret::Secret;
pub use standing::{AccountStanding, Standing, Suppression};
pub use trigger::{CheckedTrigger, TriggerError};
pub use webhook::{Attempt, ENVELOPE_TYPE, RetryPolicy, Verdict};
pub use worker::{Dead, Progress, Slot, Worker, WorkerError};
