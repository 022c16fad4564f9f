//! Real company lists and real job posts: how far a name alone goes.

#![expect(clippy::unwrap_used, reason = "the helpers of a test fail by panic, too")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "what was seen and what was skipped is said aloud"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;
use winback_core::account::{Account, Reason};
use winback_core::identity::company_domain;
use winback_core::index::{Index, Lookup};
use winback_core::signal::Identity;
use winback_core::time::Time;

/// The lines of a data set; `None`, loudly, where the data is not there.
fn lines(file: &str) -> Option<Vec<Value>> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(file);
    let Ok(text) = std::fs::read_to_string(&path) else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{} is not there", path.display());
        eprintln!("SKIPPED: {} is not there", path.display());
        return None;
    };
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

fn companies(lines: &[Value]) -> (Index, usize) {
    let mut index = Index::new();
    let mut without_domain = 0;
    for line in lines {
        let domain = company_domain(text(line, "website"));
        if let Err(error) = &domain {
            without_domain += 1;
            println!("{}: {} - {error}", text(line, "slug"), text(line, "website"));
        }
        let account = Account {
            domains: domain.into_iter().collect(),
            ..Account::new(text(line, "slug"), text(line, "title"), Time::from_millis(0), Reason::Unknown)
        };
        index.upsert(&account);
    }
    (index, without_domain)
}

#[test]
fn job_posts_find_their_companies_by_name() {
    let (Some(companies_json), Some(posts)) = (lines("companies.jsonl"), lines("job-postings.jsonl")) else {
        return;
    };
    let (index, without_domain) = companies(&companies_json);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut pairs = BTreeSet::new();
    for post in &posts {
        let name = text(post, "company_name");
        let outcome = match index.lookup(&Identity { name: Some(name.into()), ..Identity::default() }) {
            Lookup::Match(found) => {
                pairs.insert(format!("{name} -> {} ({})", found.account.id, found.key));
                format!("matched by {}", found.method)
            }
            Lookup::Ambiguous(method) => format!("ambiguous by {method}"),
            Lookup::None => "none".to_owned(),
        };
        *counts.entry(outcome).or_default() += 1;
    }
    println!(
        "{} accounts, {without_domain} without a domain; posts {counts:?}; {} pairs",
        index.len(),
        pairs.len()
    );
    pairs.iter().for_each(|pair| println!("  {pair}"));
    // Two are pages of applicant systems, one site is written without its ending.
    assert_eq!((index.len(), without_domain), (882, 3));
    let counts: Vec<_> = counts.iter().map(|(outcome, count)| (outcome.as_str(), *count)).collect();
    assert_eq!(counts, [("matched by name", 833), ("none", 8_990)]);
    assert_eq!(pairs.len(), 49);
}
