//! Accounts.

use winback_core::account::{Account, Contact, Manner, Reason, Status};

use super::{fixed, needed, stamp, time, word};
use crate::error::DecodeError;
use crate::v1;

/// The account as it travels.
pub fn to_wire(account: &Account) -> v1::Account {
    v1::Account {
        id: account.id.to_string(),
        name: account.name.clone(),
        aliases: account.aliases.clone(),
        domains: account.domains.clone(),
        contacts: account.contacts.iter().map(contact_to_wire).collect(),
        ranges: account.ranges.iter().map(ToString::to_string).collect(),
        churned_at: stamp(account.churned_at),
        reason: account.reason.to_string(),
        reason_detail: account.reason_detail.clone(),
        missing_features: account.missing_features.clone(),
        competitor: account.competitor.clone(),
        competitor_term_months: account.competitor_term_months,
        arr_usd: account.arr_usd,
        seats: account.seats,
        tenure_months: account.tenure_months,
        usage_percent: account.usage_percent,
        manner: account.manner.to_string(),
        concessions: account.concessions.clone(),
        strategic: account.strategic,
        owner: account.owner.clone(),
        zone: account.zone.clone(),
        earliest_at: account.earliest_at.and_then(stamp),
        do_not_contact: account.do_not_contact,
        declined_at: account.declined_at.and_then(stamp),
        status: account.status.to_string(),
        consent: account.consent,
        hold_out: account.hold_out,
        ids: account.ids.clone(),
        language: account.language.clone(),
        version: account.version,
    }
}

fn contact_to_wire(contact: &Contact) -> v1::Contact {
    v1::Contact {
        email_sha256: contact.email_sha256.to_vec(),
        role: contact.role.clone(),
        opted_out: contact.opted_out,
        id: contact.id.clone(),
        language: contact.language.clone(),
    }
}

/// The account that the record says.
///
/// # Errors
/// Names the field, the value and the fix.
pub fn from_wire(wire: v1::Account) -> Result<Account, DecodeError> {
    if wire.id.is_empty() {
        return Err(DecodeError::Missing("account.id"));
    }
    let ranges = wire.ranges.iter().map(|range| {
        let invalid = |_| DecodeError::Invalid {
            field: "account.ranges",
            value: range.clone(),
            fix: "write CIDR, such as 203.0.113.0/24",
        };
        range.parse().map_err(invalid)
    });
    let contacts = wire.contacts.into_iter().map(|contact| {
        let email_sha256 = fixed(&contact.email_sha256, "account.contacts.email_sha256")?;
        let v1::Contact { email_sha256: _, role, opted_out, id, language } = contact;
        Ok(Contact { email_sha256, role, opted_out, id, language })
    });
    Ok(Account {
        churned_at: needed(wire.churned_at.as_ref(), "account.churned_at")?,
        reason: word!(Reason, "account.reason", wire.reason.as_str())?,
        manner: word!(Manner, "account.manner", wire.manner.as_str())?,
        status: word!(Status, "account.status", wire.status.as_str())?,
        ranges: ranges.collect::<Result<_, _>>()?,
        contacts: contacts.collect::<Result<_, _>>()?,
        id: wire.id.into(),
        name: wire.name,
        aliases: wire.aliases,
        domains: wire.domains,
        reason_detail: wire.reason_detail,
        missing_features: wire.missing_features,
        competitor: wire.competitor,
        competitor_term_months: wire.competitor_term_months,
        arr_usd: wire.arr_usd,
        seats: wire.seats,
        tenure_months: wire.tenure_months,
        usage_percent: wire.usage_percent,
        concessions: wire.concessions,
        strategic: wire.strategic,
        owner: wire.owner,
        zone: wire.zone,
        earliest_at: wire.earliest_at.as_ref().map(time),
        do_not_contact: wire.do_not_contact,
        declined_at: wire.declined_at.as_ref().map(time),
        consent: wire.consent,
        hold_out: wire.hold_out,
        ids: wire.ids,
        language: wire.language,
        version: wire.version,
    })
}
