//! Every worked example of DESIGN section 6, with its numbers.

use winback_core::account::Status;
use winback_core::debounce::{AccountChange, Body, DeadReason, Effect, ResponseKind};
use winback_core::index::Method;
use winback_core::signal::SignalKind;

use crate::rig::{BASE, Rig, at, signal};

const OFF: &str = "leading=\"off\"\n";
const ALWAYS: &str = "leading=\"always\"\n";
const STRONG: &str = "leading=\"strength>=2\"\n";

#[test]
fn three_close_signals_fire_once_when_it_is_quiet() {
    let mut rig = Rig::new(OFF);
    for millis in [0, 5, 12, 22] {
        if millis == 22 { rig.progress(22) } else { rig.now(1, millis) }
    }
    assert_eq!(rig.fired(), ["trailing(quiet)@22 n=3"]);
}

#[test]
fn a_steady_stream_fires_at_max_wait_and_then_cools() {
    let mut rig = Rig::new(OFF);
    (0..=60).step_by(5).for_each(|millis| rig.now(1, millis));
    assert_eq!(rig.fired(), ["trailing(max_wait)@30 n=6"]);
    let trigger = rig.triggers()[0];
    assert_eq!(trigger.cooldown_until, at(130));
    assert_eq!(rig.outcomes()[6..], ["cooled"; 7]);
}

#[test]
fn leading_always_fires_at_once_and_has_nothing_new_at_the_end() {
    let mut rig = Rig::new(ALWAYS);
    rig.now(1, 0);
    rig.progress(10);
    assert_eq!(rig.fired(), ["leading(leading)@0 n=1"]);
    assert_eq!(rig.ends(), ["nothing_new(quiet)@10"]);
}

#[test]
fn leading_always_tells_the_rest_in_an_update() {
    let mut rig = Rig::new(ALWAYS);
    rig.now(1, 0);
    rig.now(1, 5);
    rig.progress(15);
    assert_eq!(rig.fired(), ["leading(leading)@0 n=1", "update(quiet)@15 n=2"]);
    let triggers = rig.triggers();
    assert_eq!(triggers[1].parent, Some(triggers[0].id));
    assert_eq!(triggers[1].cooldown_until, at(100), "an update does not extend the quiet");
}

#[test]
fn a_strong_signal_that_joins_fires_at_once() {
    let mut rig = Rig::new(STRONG);
    rig.now(0, 0);
    rig.now(2, 5);
    rig.progress(15);
    assert_eq!(rig.fired(), ["leading(leading)@5 n=2"]);
    assert_eq!(rig.ends(), ["nothing_new(quiet)@15"]);
    assert_eq!(rig.outcomes(), ["joined", "led"]);
}

#[test]
fn a_duplicate_extends_nothing() {
    let mut rig = Rig::new(OFF);
    rig.now(1, 0);
    rig.arrives("same", 1, 5, 5);
    rig.arrives("same", 1, 5, 9);
    rig.progress(15);
    assert_eq!(rig.fired(), ["trailing(quiet)@15 n=2"]);
    assert_eq!(rig.outcomes(), ["joined", "joined", "duplicate"]);
}

#[test]
fn late_news_cools_or_escalates() {
    for (strength, outcome) in [(1, "cooled"), (2, "escalated")] {
        let mut rig = Rig::new(OFF);
        for millis in [0, 5, 12] {
            rig.now(1, millis);
        }
        rig.progress(40);
        rig.arrives("late", strength, 3, 40);
        assert_eq!(rig.fired()[0], "trailing(quiet)@22 n=3");
        assert_eq!(rig.outcomes()[3], outcome);
    }
}

#[test]
fn a_stronger_signal_escalates_once_and_begins_the_quiet_anew() {
    let mut rig = Rig::new(OFF);
    for millis in [0, 5, 12] {
        rig.now(1, millis);
    }
    rig.progress(22);
    rig.now(2, 40);
    rig.now(2, 50);
    assert_eq!(rig.fired(), ["trailing(quiet)@22 n=3", "escalation(strength_up)@40 n=1"]);
    assert_eq!(rig.triggers()[1].cooldown_until, at(140));
    assert_eq!(rig.triggers()[1].burst, rig.triggers()[0].burst, "it takes the burst that began the quiet");
    assert_eq!(rig.outcomes()[3..], ["escalated", "cooled"]);
}

