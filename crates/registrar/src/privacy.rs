//! The door to the list of accounts: a row without mail addresses.
//!
//! Every field is named, so that a new one does not compile until somebody decides what becomes of it.

use winback_core::account::Account;
use winback_core::privacy::{holds_address, masked, told_apart};

use crate::contacts::StatedContact;
use crate::error::RowError;

/// The account without addresses in its texts. Its names are keys of the join: one with an address is refused.
pub(crate) fn unaddressed(account: Account) -> Result<Account, RowError> {
    let Account {
        // Exceptions: the key of everything, and one of your own people.
        id,
        owner,
        // Keys of the join.
        name,
        aliases,
        domains,
        ranges,
        contacts,
        missing_features,
        competitor,
        // Free text.
        reason_detail,
        concessions,
        // Looked up in a closed list when they were read.
        zone,
        reason,
        manner,
        status,
        // Times, numbers and flags.
        churned_at,
        competitor_term_months,
        arr_usd,
        seats,
        tenure_months,
        usage_percent,
        strategic,
        earliest_at,
        do_not_contact,
        declined_at,
        consent,
        hold_out,
        // Keys in other systems, and a tag that was read.
        ids,
        language,
        version,
    } = account;
    // A row without a name goes by its id.
    if name != id.as_str() {
        refuse("name", &name)?;
    }
    aliases.iter().try_for_each(|alias| refuse("aliases", alias))?;
    if ids.iter().any(|id| holds_address(id)) {
        return Err(RowError::Value {
            field: "ids".to_owned(),
            value: "an id with a mail address in it".to_owned(),
            fix: "write the id that the other system gives the company".to_owned(),
        });
    }
    Ok(Account {
        id,
        owner,
        name,
        aliases,
        domains,
        ranges,
        // Read apart, and masked by `stated_contact`.
        contacts,
        missing_features: missing_features.iter().map(|feature| told_apart(feature).into_owned()).collect(),
        competitor: competitor.map(|competitor| told_apart(&competitor).into_owned()),
        reason_detail: masked(&reason_detail).into_owned(),
        concessions: concessions.iter().map(|concession| masked(concession).into_owned()).collect(),
        zone,
        reason,
        manner,
        status,
        churned_at,
        competitor_term_months,
        arr_usd,
        seats,
        tenure_months,
        usage_percent,
        strategic,
        earliest_at,
        do_not_contact,
        declined_at,
        consent,
        hold_out,
        ids,
        language,
        version,
    })
}

/// The contact without addresses in its role.
pub(crate) fn stated_contact(contact: StatedContact) -> StatedContact {
    let StatedContact { email_sha256, role, opted_out, id, language } = contact;
    let plain = |text: Option<String>| text.map(|text| masked(&text).into_owned());
    StatedContact { email_sha256, role: plain(role), opted_out, id: plain(id), language }
}

fn refuse(field: &'static str, text: &str) -> Result<(), RowError> {
    if !holds_address(text) {
        return Ok(());
    }
    Err(RowError::Value {
        field: field.to_owned(),
        value: "a name with a mail address in it".to_owned(),
        fix: "write the company's name; people belong into `contacts`".to_owned(),
    })
}
