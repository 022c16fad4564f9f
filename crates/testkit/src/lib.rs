//! What tests share: a real broker, or several, what a plain client sees of them, a proxy in front that misbehaves on
//! command, and inputs that look for trouble.

pub mod broker;
pub mod generator;
pub mod offsets;
pub mod proxy;

pub use broker::{Broker, BrokerError, Cluster, broker_or_skip};
pub use proxy::{Action, ApiKey, Proxy, Strike};
