//! The input: generated page views, and the index of generated accounts that some of them match.

use std::sync::Arc;

use winback_core::index::{IndexChange, SharedIndex};
use winback_core::time::Span;
use winback_generate::{GenerateSpec, Generator, Shape, SourceSpec};
use winback_log::{Append, Clock as _, SharedLog, SystemClock};
use winback_registrar::{Row, read_row};

const SEED: u64 = 7;

/// So many page views in Segment's format, of which about 3 in 100 are of one of the accounts.
pub(super) fn page_views(topic: &str, accounts: u64, signals: u64) -> GenerateSpec {
    let source = SourceSpec { name: "web".to_owned(), topic: topic.into(), shape: Shape::Segment };
    GenerateSpec::new(SEED, (accounts, signals), SystemClock.now(), Span::from_days(1), vec![source])
}

/// Writes the signals, and says how many bytes one has.
pub(super) fn write(log: &SharedLog, spec: &GenerateSpec) -> anyhow::Result<u64> {
    let mut writer = log.writer()?;
    let (mut bytes, mut count) = (0, 0);
    for signal in Generator::new(spec).signals() {
        let key = signal.key.as_deref().map(str::as_bytes);
        let (value, timestamp) = (Some(signal.value.as_slice()), Some(signal.append_time));
        writer.append(&Append {
            topic: &signal.topic,
            partition: None,
            key,
            value,
            headers: &[],
            timestamp,
        })?;
        bytes += signal.value.len() as u64;
        count += 1;
    }
    writer.flush()?;
    Ok(bytes / count.max(1))
}

/// The index of all accounts of the spec.
pub(super) fn index(spec: &GenerateSpec) -> anyhow::Result<Arc<SharedIndex>> {
    let index = Arc::new(SharedIndex::new());
    let mut batch = Vec::new();
    for (record, version) in Generator::new(spec).accounts().zip(1..) {
        if let Row::Put(account, _) = read_row(&record.value, version)? {
            batch.push(account);
        }
        if batch.len() == 1_000 {
            index.apply(std::mem::take(&mut batch).iter().map(|account| IndexChange::Put(account)));
        }
    }
    index.apply(batch.iter().map(|account| IndexChange::Put(account)));
    Ok(index)
}
