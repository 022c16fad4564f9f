//! The documents of rules name tests and files that exist.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The documents that name tests.
const DOCUMENTS: [&str; 4] = ["docs/rules.md", "docs/domain.md", "docs/testing.md", "ARCHITECTURE.md"];

/// The shortest name that is taken for a test's: shorter ones are fields and words.
const SHORTEST_NAME: usize = 24;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All Rust files of the tree.
fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

/// The names of all functions of the tree.
fn functions() -> BTreeSet<String> {
    let mut files = Vec::new();
    for folder in ["crates", "tests"] {
        sources(&root().join(folder), &mut files);
    }
    let mut names = BTreeSet::new();
    for file in files {
        let text = std::fs::read_to_string(file).unwrap();
        for part in text.split("fn ").skip(1) {
            let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(part.len());
            names.insert(part[..end].to_owned());
        }
    }
    names
}

/// The words between backticks, outside of blocks of code.
fn quoted(text: &str) -> Vec<String> {
    let prose: String = text.split("```").step_by(2).collect();
    prose.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn is_name_of_a_test(word: &str) -> bool {
    word.len() >= SHORTEST_NAME
        && word.contains('_')
        && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[test]
fn every_test_that_a_document_names_exists() {
    let functions = functions();
    let mut missing = Vec::new();
    let mut named = 0;
    for document in DOCUMENTS {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        for word in quoted(&text).into_iter().filter(|word| is_name_of_a_test(word)) {
            named += 1;
            if !functions.contains(&word) && !word.starts_with("winback_") {
                missing.push(format!("{document}: {word}"));
            }
        }
    }
    assert!(named > 60, "only {named} names were found: is the pattern still right?");
    assert!(missing.is_empty(), "no such test: {missing:#?}");
}

#[test]
fn every_rust_file_that_a_document_names_by_its_whole_path_exists() {
    let mut missing = Vec::new();
    for document in DOCUMENTS {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        for word in quoted(&text) {
            let whole = word.starts_with("crates/") || word.starts_with("tests/");
            let plain = word.chars().all(|c| c.is_ascii_alphanumeric() || "/_-.".contains(c));
            if whole && plain && !root().join(&word).exists() {
                missing.push(format!("{document}: {word}"));
            }
        }
    }
    assert!(missing.is_empty(), "no such file: {missing:#?}");
}
