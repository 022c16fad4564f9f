//! Dead letters: the reasons that a lane gives itself, and the places of elements in them and in what is replayed.

use winback_core::places::Places;

use crate::error::DecodeError;
use crate::v1;

winback_core::closed_enum! {
    /// The reason of a dead letter for a record of which nothing was kept, whatever its role would have made of it.
    NothingKept {
        /// No transaction takes the record.
        CannotCommit = "cannot_commit",
        /// Its role panics on the record.
        Panicked = "panicked",
    }
}

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
