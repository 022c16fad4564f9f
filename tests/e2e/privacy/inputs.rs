//! Inputs with an address in each of their fields, one field at a time. The fields are found, not listed: those of rows
//! in the message that they become and in the names that the registrar reads, those of records in what producers write
//! and in the mappings.

use std::collections::BTreeSet;
use std::path::Path;

use prost_reflect::{DescriptorPool, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};
use winback_core::privacy::Exception;
use winback_core::time::{Span, Time};
use winback_generate::{GenerateSpec, Generator, Shape, SourceSpec};
use winback_sources::Preset;

use super::disguise::{DISGUISES, MARK, someone};

const ROW_RS: &str = include_str!("../../../crates/registrar/src/row.rs");
const MAPPINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/sources");
/// A record or two of each format that is neither generated nor a mapping.
const SAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../sources/tests/samples");

/// The message that a row of accounts becomes.
pub(super) fn account(proto: &Path) -> MessageDescriptor {
    let files = protox::compile(["winback/v1/account.proto"], [proto]).unwrap();
    let pool = DescriptorPool::from_file_descriptor_set(files).unwrap();
    pool.get_message_by_name("winback.v1.Account").unwrap()
}

/// The names of a row's fields, and whether each is a list.
pub(super) fn fields(account: &MessageDescriptor) -> BTreeSet<(String, bool)> {
    let stored = account.fields().map(|field| (field.name().to_owned(), field.is_list()));
    let code = ROW_RS.split("#[cfg(test)]").next().unwrap();
    let read = code.split("(&[\"").skip(1).filter_map(|rest| rest.split_once(']')).flat_map(|(names, _)| {
        let names = names.split(['"', ',', ' ']).filter(|name| !name.is_empty());
        names.map(|name| (name.to_owned(), false)).collect::<Vec<_>>()
    });
    stored.chain(read).collect()
}

/// The fields of a message within a row.
fn inner(account: &MessageDescriptor) -> Vec<(String, String)> {
    let of = |field: prost_reflect::FieldDescriptor| match field.kind() {
        Kind::Message(message) if message.full_name().starts_with("winback.") => message
            .fields()
            .map(|inner| (field.name().to_owned(), inner.name().to_owned()))
            .collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    account.fields().flat_map(of).collect()
}

/// Names of fields that keep an address on purpose.
fn is_exception(field: &str) -> bool {
    let id = [Exception::AccountId.as_str(), "id"].map(|name| name.replace(' ', "_"));
    id.iter().any(|name| name == field) || field == Exception::Owner.as_str()
}

fn row(id: &str) -> Map<String, Value> {
    let domain = format!("{}.com", id.replace('_', "-"));
    let row = json!({
        "account_id": id, "name": format!("Company {id}"), "domains": [domain], "churned_at": "2026-01-15",
        "contacts": [contact(id)], "reason": "product_gap", "arr_usd": 60_000, "missing_features": ["sso"], "competitor": "Brightloom",
    });
    row.as_object().cloned().unwrap()
}

/// The person at the account of that id.
fn contact(id: &str) -> String {
    format!("{MARK}jo@{}.com", id.replace('_', "-"))
}

/// A visit by somebody of each account, so that what its row says reaches a trigger.
pub(super) fn visits(rows: &[Value], now: Time) -> Vec<String> {
    let visit = |row: &Value| {
        let id = row["account_id"].as_str().unwrap_or_default();
        json!({ "id": format!("visit-{id}"), "url": "https://us.example/pricing", "email": contact(id), "time": now.to_string() })
            .to_string()
    };
    rows.iter().map(visit).collect()
}

/// Rows of accounts: each with an address in one field, in one disguise.
pub(super) fn rows(account: &MessageDescriptor) -> Vec<Value> {
    let mut rows = Vec::new();
    for (at, disguise) in DISGUISES.iter().enumerate() {
        let text = format!("x {} y", disguise(&someone(1)));
        for (name, is_list) in fields(account).into_iter().filter(|(name, _)| !is_exception(name)) {
            let mut row = row(&format!("r-{at}-{name}"));
            let value = if is_list { json!([text, "other"]) } else { json!(text) };
            row.insert(name, value);
            rows.push(Value::Object(row));
        }
        for (outer, name) in inner(account) {
            let mut row = row(&format!("i-{at}-{name}"));
            let mut within = json!({ "email": contact(&format!("i-{at}-{name}")) });
            within[name.as_str()] = json!(text);
            row.insert(outer, json!([within]));
            rows.push(Value::Object(row));
        }
    }
    rows
}

/// Records of a source, by the name of its preset.
pub(super) struct Records {
    pub(super) preset: String,
    pub(super) lines: Vec<String>,
}

/// Records in the producers' own shapes and of the mappings, each with an address in one place.
pub(super) fn records(now: Time) -> Vec<Records> {
    let mut all: Vec<Records> = Shape::ALL.iter().map(|shape| generated(*shape, now)).collect();
    let known: BTreeSet<String> = all.iter().map(|records| records.preset.clone()).collect();
    for file in std::fs::read_dir(MAPPINGS).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_some_and(|ext| ext == "toml") && !known.contains(&name) {
            let mapping: toml::Table = toml::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            all.extend(mapped(&mapping, now).map(|lines| Records { preset: name, lines }));
        }
    }
    let known: BTreeSet<String> = all.iter().map(|records| records.preset.clone()).collect();
    for file in std::fs::read_dir(SAMPLES).unwrap() {
        let path = file.unwrap().path();
        let preset = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if !known.contains(&preset) {
            let lines = sampled(&std::fs::read_to_string(&path).unwrap(), now);
            all.push(Records { preset, lines });
        }
    }
    let seen: BTreeSet<&str> = all.iter().map(|records| records.preset.as_str()).collect();
    let presets: BTreeSet<&str> = Preset::ALL.iter().map(|preset| preset.as_str()).collect();
    assert_eq!(seen, presets, "each preset has its records");
    all
}

