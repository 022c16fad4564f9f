//! A trigger as it came from the log, checked once: everything behind this may rely on it.

use winback_core::account::Reason;
use winback_core::debounce::Edge;
use winback_core::time::Time;
use winback_proto::Timestamp;
use winback_proto::v1::{AccountSnapshot, EvidenceItem, Trigger};

const MAX_ID_BYTES: usize = 128;

/// The reason why a record is no trigger that can be acted on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TriggerError {
    /// The id would break a header or a signature.
    #[error("trigger id `{0}` is not 1 to 128 of a-z, A-Z, 0-9, - and _: check what wrote it")]
    Id(String),
    /// Something that must be there is not.
    #[error("trigger {id} has no {what}: check what wrote it")]
    Missing {
        /// The trigger.
        id: String,
        /// The missing part.
        what: &'static str,
    },
    /// A word that this version does not know.
    #[error(
        "trigger {id}: {field} `{word}` is not known to this version: where a newer winback wrote it, run that \
         version again, or a later one"
    )]
    Word {
        /// The trigger.
        id: String,
        /// The field of the word.
        field: &'static str,
        /// The word.
        word: String,
    },
}

/// A trigger with what the worker needs of it in the core's terms.
#[derive(Clone, Copy, Debug)]
pub struct CheckedTrigger<'a> {
    /// The record.
    pub trigger: &'a Trigger,
    /// Its account.
    pub account: &'a AccountSnapshot,
    /// The edge at which it fired.
    pub edge: Edge,
    /// The reason of leaving.
    pub reason: Reason,
    /// The fire time.
    pub fired_at: Time,
    /// The churn time, if it is known.
    pub churned_at: Option<Time>,
}

impl<'a> CheckedTrigger<'a> {
    /// Checks a record.
    ///
    /// # Errors
    /// When it cannot be acted on, now or later.
    pub fn of(trigger: &'a Trigger) -> Result<Self, TriggerError> {
        let id = || trigger.id.chars().take(MAX_ID_BYTES).collect::<String>();
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if trigger.id.is_empty() || trigger.id.len() > MAX_ID_BYTES || !trigger.id.chars().all(plain) {
            return Err(TriggerError::Id(id()));
        }
        let missing = |what| TriggerError::Missing { id: id(), what };
        let account = trigger.account.as_ref().filter(|account| !account.id.is_empty());
        let account = account.ok_or_else(|| missing("account"))?;
        let word = |field, word: &str| TriggerError::Word { id: id(), field, word: word.to_owned() };
        Ok(Self {
            trigger,
            account,
            edge: Edge::parse(&trigger.edge).ok_or_else(|| word("edge", &trigger.edge))?,
            reason: reason(&account.reason).ok_or_else(|| word("reason", &account.reason))?,
            fired_at: trigger.fired_at.as_ref().map(calendar).ok_or_else(|| missing("fired_at"))?,
            churned_at: account.churned_at.as_ref().map(calendar),
        })
    }

    /// The evidence, strongest first.
    pub fn evidence(&self) -> &'a [EvidenceItem] {
        self.trigger.evidence.as_ref().map(|evidence| evidence.items.as_slice()).unwrap_or_default()
    }
}

/// A time that a calendar has: it is shown, and stands in a mail's head.
fn calendar(at: &Timestamp) -> Time {
    Time::from(at).within_calendar()
}

fn reason(word: &str) -> Option<Reason> {
    if word.is_empty() { Some(Reason::Unknown) } else { Reason::parse(word) }
}
