//! Transport, config, metrics and clocks stay out of the core.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

use std::path::{Path, PathBuf};

/// The crates that core may depend on: none of them reads a clock, a file, a socket or a database.
const ALLOWED: [&str; 16] = [
    "aho-corasick",
    "foldhash",
    "hashbrown",
    "hex",
    "icu_normalizer",
    "idna",
    "ipnet",
    "jiff",
    "memchr",
    "parking_lot",
    "psl",
    "serde",
    "sha2",
    "smol_str",
    "strsim",
    "thiserror",
];
/// The paths that would read the world.
const FORBIDDEN: [&str; 12] = [
    "SystemTime",
    "Instant::",
    "Timestamp::now",
    "Zoned::now",
    "std::fs",
    "std::net::Tcp",
    "std::env::var",
    "std::thread",
    "thread_rng",
    "tokio",
    "rdkafka",
    "println!",
];

fn sources(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, into);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            into.push(path);
        }
    }
}

#[test]
fn the_core_depends_on_nothing_that_reads_the_world() {
    let manifest = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")).unwrap();
    let (_, rest) = manifest.split_once("[dependencies]").unwrap();
    let section = rest.split("\n[").next().unwrap();
    let names =
        section.lines().filter_map(|line| line.split(['.', '=', ' ']).next()).filter(|name| !name.is_empty());
    let strangers: Vec<&str> =
        names.filter(|name| !name.starts_with('#') && !ALLOWED.contains(name)).collect();
    assert!(strangers.is_empty(), "{strangers:?}: is it pure? then name it here");
}

#[test]
fn no_line_of_the_core_reads_a_clock_a_file_or_a_socket() {
    let mut files = Vec::new();
    sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut files);
    assert!(files.len() > 20, "the sources are there");
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        for word in FORBIDDEN {
            let found = code.lines().find(|line| line.contains(word) && !line.trim_start().starts_with("//"));
            assert!(found.is_none(), "{}: {found:?}", file.display());
        }
    }
}
