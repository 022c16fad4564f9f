//! Helpers of the tests: counting elements, and finding the real data.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

use std::collections::BTreeMap;
use std::path::PathBuf;

use winback_sources::{AnswerKind, Decoder, Element, SourceConfig, Start};

/// The result of a record, owned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    Signal(String),
    Answer(String),
    Dropped(String),
    Dead(String, String),
}

/// Counts by name: `signal`, `dropped:bot`, `dead:bad_time`.
pub type Counts = BTreeMap<String, usize>;

pub fn decoder(preset: &str) -> Decoder {
    Decoder::new("test", &SourceConfig::of_preset("topic", preset, Start::Earliest)).unwrap()
}

pub fn decoder_from(toml: &str) -> Decoder {
    Decoder::new("test", &toml::from_str(toml).unwrap()).unwrap()
}

/// Every element, as text that says all of it.
pub fn elements(decoder: &Decoder, value: &[u8]) -> Vec<Seen> {
    let mut seen = Vec::new();
    decoder.decode(value, &mut |element| {
        seen.push(match element {
            Element::Signal(signal) => Seen::Signal(format!("{signal:?}")),
            Element::Answer(answer) => Seen::Answer(format!("{answer:?}")),
            Element::Broadcast(event) => Seen::Signal(format!("{event:?}")),
            Element::Dropped(reason) => Seen::Dropped(reason.to_string()),
            Element::Dead(dead) => Seen::Dead(dead.reason.to_string(), dead.text),
        });
    });
    seen
}

/// The results of the events of a record, in a word or two each: `web_visit pricing`, `opted_out`, `dropped bot`.
pub fn told(decoder: &Decoder, value: &str) -> Vec<String> {
    let mut told = Vec::new();
    decoder.decode(value.as_bytes(), &mut |element| {
        told.push(match element {
            Element::Signal(signal) => match signal.class {
                Some(class) => format!("{} {class}", signal.kind),
                None => signal.kind.to_string(),
            },
            Element::Answer(answer) => answer.kind.to_string(),
            Element::Broadcast(event) => event.kind.to_string(),
            Element::Dropped(reason) => format!("dropped {reason}"),
            Element::Dead(dead) => format!("dead {}", dead.reason),
        });
    });
    told
}

/// The one signal of a record, beside the answer that a reply is, as far as its fields say whose it is: id, time, account, address of mail, domain, name, IP.
pub fn whose(decoder: &Decoder, value: &str) -> [String; 7] {
    let mut all = Vec::new();
    decoder.decode(value.as_bytes(), &mut |element| match element {
        Element::Signal(signal) => {
            let who = &signal.who;
            let text =
                |value: &Option<std::borrow::Cow<'_, str>>| value.as_deref().unwrap_or_default().to_owned();
            all.push([
                signal.id.to_string(),
                signal.at.to_string(),
                text(&who.account_id),
                text(&who.email),
                text(&who.domain),
                text(&who.name),
                who.address.map(|ip| ip.to_string()).unwrap_or_default(),
            ]);
        }
        Element::Answer(answer) if answer.kind == AnswerKind::Replied => {}
        other => panic!("{value}: {other:?}"),
    });
    let [one] = all.try_into().unwrap();
    one
}

pub fn count(decoder: &Decoder, value: &[u8], counts: &mut Counts) {
    for seen in elements(decoder, value) {
        let key = match seen {
            Seen::Signal(_) => "signal".to_owned(),
            Seen::Answer(_) => "answer".to_owned(),
            Seen::Dropped(reason) => format!("dropped:{reason}"),
            Seen::Dead(reason, _) => format!("dead:{reason}"),
        };
        *counts.entry(key).or_default() += 1;
    }
}

pub fn assert_counts(what: &str, counts: &Counts, expected: &[(&str, usize)]) {
    println!("{what}: {counts:?}");
    let expected: Counts = expected.iter().map(|(key, n)| ((*key).to_owned(), *n)).collect();
    assert_eq!(*counts, expected, "{what}");
}

/// The bytes of a file of the real data; `None`, said loudly, where there is none.
pub fn real(name: &str) -> Option<Vec<u8>> {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data")).join(name);
    match std::fs::read(&path) {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            let ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
            assert!(!ci, "no real data: {name}: {error}");
            println!("SKIPPED: there is no ../shared/data/{name}");
            None
        }
    }
}
