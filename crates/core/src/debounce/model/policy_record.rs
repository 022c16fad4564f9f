//! A version of a policy as the inbox and the changelog have it.

use std::sync::Arc;

use super::policy::Policy;
use crate::ids::PolicyName;

/// A version of a policy: compiled, with its file beside it for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRecord {
    /// The policy's name.
    pub name: PolicyName,
    /// Its version; higher is newer.
    pub version: u32,
    /// The file; empty for the end of a shadow.
    pub text: Arc<str>,
    /// The meaning of the file.
    pub content: PolicyContent,
}

/// The meaning of a policy's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyContent {
    /// A policy.
    Compiled(Arc<Policy>),
    /// The shadow of that name takes no more signals.
    ShadowEnded,
    /// The file is no policy: the reason and the fix.
    Invalid(String),
}

impl PolicyRecord {
    /// A version of a policy and its file. Name and version are the policy's own.
    pub fn compiled(policy: Policy, text: &str) -> Self {
        let (name, version) = (policy.name.clone(), policy.version);
        Self { name, version, text: text.into(), content: PolicyContent::Compiled(policy.into()) }
    }

    /// The record that ends a shadow.
    pub fn shadow_ended(name: &str, version: u32) -> Self {
        Self { name: name.into(), version, text: "".into(), content: PolicyContent::ShadowEnded }
    }

    /// The policy; `None` for a record that ends a shadow or cannot be read.
    pub const fn policy(&self) -> Option<&Arc<Policy>> {
        match &self.content {
            PolicyContent::Compiled(policy) => Some(policy),
            PolicyContent::ShadowEnded | PolicyContent::Invalid(_) => None,
        }
    }

    /// True for the record that ends a shadow.
    pub const fn is_end(&self) -> bool {
        matches!(self.content, PolicyContent::ShadowEnded)
    }
}
