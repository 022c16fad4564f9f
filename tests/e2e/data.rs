//! The real data as a deployment's input: sources, files to ingest, accounts. What the data does not say is assigned
//! by rules that are the same every time.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;

use jiff::ToSpan as _;
use jiff::civil::Date;
use serde_json::{Value, json};
use winback_core::account::Reason;
use winback_core::signal::Candidate;
use winback_sources::{Decoder, Element, SourceConfig, Start, csv_row};

use crate::harness::Source;

/// Yearly revenues that give every tier its share.
const ARR: [u64; 5] = [120_000, 60_000, 24_000, 4_800, 600];

/// A data set: what is churned, and what comes.
pub(crate) struct DataSet {
    /// The name.
    pub(crate) name: &'static str,
    /// Its sources.
    pub(crate) sources: Vec<Source>,
    /// The files: source, path and format.
    pub(crate) files: Vec<(&'static str, PathBuf, &'static str)>,
    /// The records of each source, as the topic should have them.
    pub(crate) records: BTreeMap<&'static str, Vec<Vec<u8>>>,
    /// The churned accounts.
    pub(crate) accounts: Vec<Value>,
}

/// The path of a file of the real data; `None`, said loudly, if there is none.
fn real(name: &str) -> Option<PathBuf> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(name);
    if path.is_file() {
        return Some(path.canonicalize().unwrap());
    }
    let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!ci, "no real data: there is no ../shared/data/{name}");
    println!("\n*** SKIPPED: there is no ../shared/data/{name} ***\n");
    None
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect()
}

fn rows(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    let header = reader.byte_headers().unwrap().clone();
    reader.byte_records().map(|row| csv_row(&header, &row.unwrap())).collect()
}

/// The facts that the data does not say, by the account's place in its file: the reasons and the revenues take turns.
fn account(at: usize, id: &str, name: &str, churned: Date) -> Value {
    json!({
        "account_id": id,
        "name": name,
        "churned_at": churned.to_string(),
        "reason": Reason::ALL[at % Reason::ALL.len()].as_str(),
        "arr_usd": ARR[at % ARR.len()],
    })
}

/// The companies of `companies.jsonl`: each left a year after it was listed, but no later than `before`, so that all
/// had left when the first signal came. The few without a date left then, too.
fn companies(before: Date) -> Option<Vec<Value>> {
    let bytes = std::fs::read(real("companies.jsonl")?).unwrap();
    let company = |(at, line): (usize, Vec<u8>)| {
        let row: Value = serde_json::from_slice(&line).unwrap();
        let listed: Option<Date> = row["addedAt"].as_str().and_then(|day| day.parse().ok());
        let churned = listed.map_or(before, |day| before.min(day.saturating_add(1.year())));
        let mut account = account(at, row["slug"].as_str().unwrap(), row["title"].as_str().unwrap(), churned);
        account["domain"] = row["website"].clone();
        account
    };
    Some(lines(&bytes).into_iter().enumerate().map(company).collect())
}

/// Every third of the names, in the order of the file, left on that day.
fn every_third(names: impl Iterator<Item = String>, prefix: &str, churned: Date) -> Vec<Value> {
    let mut seen = BTreeSet::new();
    let new = names.filter(|name| seen.insert(name.to_lowercase())).collect::<Vec<_>>();
    let account = |(at, name): (usize, &String)| account(at, &format!("{prefix}-{at}"), name, churned);
    new.iter().step_by(3).enumerate().map(account).collect()
}

/// The decoder of a preset.
pub(crate) fn decoder(source: &Source) -> Decoder {
    Decoder::new(source.name, &SourceConfig::of_preset("t", source.preset, Start::Earliest)).unwrap()
}

