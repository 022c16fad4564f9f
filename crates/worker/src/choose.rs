//! The decision about a trigger: a function of its arguments, made again before every attempt to send.

use winback_core::account::Reason;
use winback_core::closed_enum;
use winback_core::debounce::Edge;
use winback_core::signal::SignalKind;
use winback_core::time::{Span, Time};

use crate::play::{Play, Plays};
use crate::render::one_line;
use crate::standing::{Standing, Suppression};
use crate::trigger::CheckedTrigger;

closed_enum! {
    /// The result of a trigger.
    Outcome {
        /// Handed over.
        Delivered = "delivered",
        /// An addendum: starts nothing.
        Noted = "noted",
        /// Too old to be acted on.
        Stale = "stale",
        /// Must not be sent.
        Suppressed = "suppressed",
        /// The receiver will not have it.
        Refused = "refused",
        /// No play fits.
        NoPlay = "no_play",
    }
}

/// The times for which things hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A trigger older than this is not acted on.
    pub stale_after: Span,
    /// So long a declined account is left alone.
    pub decline_rest: Span,
}

/// The decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice<'p> {
    /// Send this play's message.
    Play {
        /// The play.
        play: &'p Play,
        /// The release that it names, where it claims one.
        release: Option<String>,
        /// The play that the policy recommends and why it is not that one, where it is not.
        instead_of: Option<String>,
    },
    /// Only note it.
    Noted,
    /// Leave it: it is this old.
    Stale(Span),
    /// Must not be sent.
    Suppressed(Suppression),
    /// No play fits; what was tried and what each lacked.
    NoPlay(String),
}

/// Decides about `trigger` at `now`.
pub fn choose<'p>(
    trigger: &CheckedTrigger<'_>,
    plays: &'p Plays,
    standing: &dyn Standing,
    now: Time,
    limits: Limits,
) -> Choice<'p> {
    match Sendable::of(trigger).judge(standing, now, limits) {
        Judgement::MaySend => pick(trigger, plays),
        Judgement::Addendum => Choice::Noted,
        Judgement::Stale(age) => Choice::Stale(age),
        Judgement::Forbidden(why) => Choice::Suppressed(why),
    }
}

/// The part of a trigger that says whether its message may go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sendable {
    /// The account's id.
    pub account: String,
    /// The account's time zone; empty if it is unknown.
    pub zone: String,
    /// The reason of leaving.
    pub reason: Reason,
    /// The edge at which it fired.
    pub edge: Edge,
    /// The fire time.
    pub fired_at: Time,
}

/// The judgement about a message at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It may go out.
    MaySend,
    /// The trigger is an addendum, which starts nothing.
    Addendum,
    /// The trigger is this old.
    Stale(Span),
    /// Something forbids it.
    Forbidden(Suppression),
}

impl Sendable {
    /// That of a trigger.
    pub fn of(trigger: &CheckedTrigger<'_>) -> Self {
        Self {
            account: trigger.account.id.clone(),
            zone: trigger.account.zone.clone(),
            reason: trigger.reason,
            edge: trigger.edge,
            fired_at: trigger.fired_at,
        }
    }

    /// Judges it as it is now: the account may have answered, or changed, since the trigger fired.
    pub fn judge(&self, standing: &dyn Standing, now: Time, limits: Limits) -> Judgement {
        if !self.edge.starts() {
            return Judgement::Addendum;
        }
        if let Some(why) = self.suppression(standing, now, limits) {
            return Judgement::Forbidden(why);
        }
        let age = now.since(self.fired_at);
        if age > limits.stale_after { Judgement::Stale(age) } else { Judgement::MaySend }
    }

    /// The rule that forbids it, however old it is.
    pub fn suppression(&self, standing: &dyn Standing, now: Time, limits: Limits) -> Option<Suppression> {
        let Some(account) = standing.of(&self.account) else { return Some(Suppression::Gone) };
        account
            .forbids(now, limits.decline_rest)
            .or_else(|| account.replied_at.filter(|at| *at >= self.fired_at).map(|_| Suppression::Replied))
            .or_else(|| (self.reason == Reason::Impossible).then_some(Suppression::Impossible))
    }
}

/// The play that the policy recommends where it fits, else the first that fits.
fn pick<'p>(trigger: &CheckedTrigger<'_>, plays: &'p Plays) -> Choice<'p> {
    let recommended = plays.iter().filter(|play| play.name == trigger.trigger.play);
    let others = plays.iter().filter(|play| play.name != trigger.trigger.play);
    let mut lacks = Vec::new();
    for play in recommended.chain(others).filter(|play| play.reasons.contains(&trigger.reason)) {
        match fits(play, trigger) {
            Ok(release) => {
                let instead_of = instead_of(play, trigger, plays);
                return Choice::Play { play, release, instead_of };
            }
            Err(why) => lacks.push(format!("{}: {why}", play.name)),
        }
    }
    let tried = if lacks.is_empty() { String::new() } else { format!(" ({})", lacks.join("; ")) };
    Choice::NoPlay(format!("no play fits the reason {}{tried}", trigger.reason))
}

/// The play that the policy recommends instead of the one that fits, and the condition that it lacks.
fn instead_of(play: &Play, trigger: &CheckedTrigger<'_>, plays: &Plays) -> Option<String> {
    let wished = trigger.trigger.play.as_str();
    if wished.is_empty() || wished == play.name {
        return None;
    }
    let lacks = match plays.iter().find(|play| play.name == wished) {
        None => "there is no such play".to_owned(),
        Some(wished) if !wished.reasons.contains(&trigger.reason) => {
            format!("it does not answer the reason {}", trigger.reason)
        }
        Some(wished) => fits(wished, trigger).err().unwrap_or_default(),
    };
    Some(format!("instead of {}: {lacks}", one_line(wished)))
}

/// The release that a play would name, or what the play lacks.
fn fits(play: &Play, trigger: &CheckedTrigger<'_>) -> Result<Option<String>, String> {
    let waited = trigger.churned_at.map(|churned| trigger.fired_at.since(churned));
    if play.min_days_since_churn > 0
        && waited.is_none_or(|waited| waited < Span::from_days(i64::from(play.min_days_since_churn)))
    {
        return Err(format!("less than {} days since they left", play.min_days_since_churn));
    }
    let seen = |kind: SignalKind| trigger.evidence().iter().any(|item| item.kind == kind.as_str());
    if let Some(kind) = play.needs_signals.iter().find(|kind| !seen(**kind)) {
        return Err(format!("no {kind} in the evidence"));
    }
    if !play.needs_release {
        return Ok(None);
    }
    release(play, trigger).map(Some).ok_or_else(|| "the evidence names no release of its kind".to_owned())
}

fn release(play: &Play, trigger: &CheckedTrigger<'_>) -> Option<String> {
    let counts =
        |class: &str| play.release_classes.is_empty() || play.release_classes.iter().any(|one| one == class);
    trigger
        .evidence()
        .iter()
        .find(|item| {
            item.kind == SignalKind::ProductRelease.as_str()
                && !item.detail.trim().is_empty()
                && counts(&item.page_class)
        })
        .map(|item| item.detail.trim().to_owned())
}
