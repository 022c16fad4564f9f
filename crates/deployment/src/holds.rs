//! Holds on their way into the inbox: a record in every partition, and the list of those in force in a topic of its own.

use std::collections::BTreeMap;

use winback_core::privacy::masked;
use winback_log::{Log, Unreadable};
use winback_proto::v1::inbox_record::Body;
use winback_proto::{Encoding, WireMessage, v1};

use crate::broadcast_list::{self, Inbox, Listed};
use crate::config::Config;
use crate::policies;
use crate::topics::Topics;

/// In front of the policy's name in a record's key, since the name may be empty.
pub const KEY_PREFIX: &str = "hold ";

/// The last word about each policy, by name; the empty name is all of them.
///
/// # Errors
/// When the log is away or holds something else.
pub fn last_words(log: &dyn Log, topics: &Topics) -> anyhow::Result<BTreeMap<String, v1::Hold>> {
    Ok(listed(log, topics)?.into_iter().map(|(policy, listed)| (policy, listed.value)).collect())
}

fn listed(log: &dyn Log, topics: &Topics) -> anyhow::Result<BTreeMap<String, Listed<v1::Hold>>> {
    let mut last = BTreeMap::new();
    if log.describe(&[&topics.holds])?.into_iter().flatten().next().is_none() {
        return Ok(last);
    }
    broadcast_list::listed(log, &topics.holds, read_hold, |listed| {
        last.insert(listed.value.policy.clone(), listed);
    })?;
    Ok(last)
}

/// A record of the list of holds; `None` for a tombstone.
///
/// # Errors
/// When winback cannot have written it.
pub fn read_hold(key: &[u8], value: Option<&[u8]>) -> Result<Option<v1::Hold>, Unreadable> {
    let Some(value) = value else { return Ok(None) };
    let policy = std::str::from_utf8(key).ok().and_then(|key| key.strip_prefix(KEY_PREFIX));
    let policy = policy.ok_or_else(|| Unreadable::key("its key is no hold: `hold POLICY`"))?;
    let why = |why: &dyn std::fmt::Display| Unreadable::value(format!("a hold: {why}"));
    let wire = v1::Hold::from_bytes(value).map_err(|error| why(&error))?;
    if wire.policy == policy { Ok(Some(wire)) } else { Err(why(&"its value is the hold of another key")) }
}

/// Puts the holds that stand into the inbox again: with `all` every one, otherwise those of which nothing says that this
/// inbox has them. Says which.
///
/// # Errors
/// When the log is away.
pub fn put_again(
    log: &dyn Log,
    config: &Config,
    topics: &Topics,
    all: bool,
) -> anyhow::Result<Vec<v1::Hold>> {
    let inbox = Inbox::of(log, topics)?;
    let mut again = Vec::new();
    for listed in listed(log, topics)?.into_values() {
        if listed.value.held && (all || inbox.lacks(&listed)) {
            put_into(&inbox, log, config, topics, &listed.value)?;
            again.push(listed.value);
        }
    }
    Ok(again)
}

/// Holds starting triggers, or lets them go: of one policy, or of all. The inbox comes first, so that whoever dies before
/// the list is written only has to say it again.
///
/// # Errors
/// When there is no such policy, nothing has run here yet, or the log is away.
pub fn put(log: &dyn Log, config: &Config, topics: &Topics, hold: &v1::Hold) -> anyhow::Result<()> {
    let there = log.describe(&[&topics.inbox, &topics.holds])?;
    anyhow::ensure!(
        there.iter().all(Option::is_some),
        "nothing has run here yet: `winback run` makes the topics, or `winback topics apply`"
    );
    if !hold.policy.is_empty() {
        let applied = policies::applied(log, topics)?;
        let known: Vec<&str> = applied.keys().map(String::as_str).collect();
        if !applied.contains_key(&hold.policy) {
            let nearest = winback_core::text::nearest(&hold.policy, &known);
            anyhow::bail!("--policy {}: no such policy is in force{nearest}", hold.policy);
        }
    }
    put_into(&Inbox::of(log, topics)?, log, config, topics, hold)
}

fn put_into(
    inbox: &Inbox,
    log: &dyn Log,
    config: &Config,
    topics: &Topics,
    hold: &v1::Hold,
) -> anyhow::Result<()> {
    let hold = unaddressed(hold);
    let encoding: Encoding = config.encoding.into();
    let record = v1::InboxRecord { body: Some(Body::Hold(hold.clone())) }.to_bytes(encoding);
    let key = format!("{KEY_PREFIX}{}", hold.policy);
    Ok(inbox.put(log, &record, (&topics.holds, key.as_bytes(), &hold.to_bytes(encoding)))?)
}

/// The hold without mail addresses. Every field is named, so that a new one does not compile until somebody decides.
pub fn unaddressed(hold: &v1::Hold) -> v1::Hold {
    let v1::Hold { policy, held, by, why, at } = hold.clone();
    // Who held is one of your own people, and the policy is one that is in force.
    v1::Hold { policy, held, by, why: masked(&why).into_owned(), at }
}
