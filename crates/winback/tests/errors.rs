//! Every error text of the sources says how to mend it, or passes on a text that does.

#![expect(clippy::unwrap_used, reason = "a test may stop where its own tools fail")]

use std::path::{Path, PathBuf};

/// The words that a fix begins with.
const VERBS: &str = "add alter apply ask begin change check choose close collect connect correct create cut delete drop empty erase \
    export fix free give import install keep leave let lift list look loop lower make mend move name open order pass pick point \
    put quote raise read remove rename renew report restart restore run save say see send set shorten show split start state \
    stop take test try upgrade upload use verify wait write";
/// The beginnings of an error in the source.
const BEGINNINGS: [&str; 3] = ["#[error(", "bail!(", "anyhow!("];
/// Texts of errors that no person reads alone, each with the place that adds the fix or handles it.
const HANDLED: [(&str, &str); 9] = [
    ("the transaction was aborted: {0}", "the lane tries again, and then isolates a record"),
    (
        "the transaction was aborted, the group is being shared out anew: {0}",
        "the lane gives its partitions back",
    ),
    ("the outcome of the transaction is unknown: {0}", "the lane reads its state anew"),
    ("transactional id `{id}` was taken by another: {why}", "the lane's own error names the fix"),
    (
        "a transaction must send the positions of the partitions that it writes for",
        "a defect, which a test finds",
    ),
    ("{partition} cannot become {to}: it is {from}", "a defect, which a test finds"),
    (
        "{path} has the form {form}, and this version reads {}: it is made anew from the changelog",
        "the lane does it",
    ),
    ("it holds no company domain ({0})", "the note that the key is left out"),
    ("its domain is shared by strangers ({0})", "the note that the key is left out"),
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = |path: PathBuf| match path.extension().and_then(|ending| ending.to_str()) {
        _ if path.is_dir() && !path.ends_with("tests") => sources(&path),
        Some("rs") if !path.ends_with("tests.rs") => vec![path],
        _ => Vec::new(),
    };
    entries.flat_map(below).collect()
}

/// The text of a string literal, and what stands behind it.
fn literal(code: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = code.trim_start().strip_prefix('"')?.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' => return Some(text),
            '\\' if rest.peek() == Some(&'\n') => while rest.next_if(|c| c.is_whitespace()).is_some() {},
            '\\' => text.extend(rest.next()),
            _ => text.push(c),
        }
    }
    None
}

/// The text without its `{placeholders}`.
fn own_words(text: &str) -> String {
    let (mut own, mut depth) = (String::new(), 0_usize);
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => own.push(c),
            _ => {}
        }
    }
    own
}

/// True where hardly a word is its own: what it passes on has the fix.
fn passes_on(text: &str) -> bool {
    let is_word = |word: &&str| word.len() > 1 && word.chars().all(char::is_alphabetic);
    text.contains('{') && own_words(text).split_whitespace().filter(is_word).count() <= 2
}

fn has_fix(text: &str) -> bool {
    let verbs: Vec<&str> = VERBS.split_whitespace().collect();
    let begins = |clause: &str| {
        let mut words = clause
            .split_whitespace()
            .skip_while(|word| ["do", "not", "first", "either", "please"].contains(word));
        words.next().is_some_and(|word| verbs.contains(&word.trim_matches(|c: char| !c.is_alphabetic())))
    };
    let lower = text.to_lowercase();
    let parts = ["{fix}", "{how}", "{nearest}", "did you mean", "`winback "];
    let cut =
        [" and ", " or ", " then ", " to "].iter().fold(lower.clone(), |text, word| text.replace(word, ", "));
    parts.iter().any(|part| lower.contains(part)) || cut.split([':', ';', ',', '(', '.']).any(begins)
}

fn texts(code: &str) -> Vec<String> {
    let code = code.split("#[cfg(test)]").next().unwrap_or_default();
    let found = BEGINNINGS.iter().flat_map(|beginning| {
        code.match_indices(beginning).filter_map(|(at, found)| literal(&code[at + found.len()..]))
    });
    found.collect()
}

#[test]
fn every_error_text_says_how_to_mend_it() {
    let crates = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let (mut count, mut without) = (0, Vec::new());
    for folder in std::fs::read_dir(crates).unwrap().map(|entry| entry.unwrap().path()) {
        if folder.ends_with("testkit") || !folder.join("src").is_dir() {
            continue;
        }
        for path in sources(&folder.join("src")) {
            for text in texts(&std::fs::read_to_string(&path).unwrap()) {
                count += 1;
                let handled = HANDLED.iter().any(|(known, _)| *known == text);
                if !handled && !passes_on(&text) && !has_fix(&text) {
                    without.push(format!("{}: {text}", path.strip_prefix(crates).unwrap().display()));
                }
            }
        }
    }
    assert!(count > 100, "the texts are found: {count}");
    assert!(without.is_empty(), "no fix in:\n{}", without.join("\n"));
}

#[test]
fn a_text_without_a_fix_is_found() {
    assert!(!has_fix("the log refuses: {0}") && !has_fix("{file}: not valid TOML: {why}"));
    assert!(has_fix("topic `{0}` does not exist: create it") && has_fix("{key} = {value}: {fix}"));
    assert!(passes_on("{path}: {text}") && !passes_on("cannot reach the log {log}: {why}"));
    assert_eq!(texts("#[error(\n \"a {b} \\\n   c\"\n)]\nbail!(\"d\")"), ["a {b} c", "d"]);
}
