//! The mend of each record that cannot be read: what is written in its place, why that is right, and what is forgotten by it.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use winback_core::debounce::{MachineKey, StateKey, StateRow};
use winback_core::ids::{AccountId, Offset};
use winback_deployment::{Context, holds, scan};
use winback_log::{Defect, ForeignRecord, Log, TopicPartition};
use winback_oracle::{OracleError, Rebuilt};
use winback_proto::{Encoding, WireMessage as _, account, inbox, state, v1};
use winback_registrar::{REQUEST_HEADER, Request};
use winback_service::Kept;

use super::foreign;
use super::inbox::Words;

/// What is done about one record.
#[derive(Debug)]
pub struct Mend {
    /// The topic.
    pub kept: Kept,
    /// The record that winback cannot read.
    pub record: ForeignRecord,
    /// The mend.
    pub act: Act,
    /// The reason, in words.
    pub because: String,
    /// What nobody knows any more afterwards; it must be agreed to.
    pub forgets: Option<String>,
}

/// What is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A tombstone.
    Tombstone,
    /// The value that the key has.
    Put(Vec<u8>),
    /// Nothing: only another command mends it.
    Leave,
}

/// The value that a key should have, and how that is known.
type Known = Option<(Option<Vec<u8>>, &'static str)>;

/// Makes plans.
pub struct Planner<'a> {
    context: &'a Context,
    log: &'a dyn Log,
    checkpoint: Option<PathBuf>,
    /// States made again, by partition.
    states: BTreeMap<i32, Result<Rebuilt, String>>,
}

impl<'a> Planner<'a> {
    /// A planner for that log.
    pub fn new(context: &'a Context, log: &'a dyn Log, checkpoint: Option<PathBuf>) -> Self {
        Self { context, log, checkpoint, states: BTreeMap::new() }
    }

    /// The mends of all that was found.
    ///
    /// # Errors
    /// When the log is away.
    pub fn plan(&mut self, found: Vec<(Kept, ForeignRecord)>) -> anyhow::Result<Vec<Mend>> {
        let live = |(_, record): &&(Kept, ForeignRecord)| record.unreadable.defect == Defect::Value;
        let wanted = found.iter().filter(live).filter(|(kept, _)| of_inbox(*kept));
        let wanted = wanted.map(|(kept, record)| (*kept, record.key.clone())).collect();
        let encoding: Encoding = self.context.config.encoding.into();
        let words = Words::read(self.log, &self.context.topics, encoding, wanted)?;
        found.into_iter().map(|(kept, record)| self.mend(kept, record, &words)).collect()
    }

    fn mend(&mut self, kept: Kept, record: ForeignRecord, words: &Words) -> anyhow::Result<Mend> {
        if record.unreadable.defect != Defect::Value {
            // A key that this version does not know may be one that a newer version wrote.
            let newer = kept.refuses(Defect::Key)
                && record.unreadable.defect == Defect::Key
                && !record.key.is_empty();
            let forgets =
                newer.then(|| "what a newer winback noted there, if one ran on this log".to_owned());
            let because =
                "no winback of this version writes such a key there: nothing rests on it".to_owned();
            return Ok(Mend { kept, record, act: Act::Tombstone, because, forgets });
        }
        if kept == Kept::Changelog {
            return self.row(record);
        }
        let known = match kept {
            Kept::Positions => self.position(&record)?,
            Kept::Suppressions => self.suppression(&record)?,
            _ => words.about(kept, &record.key).map(|value| (value, "the inbox has its last word")),
        };
        let known = match known {
            None => self.of_state(kept, &record)?,
            known => known,
        };
        let known = match known {
            None => self.before(kept, &record)?,
            known => known,
        };
        Ok(match known {
            Some((Some(value), how)) => {
                Mend { kept, record, act: Act::Put(value), because: how.to_owned(), forgets: None }
            }
            Some((None, how)) => {
                Mend { kept, record, act: Act::Tombstone, because: how.to_owned(), forgets: None }
            }
            None if words.whole && of_inbox(kept) => {
                let because = "the inbox is whole and names no such key: winback never wrote it".to_owned();
                Mend { kept, record, act: Act::Tombstone, because, forgets: None }
            }
            None => {
                let forgets = Some(forgotten(kept, &record));
                let because = "nothing else tells what stood there".to_owned();
                Mend { kept, record, act: Act::Tombstone, because, forgets }
            }
        })
    }

    /// The record of that key before the foreign one, where compaction has left it.
    fn before(&self, kept: Kept, record: &ForeignRecord) -> anyhow::Result<Known> {
        let partitions = scan::partitions(self.log, kept.topic(&self.context.topics))?.len();
        let before = foreign::before(self.log, kept, record, i32::try_from(partitions)?)?;
        Ok(before.map(|value| (value, "the record before it is still there")))
    }

