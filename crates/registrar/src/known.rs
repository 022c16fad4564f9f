//! The list as it is, for rows that say only what is new.
//!
//! Invariant: it is read behind the position from which rows are taken, so that it holds all that earlier rows wrote.
//! The changes of a batch are a journal until the log has them.

use std::collections::HashMap;

use winback_core::account::Account;
use winback_core::ids::AccountId;
use winback_proto::{WireMessage as _, account, v1};

/// The records of the list, by account.
pub type List = HashMap<Box<str>, Box<[u8]>>;

/// Reads the list for a registrar, beside its lane.
pub trait ListReader: Send {
    /// Begins to read the list as it is now; what was begun before is dropped.
    fn begin(&mut self);

    /// The list, once it is read to its end. Until then what it waits for.
    ///
    /// # Errors
    /// The thing that it waits for.
    fn poll(&mut self) -> Result<List, String>;
}

/// A reader of a list that is empty.
#[derive(Debug, Default)]
pub struct NoList;

impl ListReader for NoList {
    fn begin(&mut self) {}

    fn poll(&mut self) -> Result<List, String> {
        Ok(List::default())
    }
}

/// The list that a registrar knows.
pub(crate) struct KnownAccounts {
    reader: Box<dyn ListReader>,
    reads: bool,
    list: List,
    /// The batch's changes; `None` takes an account off the list.
    journal: HashMap<Box<str>, Option<Box<[u8]>>>,
    /// Changes that were committed while the list is read: newer than what is read.
    since: HashMap<Box<str>, Option<Box<[u8]>>>,
}

impl KnownAccounts {
    pub(crate) fn new(reader: Box<dyn ListReader>) -> Self {
        Self { reader, reads: false, list: List::new(), journal: HashMap::new(), since: HashMap::new() }
    }

    /// A partition came whose rows somebody else took until now: the list is read anew.
    pub(crate) fn begin(&mut self) {
        self.reader.begin();
        self.since.clear();
        self.reads = true;
    }

    /// The thing that it waits for; `None` where the list is known.
    pub(crate) fn waits_for(&mut self) -> Option<String> {
        if !self.reads {
            return None;
        }
        match self.reader.poll() {
            Ok(list) => {
                self.list = list;
                self.reads = false;
                let since = std::mem::take(&mut self.since);
                apply(&mut self.list, since);
                None
            }
            Err(why) => Some(why),
        }
    }

    /// The account as it is in the list.
    ///
    /// # Errors
    /// When its record cannot be read.
    pub(crate) fn get(&self, id: &AccountId) -> Result<Option<Account>, String> {
        let found = match self.journal.get(id.as_str()) {
            Some(written) => written.as_deref(),
            None => self.list.get(id.as_str()).map(AsRef::as_ref),
        };
        let Some(bytes) = found else { return Ok(None) };
        let wire = v1::Account::from_bytes(bytes).map_err(|error| error.to_string())?;
        let known = account::from_wire(wire).map_err(|error| error.to_string())?;
        if known.id != *id {
            return Err("it is the record of another account".to_owned());
        }
        Ok(Some(known))
    }

    /// The batch writes a record of the list.
    pub(crate) fn write(&mut self, id: &AccountId, value: Option<&[u8]>) {
        self.journal.insert(id.as_str().into(), value.map(Into::into));
    }

    pub(crate) fn committed(&mut self) {
        let journal = std::mem::take(&mut self.journal);
        if self.reads {
            self.since.extend(journal.iter().map(|(id, value)| (id.clone(), value.clone())));
        }
        apply(&mut self.list, journal);
    }

    pub(crate) fn rolled_back(&mut self) {
        self.journal.clear();
    }
}

fn apply(list: &mut List, changes: HashMap<Box<str>, Option<Box<[u8]>>>) {
    for (id, value) in changes {
        match value {
            Some(value) => drop(list.insert(id, value)),
            None => drop(list.remove(&id)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

    use winback_core::account::Reason;
    use winback_core::time::Time;
    use winback_proto::Encoding;

    use super::*;

    struct Slow(Vec<Result<List, String>>);

    impl ListReader for Slow {
        fn begin(&mut self) {}

        fn poll(&mut self) -> Result<List, String> {
            self.0.pop().unwrap_or_else(|| Err("asked too often".to_owned()))
        }
    }

    fn record(id: &str, name: &str) -> Vec<u8> {
        let account = Account::new(id, name, Time::from_millis(0), Reason::Unknown);
        account::to_wire(&account).to_bytes(Encoding::Protobuf)
    }

    fn name(known: &KnownAccounts, id: &str) -> Option<String> {
        known.get(&id.into()).unwrap().map(|account| account.name)
    }

    #[test]
    fn what_is_committed_while_the_list_is_read_is_newer_than_what_is_read() {
        let list = ["a", "b"].map(|id| (id.into(), record(id, "old").into())).into();
        let mut known = KnownAccounts::new(Box::new(Slow(vec![Ok(list), Err("reads".to_owned())])));
        assert_eq!(known.waits_for(), None, "nothing was begun");
        known.begin();
        known.write(&"a".into(), Some(&record("a", "new")));
        known.write(&"b".into(), None);
        assert_eq!(name(&known, "a").as_deref(), Some("new"), "within the batch");
        known.committed();
        assert_eq!(known.waits_for().as_deref(), Some("reads"));
        assert_eq!(known.waits_for(), None);
        assert_eq!((name(&known, "a").as_deref(), name(&known, "b")), (Some("new"), None));
    }

    #[test]
    fn a_batch_that_is_taken_back_leaves_the_list_as_it_was() {
        let mut known = KnownAccounts::new(Box::new(NoList));
        known.write(&"a".into(), Some(&record("a", "first")));
        known.committed();
        known.write(&"a".into(), None);
        known.rolled_back();
        assert_eq!(name(&known, "a").as_deref(), Some("first"));
        known.write(&"c".into(), Some(&record("a", "of another")));
        assert!(known.get(&"c".into()).unwrap_err().contains("another account"));
    }
}
