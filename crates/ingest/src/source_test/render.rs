//! The output for one event: a line with the result, and beneath it the details.

use serde_json::{Value, json};
use winback_show::words::{self, BAD, BOLD, DIM, GOOD, styled};
use winback_sources::DropReason;

use super::Outcome;
use super::accounts::Found;
use super::outcome::Signal;

/// The greatest width of a dead letter's text.
const WIDTH: usize = 118;
/// The second column.
const INDENT: usize = 19;

/// Tells events by their line and their place in the record.
pub struct Renderer {
    /// The file, as JSON names it.
    pub file: String,
}

/// The place of an event.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The line of the record, from 1.
    pub line: u64,
    /// The event in it, from 0, in the order of dead letters.
    pub element: u32,
}

impl Renderer {
    /// As one line of JSON.
    pub fn json(&self, place: Place, outcome: &Outcome) -> Value {
        let mut value = json!({
            "file": self.file, "line": place.line, "element": place.element, "outcome": outcome.name(),
        });
        match outcome {
            Outcome::Signal(signal) | Outcome::Answer(signal) | Outcome::FanOut(signal) => {
                value["kind"] = json!(signal.kind);
                value["class"] = json!(signal.class);
                value["at"] = json!(signal.at.to_string());
                value["id"] = json!(signal.id);
                value["detail"] = json!(signal.detail);
                value["who"] = json!(signal.who);
                if let Some(found) = &signal.found {
                    value["match"] = found_json(found);
                }
            }
            Outcome::Dropped(reason) => value["reason"] = json!(reason),
            Outcome::Dead { reason, text } => {
                value["reason"] = json!(reason);
                value["text"] = json!(text);
            }
        }
        value
    }

    /// As a person reads it.
    pub fn text(&self, place: Place, outcome: &Outcome) -> String {
        let at = match place.element {
            0 => place.line.to_string(),
            element => format!("{}.{element}", place.line),
        };
        let head = |style, what: &str| format!("{at:>8}  {}", styled(style, &format!("{what:<8}")));
        match outcome {
            Outcome::Signal(signal) => format!("{} {}", head(GOOD, "signal"), signal_text(signal)),
            Outcome::Answer(signal) => format!("{} {}", head(GOOD, "answer"), signal_text(signal)),
            Outcome::FanOut(signal) => format!("{} {}", head(GOOD, "fan-out"), signal_text(signal)),
            Outcome::Dropped(reason) => {
                format!("{} {}  {}", head(DIM, "dropped"), reason, styled(DIM, why_dropped(reason)))
            }
            Outcome::Dead { reason, text } => {
                let first = INDENT + reason.len() + 2;
                let text = words::wrapped(&words::safe(text), first, WIDTH, &" ".repeat(INDENT));
                format!("{} {}  {text}", head(BAD, "dead"), styled(BOLD, reason))
            }
        }
    }
}

fn signal_text(signal: &Signal) -> String {
    let below = |text: &str| format!("\n{}{text}", " ".repeat(INDENT));
    let class = words::safe(&signal.class);
    let class = if class.is_empty() || class == signal.kind { String::new() } else { format!(" {class}") };
    let kind = styled(BOLD, &format!("{}{class}", signal.kind));
    let mut text = format!("{kind}  {}", words::minute(Some(signal.at)));
    if !signal.detail.is_empty() {
        text.push_str(&format!("  {}", words::safe(&signal.detail)));
    }
    let who: Vec<_> = signal.who.iter().map(|key| words::safe(key)).collect();
    let by = format!("by {}  ·  id {}", who.join(" · "), words::safe(&signal.id));
    text.push_str(&below(&styled(DIM, &by)));
    if let Some(found) = &signal.found {
        text.push_str(&below(&found_text(found)));
    }
    text
}

fn found_text(found: &Found) -> String {
    match found {
        Found::Account { id, by, .. } => {
            format!("{} {}, by {}", styled(GOOD, "→"), styled(BOLD, &words::safe(id)), words::safe(by))
        }
        Found::Ambiguous(method) => {
            format!("{} several accounts claim it by {method}: no match", styled(BAD, "→"))
        }
        Found::Nobody => styled(DIM, "→ nobody on the list"),
    }
}

fn found_json(found: &Found) -> Value {
    match found {
        Found::Account { id, method, by } => json!({ "account": id, "method": method, "by": by }),
        Found::Ambiguous(method) => json!({ "ambiguous": method }),
        Found::Nobody => Value::Null,
    }
}

/// The reason in words; the name says enough of one that is not here.
fn why_dropped(reason: &str) -> &'static str {
    match DropReason::parse(reason) {
        Some(DropReason::Bot) => "a program's visit, by its user agent",
        Some(DropReason::MachineOpen) => "opened by a machine: a proxy or a scanner",
        Some(DropReason::AutoReply) => "answered by a machine",
        Some(DropReason::NotInterest) => "no sign of interest",
        Some(DropReason::Asset) => "a picture, script or download, not a page",
        Some(DropReason::NotAPage) => "not the view of a page",
        Some(DropReason::Redirect) => "sent elsewhere; the page they saw is an event of its own",
        Some(DropReason::ErrorStatus) => "answered with an error",
        Some(DropReason::ClosedPost) => "a job post that is closed",
        Some(DropReason::Flap) => "a job post that was open before",
        Some(DropReason::Edited) => "an edit of a known thing",
        Some(DropReason::AmbiguousRecipient) => "several recipients, and nothing says whose event it is",
        Some(DropReason::Empty) => "nothing in it",
        _ => "",
    }
}
