//! Records that an attacker could send, one of each kind.
//!
//! Each kind that has several elements holds one good element as well. A member must not lose it.

use std::fmt::Write as _;

/// The format that a hostile record pretends to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// Page views as plain JSON.
    Views,
    /// SendGrid's events.
    Mail,
    /// Rows of the accounts' topic.
    Accounts,
}

/// A kind of hostile record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A list of 20,000 empty elements and one view.
    EmptyElements,
    /// A list of 50,000 numbers and one view.
    NumberElements,
    /// A list of 3,000 views of strangers and one view of the account.
    ManyViews,
    /// A batch of 1,000 mail events of a type that nobody knows.
    UnknownEvents,
    /// A document that is nested 10,000 levels deep.
    DeepNesting,
    /// A view with a path of 600 kB.
    LongPath,
    /// Bytes that are no UTF-8.
    BadUtf8,
    /// A view of the year 10000.
    FarFuture,
    /// A view of 290 million years ago.
    FarPast,
    /// A number of 100,000 digits.
    HugeNumber,
    /// Control characters, terminal escapes and bidi overrides in each field.
    ControlCharacters,
    /// Mail addresses, plain and disguised, in fields of free text.
    Addresses,
    /// A row of an account with a text of 700 kB.
    LongRow,
    /// A row of an account with 20,000 contacts.
    ManyContacts,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 14] = [
        Self::EmptyElements,
        Self::NumberElements,
        Self::ManyViews,
        Self::UnknownEvents,
        Self::DeepNesting,
        Self::LongPath,
        Self::BadUtf8,
        Self::FarFuture,
        Self::FarPast,
        Self::HugeNumber,
        Self::ControlCharacters,
        Self::Addresses,
        Self::LongRow,
        Self::ManyContacts,
    ];

    /// The format that the record pretends to have.
    pub const fn shape(self) -> Shape {
        match self {
            Self::UnknownEvents => Shape::Mail,
            Self::LongRow | Self::ManyContacts => Shape::Accounts,
            _ => Shape::Views,
        }
    }
}

/// A hostile record.
#[derive(Clone, Debug)]
pub struct Hostile {
    /// Its kind.
    pub kind: Kind,
    /// Its key.
    pub key: String,
    /// Its bytes: below 1 MB, so that a broker takes them.
    pub value: Vec<u8>,
    /// The id of the good view in it.
    pub good: Option<String>,
}

/// The record of that kind, as the `number`th one. Its good view is of `account` at `millis` since 1970.
pub fn record(kind: Kind, number: u64, account: &str, millis: i64) -> Hostile {
    let id = format!("good-{kind:?}-{number}");
    let view = view(&id, account, "/docs/start", &millis.to_string());
    let (value, is_good) = match kind {
        Kind::EmptyElements => (list(&"{},".repeat(20_000), &view), true),
        Kind::NumberElements => (list(&"7,".repeat(50_000), &view), true),
        Kind::ManyViews => (list(&strangers(number, millis), &view), true),
        Kind::UnknownEvents => (unknown_events(number), false),
        Kind::DeepNesting => (format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000)).into_bytes(), false),
        Kind::LongPath => (long_path(number, account, millis), false),
        Kind::BadUtf8 => ([view.as_bytes(), &[0xff, 0xfe, 0xc3]].concat(), false),
        Kind::FarFuture => (dated(number, account, "253402300800000"), false),
        Kind::FarPast => (dated(number, account, "-9223372036854775808"), false),
        Kind::HugeNumber => (dated(number, account, &"9".repeat(100_000)), false),
        Kind::ControlCharacters => (controls(number, account, millis), false),
        Kind::Addresses => (addresses(number, millis), false),
        Kind::LongRow => (row(number, "reason_detail", &format!("\"{}\"", "a".repeat(700_000))), false),
        Kind::ManyContacts => (row(number, "contacts", &contacts()), false),
    };
    Hostile { kind, key: format!("{kind:?}-{number}"), value, good: is_good.then_some(id) }
}

fn view(id: &str, account: &str, path: &str, time: &str) -> String {
    format!(
        r#"{{"id":"{id}","url":"https://www.ourcompany.example{path}","time":{time},"account_id":"{account}","user_agent":"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"}}"#
    )
}

fn list(before: &str, last: &str) -> Vec<u8> {
    format!("[{before}{last}]").into_bytes()
}

fn strangers(number: u64, millis: i64) -> String {
    (0..3_000).fold(String::new(), |mut list, at| {
        let one = view(&format!("s-{number}-{at}"), &format!("stranger-{at}"), "/docs", &millis.to_string());
        list.push_str(&one);
        list.push(',');
        list
    })
}

fn unknown_events(number: u64) -> Vec<u8> {
    let one = |at: u32| {
        format!(
            r#"{{"event":"quantum_open","email":"somebody-{at}@northwind.example","timestamp":1767225600,"sg_event_id":"{number}-{at}","filler":"{}"}}"#,
            "x".repeat(380)
        )
    };
    let events: Vec<String> = (0..1_000).map(one).collect();
    format!("[{}]", events.join(",")).into_bytes()
}

fn long_path(number: u64, account: &str, millis: i64) -> Vec<u8> {
    let path = format!("/{}", "p".repeat(600_000));
    view(&format!("long-{number}"), account, &path, &millis.to_string()).into_bytes()
}

fn dated(number: u64, account: &str, time: &str) -> Vec<u8> {
    view(&format!("dated-{number}"), account, "/docs", time).into_bytes()
}

fn controls(number: u64, account: &str, millis: i64) -> Vec<u8> {
    let hostile = r"\u001b[2J\u001b]0;owned\u0007\u009b31m\u202etxt\u200b";
    view(&format!("c-{number}{hostile}"), account, &format!("/{hostile}"), &millis.to_string()).into_bytes()
}

fn addresses(number: u64, millis: i64) -> Vec<u8> {
    let forms =
        "jane.hostile@northwind.example/jane.hostile%2540northwind.example/jane.hostile＠northwind.example";
    view(&format!("a-{number}"), "stranger", &format!("/{forms}"), &millis.to_string()).into_bytes()
}

fn row(number: u64, field: &str, value: &str) -> Vec<u8> {
    format!(
        r#"{{"account_id":"hostile-{number}","churned_at":"2026-01-15","reason":"unknown","arr_usd":24000,"{field}":{value}}}"#
    )
    .into_bytes()
}

fn contacts() -> String {
    let mut list = String::from("[");
    for at in 0..20_000 {
        let comma = if at == 0 { "" } else { "," };
        let _ = write!(list, r#"{comma}"p{at}@northwind.example""#);
    }
    list.push(']');
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broker_takes_each_record_and_each_kind_differs() {
        let records: Vec<_> = Kind::ALL.iter().map(|kind| record(*kind, 1, "acc-1", 0)).collect();
        for hostile in &records {
            assert!(hostile.value.len() < 1_000_000, "{:?}: {}", hostile.kind, hostile.value.len());
        }
        assert_eq!(records.iter().filter(|hostile| hostile.good.is_some()).count(), 3);
    }
}
