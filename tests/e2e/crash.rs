//! `kill -9` in the middle of a run, then the same command on the same log: nothing is lost or doubled.

use std::time::Duration;

use crate::data::{self, DataSet};
use crate::harness::{
    Deployment, Facts, Place, Shape, difference, end_of, eventually, places, replay, restored,
};
use crate::real_input::filled;

const DEADLINE: Duration = Duration::from_secs(60);
/// The topic that grows before each kill: first the inbox, while accounts are still taken in, then the decisions.
const KILLED_AFTER: [&str; 3] = ["inbox", "decisions", "decisions"];

/// Runs, and kills the run as soon as that topic has risen; says whether it was still running then.
fn killed_in_the_middle(deployment: &Deployment, topic: &str) -> bool {
    let (log, topic) = (deployment.log(), deployment.own(topic));
    let end = || log.describe(&[&topic]).unwrap()[0].as_ref().map_or(0, |_| end_of(&log, &topic));
    let before = end();
    let mut run = deployment.start(&["run", "--until-idle", "--json"]);
    eventually("the run gets somewhere", DEADLINE, || (end() > before || run.has_ended()).then_some(()));
    let running = !run.has_ended();
    run.kill();
    running
}

fn check(set: &DataSet, place: Place, shape: Shape, expected: &Facts) {
    let deployment = filled(set, place, shape);
    let kill = |topic: &&str| {
        let running = killed_in_the_middle(&deployment, topic);
        running.then(|| Facts::of(&deployment).decisions.len())
    };
    let decided: Vec<usize> = KILLED_AFTER.iter().filter_map(kill).collect();
    deployment.run();
    let facts = Facts::of(&deployment);
    println!(
        "{} on {}: killed after {decided:?} of {} decisions",
        set.name,
        deployment.url,
        facts.decisions.len()
    );
    assert!(
        decided.iter().any(|count| *count < facts.decisions.len()),
        "no kill came before all was decided"
    );
    assert_eq!(difference(&expected.matched, &facts.matched), None, "matched with and without the kills");
    let replayed = replay(&deployment);
    assert_eq!(difference(&facts.triggers, &replayed.triggers), None, "triggers and the core over the inbox");
    assert_eq!(facts.decisions.len(), replayed.decisions.len());
    assert_eq!(difference(&restored(&deployment), &replayed.state), None, "the state and the core's");
    deployment.ok(&["verify"]).says(&["equal"]);
    facts.assert_ids_are_unique();
    if shape.lanes == 1 {
        assert_eq!(
            difference(&expected.triggers, &facts.triggers),
            None,
            "triggers with and without the kills"
        );
    }
    deployment.run();
    assert!(facts == Facts::of(&deployment), "a run after it adds nothing");
}

fn killed(set: &DataSet, place: Place) {
    let undisturbed = filled(set, Place::File, Shape::ONE);
    undisturbed.run();
    let expected = Facts::of(&undisturbed);
    for shape in [Shape::ONE, Shape::MANY] {
        check(set, place, shape, &expected);
    }
}

#[test]
fn a_run_that_is_killed_goes_on_with_nothing_lost_or_doubled_on_the_file() {
    let Some(set) = data::job_postings() else { return };
    killed(&set, Place::File);
}

#[test]
fn a_run_that_is_killed_goes_on_with_nothing_lost_or_doubled_on_kafka() {
    let Some(set) = data::job_postings() else { return };
    let Some(kafka) = places("a run that is killed").pop().filter(|place| matches!(place, Place::Kafka(_)))
    else {
        return;
    };
    killed(&set, kafka);
}
