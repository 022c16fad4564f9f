//! Rows that can be read and that the registrar would not take all the same.

use winback_log::Log;
use winback_proto::{Encoding, WireMessage as _, account};
use winback_registrar::{Admission, Row, SuppressionKey, Suppressions};

use winback_admin::erase;
use winback_deployment::Context;

/// Room for what a record of the inbox says beside its account.
const ROOM: usize = 1 << 10;

/// What the registrar will hold rows against.
pub struct Gate {
    /// The hashes of who was erased and the key that they were made with; none where nobody was, or where the key is not
    /// here and the registrar judges alone.
    erased: Option<(Suppressions, SuppressionKey)>,
    largest: usize,
    encoding: Encoding,
}

impl Gate {
    /// That of a log whose list takes records of `largest` bytes.
    ///
    /// # Errors
    /// When the log is away.
    pub(crate) fn of(context: &Context, log: &dyn Log, largest: usize) -> anyhow::Result<Self> {
        let hashes = erase::suppressions(context, log)?;
        let key = winback_deployment::suppression_key::known(&context.config)
            .filter(|key| hashes.refuses(Some(key)).is_none());
        let erased = key.filter(|_| !hashes.is_empty()).map(|key| (hashes, key));
        Ok(Self { erased, largest, encoding: context.config.encoding.into() })
    }

    /// The reason why the registrar would not take the row, where it would not.
    pub(crate) fn refuses(&self, row: &Row) -> Option<&'static str> {
        if let Row::Put(put, _) = row {
            let bytes = account::to_wire(put).to_bytes(self.encoding).len() + put.id.as_str().len();
            if bytes + ROOM > self.largest {
                return Some("larger than an account of the list may be: shorten its texts and lists");
            }
        }
        let (hashes, key) = self.erased.as_ref()?;
        let is_refused = match row {
            Row::Put(put, _) => hashes.admit(key, &mut put.clone()) == Admission::Refused,
            Row::Gone(id) => hashes.contains(&key.account(id.as_str())),
        };
        is_refused.then_some("the account was erased, or everybody it names: the registrar refuses it")
    }
}
