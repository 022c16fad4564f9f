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
            'x' => breaker.lost(&letter, (&from, Offset(7)), now),
            _ => breaker.fine(now),
        }
        stepped += 1;
    }
    stepped
}

/// One that tripped on a run and committed what was within the limit.
fn open() -> Breaker {
    let mut breaker = Breaker::new(POLICY);
    assert_eq!(step(&mut breaker, ".xxxxxx", at(0)), 5);
    assert_eq!(breaker.verdict(at(0)), Verdict::Commit);
    breaker.committed(at(0));
    breaker
}

#[test]
fn a_run_of_dead_records_stops_it_at_the_limit_and_says_why() {
    let breaker = open();
    assert_eq!(breaker.until(), Some(at(60_000)));
    let why = breaker.stopped().unwrap();
    for part in
        ["4 records in a row", "bad_time (`soon` is no time)", "visits/0@7", "source web", "max_ratio"]
    {
        assert!(why.contains(part), "{why}");
    }
}

#[test]
fn a_share_of_dead_records_stops_it_at_the_end_of_a_window_and_ordinary_garbage_never() {
    let mut breaker = Breaker::new(POLICY);
    assert_eq!(step(&mut breaker, "xx.xx.xx.xxxxxxx", at(0)), 10);
    assert!(breaker.stopped().unwrap().starts_with("7 of 10 records"), "{:?}", breaker.stopped());
    let mut breaker = Breaker::new(POLICY);
    let ordinary = "x.x.x.x.x.".repeat(50);
    assert_eq!(step(&mut breaker, &ordinary, at(0)), 500, "half is not more than half");
    assert_eq!(breaker.verdict(at(0)), Verdict::Free);
}

#[test]
fn a_run_goes_on_from_one_window_and_one_transaction_to_the_next() {
    let mut breaker = Breaker::new(POLICY);
    step(&mut breaker, "........xx", at(0));
    breaker.committed(at(0));
    assert_eq!(step(&mut breaker, "xxx", at(0)), 2);
}

#[test]
fn what_is_rolled_back_was_never_counted() {
    let mut breaker = Breaker::new(POLICY);
    step(&mut breaker, "xxx", at(0));
    breaker.rolled_back(at(0));
    assert_eq!(step(&mut breaker, "xxx", at(0)), 3);
    assert_eq!(breaker.verdict(at(0)), Verdict::Free);
    step(&mut breaker, "x", at(0));
    assert_eq!(breaker.verdict(at(0)), Verdict::Commit);
    breaker.rolled_back(at(0));
    assert!(breaker.may_step() && breaker.stopped().is_none(), "its commit failed: it is done again");
}

#[test]
fn nothing_is_stepped_until_the_trial_is_due() {
    let mut breaker = open();
    breaker.look(at(59_999));
    assert!(!breaker.may_step());
    breaker.look(at(60_000));
    assert!(breaker.may_step());
    assert_eq!(breaker.verdict(at(90_000)), Verdict::Free, "nothing came: nothing is judged");
}

#[test]
fn a_trial_that_fails_is_rolled_back_and_waits_again() {
    let mut breaker = open();
    breaker.look(at(60_000));
    assert_eq!(step(&mut breaker, "xxx", at(60_000)), 3);
    assert_eq!(breaker.verdict(at(60_500)), Verdict::Hold);
    assert!(breaker.forbids(), "a drain must not commit it");
    assert_eq!(breaker.verdict(at(61_000)), Verdict::RollBack, "three of three, however few");
    breaker.rolled_back(at(61_000));
    assert_eq!(breaker.until(), Some(at(121_000)));
    breaker.look(at(121_000));
    assert_eq!(step(&mut breaker, "xxxxxxx", at(121_000)), 4);
    assert_eq!(breaker.verdict(at(121_000)), Verdict::RollBack);
}

#[test]
fn a_trial_that_passes_is_committed_and_closes_it() {
    for (records, when) in [("x.........", 60_000), ("..x", 61_000)] {
        let mut breaker = open();
        breaker.look(at(60_000));
        step(&mut breaker, records, at(60_000));
        assert_eq!(breaker.verdict(at(when)), Verdict::Commit, "{records}");
        breaker.committed(at(when));
        assert!(breaker.may_step() && breaker.stopped().is_none());
        assert_eq!(step(&mut breaker, "xxxx", at(when)), 4, "it counts from nothing");
        assert_eq!(breaker.verdict(at(when)), Verdict::Commit);
    }
}

#[test]
fn a_trial_whose_commit_fails_is_done_again() {
    let mut breaker = open();
    breaker.look(at(60_000));
    step(&mut breaker, "..........", at(60_000));
    breaker.rolled_back(at(60_000));
    assert!(breaker.may_step() && breaker.stopped().is_some());
    assert_eq!(step(&mut breaker, "..........", at(60_000)), 10);
    assert_eq!(breaker.verdict(at(60_000)), Verdict::Commit);
}

#[test]
fn a_policy_that_allows_everything_never_stops_it() {
    let mut breaker = Breaker::new(BreakerPolicy { max_permille: 1_000, ..POLICY });
    assert_eq!(step(&mut breaker, &"x".repeat(1_000), at(0)), 1_000);
    assert_eq!(breaker.verdict(at(0)), Verdict::Free);
}

#[test]
fn what_readiness_says_holds_no_mail_address() {
    assert_eq!(shown("cannot read `jo@acme.com` as a time"), "cannot read `(address)` as a time");
    assert_eq!(shown(&"x".repeat(1_000)).len(), TEXT);
}

#[test]
fn a_clock_that_is_set_back_makes_no_trial_late() {
    let mut breaker = open();
    breaker.set_back(Span::from_days(1));
    assert_eq!(breaker.until(), Some(at(60_000) - Span::from_days(1)));
}
