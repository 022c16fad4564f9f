//! Records in winback's own topics that winback did not write: finding them, and mending what they have covered.

mod inbox;
pub(crate) mod kept;
mod mend;
mod plan;
mod scan;

pub(crate) use kept::Kept;
pub(crate) use mend::{fence, write};
pub(crate) use plan::{Act, Mend, Planner};
pub(crate) use scan::{Found, Passed, scan};

use crate::context::Context;

/// The detector's topics, as the oracle knows them.
pub(crate) fn deployment(context: &Context) -> winback_oracle::Deployment {
    let topics = context.topics.clone();
    winback_oracle::Deployment {
        name: context.config.deployment.clone(),
        inbox: topics.inbox,
        triggers: topics.triggers,
        shadow_triggers: topics.shadow_triggers,
        decisions: topics.decisions,
        changelog: topics.changelog,
        dead_letters: topics.dead_letters,
        group: format!("{}.detector", context.config.deployment),
    }
}
