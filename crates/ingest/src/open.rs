//! From what the command line names to an input.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use encoding_rs::Encoding;

use winback_deployment::config::ConfigError;

use super::Format;
use super::content::text_of;

const BUFFER: usize = 1 << 18;

/// The format of a file, as a person states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// One JSON value a line.
    Jsonl,
    /// A header line and rows.
    Csv,
    /// A web server's combined access log.
    CombinedLog,
}

/// Opens the text of a file; `-` or nothing is standard input. What is packed with gzip is unpacked, and UTF-16 is read.
///
/// # Errors
/// Names the file and why; where it is no text, what it is.
pub fn open(path: Option<&Path>) -> Result<Box<dyn BufRead>, ConfigError> {
    open_in(path, None)
}

/// The same, of a file in that encoding.
///
/// # Errors
/// As [`open`], or when there is no such encoding.
pub fn open_in(path: Option<&Path>, encoding: Option<&str>) -> Result<Box<dyn BufRead>, ConfigError> {
    let known = |label: &str| {
        Encoding::for_label(label.as_bytes()).ok_or_else(|| ConfigError::Wrong {
            path: "command line".to_owned(),
            text: format!("--encoding {label}: no such encoding: write one such as windows-1252, iso-8859-2 or shift_jis"),
        })
    };
    let encoding = encoding.map(known).transpose()?;
    let input = open_raw(path)?;
    text_of(input, encoding)
        .map_err(|why| ConfigError::Unreadable { path: PathBuf::from(name_of(path)), why })
}

/// Opens the bytes of a file.
///
/// # Errors
/// Names the file and why.
pub fn open_raw(path: Option<&Path>) -> Result<Box<dyn BufRead>, ConfigError> {
    let Some(path) = named(path) else {
        return Ok(Box::new(BufReader::with_capacity(BUFFER, std::io::stdin())));
    };
    let unreadable = |why| ConfigError::Unreadable { path: path.to_path_buf(), why };
    if path.is_dir() {
        return Err(unreadable(std::io::Error::from(std::io::ErrorKind::IsADirectory)));
    }
    let file = File::open(path).map_err(unreadable)?;
    Ok(Box::new(BufReader::with_capacity(BUFFER, file)))
}

fn named(path: Option<&Path>) -> Option<&Path> {
    path.filter(|path| *path != Path::new("-"))
}

/// The name of the file, for messages.
pub fn name_of(path: Option<&Path>) -> String {
    named(path).map_or_else(|| "standard input".to_owned(), |path| path.display().to_string())
}

/// The format of the file: as stated, by its extension, or the usual one; lines if it is piped.
///
/// # Errors
/// If nothing states it.
pub fn format_of(
    stated: Option<FileFormat>,
    path: Option<&Path>,
    usual: Option<FileFormat>,
) -> Result<Format, ConfigError> {
    let packed = |path: &&Path| path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz"));
    let stem = named(path).filter(packed).and_then(Path::file_stem).map(Path::new);
    let ending = stem.or(named(path)).and_then(Path::extension);
    let ending = ending.map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    let by_ending = match ending.as_deref() {
        Some("jsonl" | "ndjson" | "json") => Some(FileFormat::Jsonl),
        Some("csv" | "tsv") => Some(FileFormat::Csv),
        Some("log") => Some(FileFormat::CombinedLog),
        _ => None,
    };
    let piped = named(path).is_none().then_some(FileFormat::Jsonl);
    match stated.or(by_ending).or(usual).or(piped) {
        Some(FileFormat::Csv) => Ok(Format::Csv),
        Some(FileFormat::Jsonl | FileFormat::CombinedLog) => Ok(Format::Lines),
        None => {
            let text = format!(
                "what {} holds is not said by its name: add --format jsonl, csv or combined-log",
                name_of(path)
            );
            Err(ConfigError::Wrong { path: "command line".to_owned(), text })
        }
    }
}
