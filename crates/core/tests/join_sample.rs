//! A sample of pairs of job posts and companies to be judged by eye; docs/join-accuracy.md has the verdicts.
//!
//! `cargo test -p winback-core --test join_sample -- --ignored --nocapture` draws it again: the same lines each time.

#![allow(clippy::unwrap_used, reason = "the helpers of a test fail by panic, too")]
#![allow(clippy::print_stdout, reason = "the sample is printed, to be read")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use winback_core::account::{Account, Reason};
use winback_core::identity::{company_domain, company_name};
use winback_core::index::{Index, Lookup};
use winback_core::signal::Identity;
use winback_core::time::Time;

/// Unmatched names that are most like an account's.
const NEAR: usize = 60;
/// Unmatched names whatever they are like.
const ANY: usize = 40;

fn lines(file: &str) -> Option<Vec<Value>> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(file);
    let text = std::fs::read_to_string(&path).ok()?;
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn text<'v>(value: &'v Value, key: &str) -> &'v str {
    value[key].as_str().unwrap_or_default()
}

/// A company that left, with what a name may be like.
struct Company {
    id: String,
    title: String,
    site: String,
    grams: [BTreeSet<String>; 2],
}

impl Company {
    fn of(line: &Value) -> Self {
        let domain = company_domain(text(line, "website")).unwrap_or_default();
        let label = domain.split('.').next().unwrap_or_default();
        Self {
            id: text(line, "slug").to_owned(),
            title: text(line, "title").to_owned(),
            site: domain.clone(),
            grams: [grams(&company_name(text(line, "title"))), grams(label)],
        }
    }

    /// The likeness, 0 to 1000.
    fn likeness(&self, name: &BTreeSet<String>) -> usize {
        let alike = |own: &BTreeSet<String>| {
            let both = own.intersection(name).count();
            both * 1_000 / (own.len() + name.len() - both).max(1)
        };
        self.grams.iter().map(alike).max().unwrap_or_default()
    }
}

/// The runs of three letters of a name without its spaces.
fn grams(name: &str) -> BTreeSet<String> {
    let letters: Vec<char> =
        [' '].into_iter().chain(name.chars().filter(|c| *c != ' ')).chain([' ']).collect();
    letters.windows(3).map(|run| run.iter().collect()).collect()
}

#[test]
#[ignore = "prints a sample for a person to judge"]
fn the_sample_of_the_join_is_drawn() {
    let (Some(companies), Some(posts)) = (lines("companies.jsonl"), lines("job-postings.jsonl")) else {
        return;
    };
    let mut index = Index::new();
    for line in &companies {
        let account = Account {
            domains: company_domain(text(line, "website")).into_iter().collect(),
            ..Account::new(text(line, "slug"), text(line, "title"), Time::from_millis(0), Reason::Unknown)
        };
        index.upsert(&account);
    }
    let companies: Vec<_> = companies.iter().map(Company::of).collect();
    let mut names: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
    for post in &posts {
        let (count, url) = names.entry(text(post, "company_name")).or_default();
        *count += 1;
        *url = text(post, "url");
    }
    let (mut matched, mut others) = (Vec::new(), Vec::new());
    for (name, (count, url)) in &names {
        match index.lookup(&Identity { name: Some((*name).into()), ..Identity::default() }) {
            Lookup::Match(found) => {
                let company = companies.iter().find(|company| company.id == found.account.id).unwrap();
                matched.push(line(found.method.as_str(), name, *count, company, url));
            }
            Lookup::Ambiguous(method) => matched.push(format!("ambiguous by {method}\t{name}\t{count}")),
            Lookup::None => {
                let own = grams(&company_name(name));
                let nearest =
                    companies.iter().max_by_key(|company| (company.likeness(&own), &company.id)).unwrap();
                let order = hex::encode(Sha256::digest(name));
                others.push((nearest.likeness(&own), order, line("none", name, *count, nearest, url)));
            }
        }
    }
    others.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let rest = others.split_off(NEAR.min(others.len()));
    let mut any: Vec<_> = rest.iter().map(|(_, order, line)| (order, line)).collect();
    any.sort();
    println!("{} names, {} matched, {} not", names.len(), matched.len(), others.len() + rest.len());
    matched.iter().for_each(|line| println!("matched\t{line}"));
    others.iter().for_each(|(likeness, _, line)| println!("near {likeness}\t{line}"));
    any.iter().take(ANY).for_each(|(_, line)| println!("any\t{line}"));
}

fn line(rung: &str, name: &str, count: usize, company: &Company, url: &str) -> String {
    let Company { id, title, site, .. } = company;
    let host: String = url.trim_start_matches("https://").chars().take(70).collect();
    format!("{rung}\t{name}\t{count}\t{id}\t{title}\t{site}\t{host}")
}
