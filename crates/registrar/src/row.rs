//! One row of the list of accounts, as a person's file or system writes it.

use serde_json::{Map, Value};
use winback_core::account::{Account, Contact, Manner, Reason, Status};
use winback_core::identity::{Mail, company_domain, parse_range};
use winback_core::ids::AccountId;
use winback_core::limits::{self, Excess};
use winback_core::privacy::masked;
use winback_core::text::nearest;
use winback_core::time::Time;

use crate::fields::{Fields, parts, too_large, wrong};
use crate::privacy::unaddressed;

/// The request of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// The account is so, with what was left out of it because it would match strangers, and what it lacks.
    Put(Box<Account>, Vec<String>),
    /// The account is no longer in the list.
    Gone(AccountId),
}

/// The reason why a row is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// Not a JSON object.
    #[error("not a JSON object: {0}")]
    Json(String),
    /// A field that must be there is not.
    #[error("`{0}` is missing: every account needs account_id, churned_at and reason")]
    Missing(&'static str),
    /// A value that cannot be meant.
    #[error("`{field}` is {value}: {fix}")]
    Value {
        /// The field.
        field: String,
        /// The value.
        value: String,
        /// The fix.
        fix: String,
    },
    /// A field that has more than the table of limits allows.
    #[error("`{field}` has {size} {of}, and at most {most} are taken: shorten it")]
    TooLarge {
        /// The field.
        field: String,
        /// How much it has.
        size: usize,
        /// How much it may have.
        most: usize,
        /// Of what.
        of: &'static str,
    },
    /// All fields together are more than a row may have.
    #[error(
        "the row has up to {0} bytes as it is stored, and at most {most} are taken: shorten its longest fields",
        most = limits::ROW_BYTES
    )]
    RowTooLarge(usize),
}

impl RowError {
    /// The reason of the dead letter.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Json(_) => "malformed_json",
            Self::Missing(_) => "missing_field",
            Self::Value { .. } => "bad_value",
            Self::TooLarge { .. } | Self::RowTooLarge(_) => "too_large",
        }
    }

    /// The field that is wrong; `None` where it is the row as a whole.
    pub fn field(&self) -> Option<&str> {
        match self {
            Self::Value { field, .. } | Self::TooLarge { field, .. } => Some(field),
            Self::Json(_) | Self::Missing(_) | Self::RowTooLarge(_) => None,
        }
    }
}

/// Finer reasons that books use, and what they belong to (DOMAIN, *Accounts*).
const FINER: [(&str, Reason); 10] = [
    ("budget_freeze", Reason::Situational),
    ("team_change", Reason::Situational),
    ("champion_left", Reason::Situational),
    ("project_done", Reason::Situational),
    ("overload", Reason::Situational),
    ("bankrupt", Reason::Impossible),
    ("acquired_other_tool", Reason::Impossible),
    ("function_gone", Reason::Impossible),
    ("in_house_build", Reason::Impossible),
    ("regulation", Reason::Impossible),
];

/// The note about an account whose value nobody knows.
const UNRATED: &str = "`arr_usd` is missing, so that it counts as $0 and nothing starts: state what they paid in a year \
                       ($1,000 or more), or `strategic`";

/// Reads a row. `version` is the row's, higher is newer.
///
/// # Errors
/// Names the field, the value and the fix.
pub fn read_row(json: &[u8], version: u64) -> Result<Row, RowError> {
    let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    let map: Map<String, Value> = serde_json::from_slice(json)
        .map_err(|error| RowError::Json(masked(&error.to_string()).into_owned()))?;
    let fields = Fields(&map);
    let id = fields.text(&["account_id", "id"])?.ok_or(RowError::Missing("account_id"))?;
    if id.len() > 256 || id.contains('\0') {
        return Err(wrong("account_id", &Value::from(id), "write an id of at most 256 bytes, without NUL"));
    }
    if fields.flag(&["deleted"])? == Some(true) {
        return Ok(Row::Gone(id.into()));
    }
    let mut notes = Vec::new();
    let account = unaddressed(account(&fields, &id, version, &mut notes)?)?;
    let bytes = limits::account_bytes(&account);
    if bytes > limits::ROW_BYTES {
        return Err(RowError::RowTooLarge(bytes));
    }
    Ok(Row::Put(Box::new(account), notes))
}