/// The records of a sample about a person of an account that is on the list, each as it is and once for each of its leaves
/// or columns.
fn sampled(text: &str, now: Time) -> Vec<String> {
    let at = now.to_string();
    let blank = at.replace('T', " ");
    let (seconds, millis) = ((now.millis() / 1_000).to_string(), now.millis().to_string());
    let (sql, sql_ms) = (blank.replace('Z', " +00:00"), blank.replace('Z', ""));
    let (micros, person) = (format!("{millis}000"), contact("r-0-name"));
    let replaced = [
        ("NOW_SQLMS", sql_ms.as_str()),
        ("NOW_SQL", &sql),
        ("NOW_ISO", &at),
        ("NOW_DAY", &at[..10]),
        ("NOW_MS", &millis),
        ("NOW_US", &micros),
        ("NOW_S", &seconds),
        ("nora@brightmill.example", &person),
        ("brightmill.example", "r-0-name.com"),
    ];
    let text = replaced.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value));
    let (mut lines, mut seen) = (Vec::new(), BTreeSet::new());
    for line in text.lines() {
        lines.push(line.to_owned());
        let Ok(document) = serde_json::from_str::<Value>(line) else {
            lines.extend(columns(line));
            continue;
        };
        for leaf in leaves(&document, String::new()).into_iter().filter(|leaf| seen.insert(leaf.clone())) {
            lines.extend(variants(&document, &leaf));
        }
    }
    lines
}

/// A line of columns with an address in each.
fn columns(line: &str) -> Vec<String> {
    let columns: Vec<&str> = line.split('\t').collect();
    let texts: Vec<String> =
        DISGUISES.iter().map(|disguise| disguise(&someone(2)).replace('\t', " ")).collect();
    let with = |at: usize, text: &str| {
        let mut columns = columns.clone();
        columns[at] = text;
        columns.join("\t")
    };
    (0..columns.len())
        .flat_map(|at| texts.iter().map(move |text| (at, text)))
        .map(|(at, text)| with(at, text))
        .collect()
}

fn spec(shape: Shape, now: Time) -> GenerateSpec {
    let source = SourceSpec { name: shape.to_string(), topic: shape.as_str().into(), shape };
    GenerateSpec::new(7, (40, 60), now, Span::from_hours(6), vec![source])
}

/// The accounts that generated records are about.
pub(super) fn generated_accounts(now: Time) -> Vec<Value> {
    let generator = Generator::new(&spec(Shape::Web, now));
    generator.accounts().map(|account| serde_json::from_slice(&account.value).unwrap()).collect()
}

