//! One row of the list of accounts, as a person's file or system writes it.

use ipnet::IpNet;
use serde_json::{Map, Value};
use winback_core::account::{Account, Manner, Status};
use winback_core::identity::{company_domain, parse_range};
use winback_core::ids::AccountId;
use winback_core::privacy::masked;
use winback_core::text::nearest;
use winback_core::time::Time;

use crate::columns::{Column, Columns};
use crate::contacts::people;
use crate::error::RowError;
use crate::fields::{Fields, wrong};
use crate::language::language;
use crate::mapping::Mapping;
use crate::moment::Bound;
use crate::named::{Named, Names, UnknownColumn};
use crate::note::Note;
use crate::privacy::{stated_contact, unaddressed};
use crate::reasons;
use crate::stated::{Stated, Statement};
use crate::strict::Strict;

/// The request of a row that stands alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// The account is so, with what was left out of it because it would match strangers, and what it lacks.
    Put(Box<Account>, Vec<Note>),
    /// The account is no longer in the list.
    Gone(AccountId),
}

/// The rules by which rows are read.
#[derive(Clone, Debug)]
pub struct RowRules {
    names: Names,
    wide: Vec<IpNet>,
}

/// A row that was read.
#[derive(Clone, Debug)]
pub struct Read {
    /// Its statement.
    pub statement: Result<Statement, RowError>,
    /// Columns that are not known.
    pub unknown: Vec<UnknownColumn>,
    /// The row under winback's names of columns; `None` where it is written so.
    pub canonical: Option<Vec<u8>>,
    /// Its columns by winback's names.
    pub(crate) columns: Map<String, Value>,
}

impl Default for RowRules {
    fn default() -> Self {
        Self { names: Names::new(&Mapping::default()), wide: Vec::new() }
    }
}

/// The shortest prefix of a network that is taken without a word of the config.
const fn shortest(range: &IpNet) -> u8 {
    match range {
        IpNet::V4(_) => 16,
        IpNet::V6(_) => 32,
    }
}

impl RowRules {
    /// Rules with those names of columns and those networks that are wider than usual.
    ///
    /// # Errors
    /// Names the key of the config and the fix.
    pub fn new(mapping: &Mapping, wide_ranges: &[String]) -> Result<Self, String> {
        mapping.check()?;
        let wide = wide_ranges.iter().map(|text| {
            parse_range(text).map_err(|error| format!("accounts.wide_ranges has \"{text}\": {error}"))
        });
        Ok(Self { names: Names::new(mapping), wide: wide.collect::<Result<_, _>>()? })
    }

    /// Reads a row that came at that time.
    pub fn read(&self, json: &[u8], now: Time) -> Read {
        self.read_until(json, Bound::Past(now))
    }

    fn read_until(&self, json: &[u8], bound: Bound) -> Read {
        let failed =
            |error| Read { statement: Err(error), unknown: Vec::new(), canonical: None, columns: Map::new() };
        let map = match object(json) {
            Ok(map) => map,
            Err(error) => return failed(error),
        };
        if is_heartbeat(&map) {
            return Read { statement: Ok(Statement::Nothing), ..failed(RowError::Missing("account_id")) };
        }
        let mut named = match self.names.read(map) {
            Ok(named) => named,
            Err(error) => return failed(error),
        };
        let statement = self.statement(&mut named, bound);
        let statement = statement.map_err(|error| error.named(|field| named.name_of(field)));
        let canonical = named.canonical();
        Read { statement, unknown: named.unknown, canonical, columns: named.row }
    }

