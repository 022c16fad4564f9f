//! The deployment under fire: sources of page views and of events, a policy whose times are seconds, another in its
//! shadow, and accounts.

use std::time::Duration;

use winback_testkit::{Broker, broker_or_skip};

use crate::feed::accounts;
use crate::harness::{Deployment, Settings, Source, utf8};

/// The time a member may be silent. A transaction times out after four fifths of it.
pub(crate) const SESSION: Duration = Duration::from_millis(2_500);

/// The sources of page views.
pub(crate) const SOURCES: [Source; 2] =
    [Source { name: "web", preset: "web" }, Source { name: "shop", preset: "web" }];

/// The sources of events, each of which concerns many accounts: our releases, and what happens at competitors.
pub(crate) const EVENTS: [Source; 2] =
    [Source { name: "releases", preset: "releases" }, Source { name: "rivals", preset: "competitor_events" }];

/// Partitions of the inbox, which nothing here changes.
pub(crate) const INBOX_PARTITIONS: i32 = 4;

/// The most starting triggers for one account, and the window.
pub(crate) const CAP: (usize, Duration) = (4, Duration::from_secs(20));

/// A policy under which everything that can become of a burst does so within seconds.
const POLICY: &str = r#"name = "default"
leading = "strength>=2"
quiet = "1s"
max_wait = "3s"
max_signals = 8
min_score = 3
cooldown = "4s"
escalate = "strength-up"

[[caps]]
per = "account"
max = 4
window = "20s"
"#;

/// The policy in its shadow: it never acts at once, and wants more.
fn shadow() -> String {
    POLICY.replace("strength>=2", "off").replace("min_score = 3", "min_score = 5")
}

/// Fewer new records than this are not worth a snapshot; what a deployment here writes is little.
pub(crate) const SNAPSHOT_LEAST: (&str, &str) = ("WINBACK_SNAPSHOT_LEAST", "1");

/// The broker that the tests of this binary share.
pub(crate) fn shared_broker(what: &str) -> Option<&'static Broker> {
    broker_or_skip(what)
}

/// A deployment's shape here: two lanes for the inbox, so that partitions move within a process, too.
pub(crate) const SETTINGS: Settings =
    Settings { partitions: 2, matchers: 1, detectors: 2, session: SESSION, replication: 1 };

/// A deployment with topics, the policies and the accounts of a plan, on the log of that URL or in a file of its own.
pub(crate) fn deployment(url: Option<String>, settings: &Settings) -> Deployment {
    deployment_with(url, settings, &[])
}

/// The same with more sources.
pub(crate) fn deployment_with(url: Option<String>, settings: &Settings, more: &[Source]) -> Deployment {
    let deployment = Deployment::on(url, &[&SOURCES, &EVENTS, more].concat(), settings);
    // So that members restore from snapshots, and die while they make them.
    deployment.also("[snapshots]\nevery = \"2s\"");
    deployment.write("config/policies/default.toml", POLICY.as_bytes());
    deployment.import(&accounts());
    deployment.ok(&["policy", "apply"]);
    let shadow = deployment.write("shadow.toml", shadow().as_bytes());
    deployment.ok(&["policy", "apply", "--shadow", utf8(&shadow)]);
    deployment
}