/// A producer's records: each as it is, and once for each of its leaves and disguises, as long as it has a leaf
/// that no record before it had.
fn generated(shape: Shape, now: Time) -> Records {
    let generator_spec = spec(shape, now);
    let (mut lines, mut seen) = (Vec::new(), BTreeSet::new());
    for signal in Generator::new(&generator_spec).signals() {
        let text = String::from_utf8_lossy(&signal.value).into_owned();
        lines.push(text.clone());
        let Ok(document) = serde_json::from_str::<Value>(&text) else {
            if shape == Shape::CombinedLog && seen.insert("line".to_owned()) {
                lines.extend(words(&text));
            }
            continue;
        };
        for leaf in leaves(&document, String::new()) {
            if seen.insert(leaf.clone()) {
                lines.extend(variants(&document, &leaf));
            }
        }
    }
    Records { preset: shape.to_string(), lines }
}

/// A line of a log with an address in each of its words.
fn words(line: &str) -> Vec<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let with = |at: usize, text: &str| {
        let mut words = words.clone();
        words[at] = text;
        words.join(" ")
    };
    let texts: Vec<String> =
        DISGUISES.iter().map(|disguise| disguise(&someone(2)).replace('"', "")).collect();
    let mut lines: Vec<String> = (0..words.len())
        .flat_map(|at| texts.iter().map(move |text| (at, text)))
        .map(|(at, text)| with(at, text))
        .collect();
    lines.extend(texts.iter().map(|text| line.replacen(" /", &format!(" /{text}/"), 1)));
    lines
}

/// The pointers of a document's leaves.
fn leaves(value: &Value, at: String) -> Vec<String> {
    match value {
        Value::Object(map) => {
            map.iter().flat_map(|(name, value)| leaves(value, format!("{at}/{name}"))).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(nth, item)| leaves(item, format!("{at}/{nth}"))).collect()
        }
        _ => vec![at],
    }
}

/// The document with an address at that leaf: alone, and within what stands there.
fn variants(document: &Value, leaf: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (nth, disguise) in DISGUISES.iter().enumerate() {
        let address = disguise(&someone(2));
        let before = document.pointer(leaf).and_then(Value::as_str).unwrap_or_default().to_owned();
        for text in [address.clone(), format!("{before}/{address}/{nth}")] {
            let mut changed = document.clone();
            if let Some(place) = changed.pointer_mut(leaf) {
                *place = json!(text);
            }
            lines.push(changed.to_string());
        }
    }
    lines
}

/// Documents with every field that a mapping reads; `None` for a filter, which names none.
fn mapped(mapping: &toml::Table, now: Time) -> Option<Vec<String>> {
    mapping.get("kind")?;
    let texts = |key: &str| -> Vec<String> {
        match mapping.get(key) {
            Some(toml::Value::String(text)) => vec![text.clone()],
            Some(toml::Value::Array(texts)) => {
                texts.iter().filter_map(|text| text.as_str().map(str::to_owned)).collect()
            }
            _ => Vec::new(),
        }
    };
    let mut pointers: BTreeSet<String> = mapping.keys().flat_map(|key| texts(key)).collect();
    let detail = texts("detail").concat();
    pointers.extend(detail.split(['{', '}', '|', '[', ']']).map(str::to_owned));
    let keep = mapping.get("keep").and_then(toml::Value::as_table);
    let from = keep.and_then(|keep| keep.get("from")).map(|from| match from {
        toml::Value::Array(all) => all.iter().filter_map(toml::Value::as_str).map(str::to_owned).collect(),
        other => vec![other.as_str().unwrap_or_default().to_owned()],
    });
    let from: Vec<String> = from.unwrap_or_default();
    pointers.extend(from.iter().cloned());
    let word =
        keep.and_then(|keep| keep.get("values")?.as_table()?.keys().next().cloned()).unwrap_or_default();
    let mut document = json!({});
    let put = |document: &mut Value, pointer: &str, value: &str| {
        let mut place = document;
        for name in pointer.trim_start_matches('/').split('/') {
            if place.is_null() {
                *place = json!({});
            }
            if !place.is_object() {
                return;
            }
            place = &mut place[name];
        }
        *place = json!(value);
    };
    let events = texts("events");
    for pointer in pointers.iter().filter(|pointer| pointer.starts_with('/') && !events.contains(pointer)) {
        put(&mut document, pointer, "sample");
    }
    texts("at").iter().for_each(|pointer| put(&mut document, pointer, &now.to_string()));
    ["domain"]
        .iter()
        .flat_map(|key| texts(key))
        .for_each(|pointer| put(&mut document, &pointer, "r-0-name.com"));
    from.iter().for_each(|pointer| put(&mut document, pointer, &word));
    let mut lines = vec![document.to_string()];
    leaves(&document, String::new()).iter().for_each(|leaf| lines.extend(variants(&document, leaf)));
    Some(lines)
}