#[test]
fn an_account_that_goes_cancels_its_burst() {
    let mut rig = Rig::new(OFF);
    rig.now(1, 0);
    rig.now(1, 5);
    rig.progress(12);
    rig.body(Body::Account(AccountChange::Gone("a".into())));
    rig.progress(100);
    assert!(rig.fired().is_empty());
    assert_eq!(rig.ends(), ["cancelled()@12"]);
}

#[test]
fn a_lone_signal_fires_when_the_clock_reaches_its_deadline() {
    let mut rig = Rig::new(OFF);
    rig.now(1, 0);
    rig.progress(9);
    assert!(rig.fired().is_empty());
    rig.progress(10);
    assert_eq!(rig.fired(), ["trailing(quiet)@10 n=1"]);
}

#[test]
fn a_source_that_catches_up_holds_the_burst_open() {
    let mut rig = Rig::new(OFF);
    rig.progress_of("mail/0", 3);
    rig.now(1, 3);
    rig.progress_of("mail/0", 3_600_000);
    rig.body(Body::Signal(Box::new(signal("a", "x", 1, 12, 12))));
    rig.body(Body::Signal(Box::new(signal("a", "y", 1, 5, 5))));
    rig.progress(3_600_000);
    assert_eq!(rig.fired(), ["trailing(quiet)@22 n=3"]);
}

#[test]
fn a_signal_ahead_of_its_arrival_counts_when_it_arrived() {
    let mut rig = Rig::new(OFF);
    rig.arrives("ahead", 1, 9, 7);
    rig.progress(17);
    assert_eq!(rig.fired(), ["trailing(quiet)@17 n=1"]);
}

#[test]
fn the_year_2099_is_a_dead_letter_and_moves_no_clock() {
    let mut rig = Rig::new(OFF);
    rig.now(1, 0);
    let mut far = signal("a", "far", 1, 0, 5);
    far.event_time = at(73 * 365 * 86_400_000);
    rig.body(Body::Signal(Box::new(far)));
    assert!(matches!(rig.effects.last(), Some(Effect::DeadLetter { reason: DeadReason::Future, .. })));
    assert_eq!(rig.partition.clock().now().millis() - BASE, 0);
}

/// News of that kind and class, with an id of its own.
fn news(rig: &mut Rig, kind: SignalKind, class: &str, millis: i64) {
    let mut news = signal("a", &format!("{kind} {class} {millis}"), 1, millis, millis);
    (news.kind, news.class) = (kind, class.to_owned());
    rig.body(Body::Signal(Box::new(news)));
    rig.progress(millis);
}

#[test]
fn a_release_that_closes_the_gap_is_told_at_once_in_the_quiet_of_a_pricing_visit() {
    let mut rig = Rig::new(STRONG);
    rig.now(2, 0);
    rig.progress(10);
    news(&mut rig, SignalKind::FundingNews, "", 20);
    news(&mut rig, SignalKind::ProductRelease, "feature", 30);
    assert_eq!(rig.fired(), ["leading(leading)@0 n=1", "escalation(strength_up)@30 n=1"]);
    assert_eq!(rig.outcomes(), ["led", "cooled", "escalated"]);
    let triggers = rig.triggers();
    assert_eq!((triggers[1].strength, triggers[1].cooldown_until), (3, at(130)));
}

#[test]
fn a_page_that_asks_to_come_back_is_told_in_any_quiet_and_ranks_highest() {
    for class in ["login", "contact_sales", "demo", "reactivation"] {
        let mut rig = Rig::new(STRONG);
        rig.now(2, 0);
        rig.progress(10);
        news(&mut rig, SignalKind::WebVisit, class, 20);
        assert_eq!(rig.fired()[1..], ["escalation(strength_up)@20 n=1"], "{class}");
        let priority = &rig.triggers()[1].priority;
        let parts = [&priority.recoverability, &priority.strength, &priority.fit];
        assert!(parts.iter().all(|part| part.percent == 100), "{class}: {priority:?}");
    }
}

#[test]
fn a_name_alone_says_no_more_than_2() {
    let mut rig = Rig::new(OFF);
    let mut login = signal("a", "by name", 1, 0, 0);
    (login.class, login.method) = ("login".to_owned(), Method::Name);
    rig.body(Body::Signal(Box::new(login)));
    rig.progress(10);
    assert_eq!((rig.fired().len(), rig.triggers()[0].strength), (1, 2));
}