fn account(
    fields: &Fields<'_>,
    id: &str,
    version: u64,
    notes: &mut Vec<String>,
) -> Result<Account, RowError> {
    let (reason, finer) = reason(fields)?;
    let churned_at = fields.time(&["churned_at", "churn_date"])?.ok_or(RowError::Missing("churned_at"))?;
    let name = fields.text(&["name", "company"])?.unwrap_or_else(|| id.to_owned());
    let (arr_usd, strategic) = (fields.number(&["arr_usd", "arr"])?, fields.flag(&["strategic"])?);
    if arr_usd.is_none() && strategic != Some(true) {
        notes.push(UNRATED.to_owned());
    }
    Ok(Account {
        aliases: fields.list(&["aliases"])?,
        domains: domains(fields, notes)?,
        contacts: contacts(fields, notes)?,
        ranges: ranges(fields, notes)?,
        reason_detail: fields.text(&["reason_detail"])?.unwrap_or(finer),
        missing_features: fields.list(&["missing_features", "missing_feature"])?,
        competitor: fields.text(&["competitor"])?,
        competitor_term_months: fields.small(&["competitor_term_months"])?,
        arr_usd: arr_usd.unwrap_or_default(),
        seats: fields.small(&["seats"])?,
        tenure_months: fields.small(&["tenure_months"])?,
        usage_percent: fields.small(&["usage_percent"])?,
        manner: word(fields, "manner", Manner::ALL, Manner::as_str)?.unwrap_or(Manner::Neutral),
        concessions: fields.list(&["concessions"])?,
        strategic: strategic.unwrap_or_default(),
        owner: fields.text(&["owner"])?,
        zone: zone(fields)?,
        earliest_at: fields.time(&["earliest_at"])?,
        do_not_contact: fields.flag(&["do_not_contact"])?.unwrap_or_default(),
        declined_at: fields.time(&["declined_at"])?,
        status: word(fields, "status", Status::ALL, Status::as_str)?.unwrap_or(Status::Churned),
        consent: fields.flag(&["consent"])?,
        hold_out: fields.flag(&["hold_out"])?.unwrap_or_default(),
        version,
        ..Account::new(id, &name, churned_at, reason)
    })
}

fn reason(fields: &Fields<'_>) -> Result<(Reason, String), RowError> {
    let text =
        fields.text(&["reason", "churn_reason"])?.ok_or(RowError::Missing("reason"))?.to_ascii_lowercase();
    if let Some(reason) = Reason::parse(&text) {
        return Ok((reason, String::new()));
    }
    let finer = FINER.iter().find(|(name, _)| *name == text);
    let known: Vec<&str> =
        Reason::ALL.iter().map(|reason| reason.as_str()).chain(FINER.map(|(name, _)| name)).collect();
    let unknown =
        || wrong("reason", &Value::from(text.as_str()), &format!("no such reason{}", nearest(&text, &known)));
    finer.map(|(name, reason)| (*reason, (*name).to_owned())).ok_or_else(unknown)
}

fn word<T: Copy>(
    fields: &Fields<'_>,
    name: &'static str,
    all: &[T],
    text: fn(T) -> &'static str,
) -> Result<Option<T>, RowError> {
    let Some(written) = fields.text(&[name])? else { return Ok(None) };
    let known: Vec<&str> = all.iter().map(|value| text(*value)).collect();
    let found = all.iter().find(|value| text(**value) == written.to_ascii_lowercase());
    let unknown = || {
        wrong(name, &Value::from(written.as_str()), &format!("no such {name}{}", nearest(&written, &known)))
    };
    found.copied().map(Some).ok_or_else(unknown)
}

fn zone(fields: &Fields<'_>) -> Result<Option<String>, RowError> {
    let Some(zone) = fields.text(&["zone", "time_zone"])? else { return Ok(None) };
    match jiff::tz::TimeZoneDatabase::bundled().get(&zone) {
        Ok(_) => Ok(Some(zone)),
        Err(_) => Err(wrong("zone", &Value::from(zone), "write an IANA zone such as Europe/Berlin")),
    }
}

