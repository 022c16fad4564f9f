//! Policies on their way into the inbox: files at the start of a fresh deployment and at `policy apply`, records in
//! every partition from then on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use prost::Message as _;
use winback_core::debounce::{Policy, PolicyText, shadow};
use winback_core::ids::{Offset, Partition};
use winback_log::{Append, Log, Message, TopicPartition};
use winback_proto::v1::inbox_record::Body;
use winback_proto::{Encoding, WireMessage, inbox, v1};

use crate::config::{Config, ConfigError};
use crate::topics::Topics;

/// The policy of a deployment that has no files of its own.
pub(crate) const BUILT_IN: &str = include_str!("../../../config/policies/default.toml");

/// The policy files as they are now, by name: from `policies_dir`, or the one built in when there is no such folder.
///
/// # Errors
/// Names the file, the key, the value and the fix.
pub(crate) fn files(config: &Config) -> Result<BTreeMap<String, String>, ConfigError> {
    let dir = &config.policies_dir;
    if !dir.is_dir() {
        return Ok([("default".to_owned(), BUILT_IN.to_owned())].into());
    }
    let unreadable = |path: &Path, why| ConfigError::Unreadable { path: path.to_path_buf(), why };
    let paths = paths(dir)?;
    let mut files = BTreeMap::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(|why| unreadable(&path, why))?;
        let wrong = |text: String| ConfigError::Wrong { path: path.display().to_string(), text };
        let policy = parse(&path, &text)?;
        if files.insert(policy.name.to_string(), text).is_some() {
            return Err(wrong(format!(
                "name = \"{}\": another file has that name; names are unique",
                policy.name
            )));
        }
    }
    if files.is_empty() {
        let text = "no policy file: put one there, or name another folder in policies_dir".to_owned();
        return Err(ConfigError::Wrong { path: dir.display().to_string(), text });
    }
    Ok(files)
}

/// The policy files of a folder, by name.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn paths(dir: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    let entries =
        std::fs::read_dir(dir).map_err(|why| ConfigError::Unreadable { path: dir.to_path_buf(), why })?;
    let mut paths: Vec<_> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    paths.sort();
    Ok(paths)
}

/// A policy file; what is wrong with it names the file, the line, the key, the value and the fix.
///
/// # Errors
/// When it is no policy.
pub(crate) fn parse(path: &Path, toml: &str) -> Result<Policy, ConfigError> {
    Policy::parse(toml, 1).map_err(|error| {
        let (path, text) = error.located(&path.display().to_string(), toml);
        ConfigError::Wrong { path, text }
    })
}

/// The policies that were applied, by name. One without a text is a shadow that has ended.
///
/// # Errors
/// When the log is away or holds something else.
pub(crate) fn applied(log: &dyn Log, topics: &Topics) -> anyhow::Result<BTreeMap<String, PolicyText>> {
    let mut applied = BTreeMap::new();
    let mut reader = log.reader()?;
    let partition = TopicPartition::new(topics.policies.clone(), 0);
    reader.assign(&[(partition.clone(), Offset::ZERO)])?;
    let end = reader.ends(std::slice::from_ref(&partition))?.first().copied().unwrap_or(Offset::ZERO);
    let mut messages: Vec<Message> = Vec::new();
    while reader.position(&partition).is_none_or(|position| position < end) {
        reader.poll(100, std::time::Duration::from_millis(100), &mut messages)?;
        for message in messages.drain(..) {
            let Some(value) = message.value() else { continue };
            let wire = v1::PolicyVersion::from_bytes(value)?;
            applied.insert(
                wire.name.clone(),
                PolicyText { name: wire.name, version: wire.version, toml: wire.toml },
            );
        }
    }
    Ok(applied)
}

/// Puts the files into force where they differ from what was applied; says which, with their new versions. A version
/// in force ends the shadow beside it; one that still has a file begins anew.
///
/// The inbox comes first and the list of applied policies last: whoever dies between them does it again, and the
/// detector ignores a version that it has.
///
/// # Errors
/// When a file is wrong or the log is away.
pub(crate) fn apply(log: &dyn Log, config: &Config, topics: &Topics) -> anyhow::Result<Vec<(String, u32)>> {
    let files = files(config)?;
    let before = applied(log, topics)?;
    let mut changed: Vec<(String, u32)> = Vec::new();
    // A name comes before that of its shadow.
    for (name, toml) in files {
        let known = before.get(&name);
        let ended = changed.iter().any(|(changed, _)| shadow::shadow_of(changed) == name);
        if !ended && known.is_some_and(|known| known.toml == toml) {
            continue;
        }
        let version = known.map_or(1, |known| known.version + 1 + u32::from(ended));
        put(log, config, topics, &PolicyText { name: name.clone(), version, toml })?;
        if let Some(shadow) = before.get(&shadow::shadow_of(&name)).filter(|shadow| !shadow.toml.is_empty()) {
            // The inbox knows: the detector ends it at the record that was just put there.
            list(log, topics, &shadow::ended(&shadow.name, shadow.version + 1))?;
        }
        changed.push((name, version));
    }
    Ok(changed)
}

