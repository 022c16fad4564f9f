//! Every data set, in its own log, on the file and on Kafka: the books balance, and what fires is the same wherever
//! the order is the same.

use std::collections::BTreeMap;

use winback_sources::Element;

use crate::counts::{self, Counts};
use crate::data::{self, DataSet, decoder};
use crate::harness::{
    Deployment, Facts, Place, Shape, Summary, counted, difference, messages, places, replay, utf8,
};

/// A data set that was read, matched and decided.
pub(crate) struct Told {
    pub(crate) deployment: Deployment,
    pub(crate) facts: Facts,
    pub(crate) summary: Summary,
}

/// Makes a deployment with a data set in its log, not yet run.
pub(crate) fn filled(set: &DataSet, place: Place, shape: Shape) -> Deployment {
    let deployment = Deployment::new(place, &set.sources, shape);
    deployment.without_calendar();
    deployment.import(&set.accounts);
    for (source, path, format) in &set.files {
        deployment.ok(&["ingest", source, utf8(path), "--format", format]);
    }
    deployment
}

fn told(set: &DataSet, place: Place, shape: Shape) -> Told {
    let deployment = filled(set, place, shape);
    let summary = deployment.run();
    let facts = Facts::of(&deployment);
    Told { deployment, facts, summary }
}

/// The counts of elements, as the decoders give them.
fn elements(set: &DataSet) -> BTreeMap<String, u64> {
    let mut names = Vec::new();
    for source in &set.sources {
        let decoder = decoder(source);
        for record in &set.records[source.name] {
            decoder.decode(record, &mut |element| {
                names.push(match element {
                    Element::Signal(_) | Element::Broadcast(_) => "signal".to_owned(),
                    Element::Answer(answer) => format!("answer:{}", answer.kind),
                    Element::Dropped(reason) => format!("dropped:{reason}"),
                    Element::Dead(dead) => format!("dead:{}", dead.reason),
                });
            });
        }
    }
    counted(names.into_iter())
}

fn total(counts: &BTreeMap<String, u64>) -> u64 {
    counts.values().sum()
}

impl Told {
    /// Everything that was read became something, and nothing came of nothing.
    fn adds_up(&self, set: &DataSet) {
        let Self { deployment, facts, summary } = self;
        let log = deployment.log();
        for (source, records) in &set.records {
            let there = messages(&log, &deployment.topic_of(source));
            let values = there.iter().map(|message| message.value().unwrap_or_default().to_vec());
            let (mut there, mut expected): (Vec<_>, Vec<_>) = (values.collect(), records.clone());
            there.sort_unstable();
            expected.sort_unstable();
            assert!(there == expected, "{}: {source}: the topic holds what the file holds", set.name);
            assert_eq!(summary.records[*source], records.len() as u64, "{source}");
        }
        let oracle = elements(set);
        let named = |prefix: &str| {
            let strip =
                |(name, count): (&String, &u64)| Some((name.strip_prefix(prefix)?.to_owned(), *count));
            oracle.iter().filter_map(strip).collect::<BTreeMap<_, _>>()
        };
        assert_eq!(summary.signals, oracle.get("signal").copied().unwrap_or_default());
        assert_eq!(summary.dropped, named("dropped:"));
        assert_eq!(summary.dead, named("dead:"));
        assert_eq!(facts.dead_reasons(), named("dead:"));
        let answers = total(&named("answer:"));
        assert_eq!(
            total(&oracle),
            summary.signals + answers + total(&summary.dropped) + total(&summary.dead)
        );
        let found = total(&summary.matched) + total(&summary.answers);
        assert_eq!(summary.signals + answers, found + summary.unmatched + summary.ambiguous);
        assert_eq!(summary.imbalance, 0);
        self.decisions_add_up();
    }

    /// R14: each matched signal has one outcome, each burst one end.
    fn decisions_add_up(&self) {
        let Self { deployment, facts, summary } = self;
        let outcomes = facts.outcomes();
        assert_eq!(facts.matched.len() as u64, total(&summary.matched));
        assert_eq!(facts.matched.len() as u64, total(&outcomes), "one policy: a matched signal, a decision");
        assert_eq!(outcomes, summary.decisions);
        assert_eq!(facts.burst_ends(), summary.burst_ends);
        assert_eq!(facts.edges(), summary.triggers);
        facts.assert_ids_are_unique();
        let replayed = replay(deployment);
        let (opened, ended, open) = replayed.bursts;
        assert_eq!(opened, ended + open);
        assert_eq!((ended, open), (total(&facts.burst_ends()), 0), "the sources ended, so every burst did");
        assert_eq!(
            difference(&facts.triggers, &replayed.triggers),
            None,
            "triggers and the core over the inbox"
        );
        let text = |decisions: &[winback_proto::v1::Decision]| {
            let mut lines: Vec<_> =
                decisions.iter().map(|made| serde_json::to_string(made).unwrap()).collect();
            lines.sort_unstable();
            lines
        };
        assert_eq!(
            difference(&text(&facts.decisions), &text(&replayed.decisions)),
            None,
            "decisions and the core"
        );
        // On Kafka the tests of `verify` and the kills do; each partition costs it a second.
        if deployment.url.starts_with("sqlite:") {
            deployment.ok(&["verify"]).says(&["equal"]);
        }
        self.the_commands_show_it();
    }

    fn the_commands_show_it(&self) {
        let Self { deployment, facts, .. } = self;
        for (args, count) in [
            (&["triggers", "--json"][..], facts.triggers.len()),
            (&["decisions", "--json"], facts.decisions.len()),
            (&["dead-letters", "list", "--json"], facts.dead.len()),
        ] {
            assert_eq!(deployment.ok(args).json().len(), count, "{args:?}");
        }
    }

