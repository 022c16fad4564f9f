//! The detector's rows, as records of the new inbox.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use winback_core::debounce::{Event, Hold, PolicyRecord, StateKey, StateRow, VersionKey};
use winback_core::ids::{Offset, Partition, PolicyName};
use winback_core::time::Time;
use winback_deployment::{Context, scan};
use winback_log::partitioner::partition_of;
use winback_log::{Append, Log, Writer};
use winback_oracle::{Options, restored_rows};
use winback_proto::{Encoding, WireMessage as _, inbox};

/// The amount to move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Accounts that the detector knows, also those that left the list.
    pub accounts: u64,
    /// Open bursts.
    pub bursts: u64,
    /// Quiet times.
    pub quiet: u64,
    /// Remembered ids of signals.
    pub seen: u64,
    /// Policies and holds.
    pub policies: u64,
}

impl Counts {
    fn add(&mut self, row: &StateRow) {
        match row {
            StateRow::Account(_) => self.accounts += 1,
            StateRow::Machine(machine) => {
                self.bursts += u64::from(machine.burst.is_some());
                self.quiet += u64::from(machine.cooldown.is_some());
            }
            StateRow::Seen(_) => self.seen += 1,
            StateRow::Policy(_) | StateRow::Hold(_) => self.policies += 1,
            // Other rows are carried, and counted nowhere.
            _ => {}
        }
    }
}

/// The state of a log, a partition after the other.
fn each(
    context: &Context,
    from: &dyn Log,
    mut visit: impl FnMut(StateKey, StateRow) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    for partition in scan::partitions(from, &context.topics.changelog)? {
        for (key, row) in restored_rows(from, &partition, Options::default().patience)? {
            visit(key, row)?;
        }
    }
    Ok(())
}

/// The amount to move; policies and holds, which every partition has, count once.
pub fn count(context: &Context, from: &dyn Log) -> anyhow::Result<Counts> {
    let (mut counts, mut common) = (Counts::default(), BTreeSet::new());
    each(context, from, |key, row| {
        if key.account().is_some() || common.insert(key) {
            counts.add(&row);
        }
        Ok(())
    })?;
    Ok(counts)
}

/// Writes the rows into the new inbox; `partitions` is how many it has.
///
/// # Errors
/// When a log is away, or the state is not understood.
pub fn carry(context: &Context, from: &dyn Log, to: &dyn Log, partitions: i32) -> anyhow::Result<Counts> {
    let mut importer = Importer { context, writer: to.writer()?, counts: Counts::default(), partitions };
    let mut shared = SharedRows::default();
    each(context, from, |key, row| match shared.take(key, row) {
        None => Ok(()),
        Some((key, row)) => importer.own(&mut shared, &key, &row),
    })?;
    importer.shared(&mut shared)?;
    importer.writer.flush()?;
    Ok(Counts { policies: (shared.policies.len() + shared.holds.len()) as u64, ..importer.counts })
}

/// The rows that are no account's, and have to come to each partition of the new inbox.
#[derive(Default)]
struct SharedRows {
    policies: BTreeMap<VersionKey, Arc<PolicyRecord>>,
    holds: BTreeSet<String>,
    /// Fan-outs, each with the time, the source and the id of its event.
    events: Vec<((Time, String, String), StateRow)>,
    /// The memory of events, which each partition has.
    seen: BTreeMap<StateKey, StateRow>,
    /// The versions of policies under which bursts are open, by the new partition.
    used: BTreeSet<(i32, VersionKey)>,
}

