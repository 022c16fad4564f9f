//! Helpers of tests: real brokers, a plain client's and an operator's view of them, a proxy that misbehaves on
//! command, and records that an attacker could send.

pub mod broker;
pub mod hostile;
pub mod offsets;
pub mod operator;
pub mod proxy;

pub use broker::{Broker, BrokerError, Cluster, broker_or_skip};
pub use operator::Operator;
pub use proxy::{Action, ApiKey, Proxy, Strike};