#[test]
fn what_says_the_most_and_was_cooled_is_told_when_the_quiet_ends() {
    let mut rig = Rig::new(STRONG);
    news(&mut rig, SignalKind::WebVisit, "demo", 0);
    rig.progress(10);
    news(&mut rig, SignalKind::ProductRelease, "feature", 40);
    rig.progress(99);
    assert_eq!(rig.outcomes(), ["led", "cooled"]);
    rig.progress(100);
    assert_eq!(rig.fired(), ["leading(leading)@0 n=1", "leading(leading)@100 n=1"]);
    let trigger = rig.triggers()[1];
    let told = &trigger.evidence.items[0];
    assert_eq!((told.kind, told.source.as_str(), told.weight), (SignalKind::ProductRelease, "web", 8));
    rig.progress(400);
    assert_eq!(rig.fired().len(), 2, "it is said once");
}

#[test]
fn what_a_trigger_named_meanwhile_is_not_told_again() {
    let mut rig = Rig::new(STRONG);
    rig.now(2, 0);
    rig.progress(10);
    news(&mut rig, SignalKind::WebVisit, "demo", 20);
    news(&mut rig, SignalKind::ProductRelease, "feature", 40);
    rig.change(|account| account.version = 90);
    rig.progress(119);
    rig.now(2, 121);
    assert_eq!(rig.fired()[1..], ["escalation(strength_up)@20 n=1", "leading(leading)@121 n=1"]);
    rig.progress(500);
    assert_eq!(rig.fired().len(), 3);
}

#[test]
fn what_a_hold_or_a_cap_or_a_policy_without_escalation_kept_is_told_when_that_ends() {
    let mut rig = Rig::new(STRONG);
    rig.body(Body::Hold(None, true));
    news(&mut rig, SignalKind::WebVisit, "login", 0);
    rig.progress(50);
    assert_eq!((rig.fired().len(), rig.ends()), (0, vec!["gated(hold)@10".to_owned()]));
    rig.body(Body::Hold(None, false));
    rig.progress(60);
    assert_eq!(rig.fired(), ["leading(leading)@60 n=1"]);

    let mut rig = Rig::new("leading=\"strength>=2\"\n[[caps]]\nper=\"account\"\nmax=1\nwindow=\"300ms\"\n");
    rig.now(2, 0);
    rig.progress(10);
    news(&mut rig, SignalKind::WebVisit, "login", 150);
    rig.progress(299);
    assert_eq!(rig.ends()[1..], ["capped(1 in 300ms for the account)@160"]);
    rig.progress(300);
    assert_eq!(rig.fired()[1..], ["leading(leading)@300 n=1"]);

    let mut rig = Rig::new("leading=\"strength>=2\"\nescalate=\"off\"\n");
    rig.now(2, 0);
    rig.progress(10);
    news(&mut rig, SignalKind::WebVisit, "login", 20);
    assert_eq!(rig.outcomes()[1..], ["cooled"]);
    rig.progress(100);
    assert_eq!(rig.fired()[1..], ["leading(leading)@100 n=1"]);
}

#[test]
fn one_view_of_the_blog_or_one_open_starts_nothing_under_the_default() {
    let policy = winback_policy::parse("name=\"default\"", 1).unwrap();
    for (kind, class) in [(SignalKind::WebVisit, "blog"), (SignalKind::EmailOpen, "")] {
        assert!(policy.rule(kind, class).weight < policy.min_score, "{kind}");
    }
    for kind in [SignalKind::Anniversary, SignalKind::TimeSinceChurn, SignalKind::ContractRenewal] {
        assert!(policy.rule(kind, "").weight >= policy.min_score, "{kind}: a date starts something alone");
    }
}

#[test]
fn a_corrected_churn_date_is_no_new_spell() {
    let left = -200 * 86_400_000;
    let day = 86_400_000;
    for (days, number) in [(1, 1), (-400, 1), (30, 1), (31, 2)] {
        let mut rig = Rig::new(STRONG);
        rig.now(2, 0);
        rig.progress(10);
        rig.change(|account| account.churned_at = at(left + days * day));
        let state = rig.partition.account_state(&"a".into()).unwrap();
        assert_eq!((state.churn_number, state.churned_at), (number, at(left + days * day)), "{days} days");
        // The quiet goes on in the same spell.
        rig.now(2, 50);
        let fired = if number == 1 { 1 } else { 2 };
        assert_eq!(rig.fired().len(), fired, "{days} days");
    }
}

