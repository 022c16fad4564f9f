//! The operator's view: metrics, health and logs.
//!
//! Every metric is in one closed list ([`metrics::list`]). Readiness always gives the reason. Nothing here is global,
//! so that several deployments can live in one process, as they do in tests.

pub mod health;
pub mod logging;
mod masking;
pub mod metrics;
pub mod server;

pub use health::{Component, Health};
pub use metrics::Metrics;
