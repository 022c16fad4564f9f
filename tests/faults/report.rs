//! The actions and observations of a run, for the terminal and for `docs/faults/REPORT.md`.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use crate::compare::Compared;
use crate::failover::Failover;
use crate::nemesis::Blows;

/// One round of T1.
pub(crate) struct Round {
    pub(crate) seed: u64,
    pub(crate) blows: Blows,
    pub(crate) compared: Compared,
    /// Records of aborted transactions, by topic.
    pub(crate) aborted: BTreeMap<&'static str, usize>,
    pub(crate) failover: Failover,
    /// The output of members that ended by themselves.
    pub(crate) ended: Vec<String>,
    pub(crate) took: Duration,
}

impl Round {
    fn aborted(&self) -> usize {
        self.aborted.values().sum()
    }
}

impl Display for Round {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "T1 seed {} in {} s: {}", self.seed, self.took.as_secs(), self.blows)?;
        writeln!(f, "  equal to the oracle: {}", self.compared.line())?;
        writeln!(f, "  records of aborted transactions: {:?}", self.aborted)?;
        writeln!(f, "  failover: {}", self.failover.line())?;
        write!(f, "  ended by themselves and started again: {} {:?}", self.ended.len(), self.ended)
    }
}

/// A long run so far.
pub(crate) struct Report {
    pub(crate) seed: u64,
    pub(crate) kills: usize,
    pub(crate) rounds: Vec<Round>,
    /// Runs of the other tests, a line each.
    pub(crate) others: Vec<String>,
}

impl Report {
    /// Writes it to `docs/faults/REPORT.md`, or to `FAULTS_REPORT`.
    pub(crate) fn write(&self) {
        let usual = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/faults/REPORT.md");
        let path = std::env::var_os("FAULTS_REPORT").map_or_else(|| PathBuf::from(usual), PathBuf::from);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, self.markdown()).unwrap();
    }

    fn markdown(&self) -> String {
        let date = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M UTC");
        let mut text = format!(
            "# Fault run of {date}\n\n\
             Written by `make faults`; what it does and what it holds against what is in [tests/README.md](../../tests/README.md). \
             Seed {seed}, {wanted} kills asked for; round n has the seed {seed} + n, and \
             `make faults SEED=… KILLS=100 PARTS=T1` repeats one.\n",
            seed = self.seed,
            wanted = self.kills,
        );
        if !self.rounds.is_empty() {
            self.kills(&mut text);
            self.table(&mut text);
            self.endings(&mut text);
        }
        if !self.others.is_empty() {
            writeln!(text, "\n## Brokers that die, and members that come and go\n").unwrap();
            self.others.iter().for_each(|line| writeln!(text, "- {line}").unwrap());
        }
        text
    }

    fn kills(&self, text: &mut String) {
        let mut all = Blows::default();
        self.rounds.iter().for_each(|round| all.merge(&round.blows));
        let sum = |of: fn(&Round) -> usize| self.rounds.iter().map(of).sum::<usize>();
        let (records, triggers) =
            (sum(|round| round.compared.records), sum(|round| total(&round.compared.triggers)));
        let (aborted, ended) = (sum(Round::aborted), sum(|round| round.ended.len()));
        let (decisions, rows) = (sum(|round| round.compared.decisions), sum(|round| round.compared.rows));
        write!(
            text,
            "\n## T1: members that are killed, on one broker\n\n\
             Blows: {all}.\n\n\
             Compared in {rounds} rounds, all equal: {records} records of sources, {triggers} triggers and {decisions} \
             decisions with a replay of the pure core over the inbox, to the byte; {rows} rows of state with the \
             changelog's; matched signals with what was fed; actions with triggers; dead letters with records that are \
             none. No id twice, no cap exceeded, nothing behind the committed positions.\n\n\
             A read-uncommitted pass found {aborted} records of aborted transactions that a read-committed one does not \
             see: the kills hit open transactions. Members that ended by themselves and were started again: {ended}.\n\n",
            rounds = self.rounds.len(),
        )
        .unwrap();
    }

    fn table(&self, text: &mut String) {
        text.push_str(
            "Failover is the time until views of accounts of all inbox partitions, appended to all partitions of all \
             sources right after the blow, are decided.\n\n\
             | seed | blows | records | triggers | decisions | aborted | SIGKILL, same ids | SIGKILL, another | SIGTERM, another |\n\
             |---|---|---|---|---|---|---|---|---|\n",
        );
        for round in &self.rounds {
            let Round { seed, blows, compared, failover, .. } = round;
            let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
            let (same, another) = (seconds(failover.same_ids), seconds(failover.another));
            let (asked, triggers) = (seconds(failover.asked), total(&compared.triggers));
            let (records, decisions, aborted) = (compared.records, compared.decisions, round.aborted());
            writeln!(
                text,
                "| {seed} | {blows} | {records} | {triggers} | {decisions} | {aborted} | {same} | {another} | {asked} |"
            )
            .unwrap();
        }
    }

    fn endings(&self, text: &mut String) {
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        let ended = self.rounds.iter().flat_map(|round| &round.ended);
        ended.for_each(|end| *kinds.entry(kind(end)).or_default() += 1);
        if !kinds.is_empty() {
            writeln!(text, "\nWhat members said that ended by themselves:\n").unwrap();
            kinds.iter().for_each(|(end, count)| writeln!(text, "- {count}: `{end}`").unwrap());
        }
    }
}

/// A message without the names in it, so that equal ends are counted together.
fn kind(end: &str) -> String {
    let outside = |(at, part): (usize, &str)| if at % 2 == 0 { part.to_owned() } else { "…".to_owned() };
    end.split('`').enumerate().map(outside).collect::<Vec<_>>().join("`")
}

fn total(counts: &BTreeMap<String, u64>) -> usize {
    usize::try_from(counts.values().sum::<u64>()).unwrap()
}
