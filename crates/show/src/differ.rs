//! The change that would have made a trigger: the same for people and for programs.

use serde::Serialize;
use winback_core::time::Time;

winback_core::closed_enum! {
    /// The sort of the missing condition.
    Lack {
        /// It had to be new: this one counted already.
        Repeat = "repeat",
        /// It had to be younger.
        Age = "age",
        /// It had to be stronger to fire at once; nothing is decided yet.
        Strength = "strength",
        /// It had to come after the quiet time, or be stronger than what fired.
        Quiet = "quiet",
        /// Points of score.
        Score = "score",
        /// Something had to come after the first trigger.
        News = "news",
        /// A gate had to be open.
        Gate = "gate",
        /// A cap had to have room.
        Cap = "cap",
        /// The trigger had to be smaller.
        Size = "size",
        /// It had to be read sooner: it came of a backlog.
        Late = "late",
        /// The account had to stay what it was.
        Account = "account",
        /// Nothing could.
        Nothing = "nothing",
    }
}

/// The missing condition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Differ {
    /// The sort.
    pub what: Lack,
    /// In words.
    pub text: String,
    /// The missing points of score.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<u32>,
    /// The time that was in the way: before it nothing could fire, or, for an age, nothing later.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "rfc3339")]
    pub until: Option<Time>,
    /// The gate's name, or the cap.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
}

impl Differ {
    pub(crate) fn new(what: Lack, text: impl Into<String>) -> Self {
        Self { what, text: text.into(), points: None, until: None, name: String::new() }
    }

    pub(crate) fn points(self, points: u32) -> Self {
        Self { points: Some(points), ..self }
    }

    pub(crate) fn until(self, until: Option<Time>) -> Self {
        Self { until, ..self }
    }

    pub(crate) fn name(self, name: &str) -> Self {
        Self { name: name.to_owned(), ..self }
    }

    /// True if a person wants to read it: a signal that waits for its burst's end is not refused.
    pub fn is_final(&self) -> bool {
        self.what != Lack::Strength
    }
}

/// A time as RFC 3339; nothing where there is none.
pub fn rfc3339<S: serde::Serializer>(at: &Option<Time>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serializer.collect_str(at),
        None => serializer.serialize_none(),
    }
}