    /// A second run on the same log changes nothing.
    fn a_second_run_adds_none(&self) {
        let again = self.deployment.run();
        assert_eq!(total(&again.records), 0, "nothing is read twice");
        assert_eq!(difference(&self.facts.triggers, &Facts::of(&self.deployment).triggers), None);
        assert!(self.facts == Facts::of(&self.deployment), "a second run changes nothing");
    }

    /// The counts, for the pins and for a reader of the output.
    fn counts(&self) -> Vec<String> {
        let text = |what: &str, counts: &BTreeMap<String, u64>| {
            let list: Vec<_> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
            format!("{what}: {}", list.join(", "))
        };
        let Summary { records, signals, dropped, dead, matched, unmatched, ambiguous, .. } = &self.summary;
        vec![
            text("records", records),
            format!("signals: {signals}"),
            text("dropped", dropped),
            text("dead", dead),
            text("matched", matched),
            format!("unmatched: {unmatched}, ambiguous: {ambiguous}"),
            text("decisions", &self.facts.outcomes()),
            text("bursts", &self.facts.burst_ends()),
            text("triggers", &self.facts.edges()),
        ]
    }
}

/// The whole of it for one data set; `counts` is what was seen, pinned. A handful of records is not worth several lanes.
fn check(set: &DataSet, counts: &Counts) {
    let mut shown = None;
    let mut first: Option<Told> = None;
    for place in places(set.name) {
        let one = told(set, place, Shape::ONE);
        println!("{} on {}:\n  {}", set.name, one.deployment.url, one.counts().join("\n  "));
        one.adds_up(set);
        one.a_second_run_adds_none();
        let many = told(set, place, Shape::MANY);
        many.adds_up(set);
        assert_eq!(
            difference(&one.facts.matched, &many.facts.matched),
            None,
            "matched by one lane and by several"
        );
        let lines = one.deployment.ok(&["triggers", "--json"]).out;
        let mut lines: Vec<_> = lines.lines().map(str::to_owned).collect();
        lines.sort_unstable();
        assert_eq!(one.counts(), counts, "{}", set.name);
        let Some(first) = &first else {
            shown = Some(lines);
            first = Some(one);
            continue;
        };
        assert_eq!(difference(&first.facts.matched, &one.facts.matched), None, "matched on both logs");
        assert_eq!(
            difference(&first.facts.triggers, &one.facts.triggers),
            None,
            "triggers on both logs, to the byte"
        );
        assert_eq!(shown.as_ref(), Some(&lines), "what `triggers --json` prints");
    }
    if let Some(one) = &first {
        merged(set, Place::File, one);
    }
}

/// One lane over four partitions gives what it gives over one.
fn merged(set: &DataSet, place: Place, one: &Told) {
    let merged = told(set, place, Shape::MERGED);
    merged.adds_up(set);
    merged.a_second_run_adds_none();
    assert_eq!(
        difference(&one.facts.matched, &merged.facts.matched),
        None,
        "matched over one partition and four"
    );
    assert_eq!(
        difference(&one.facts.triggers, &merged.facts.triggers),
        None,
        "triggers over one partition and four"
    );
}

#[test]
fn job_postings_add_up_and_fire_the_same_on_both_logs() {
    let Some(set) = data::job_postings() else { return };
    check(&set, &counts::JOB_POSTINGS);
}

#[test]
fn us_funding_adds_up_and_fires_the_same_on_both_logs() {
    let Some(set) = data::funding_us() else { return };
    check(&set, &counts::FUNDING_US);
}

#[test]
fn indian_funding_adds_up_and_fires_the_same_on_both_logs() {
    let Some(set) = data::funding_india() else { return };
    check(&set, &counts::FUNDING_INDIA);
}

#[test]
fn dates_that_are_none_are_dead_letters_that_say_what_to_do() {
    let Some(set) = data::funding_india() else { return };
    let told = told(&set, Place::File, Shape::ONE);
    let letters = told.deployment.ok(&["dead-letters", "list", "--json"]).json();
    let texts: Vec<_> = letters.iter().map(|letter| letter["text"].as_str().unwrap_or_default()).collect();
    assert_eq!(texts.iter().filter(|text| text.contains("`/Date` is `")).count(), 3, "{texts:?}");
    assert_eq!(texts.iter().filter(|text| text.contains("UTF-8") && text.contains("encoding")).count(), 1);
    let Some(letter) = told.facts.dead.first() else { panic!("no dead letter") };
    assert!(set.records["funding"].contains(&letter.value), "it is kept whole");
}

#[test]
fn the_access_log_adds_up_and_fires_the_same_on_both_logs() {
    let Some(set) = data::web_access() else { return };
    check(&set, &counts::WEB_ACCESS);
}

#[test]
fn a_mail_providers_events_add_up_and_fire_the_same_on_both_logs() {
    for (provider, counts) in [
        ("sendgrid", &counts::SENDGRID),
        ("postmark", &counts::POSTMARK),
        ("ses", &counts::SES),
        ("brevo", &counts::BREVO),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let Some(set) = data::mail(provider, folder.path()) else { return };
        check(&set, counts);
    }
}

#[test]
fn four_mail_providers_in_one_log_add_up_with_several_lanes() {
    let folder = tempfile::tempdir().unwrap();
    let Some(set) = data::all_mail(folder.path()) else { return };
    let mut matched = None;
    for place in places(set.name) {
        for shape in [Shape::ONE, Shape::MANY] {
            let told = told(&set, place, shape);
            told.adds_up(&set);
            let first = matched.get_or_insert_with(|| told.facts.matched.clone());
            assert_eq!(difference(first, &told.facts.matched), None, "matched on both logs");
        }
    }
}