impl SharedRows {
    /// Keeps a row that is no account's; any other is given back.
    fn take(&mut self, key: StateKey, row: StateRow) -> Option<(StateKey, StateRow)> {
        match (&key, &row) {
            (StateKey::Policy(version), StateRow::Policy(record)) => {
                self.policies.insert(version.clone(), record.clone());
            }
            (StateKey::Hold(policy), _) => {
                self.holds.insert(policy.clone());
            }
            (StateKey::Event(_), StateRow::Event(fan_out)) => {
                let Event { append_time, source, id, .. } = &fan_out.event;
                let of = (*append_time, source.clone(), id.clone());
                self.events.push((of, row));
            }
            (StateKey::Seen(_), StateRow::Seen(seen)) if key.account().is_none() => {
                // The longest memory, where partitions of the old log remember it differently.
                let known = self.seen.get(&key);
                if !matches!(known, Some(StateRow::Seen(known)) if known.until >= seen.until) {
                    self.seen.insert(key, row);
                }
            }
            // The clock begins anew when the readers there have reported: it waits for no input that is not there.
            (StateKey::Clock, _) => {}
            _ => return Some((key, row)),
        }
        None
    }

    /// The versions that a partition needs: the newest of each policy, an older one where a burst is open under it (R13), and
    /// what ends a shadow where a burst of it is open.
    fn policies_of(&self, partition: i32) -> impl Iterator<Item = (&VersionKey, &Arc<PolicyRecord>)> {
        let newest: BTreeMap<&PolicyName, u32> =
            self.policies.keys().map(|key| (&key.policy, key.version)).collect();
        self.policies.iter().filter(move |(version, record)| {
            if record.is_end() {
                let is_open =
                    |(at, own): &(i32, VersionKey)| (*at, &own.policy) == (partition, &version.policy);
                return self.used.iter().any(is_open);
            }
            newest.get(&version.policy) == Some(&version.version)
                || self.used.contains(&(partition, (*version).clone()))
        })
    }
}

/// Writes rows as records of the new inbox, and counts them.
struct Importer<'a> {
    context: &'a Context,
    writer: Box<dyn Writer>,
    counts: Counts,
    partitions: i32,
}

impl Importer<'_> {
    /// The row of an account. The policy of an open burst is noted with the partition that it goes to.
    fn own(&mut self, shared: &mut SharedRows, key: &StateKey, row: &StateRow) -> anyhow::Result<()> {
        if let (StateKey::Machine(machine_key), StateRow::Machine(machine), Some(account)) =
            (key, row, key.account())
            && let Some(burst) = &machine.burst
        {
            let partition = partition_of(account.as_str().as_bytes(), self.partitions).0;
            shared.used.insert((partition, VersionKey::of(&machine_key.policy, burst.policy_version)));
        }
        self.row(None, key, row)
    }

    /// The rows that each partition gets.
    fn shared(&mut self, shared: &mut SharedRows) -> anyhow::Result<()> {
        // Each partition of the old log brings its row of an event; the new one takes them together.
        shared.events.sort_by(|(left, _), (right, _)| left.cmp(right));
        shared.seen.values().for_each(|row| self.counts.add(row));
        for number in 0..self.partitions {
            for (version, record) in shared.policies_of(number) {
                let key = StateKey::Policy(version.clone());
                self.row(Some(number), &key, &StateRow::Policy(record.clone()))?;
            }
            for (_, row) in &shared.events {
                self.row(Some(number), &StateKey::Event(Offset::ZERO), row)?;
            }
            for (key, row) in &shared.seen {
                self.append(Some(number), key, row)?;
            }
            for policy in &shared.holds {
                self.row(Some(number), &StateKey::Hold(policy.clone()), &StateRow::Hold(Hold))?;
            }
        }
        Ok(())
    }

    fn row(&mut self, partition: Option<i32>, key: &StateKey, row: &StateRow) -> anyhow::Result<()> {
        self.counts.add(row);
        self.append(partition, key, row)
    }

    fn append(&mut self, partition: Option<i32>, key: &StateKey, row: &StateRow) -> anyhow::Result<()> {
        let encoding: Encoding = self.context.config.encoding.into();
        let bytes = inbox::carried_to_wire(key, row).to_bytes(encoding);
        Ok(self.writer.append(&Append {
            topic: &self.context.topics.inbox,
            partition: partition.map(Partition),
            key: key.account().map(|id| id.as_str().as_bytes()),
            value: Some(&bytes),
            headers: &[("content-type", encoding.content_type().as_bytes())],
            timestamp: None,
        })?)
    }
}
