//! New rules: a comparison begins at the record from which they hold, from the state as it was.

use winback_core::time::Span;
use winback_log::TopicPartition;
use winback_oracle::backtest::{Candidate, Inbox, Question, Seed, backtest};
use winback_oracle::{Note, mark};
use winback_proto::v1::state_record::State;
use winback_proto::{Encoding, WireMessage, v1};

use crate::rig::{PARTITIONS, Rig, deployment, kinds};

/// Writes the clock of each partition's state as a version wrote it that told no rules.
fn as_an_older_version_left_it(rig: &Rig) {
    let changelog = deployment().changelog;
    for partition in 0..PARTITIONS {
        let of_clock = |message: &&winback_log::Message| {
            message.partition.0 == partition && message.key() == Some(&b"c"[..])
        };
        let rows = rig.read(&changelog);
        let newest = rows.iter().rev().find(of_clock).unwrap();
        let mut record = v1::StateRecord::from_bytes(newest.value().unwrap()).unwrap();
        let Some(State::Clock(clock)) = &mut record.state else { panic!("{record:?}") };
        assert_eq!(
            (clock.rules, clock.rules_at),
            (winback_core::debounce::RULES, None),
            "a new state has no other"
        );
        clock.rules = 0;
        let bytes = record.to_bytes(Encoding::Protobuf);
        rig.append(&changelog, Some(partition), newest.key(), Some(&bytes), &[]);
    }
}

#[test]
fn a_comparison_begins_where_new_rules_hold_from_the_state_as_it_was() {
    let mut rig = Rig::ran();
    let triggers = rig.read(&deployment().triggers);
    rig.again(&deployment().triggers, &triggers[0], None);
    assert!(!rig.verify().is_equal(), "no rules of this version made it");
    as_an_older_version_left_it(&rig);
    let report = rig.verify();
    assert_eq!(kinds(&report), [].into());
    let older = |partition| Note::OlderRules { partition };
    assert_eq!(report.notes, [older(0), older(1)]);

    let marked = mark(&*rig.log, &deployment(), Encoding::Protobuf).unwrap();
    assert_eq!(marked.len(), 2);
    rig.reopen();
    rig.pass(Span::from_mins(5));
    rig.settle();
    rig.hour(100);
    rig.settle();
    let report = rig.verify();
    assert_eq!(kinds(&report), [].into());
    let from: Vec<Note> = marked
        .iter()
        .map(|(partition, from)| Note::RulesFrom { partition: *partition, from: from.0 })
        .collect();
    assert_eq!(report.notes, from);
    assert!(report.sum(|partition| partition.decisions) > 50, "what came since is compared");
    assert!(report.partitions.iter().zip(&marked).all(|(report, (_, from))| report.from == from.0));
    assert_eq!(mark(&*rig.log, &deployment(), Encoding::Protobuf).unwrap(), [], "they hold already");

    let partition = |at| TopicPartition::new(deployment().inbox, at);
    let inbox =
        Inbox { partitions: (0..PARTITIONS).map(partition).collect(), changelog: deployment().changelog };
    let same = "name=\"eager\"\nleading=\"strength>=2\"\nquiet=\"10m\"\nmax_wait=\"30m\"\ncooldown=\"2h\"\n";
    let candidate = Candidate::new(same).unwrap();
    let question = Question { candidate, is_known: true, from: None, to: None };
    let outcome = backtest(&*rig.log, &inbox, &question, &|_| Ok(Seed::default()), &|_| {}).unwrap();
    assert!(outcome.is_empty(), "{outcome:?}");
    let fired = outcome.tally.live.starting();
    assert!(fired > 0 && fired < triggers.len() as u64 * 2, "{fired}");
}
