//! Places of elements in dead letters and in what is replayed of them.

use winback_core::places::Places;

use crate::error::DecodeError;
use crate::v1;

/// Places on the wire.
pub fn places_to_wire(places: &Places) -> v1::ElementRanges {
    v1::ElementRanges { steps: places.steps() }
}

/// Places off the wire.
///
/// # Errors
/// When the numbers are no ranges in order.
pub fn places_from_wire(ranges: &v1::ElementRanges) -> Result<Places, DecodeError> {
    Places::from_steps(&ranges.steps).ok_or_else(|| DecodeError::Invalid {
        field: "elements.steps",
        value: format!("{} numbers", ranges.steps.len()),
        fix: "write pairs: how many places are passed over, how many follow",
    })
}
