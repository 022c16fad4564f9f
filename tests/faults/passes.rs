//! The topics of a deployment afterwards, as plain Kafka clients see them.

use std::collections::BTreeMap;
use std::time::Duration;

use winback_testkit::offsets::{self, Isolation};

use crate::harness::{Deployment, eventually};

/// A killed member's transaction has ended after its time-out and the broker's next look.
const STABLE_WITHIN: Duration = Duration::from_secs(30);
/// The topics that transactions write to.
const WRITTEN: [&str; 6] =
    ["inbox", "triggers", "shadow-triggers", "decisions", "detector-changelog", "actions"];

fn bootstrap(deployment: &Deployment) -> &str {
    deployment.url.trim_start_matches("kafka://")
}

/// Waits until no transaction is open in any topic: the last stable offset is the end.
pub(crate) fn stable(deployment: &Deployment) {
    let servers = bootstrap(deployment);
    for topic in WRITTEN.map(|topic| deployment.own(topic)) {
        eventually(&format!("the last stable offset of {topic} reaches its end"), STABLE_WITHIN, || {
            let [committed, all] = [Isolation::Committed, Isolation::Uncommitted]
                .map(|isolation| offsets::ends(servers, &topic, isolation).unwrap());
            (committed == all).then_some(())
        });
    }
}

/// Records that aborted transactions had written, by topic.
pub(crate) fn aborted(deployment: &Deployment) -> BTreeMap<&'static str, usize> {
    let servers = bootstrap(deployment);
    let count = |topic: &'static str| (topic, offsets::aborted(servers, &deployment.own(topic)).unwrap());
    WRITTEN.into_iter().map(count).collect()
}
