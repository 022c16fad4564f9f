use super::*;

const POLICY: BreakerPolicy =
    BreakerPolicy { max_permille: 500, over: 10, max_run: 4, retry_after: Span::from_mins(1) };

const fn at(millis: i64) -> Time {
    Time::from_millis(millis)
}

/// `x` is a dead record, anything else a good one; how many were stepped before it stopped.
fn step(breaker: &mut Breaker, records: &str, now: Time) -> usize {
    let from = TopicPartition::new("visits", 0);
    let letter = DeadLetter {
        source: "web".to_owned(),
        element: None,
        reason: "bad_time",
        text: "`soon` is no time".to_owned(),
    };
    let mut stepped = 0;
    for record in records.chars() {
        if !breaker.may_step() {
            break;
        }
        match record {
            'x' => breaker.lost(&letter, (&from, Offset(7)), 1, now),
            _ => breaker.fine(1, now),
        }
        stepped += 1;
    }
    stepped
}

/// One that tripped on a run and committed what was within the limit: its first trial begins.
fn tripped() -> Breaker {
    let mut breaker = Breaker::new(POLICY);
    assert_eq!(step(&mut breaker, ".xxxxxx", at(0)), 5);
    assert_eq!(breaker.verdict(at(0)), BreakerVerdict::Commit);
    breaker.committed();
    breaker
}

/// One whose first trial failed.
fn open() -> Breaker {
    let mut breaker = tripped();
    step(&mut breaker, "xx", at(0));
    assert_eq!(breaker.verdict(at(1_000)), BreakerVerdict::RollBack);
    breaker.rolled_back(at(1_000));
    breaker
}

#[test]
fn a_run_of_dead_records_stops_it_at_the_limit_and_says_why() {
    let breaker = open();
    assert_eq!(breaker.until(), Some(at(61_000)));
    let why = breaker.stopped().unwrap();
    for part in ["4 records in a row", "bad_time at visits/0@7", "source web", "max_ratio"] {
        assert!(why.contains(part), "{why}");
    }
    assert!(!why.contains("soon"), "readiness is public, what a record says is not: {why}");
}

#[test]
fn it_is_not_called_stopped_before_a_trial_failed() {
    let mut breaker = tripped();
    assert!(breaker.may_step() && breaker.is_on_trial() && breaker.stopped().is_none());
    assert_eq!(breaker.verdict(at(90_000)), BreakerVerdict::Free, "nothing came: nothing is judged");
    step(&mut breaker, "..", at(90_000));
    assert_eq!(breaker.verdict(at(91_000)), BreakerVerdict::RollBack);
    breaker.rolled_back(at(91_000));
    assert!(breaker.may_step() && !breaker.is_on_trial() && breaker.stopped().is_none());
}

#[test]
fn a_share_of_dead_records_stops_it_at_the_end_of_a_window_and_ordinary_garbage_never() {
    let mut breaker = Breaker::new(POLICY);
    assert_eq!(step(&mut breaker, "xx.xx.xx.xxxxxxx", at(0)), 10);
    assert!(breaker.why().starts_with("7 of 10 records"), "{}", breaker.why());
    let mut breaker = Breaker::new(POLICY);
    let ordinary = "x.x.x.x.x.".repeat(50);
    assert_eq!(step(&mut breaker, &ordinary, at(0)), 500, "half is not more than half");
    assert_eq!(breaker.verdict(at(0)), BreakerVerdict::Free);
}

#[test]
fn a_run_goes_on_from_one_window_and_one_transaction_to_the_next() {
    let mut breaker = Breaker::new(POLICY);
    step(&mut breaker, "........xx", at(0));
    breaker.committed();
    assert_eq!(step(&mut breaker, "xxx", at(0)), 2);
}

#[test]
fn what_is_rolled_back_was_never_counted() {
    let mut breaker = Breaker::new(POLICY);
    step(&mut breaker, "xxx", at(0));
    breaker.rolled_back(at(0));
    assert_eq!(step(&mut breaker, "xxx", at(0)), 3);
    assert_eq!(breaker.verdict(at(0)), BreakerVerdict::Free);
    step(&mut breaker, "x", at(0));
    assert_eq!(breaker.verdict(at(0)), BreakerVerdict::Commit);
    breaker.rolled_back(at(0));
    assert!(breaker.may_step() && breaker.stopped().is_none(), "its commit failed: it is done again");
}

#[test]
fn nothing_is_stepped_until_the_trial_is_due() {
    let mut breaker = open();
    breaker.look(at(60_999));
    assert!(!breaker.may_step());
    breaker.look(at(61_000));
    assert!(breaker.may_step());
    assert_eq!(breaker.verdict(at(90_000)), BreakerVerdict::Free, "nothing came: nothing is judged");
}

