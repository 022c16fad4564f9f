//! Records behind a schema's id: Avro, protobuf and JSON become what mappings read, whatever the bytes are.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "helpers of tests fail loudly")]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use common::{Seen, decoder_from, elements};
use proptest::prelude::*;
use prost_reflect::prost::Message as _;
use prost_reflect::{DynamicMessage, Value};
use winback_sources::{Away, Decoder, Schema, SchemaError, SchemaFormat, SchemaPart, Schemas};

/// A registry in memory that counts how often it is asked.
#[derive(Debug, Default)]
struct Registry {
    schemas: BTreeMap<u32, Schema>,
    away: bool,
    asked: AtomicU32,
}

impl Schemas for Registry {
    fn schema(&self, id: u32) -> Result<Schema, SchemaError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.away {
            return Err(SchemaError::Away("no route".to_owned()));
        }
        self.schemas.get(&id).cloned().ok_or_else(|| SchemaError::Unknown(format!("no schema {id}")))
    }
}

fn schema(format: SchemaFormat, text: &str) -> Schema {
    Schema { format, text: text.to_owned(), parts: Vec::new() }
}

const MAPPING: &str = "[mapping]\nkind = \"funding_news\"\nid = \"/id\"\nat = \"/at\"\nname = \"/org/name\"\n\
    class = \"/stage\"\ndetail = \"{/sum} {/day} {/tags} {/note}\"";

fn source(registry: Arc<Registry>) -> Decoder {
    let toml = format!("topic = \"t\"\nstart = \"earliest\"\nwire = \"confluent\"\n{MAPPING}");
    decoder_from(&toml).with_schemas(registry)
}

fn framed(id: u32, body: &[u8]) -> Vec<u8> {
    [&[0], &id.to_be_bytes()[..], body].concat()
}

fn zigzag(number: i64) -> Vec<u8> {
    let mut left = ((number << 1) ^ (number >> 63)).cast_unsigned();
    let mut bytes = Vec::new();
    loop {
        let byte = u8::try_from(left & 0x7f).unwrap();
        left >>= 7;
        if left == 0 {
            bytes.push(byte);
            return bytes;
        }
        bytes.push(byte | 0x80);
    }
}

fn text(text: &str) -> Vec<u8> {
    [zigzag(i64::try_from(text.len()).unwrap()), text.as_bytes().to_vec()].concat()
}

const AVRO: &str = r#"{"type":"record","name":"Round","namespace":"example","fields":[
    {"name":"id","type":"long"},
    {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
    {"name":"org","type":{"type":"record","name":"Org","fields":[{"name":"name","type":["null","string"]},{"name":"parent","type":["null","Org"]}]}},
    {"name":"stage","type":{"type":"enum","name":"Stage","symbols":["SEED","A"]}},
    {"name":"sum","type":{"type":"bytes","logicalType":"decimal","precision":12,"scale":2}},
    {"name":"day","type":{"type":"int","logicalType":"date"}},
    {"name":"tags","type":{"type":"array","items":"string"}},
    {"name":"note","type":{"type":"map","values":"boolean"}}]}"#;

fn round() -> Vec<u8> {
    [
        zigzag(-7),
        zigzag(1_769_860_800_000),
        zigzag(1),
        text("Acme"),
        zigzag(1),
        zigzag(0),
        zigzag(0),
        zigzag(1),
        zigzag(2),
        vec![0xff, 0x85],
        zigzag(20_484),
        zigzag(-2),
        zigzag(4),
        text("b"),
        text("c"),
        zigzag(0),
        zigzag(0),
    ]
    .concat()
}

fn registry() -> Registry {
    let part = SchemaPart {
        name: "org.proto".to_owned(),
        text: "syntax = \"proto3\";\npackage example;\nmessage Org { string name = 1; }".to_owned(),
    };
    let proto = "syntax = \"proto3\";\npackage example;\nimport \"org.proto\";\nimport \"google/protobuf/timestamp.proto\";\n\
        message Other { message Round { int64 id = 1; google.protobuf.Timestamp at = 2; Org org = 3; string stage = 4; string sum = 5; } }";
    let schemas = [
        (1, schema(SchemaFormat::Avro, AVRO)),
        (2, Schema { parts: vec![part], ..schema(SchemaFormat::Protobuf, proto) }),
        (3, schema(SchemaFormat::Json, "{}")),
        (4, schema(SchemaFormat::Avro, "{\"type\":\"record\"}")),
        (5, schema(SchemaFormat::Protobuf, "message {")),
        (6, schema(SchemaFormat::Avro, "[\"null\",\"example.Nowhere\"]")),
    ];
    Registry { schemas: schemas.into(), ..Registry::default() }
}

