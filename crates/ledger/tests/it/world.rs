//! Records of a small deployment, and a ledger's tables as text.

use std::path::Path;

use rusqlite::Connection;
use winback_core::ids::{Offset, Partition};
use winback_core::time::{Span, Time};
use winback_ledger::{Batch, Feed, Ledger, LedgerError, Move};
use winback_log::{Message, Record};
use winback_proto::{Encoding, WireMessage, v1};
use winback_registrar::SuppressionKey;

/// 2026-01-01.
pub(crate) const BEGIN: i64 = 1_767_225_600_000;
pub(crate) const DAY: i64 = 86_400_000;
pub(crate) const WINDOW: Span = Span::from_days(90);

pub(crate) fn day(day: i64) -> Time {
    Time::from_millis(BEGIN + day * DAY)
}

pub(crate) fn key() -> SuppressionKey {
    SuppressionKey::new("a key of this test, of 32 bytes or more").unwrap()
}

/// A record that is written again for each delivery.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) feed: Feed,
    key: Vec<u8>,
    value: Option<Vec<u8>>,
    at: Time,
}

fn line(feed: Feed, key: &str, message: &impl WireMessage, at: Time) -> Line {
    let value = Some(message.to_bytes(Encoding::Protobuf));
    Line { feed, key: key.as_bytes().to_vec(), value, at }
}

pub(crate) fn account(id: &str, version: u64, at: i64, churned: i64, status: &str) -> Line {
    let account = v1::Account {
        id: id.to_owned(),
        name: id.to_owned(),
        churned_at: Some(day(churned).into()),
        reason: "product_gap".to_owned(),
        manner: "neutral".to_owned(),
        status: status.to_owned(),
        arr_usd: 24_000,
        version,
        ..v1::Account::default()
    };
    line(Feed::Accounts, id, &account, day(at))
}

pub(crate) fn gone(id: &str, at: i64) -> Line {
    Line { feed: Feed::Accounts, key: id.as_bytes().to_vec(), value: None, at: day(at) }
}

pub(crate) fn trigger(account: &str, id: &str, at: i64, churned: i64) -> Line {
    let trigger = v1::Trigger {
        id: id.to_owned(),
        policy: "default".to_owned(),
        edge: "trailing".to_owned(),
        play: "feature".to_owned(),
        fired_at: Some(day(at).into()),
        strength: 2,
        account: Some(v1::AccountSnapshot {
            id: account.to_owned(),
            tier: "2".to_owned(),
            reason: "product_gap".to_owned(),
            arr_usd: 24_000,
            churned_at: Some(day(churned).into()),
            ..v1::AccountSnapshot::default()
        }),
        evidence: Some(v1::Evidence { first_at: Some(day(at).into()), ..v1::Evidence::default() }),
        ..v1::Trigger::default()
    };
    line(Feed::Triggers, account, &trigger, day(at))
}

pub(crate) fn action(account: &str, trigger: &str, at: i64, outcome: &str) -> Line {
    let action = v1::Action {
        trigger_id: trigger.to_owned(),
        account_id: account.to_owned(),
        outcome: outcome.to_owned(),
        play: "feature".to_owned(),
        channel: "outbox".to_owned(),
        at: Some(day(at).into()),
        ..v1::Action::default()
    };
    line(Feed::Actions, account, &action, day(at))
}

pub(crate) fn answer(account: &str, id: &str, at: i64, kind: &str, arr: Option<i64>) -> Line {
    let answer = v1::Response {
        account_id: account.to_owned(),
        id: id.to_owned(),
        kind: kind.to_owned(),
        event_time: Some(day(at).into()),
        source: "responses".to_owned(),
        arr: arr.map(|minor| v1::Money { minor, currency: "USD".to_owned() }),
        ..v1::Response::default()
    };
    line(Feed::Answers, &format!("{account}\0responses\0{id}"), &answer, day(at))
}

pub(crate) fn signal(account: &str, at: i64) -> Line {
    let decision = v1::Decision {
        account_id: account.to_owned(),
        policy: "default".to_owned(),
        outcome: "joined".to_owned(),
        decided_at: Some(day(at).into()),
        subject: Some(v1::decision::Subject::Signal(v1::SignalSubject {
            event_time: Some(day(at).into()),
            ..v1::SignalSubject::default()
        })),
        ..v1::Decision::default()
    };
    line(Feed::Decisions, account, &decision, day(at))
}

pub(crate) fn erased(account: &str, at: i64) -> Line {
    let suppressed = key().account(account);
    let value = Some(suppressed.record(day(at)).to_bytes(Encoding::Protobuf));
    Line { feed: Feed::Suppressions, key: suppressed.record_key(), value, at: day(at) }
}

pub(crate) fn broken(feed: Feed) -> Line {
    Line { feed, key: b"a".to_vec(), value: Some(b"\xff\xff".to_vec()), at: day(1) }
}

