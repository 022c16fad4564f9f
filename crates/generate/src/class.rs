//! The sorts of sources.

/// A sort of source, by what it tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Page views.
    Web,
    /// Opens, clicks and replies.
    Mail,
    /// Rounds.
    Funding,
    /// Posts.
    Hiring,
    /// An event that concerns many accounts.
    Event,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Web, Self::Mail, Self::Hiring, Self::Funding, Self::Event];

    /// Its share of all signals, in 100. Events are few, and planted.
    pub(super) const fn share(self) -> u32 {
        match self {
            Self::Web => 80,
            Self::Mail => 14,
            Self::Hiring => 4,
            Self::Funding => 2,
            Self::Event => 0,
        }
    }
}
