//! What tests share: a real broker, or several, what a plain client sees of them, what an operator can do to them, a proxy in front that misbehaves on
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