/// A trial at 61 s; how many records it read, and whether it passed.
fn trial(breaker: &mut Breaker, records: &str) -> (usize, bool) {
    breaker.look(at(61_000));
    let stepped = step(breaker, records, at(61_000));
    assert!(breaker.forbids(), "a drain must not commit it");
    assert_eq!(breaker.verdict(at(62_000)), BreakerVerdict::RollBack);
    breaker.rolled_back(at(62_000));
    (stepped, breaker.may_step())
}

#[test]
fn a_trial_reads_past_bad_records_and_fails_where_too_few_good_ones_follow() {
    for records in ["xxx", "xxxxxxxxxxxxxxxxxxxx", "xxx.", "xxxxxx..", ".xxxxxxx"] {
        let mut breaker = open();
        assert_eq!(trial(&mut breaker, records), (records.len(), false), "{records}");
        assert_eq!(breaker.until(), Some(at(122_000)));
        assert!(breaker.stopped().is_some());
    }
}

#[test]
fn a_trial_that_passes_lets_the_bad_records_before_the_last_good_one_be_letters() {
    for (records, pardoned) in [("xxx..", 5), ("xxxxx....", 9), (".", 1), ("xx....xx", 6)] {
        let mut breaker = open();
        assert_eq!(trial(&mut breaker, records), (records.len(), true), "{records}");
        assert!(breaker.stopped().is_none() && !breaker.is_on_trial());
        let again: String = records.chars().take(pardoned).collect();
        assert_eq!(step(&mut breaker, &again, at(62_000)), pardoned);
        assert_eq!(breaker.verdict(at(62_000)), BreakerVerdict::Free, "{records}");
        assert_eq!(step(&mut breaker, "xxxxxx", at(62_000)), 4, "it counts from nothing");
        assert_eq!(breaker.verdict(at(62_000)), BreakerVerdict::Commit);
    }
}

#[test]
fn good_records_of_before_stand_for_a_bad_run_but_once_and_only_where_one_follows() {
    let mut breaker = Breaker::new(POLICY);
    step(&mut breaker, &".".repeat(30), at(0));
    step(&mut breaker, "xxxx", at(0));
    breaker.committed();
    let mut other = Breaker::new(POLICY);
    step(&mut other, &".".repeat(30), at(0));
    step(&mut other, "xxxx", at(0));
    other.committed();
    assert_eq!(trial(&mut breaker, "xxxxxx."), (7, true), "six of seventeen");
    assert_eq!(trial(&mut other, "xxxxxx"), (6, false), "no good one follows");
    step(&mut breaker, "xxxxxx.", at(62_000));
    step(&mut breaker, "xxxx", at(62_000));
    breaker.committed();
    assert_eq!(trial(&mut breaker, "xxxxxx."), (7, false));
}

#[test]
fn a_trial_ends_at_its_reach_and_after_its_time() {
    let mut breaker = tripped();
    assert_eq!(step(&mut breaker, &"x".repeat(1_000), at(0)), 100);
    assert_eq!(breaker.verdict(at(0)), BreakerVerdict::RollBack);
    let mut breaker = tripped();
    for second in 0..30 {
        step(&mut breaker, "x", at(second * 900));
        assert_eq!(breaker.verdict(at(second * 900)), BreakerVerdict::Hold);
    }
    step(&mut breaker, "x", at(29_900));
    assert_eq!(breaker.verdict(at(30_000)), BreakerVerdict::RollBack, "somebody writes on and on");
    let mut breaker = tripped();
    breaker.fine(REACH_BYTES, at(0));
    assert!(!breaker.may_step() && breaker.forbids());
}

#[test]
fn a_trial_with_a_whole_window_that_may_pass_waits_for_no_more() {
    let mut breaker = open();
    breaker.look(at(61_000));
    assert_eq!(step(&mut breaker, "xxxxx..........", at(61_000)), 10);
    assert_eq!(breaker.verdict(at(61_000)), BreakerVerdict::RollBack);
}

#[test]
fn a_trial_that_is_disturbed_is_done_again() {
    let mut breaker = open();
    breaker.look(at(61_000));
    step(&mut breaker, "xx", at(61_000));
    breaker.rolled_back(at(61_000));
    assert!(breaker.may_step() && breaker.is_on_trial() && breaker.stopped().is_some());
    assert_eq!(trial(&mut breaker, "....."), (5, true));
}

#[test]
fn a_policy_that_allows_everything_never_stops_it() {
    let mut breaker = Breaker::new(BreakerPolicy { max_permille: 1_000, ..POLICY });
    assert_eq!(step(&mut breaker, &"x".repeat(1_000), at(0)), 1_000);
    assert_eq!(breaker.verdict(at(0)), BreakerVerdict::Free);
}

#[test]
fn a_clock_that_is_set_back_makes_no_trial_late() {
    let mut breaker = open();
    breaker.set_back(Span::from_days(1));
    assert_eq!(breaker.until(), Some(at(61_000) - Span::from_days(1)));
}
