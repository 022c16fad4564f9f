//! The worker's action about a trigger, in words.

use winback_proto::v1;
use winback_worker::Outcome;

use super::words::{self, GOOD, styled};

/// The worker's action.
pub fn action(action: &v1::Action) -> String {
    let (play, target, why) =
        (words::safe(&action.play), words::safe(&action.target), words::safe(&action.why));
    let because = if why.is_empty() { String::new() } else { format!(": {why}") };
    match Outcome::parse(&action.outcome) {
        Some(Outcome::Delivered) => format!("play {play} -> {target}"),
        Some(Outcome::Noted) => "noted; an addendum starts no play".to_owned(),
        Some(Outcome::Stale) => format!("left, being too old to act on{because}"),
        Some(Outcome::Suppressed) => format!("not sent{because}"),
        Some(Outcome::Refused) => format!("play {play}, which {target} refused{because}"),
        Some(Outcome::NoPlay) => format!("nothing{because}"),
        None => {
            format!("{}, an outcome that this version does not know{because}", words::spaced(&action.outcome))
        }
    }
}

/// The action in one line: time, account, outcome, the act, the trigger.
pub fn action_line(action: &v1::Action) -> String {
    let outcome = format!("{:<10}", words::short(&words::safe(&action.outcome), 10));
    let is_out = Outcome::parse(&action.outcome) == Some(Outcome::Delivered);
    let outcome = if is_out { styled(GOOD, &outcome) } else { outcome };
    format!(
        "{}  {:<18}  {outcome}  {} [{}]",
        words::minute(words::time(action.at.as_ref())),
        words::short(&words::safe(&action.account_id), 24),
        self::action(action),
        words::safe(&action.trigger_id)
    )
}
