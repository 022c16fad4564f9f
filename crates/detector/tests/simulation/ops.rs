//! The events of a schedule, as data: a schedule is a list of them, and can be shortened.

use winback_log_embedded::Fault;

use crate::dice::Dice;

/// Accounts of the simulation.
pub(crate) const ACCOUNTS: [&str; 4] = ["acme", "borealis", "cobalt", "dunes"];
/// Inputs that the inbox's clock waits for.
pub(crate) const INPUTS: [&str; 2] = ["web:visits/0", "mail:opens/0"];
/// Lanes that there may be, by transactional id.
pub(crate) const LANES: [&str; 3] = ["one", "two", "three"];

/// One abort more, and a lane could rightly hold a record to be one that no transaction takes.
const MOST_ABORTS: usize = 3;
const FAULTS: [Fault; 12] = [
    Fault::CommitUnknownApplied,
    Fault::CommitUnknownDropped,
    Fault::CommitUnknownLater,
    Fault::CommitUnknownLater,
    Fault::CommitAborted,
    Fault::CommitExpelled,
    Fault::CommitFenced,
    Fault::AppendFails,
    Fault::AbortUnknown,
    Fault::PollFails,
    Fault::ReadFails,
    Fault::StaleDelivery,
];

/// The content of an account's own record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Listed,
    Gone,
    Erased,
    Churned,
    Declined,
    OptedOut,
    Reactivated,
    Unanswered,
}

/// One step of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Op {
    /// A signal of an account comes to the inbox, dated some minutes before it arrived.
    Signal { account: usize, id: u8, strength: u8, minutes_late: i64, input: usize },
    /// An input is so many minutes further.
    Progress { input: usize, minutes: i64 },
    /// All inputs are so many days further: entries of the calendar come due.
    Days(u8),
    /// A release comes to every partition, dated some days before it arrived.
    Event { id: u8, days_late: u8 },
    /// A record about an account.
    Say { account: usize, word: Word },
    /// A new version of the policy, with that quiet time.
    Policy { quiet_minutes: u8 },
    /// A policy is put into shadow beside the one in force, or its shadow ends.
    Shadow(bool),
    /// Starting triggers are held, or let go.
    Hold(bool),
    /// Bytes that are no record of the inbox.
    Garbage { partition: i32 },
    /// A record in the partition that its key does not hash to.
    Astray { account: usize },
    /// A lane turns; one that is not there is started.
    Turn { lane: usize, times: u8 },
    /// The world's time passes.
    Pass { millis: i64 },
    /// A member's clock is set, forward or back; the one behind the lanes' is the log's.
    SetClock { member: usize, seconds: i64 },
    /// The lane's next matching step fails.
    Fail { lane: usize, fault: Fault },
    /// The group has not heard of the lane for too long.
    Expel { lane: usize },
    /// The lane's late transaction arrives.
    Arrive { lane: usize },
    /// The lane's late transaction never arrives.
    Expire { lane: usize },
    /// The lane's process is gone, memory and all.
    Kill { lane: usize },
    /// Another process takes the lane's transactional id while the lane lives on and does not know.
    Replace { lane: usize },
    /// The lanes that were replaced turn once more.
    Haunt,
    /// The lane is asked to end.
    Drain { lane: usize },
    /// The log compacts.
    Compact,
}

/// The setup of the lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The number of lanes.
    pub(crate) lanes: usize,
    /// The most records of a poll.
    pub(crate) poll_max: usize,
    /// The most records of a transaction.
    pub(crate) max_records: usize,
}

/// A run's whole plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    pub(crate) shape: Shape,
    pub(crate) ops: Vec<Op>,
}

