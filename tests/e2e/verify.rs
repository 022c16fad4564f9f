//! `winback verify`, as an operator calls it, after a run over generated trouble.

use std::collections::BTreeSet;

use winback_core::time::{Span, Time};
use winback_generate::trouble::{Plan, Size, Step};
use winback_log::{Append, Cleanup, Clock as _, Log, Message, SystemClock, TimestampKind, TopicSpec, Writer};
use winback_proto::{WireMessage as _, v1};

use crate::harness::{
    Deployment, Ended, Facts, Place, Shape, Source, difference, messages_of, places, replay,
};

const SEED: u64 = 4;
/// Slow enough that what comes in the second run is not too old yet.
const SIZE: Size = Size { accounts: 60, lasts: Span::from_secs(180), unit: Span::from_secs(5) };
/// The time by which the first run has everything.
const EARLY: Span = Span::from_secs(120);

fn create(log: &dyn Log, topic: &str) {
    let spec = TopicSpec {
        name: topic.to_owned(),
        partitions: 2,
        replication: 1,
        cleanup: Cleanup::Delete(None),
        timestamps: TimestampKind::Create,
        max_record_bytes: 1 << 20,
    };
    log.create(&spec).unwrap();
}

fn write(writer: &mut dyn Writer, step: &Step, due: Time) {
    let (key, value) = (step.key.as_deref(), step.value.as_deref());
    let timestamp = step.timestamp.or(Some(due));
    writer
        .append(&Append { topic: &step.topic, partition: None, key, value, headers: &[], timestamp })
        .unwrap();
}

/// Writes the steps that are asked for, as if they had been written when they were due.
fn feed(deployment: &Deployment, plan: &Plan, begins: Time, wanted: impl Fn(&Step, Span) -> bool) {
    let log = deployment.log();
    let mut writer = log.writer().unwrap();
    let mut now = begins;
    for step in plan.steps(begins) {
        now = now + Span::from_millis(i64::try_from(step.after).unwrap());
        if wanted(&step, now.since(begins)) {
            write(&mut *writer, &step, now);
        }
    }
    writer.flush().unwrap();
}

/// A deployment that lived through a plan, of which the last third came with the changes of accounts.
fn lived(place: Place) -> Deployment {
    let plan = Plan::new(SEED, SIZE);
    let source =
        |source: winback_generate::trouble::Source| Source { name: source.name, preset: source.preset };
    let sources: Vec<Source> = plan.sources().into_iter().map(source).collect();
    let deployment = Deployment::new(place, &sources, Shape { partitions: 2, lanes: 2 });
    let plan = plan.named(&format!("{}-", deployment.name));
    for policy in plan.policies() {
        deployment.write(&format!("config/policies/{}", policy.file), policy.toml.as_bytes());
    }
    let log = deployment.log();
    plan.sources().iter().for_each(|source| create(&*log, &source.topic));
    deployment.import(&plan.accounts());
    let begins = SystemClock.now() - plan.lasts() - Span::from_secs(1);
    let early = |step: &Step, at: Span| step.planted.is_signal() && at < EARLY;
    feed(&deployment, &plan, begins, early);
    deployment.run();
    feed(&deployment, &plan, begins, |step, at| !early(step, at));
    deployment.run();
    deployment
}

fn last(ended: &Ended) -> serde_json::Value {
    ended.json().pop().expect("it ends with its verdict")
}

fn again(deployment: &Deployment, topic: &str, message: &Message) {
    let log = deployment.log();
    let mut writer = log.writer().unwrap();
    let mut headers = Vec::new();
    message.each_header(|name, value| headers.push((name.to_owned(), value.to_vec())));
    let headers: Vec<(&str, &[u8])> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
    let (key, value) = (message.key(), message.value());
    let (topic, partition) = (deployment.own(topic), Some(message.partition));
    writer
        .append(&Append { topic: &topic, partition, key, value, headers: &headers, timestamp: None })
        .unwrap();
    writer.flush().unwrap();
}

#[test]
fn verify_finds_a_run_over_generated_trouble_equal_and_names_what_is_planted_after_it() {
    for place in places("winback verify") {
        let deployment = lived(place);
        let facts = Facts::of(&deployment);
        let outcomes: BTreeSet<String> = facts.outcomes().into_keys().collect();
        for outcome in ["cooled", "duplicate", "escalated", "expired", "gated", "joined", "led"] {
            assert!(outcomes.contains(outcome), "no signal {outcome}: {outcomes:?}");
        }
        assert_eq!(difference(&facts.triggers, &replay(&deployment).triggers), None);
        let equal = deployment.ok(&["verify"]).says(&["partition", "decisions", "equal: what is committed"]);
        assert!(equal.err.is_empty(), "{}", equal.err);
        let verdict = last(&deployment.ok(&["verify", "--json"]));
        assert_eq!((&verdict["equal"], &verdict["differences"]), (&true.into(), &0.into()), "{verdict}");
        println!("{}: {} records, {:?}", deployment.url, verdict["records"], facts.outcomes());

        let triggers = messages_of(&deployment, "triggers");
        let doubled = &triggers[triggers.len() / 2];
        let wire = v1::Trigger::from_bytes(doubled.value().unwrap()).unwrap();
        again(&deployment, "triggers", doubled);
        let account = wire.account.unwrap().id;
        let told = deployment.call(&["verify"]).expect(1);
        told.says(&["trigger doubled", &wire.id, &account, "1 difference", "again at"]);
        let told = deployment.call(&["verify", "--json"]).expect(1);
        assert_eq!(last(&told)["differences"], 1);
        let named = told.json().into_iter().find(|line| line["kind"] == "trigger_doubled").unwrap();
        assert_eq!((named["id"].as_str(), named["account"].as_str()), (Some(&*wire.id), Some(&*account)));
    }
}

#[test]
fn verify_goes_on_from_its_checkpoint_and_does_not_believe_a_torn_one() {
    for place in places("winback verify --checkpoint") {
        let deployment = lived(place);
        let verify = || deployment.ok(&["verify", "--json", "--checkpoint", "verified"]);
        let all = last(&verify())["records"].as_u64().unwrap();
        deployment.run();
        let second = last(&verify());
        assert_eq!((&second["equal"], &second["checkpointWritten"]), (&true.into(), &true.into()));
        assert!(second["records"].as_u64().unwrap() < all / 2, "{all} at first, then {second}");
        let whole = std::fs::read(deployment.path("verified")).unwrap();
        deployment.write("verified", &whole[..whole.len() / 2]);
        let third = last(&verify());
        assert!(third["notes"][0].as_str().unwrap().contains("torn or changed"), "{third}");
        assert!(third["equal"] == true && third["records"].as_u64().unwrap() >= all, "{third}");
    }
}

#[test]
fn verify_of_a_log_where_nothing_ran_says_so() {
    let deployment = Deployment::new(Place::File, &[Source { name: "web", preset: "web" }], Shape::ONE);
    deployment.call(&["verify"]).expect(1).says(&["nothing has run here yet"]);
    deployment.ok(&["topics", "apply"]);
    deployment.ok(&["verify"]).says(&["equal", "0 inbox records"]);
}
