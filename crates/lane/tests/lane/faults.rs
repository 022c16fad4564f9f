//! Whatever goes wrong, in whatever order: each record, and each element of one that is cut, is copied exactly once, in its
//! partition's order.

use proptest::prelude::*;
use winback_lane::{Lane, PartitionState};
use winback_log_embedded::Fault;

use crate::support::{COPIES, Echo, World};

const LANES: [&str; 3] = ["one", "two", "three"];
const PARTITIONS: i32 = 3;

#[derive(Clone, Debug)]
enum Op {
    Write(i32),
    /// A list of so many elements.
    WriteList(i32, usize),
    Turn(usize),
    Advance(i64),
    Fault(usize, Fault),
    Expel(usize),
    Kill(usize),
    Drain(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let fault = prop::sample::select(vec![
        Fault::CommitUnknownApplied,
        Fault::CommitUnknownDropped,
        Fault::CommitAborted,
        Fault::CommitFenced,
        Fault::AbortUnknown,
        Fault::PollFails,
    ]);
    prop_oneof![
        6 => (0..PARTITIONS).prop_map(Op::Write),
        2 => (0..PARTITIONS, 1..20usize).prop_map(|(partition, count)| Op::WriteList(partition, count)),
        20 => (0..LANES.len()).prop_map(Op::Turn),
        6 => (1..120i64).prop_map(Op::Advance),
        3 => (0..LANES.len(), fault).prop_map(|(lane, fault)| Op::Fault(lane, fault)),
        1 => (0..LANES.len()).prop_map(Op::Expel),
        1 => (0..LANES.len()).prop_map(Op::Kill),
        1 => (0..LANES.len()).prop_map(Op::Drain),
    ]
}

struct Run {
    world: World,
    lanes: Vec<Option<Lane<Echo>>>,
    merges: bool,
    /// Without a changelog, as a matcher and a registrar are.
    stateless: bool,
    written: Vec<Vec<String>>,
}

impl Run {
    fn new(merges: bool, stateless: bool) -> Self {
        let lanes = LANES.iter().map(|_| None).collect();
        let written = (0..PARTITIONS).map(|_| Vec::new()).collect();
        Self { world: World::new(PARTITIONS), lanes, merges, stateless, written }
    }

    fn turn(&mut self, at: usize) {
        let mut lane = self.lanes[at].take().unwrap_or_else(|| {
            let mut config = World::config();
            config.poll_max = 3;
            config.buffer_records = 4;
            config.commit.max_appends = 6;
            let role = Echo { merges: self.merges, stateless: self.stateless, ..Echo::default() };
            self.world.lane_with(LANES[at], role, config).unwrap()
        });
        match lane.turn() {
            Ok(_) => self.lanes[at] = Some(lane),
            // Fenced: the process exits and is started again.
            Err(error) => assert!(["fenced", "fatal"].contains(&error.kind()), "{error}"),
        }
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Write(partition) => {
                let list = &mut self.written[usize::try_from(partition).unwrap()];
                let value = format!("{partition}/{}", list.len());
                self.world.write(partition, &value, i64::try_from(list.len()).unwrap());
                list.push(value);
            }
            // The element of a position is kept in the changelog.
            Op::WriteList(partition, _) if self.stateless => self.apply(&Op::Write(partition)),
            Op::WriteList(partition, count) => {
                let list = &mut self.written[usize::try_from(partition).unwrap()];
                let first = list.len();
                let words: Vec<String> =
                    (first..first + count).map(|at| format!("{partition}/{at}")).collect();
                self.world.write(partition, &format!("[{}]", words.join(",")), i64::try_from(first).unwrap());
                list.extend(words);
            }
            Op::Turn(lane) => self.turn(lane),
            Op::Advance(millis) => self.world.clock.advance(millis),
            Op::Fault(lane, fault) => self.world.inner.inject(LANES[lane], fault),
            Op::Expel(lane) => drop(self.world.inner.expel(LANES[lane])),
            Op::Kill(lane) => self.lanes[lane] = None,
            Op::Drain(lane) => {
                if let Some(lane) = self.lanes[lane].take() {
                    let drained = lane.drain(std::time::Duration::from_secs(1));
                    drained.unwrap_or_else(|error| assert_eq!(error.kind(), "fenced", "{error}"));
                }
            }
        }
    }

    fn end(&mut self) {
        for _ in 0..400 {
            (0..LANES.len()).for_each(|lane| self.turn(lane));
            self.world.clock.advance(40);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_record_is_copied_exactly_once_and_in_order(
        ops in prop::collection::vec(op(), 1..200),
        merges: bool,
        stateless: bool,
    ) {
        let mut run = Run::new(merges, stateless);
        ops.iter().for_each(|op| run.apply(op));
        run.end();
        for partition in 0..PARTITIONS {
            let written = &run.written[usize::try_from(partition).unwrap()];
            prop_assert_eq!(&run.world.read(COPIES, partition), written);
        }
        for status in run.lanes.iter().flatten().map(|lane| lane.status().snapshot()) {
            prop_assert!(status.partitions.iter().all(|partition| partition.state == PartitionState::Running));
            prop_assert_eq!(status.dead_letters, 0);
        }
    }
}

#[test]
fn a_role_hears_when_its_commit_was_in_the_log() {
    let world = World::new(1);
    world.write(0, "one", 1_000_000);
    world.mischief.lock().unwrap().slow = Some((world.clock.clone(), 700));
    let mut lane = world.lane("one", Echo::default());
    world.settle(&mut lane).unwrap();
    let took: Vec<i64> = lane.role().took.iter().map(|span| span.millis()).collect();
    assert!(!took.is_empty() && took.iter().all(|millis| *millis == 700), "{took:?}");
}
