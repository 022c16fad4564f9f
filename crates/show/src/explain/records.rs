//! The records of one account: its own partition of each topic, read once, to the end as it is now.

use std::ops::ControlFlow;
use std::sync::Arc;

use winback_core::debounce::shadow;
use winback_core::ids::Offset;
use winback_core::time::Time;
use winback_deployment::{Context, scan};
use winback_log::{Log, Message};
use winback_proto::v1::inbox_record::Body;
use winback_proto::{WireMessage, v1};

/// A record of the inbox and where it stands.
#[derive(Clone, Debug)]
pub struct Arrived {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// The append time.
    pub at: Time,
    /// The record.
    pub record: v1::InboxRecord,
}

/// Records that retention has taken away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// Of which topic.
    pub topic: Arc<str>,
    /// Of which partition.
    pub partition: i32,
    /// The number of removed records: the offset of the first that still exists.
    pub gone: i64,
    /// The append time of the first record that still exists.
    pub from: Option<Time>,
}

/// All that there is of one account.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// The account.
    pub account: String,
    /// Its own records of the inbox, and those for everybody but progress.
    pub inbox: Vec<Arrived>,
    /// Its decisions.
    pub decisions: Vec<v1::Decision>,
    /// Its triggers, and the inbox record that each was decided at.
    pub triggers: Vec<(v1::Trigger, Option<(i32, i64)>)>,
    /// The actions of the worker.
    pub actions: Vec<v1::Action>,
    /// The removed parts.
    pub cuts: Vec<Cut>,
    /// The inbox record that the detector reads next; none when it has read nothing.
    pub decided_to: Option<i64>,
}

impl Records {
    /// Reads them: of the policies in force, or of those in shadow.
    ///
    /// # Errors
    /// When the log is away or nothing has run.
    pub fn read(context: &Context, log: &dyn Log, account: &str, in_shadow: bool) -> anyhow::Result<Self> {
        let mut records = Self { account: account.to_owned(), ..Self::default() };
        let topics = &context.topics;
        // Decisions first: what is appended while this runs is then a signal without a decision, not the reverse.
        let (mut decisions, mut triggers, mut actions, mut inbox) = (vec![], vec![], vec![], vec![]);
        records.own(log, &topics.decisions, |_, value| {
            let decision = v1::Decision::from_bytes(value).ok();
            decisions.extend(decision.filter(|made| shadow::is_shadow(&made.policy) == in_shadow));
        })?;
        let fired = if in_shadow { &topics.shadow_triggers } else { &topics.triggers };
        records.own(log, fired, |message, value| {
            let trigger = v1::Trigger::from_bytes(value).ok();
            triggers.extend(trigger.map(|trigger| (trigger, scan::cause(message))));
        })?;
        records.own(log, &topics.actions, |_, value| actions.extend(v1::Action::from_bytes(value).ok()))?;
        records.decided_to = decided_to(context, log, account)?;
        records.each(log, &topics.inbox, |message, value| {
            let own = message.key().map_or_else(|| !is_progress(value), |key| key == account.as_bytes());
            let record = own.then(|| v1::InboxRecord::from_bytes(value).ok()).flatten();
            let Some(record) = record.filter(|record| {
                !matches!(
                    record.body,
                    None | Some(Body::Progress(_) | Body::Inputs(_) | Body::Rules(_) | Body::Kept(_))
                )
            }) else {
                return;
            };
            let (partition, offset, at) = (message.partition.0, message.offset.0, message.timestamp);
            inbox.push(Arrived { partition, offset, at, record });
        })?;
        (records.decisions, records.triggers) = (decisions, triggers);
        (records.actions, records.inbox) = (actions, inbox);
        Ok(records)
    }

    /// True if no record is the account's own.
    pub fn is_empty(&self) -> bool {
        let for_all = |arrived: &Arrived| {
            let body = arrived.record.body.as_ref();
            body.is_none_or(|body| {
                matches!(body, Body::Policy(_) | Body::Hold(_) | Body::Event(_) | Body::Moved(_))
            })
        };
        self.decisions.is_empty()
            && self.triggers.is_empty()
            && self.actions.is_empty()
            && self.inbox.iter().all(for_all)
    }

    fn own(
        &mut self,
        log: &dyn Log,
        topic: &Arc<str>,
        mut visit: impl FnMut(&Message, &[u8]),
    ) -> anyhow::Result<()> {
        let account = self.account.clone();
        self.each(log, topic, |message, value| {
            if message.key() == Some(account.as_bytes()) {
                visit(message, value);
            }
        })
    }

    fn each(
        &mut self,
        log: &dyn Log,
        topic: &Arc<str>,
        mut visit: impl FnMut(&Message, &[u8]),
    ) -> anyhow::Result<()> {
        for partition in scan::partitions_of(log, topic, Some(&self.account))? {
            let mut from = None;
            scan::each(log, &partition, Offset::ZERO, |message| {
                from.get_or_insert(message.timestamp);
                if let Some(value) = message.value() {
                    visit(message, value);
                }
                Ok(ControlFlow::Continue(()))
            })?;
            let gone = scan::beginning(log, &partition)?;
            if gone > Offset::ZERO {
                let (topic, partition) = (Arc::clone(topic), partition.partition.0);
                self.cuts.push(Cut { topic, partition, gone: gone.0, from });
            }
        }
        Ok(())
    }
}

/// True if a record is progress, by its first bytes: most of an inbox is, and need not be decoded.
fn is_progress(value: &[u8]) -> bool {
    /// The tag of `InboxRecord.progress`, the only field of such a record.
    const PROGRESS: u8 = 7 << 3 | 2;
    value.first() == Some(&PROGRESS) || value.starts_with(b"{\"progress\"")
}

/// The detector's position in the account's inbox partition.
fn decided_to(context: &Context, log: &dyn Log, account: &str) -> anyhow::Result<Option<i64>> {
    let own = scan::partitions_of(log, &context.topics.inbox, Some(account))?;
    let group = format!("{}.detector", context.config.deployment);
    let committed = log.reader()?.committed(&group, &own)?;
    Ok(committed.into_iter().flatten().next().map(|offset| offset.0))
}

#[cfg(test)]
mod tests {
    use winback_proto::Encoding;

    use super::*;

    #[test]
    fn progress_is_known_by_its_first_bytes_and_nothing_else_is() {
        let of = |body| v1::InboxRecord { body: Some(body) };
        for encoding in [Encoding::Protobuf, Encoding::Json] {
            let progress = of(Body::Progress(v1::Progress { known: vec!["a".to_owned()], inputs: vec![] }));
            assert!(is_progress(&progress.to_bytes(encoding)));
            for other in [Body::Policy(v1::PolicyVersion::default()), Body::Hold(v1::Hold::default())] {
                assert!(!is_progress(&of(other).to_bytes(encoding)));
            }
        }
    }
}
