//! The roles of the flow.

/// A role of the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RoleName {
    /// Takes accounts in.
    Registrar,
    /// Decodes signals and finds whose they are.
    Matcher,
    /// Decides.
    Detector,
    /// Acts.
    Worker,
}

impl RoleName {
    /// The name in groups, metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registrar => "registrar",
            Self::Matcher => "matcher",
            Self::Detector => "detector",
            Self::Worker => "worker",
        }
    }
}
