//! The output of `generate`: in the producers' own shapes, the same each time, and with a case for each rule.

#![expect(clippy::unwrap_used, reason = "a test may stop where its own tools fail")]

use std::collections::{BTreeMap, BTreeSet};

use winback_core::signal::{Identity, SignalKind, is_from_the_future};
use winback_core::time::{Span, Time};
use winback_generate::{GenerateSpec, Generator, Shape, Signal, SourceSpec};
use winback_sources::{AnswerKind, Broadcast, Decoder, DropReason, Element, SourceConfig, Start};

const UNTIL: Time = Time::from_millis(1_795_348_800_000);
const DAY: Span = Span::from_days(1);
/// Events that concern many accounts at once.
const EVENTS: [Shape; 2] = [Shape::Releases, Shape::CompetitorEvents];

fn spec(shapes: &[Shape], accounts: u64, signals: u64) -> GenerateSpec {
    let source =
        |shape: &Shape| SourceSpec { name: shape.to_string(), topic: shape.as_str().into(), shape: *shape };
    GenerateSpec::new(7, (accounts, signals), UNTIL, DAY, shapes.iter().map(source).collect())
}

fn decoders(shapes: &[Shape]) -> Vec<Decoder> {
    let decoder = |shape: &Shape| {
        let config = SourceConfig::of_preset(shape.as_str(), shape.as_str(), Start::Earliest);
        Decoder::new(shape.as_str(), &config).unwrap()
    };
    shapes.iter().map(decoder).collect()
}

#[derive(Default)]
struct Seen {
    signals: u64,
    dead: u64,
    future: u64,
    late: u64,
    old: u64,
    repeated: u64,
    kinds: BTreeMap<&'static str, u64>,
    drops: BTreeMap<DropReason, u64>,
    ids: BTreeSet<String>,
}

impl Seen {
    fn judge(&mut self, decoder: &Decoder, signal: &Signal) {
        decoder.decode(&signal.value, &mut |element| match element {
            Element::Signal(candidate) => {
                self.signals += 1;
                assert_eq!(candidate.at, signal.event_time, "{}", String::from_utf8_lossy(&signal.value));
                assert_ne!(candidate.who, Identity::default());
                *self.kinds.entry(candidate.kind.as_str()).or_default() += 1;
                self.future += u64::from(is_from_the_future(candidate.at, signal.append_time));
                self.late += u64::from(signal.append_time.since(candidate.at) > Span::from_mins(1));
                self.old += u64::from(signal.append_time.since(candidate.at) > Span::from_days(99));
                self.repeated += u64::from(!self.ids.insert(format!("{} {}", signal.source, candidate.id)));
            }
            Element::Dropped(reason) => *self.drops.entry(reason).or_default() += 1,
            // A reply to a mail is a signal, too, and counted as that.
            Element::Answer(answer) if answer.kind == AnswerKind::Replied => {}
            Element::Broadcast(_) | Element::Answer(_) | Element::Dead(_) => self.dead += 1,
        });
    }
}

fn see(shapes: &[Shape], signals: u64) -> Seen {
    let spec = spec(shapes, 1_000, signals);
    let generator = Generator::new(&spec);
    let decoders = decoders(shapes);
    let mut seen = Seen::default();
    let (mut count, mut last) = (0, spec.start());
    for signal in generator.signals() {
        assert!(signal.append_time >= last && signal.append_time <= UNTIL, "in the order of their appends");
        last = signal.append_time;
        count += 1;
        seen.judge(&decoders[signal.source], &signal);
    }
    assert_eq!(count, signals);
    seen
}

#[test]
fn every_producer_speaks_its_own_shape_and_the_decoder_understands_it() {
    for shape in Shape::ALL.iter().filter(|shape| !EVENTS.contains(shape)) {
        let seen = see(&[*shape], 5_000);
        assert!(seen.signals > 500, "{shape}: {} signals", seen.signals);
        assert!((1..12).contains(&seen.dead), "{shape}: {} dead", seen.dead);
    }
}

