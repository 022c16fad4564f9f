//! The keys of the state's rows, and their bytes in the changelog.

use super::rows::SeenKey;
use crate::ids::{AccountId, Offset, PolicyName};

/// The byte between the parts of a key; account ids and policy names may hold anything but it.
const SEPARATOR: u8 = 0;

/// The key of a table's rows: its bytes behind the table's letter, its account, and its words for a person.
pub trait RowKey: Sized {
    /// Adds its bytes.
    fn write(&self, bytes: &mut Vec<u8>);

    /// The key of those bytes.
    fn read(bytes: &[u8]) -> Option<Self>;

    /// The account of the row; `None` for a row of the whole partition.
    fn account(&self) -> Option<&AccountId> {
        None
    }

    /// The row in a few words.
    fn describe(&self) -> String;
}

/// Names the machine of an account under a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MachineKey {
    /// The account.
    pub account: AccountId,
    /// The policy.
    pub policy: PolicyName,
}

impl MachineKey {
    /// The machine of that account under that policy.
    pub fn of(account: &AccountId, policy: &PolicyName) -> Self {
        Self { account: account.clone(), policy: policy.clone() }
    }
}

/// Names a version of a policy.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VersionKey {
    /// The policy.
    pub policy: PolicyName,
    /// Its version.
    pub version: u32,
}

impl VersionKey {
    /// That version of that policy.
    pub fn of(policy: &PolicyName, version: u32) -> Self {
        Self { policy: policy.clone(), version }
    }
}

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// The two parts around the separator.
fn pair(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let at = bytes.iter().position(|byte| *byte == SEPARATOR)?;
    Some((text(&bytes[..at])?, &bytes[at + 1..]))
}

impl RowKey for AccountId {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.as_str().as_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        text(bytes).map(Self::from)
    }

    fn account(&self) -> Option<&AccountId> {
        (!self.as_str().is_empty()).then_some(self)
    }

    fn describe(&self) -> String {
        "the account".to_owned()
    }
}

impl RowKey for MachineKey {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.account.as_str().as_bytes());
        bytes.push(SEPARATOR);
        bytes.extend(self.policy.as_str().as_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (account, policy) = pair(bytes)?;
        Some(Self { account: account.into(), policy: text(policy)?.into() })
    }

    fn account(&self) -> Option<&AccountId> {
        RowKey::account(&self.account)
    }

    fn describe(&self) -> String {
        format!("its machine of policy {}", self.policy)
    }
}

impl RowKey for SeenKey {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.account.as_str().as_bytes());
        bytes.push(SEPARATOR);
        bytes.extend(self.hash);
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (account, hash) = pair(bytes)?;
        Some(Self { account: account.into(), hash: hash.try_into().ok()? })
    }

    fn account(&self) -> Option<&AccountId> {
        RowKey::account(&self.account)
    }

    fn describe(&self) -> String {
        format!("remembered id {}", hex::encode(self.hash))
    }
}

impl RowKey for VersionKey {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.version.to_be_bytes());
        bytes.extend(self.policy.as_str().as_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (version, policy) = bytes.split_at_checked(4)?;
        let version = u32::from_be_bytes(version.try_into().ok()?);
        Some(Self { policy: text(policy)?.into(), version })
    }

    fn describe(&self) -> String {
        format!("policy {}, version {}", self.policy, self.version)
    }
}

/// The policy of a hold; empty for all.
impl RowKey for String {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.as_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        text(bytes).map(str::to_owned)
    }

    fn describe(&self) -> String {
        format!("the hold on `{self}`")
    }
}

/// The offset of an event in the inbox.
impl RowKey for Offset {
    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend(self.0.to_be_bytes());
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        Some(Self(i64::from_be_bytes(bytes.try_into().ok()?)))
    }

    fn describe(&self) -> String {
        format!("the event at {self} on its way")
    }
}
