//! `kill -9` in the middle of a run, then the same command on the same log: nothing is lost or doubled.

use std::time::Duration;

use crate::data::{self, DataSet};
use crate::harness::{Deployment, Facts, Place, Shape, difference, end_of, eventually, places, replay, restored};
use crate::real_input::filled;

const DEADLINE: Duration = Duration::from_secs(60);
const KILLS: usize = 3;

/// Runs, and kills the run as soon as it has decided more; says whether it was still running then.
fn killed_in_the_middle(deployment: &Deployment) -> bool {
    let (log, topic) = (deployment.log(), deployment.own("decisions"));
    let before = if log.describe(&[&topic]).unwrap()[0].is_some() { end_of(&log, &topic) } else { 0 };
    let mut run = deployment.start(&["run", "--until-idle", "--json"]);
    let decided = || log.describe(&[&topic]).unwrap()[0].is_some() && end_of(&log, &topic) > before;
    eventually("the run decides something", DEADLINE, || (decided() || run.has_ended()).then_some(()));
    let running = !run.has_ended();
    run.kill();
    running
}

fn check(set: &DataSet, place: Place, shape: Shape, expected: &Facts) {
    let deployment = filled(set, place, shape);
    let kills = (0..KILLS).filter(|_| killed_in_the_middle(&deployment)).count();
    let at_kill = Facts::of(&deployment).decisions.len();
    deployment.run();
    let facts = Facts::of(&deployment);
    println!("{} on {}: {kills} kills, {at_kill} of {} decisions then", set.name, deployment.url, facts.decisions.len());
    assert!(kills > 0, "no kill came in the middle of a run");
    assert_eq!(difference(&expected.matched, &facts.matched), None, "matched with and without the kills");
    let replayed = replay(&deployment);
    assert_eq!(difference(&facts.triggers, &replayed.triggers), None, "triggers and the core over the inbox");
    assert_eq!(facts.decisions.len(), replayed.decisions.len());
    assert_eq!(difference(&restored(&deployment), &replayed.state), None, "the state and the core's");
    facts.assert_ids_are_unique();
    for part in 0..4 {
        let head: Vec<char> = crate::harness::messages_of(&deployment, "inbox").iter().filter(|m| m.partition.0 == part)
            .filter_map(|m| match winback_detector::read(m, 4).unwrap().body {
                winback_core::debounce::Body::Progress(p) => Some(if p.inputs.is_empty() { 'p' } else { 'P' }),
                winback_core::debounce::Body::Signal(_) => Some('s'),
                _ => None }).take(60).collect();
        println!("DEBUG {part} {}", head.iter().collect::<String>());
    }
    if shape.lanes == 1 {
        assert_eq!(difference(&expected.triggers, &facts.triggers), None, "triggers with and without the kills");
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
    let Some(kafka) = places("a run that is killed").pop().filter(|place| matches!(place, Place::Kafka(_))) else { return };
    killed(&set, kafka);
}
