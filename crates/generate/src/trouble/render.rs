//! Events as the bytes that a producer writes.

use serde_json::{Value, json};
use winback_core::time::{Span, Time};

use super::SOURCES;
use super::accounts;
use super::weave::{Event, What, Written};

/// A record but for its topic.
pub(super) struct Record {
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) timestamp: Option<Time>,
}

/// The name of its topic, and the record.
pub(super) fn record(seed: u64, event: &Event, begins: Time) -> (&'static str, Record) {
    match &event.what {
        What::Visit(written) => (SOURCES[written.source % SOURCES.len()], visit(seed, written, begins)),
        What::Account(number, change) => {
            let value = accounts::changed(seed, *number, *change).map(|row| row.to_string().into_bytes());
            let key = Some(accounts::id(seed, *number).into_bytes());
            ("accounts", Record { key, value, timestamp: None })
        }
    }
}

fn visit(seed: u64, written: &Written, begins: Time) -> Record {
    let time = |millis: i64| begins + Span::from_millis(millis);
    let mut view = json!({
        "id": format!("{seed:x}-{}", written.id),
        "path": written.page.path(),
        "time": time(written.at).to_string(),
    });
    let (field, who) = identity(seed, written);
    let key = if written.astray { format!("astray-{}", written.id) } else { who.clone() };
    view[field] = Value::from(who);
    Record {
        key: Some(key.into_bytes()),
        value: Some(view.to_string().into_bytes()),
        timestamp: written.stamped.map(time),
    }
}

/// Most know the account; some only a domain, a person or a name, which alone fires nothing at once.
fn identity(seed: u64, written: &Written) -> (&'static str, String) {
    let Some(number) = written.account else {
        return ("domain", format!("stranger-{}.io", written.id));
    };
    match written.id % 10 {
        0 => ("domain", accounts::company(seed, number).domain),
        1 => ("email", accounts::mail(seed, number)),
        2 => ("company", accounts::company(seed, number).name),
        _ => ("account_id", accounts::id(seed, number)),
    }
}
