//! The faults of a sequence file.

use winback_policy::line_of;

use crate::words::Rule;

/// A fault of a sequence file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SequenceError {
    /// It is not the TOML that is expected.
    #[error("{0}")]
    Toml(String),
    /// It breaks a rule.
    #[error("{rule}: {key} = {value}: {fix}")]
    Broken {
        /// The rule.
        rule: Rule,
        /// The key, dotted.
        key: String,
        /// The value, or the part of it that is wrong.
        value: String,
        /// The fix, and its reason.
        fix: String,
        /// The line within the value, from 0 on.
        inner: usize,
    },
}

impl SequenceError {
    #[expect(clippy::needless_pass_by_value, reason = "a number, a word or a text, as the caller has it")]
    pub(crate) fn new(rule: Rule, key: &str, value: impl ToString, fix: impl Into<String>) -> Self {
        Self::Broken { rule, key: key.to_owned(), value: value.to_string(), fix: fix.into(), inner: 0 }
    }

    /// The same in that line of the value, from 0 on.
    pub(crate) fn in_line(mut self, line: usize) -> Self {
        if let Self::Broken { inner, .. } = &mut self {
            *inner = line;
        }
        self
    }

    /// The rule that is broken; `None` where the file is no TOML that is expected.
    pub const fn rule(&self) -> Option<Rule> {
        match self {
            Self::Toml(_) => None,
            Self::Broken { rule, .. } => Some(*rule),
        }
    }

    /// The line of the file that the error is about, from 1 on; that of the nearest table where the key is not written.
    pub fn line(&self, toml: &str) -> Option<usize> {
        match self {
            Self::Toml(text) => text.strip_prefix("line ")?.split_once(':')?.0.parse().ok(),
            Self::Broken { key, inner, .. } => {
                line_of(toml, key).map(|line| line + begins(toml, line) + inner)
            }
        }
    }

    /// The file with the line, and the error behind it: `gap-closed.toml:12`, `S8: steps[0].offer = "early": …`.
    pub fn located(&self, file: &str, toml: &str) -> (String, String) {
        let text = self.to_string();
        let Some(line) = self.line(toml) else { return (file.to_owned(), text) };
        let prefix = format!("line {line}: ");
        (format!("{file}:{line}"), text.strip_prefix(&prefix).unwrap_or(&text).to_owned())
    }
}

/// 1 for a text of several lines, whose first one stands below its key.
fn begins(toml: &str, line: usize) -> usize {
    let text = toml.lines().nth(line - 1).unwrap_or_default().trim_end();
    usize::from(text.ends_with("= \"\"\"") || text.ends_with("= '''"))
}
