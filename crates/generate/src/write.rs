//! The way of generated records into a log or into files.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use indicatif::ProgressBar;
use winback_log::{Append, Log};

use super::{GenerateSpec, Generator, Shape, SourceSpec};

/// Records by topic, or by file.
pub type Counts = BTreeMap<String, u64>;

/// Appends everything: accounts first, stamped with the start, then signals, stamped with when they arrive.
///
/// # Errors
/// When the log is away or a topic is missing.
pub fn to_log(
    log: &dyn Log,
    accounts_topic: &str,
    spec: &GenerateSpec,
    bar: &ProgressBar,
) -> anyhow::Result<Counts> {
    let generator = Generator::new(spec);
    let mut counts =
        empty(std::iter::once(accounts_topic).chain(spec.sources().iter().map(|source| &*source.topic)));
    let mut writer = log.writer()?;
    let headers = &[];
    for account in generator.accounts() {
        let (key, value) = (Some(account.id.as_bytes()), Some(account.value.as_slice()));
        let timestamp = Some(spec.start());
        writer.append(&Append { topic: accounts_topic, partition: None, key, value, headers, timestamp })?;
        count(&mut counts, accounts_topic, bar);
    }
    writer.flush()?;
    for signal in generator.signals() {
        let (key, value) = (signal.key.as_deref().map(str::as_bytes), Some(signal.value.as_slice()));
        let timestamp = Some(signal.append_time);
        writer.append(&Append { topic: &signal.topic, partition: None, key, value, headers, timestamp })?;
        count(&mut counts, &signal.topic, bar);
    }
    writer.flush()?;
    bar.finish_and_clear();
    Ok(counts)
}

/// Writes everything into files of that folder, one a source, as `winback ingest` and `winback accounts import` take
/// them.
///
/// # Errors
/// Names the file that cannot be written.
pub fn to_files(dir: &Path, spec: &GenerateSpec, bar: &ProgressBar) -> anyhow::Result<Counts> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make the folder {}", dir.display()))?;
    let generator = Generator::new(spec);
    let mut accounts = Lines::create(dir, "accounts.jsonl")?;
    let files = spec.sources().iter().map(|source| Lines::create(dir, &file_name(source)));
    let mut files = files.collect::<anyhow::Result<Vec<_>>>()?;
    let mut counts = empty(std::iter::once(&accounts).chain(&files).map(|lines| lines.name.as_str()));
    for account in generator.accounts() {
        accounts.push(&account.value)?;
        count(&mut counts, &accounts.name, bar);
    }
    for signal in generator.signals() {
        let lines = &mut files[signal.source];
        lines.push(&signal.value)?;
        count(&mut counts, &lines.name, bar);
    }
    for mut lines in std::iter::once(accounts).chain(files) {
        lines.file.flush().with_context(|| format!("cannot write {}", lines.path.display()))?;
    }
    bar.finish_and_clear();
    Ok(counts)
}

fn file_name(source: &SourceSpec) -> String {
    let ending = if source.shape == Shape::CombinedLog { "log" } else { "jsonl" };
    format!("{}.{ending}", source.name)
}

/// A file with a record a line.
struct Lines {
    name: String,
    path: PathBuf,
    file: BufWriter<File>,
}

impl Lines {
    fn create(dir: &Path, name: &str) -> anyhow::Result<Self> {
        let path = dir.join(name);
        let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { name: name.to_owned(), path, file: BufWriter::with_capacity(1 << 18, file) })
    }

    fn push(&mut self, line: &[u8]) -> anyhow::Result<()> {
        let written = self.file.write_all(line).and_then(|()| self.file.write_all(b"\n"));
        written.with_context(|| format!("cannot write {}", self.path.display()))
    }
}

fn empty<'n>(names: impl Iterator<Item = &'n str>) -> Counts {
    names.map(|name| (name.to_owned(), 0)).collect()
}

fn count(counts: &mut Counts, name: &str, bar: &ProgressBar) {
    if let Some(count) = counts.get_mut(name) {
        *count += 1;
    }
    bar.inc(1);
}