/// Puts a file in shadow beside the policy in force of its name; its name and version where that changes anything.
///
/// # Errors
/// When the file is wrong or the log is away.
pub(crate) fn apply_in_shadow(
    log: &dyn Log,
    config: &Config,
    topics: &Topics,
    path: &Path,
) -> anyhow::Result<Option<(String, u32)>> {
    let text = std::fs::read_to_string(path)
        .map_err(|why| ConfigError::Unreadable { path: path.to_path_buf(), why })?;
    let toml = shadow::as_shadow(&text);
    parse(path, &text)?;
    let name = parse(path, &toml)?.name.to_string();
    let before = applied(log, topics)?;
    let known = before.get(&name);
    if known.is_some_and(|known| known.toml == toml) {
        return Ok(None);
    }
    let version = known.map_or(1, |known| known.version + 1);
    put(log, config, topics, &PolicyText { name: name.clone(), version, toml })?;
    Ok(Some((name, version)))
}

/// Ends the shadow of a policy; whether there was one.
///
/// # Errors
/// When the log is away.
pub(crate) fn end_shadow(
    log: &dyn Log,
    config: &Config,
    topics: &Topics,
    name: &str,
) -> anyhow::Result<bool> {
    let name = shadow::shadow_of(shadow::in_force(name));
    let before = applied(log, topics)?;
    let Some(known) = before.get(&name).filter(|known| !known.toml.is_empty()) else { return Ok(false) };
    put(log, config, topics, &shadow::ended(&name, known.version + 1))?;
    Ok(true)
}

/// At the start of a deployment that never had a policy: applies the files. Otherwise the policies in force stay, and
/// files that differ are told.
///
/// # Errors
/// As [`apply`].
pub(crate) fn seed(log: &dyn Log, config: &Config, topics: &Topics) -> anyhow::Result<()> {
    let before = applied(log, topics)?;
    if before.is_empty() {
        apply(log, config, topics).context("cannot apply the policies of a fresh deployment")?;
        return Ok(());
    }
    let files = files(config)?;
    let differs =
        |(name, toml): &(&String, &String)| before.get(*name).is_none_or(|known| known.toml != **toml);
    for (name, _) in files.iter().filter(differs) {
        tracing::warn!(policy = %name, "the file differs from the policy in force: `winback policy apply` puts it into force");
    }
    Ok(())
}

fn put(log: &dyn Log, config: &Config, topics: &Topics, policy: &PolicyText) -> anyhow::Result<()> {
    let encoding: Encoding = config.encoding.into();
    let wire = inbox::policy_to_wire(policy);
    let record = v1::InboxRecord { body: Some(Body::Policy(wire)) };
    let bytes = record.to_bytes(encoding);
    let inboxes = log.describe(&[&topics.inbox])?.into_iter().flatten().next();
    let partitions = inboxes.map_or(config.topics.partitions, |info| info.spec.partitions);
    let mut writer = log.writer()?;
    for partition in 0..partitions {
        writer.append(&append(&topics.inbox, Some(Partition(partition)), None, &bytes))?;
    }
    writer.flush()?;
    list(log, topics, policy)
}

/// Notes what was applied.
fn list(log: &dyn Log, topics: &Topics, policy: &PolicyText) -> anyhow::Result<()> {
    let bytes = inbox::policy_to_wire(policy).encode_to_vec();
    let mut writer = log.writer()?;
    writer.append(&append(&topics.policies, Some(Partition(0)), Some(policy.name.as_bytes()), &bytes))?;
    writer.flush()?;
    Ok(())
}

fn append<'a>(
    topic: &'a str,
    partition: Option<Partition>,
    key: Option<&'a [u8]>,
    value: &'a [u8],
) -> Append<'a> {
    Append { topic, partition, key, value: Some(value), headers: &[], timestamp: None }
}