    fn statement(&self, named: &mut Named, bound: Bound) -> Result<Statement, RowError> {
        let Named { row, unknown, .. } = named;
        let fields = Fields(row);
        let id = fields.text(&["account_id"])?.ok_or(RowError::Missing("account_id"))?;
        if id.len() > 256 || id.contains('\0') {
            let fix = "write an id of at most 256 bytes, without NUL";
            return Err(wrong("account_id", &Value::from(id), fix));
        }
        if fields.flag(&["deleted"])? == Some(true) {
            return Ok(Statement::Gone(id.into()));
        }
        let mut notes = Vec::new();
        let people = people(&fields, &mut notes)?;
        unknown.extend(people.unknown);
        let account = unaddressed(self.account(&fields, &id, bound, &mut notes)?)?;
        let is_rated = fields.number(&["arr_usd"])?.is_some();
        let columns = stated_columns(row, &account);
        let contacts = people.contacts.into_iter().map(stated_contact).collect();
        Ok(Statement::Put(Box::new(Stated { account, columns, contacts, is_rated, notes })))
    }

    fn account(
        &self,
        fields: &Fields<'_>,
        id: &str,
        bound: Bound,
        notes: &mut Vec<Note>,
    ) -> Result<Account, RowError> {
        let reason = fields.text(&["reason"])?.map(|word| reasons::read(&word)).transpose()?;
        let (reason, finer) = reason.unwrap_or((winback_core::account::Reason::Unknown, String::new()));
        let churned_at = fields.time(&["churned_at"], bound)?.unwrap_or(Time::from_millis(0));
        let name = fields.text(&["name"])?.unwrap_or_else(|| id.to_owned());
        Ok(Account {
            aliases: fields.list(&["aliases"])?,
            domains: domains(fields, notes)?,
            ranges: self.ranges(fields, notes)?,
            reason_detail: fields.text(&["reason_detail"])?.unwrap_or(finer),
            missing_features: fields.list(&["missing_features"])?,
            competitor: fields.text(&["competitor"])?,
            competitor_term_months: fields.small(&["competitor_term_months"])?,
            arr_usd: fields.number(&["arr_usd"])?.unwrap_or_default(),
            seats: fields.small(&["seats"])?,
            tenure_months: fields.small(&["tenure_months"])?,
            usage_percent: fields.small(&["usage_percent"])?,
            manner: word(fields, "manner", Manner::ALL, Manner::as_str)?.unwrap_or(Manner::Neutral),
            concessions: fields.list(&["concessions"])?,
            strategic: fields.flag(&["strategic"])?.unwrap_or_default(),
            owner: fields.text(&["owner"])?,
            zone: zone(fields)?,
            earliest_at: fields.limit(&["earliest_at"], Bound::Any)?.flatten(),
            do_not_contact: fields.flag(&["do_not_contact"])?.unwrap_or_default(),
            declined_at: fields.limit(&["declined_at"], bound)?.flatten(),
            status: word(fields, "status", Status::ALL, Status::as_str)?.unwrap_or(Status::Churned),
            consent: fields.flag(&["consent"])?,
            hold_out: fields.flag(&["hold_out"])?.unwrap_or_default(),
            ids: other_ids(fields)?,
            language: language(fields)?,
            ..Account::new(id, &name, churned_at, reason)
        })
    }

    fn ranges(&self, fields: &Fields<'_>, notes: &mut Vec<Note>) -> Result<Vec<IpNet>, RowError> {
        let mut ranges = Vec::new();
        for raw in fields.list(&["ranges"])? {
            match parse_range(&raw) {
                Ok(range) if range.prefix_len() < shortest(&range) && !self.allows(&range) => {
                    let why = format!(
                        "it is wider than /{}, and more than one company may be in it: name it in accounts.wide_ranges if \
                         it is theirs alone",
                        shortest(&range)
                    );
                    notes.push(Note::left_out("range", &raw, &why));
                }
                Ok(range) => ranges.push(range),
                Err(error) => notes.push(Note::left_out("range", &raw, &error)),
            }
        }
        Ok(ranges)
    }

    fn allows(&self, range: &IpNet) -> bool {
        self.wide.iter().any(|wide| wide.contains(range))
    }
}

