//! T1: two or three members under a nemesis, while views and events are fed.

use std::time::{Duration, Instant};

use crate::compare::settled;
use crate::failover;
use crate::feed::{Feeder, Plan};
use crate::field::{SESSION, SETTINGS, deployment, shared_broker};
use crate::members::Members;
use crate::nemesis::{Blow, Nemesis};
use crate::passes;
use crate::report::Round;

/// Of the short form: each kind of blow is in it several times.
const SEED: u64 = 5;
/// Kills of the short form.
const KILLS: usize = 25;
/// Records a second.
const PACE: u32 = 50;
/// Members at most.
const MOST: usize = 3;
/// Before the first blow all is under way.
const CALM: Duration = Duration::from_secs(3);

/// One round: a fresh deployment, so many kills, and all that can be said about it afterwards.
pub(crate) fn round(url: &str, seed: u64, kills: usize) -> Round {
    let deployment = deployment(Some(url.to_owned()), &SETTINGS);
    println!("T1 seed {seed}: {kills} kills on {}, deployment {}", deployment.url, deployment.name);
    let began = Instant::now();
    let feeder = Feeder::start(&deployment, Plan::new(seed, PACE));
    let mut members = Members::new(&deployment, MOST);
    members.start(0);
    members.start(1);
    members.wait(CALM);
    let mut nemesis = Nemesis::new(seed, SESSION);
    nemesis.rage(&mut members, kills);
    members.stop();
    let fed = feeder.stop();
    assert_eq!(fed.unsure, 0, "seed {seed}: the broker was there all the time");
    let failover = failover::measured(&deployment);
    let compared = settled(&deployment, seed);
    deployment.ok(&["verify"]).says(&["equal"]);
    passes::stable(&deployment);
    assert!(compared.records >= fed.records, "seed {seed}: {} records of {}", compared.records, fed.records);
    let (aborted, ended) = (passes::aborted(&deployment), std::mem::take(&mut members.ended));
    let round =
        Round { seed, blows: nemesis.blows, compared, aborted, failover, ended, took: began.elapsed() };
    println!("{round}");
    round
}

#[test]
fn triggers_are_those_of_one_undisturbed_process_however_often_members_are_killed() {
    let Some(broker) = shared_broker("members that are killed") else { return };
    let round = round(&broker.url(), SEED, KILLS);
    assert!(round.blows.of(Blow::Kill) >= KILLS);
    for blow in [Blow::Terminate, Blow::Zombie, Blow::Starve, Blow::Join] {
        assert!(round.blows.of(blow) > 0, "{blow:?} is among the blows: {}", round.blows);
    }
    assert!(round.aborted.values().sum::<usize>() > 0, "kills hit open transactions: {:?}", round.aborted);
    assert!(round.compared.told > 0 && round.compared.in_shadow > 0, "{}", round.compared.line());
    for edge in ["leading", "trailing", "update", "escalation"] {
        assert!(round.compared.triggers.contains_key(edge), "{edge} is among {:?}", round.compared.triggers);
    }
}
