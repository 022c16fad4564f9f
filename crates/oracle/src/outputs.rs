//! The common parts of triggers and decisions: an inbox position, an id, a payload.

use winback_core::ids::Offset;
use winback_log::Message;
use winback_proto::envelope::INBOX_POSITION;
use winback_proto::v1::decision::Subject;
use winback_proto::{WireMessage, v1};

use crate::difference::Kind;

/// The records that come next in an inbox partition's partitions of outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OutputOffsets {
    pub(crate) triggers: Offset,
    pub(crate) in_shadow: Offset,
    pub(crate) decisions: Offset,
}

impl OutputOffsets {
    pub(crate) const ZERO: Self =
        Self { triggers: Offset::ZERO, in_shadow: Offset::ZERO, decisions: Offset::ZERO };
}

/// The names of what may be wrong with an output.
pub(crate) struct Kinds {
    pub(crate) missing: Kind,
    pub(crate) unexpected: Kind,
    pub(crate) doubled: Kind,
    pub(crate) changed: Kind,
}

/// A message that the detector writes because of an inbox record.
pub(crate) trait Output: WireMessage + Clone + PartialEq {
    const KINDS: Kinds;

    /// The name of the output among those of its inbox record, also for a person.
    fn id(&self) -> String;

    fn account(&self) -> &str;

    /// The partition and offset of the inbox record.
    fn position(&self, message: &Message) -> Option<(i32, Offset)>;

    /// The form of the version before, if `found` is of that version: it lacks what has been added since. A log
    /// outlives an upgrade, and its older content is right as it was.
    fn before(&self, found: &Self) -> Option<Self> {
        let _ = found;
        None
    }

    /// The id that must not come twice in the whole topic, if there is one.
    fn unique(&self) -> Option<u128>;
}

impl Output for v1::Trigger {
    const KINDS: Kinds = Kinds {
        missing: Kind::TriggerMissing,
        unexpected: Kind::TriggerUnexpected,
        doubled: Kind::TriggerDoubled,
        changed: Kind::TriggerChanged,
    };

    fn id(&self) -> String {
        self.id.clone()
    }

    fn account(&self) -> &str {
        self.account.as_ref().map_or("", |account| &account.id)
    }

    fn position(&self, message: &Message) -> Option<(i32, Offset)> {
        let header = message.header(INBOX_POSITION)?;
        let (partition, offset) = std::str::from_utf8(&header).ok()?.split_once('/')?;
        Some((partition.parse().ok()?, Offset(offset.parse().ok()?)))
    }

    /// Every trigger says the manner of leaving since it tells the segment, what was promised and the usage.
    fn before(&self, found: &Self) -> Option<Self> {
        let tells =
            |trigger: &Self| trigger.account.as_ref().is_some_and(|account| !account.manner.is_empty());
        if tells(found) || !tells(self) {
            return None;
        }
        let mut before = self.clone();
        let account = before.account.as_mut()?;
        account.segment.clear();
        account.manner.clear();
        account.concessions.clear();
        (account.seats, account.tenure_months, account.usage_percent) = (None, None, None);
        Some(before)
    }

    fn unique(&self) -> Option<u128> {
        u128::from_str_radix(&self.id, 16).ok()
    }
}

impl Output for v1::Decision {
    const KINDS: Kinds = Kinds {
        missing: Kind::DecisionMissing,
        unexpected: Kind::DecisionUnexpected,
        doubled: Kind::DecisionDoubled,
        changed: Kind::DecisionChanged,
    };

    fn id(&self) -> String {
        let Self { account_id, policy, .. } = self;
        match &self.subject {
            Some(Subject::Signal(signal)) => format!("{policy}: signal {}:{}", signal.source, signal.id),
            Some(Subject::Burst(burst)) => format!("{policy}: burst {} of {account_id}", burst.burst_id),
            None => policy.clone(),
        }
    }

    fn account(&self) -> &str {
        &self.account_id
    }

    fn position(&self, _: &Message) -> Option<(i32, Offset)> {
        Some((self.inbox_partition, Offset(self.inbox_offset)))
    }

    fn unique(&self) -> Option<u128> {
        None
    }
}