    /// The state of a partition as the inbox makes it.
    fn state(&mut self, number: i32) -> anyhow::Result<&Result<Rebuilt, String>> {
        if !self.states.contains_key(&number) {
            let deployment = super::deployment(self.context);
            let patience = winback_oracle::Options::default().patience;
            let checkpoint = self.checkpoint.clone();
            let rebuilt = match winback_oracle::rebuild(self.log, &deployment, number, checkpoint, patience) {
                Ok(rebuilt) => Ok(rebuilt),
                Err(why @ OracleError::Cut { .. }) => Err(why.to_string()),
                Err(error) => return Err(error.into()),
            };
            self.states.insert(number, rebuilt);
        }
        self.states.get(&number).ok_or_else(|| {
            anyhow::anyhow!(
                "partition {number} has no state: start `winback run` once, then ask the doctor again"
            )
        })
    }

    /// A row of the detector's state: the core makes it again.
    fn row(&mut self, record: ForeignRecord) -> anyhow::Result<Mend> {
        let kept = Kept::Changelog;
        let key = state::key_from_bytes(&record.key)?;
        let number = record.partition.partition.0;
        let cut = match self.state(number)? {
            Ok(Rebuilt { rows, differing }) => {
                let value = rows.get(&key).map(|row| state::row_to_wire(row).to_bytes(Encoding::Protobuf));
                let act = value.map_or(Act::Tombstone, Act::Put);
                let mut because = "the core makes it of the inbox".to_owned();
                if *differing > 0 {
                    because = format!(
                        "{because}; {differing} other rows differ from the core's: `winback verify` names them"
                    );
                }
                return Ok(Mend { kept, record, act, because, forgets: None });
            }
            Err(why) => why.clone(),
        };
        if let Some((value, how)) = self.before(kept, &record)? {
            let act = value.map_or(Act::Tombstone, Act::Put);
            return Ok(Mend { kept, record, act, because: how.to_owned(), forgets: None });
        }
        if key == StateKey::Clock {
            let because = format!(
                "{cut}; without its clock the state has no position: `a changelog that was cut` in the runbook says how \
                 it is made anew"
            );
            return Ok(Mend { kept, record, act: Act::Leave, because, forgets: None });
        }
        Ok(Mend { kept, record, act: Act::Tombstone, because: cut, forgets: Some(forgotten_row(&key)) })
    }

    /// What the detector's state knows of what the inbox does not have any more.
    fn of_state(&self, kept: Kept, record: &ForeignRecord) -> anyhow::Result<Known> {
        let text = String::from_utf8_lossy(&record.key).into_owned();
        let account = (kept == Kept::Accounts).then(|| text.clone());
        let found = match kept {
            Kept::Accounts => {
                self.state_row(account.as_deref(), |key| *key == StateKey::Account(AccountId::from(&*text)))?
            }
            Kept::Policies => self.state_row(
                None,
                |key| matches!(key, StateKey::Policy(version) if version.policy.as_str() == text),
            )?,
            Kept::Holds => {
                let policy = text.strip_prefix(holds::KEY_PREFIX).unwrap_or_default().to_owned();
                self.state_row(None, |key| *key == StateKey::Hold(policy.clone()))?
            }
            Kept::Changelog | Kept::Positions | Kept::Answers | Kept::Suppressions => None,
        };
        let encoding: Encoding = self.context.config.encoding.into();
        let value = match found {
            Some(StateRow::Account(state)) => {
                state.account.as_ref().map(|known| account::to_wire(known).to_bytes(encoding))
            }
            Some(StateRow::Policy(known)) => Some(inbox::policy_to_wire(&known).to_bytes(Encoding::Protobuf)),
            Some(StateRow::Hold(_)) => {
                let policy = text.strip_prefix(holds::KEY_PREFIX).unwrap_or_default().to_owned();
                Some(v1::Hold { policy, held: true, ..v1::Hold::default() }.to_bytes(encoding))
            }
            _ => None,
        };
        Ok(value.map(|value| (Some(value), "the detector's state has it")))
    }