/// A deployment in which everything happens that the ledger tells apart.
pub(crate) fn lines() -> Vec<Line> {
    vec![
        // Comes back after a touch, leaves again, comes back by itself.
        account("acme", 1, 0, 0, "churned"),
        account("acme", 2, 5, 1, "churned"),
        account("acme", 3, 60, 1, "active"),
        account("acme", 4, 100, 99, "churned"),
        signal("acme", 9),
        signal("acme", 10),
        trigger("acme", "t-1", 10, 1),
        action("acme", "t-1", 11, "delivered"),
        answer("acme", "r-1", 12, "replied", None),
        answer("acme", "r-2", 40, "reactivated", Some(2_400_000)),
        answer("acme", "r-3", 120, "reactivated", None),
        // Is triggered, and nothing is sent.
        account("bolt", 1, 0, -20, "churned"),
        trigger("bolt", "t-2", 30, -20),
        action("bolt", "t-2", 30, "suppressed"),
        // Leaves the list.
        account("core", 1, 0, -5, "churned"),
        gone("core", 70),
        // Is erased in the middle of it all.
        account("dora", 1, 0, -9, "churned"),
        trigger("dora", "t-3", 15, -9),
        action("dora", "t-3", 15, "delivered"),
        answer("dora", "r-4", 18, "reactivated", Some(900_000)),
        erased("dora", 50),
        gone("dora", 51),
    ]
}

/// The lines of each topic, in their order.
pub(crate) fn topics(lines: &[Line]) -> Vec<(Feed, Vec<Line>)> {
    let of = |feed: &Feed| (*feed, lines.iter().filter(|line| line.feed == *feed).cloned().collect());
    Feed::ALL.iter().map(of).collect()
}

fn message(line: &Line, offset: i64) -> Message {
    let record = Record {
        key: Some(line.key.clone().into()),
        value: line.value.clone().map(Into::into),
        headers: Vec::new(),
    };
    Message::owned(0, Partition(0), Offset(offset), line.at, 0, record)
}

/// One batch with the next `count` lines of the topic from the ledger's position on; `false` at the end.
pub(crate) fn feed(
    ledger: &mut Ledger,
    feed: Feed,
    lines: &[Line],
    count: usize,
) -> Result<bool, LedgerError> {
    let topic = feed.as_str().to_owned();
    let from = ledger.positions(&[(topic.clone(), 0)])?[0];
    let at = usize::try_from(from).unwrap();
    let next = &lines[at.min(lines.len())..(at + count).min(lines.len())];
    let mut batch = Batch::default();
    for (offset, line) in (from..).zip(next) {
        batch.take(feed, &topic, &message(line, offset));
    }
    let to = from + i64::try_from(next.len()).unwrap();
    batch.moved(Move { topic, partition: 0, from, to });
    ledger.apply(&batch)?;
    Ok(!next.is_empty())
}

/// Reads everything there is, some lines a batch.
pub(crate) fn feed_all(ledger: &mut Ledger, lines: &[Line], count: usize) -> Result<(), LedgerError> {
    for (topic, lines) in topics(lines) {
        while feed(ledger, topic, &lines, count)? {}
    }
    Ok(())
}

pub(crate) fn open(path: &Path) -> Result<Ledger, LedgerError> {
    Ledger::open(path, WINDOW, Box::new(|| Some(key())))
}

/// Every table, row by row, with the random tokens replaced.
pub(crate) fn dump(path: &Path) -> String {
    let connection = Connection::open(path).unwrap();
    let names = |sql: &str| -> Vec<String> {
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let tokens = names("SELECT token FROM erased ORDER BY hash");
    let mut text = String::new();
    for table in
        names("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'keeper' ORDER BY name")
    {
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let columns: Vec<String> = statement.column_names().iter().map(|name| (*name).to_owned()).collect();
        let row = |row: &rusqlite::Row<'_>| -> rusqlite::Result<String> {
            let cells = columns.iter().enumerate().filter(|(_, name)| *name != "epoch");
            let cell = |(at, name): (usize, &String)| {
                Ok(format!("{name}={:?}", row.get::<_, rusqlite::types::Value>(at)?))
            };
            Ok(cells.map(cell).collect::<rusqlite::Result<Vec<_>>>()?.join(" "))
        };
        let mut rows: Vec<String> = statement.query_map([], row).unwrap().map(Result::unwrap).collect();
        for (number, token) in tokens.iter().enumerate() {
            rows.iter_mut().for_each(|row| *row = row.replace(token, &format!("token-{number}")));
        }
        rows.retain(|row| !row.ends_with("spells=Integer(0)"));
        rows.sort();
        text.push_str(&format!("{table}\n{}\n", rows.join("\n")));
    }
    text
}

/// The tables of a ledger that read everything without trouble.
pub(crate) fn expected(lines: &[Line]) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.db");
    feed_all(&mut open(&path).unwrap(), lines, 100).unwrap();
    dump(&path)
}
