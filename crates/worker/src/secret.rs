//! Values that no log, record or listing may show.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

const REDACTED: &str = "(redacted)";

/// A secret from config or environment. Debug, Display and serialisation show that there is
/// one, or the variable that it is read from, never which.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes a secret.
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The variable that an `env:NAME` names.
    pub fn variable(&self) -> Option<&str> {
        self.0.strip_prefix("env:")
    }

    /// The name of its variable, where it has one; never the secret.
    fn shown(&self) -> &str {
        if self.variable().is_some() { &self.0 } else { REDACTED }
    }

    /// The secret itself.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.shown())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.shown())
    }
}