#[test]
fn a_correction_leaves_a_burst_open_and_a_return_makes_the_next_date_a_new_spell() {
    let left = -200 * 86_400_000;
    let mut rig = Rig::new(OFF);
    rig.now(1, 0);
    rig.change(|account| account.churned_at = at(left - 5));
    rig.progress(10);
    assert_eq!(rig.fired(), ["trailing(quiet)@10 n=1"]);
    rig.change(|account| account.status = Status::Active);
    rig.change(|account| account.churned_at = at(left + 5));
    let number = |rig: &Rig| rig.partition.account_state(&"a".into()).unwrap().churn_number;
    assert_eq!(number(&rig), 2);
    rig.answers(ResponseKind::Reactivated, "back", 20, &[]);
    rig.change(|account| account.churned_at = at(left + 5));
    assert_eq!(number(&rig), 2, "the same date again");
    rig.change(|account| account.churned_at = at(left + 6));
    assert_eq!(number(&rig), 3);
}

const DAY: i64 = 86_400_000;

#[test]
fn a_burst_of_a_backlog_fires_nothing_and_is_evidence_without_weight_for_the_next() {
    let mut rig = Rig::new(OFF);
    rig.appended = 3 * DAY;
    rig.now(1, 0);
    rig.progress(10);
    assert_eq!((rig.fired().len(), rig.ends()), (0, vec!["stale(quiet)@10".to_owned()]));
    let told = rig.decisions().pop().unwrap().clone();
    assert_eq!((told.rule(), told.trigger, told.cooldown_until), ("R15", None, None));
    let would_be = told.would_be.unwrap();
    assert_eq!((would_be.fired_at, would_be.evidence.signals()), (at(10), 1));
    assert!(rig.partition.account_state(&"a".into()).unwrap().fires.is_empty());
    rig.now(1, 3 * DAY);
    rig.progress(3 * DAY + 10);
    assert_eq!(rig.fired(), [format!("trailing(quiet)@{} n=1", 3 * DAY + 10)]);
    let items = &rig.triggers()[0].evidence.items;
    assert_eq!((items.len(), items[1].weight, items[1].strength), (2, 0, 0));
    assert_eq!(rig.triggers()[0].id.to_string().len(), 32);
}

#[test]
fn a_backlog_is_older_than_the_limit_and_not_as_old() {
    for (late, fired) in [(2 * DAY + 10, 1), (2 * DAY + 11, 0)] {
        let mut rig = Rig::new(OFF);
        rig.now(1, 0);
        rig.appended = late;
        rig.progress(10);
        assert_eq!(rig.fired().len(), fired, "{late}");
    }
}

#[test]
fn a_strong_signal_of_a_backlog_joins_and_leading_is_not_used_up() {
    let mut rig = Rig::default();
    let slow = "quiet=\"4d\"\nmax_wait=\"8d\"\ncooldown=\"9d\"\nmin_score=0\nleading=\"strength>=2\"\n";
    rig.policy("p", 1, slow);
    rig.change(|_| {});
    rig.appended = 3 * DAY;
    rig.now(2, 0);
    rig.now(2, 3 * DAY);
    assert_eq!(rig.outcomes(), ["joined", "led"]);
    assert_eq!(rig.fired(), [format!("leading(leading)@{} n=2", 3 * DAY)]);
}

#[test]
fn a_stronger_signal_of_a_backlog_is_cooled_in_the_quiet() {
    let mut rig = Rig::new(OFF);
    rig.now(1, 0);
    rig.progress(10);
    rig.appended = 3 * DAY;
    rig.now(2, 40);
    assert_eq!(rig.outcomes(), ["joined", "cooled"]);
    assert_eq!(rig.fired(), ["trailing(quiet)@10 n=1"]);
}

#[test]
fn an_entry_of_the_calendar_counts_in_its_year_when_its_start_fires() {
    for (late, count) in [(0, 1), (25, 0)] {
        let mut rig = Rig::new(OFF);
        for day in 0..80 {
            rig.appended = (day + late) * DAY;
            rig.progress(day * DAY);
        }
        let state = rig.partition.account_state(&"a".into()).unwrap();
        assert_eq!((state.entries.len(), rig.fired().len()), (count, count), "{late}");
        assert_eq!(rig.ends().len(), 1);
    }
}
