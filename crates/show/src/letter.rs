//! A dead letter: in one line, and whole.

use std::fmt::Write as _;

use serde::Serialize;
use winback_core::places::Places;
use winback_deployment::scan::Found;
use winback_matcher::retries::{self, Original};
use winback_proto::letter::places_from_wire;
use winback_proto::v1;

use super::words::{self, BAD, BOLD, DIM, styled};

/// The bytes of a binary value that are shown.
const DUMP_BYTES: usize = 512;
/// The bytes of a text that are shown.
const TEXT_BYTES: usize = 4 << 10;
/// How much of the places of elements is shown, in characters.
const PLACES: usize = 24;
/// The characters of a key or a header that are shown.
const INLINE: usize = 200;

/// A letter in `dead-letters list --json`: everything but the record itself.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary<'a> {
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
    /// How many records or elements the letter stands for.
    count: u64,
    /// The places of the elements that it stands for, when they are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    elements: Option<String>,
    /// The first letter of the same record, of which this one was a replay.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_letter: Option<i64>,
}

impl<'a> Summary<'a> {
    /// Of that letter.
    pub fn of(found: &'a Found<v1::DeadLetter>) -> Self {
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
            count: counts(letter).iter().map(|(_, count)| count).sum(),
            elements: letter
                .rest
                .as_ref()
                .and(places(letter).ok().flatten())
                .map(|places| places.to_string()),
            first_letter: first(letter).and_then(|first| first.letter),
        }
    }
}

/// Each reason in the letter, and how many records or elements it has it for.
pub fn counts(letter: &v1::DeadLetter) -> Vec<(&str, u64)> {
    let many = match (&letter.rest, &letter.left_out) {
        (Some(rest), _) => &rest.reasons,
        (None, Some(left)) => &left.reasons,
        (None, None) => return vec![(letter.reason.as_str(), 1)],
    };
    many.iter().map(|reason| (reason.reason.as_str(), reason.count)).collect()
}

/// The places of the elements that the letter stands for; `None` for the whole record.
pub fn places(letter: &v1::DeadLetter) -> Result<Option<Places>, String> {
    let ranges = letter.rest.as_ref().map(|rest| rest.elements.as_ref());
    match ranges {
        None => Ok(u32::try_from(letter.element).ok().map(Places::from)),
        Some(None) => Ok(None),
        Some(Some(ranges)) => places_from_wire(ranges).map(Some).map_err(|why| why.to_string()),
    }
}

/// The heading over [`line`]s.
pub fn heading() -> String {
    styled(
        DIM,
        &format!(
            "{:>7}  {:<16}  {:<10}  {:<28}  {:<18}  why",
            "offset", "failed at", "source", "record", "reason"
        ),
    )
}

/// The letter in one line: where it is, where it came from, why.
pub fn line(found: &Found<v1::DeadLetter>) -> String {
    let letter = &found.value;
    let from = if letter.source.is_empty() { &letter.role } else { &letter.source };
    let reason = format!("{:<18}", words::safe(&letter.reason));
    format!(
        "{:>7}  {:<16}  {:<10}  {:<28}  {}  {}{}",
        found.offset,
        words::minute(words::time(letter.failed_at.as_ref())),
        words::safe(from),
        position(letter),
        styled(BAD, &reason),
        words::safe(&letter.text),
        again(letter)
    )
}

/// The record's position: `web-visits/0@17`, with `#2` for its third element.
pub fn position(letter: &v1::DeadLetter) -> String {
    let (topic, partition) = (words::safe(&letter.topic), letter.partition);
    let element = match places(letter) {
        Ok(Some(places)) => format!("#{}", words::short(&places.to_string(), PLACES)),
        Ok(None) | Err(_) => String::new(),
    };
    let last = letter.left_out.as_ref().and_then(|left| left.positions.first());
    let last = last.map_or_else(String::new, |range| format!("…{}", range.last));
    format!("{topic}/{partition}@{}{last}{element}", letter.offset)
}

/// The record's first position, if this letter is of a replay.
pub fn first(letter: &v1::DeadLetter) -> Option<Original> {
    retries::from_headers(|visit| {
        letter.headers.iter().for_each(|header| visit(&header.name, &header.value));
    })
}

fn again(letter: &v1::DeadLetter) -> String {
    let first = first(letter).and_then(|first| first.letter);
    first.map_or_else(String::new, |first| format!(" (letter {first}, replayed)"))
}

/// The letter, whole.
pub fn whole(found: &Found<v1::DeadLetter>) -> String {
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
        &if letter.source.is_empty() {
            "none: not of a signal source".to_owned()
        } else {
            words::safe(&letter.source)
        },
    );
    if let Some(first) = first(letter) {
        let element = first
            .elements
            .as_ref()
            .map_or_else(String::new, |places| format!("#{}", words::short(&places.to_string(), PLACES)));
        let topic = words::safe(&first.topic);
        let of = first.letter.map_or_else(String::new, |letter| format!("letter {letter}, "));
        row("replay of", &format!("{of}{topic}/{}@{}{element}", first.partition, first.offset));
    }
    if letter.rest.is_some() || letter.left_out.is_some() {
        let reasons = counts(letter).into_iter();
        let reasons: Vec<String> =
            reasons.map(|(reason, count)| format!("{} {count}", words::safe(reason))).collect();
        row("stands for", &reasons.join(", "));
    }
    for range in letter.left_out.iter().flat_map(|left| &left.positions) {
        let topic = words::safe(&letter.topic);
        row("records", &format!("{topic}/{}@{} to {}", range.partition, range.first, range.last));
    }
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
    if letter.left_out.is_some() {
        return "no bytes are kept".to_owned();
    }
    if letter.points && kept == 0 && letter.size > 0 {
        return format!("{} bytes; the letter that kept them is gone", letter.size);
    }
    if letter.sha256.is_empty() {
        return format!("{} bytes", letter.size);
    }
    format!("{} bytes, of which the first {kept} are kept; SHA-256 {}", letter.size, hex(&letter.sha256))
}

fn inline(bytes: &[u8]) -> String {
    let head = &bytes[..bytes.len().min(INLINE * 4)];
    let text = std::str::from_utf8(head).map_or_else(|_| hex(head), words::safe);
    words::short(&text, INLINE)
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
        Ok(text) if !text.contains('\0') => {
            let head = &text[..text.floor_char_boundary(TEXT_BYTES)];
            let mut lines: Vec<String> = head.lines().map(words::safe).collect();
            lines.extend(more(value.len() - head.len()));
            lines.join("\n")
        }
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
    rows.extend(more(value.len() - head.len()));
    rows.join("\n")
}

fn more(bytes: usize) -> Option<String> {
    (bytes > 0).then(|| format!("… {bytes} bytes more: `--raw` writes them all"))
}