/// Reads a row that stands alone, by winback's own names. `version` is the row's, higher is newer.
///
/// # Errors
/// Names the field, the value and the fix.
pub fn read_row(json: &[u8], version: u64) -> Result<Row, RowError> {
    match RowRules::default().read_until(json, Bound::latest()).statement? {
        Statement::Put(stated) => {
            let (account, notes) = stated.onto(None, version)?;
            Ok(Row::Put(Box::new(account), notes))
        }
        Statement::Gone(id) => Ok(Row::Gone(id)),
        Statement::Nothing => Err(RowError::Missing("account_id")),
    }
}

fn object(json: &[u8]) -> Result<Map<String, Value>, RowError> {
    let json = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    let text = std::str::from_utf8(json).map_err(|error| {
        let at = error.valid_up_to();
        let before = String::from_utf8_lossy(&json[at.saturating_sub(12)..at]).into_owned();
        // A part of an address is not shown.
        let before =
            if before.contains('@') { "an address".to_owned() } else { masked(&before).into_owned() };
        RowError::Encoding { byte: json.get(at).copied().unwrap_or_default(), before }
    })?;
    let Strict(value) = serde_json::from_str(text)
        .map_err(|error| RowError::Json(masked(&error.to_string()).into_owned()))?;
    match value {
        Value::Object(map) => Ok(map),
        other => {
            let what = match other {
                Value::Array(_) => "a list",
                Value::String(_) => "a text",
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => "a single value",
            };
            Err(RowError::Json(format!("it is {what}")))
        }
    }
}

/// True for a record that a connector writes to say that it is there.
fn is_heartbeat(map: &Map<String, Value>) -> bool {
    map.contains_key("ts_ms") && map.keys().all(|key| key == "ts_ms" || key.starts_with("__"))
}

/// The columns that the row states. An empty one says nothing where it forbids, and elsewhere that there is none.
fn stated_columns(row: &Map<String, Value>, account: &Account) -> Columns {
    let mut columns = Columns::default();
    for column in Column::ALL {
        let Some(value) = row.get(column.as_str()) else { continue };
        let is_empty = value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty());
        let needs_value =
            column.forbids() || matches!(column, Column::ChurnedAt | Column::Reason | Column::Name);
        if !(is_empty && needs_value) {
            columns.add(*column);
        }
    }
    if !account.reason_detail.is_empty() {
        columns.add(Column::ReasonDetail);
    }
    columns
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
    let Some(zone) = fields.text(&["zone"])? else { return Ok(None) };
    match jiff::tz::TimeZoneDatabase::bundled().get(&zone) {
        Ok(_) => Ok(Some(zone)),
        Err(_) => Err(wrong("zone", &Value::from(zone), "write an IANA zone such as Europe/Berlin")),
    }
}

/// Ids in other systems, each with the system's name in front of it.
fn other_ids(fields: &Fields<'_>) -> Result<Vec<String>, RowError> {
    let is_name = |system: &str| {
        !system.is_empty()
            && system.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c))
    };
    let ids = fields.list(&["ids"])?.into_iter().map(|text| match text.split_once(':') {
        Some((system, id)) if is_name(system.trim()) && !id.trim().is_empty() => {
            Ok(format!("{}:{}", system.trim(), id.trim()))
        }
        _ => Err(wrong("ids", &Value::from(text), "write system and id, such as salesforce:0018d00000ABCDE")),
    });
    ids.collect()
}

/// Keys that would match strangers are left out, and said; the account is taken all the same.
fn domains(fields: &Fields<'_>, notes: &mut Vec<Note>) -> Result<Vec<String>, RowError> {
    let mut domains = Vec::new();
    for raw in fields.list(&["domains"])? {
        match company_domain(&raw) {
            Ok(domain) if !domains.contains(&domain) => domains.push(domain),
            Ok(_) => {}
            Err(error) => notes.push(Note::left_out("domain", &raw, &error)),
        }
    }
    Ok(domains)
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

#[cfg(test)]
mod read_tests;
#[cfg(test)]
mod tests;
