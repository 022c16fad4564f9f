//! The options of a comparison.

use std::path::PathBuf;
use std::time::Duration;

/// The options of a comparison.
#[derive(Clone, Debug)]
pub struct Options {
    /// The time a partition may stand still before its end.
    pub patience: Duration,
    /// A file to begin with, if it is there, and to renew when nothing differs.
    pub checkpoint: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        // Longer than any transaction that a killed process leaves open.
        Self { patience: Duration::from_secs(120), checkpoint: None }
    }
}
