//! A dead letter: in one line, and whole.

use std::fmt::Write as _;

use serde::Serialize;
use winback_proto::v1;

use super::words::{self, BAD, BOLD, DIM, styled};
use crate::reading::Found;

/// How much of bytes that are no text is shown.
const DUMP_BYTES: usize = 512;

/// What `dead-letters list --json` says of a letter: all but the record itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary<'a> {
    offset: i64,
    failed_at: String,
    role: &'a str,
    source: &'a str,
    topic: &'a str,
    partition: i32,
    record_offset: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    element: Option<i32>,
    reason: &'a str,
    text: &'a str,
    size: u64,
}

impl<'a> Summary<'a> {
    /// Of that letter.
    pub(crate) fn of(found: &'a Found<v1::DeadLetter>) -> Self {
        let letter = &found.value;
        Self {
            offset: found.offset,
            failed_at: words::time(letter.failed_at.as_ref())
                .map_or_else(String::new, |time| time.to_string()),
            role: &letter.role,
            source: &letter.source,
            topic: &letter.topic,
            partition: letter.partition,
            record_offset: letter.offset,
            element: (letter.element >= 0).then_some(letter.element),
            reason: &letter.reason,
            text: &letter.text,
            size: letter.size,
        }
    }
}

/// The heading over [`line`]s.
pub(crate) fn heading() -> String {
    styled(
        DIM,
        &format!(
            "{:>7}  {:<16}  {:<10}  {:<28}  {:<18}  why",
            "offset", "failed at", "source", "record", "reason"
        ),
    )
}

/// The letter in one line: where it is, where it came from, why.
pub(crate) fn line(found: &Found<v1::DeadLetter>) -> String {
    let letter = &found.value;
    let from = if letter.source.is_empty() { &letter.role } else { &letter.source };
    let reason = format!("{:<18}", words::safe(&letter.reason));
    format!(
        "{:>7}  {:<16}  {:<10}  {:<28}  {}  {}",
        found.offset,
        words::minute(words::time(letter.failed_at.as_ref())),
        words::safe(from),
        position(letter),
        styled(BAD, &reason),
        words::safe(&letter.text)
    )
}

/// Where the record stood: `web-visits/0@17`, with `#2` for its third element.
pub(crate) fn position(letter: &v1::DeadLetter) -> String {
    let element = if letter.element >= 0 { format!("#{}", letter.element) } else { String::new() };
    format!("{}/{}@{}{element}", words::safe(&letter.topic), letter.partition, letter.offset)
}

/// The letter, whole.
pub(crate) fn whole(found: &Found<v1::DeadLetter>) -> String {
    let letter = &found.value;
    let mut text =
        format!("{}  {}\n", styled(BOLD, &position(letter)), styled(BAD, &words::safe(&letter.reason)));
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(text, "  {}{value}", styled(DIM, &format!("{name:<11}")));
    };
    row("why", &words::safe(&letter.text));
    row("letter", &found.offset.to_string());
    row("role", &words::safe(&letter.role));
    row(
        "source",
        if letter.source.is_empty() { "none: one of winback's own topics" } else { &letter.source },
    );
    row("record at", &full(letter.timestamp.as_ref()));
    row("failed at", &full(letter.failed_at.as_ref()));
    if !letter.key.is_empty() {
        row("key", &inline(&letter.key));
    }
    for header in &letter.headers {
        row("header", &format!("{}: {}", words::safe(&header.name), inline(&header.value)));
    }
    row("size", &size(letter));
    text.push_str(&body(&letter.value));
    text
}

fn full(stamp: Option<&winback_proto::Timestamp>) -> String {
    words::time(stamp).map_or_else(|| "-".to_owned(), |time| time.to_string())
}

fn size(letter: &v1::DeadLetter) -> String {
    let kept = letter.value.len();
    if letter.sha256.is_empty() {
        return format!("{} bytes", letter.size);
    }
    format!("{} bytes, of which the first {kept} are kept; SHA-256 {}", letter.size, hex(&letter.sha256))
}

fn inline(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| hex(bytes), words::safe)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Text as text, line by line; anything else as the head of a hex dump.
fn body(value: &[u8]) -> String {
    match std::str::from_utf8(value) {
        Ok(text) if !text.contains('\0') => text.lines().map(words::safe).collect::<Vec<_>>().join("\n"),
        Ok(_) | Err(_) => dump(value),
    }
}

fn dump(value: &[u8]) -> String {
    let head = &value[..value.len().min(DUMP_BYTES)];
    let row = |(at, bytes): (usize, &[u8])| {
        let codes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let shown: String =
            bytes.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect();
        format!("{:08x}  {:<47}  {shown}", at * 16, codes.join(" "))
    };
    let mut rows: Vec<String> = head.chunks(16).enumerate().map(row).collect();
    if value.len() > head.len() {
        rows.push(format!("… {} bytes more: `--json` has them all", value.len() - head.len()));
    }
    rows.join("\n")
}
