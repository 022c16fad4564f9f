//! Rows that can be read and that the registrar would not take all the same.

use winback_core::account::Account;
use winback_core::ids::AccountId;
use winback_log::Log;
use winback_proto::{Encoding, WireMessage as _, account};
use winback_registrar::{Admission, SuppressionKey, Suppressions};

use winback_admin::erase;
use winback_deployment::Context;

/// Room for what a record of the inbox says beside its account.
const ROOM: usize = 1 << 10;

/// What the registrar will hold rows against.
pub struct Gate {
    /// The hashes of who was erased and the key that they were made with; none where nobody was, or where the key is not
    /// here and the registrar judges alone.
    erased: Option<(Suppressions, SuppressionKey)>,
    /// Hashes that cannot be held against anything, because their key is not known here.
    blind: usize,
    largest: usize,
    encoding: Encoding,
}

/// The reason why the registrar would not take a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It is larger than the list takes.
    TooLarge,
    /// The account was erased, or everybody it names.
    Erased,
}

impl Refusal {
    /// The reason in words.
    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::TooLarge => "larger than an account of the list may be: shorten its texts and lists",
            Self::Erased => {
                "the account was erased, or everybody it names: it is kept out, and the registrar refuses it, too"
            }
        }
    }
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
        let blind = if key.is_none() { hashes.len() } else { 0 };
        let erased = key.filter(|_| !hashes.is_empty()).map(|key| (hashes, key));
        Ok(Self { erased, blind, largest, encoding: context.config.encoding.into() })
    }

    /// Hashes of who was erased that cannot be held against rows here.
    pub(crate) const fn blind(&self) -> usize {
        self.blind
    }

    /// True if the account of that id was erased, as far as is known here.
    pub(crate) fn was_erased(&self, id: &str) -> bool {
        self.erased.as_ref().is_some_and(|(hashes, key)| hashes.contains(&key.account(id)))
    }

    /// The reason why the registrar would not take a row of that account, where it would not.
    pub(crate) fn refuses(&self, id: &AccountId, put: Option<&Account>) -> Option<Refusal> {
        if let Some(put) = put {
            let bytes = account::to_wire(put).to_bytes(self.encoding).len() + put.id.as_str().len();
            if bytes + ROOM > self.largest {
                return Some(Refusal::TooLarge);
            }
        }
        let (hashes, key) = self.erased.as_ref()?;
        let is_refused = match put {
            Some(put) => hashes.admit(key, &mut put.clone()) == Admission::Refused,
            None => hashes.contains(&key.account(id.as_str())),
        };
        is_refused.then_some(Refusal::Erased)
    }

    /// The contacts of the account that were erased.
    pub(crate) fn erased_contacts(&self, put: &Account) -> usize {
        match self.erased.as_ref().map(|(hashes, key)| hashes.admit(key, &mut put.clone())) {
            Some(Admission::Without(count)) => count,
            Some(Admission::Taken | Admission::Refused) | None => 0,
        }
    }
}
