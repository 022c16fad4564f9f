//! The comparison of a deployment's log with one undisturbed process over its inbox. Everything is read back from the
//! log. The oracle is the pure core over the inbox. From the sources to the inbox it is the multiset of views and of
//! events.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;
use winback_core::time::Time;
use winback_log::TopicPartition;
use winback_proto::{WireMessage as _, v1};

use crate::events;
use crate::feed::account_ids;
use crate::field::{CAP, INBOX_PARTITIONS, SOURCES};
use crate::harness::{
    Deployment, Facts, Matched, Replayed, difference, messages, messages_of, replay, restored,
    state_positions, values,
};

/// In this time every burst has ended: the policy's longest wait, and a few runs.
const CLOSED_WITHIN: Duration = Duration::from_secs(90);

/// The amount of compared records.
#[derive(Clone, Debug, Default)]
pub(crate) struct Compared {
    /// Records in the topics of the sources.
    pub(crate) records: usize,
    /// Matched signals.
    pub(crate) matched: usize,
    /// Accounts that heard of an event.
    pub(crate) told: usize,
    /// Triggers by edge.
    pub(crate) triggers: BTreeMap<String, u64>,
    /// Triggers of the policy in shadow.
    pub(crate) in_shadow: usize,
    /// Decisions.
    pub(crate) decisions: usize,
    /// Dead letters.
    pub(crate) dead: usize,
    /// Actions.
    pub(crate) actions: usize,
    /// Rows of state.
    pub(crate) rows: usize,
}

impl Compared {
    /// As a line of a report.
    pub(crate) fn line(&self) -> String {
        let edges: Vec<_> = self.triggers.iter().map(|(edge, count)| format!("{edge} {count}")).collect();
        let Self { records, matched, told, in_shadow, decisions, dead, actions, rows, .. } = self;
        format!(
            "{records} records, {matched} matched, {told} told of events, triggers {}, {in_shadow} in shadow, \
             {decisions} decisions, {actions} actions, {dead} dead letters, {rows} rows of state",
            edges.join(" ")
        )
    }
}

/// Runs until nothing is left to do and no burst is open, and compares. `seed` is named where something differs.
pub(crate) fn settled(deployment: &Deployment, seed: u64) -> Compared {
    let deadline = Instant::now() + CLOSED_WITHIN;
    loop {
        deployment.run();
        let (replayed, facts) = (replay(deployment), Facts::of(deployment));
        // What falls due or is told of an event while a run ends is acted on by the next.
        let all_is_acted_on = values::<v1::Action>(deployment, "actions").len() >= facts.triggers.len();
        if replayed.bursts.2 == 0 && facts.all_is_decided() && all_is_acted_on {
            return compare(deployment, &replayed, &facts, &format!("seed {seed}"));
        }
        let open = replayed.bursts.2;
        assert!(
            Instant::now() < deadline,
            "seed {seed}: {open} bursts stay open, or signals undecided, or triggers not acted on"
        );
    }
}

fn compare(deployment: &Deployment, replayed: &Replayed, facts: &Facts, seed: &str) -> Compared {
    let (fed, mut events) = (fed(deployment), events::Fed::of(deployment));
    assert_eq!(difference(&fed.views, &facts.matched), None, "{seed}: matched and fed");
    let told = events::compare(deployment, &events, facts, seed);
    assert_eq!(difference(&facts.triggers, &replayed.triggers), None, "{seed}: triggers and the core's");
    let in_shadow = difference(&facts.in_shadow, &replayed.in_shadow);
    assert_eq!(in_shadow, None, "{seed}: triggers in shadow and the core's");
    facts.assert_ids_are_unique();
    let lines = |made: &[v1::Decision]| sorted(made.iter().map(|made| serde_json::to_string(made).unwrap()));
    let decisions = difference(&lines(&facts.decisions), &lines(&replayed.decisions));
    assert_eq!(decisions, None, "{seed}: decisions and the core's");
    let state = restored(deployment);
    assert_eq!(difference(&state, &replayed.state), None, "{seed}: the changelog and the core's state");
    let dead = sorted(facts.dead.iter().map(|dead| (dead.topic.clone(), dead.partition, dead.offset)));
    let mut garbage = fed.garbage;
    garbage.append(&mut events.garbage);
    garbage.sort_unstable();
    assert_eq!(difference(&dead, &garbage), None, "{seed}: dead letters and records that are none");
    let acted: Vec<v1::Action> = values(deployment, "actions");
    let acted = sorted(acted.into_iter().map(|action| action.trigger_id));
    let fired = sorted(facts.triggers.iter().map(|fired| fired.id.clone()));
    assert_eq!(difference(&acted, &fired), None, "{seed}: actions and triggers");
    no_cap_is_exceeded(facts, seed);
    nothing_is_behind_the_positions(deployment, facts, seed);
    Compared {
        records: fed.views.len() + garbage.len() + fed.strangers + events.events.len(),
        matched: facts.matched.len(),
        told,
        triggers: facts.edges(),
        in_shadow: facts.in_shadow.len(),
        decisions: facts.decisions.len(),
        dead: dead.len(),
        actions: acted.len(),
        rows: state.len(),
    }
}

