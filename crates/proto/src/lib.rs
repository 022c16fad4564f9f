//! The wire contract of `proto/winback/v1`: generated types, their canonical JSON, and the way from and to the core.

mod convert;
pub mod envelope;
mod error;
mod timestamp;
mod wire;

pub use convert::{account, decision, inbox, letter, state, stored, trigger};
pub use error::DecodeError;
pub use timestamp::{Timestamp, time};
pub use wire::{Encoding, WireMessage};

/// Version 1 of the contract.
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    unused_qualifications,
    unreachable_pub,
    reason = "generated from proto/winback/v1, where the documentation stands"
)]
pub mod v1 {
    include!(concat!(env!("OUT_DIR"), "/winback.v1.rs"));
    include!(concat!(env!("OUT_DIR"), "/winback.v1.serde.rs"));
}
