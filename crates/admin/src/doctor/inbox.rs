//! The words of the inbox about keys of other topics: what was written there in the transaction in which it came.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use prost::Message as _;
use winback_core::debounce::{PolicyRecord, ResponseKind, shadow};
use winback_core::ids::{Offset, Partition};
use winback_core::signal::SignalKind;
use winback_deployment::topics::Topics;
use winback_deployment::{holds, scan};
use winback_log::Log;
use winback_proto::v1::account_change::Change;
use winback_proto::v1::inbox_record::Body;
use winback_proto::{Encoding, WireMessage as _, inbox, v1};
use winback_service::Kept;

/// The last word about each key; `None` where it is that there is none any more.
#[derive(Debug, Default)]
pub(super) struct Words {
    wanted: BTreeSet<(Kept, Vec<u8>)>,
    encoding: Encoding,
    last: BTreeMap<(Kept, Vec<u8>), Option<Vec<u8>>>,
    /// The newest version of each policy, and whether it has a text.
    policies: BTreeMap<String, (u32, bool)>,
    erased: BTreeSet<String>,
    /// The inbox has everything since the deployment began: a key that it does not name was never written.
    pub whole: bool,
}

impl Words {
    /// Reads the inbox for those keys.
    ///
    /// # Errors
    /// When the log is away.
    pub(super) fn read(
        log: &dyn Log,
        topics: &Topics,
        encoding: Encoding,
        wanted: BTreeSet<(Kept, Vec<u8>)>,
    ) -> anyhow::Result<Self> {
        let mut words = Self { wanted, encoding, whole: true, ..Self::default() };
        if words.wanted.is_empty() {
            return Ok(words);
        }
        for partition in scan::partitions(log, &topics.inbox)? {
            words.whole &= scan::beginning(log, &partition)? == Offset::ZERO;
            scan::each(log, &partition, Offset::ZERO, |message| {
                // What is no record of the inbox said nothing.
                if let Some(Ok(v1::InboxRecord { body: Some(body) })) =
                    message.value().map(v1::InboxRecord::from_bytes)
                {
                    words.take(message.partition, body);
                }
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(words)
    }

    /// The last word about a key: `Some(None)` says that it has no value.
    pub(super) fn about(&self, kept: Kept, key: &[u8]) -> Option<Option<Vec<u8>>> {
        let account = key.split(|byte| *byte == 0).next().unwrap_or_default();
        let is_erased = std::str::from_utf8(account).is_ok_and(|account| self.erased.contains(account));
        if kept == Kept::Answers && is_erased {
            return Some(None);
        }
        self.last.get(&(kept, key.to_vec())).cloned()
    }

    fn take(&mut self, number: Partition, body: Body) {
        match body {
            Body::Account(v1::AccountChange { change: Some(change) }) => match change {
                Change::Upsert(account) => {
                    self.erased.remove(&account.id);
                    let value = account.to_bytes(self.encoding);
                    self.put(Kept::Accounts, account.id.into_bytes(), Some(value));
                }
                Change::Gone(id) => self.put(Kept::Accounts, id.into_bytes(), None),
                Change::Erased(id) => {
                    self.put(Kept::Accounts, id.clone().into_bytes(), None);
                    self.erased.insert(id);
                }
            },
            Body::Response(response) => self.answer(&response),
            Body::Signal(signal) if signal.kind == SignalKind::SelfReactivation.as_str() => {
                self.answer(&v1::Response {
                    account_id: signal.account_id,
                    id: signal.id,
                    kind: ResponseKind::Reactivated.to_string(),
                    event_time: signal.event_time,
                    contact_sha256: Vec::new(),
                    source: signal.source,
                    ..v1::Response::default()
                });
            }
            Body::Policy(policy) if number == Partition(0) => self.policy(policy),
            Body::Hold(hold) if number == Partition(0) => {
                let key = format!("{}{}", holds::KEY_PREFIX, hold.policy).into_bytes();
                self.put(Kept::Holds, key, Some(hold.to_bytes(self.encoding)));
            }
            // What a deployment brought from another log is not all in its inbox.
            Body::Moved(_) => self.whole = false,
            _ => {}
        }
    }

    /// A version in force ends the shadow of its name, which the list says by a record of its own.
    fn policy(&mut self, policy: v1::PolicyVersion) {
        let known = self.policies.get(&policy.name).map(|(version, _)| *version);
        if known.is_some_and(|known| known > policy.version) {
            return;
        }
        let beside = shadow::shadow_of(&policy.name);
        if let Some((version, true)) = self.policies.get(&beside).copied() {
            let ended = PolicyRecord::shadow_ended(&beside, version + 1);
            self.policies.insert(beside.clone(), (ended.version, false));
            let value = inbox::policy_to_wire(&ended).encode_to_vec();
            self.put(Kept::Policies, beside.into_bytes(), Some(value));
        }
        self.policies.insert(policy.name.clone(), (policy.version, !policy.toml.is_empty()));
        let value = policy.encode_to_vec();
        self.put(Kept::Policies, policy.name.into_bytes(), Some(value));
    }

    fn answer(&mut self, response: &v1::Response) {
        let key = format!("{}\0{}\0{}", response.account_id, response.source, response.id).into_bytes();
        self.put(Kept::Answers, key, Some(response.to_bytes(self.encoding)));
    }

    fn put(&mut self, kept: Kept, key: Vec<u8>, value: Option<Vec<u8>>) {
        let key = (kept, key);
        if self.wanted.contains(&key) {
            self.last.insert(key, value);
        }
    }
}