fn each_signal(source: &Source, records: &[Vec<u8>], visit: &mut dyn FnMut(&Candidate<'_>)) {
    let decoder = decoder(source);
    for record in records {
        decoder.decode(record, &mut |element| {
            if let Element::Signal(candidate) = element {
                visit(&candidate);
            }
        });
    }
}

fn set(
    name: &'static str,
    source: Source,
    file: (PathBuf, &'static str),
    records: Vec<Vec<u8>>,
    accounts: Vec<Value>,
) -> DataSet {
    let (path, format) = file;
    DataSet {
        name,
        files: vec![(source.name, path, format)],
        records: [(source.name, records)].into(),
        sources: vec![source],
        accounts,
    }
}

/// Job posts; the companies are the churned accounts, known by their names.
pub(crate) fn job_postings() -> Option<DataSet> {
    let path = real("job-postings.jsonl")?;
    let records = lines(&std::fs::read(&path).unwrap());
    let accounts = companies(Date::constant(2023, 6, 1))?;
    let source = Source { name: "jobs", preset: "job_postings" };
    Some(set("job postings", source, (path, "jsonl"), records, accounts))
}

/// Funding rounds of US companies; every third of them had left.
pub(crate) fn funding_us() -> Option<DataSet> {
    let path = real("funding-us.csv")?;
    let records = rows(&std::fs::read(&path).unwrap());
    let name =
        |row: &Vec<u8>| serde_json::from_slice::<Value>(row).unwrap()["company"].as_str().unwrap().to_owned();
    let mut accounts = companies(Date::constant(1999, 1, 1))?;
    accounts.extend(every_third(records.iter().map(name), "us", Date::constant(1999, 1, 1)));
    let source = Source { name: "funding", preset: "funding_us" };
    Some(set("US funding", source, (path, "csv"), records, accounts))
}

/// Funding rounds of Indian companies; every third of them had left. The file is not UTF-8, and some of its dates are
/// none.
pub(crate) fn funding_india() -> Option<DataSet> {
    let path = real("funding-india.csv")?;
    let records = rows(&std::fs::read(&path).unwrap());
    let name = |row: &Vec<u8>| {
        let row: Value = serde_json::from_slice(row).ok()?;
        Some(row["StartupName"].as_str()?.trim().to_owned())
    };
    let mut accounts = companies(Date::constant(2014, 6, 1))?;
    accounts.extend(every_third(records.iter().filter_map(name), "in", Date::constant(2014, 6, 1)));
    let source = Source { name: "funding", preset: "funding_india" };
    Some(set("Indian funding", source, (path, "csv"), records, accounts))
}

/// The access log. The networks (/24, or /48) of the forty most frequent addresses of people belong to the first
/// companies, one each.
pub(crate) fn web_access() -> Option<DataSet> {
    let path = real("web-access.log")?;
    let records = lines(&std::fs::read(&path).unwrap());
    let source = Source { name: "web", preset: "combined_log" };
    let mut visits: BTreeMap<IpAddr, usize> = BTreeMap::new();
    each_signal(&source, &records, &mut |candidate| {
        candidate.who.address.into_iter().for_each(|address| *visits.entry(address).or_default() += 1);
    });
    let mut frequent: Vec<_> = visits.into_iter().collect();
    frequent.sort_by_key(|(address, count)| (std::cmp::Reverse(*count), *address));
    let network =
        |(address, _): &(IpAddr, usize)| format!("{address}/{}", if address.is_ipv4() { 24 } else { 48 });
    let mut accounts = companies(Date::constant(2015, 1, 1))?;
    for (account, range) in accounts.iter_mut().zip(frequent.iter().take(40).map(network)) {
        account["ranges"] = json!([range]);
    }
    Some(set("access log", source, (path, "combined-log"), records, accounts))
}

const PROVIDERS: [(&str, &str, &str); 4] = [
    ("sendgrid", "sendgrid", "esp-sendgrid.json"),
    ("postmark", "postmark", "esp-postmark.json"),
    ("ses", "ses", "esp-amazon_ses.json"),
    ("brevo", "brevo", "esp-brevo.json"),
];

/// One provider's payloads. Whoever a signal was about is a contact of one of the first companies; their domain,
/// example.com, is a placeholder and matches nobody.
pub(crate) fn mail(provider: &str, folder: &std::path::Path) -> Option<DataSet> {
    let (name, preset, file) = *PROVIDERS.iter().find(|(name, ..)| *name == provider).unwrap();
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(real(file)?).unwrap()).unwrap();
    let records: Vec<Vec<u8>> = cases.iter().map(|case| serde_json::to_vec(&case["raw"]).unwrap()).collect();
    let source = Source { name, preset };
    let path = folder.join(format!("{name}.jsonl"));
    std::fs::write(
        &path,
        records.iter().flat_map(|record| [record.as_slice(), b"\n"].concat()).collect::<Vec<_>>(),
    )
    .unwrap();
    let mut people = BTreeSet::new();
    each_signal(&source, &records, &mut |candidate| {
        people.extend(candidate.who.email.as_deref().map(str::to_owned));
    });
    let mut accounts = companies(Date::constant(2016, 1, 1))?;
    for (account, person) in accounts.iter_mut().zip(people) {
        account["contacts"] = json!([{ "email": person }]);
    }
    Some(set(name, source, (path, "jsonl"), records, accounts))
}

/// All four providers in one log.
pub(crate) fn all_mail(folder: &std::path::Path) -> Option<DataSet> {
    let mut all = mail(PROVIDERS[0].0, folder)?;
    for (provider, ..) in &PROVIDERS[1..] {
        let more = mail(provider, folder)?;
        all.sources.extend(more.sources);
        all.files.extend(more.files);
        all.records.extend(more.records);
    }
    all.name = "four mail providers";
    Some(all)
}
