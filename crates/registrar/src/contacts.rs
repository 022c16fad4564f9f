//! The people of a row: addresses, or objects that say more of each.

use serde_json::{Map, Value};
use winback_core::account::Contact;
use winback_core::identity::Mail;
use winback_core::limits::{self, Excess};
use winback_core::privacy::masked;

use crate::columns::plain;
use crate::error::RowError;
use crate::fields::{Fields, too_large, wrong};
use crate::language::language;
use crate::lists;
use crate::named::UnknownColumn;
use crate::note::Note;
use crate::prohibition::forbids;

/// A contact as a row states it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StatedContact {
    pub(crate) email_sha256: [u8; 32],
    /// `None` where the row does not say.
    pub(crate) role: Option<String>,
    /// `None` where the row does not say.
    pub(crate) opted_out: Option<bool>,
    /// `None` where the row does not say.
    pub(crate) id: Option<String>,
    /// `None` where the row does not say.
    pub(crate) language: Option<String>,
}

/// The people of a row.
#[derive(Debug, Default)]
pub(crate) struct People {
    pub(crate) contacts: Vec<StatedContact>,
    pub(crate) unknown: Vec<UnknownColumn>,
}

/// The fields of a person, by their plain names.
const FIELDS: [(&str, &str); 17] = [
    ("email", "email"),
    ("mail", "email"),
    ("emailaddress", "email"),
    ("emailsha256", "email_sha256"),
    ("role", "role"),
    ("title", "role"),
    ("jobtitle", "role"),
    ("optedout", "opted_out"),
    ("optout", "opted_out"),
    ("unsubscribed", "opted_out"),
    ("emailoptout", "opted_out"),
    ("hasoptedoutofemail", "opted_out"),
    ("id", "id"),
    ("contactid", "id"),
    ("crmid", "id"),
    ("language", "language"),
    ("locale", "language"),
];

/// Reads the people; `role` and `opted_out` of the row are those of the people who are named by address alone.
pub(crate) fn people(fields: &Fields<'_>, notes: &mut Vec<Note>) -> Result<People, RowError> {
    let mut people = People::default();
    let (role, opted_out) = (fields.text(&["role"])?, fields.flag(&["opted_out"])?);
    let mut count = 0;
    for value in fields.objects(&["contacts"]) {
        match value {
            Value::Object(object) => {
                count += 1;
                let object = named(object, &mut people.unknown)?;
                people.contacts.push(person(&Fields(&object))?);
            }
            Value::String(text) => {
                for raw in lists::parts(text) {
                    count += 1;
                    match Mail::parse(raw) {
                        Some(mail) => {
                            let (email_sha256, role) = (mail.sha256(), role.clone());
                            let (id, language) = (None, None);
                            people.contacts.push(StatedContact {
                                email_sha256,
                                role,
                                opted_out,
                                id,
                                language,
                            });
                        }
                        None if opted_out == Some(true) => return Err(unusable()),
                        None => {
                            let text = "a contact is left out: it is no mail address";
                            notes.push(Note::LeftOut(text.to_owned()));
                        }
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                let fix = "write mail addresses, or objects with email or email_sha256";
                return Err(wrong("contacts", value, fix));
            }
        }
    }
    if count > limits::CONTACTS.items {
        return Err(too_large("contacts", Excess::Items(count), &limits::CONTACTS));
    }
    if opted_out == Some(true) && count == 0 {
        let fix =
            "the row names no contact: write who it is into `contacts`, or `do_not_contact` for all of them";
        return Err(wrong("opted_out", &true.into(), fix));
    }
    Ok(people)
}

/// The person under winback's names of the fields.
fn named(
    object: &Map<String, Value>,
    unknown: &mut Vec<UnknownColumn>,
) -> Result<Map<String, Value>, RowError> {
    let mut named: Map<String, Value> = Map::new();
    for (key, value) in object {
        let name = plain(key);
        let Some((_, field)) = FIELDS.iter().find(|(own, _)| *own == name) else {
            let (name, forbids) = (format!("contacts.{}", masked(key)), forbids(&name, value));
            unknown.push(UnknownColumn { name, nearest: String::new(), forbids });
            continue;
        };
        match named.get(*field) {
            None | Some(Value::Null) => drop(named.insert((*field).to_owned(), value.clone())),
            Some(there) if there == value || value.is_null() => {}
            Some(_) => {
                return Err(RowError::Twice {
                    field: format!("contacts.{field}"),
                    other: format!("contacts.{key}"),
                });
            }
        }
    }
    Ok(named)
}

fn unusable() -> RowError {
    RowError::Value {
        field: "contacts".to_owned(),
        value: "a contact without a usable address".to_owned(),
        fix: "write `email`, or `email_sha256` as 64 hexadecimal digits".to_owned(),
    }
}

fn person(fields: &Fields<'_>) -> Result<StatedContact, RowError> {
    let (role, opted_out) = (fields.text(&["role"])?, fields.flag(&["opted_out"])?);
    let email_sha256 = match (fields.text(&["email"])?, fields.text(&["email_sha256"])?) {
        (Some(email), _) => Mail::parse(&email).map(|mail| mail.sha256()),
        (None, Some(hash)) => decode_hash(&hash),
        (None, None) => None,
    };
    let (id, language) = (fields.text(&["id"])?, language(fields)?);
    let excess = id.as_deref().and_then(|id| limits::CONTACT_ID.excess([id]));
    if let Some(excess) = excess {
        return Err(too_large("contacts.id", excess, &limits::CONTACT_ID));
    }
    Ok(StatedContact { email_sha256: email_sha256.ok_or_else(unusable)?, role, opted_out, id, language })
}

pub(crate) fn decode_hash(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (at, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(at * 2..at * 2 + 2)?, 16).ok()?;
    }
    Some(hash)
}

/// The people after a row: what it does not say of somebody stays as it was. Who opted out stays, also where the row no
/// longer names them, so that they are not written to when they are named again. The second value counts these.
pub(crate) fn merged(stated: Vec<StatedContact>, known: &[Contact]) -> (Vec<Contact>, usize) {
    let mut contacts: Vec<Contact> = Vec::with_capacity(stated.len());
    for StatedContact { email_sha256, role, opted_out, id, language } in stated {
        let before = known.iter().find(|contact| contact.email_sha256 == email_sha256);
        // Somebody who is named twice is out if one of them says so.
        if let Some(there) = contacts.iter_mut().find(|contact| contact.email_sha256 == email_sha256) {
            there.opted_out |= opted_out == Some(true);
            if there.role.is_empty() {
                there.role = role.unwrap_or_default();
            }
            continue;
        }
        let text = |stated: Option<String>, own: fn(&Contact) -> &String| {
            stated.or_else(|| before.map(|before| own(before).clone())).unwrap_or_default()
        };
        let (role, id) = (text(role, |before| &before.role), text(id, |before| &before.id));
        let language = text(language, |before| &before.language);
        let opted_out = opted_out.or_else(|| before.map(|before| before.opted_out)).unwrap_or_default();
        contacts.push(Contact { email_sha256, role, opted_out, id, language });
    }
    let named = contacts.len();
    let is_new = |contact: &&Contact| contacts.iter().all(|own| own.email_sha256 != contact.email_sha256);
    let kept: Vec<Contact> =
        known.iter().filter(|contact| contact.opted_out).filter(is_new).cloned().collect();
    contacts.extend(kept);
    let kept = contacts.len() - named;
    (contacts, kept)
}
