//! What tests share: a real broker, and inputs that look for trouble.

pub mod broker;
pub mod generator;

pub use broker::{Broker, BrokerError, broker_or_skip};
