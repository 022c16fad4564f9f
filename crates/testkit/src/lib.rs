//! What tests share: a real broker.

pub mod broker;

pub use broker::{Broker, BrokerError, broker_or_skip};