/// Keys that would match strangers are left out, and said; the account is taken all the same.
fn domains(fields: &Fields<'_>, notes: &mut Vec<String>) -> Result<Vec<String>, RowError> {
    let mut domains = Vec::new();
    for raw in fields.list(&["domains", "domain", "website"])? {
        match company_domain(&raw) {
            Ok(domain) if !domains.contains(&domain) => domains.push(domain),
            Ok(_) => {}
            Err(error) => notes.push(left_out("domain", &raw, &error)),
        }
    }
    Ok(domains)
}

fn ranges(fields: &Fields<'_>, notes: &mut Vec<String>) -> Result<Vec<ipnet::IpNet>, RowError> {
    let mut ranges = Vec::new();
    for raw in fields.list(&["ranges", "ip_ranges"])? {
        match parse_range(&raw) {
            Ok(range) => ranges.push(range),
            Err(error) => notes.push(left_out("range", &raw, &error)),
        }
    }
    Ok(ranges)
}

fn contacts(fields: &Fields<'_>, notes: &mut Vec<String>) -> Result<Vec<Contact>, RowError> {
    let (mut contacts, mut count) = (Vec::new(), 0);
    for value in fields.objects(&["contacts", "emails", "email"]) {
        match value {
            Value::Object(object) => {
                count += 1;
                contacts.push(person(&Fields(object))?);
            }
            Value::String(text) => {
                for raw in parts(text).map(str::trim).filter(|raw| !raw.is_empty()) {
                    count += 1;
                    let role = String::new();
                    match Mail::parse(raw) {
                        Some(mail) => {
                            contacts.push(Contact { email_sha256: mail.sha256(), role, opted_out: false });
                        }
                        None => notes.push("a contact is left out: it is no mail address".to_owned()),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                return Err(wrong(
                    "contacts",
                    value,
                    "write mail addresses, or objects with email or email_sha256",
                ));
            }
        }
    }
    if count > limits::CONTACTS.items {
        return Err(too_large("contacts", Excess::Items(count), &limits::CONTACTS));
    }
    Ok(contacts)
}

fn person(fields: &Fields<'_>) -> Result<Contact, RowError> {
    let role = fields.text(&["role"])?.unwrap_or_default();
    let opted_out = fields.flag(&["opted_out"])?.unwrap_or_default();
    let email_sha256 = match (fields.text(&["email"])?, fields.text(&["email_sha256"])?) {
        (Some(email), _) => Mail::parse(&email).map(|mail| mail.sha256()),
        (None, Some(hash)) => decode_hash(&hash),
        (None, None) => None,
    };
    let unusable = || RowError::Value {
        field: "contacts".to_owned(),
        value: "a contact without a usable address".to_owned(),
        fix: "write `email`, or `email_sha256` as 64 hexadecimal digits".to_owned(),
    };
    Ok(Contact { email_sha256: email_sha256.ok_or_else(unusable)?, role, opted_out })
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

/// The account that a request for an erasure names; `None` where it is only about a contact.
pub(crate) fn requested(json: &[u8]) -> Option<AccountId> {
    let map: Map<String, Value> = serde_json::from_slice(json).ok()?;
    map.get("account_id")?.as_str().filter(|id| !id.is_empty()).map(AccountId::from)
}

/// The version of a row that came at this time and place: later records of a partition are newer.
pub(crate) fn version_of(time: Time, offset: i64) -> u64 {
    let millis = u64::try_from(time.millis().max(0)).unwrap_or_default();
    let within = u64::try_from(offset.rem_euclid(1 << 20)).unwrap_or_default();
    (millis << 20) | within
}

/// The note about a key that is left out. A value with other signs than a key has may be a part of an address: it is not quoted.
fn left_out(what: &str, raw: &str, error: &dyn std::fmt::Display) -> String {
    if raw.chars().all(|c| c.is_alphanumeric() || ".-:/_ ".contains(c)) && !raw.contains(' ') {
        format!("{what} `{}` is left out: {error}", masked(raw))
    } else {
        format!("a {what} is left out: it has signs that no {what} has")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(json: &str) -> (Account, Vec<String>) {
        match read_row(json.as_bytes(), 1).unwrap() {
            Row::Put(account, notes) => (*account, notes),
            Row::Gone(id) => panic!("{id} is gone"),
        }
    }

    #[test]
    fn a_spreadsheet_row_and_a_json_row_are_the_same_account() {
        let (sheet, _) = put(
            r#"{"account_id":"a","name":"Acme","domains":"acme.com; acme.io","contacts":"Jane@Acme.com","churned_at":"2026-01-31",
            "reason":"product_gap","arr":"$84,000","strategic":"yes","missing_features":"sso;audit log"}"#,
        );
        let (json, _) = put(
            r#"{"account_id":"a","name":"Acme","domains":["acme.com","https://www.acme.io/"],"contacts":[{"email":"jane@acme.com"}],
            "churned_at":1769817600,"reason":"PRODUCT_GAP","arr_usd":84000,"strategic":true,"missing_features":["sso","audit log"]}"#,
        );
        assert_eq!(sheet, json);
        assert_eq!(sheet.domains, ["acme.com", "acme.io"]);
    }

    #[test]
    fn what_would_match_strangers_is_left_out_and_said() {
        let (account, notes) = put(
            r#"{"id":"a","domains":"gmail.com","ranges":"10.0.0.0/8","churned_at":"2026-01-31","reason":"unknown","arr_usd":0}"#,
        );
        assert!(account.domains.is_empty() && account.ranges.is_empty());
        assert_eq!(notes.len(), 2);
    }

    #[test]
    fn an_account_of_which_nobody_says_what_it_is_worth_is_taken_and_said_to_start_nothing() {
        for (more, noted) in [
            ("", true),
            (r#","strategic":false"#, true),
            (r#","strategic":true"#, false),
            (r#","arr_usd":900"#, false),
            (r#","arr":"$84,000""#, false),
        ] {
            let row = format!(r#"{{"id":"a","churned_at":"2026-01-31","reason":"unknown"{more}}}"#);
            let (_, notes) = put(&row);
            assert_eq!(notes.iter().any(|note| note.contains("`arr_usd` is missing")), noted, "{row}");
        }
    }

    #[test]
    fn a_finer_reason_belongs_to_its_reason() {
        let (account, _) = put(r#"{"id":"a","churned_at":"2026-01-31","reason":"champion_left"}"#);
        assert_eq!((account.reason, account.reason_detail.as_str()), (Reason::Situational, "champion_left"));
    }

    #[test]
    fn errors_name_the_field_the_value_and_the_fix() {
        for (json, parts) in [
            ("[]", &["JSON object"][..]),
            (r#"{"churned_at":"2026-01-31"}"#, &["account_id", "missing"]),
            (r#"{"id":"a","reason":"unknown"}"#, &["churned_at", "missing"]),
            (
                r#"{"id":"a","reason":"prise","churned_at":"2026-01-31"}"#,
                &["reason", "prise", "price_budget"],
            ),
            (
                r#"{"id":"a","reason":"unknown","churned_at":"31/01/2026"}"#,
                &["churned_at", "31/01/2026", "2026-01-31"],
            ),
            (
                r#"{"id":"a","reason":"unknown","churned_at":"2026-01-31","arr":"lots"}"#,
                &["arr", "lots", "whole number"],
            ),
            (
                r#"{"id":"a","reason":"unknown","churned_at":"2026-01-31","zone":"Mars"}"#,
                &["zone", "Mars", "Europe/Berlin"],
            ),
        ] {
            let text = read_row(json.as_bytes(), 1).unwrap_err().to_string();
            parts.iter().for_each(|part| assert!(text.contains(part), "{json} says {text}, not {part}"));
        }
    }

    #[test]
    fn texts_lose_their_addresses_and_a_name_with_one_is_refused() {
        let row = |more: &str| {
            format!(r#"{{"id":"jane@acme.com","churned_at":"2026-01-31","reason":"unknown","arr":1{more}}}"#)
        };
        let (account, _) = put(&row(
            r#","reason_detail":"ask jane%2540acme.com","concessions":"call jane@acme.com;x","owner":"Jo <jo@us.com>",
            "missing_features":["sso jane@acme.com","sso john@acme.com"],"competitor":"ex jane&#64;acme.com",
            "contacts":[{"email":"jane@acme.com","role":"boss of john@acme.com"}]"#,
        ));
        let (cell, _) = put(&row(r#","concessions":"a;call jane&#64;acme.com;b""#));
        assert_eq!(cell.concessions, ["a", "call (address)", "b"]);
        assert_eq!(account.reason_detail, "ask (address)");
        assert_eq!(account.concessions, ["call (address)", "x"]);
        assert_eq!(account.contacts[0].role, "boss of (address)");
        assert_ne!(account.missing_features[0], account.missing_features[1], "they are compared");
        assert_eq!(account.owner.as_deref(), Some("Jo <jo@us.com>"), "one of your own");
        assert_eq!(account.name, "jane@acme.com", "its id");
        for more in [
            r#","name":"Jane jane@acme.com""#,
            r#","aliases":["Acme","jane＠acme.com"]"#,
            r#","aliases":"Acme; x jane&#64;acme.com y""#,
        ] {
            let text = read_row(row(more).as_bytes(), 1).unwrap_err().to_string();
            assert!(text.contains("mail address") && !text.contains("jane"), "{text}");
        }
        assert!(!read_row(br#""jane@acme.com""#, 1).unwrap_err().to_string().contains("jane"));
    }

    #[test]
    fn what_is_more_than_the_table_of_limits_allows_is_refused_with_field_size_and_limit() {
        let row = |more: &str| {
            format!(r#"{{"id":"a","churned_at":"2026-01-31","reason":"unknown","arr_usd":1,{more}}}"#)
        };
        let refused = |more: &str| read_row(row(more).as_bytes(), 1).unwrap_err();
        for limit in &limits::ACCOUNT {
            if limit.field == "role" || limit.field == "contacts" || limit.field == "zone" {
                continue;
            }
            let text = "x".repeat(limit.chars + 1);
            let (field, most) = (limit.field, limit.chars);
            let error = refused(&format!(r#""{field}":"{text}""#));
            let size = limit.chars + 1;
            assert!(error.to_string().starts_with(&format!("`{field}` has {size} characters")), "{error}");
            assert!(error.to_string().contains(&format!("at most {most} are taken")), "{error}");
            assert_eq!((error.reason(), error.field()), ("too_large", Some(field)));
            if limit.items > 1 {
                let list = vec!["\"x\""; limit.items + 1].join(",");
                let error = refused(&format!(r#""{field}":[{list}]"#)).to_string();
                let says =
                    format!("`{field}` has {} items, and at most {} are taken", limit.items + 1, limit.items);
                assert!(error.starts_with(&says), "{error}");
            }
        }
        let people = vec!["\"a@acme.example\""; 1_001].join(",");
        for contacts in [format!("[{people}]"), format!("\"{}\"", "a@acme.example;".repeat(1_001))] {
            let error = refused(&format!(r#""contacts":{contacts}"#)).to_string();
            assert_eq!(error, "`contacts` has 1001 items, and at most 1000 are taken: shorten it");
        }
        let role = format!(r#""contacts":[{{"email":"a@acme.example","role":"{}"}}]"#, "r".repeat(201));
        assert!(refused(&role).to_string().starts_with("`role` has 201 characters"));
        // Each field within its limit, and all of them too much.
        let long = |items: usize, chars: usize| vec![format!("\"{}\"", "ä".repeat(chars)); items].join(",");
        let all = format!(r#""aliases":[{}],"concessions":[{}]"#, long(1_000, 200), long(200, 500));
        let error = refused(&all);
        assert!(matches!(error, RowError::RowTooLarge(bytes) if bytes > limits::ROW_BYTES));
        assert!(error.to_string().contains("at most 524288 are taken"), "{error}");
    }

    #[test]
    fn what_real_books_hold_is_far_within_the_limits() {
        let domains: Vec<String> = (0..900).map(|number| format!("\"site{number}.example.com\"")).collect();
        let people: Vec<String> = (0..900).map(|number| format!("\"p{number}@acme.com\"")).collect();
        let (account, _) = put(&format!(
            r#"{{"id":"a","name":"Société Générale d'Équipements Industriels","churned_at":"2026-01-31","reason":"unknown",
            "reason_detail":"{}","domains":[{}],"contacts":[{}],"aliases":[{}]}}"#,
            "too slow, too dear. ".repeat(40),
            domains.join(","),
            people.join(","),
            vec!["\"Acme Holding Limited\""; 900].join(",")
        ));
        assert_eq!((account.contacts.len(), account.aliases.len()), (900, 900));
        assert!(limits::account_bytes(&account) < limits::ROW_BYTES / 2);
    }

    #[test]
    fn a_deleted_row_takes_the_account_off_the_list() {
        assert_eq!(read_row(br#"{"id":"a","deleted":true}"#, 1).unwrap(), Row::Gone("a".into()));
    }
}
