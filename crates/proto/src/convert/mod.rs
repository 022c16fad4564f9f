//! Between the wire and the core. What the wire says wrongly is refused with the field, the value and the fix.

pub mod account;
pub mod decision;
mod event;
pub mod inbox;
pub mod letter;
mod policy;
pub mod state;
pub mod stored;
pub mod trigger;

use crate::Timestamp;
use winback_core::time::Time;

use crate::error::DecodeError;

/// A time on the wire.
pub(crate) fn stamp(time: Time) -> Option<Timestamp> {
    Some(time.into())
}

/// A time off the wire.
pub(crate) fn time(stamp: &Timestamp) -> Time {
    stamp.into()
}

/// A time that must be there.
pub(crate) fn needed(stamp: Option<&Timestamp>, field: &'static str) -> Result<Time, DecodeError> {
    stamp.map(time).ok_or(DecodeError::Missing(field))
}

/// A word of a closed list.
macro_rules! word {
    ($list:ty, $field:literal, $value:expr) => {
        <$list>::parse($value).ok_or_else(|| crate::error::DecodeError::Unknown {
            field: $field,
            value: $value.to_string(),
            known: <$list>::ALL.iter().map(|value| value.as_str()).collect::<Vec<_>>().join(", "),
        })
    };
}
pub(crate) use word;

/// Bytes of a fixed length.
pub(crate) fn fixed<const N: usize>(bytes: &[u8], field: &'static str) -> Result<[u8; N], DecodeError> {
    let invalid = |_| DecodeError::Invalid {
        field,
        value: format!("{} bytes", bytes.len()),
        fix: "write a whole hash",
    };
    bytes.try_into().map_err(invalid)
}
