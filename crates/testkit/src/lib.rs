//! Helpers of tests: real brokers, a plain client's and an operator's view of them, a proxy that misbehaves on
//! command, and inputs that look for trouble.

pub mod broker;
pub mod generator;
pub mod hostile;
pub mod offsets;
pub mod operator;
pub mod proxy;

pub use broker::{Broker, BrokerError, Cluster, broker_or_skip};
pub use operator::Operator;
pub use proxy::{Action, ApiKey, Proxy, Strike};
