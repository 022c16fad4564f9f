//! The names of policies in shadow: decided beside those in force, with a memory of their own, and without any effect
//! on them.
//!
//! A shadow of the policy `default` has the name `default~shadow`, so that its machines, versions, trigger ids and
//! decisions are its own.

/// The ending of a shadow's name; policies in force have no `~` in theirs.
const SUFFIX: &str = "~shadow";

/// True for the name of a policy in shadow.
pub fn is_shadow(policy: &str) -> bool {
    policy.ends_with(SUFFIX)
}

/// The name of the shadow of a policy.
pub fn shadow_of(policy: &str) -> String {
    format!("{policy}{SUFFIX}")
}

/// The policy in force that a shadow stands beside; its own name for one in force.
pub fn in_force(policy: &str) -> &str {
    policy.strip_suffix(SUFFIX).unwrap_or(policy)
}