fn seen(decoder: &Decoder, record: &[u8]) -> String {
    decoder.prepare(record).unwrap();
    match &elements(decoder, record)[..] {
        [Seen::Signal(text)] => text.clone(),
        [Seen::Dead(reason, text)] => format!("{reason}: {text}"),
        [Seen::Dropped(reason)] => reason.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn avro_is_read_by_its_schema() {
    let decoder = source(Arc::new(registry()));
    let said = seen(&decoder, &framed(1, &round()));
    for part in ["id: \"-7\"", "Time(1769860800000)", "\"Acme\"", "Some(\"A\")", "\"-1.23 2026-01-31 b, c\""]
    {
        assert!(said.contains(part), "{said} has no {part}");
    }
}

#[test]
fn protobuf_is_read_by_its_schema_its_imports_and_the_place_of_its_message() {
    let registry = registry();
    let files = &registry.schemas[&2];
    let dir = tempdir();
    std::fs::write(dir.join("org.proto"), &files.parts[0].text).unwrap();
    std::fs::write(dir.join("main.proto"), &files.text).unwrap();
    let set = protox::compile([dir.join("main.proto")], [&dir]).unwrap();
    std::fs::remove_dir_all(&dir).unwrap();
    let pool = prost_reflect::DescriptorPool::from_file_descriptor_set(set).unwrap();
    let message = |name: &str| DynamicMessage::new(pool.get_message_by_name(name).unwrap());
    let mut org = message("example.Org");
    org.set_field_by_name("name", Value::String("Acme".to_owned()));
    let mut at = message("google.protobuf.Timestamp");
    at.set_field_by_name("seconds", Value::I64(1_769_860_800));
    let mut round = message("example.Other.Round");
    round.set_field_by_name("id", Value::I64(9_007_199_254_740_993));
    round.set_field_by_name("at", Value::Message(at));
    round.set_field_by_name("org", Value::Message(org));
    round.set_field_by_name("stage", Value::String("A".to_owned()));
    let body = [zigzag(2), zigzag(0), zigzag(0), round.encode_to_vec()].concat();
    let decoder = source(Arc::new(registry));
    let said = seen(&decoder, &framed(2, &body));
    for part in ["id: \"9007199254740993\"", "Time(1769860800000)", "\"Acme\"", "Some(\"A\")"] {
        assert!(said.contains(part), "{said} has no {part}");
    }
    let elsewhere = [zigzag(1), zigzag(5), round.encode_to_vec()].concat();
    assert!(seen(&decoder, &framed(2, &elsewhere)).contains("no message 5 in its schema"));
}

/// A folder of this test's own.
fn tempdir() -> std::path::PathBuf {
    let dir = std::env::temp_dir().join(format!("winback-wire-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

#[test]
fn what_cannot_be_read_is_dead_with_what_to_do() {
    let decoder = source(Arc::new(registry()));
    let json = br#"{"id":1,"at":1769860800,"org":{"name":"Acme"}}"#;
    assert!(seen(&decoder, &framed(3, json)).contains("\"Acme\""), "JSON behind its id");
    for (record, expected) in [
        (json.to_vec(), "schema: the record begins with byte 0x7b: it is not in the registry's wire format"),
        (vec![0, 1], "schema: the record has 2 bytes"),
        (framed(99, b""), "schema: no schema 99"),
        (framed(4, b""), "schema: schema 4 cannot be used: a named type has no `name`"),
        (framed(5, b""), "schema: schema 5 cannot be used"),
        (framed(6, b""), "schema: schema 6 cannot be used: it names `example.Nowhere`"),
        (framed(1, b""), "schema: not Avro of schema 1: it ends too early"),
        (framed(1, &[round(), vec![0]].concat()), "schema: not Avro of schema 1: 1 bytes are left over"),
        (framed(2, &[0, 0xff]), "schema: not protobuf of schema 2"),
        (Vec::new(), "empty"),
    ] {
        let said = seen(&decoder, &record);
        assert!(said.starts_with(expected), "{said}\n not {expected}");
    }
}

#[test]
fn a_schema_is_fetched_once_and_a_registry_that_is_away_is_no_dead_letter() {
    let registry = Arc::new(registry());
    let decoder = source(registry.clone());
    for _ in 0..3 {
        seen(&decoder, &framed(1, &round()));
    }
    assert_eq!(registry.asked.load(Ordering::Relaxed), 1);
    let away = source(Arc::new(Registry { away: true, ..Registry::default() }));
    assert_eq!(away.prepare(&framed(1, &round())), Err(Away("no route".to_owned())));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_behind_a_schema_panic_or_are_lost(id in 0_u32..7, mut body in prop::collection::vec(any::<u8>(), 0..80), keep in 0_usize..40) {
        let decoder = source(Arc::new(registry()));
        let mut real = round();
        real.truncate(keep);
        real.append(&mut body);
        let record = framed(id, &real);
        decoder.prepare(&record).unwrap();
        let first = elements(&decoder, &record);
        prop_assert!(!first.is_empty());
        prop_assert_eq!(first, elements(&decoder, &record));
    }
}