impl Schedule {
    /// The schedule of that seed.
    pub(crate) fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let shape = Shape {
            lanes: dice.between(2, LANES.len() + 1),
            poll_max: dice.of(&[1, 2, 3, 5, 50]),
            max_records: dice.of(&[1, 2, 4, 50_000]),
        };
        let length = dice.between(12, 48_usize);
        let mut ops = Vec::with_capacity(length);
        while ops.len() < length {
            let op = op(&mut dice, shape.lanes);
            ops.push(op);
            if let Op::Fail { lane, fault: Fault::CommitUnknownLater } = op {
                ops.extend(in_flight(&mut dice, lane, shape.lanes));
            }
        }
        ops.iter_mut().filter(|op| op.aborts()).skip(MOST_ABORTS).for_each(|op| *op = Op::Compact);
        Self { shape, ops }
    }
}

impl Op {
    const fn aborts(&self) -> bool {
        matches!(
            self,
            Self::Fail { fault: Fault::CommitAborted | Fault::CommitExpelled | Fault::AppendFails, .. }
        )
    }
}

fn op(dice: &mut Dice, lanes: usize) -> Op {
    let account = dice.between(0, ACCOUNTS.len());
    let input = dice.between(0, INPUTS.len());
    let lane = dice.between(0, lanes);
    match dice.between(0, 100_u8) {
        0..27 => signal(dice, account, input),
        27..33 => Op::Progress { input, minutes: dice.between(1_u8, 25).into() },
        33 => Op::Days(dice.between(1, 60)),
        34 => {
            let days_late = if dice.one_in(4) { 100 } else { dice.between(0, 3) };
            Op::Event { id: dice.between(0, 4), days_late }
        }
        35..39 => Op::Say { account, word: word(dice) },
        39 => Op::Policy { quiet_minutes: dice.between(5, 20) },
        40 => Op::Shadow(!dice.one_in(3)),
        41..43 => Op::Hold(dice.one_in(2)),
        43 => Op::Garbage { partition: dice.between(0_u8, 2).into() },
        44 => Op::Astray { account },
        45..68 => Op::Turn { lane, times: dice.between(1, 5) },
        68..76 => Op::Pass { millis: dice.of(&[5, 25, 60, 110, 600, 1_500]) },
        76..85 => Op::Fail { lane, fault: dice.of(&FAULTS) },
        85..88 => Op::Expel { lane },
        88..91 => Op::Arrive { lane },
        91 => Op::Expire { lane },
        92..94 => Op::Kill { lane },
        94 => Op::Replace { lane },
        95 => Op::Haunt,
        96 => Op::Drain { lane },
        97 | 98 => Op::Compact,
        _ => {
            let seconds = dice.of(&[-86_400, -3_600, -30, -1, 1, 30, 3_600, 86_400]);
            Op::SetClock { member: dice.between(0, LANES.len() + 1), seconds }
        }
    }
}

/// The events while a transaction is on its way: its lane goes, another takes over, and then it arrives or not.
fn in_flight(dice: &mut Dice, lane: usize, lanes: usize) -> [Op; 6] {
    let gone = [Op::Expel { lane }, Op::Kill { lane }, Op::Replace { lane }, Op::Haunt];
    let other = (lane + dice.between(1, lanes)) % lanes;
    [
        signal(dice, lane, 0),
        Op::Turn { lane, times: 9 },
        dice.of(&gone),
        dice.of(&[Op::Fail { lane, fault: Fault::ArriveWhenAsked }, Op::Pass { millis: 25 }]),
        Op::Turn { lane: other, times: dice.between(1, 5) },
        dice.of(&[Op::Arrive { lane }, Op::Arrive { lane }, Op::Expire { lane }]),
    ]
}

fn signal(dice: &mut Dice, account: usize, input: usize) -> Op {
    let late = dice.between(0_u8, 50);
    let minutes_late = if dice.one_in(40) { 100_000 } else { i64::from(late) - 10 };
    let minutes_late = if dice.one_in(60) { -100_000 } else { minutes_late };
    Op::Signal { account, id: dice.between(0, 30), strength: dice.between(0, 3), minutes_late, input }
}

fn word(dice: &mut Dice) -> Word {
    dice.of(&[
        Word::Listed,
        Word::Gone,
        Word::Erased,
        Word::Churned,
        Word::Churned,
        Word::Declined,
        Word::OptedOut,
        Word::Reactivated,
        Word::Unanswered,
    ])
}
