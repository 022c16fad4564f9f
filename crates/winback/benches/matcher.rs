//! The cost of a record in the matcher without a log: parse; parse and look up; the role's step, which also encodes
//! the matches. `cargo bench -p winback --bench matcher`. An iteration is all the records.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use winback_core::ids::{Offset, Partition};
use winback_core::index::{IndexChange, SharedIndex};
use winback_core::time::{Span, Time};
use winback_generate::{GenerateSpec, Generator, Shape, SourceSpec};
use winback_lane::{At, Input, Output, Role as _, Start};
use winback_log::{Message, Record, TopicPartition};
use winback_matcher::{FeedStatus, InboxTarget, MatcherMetrics, MatcherRole, MatcherSource};
use winback_proto::Encoding;
use winback_registrar::{Row, read_row};
use winback_sources::{Decoder, Element, SourceConfig, Start as SourceStart};
use winback_telemetry::Metrics;

const TOPIC: &str = "visits";
const ACCOUNTS: u64 = 20_000;
const RECORDS: u64 = 20_000;
const UNTIL: Time = Time::from_millis(1_760_000_000_000);

/// The binary's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn index(spec: &GenerateSpec) -> SharedIndex {
    let index = SharedIndex::new();
    for (record, version) in Generator::new(spec).accounts().zip(1..) {
        if let Ok(Row::Put(account, _)) = read_row(&record.value, version) {
            index.apply([IndexChange::Put(&account)]);
        }
    }
    index
}

fn messages(spec: &GenerateSpec) -> Vec<Message> {
    let message = |(signal, offset): (winback_generate::Signal, i64)| {
        let record = Record { key: None, value: Some(signal.value.into()), headers: Vec::new() };
        Message::owned(0, Partition(0), Offset(offset), signal.append_time, 1, record)
    };
    let generator = Generator::new(spec);
    generator.signals().zip(0..).map(message).collect()
}

fn role(decoder: &Arc<Decoder>, index: &Arc<SharedIndex>) -> MatcherRole {
    let source = MatcherSource {
        name: "web".to_owned(),
        topic: TOPIC.into(),
        partitions: 1,
        positions: "matcher-positions".into(),
        decoder: decoder.clone(),
        start: Start::Earliest,
        known: Vec::new(),
        clocked: true,
    };
    let inbox = InboxTarget {
        topic: "inbox".into(),
        answers: Arc::from("answers"),
        partitions: 4,
        encoding: Encoding::Protobuf,
        source: "bench/matcher".to_owned(),
        heartbeat: Duration::from_millis(500),
    };
    let metrics = MatcherMetrics::new(&Metrics::new(), "web");
    MatcherRole::new(source, inbox, index.clone(), Arc::new(FeedStatus::default()), metrics)
}

fn matcher(c: &mut Criterion) {
    let source = SourceSpec { name: "web".to_owned(), topic: TOPIC.into(), shape: Shape::Segment };
    let spec = GenerateSpec::new(7, (ACCOUNTS, RECORDS), UNTIL, Span::from_days(1), vec![source]);
    let config = SourceConfig::of_preset(TOPIC, "segment", SourceStart::Earliest);
    let Ok(decoder) = Decoder::new("web", &config).map(Arc::new) else { return };
    let (index, messages) = (Arc::new(index(&spec)), messages(&spec));
    let mut group = c.benchmark_group("matcher");
    group.measurement_time(Duration::from_secs(3)).sample_size(20).throughput(Throughput::Elements(RECORDS));
    group.bench_function("parse", |b| {
        b.iter(|| {
            for message in &messages {
                decoder.decode(message.value().unwrap_or_default(), &mut |element| {
                    black_box(&element);
                });
            }
        });
    });
    group.bench_function("parse and look up", |b| {
        b.iter(|| {
            let pinned = index.pin();
            for message in &messages {
                decoder.decode(message.value().unwrap_or_default(), &mut |element| {
                    if let Element::Signal(candidate) = &element {
                        black_box(pinned.lookup(&candidate.who));
                    }
                });
            }
        });
    });
    let mut role = role(&decoder, &index);
    let input = Input { slot: 0, topic: 0, partition: TopicPartition::new(TOPIC, 0) };
    role.assigned(&input);
    group.bench_function("the role's step", |b| {
        b.iter(|| {
            let mut out = Output::default();
            role.begin_batch(UNTIL);
            for message in &messages {
                black_box(role.step(At { input: &input, now: UNTIL }, message, &mut out));
            }
            role.end_batch();
            role.rolled_back();
            out.len()
        });
    });
    group.finish();
}

criterion_group!(benches, matcher);
criterion_main!(benches);
