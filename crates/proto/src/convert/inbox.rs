//! Records of the inbox.

use winback_core::debounce::{
    AccountChange, Body, MatchedSignal, Moved, Progress, Reached, Response, ResponseKind, StateKey, StateRow,
};
use winback_core::index::Method;
use winback_core::signal::SignalKind;
use winback_core::time::{Span, Time};

use super::{account, event, needed, stamp, state, word};
use crate::error::DecodeError;
use crate::v1;
use crate::v1::inbox_record::Body as Wire;
use crate::wire::{Encoding, WireMessage as _};

pub use super::event::to_wire as event_to_wire;
pub use super::policy::{from_wire as policy_from_wire, to_wire as policy_to_wire};

/// The content of the record.
///
/// # Errors
/// Names the field, the value and the fix.
pub fn from_wire(record: v1::InboxRecord) -> Result<Body, DecodeError> {
    match record.body.ok_or(DecodeError::Newer("a record of the inbox"))? {
        Wire::Signal(signal) => Ok(Body::Signal(Box::new(signal_from_wire(signal)?))),
        Wire::Account(change) => change_from_wire(change).map(Body::Account),
        Wire::Response(response) => response_from_wire(response).map(Body::Response),
        Wire::SequenceEnded(ended) => {
            let at = needed(ended.event_time.as_ref(), "sequence_ended.event_time")?;
            Ok(Body::SequenceEnded(ended.account_id.into(), at))
        }
        Wire::Policy(policy) => policy_from_wire(policy).map(Body::Policy),
        Wire::Hold(hold) => Ok(Body::Hold((!hold.policy.is_empty()).then_some(hold.policy), hold.held)),
        Wire::Progress(progress) => progress_from_wire(progress).map(Body::Progress),
        Wire::Event(event) => Ok(Body::Event(Box::new(event::from_wire(event)?))),
        Wire::Carried(row) => carried_from_wire(&row),
        Wire::Moved(v1::Moved { id, from, complete }) => Ok(Body::Moved(Moved { id, from, complete })),
    }
}

fn signal_from_wire(wire: v1::Signal) -> Result<MatchedSignal, DecodeError> {
    if wire.account_id.is_empty() {
        return Err(DecodeError::Missing("signal.account_id"));
    }
    Ok(MatchedSignal {
        kind: word!(SignalKind, "signal.kind", wire.kind.as_str())?,
        method: word!(Method, "signal.method", wire.method.as_str())?,
        event_time: needed(wire.event_time.as_ref(), "signal.event_time")?,
        append_time: needed(wire.append_time.as_ref(), "signal.append_time")?,
        account: wire.account_id.into(),
        source: wire.source,
        id: wire.id,
        class: wire.page_class,
        input: wire.input.into(),
        merged_with: wire.merged_with.into_iter().map(Into::into).collect(),
        matched_on: wire.matched_on,
        detail: wire.detail,
    })
}

fn carried_from_wire(wire: &v1::Carried) -> Result<Body, DecodeError> {
    let row = v1::StateRecord::from_bytes(&wire.row).and_then(state::row_as_written)?;
    Ok(Body::Carried(Box::new((state::key_from_bytes(&wire.key)?, row))))
}

/// A row of another log's state as it travels; `key` and `row` as its changelog has them.
pub fn carried_to_wire(key: &StateKey, row: &StateRow) -> v1::InboxRecord {
    let carried = v1::Carried {
        key: state::key_to_bytes(key),
        row: state::row_to_wire(row).to_bytes(Encoding::Protobuf),
    };
    v1::InboxRecord { body: Some(Wire::Carried(carried)) }
}

fn change_from_wire(wire: v1::AccountChange) -> Result<AccountChange, DecodeError> {
    match wire.change.ok_or(DecodeError::Newer("account.change"))? {
        v1::account_change::Change::Upsert(upsert) => {
            Ok(AccountChange::Upsert(Box::new(account::from_wire(upsert)?)))
        }
        v1::account_change::Change::Gone(id) => Ok(AccountChange::Gone(id.into())),
        v1::account_change::Change::Erased(id) => Ok(AccountChange::Erased(id.into())),
    }
}

fn response_from_wire(wire: v1::Response) -> Result<Response, DecodeError> {
    Ok(Response {
        kind: word!(ResponseKind, "response.kind", wire.kind.as_str())?,
        at: needed(wire.event_time.as_ref(), "response.event_time")?,
        account: wire.account_id.into(),
        source: wire.source,
        id: wire.id,
        contact: wire.contact_sha256,
    })
}

fn progress_from_wire(wire: v1::Progress) -> Result<Progress, DecodeError> {
    let input = |input: v1::InputProgress| {
        let reached = match input.reached.ok_or(DecodeError::Newer("progress.inputs.reached"))? {
            v1::input_progress::Reached::EndSeenMsAgo(ago) => Reached::EndSeenAgo(Span::from_millis(ago)),
            v1::input_progress::Reached::NewestAppendMs(newest) => {
                Reached::NewestAppend(Time::from_millis(newest))
            }
        };
        Ok((input.input.into(), reached))
    };
    Ok(Progress {
        inputs: wire.inputs.into_iter().map(input).collect::<Result<_, _>>()?,
        known: wire.known.into_iter().map(Into::into).collect(),
    })
}

/// A progress report as it travels.
pub fn progress_to_wire(progress: &Progress) -> v1::InboxRecord {
    let input = |(input, reached): &(winback_core::ids::InputName, Reached)| v1::InputProgress {
        input: input.to_string(),
        reached: Some(match reached {
            Reached::EndSeenAgo(ago) => v1::input_progress::Reached::EndSeenMsAgo(ago.millis()),
            Reached::NewestAppend(time) => v1::input_progress::Reached::NewestAppendMs(time.millis()),
        }),
    };
    let progress = v1::Progress {
        inputs: progress.inputs.iter().map(input).collect(),
        known: progress.known.iter().map(ToString::to_string).collect(),
    };
    v1::InboxRecord { body: Some(Wire::Progress(progress)) }
}

/// A change of an account as it travels.
pub fn change_to_wire(change: &AccountChange) -> v1::InboxRecord {
    let change = match change {
        AccountChange::Upsert(upsert) => v1::account_change::Change::Upsert(account::to_wire(upsert)),
        AccountChange::Gone(id) => v1::account_change::Change::Gone(id.to_string()),
        AccountChange::Erased(id) => v1::account_change::Change::Erased(id.to_string()),
    };
    v1::InboxRecord { body: Some(Wire::Account(v1::AccountChange { change: Some(change) })) }
}

/// A time as it travels.
pub fn timestamp(time: Time) -> Option<crate::Timestamp> {
    stamp(time)
}

/// A matched signal as it travels.
pub fn signal_to_wire(signal: &MatchedSignal, input_offset: i64) -> v1::Signal {
    v1::Signal {
        account_id: signal.account.to_string(),
        source: signal.source.clone(),
        id: signal.id.clone(),
        kind: signal.kind.to_string(),
        page_class: signal.class.clone(),
        event_time: stamp(signal.event_time),
        append_time: stamp(signal.append_time),
        input: signal.input.to_string(),
        input_offset,
        method: signal.method.to_string(),
        matched_on: signal.matched_on.clone(),
        detail: signal.detail.clone(),
        merged_with: signal.merged_with.iter().map(ToString::to_string).collect(),
    }
}
