//! Things that must not matter: the cut of batches and the kills of lanes; the number of partitions and lanes.

use crate::dice::{Dice, seed};
use crate::outputs::{lists, trigger_in_words};
use crate::pipeline::{Plan, run};
use crate::visits::visits;

const ROUNDS: u64 = 12;
const VISITS: usize = 150;

#[test]
fn other_batches_and_restarts_give_the_same_triggers_to_the_byte() {
    let first = seed();
    println!("metamorphic: seed {first}");
    let (mut triggers, mut kills) = (0, 0);
    for seed in (0..ROUNDS).map(|nth| first.wrapping_add(nth)) {
        let visits = visits(seed, VISITS);
        let plain = run(Plan::PLAIN, &visits, &[]);
        triggers += plain.outputs.triggers.len();
        for (poll_max, max_records, killed_one_in, detectors) in [
            (1, 50_000, None, 1),
            (7, 3, None, 2),
            (50, 1, Some(40), 2),
            (4_096, 50_000, Some(15), 1),
            (3, 10, Some(25), 3),
        ] {
            let plan = Plan { poll_max, max_records, killed_one_in, detectors, seed, ..Plan::PLAIN };
            let other = run(plan, &visits, &[]);
            kills += other.kills;
            let show = |bytes: &&[u8]| trigger_in_words(bytes);
            let differs = lists("triggers", &plain.outputs.fired(), &other.outputs.fired(), show);
            assert_eq!(differs, None, "SIMULATION_SEED={seed}: {plan:?} beside {:?}", Plan::PLAIN);
            assert_eq!(plain.matched, other.matched, "SIMULATION_SEED={seed}: {plan:?}");
        }
    }
    println!("metamorphic: {triggers} triggers five times over, {kills} kills");
    assert!(triggers > 0 && kills > 0);
}

#[test]
fn other_partitions_and_lanes_give_the_same_matches_and_each_run_is_the_cores() {
    let first = seed();
    println!("metamorphic: seed {first}");
    for seed in (0..ROUNDS).map(|nth| first.wrapping_add(nth)) {
        let visits = visits(seed, VISITS);
        let mut dice = Dice::new(seed);
        let expected = run(Plan::PLAIN, &visits, &[]).matched;
        assert!(!expected.is_empty());
        for (visits_partitions, inbox_partitions) in [(1, 1), (2, 3), (5, 2), (8, 4)] {
            let plan = Plan {
                visits_partitions,
                inbox_partitions,
                matchers: dice.between(1, 4),
                detectors: dice.between(1, 4),
                poll_max: dice.of(&[1, 5, 4_096]),
                max_records: dice.of(&[2, 50_000]),
                killed_one_in: dice.of(&[None, Some(30)]),
                seed,
            };
            let differs = lists("matches", &expected, &run(plan, &visits, &[]).matched, Clone::clone);
            assert_eq!(differs, None, "SIMULATION_SEED={seed}: {plan:?}");
        }
    }
}
