//! The columns that a row states of an account, and the account after it.
//!
//! Invariant: a column that the row leaves out keeps what was known. What forbids is lifted only by a row that says so.

use winback_core::account::Account;
use winback_core::ids::AccountId;
use winback_core::limits::{self, Excess};
use winback_core::time::Time;

use crate::columns::{Column, Columns};
use crate::contacts::{self, StatedContact};
use crate::error::RowError;
use crate::fields::too_large;
use crate::note::Note;

/// The request of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// The account is so, as far as the row says.
    Put(Box<Stated>),
    /// The account is no longer in the list.
    Gone(AccountId),
    /// Nothing about an account.
    Nothing,
}

impl Statement {
    /// The id of its account.
    pub const fn id(&self) -> Option<&AccountId> {
        match self {
            Self::Put(stated) => Some(&stated.account.id),
            Self::Gone(id) => Some(id),
            Self::Nothing => None,
        }
    }
}

/// The columns that a row states of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// The account; columns that the row leaves out are at their defaults.
    pub(crate) account: Account,
    /// The columns that it states.
    pub(crate) columns: Columns,
    pub(crate) contacts: Vec<StatedContact>,
    /// True if it says an amount.
    pub(crate) is_rated: bool,
    pub(crate) notes: Vec<Note>,
}

impl Stated {
    /// The account's id.
    pub const fn id(&self) -> &AccountId {
        &self.account.id
    }

    /// The hashes of the people whom the row names.
    pub fn contacts(&self) -> impl Iterator<Item = [u8; 32]> {
        self.contacts.iter().map(|contact| contact.email_sha256)
    }

    /// The name that the row states.
    pub fn name(&self) -> Option<&str> {
        self.columns.has(Column::Name).then_some(self.account.name.as_str())
    }

    /// The account after the row, where `known` is how it was; with the notes about it.
    ///
    /// # Errors
    /// When it lacks what every account needs, or comes to more than a row may have.
    pub fn onto(self, known: Option<&Account>, version: u64) -> Result<(Account, Vec<Note>), RowError> {
        let Self { account, columns, contacts, is_rated, mut notes } = self;
        for needed in [Column::ChurnedAt, Column::Reason] {
            if known.is_none() && !columns.has(needed) {
                return Err(RowError::Missing(needed.as_str()));
            }
        }
        let (people, kept) = match known {
            Some(known) if !columns.has(Column::Contacts) => (known.contacts.clone(), 0),
            Some(known) => contacts::merged(contacts, &known.contacts),
            None => contacts::merged(contacts, &[]),
        };
        if kept > 0 {
            notes.push(Note::KeptOut(kept));
        }
        if people.len() > limits::CONTACTS.items {
            return Err(too_large("contacts", Excess::Items(people.len()), &limits::CONTACTS));
        }
        let account = match known {
            Some(known) => merged(account, columns, known),
            None => account,
        };
        let account = Account { contacts: people, version, ..account };
        if account.arr_usd < LEAST && !account.strategic {
            notes.push(if is_rated || account.arr_usd > 0 {
                Note::Low(account.arr_usd)
            } else {
                Note::Unrated
            });
        }
        let bytes = limits::account_bytes(&account);
        if bytes > limits::ROW_BYTES {
            return Err(RowError::RowTooLarge(bytes));
        }
        Ok((account, notes))
    }
}

/// The least that an account pays in a year where something starts for it.
const LEAST: u64 = 1_000;

/// The account after a row. Each field is named, so that a new one does not compile until somebody decides what a row that
/// leaves it out does.
fn merged(stated: Account, columns: Columns, known: &Account) -> Account {
    macro_rules! pick {
        ($column:ident, $field:ident) => {
            if columns.has(Column::$column) { stated.$field } else { known.$field.clone() }
        };
    }
    // A reason of the row's own brings its own detail; the same reason keeps the one that was known.
    let keeps_detail =
        !columns.has(Column::ReasonDetail) && (!columns.has(Column::Reason) || stated.reason == known.reason);
    Account {
        id: stated.id,
        reason_detail: if keeps_detail { known.reason_detail.clone() } else { stated.reason_detail },
        name: pick!(Name, name),
        aliases: pick!(Aliases, aliases),
        domains: pick!(Domains, domains),
        contacts: stated.contacts,
        ranges: pick!(Ranges, ranges),
        churned_at: pick!(ChurnedAt, churned_at),
        reason: pick!(Reason, reason),
        missing_features: pick!(MissingFeatures, missing_features),
        competitor: pick!(Competitor, competitor),
        competitor_term_months: pick!(CompetitorTermMonths, competitor_term_months),
        arr_usd: pick!(ArrUsd, arr_usd),
        seats: pick!(Seats, seats),
        tenure_months: pick!(TenureMonths, tenure_months),
        usage_percent: pick!(UsagePercent, usage_percent),
        manner: pick!(Manner, manner),
        concessions: pick!(Concessions, concessions),
        strategic: pick!(Strategic, strategic),
        owner: pick!(Owner, owner),
        zone: pick!(Zone, zone),
        earliest_at: pick!(EarliestAt, earliest_at),
        do_not_contact: pick!(DoNotContact, do_not_contact),
        declined_at: pick!(DeclinedAt, declined_at),
        status: pick!(Status, status),
        consent: pick!(Consent, consent),
        hold_out: pick!(HoldOut, hold_out),
        ids: pick!(Ids, ids),
        language: pick!(Language, language),
        version: stated.version,
    }
}

/// The prohibitions of an account, by the names of their columns.
pub fn prohibitions(account: &Account, now: Time) -> Vec<&'static str> {
    let all = [
        (account.do_not_contact, Column::DoNotContact),
        (account.declined_at.is_some(), Column::DeclinedAt),
        (account.consent == Some(false), Column::Consent),
        (account.hold_out, Column::HoldOut),
        (account.earliest_at.is_some_and(|at| at > now), Column::EarliestAt),
        (account.contacts.iter().any(|contact| contact.opted_out), Column::OptedOut),
    ];
    all.into_iter().filter(|(holds, _)| *holds).map(|(_, column)| column.as_str()).collect()
}
