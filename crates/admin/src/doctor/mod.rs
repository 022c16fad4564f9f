//! Records in winback's own topics that winback did not write: finding them, and mending what they have covered.

mod foreign;
mod inbox;
mod mend;
mod plan;

use winback_deployment::Context;

pub use foreign::{Found, Passed, scan};
pub use mend::{fence, write};
pub use plan::{Act, Mend, Planner};
pub use winback_service::Kept;

/// The detector's topics, as the oracle knows them.
pub fn deployment(context: &Context) -> winback_oracle::Deployment {
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
