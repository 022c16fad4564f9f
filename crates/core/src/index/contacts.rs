//! Contacts of the index: whose an address is, and whether anybody is left to write to.

use super::Index;
use super::record::{self, Kind, contact_key};
use crate::signal::Identity;

impl Index {
    /// Every account that has this contact. An address that several share finds no account of its own on the ladder, but
    /// who opts out is out at all of them.
    pub fn accounts_of_contact(&self, who: &Identity<'_>) -> Vec<&str> {
        let keys = who.contact_hashes().map(|hash| hash.map(|hash| contact_key(&hash)));
        let mut rows: Vec<usize> = keys
            .iter()
            .flatten()
            .flat_map(|key| self.table(Kind::Contact).find(&self.arena, key))
            .map(|at| record::read(&self.arena, *at as usize).row as usize)
            .collect();
        rows.sort_unstable();
        rows.dedup();
        rows.into_iter().map(|row| self.entry(row).id).collect()
    }

    /// The hash of an event's address that is a contact of that account: the one that its books know, where several
    /// forms of an address are hashed.
    pub fn contact_of(&self, account: &str, who: &Identity<'_>) -> Option<[u8; 32]> {
        let row = self.row_of(account)?;
        let is_own = |hash: &[u8; 32]| {
            let key = contact_key(hash);
            self.records(row).any(|record| record.kind == Kind::Contact && record.bytes == key)
        };
        who.contact_hashes().into_iter().flatten().find(is_own)
    }

    /// True if each contact that the account's books know has opted out there, or is `out` by its hash. An account
    /// without contacts has nobody to ask.
    pub fn are_all_out(&self, account: &str, out: impl Fn(&[u8]) -> bool) -> bool {
        let Some(row) = self.row_of(account) else { return false };
        let of = |kind: Kind| self.records(row).filter(move |record| record.kind == kind);
        of(Kind::Contact)
            .all(|contact| out(contact.bytes) || of(Kind::OptedOut).any(|gone| gone.bytes == contact.bytes))
    }
}
