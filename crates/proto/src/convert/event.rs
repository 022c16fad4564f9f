//! Events that concern many accounts.

use winback_core::debounce::Event;
use winback_core::signal::SignalKind;

use super::{needed, stamp, word};
use crate::error::DecodeError;
use crate::v1;

/// The event that the record says.
///
/// # Errors
/// Names the field, the value and the fix.
pub(super) fn from_wire(wire: v1::Event) -> Result<Event, DecodeError> {
    let kind = word!(SignalKind, "event.kind", wire.kind.as_str())?;
    if !kind.is_broadcast() {
        return Err(DecodeError::Invalid {
            field: "event.kind",
            value: wire.kind,
            fix: "only product_release and competitor_event are about many accounts",
        });
    }
    Ok(Event {
        kind,
        event_time: needed(wire.event_time.as_ref(), "event.event_time")?,
        append_time: needed(wire.append_time.as_ref(), "event.append_time")?,
        source: wire.source,
        id: wire.id,
        class: wire.class,
        title: wire.title,
        features: wire.features,
        competitor: wire.competitor,
    })
}

/// An event as it travels.
pub fn to_wire(event: &Event, input: &str, input_offset: i64) -> v1::Event {
    v1::Event {
        source: event.source.clone(),
        id: event.id.clone(),
        kind: event.kind.to_string(),
        class: event.class.clone(),
        event_time: stamp(event.event_time),
        append_time: stamp(event.append_time),
        title: event.title.clone(),
        features: event.features.clone(),
        competitor: event.competitor.clone(),
        input: input.to_owned(),
        input_offset,
    }
}
