//! Policies on their way into the inbox: a record in every partition, and the list of those that were applied in a topic of
//! its own.

use std::collections::BTreeMap;
use std::path::Path;

use winback_core::debounce::{PolicyRecord, shadow};
use winback_log::{Log, Unreadable};
use winback_proto::v1::inbox_record::Body;
use winback_proto::{Encoding, WireMessage, inbox, v1};

use crate::broadcast_list::{self, Inbox, Listed};
use crate::config::{Config, ConfigError};
use crate::policy_files::{files, parse};
use crate::topics::Topics;
use crate::trigger_limit;

/// The policies that were applied, by name. One without a text is a shadow that has ended.
///
/// # Errors
/// When the log is away or holds something else.
pub fn applied(log: &dyn Log, topics: &Topics) -> anyhow::Result<BTreeMap<String, PolicyRecord>> {
    Ok(listed(log, topics)?.into_iter().map(|(name, listed)| (name, listed.value)).collect())
}

fn listed(log: &dyn Log, topics: &Topics) -> anyhow::Result<BTreeMap<String, Listed<PolicyRecord>>> {
    let mut newest: BTreeMap<String, Listed<PolicyRecord>> = BTreeMap::new();
    let mut wrong = None;
    broadcast_list::listed(log, &topics.policies, read_policy, |listed| {
        let v1::PolicyVersion { name, version, .. } = &listed.value;
        // Who puts a version again may come behind somebody who applies the next one.
        if newest.get(name).is_none_or(|known| known.value.version <= *version) {
            match inbox::policy_from_wire(listed.value.clone()) {
                Ok(record) => drop(newest.insert(name.clone(), listed.map(|_| record))),
                Err(error) => wrong = wrong.take().or(Some(error)),
            }
        }
    })?;
    wrong.map_or(Ok(newest), |error| Err(error.into()))
}

/// A record of the list of policies; `None` for a tombstone.
///
/// # Errors
/// When winback cannot have written it.
pub fn read_policy(key: &[u8], value: Option<&[u8]>) -> Result<Option<v1::PolicyVersion>, Unreadable> {
    let Some(value) = value else { return Ok(None) };
    let name =
        std::str::from_utf8(key).ok().filter(|name| !name.is_empty() && !name.contains(char::is_control));
    let name = name.ok_or_else(|| Unreadable::key("its key is no name of a policy"))?;
    let why = |why: &dyn std::fmt::Display| Unreadable::value(format!("a policy: {why}"));
    let wire = v1::PolicyVersion::from_bytes(value).map_err(|error| why(&error))?;
    if wire.name == name { Ok(Some(wire)) } else { Err(why(&"its value is the policy of another key")) }
}

/// Puts the policies in force and in shadow into the inbox again: with `all` every one, otherwise those of which nothing
/// says that this inbox has them. Says which, with their versions.
///
/// # Errors
/// When the log is away.
pub fn put_again(
    log: &dyn Log,
    config: &Config,
    topics: &Topics,
    all: bool,
) -> anyhow::Result<Vec<(String, u32)>> {
    let inbox = Inbox::of(log, topics)?;
    let mut again = Vec::new();
    // A name comes before that of its shadow, which it would end.
    for (name, listed) in listed(log, topics)? {
        if !listed.value.is_end() && (all || inbox.lacks(&listed)) {
            put(log, config, topics, &listed.value)?;
            again.push((name, listed.value.version));
        }
    }
    Ok(again)
}

/// Puts the files into force where they differ from what was applied; says which, with their new versions. A version
/// in force ends the shadow beside it; one that still has a file begins anew.
///
/// The inbox comes first and the list of applied policies last: whoever dies between them does it again, and the
/// detector ignores a version that it has.
///
/// # Errors
/// When a file is wrong or the log is away.
pub fn apply(log: &dyn Log, config: &Config, topics: &Topics) -> anyhow::Result<Vec<(String, u32)>> {
    let files = files(config)?;
    let before = applied(log, topics)?;
    let mut changed: Vec<(String, u32)> = Vec::new();
    // A name comes before that of its shadow.
    for (name, toml) in files {
        let known = before.get(&name);
        let ended = changed.iter().any(|(changed, _)| shadow::shadow_of(changed) == name);
        if !ended && known.is_some_and(|known| *known.text == *toml) {
            continue;
        }
        let version = known.map_or(1, |known| known.version + 1 + u32::from(ended));
        put(log, config, topics, &winback_policy::record(&name, version, &toml))?;
        if let Some(shadow) = before.get(&shadow::shadow_of(&name)).filter(|shadow| !shadow.is_end()) {
            // The inbox knows: the detector ends it at the record that was just put there.
            list(log, config, topics, &PolicyRecord::shadow_ended(shadow.name.as_str(), shadow.version + 1))?;
        }
        changed.push((name, version));
    }
    Ok(changed)
}

/// Puts a file in shadow beside the policy in force of its name; its name and version where that changes anything.
///
/// # Errors
/// When the file is wrong or the log is away.
pub fn apply_in_shadow(
    log: &dyn Log,
    config: &Config,
    topics: &Topics,
    path: &Path,
) -> anyhow::Result<Option<(String, u32)>> {
    let text = std::fs::read_to_string(path)
        .map_err(|why| ConfigError::Unreadable { path: path.to_path_buf(), why })?;
    let toml = winback_policy::as_shadow(&text);
    parse(path, &text)?;
    let name = parse(path, &toml)?.name.to_string();
    let before = applied(log, topics)?;
    let known = before.get(&name);
    if known.is_some_and(|known| *known.text == *toml) {
        return Ok(None);
    }
    let version = known.map_or(1, |known| known.version + 1);
    put(log, config, topics, &winback_policy::record(&name, version, &toml))?;
    Ok(Some((name, version)))
}

/// Ends the shadow of a policy; whether there was one.
///
/// # Errors
/// When the log is away.
pub fn end_shadow(log: &dyn Log, config: &Config, topics: &Topics, name: &str) -> anyhow::Result<bool> {
    let name = shadow::shadow_of(shadow::in_force(name));
    let before = applied(log, topics)?;
    let Some(known) = before.get(&name).filter(|known| !known.is_end()) else { return Ok(false) };
    put(log, config, topics, &PolicyRecord::shadow_ended(&name, known.version + 1))?;
    Ok(true)
}

fn put(log: &dyn Log, config: &Config, topics: &Topics, policy: &PolicyRecord) -> anyhow::Result<()> {
    trigger_limit::check(log, topics, &policy.text)?;
    let encoding: Encoding = config.encoding.into();
    let wire = inbox::policy_to_wire(policy);
    let value = wire.to_bytes(encoding);
    let record = v1::InboxRecord { body: Some(Body::Policy(wire)) }.to_bytes(encoding);
    let entry = (&*topics.policies, policy.name.as_str().as_bytes(), &*value);
    Ok(Inbox::of(log, topics)?.put(log, &record, entry)?)
}

/// Notes what the inbox knows without a record of its own.
fn list(log: &dyn Log, config: &Config, topics: &Topics, policy: &PolicyRecord) -> anyhow::Result<()> {
    let value = inbox::policy_to_wire(policy).to_bytes(config.encoding.into());
    let entry = (&*topics.policies, policy.name.as_str().as_bytes(), &*value);
    Ok(Inbox::of(log, topics)?.list(log, entry)?)
}
