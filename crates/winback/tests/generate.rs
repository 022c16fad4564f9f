//! `winback generate`: the same arguments give the same bytes.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail loudly")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

fn generate(dir: &Path, seed: &str) -> BTreeMap<String, Vec<u8>> {
    let out = dir.join(seed);
    let arguments = [
        "generate",
        "--seed",
        seed,
        "--accounts",
        "50",
        "--signals",
        "3000",
        "--until",
        "2026-11-22T12:00:00Z",
        "--out",
    ];
    let status = Command::new(env!("CARGO_BIN_EXE_winback"))
        .args(arguments)
        .arg(&out)
        .current_dir(dir)
        .output()
        .unwrap();
    assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
    };
    std::fs::read_dir(&out).unwrap().map(read).collect()
}

#[test]
fn the_same_arguments_give_the_same_bytes() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let files = generate(first.path(), "3");
    assert_eq!(
        files.keys().collect::<Vec<_>>(),
        [
            "accounts.jsonl",
            "competitors.jsonl",
            "funding.jsonl",
            "hiring.jsonl",
            "mail.jsonl",
            "releases.jsonl",
            "web.jsonl",
        ]
    );
    assert_eq!(files, generate(second.path(), "3"));
    assert_ne!(files, generate(second.path(), "4"));
}