fn sorted<T: Ord>(list: impl Iterator<Item = T>) -> Vec<T> {
    let mut list: Vec<T> = list.collect();
    list.sort_unstable();
    list
}

/// The records in the topics of the sources of views.
pub(crate) struct Fed {
    /// Views of known accounts.
    pub(crate) views: Vec<Matched>,
    /// Places of records that are no views.
    garbage: Vec<(String, i32, i64)>,
    /// Views of nobody known.
    strangers: usize,
}

/// Reads the topics of the sources of views.
pub(crate) fn fed(deployment: &Deployment) -> Fed {
    let (log, known) = (deployment.log(), account_ids());
    let mut fed = Fed { views: Vec::new(), garbage: Vec::new(), strangers: 0 };
    for source in SOURCES {
        let topic = deployment.topic_of(source.name);
        for message in messages(&log, &topic) {
            let Ok(view) = serde_json::from_slice::<Value>(message.value().unwrap()) else {
                fed.garbage.push((topic.clone(), message.partition.0, message.offset.0));
                continue;
            };
            let text = |field: &str| view[field].as_str().unwrap().to_owned();
            let at = Time::from_millis(view["time"].as_i64().unwrap());
            match known.contains(&text("account_id")) {
                true => fed.views.push((text("account_id"), source.name.to_owned(), text("id"), at)),
                false => fed.strangers += 1,
            }
        }
    }
    fed.views.sort_unstable();
    fed
}

fn no_cap_is_exceeded(facts: &Facts, seed: &str) {
    let mut fires: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for trigger in facts.triggers.iter().map(crate::harness::Fired::wire).filter(|it| it.edge != "update") {
        let at = trigger.fired_at.as_ref().unwrap();
        let millis = at.seconds * 1_000 + i64::from(at.nanos / 1_000_000);
        fires.entry(trigger.account.unwrap().id).or_default().push(millis);
    }
    let window = i64::try_from(CAP.1.as_millis()).unwrap();
    for (account, mut times) in fires {
        times.sort_unstable();
        let over = times.windows(CAP.0 + 1).find(|some| some[CAP.0] - some[0] < window);
        assert_eq!(over, None, "{seed}: {account} has more than {} triggers in {window} ms", CAP.0);
    }
}

/// Checks that committed outputs were made of records before the committed positions, and that the state agrees.
fn nothing_is_behind_the_positions(deployment: &Deployment, facts: &Facts, seed: &str) {
    let inbox = deployment.own("inbox");
    let partitions: Vec<_> =
        (0..INBOX_PARTITIONS).map(|at| TopicPartition::new(inbox.as_str(), at)).collect();
    let mut reader = deployment.log().reader().unwrap();
    let committed = reader.committed(&deployment.own("detector"), &partitions).unwrap();
    assert_eq!(committed, state_positions(deployment), "{seed}: positions of the group and of the state");
    let position = |partition: i32| committed[usize::try_from(partition).unwrap()].unwrap().0;
    for made in &facts.decisions {
        assert!(made.inbox_offset < position(made.inbox_partition), "{seed}: behind the position: {made:?}");
    }
    let topics = ["triggers", "shadow-triggers"];
    let fired = topics.into_iter().flat_map(|topic| messages_of(deployment, topic));
    for message in fired {
        let header = message.header("inboxposition").unwrap();
        let text = std::str::from_utf8(&header).unwrap();
        let (partition, offset) = text.split_once('/').unwrap();
        let id = v1::Trigger::from_bytes(message.value().unwrap()).unwrap().id;
        let before = offset.parse::<i64>().unwrap() < position(partition.parse().unwrap());
        assert!(before, "{seed}: trigger {id} is made of {text}, behind the position");
    }
}
