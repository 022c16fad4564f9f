//! The detector's rows, as records of the new inbox.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use winback_core::debounce::{Event, Hold, PolicyRecord, StateKey, StateRow, VersionKey};
use winback_core::ids::{Offset, Partition, PolicyName};
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
    let mut carried = Carried { context, writer: to.writer()?, counts: Counts::default() };
    let mut policies: BTreeMap<VersionKey, Arc<PolicyRecord>> = BTreeMap::new();
    let (mut holds, mut events) = (BTreeSet::new(), Vec::new());
    let mut told: BTreeMap<StateKey, StateRow> = BTreeMap::new();
    let mut used: BTreeSet<(i32, VersionKey)> = BTreeSet::new();
    each(context, from, |key, row| match (&key, &row) {
        (StateKey::Policy(version), StateRow::Policy(record)) => {
            policies.insert(version.clone(), record.clone());
            Ok(())
        }
        (StateKey::Hold(policy), _) => {
            holds.insert(policy.clone());
            Ok(())
        }
        (StateKey::Event(_), StateRow::Event(fan_out)) => {
            let Event { append_time, source, id, .. } = &fan_out.event;
            let of = (*append_time, source.clone(), id.clone());
            events.push((of, row));
            Ok(())
        }
        // An event comes to every partition, and each has to know it again.
        (StateKey::Seen(_), StateRow::Seen(seen)) if key.account().is_none() => {
            // The longest memory, where partitions of the old log remember it differently.
            if !matches!(told.get(&key), Some(StateRow::Seen(known)) if known.until >= seen.until) {
                told.insert(key, row);
            }
            Ok(())
        }
        // The clock begins anew when the readers there have reported: it waits for no input that is not there.
        (StateKey::Clock, _) => Ok(()),
        _ => {
            let own = key.account().map(|id| partition_of(id.as_str().as_bytes(), partitions).0);
            if let (StateKey::Machine(machine_key), StateRow::Machine(machine), Some(own)) = (&key, &row, own)
                && let Some(burst) = &machine.burst
            {
                used.insert((own, VersionKey::of(&machine_key.policy, burst.policy_version)));
            }
            carried.row(None, &key, &row)
        }
    })?;
    // Each partition of the old log brings its row of an event; the new one takes them together.
    events.sort_by(|(left, _), (right, _)| left.cmp(right));
    told.values().for_each(|row| carried.counts.add(row));
    let newest: BTreeMap<&PolicyName, u32> = policies.keys().map(|key| (&key.policy, key.version)).collect();
    for number in 0..partitions {
        for (version, record) in &policies {
            // An older version goes where a burst is open under it (R13), and what ends a shadow where one of its is.
            let has_open = used.iter().any(|(at, own)| (*at, &own.policy) == (number, &version.policy));
            let wanted = if record.is_end() {
                has_open
            } else {
                newest.get(&version.policy) == Some(&version.version)
                    || used.contains(&(number, version.clone()))
            };
            if wanted {
                let key = StateKey::Policy(version.clone());
                carried.row(Some(number), &key, &StateRow::Policy(record.clone()))?;
            }
        }
        for (_, row) in &events {
            carried.row(Some(number), &StateKey::Event(Offset::ZERO), row)?;
        }
        for (key, row) in &told {
            carried.append(Some(number), key, row)?;
        }
        for policy in &holds {
            carried.row(Some(number), &StateKey::Hold(policy.clone()), &StateRow::Hold(Hold))?;
        }
    }
    carried.writer.flush()?;
    Ok(Counts { policies: (policies.len() + holds.len()) as u64, ..carried.counts })
}

struct Carried<'a> {
    context: &'a Context,
    writer: Box<dyn Writer>,
    counts: Counts,
}

impl Carried<'_> {
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