    /// The last row of the state whose key fits, in the partition of that account.
    fn state_row(
        &self,
        account: Option<&str>,
        fits: impl Fn(&StateKey) -> bool,
    ) -> anyhow::Result<Option<StateRow>> {
        let topic = &self.context.topics.changelog;
        let all = scan::partitions(self.log, topic)?;
        let count = i32::try_from(all.len())?;
        let number = account.map_or(0, |id| winback_log::partitioner::partition_of(id.as_bytes(), count).0);
        let partition = TopicPartition::new(topic.clone(), number);
        let mut rows: BTreeMap<StateKey, Option<StateRow>> = BTreeMap::new();
        scan::each(self.log, &partition, Offset::ZERO, |message| {
            let key = message.key().unwrap_or_default();
            let read = winback_proto::stored::state_record(key, message.value(), message.partition, count);
            if let Ok(Some((key, row))) = read
                && fits(&key)
            {
                rows.insert(key, row);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(rows.into_values().flatten().next_back())
    }

    /// A matcher's position: the group's, which is committed in the same transaction.
    fn position(&self, record: &ForeignRecord) -> anyhow::Result<Known> {
        let key = String::from_utf8_lossy(&record.key).into_owned();
        let Some((source, topic)) = key.split_once(':') else { return Ok(None) };
        let encoding: Encoding = self.context.config.encoding.into();
        let numbered = topic.rsplit_once('/').and_then(|(topic, number)| Some((topic, number.parse().ok()?)));
        let group = format!("{}.matcher.{source}", self.context.config.deployment);
        let committed = |partitions: &[TopicPartition]| -> anyhow::Result<Vec<Option<Offset>>> {
            Ok(self.log.reader()?.committed(&group, partitions)?)
        };
        if let Some((topic, number)) = numbered {
            if self.log.describe(&[topic])?.into_iter().flatten().next().is_none() {
                return Ok(None);
            }
            let position = committed(&[TopicPartition::new(topic, number)])?.into_iter().next().flatten();
            let wire =
                position.map(|at| v1::MatcherPosition { next_offset: at.0, partitions: 0, next_element: 0 });
            return Ok(wire.map(|wire| (Some(wire.to_bytes(encoding)), "the group has the same position")));
        }
        // The partitions that have been begun; those that come later are read from their beginning.
        let count =
            self.log.describe(&[topic])?.into_iter().flatten().next().map_or(0, |info| info.spec.partitions);
        let all: Vec<_> = (0..count).map(|number| TopicPartition::new(topic, number)).collect();
        let begun = if all.is_empty() { 0 } else { committed(&all)?.iter().flatten().count() };
        let partitions = i32::try_from(begun)?;
        let wire = v1::MatcherPosition { next_offset: 0, partitions, next_element: 0 };
        Ok((begun > 0).then(|| (Some(wire.to_bytes(encoding)), "the group has begun that many partitions")))
    }

    /// Who was erased: the key says who, and the request for the check of the privacy key stands in the accounts' topic.
    fn suppression(&self, record: &ForeignRecord) -> anyhow::Result<Known> {
        let encoding: Encoding = self.context.config.encoding.into();
        let topic = self.context.config.accounts.topic.as_str().into();
        let mut found = None;
        if record.key == b"k" {
            for partition in scan::partitions(self.log, &topic)? {
                scan::each(self.log, &partition, Offset::ZERO, |message| {
                    let request = message.header(REQUEST_HEADER).and_then(|header| Request::parse(&header));
                    let check = request
                        .and_then(|request| request.0.into_iter().find(|one| one.record_key() == b"k"));
                    found = check.map(|check| check.record(message.timestamp)).or(found.take());
                    Ok(ControlFlow::Continue(()))
                })?;
            }
            let own = || winback_deployment::suppression_key::known(&self.context.config);
            let now = self.context.clock.now();
            let value = found.or_else(|| own().map(|key| key.check().record(now)));
            return Ok(
                value.map(|value| (Some(value.to_bytes(encoding)), "the check of the privacy key is known"))
            );
        }
        let at = inbox::timestamp(self.context.clock.now());
        let value = v1::Suppression { at, check: Vec::new() };
        Ok(Some((
            Some(value.to_bytes(encoding)),
            "its key alone says who was erased; only the time is not known",
        )))
    }
}

/// Whether the inbox says what stands there.
const fn of_inbox(kept: Kept) -> bool {
    matches!(kept, Kept::Accounts | Kept::Answers | Kept::Policies | Kept::Holds)
}

fn forgotten(kept: Kept, record: &ForeignRecord) -> String {
    let key = record.shown_key();
    match kept {
        Kept::Accounts => format!("account {key}: nothing matches it until its row is imported again"),
        Kept::Answers => format!("what was answered as `{key}`: it may be a no; send that answer again"),
        Kept::Policies => format!("policy {key} in the list: `winback policy apply` puts the file in again"),
        Kept::Holds => {
            format!("`{key}` in the list of holds: `winback hold` or `winback release` says it again")
        }
        Kept::Positions => format!("where {key} was read: it begins again as its source's `start` says"),
        Kept::Suppressions => {
            "which privacy key the hashes were made with: a wrong one is not noticed".to_owned()
        }
        Kept::Changelog => format!("the row `{key}` of the state"),
    }
}

fn forgotten_row(key: &StateKey) -> String {
    match key {
        StateKey::Account(id) => {
            format!("account {id}: its fires, caps and answers, and that it is known at all")
        }
        StateKey::Machine(MachineKey { account, policy }) => {
            format!("account {account}: its open burst and its quiet time under policy {policy}")
        }
        StateKey::Seen(seen) => {
            format!(
                "account {}: that one of its signals was counted, so that it would count again",
                seen.account
            )
        }
        StateKey::Hold(policy) => format!("whether `{policy}` is held in this partition"),
        StateKey::Event(_) => "an event that was on its way to its accounts".to_owned(),
        // A row that is added later is told by its own words.
        _ => key.account().map_or_else(
            || format!("{}, in this partition", key.describe()),
            |id| format!("account {id}: {}", key.describe()),
        ),
    }
}
