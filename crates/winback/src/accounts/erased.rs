//! Those who were erased, as the registrar would hold rows against them.

use winback_log::Log;
use winback_registrar::{Admission, Row, SuppressionKey, Suppressions};

use crate::context::Context;
use crate::erase;

/// The hashes of who was erased, and the key that they were made with.
pub struct Erased {
    hashes: Suppressions,
    key: SuppressionKey,
}

impl Erased {
    /// Those of a log; `None` where nobody was erased, or where the key is not here and the registrar judges alone.
    ///
    /// # Errors
    /// When the log is away.
    pub(crate) fn of(context: &Context, log: &dyn Log) -> anyhow::Result<Option<Self>> {
        let hashes = erase::suppressions(context, log)?;
        if hashes.is_empty() {
            return Ok(None);
        }
        let key = erase::key::known(&context.config);
        let key = key.filter(|key| hashes.refuses(Some(key)).is_none());
        Ok(key.map(|key| Self { hashes, key }))
    }

    /// True for a row that the registrar would not take.
    pub(crate) fn refuses(&self, row: &Row) -> bool {
        match row {
            Row::Put(account, _) => self.hashes.admit(&self.key, &mut account.clone()) == Admission::Refused,
            Row::Gone(id) => self.hashes.contains(&self.key.account(id.as_str())),
        }
    }
}
