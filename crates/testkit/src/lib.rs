//! What tests share: a real broker, or several, what a plain client sees of them, and inputs that look for trouble.

pub mod broker;
pub mod generator;
pub mod offsets;

pub use broker::{Broker, BrokerError, Cluster, broker_or_skip};