#[test]
fn the_usual_mix_has_something_of_everything() {
    let seen = see(&[Shape::Segment, Shape::SendGrid, Shape::Funding, Shape::Hiring], 20_000);
    let total = |kinds: &[&str]| {
        kinds.iter().map(|kind| seen.kinds.get(kind).copied().unwrap_or_default()).sum::<u64>()
    };
    assert!(total(&["web_visit"]) > 12_000 && total(&["email_open"]) > 500 && total(&["email_click"]) > 100);
    assert!(total(&["funding_news"]) > 200 && total(&["hiring"]) > 400);
    assert!(
        seen.future >= 2 && seen.old >= 3 && seen.dead >= 3 && seen.late > 100,
        "{} {}",
        seen.future,
        seen.late
    );
    assert!(seen.repeated > 10, "{} repeated", seen.repeated);
    for reason in [DropReason::Bot, DropReason::MachineOpen, DropReason::NotInterest, DropReason::ClosedPost]
    {
        assert!(seen.drops.contains_key(&reason), "{reason}");
    }
}

#[test]
fn an_access_log_has_what_servers_log() {
    let seen = see(&[Shape::CombinedLog], 5_000);
    for reason in [DropReason::Asset, DropReason::Redirect, DropReason::ErrorStatus, DropReason::Bot] {
        assert!(seen.drops.contains_key(&reason), "{reason}");
    }
}

/// The event that a source of events makes of a record.
fn broadcast(decoder: &Decoder, signal: &Signal) -> Broadcast {
    let (mut read, mut others) = (Vec::new(), 0);
    decoder.decode(&signal.value, &mut |element| match element {
        Element::Broadcast(event) => read.push(event.clone()),
        _ => others += 1,
    });
    assert_eq!((read.len(), others), (1, 0));
    *read.remove(0)
}

#[test]
fn a_release_and_a_competitors_event_fall_in_the_day_and_concern_accounts_of_the_list() {
    let shapes = [Shape::Segment, Shape::Releases, Shape::CompetitorEvents];
    let spec = spec(&shapes, 1_000, 5_000);
    let (generator, decoders) = (Generator::new(&spec), decoders(&shapes));
    let signals: Vec<Signal> = generator.signals().collect();
    assert_eq!(signals.len(), 5_000, "events are among what was asked for");
    let told = signals.iter().filter(|signal| signal.source > 0);
    let told: Vec<_> = told.map(|signal| (signal, broadcast(&decoders[signal.source], signal))).collect();
    let [(_, release), (_, rival)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((release.kind, rival.kind), (SignalKind::ProductRelease, SignalKind::CompetitorEvent));
    for (signal, event) in &told {
        assert_eq!((event.at, &signal.key), (signal.event_time, &None));
        assert!(signal.append_time > spec.start() + Span::from_hours(6) && signal.append_time < UNTIL);
    }
    let rows: Vec<serde_json::Value> =
        generator.accounts().map(|account| serde_json::from_slice(&account.value).unwrap()).collect();
    let concerned = |test: &dyn Fn(&serde_json::Value) -> bool| rows.iter().filter(|row| test(row)).count();
    let gaps = concerned(&|row| {
        let missing = row["missing_features"].as_array();
        missing.is_some_and(|missing| missing.contains(&release.features[0].as_str().into()))
    });
    let switchers = concerned(&|row| row["competitor"] == rival.competitor.as_str());
    assert!((4..100).contains(&gaps) && (4..100).contains(&switchers), "{gaps} {switchers}");
}

#[test]
fn about_three_in_a_hundred_are_of_churned_accounts() {
    let spec = spec(&[Shape::Web], 200, 20_000);
    let generator = Generator::new(&spec);
    let domains: BTreeSet<String> = generator
        .accounts()
        .map(|account| {
            let row: serde_json::Value = serde_json::from_slice(&account.value).unwrap();
            row["domains"][0].as_str().unwrap().to_owned()
        })
        .collect();
    let own = |signal: &Signal| {
        let key = signal.key.as_deref().unwrap_or_default();
        key.starts_with("acc-") || key.split_once('@').is_some_and(|(_, domain)| domains.contains(domain))
    };
    let matching = generator.signals().filter(own).count();
    // Those that are known by their address range only are not counted here.
    assert!((250..900).contains(&matching), "{matching}");
}

#[test]
fn nothing_is_asked_of_no_accounts_and_no_sources() {
    assert_eq!(Generator::new(&spec(&[], 3, 100)).signals().count(), 0);
    assert_eq!(Generator::new(&spec(&[Shape::Web], 0, 100)).signals().count(), 100);
    assert_eq!(Generator::new(&spec(&[Shape::Web], 5, 0)).signals().count(), 0);
    assert_eq!(Generator::new(&spec(&EVENTS, 5, 100)).signals().count(), 2, "strangers have no events");
    assert_eq!(Generator::new(&spec(&[Shape::Hiring], 5, 1)).accounts().count(), 5);
}
