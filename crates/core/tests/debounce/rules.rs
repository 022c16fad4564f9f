//! The cases that the worked examples leave open, a test for each rule.

use winback_core::account::{Reason, Status};
use winback_core::debounce::{Body, Counts, Gate, ResponseKind, Subject, shadow};
use winback_core::index::Method;
use winback_core::signal::SignalKind;
use winback_core::time::Span;

use crate::rig::{Rig, WORKED, at, signal};

const STRONG: &str = "leading=\"strength>=2\"\n";
const OFF: &str = "leading=\"off\"\n";

#[test]
fn r1_a_record_stepped_again_at_its_own_offset_is_not_its_own_duplicate() {
    let mut rig = Rig::new(OFF);
    rig.now(1, 0);
    let again = rig.log[2].clone();
    rig.partition.step(&again, &mut rig.effects);
    assert_eq!(rig.outcomes(), ["joined", "joined"]);
}

#[test]
fn r1_an_id_is_forgotten_only_when_its_event_is_too_old_to_count() {
    let mut rig = Rig::new(OFF);
    rig.arrives("same", 1, 0, 0);
    let (day, window) = (86_400_000, 2 * 86_400_000 + 30);
    rig.arrives("same", 1, 0, day);
    rig.arrives("same", 1, 0, window + 1);
    rig.progress(window + 2);
    rig.arrives("same", 1, 0, window + 3);
    assert_eq!(rig.outcomes(), ["joined", "duplicate", "expired", "expired"]);
}

#[test]
fn r3_a_signal_max_wait_after_the_first_ends_its_own_burst_though_the_clock_lags() {
    let mut rig = Rig::new(OFF);
    rig.progress_of("mail/0", 0);
    rig.now(1, 0);
    rig.now(1, 9);
    rig.now(1, 30);
    assert_eq!(rig.fired(), ["trailing(quiet)@19 n=2"]);
    assert_eq!(rig.outcomes(), ["joined", "joined", "cooled"]);
}

#[test]
fn r3_the_nth_signal_fires_early() {
    let mut rig = Rig::new("leading=\"off\"\n");
    rig.policy(
        "p",
        2,
        "quiet=\"10ms\"\nmax_wait=\"30ms\"\ncooldown=\"100ms\"\nmax_signals=2\nleading=\"off\"\n",
    );
    rig.now(1, 0);
    rig.now(1, 4);
    assert_eq!(rig.fired(), ["trailing(max_signals)@4 n=2"]);
}

#[test]
fn r4_a_name_alone_never_fires_at_once() {
    let mut rig = Rig::new(STRONG);
    let mut named = signal("a", "n", 2, 0, 0);
    named.method = Method::Name;
    rig.body(Body::Signal(Box::new(named)));
    rig.progress(10);
    assert_eq!(rig.fired(), ["trailing(quiet)@10 n=1"]);
}

#[test]
fn r5_a_burst_below_the_minimum_does_not_fire() {
    let mut rig = Rig::new("leading=\"off\"\n");
    rig.policy(
        "p",
        2,
        "quiet=\"10ms\"\nmax_wait=\"30ms\"\ncooldown=\"100ms\"\nmin_score=3\nleading=\"off\"\n",
    );
    rig.now(1, 0);
    rig.progress(10);
    assert_eq!(rig.ends(), ["below_threshold(quiet)@10"]);
}

#[test]
fn r6_what_cooled_is_evidence_of_weight_0_for_the_next_burst() {
    let mut rig = Rig::new(OFF);
    rig.now(1, 0);
    rig.progress(10);
    rig.now(1, 50);
    rig.progress(110);
    rig.now(1, 120);
    rig.progress(130);
    assert_eq!(rig.fired(), ["trailing(quiet)@10 n=1", "trailing(quiet)@130 n=1"]);
    let weights: Vec<u32> = rig.triggers()[1].evidence.items.iter().map(|item| item.weight).collect();
    assert_eq!(weights, [2, 0]);
}

#[test]
fn r9_a_cap_holds_a_leading_fire_and_the_end_is_judged_again() {
    let cap = "leading=\"always\"\n[[caps]]\nper=\"account\"\nmax=1\nwindow=\"150ms\"\n";
    let mut rig = Rig::new(cap);
    rig.now(1, 0);
    rig.progress(110);
    rig.now(1, 145);
    rig.progress(155);
    assert_eq!(rig.fired(), ["leading(leading)@0 n=1", "trailing(quiet)@155 n=1"]);
    assert_eq!(rig.outcomes(), ["led", "capped"]);
}

#[test]
fn r10_a_reactivation_ends_what_is_open_and_shuts_the_account_until_it_churns_anew() {
    let mut rig = Rig::new(OFF);
    rig.now(1, 0);
    rig.answers(ResponseKind::Reactivated, "r-1", 1, &[]);
    rig.now(1, 2);
    rig.change(|account| account.churned_at = at(3));
    rig.now(1, 4);
    assert_eq!(rig.ends(), ["cancelled()@0"]);
    assert_eq!(rig.outcomes(), ["joined", "gated", "joined"]);
}

#[test]
fn r10_a_signal_of_reactivation_has_the_outcome_ended() {
    let mut rig = Rig::new(OFF);
    rig.now(1, 0);
    let mut back = signal("a", "back", 1, 2, 2);
    back.kind = SignalKind::SelfReactivation;
    rig.body(Body::Signal(Box::new(back)));
    assert_eq!(rig.outcomes(), ["joined", "ended"]);
    assert_eq!(rig.ends(), ["cancelled()@2"]);
}

#[test]
fn r11_a_new_churn_date_ends_the_quiet_but_no_cap() {
    let cap = "leading=\"off\"\n[[caps]]\nper=\"account\"\nmax=1\nwindow=\"10d\"\n";
    let mut rig = Rig::new(cap);
    rig.now(1, 0);
    rig.progress(10);
    rig.change(|account| account.churned_at = at(11));
    rig.now(1, 12);
    rig.progress(30);
    assert_eq!(rig.outcomes(), ["joined", "joined"]);
    assert_eq!(rig.ends()[1], "capped(1 in 10d for the account)@22");
}

#[test]
fn r13_an_open_burst_ends_under_the_version_it_opened_with() {
    let mut rig = Rig::new(OFF);
    rig.now(1, 0);
    rig.policy("p", 2, "quiet=\"20ms\"\nmax_wait=\"30ms\"\ncooldown=\"100ms\"\nleading=\"off\"\n");
    rig.now(1, 5);
    rig.progress(15);
    assert_eq!(rig.fired(), ["trailing(quiet)@15 n=2"]);
    assert_eq!(rig.triggers()[0].policy_version, 1);
}

#[test]
fn every_standing_gate_forbids_and_says_its_name() {
    type Change = fn(&mut winback_core::account::Account);
    let cases: [(Change, Gate); 8] = [
        (|account| account.do_not_contact = true, Gate::DoNotContact),
        (|account| account.consent = Some(false), Gate::NoConsent),
        (|account| account.reason = Reason::Impossible, Gate::Impossible),
        (|account| account.hold_out = true, Gate::HoldOut),
        (|account| account.arr_usd = 999, Gate::BelowOutreach),
        (|account| account.declined_at = Some(at(-86_400_000)), Gate::Declined),
        (|account| account.earliest_at = Some(at(1_000)), Gate::NotYet),
        (|account| account.status = Status::Active, Gate::Reactivated),
    ];
    for (change, gate) in cases {
        let mut rig = Rig::new("leading=\"always\"\n");
        rig.change(change);
        rig.now(1, 0);
        rig.progress(10);
        assert!(rig.fired().is_empty(), "{gate}");
        assert_eq!(rig.decisions()[0].gate(), Some(gate));
    }
}

#[test]
fn a_no_is_respected_for_a_year_and_then_needs_a_material_change() {
    let year = Span::from_days(365).millis();
    for (kind, ago, fires) in [
        (SignalKind::FundingNews, year - 1_000, false),
        (SignalKind::FundingNews, year + 1_000, true),
        (SignalKind::WebVisit, year + 1_000, false),
    ] {
        let mut rig = Rig::new(OFF);
        rig.change(|account| account.declined_at = Some(at(-ago)));
        let mut news = signal("a", "n", 1, 0, 0);
        news.kind = kind;
        rig.body(Body::Signal(Box::new(news)));
        rig.progress(10);
        assert_eq!(rig.fired().len(), usize::from(fires), "{kind} {ago}");
    }
}

#[test]
fn a_hold_stops_starting_triggers_until_it_is_let_go() {
    let mut rig = Rig::new("leading=\"always\"\n");
    rig.body(Body::Hold(None, true));
    rig.now(1, 0);
    rig.body(Body::Hold(None, false));
    rig.progress(10);
    assert_eq!(rig.decisions()[0].gate(), Some(Gate::Hold));
    assert_eq!(rig.fired(), ["trailing(quiet)@10 n=1"]);
}

#[test]
fn r14_bursts_opened_are_ended_or_open() {
    let mut rig = Rig::new(OFF);
    rig.now(1, 0);
    assert_eq!(rig.partition.counts(), Counts { opened: 1, ended: 0, synthetic: 0, unsaid: 0 });
    rig.progress(10);
    assert_eq!(rig.partition.counts(), Counts { opened: 1, ended: 1, synthetic: 0, unsaid: 0 });
    assert_eq!(rig.partition.open_bursts(), 0);
}

#[test]
fn a_signal_that_no_policy_judges_has_its_decision_and_counts_when_it_comes_again_under_one() {
    let mut rig = Rig::default();
    rig.change(|_| {});
    assert_eq!(rig.partition.decisions_a_signal(), 1);
    rig.arrives("s", 2, 0, 0);
    let made = rig.decisions()[0].clone();
    assert_eq!((made.gate(), made.policy.as_str(), made.outcome()), (Some(Gate::NoPolicy), "", "gated"));
    rig.policy("p", 1, &format!("{WORKED}{OFF}"));
    assert_eq!(rig.partition.decisions_a_signal(), 1);
    rig.arrives("s", 2, 5, 5);
    assert_eq!(rig.outcomes(), ["gated", "joined"]);
    rig.progress(20);
    assert_eq!(rig.fired(), ["trailing(quiet)@15 n=1"]);
}

#[test]
fn a_policy_in_shadow_judges_for_itself_and_leaves_the_signal_without_a_live_one() {
    let mut rig = Rig::default();
    rig.change(|_| {});
    let toml = winback_policy::as_shadow(&format!("name=\"p\"\n{WORKED}{OFF}"));
    rig.body(Body::Policy(winback_policy::record(&shadow::shadow_of("p"), 1, &toml)));
    assert_eq!(rig.partition.decisions_a_signal(), 2);
    rig.arrives("s", 2, 0, 0);
    assert_eq!(rig.outcomes(), ["gated", "joined"]);
    assert_eq!(rig.decisions()[0].gate(), Some(Gate::NoPolicy));
}

#[test]
fn who_comes_back_by_himself_is_back_though_no_policy_is_in_force() {
    let mut rig = Rig::default();
    rig.change(|_| {});
    let mut back = signal("a", "back", 2, 0, 0);
    back.kind = SignalKind::SelfReactivation;
    rig.body(Body::Signal(Box::new(back)));
    assert!(rig.partition.account_state(&"a".into()).unwrap().reactivated);
    rig.policy("p", 1, &format!("{WORKED}leading=\"always\"\n"));
    rig.now(2, 5);
    assert_eq!(rig.outcomes(), ["gated", "gated"]);
    assert_eq!(rig.decisions()[1].gate(), Some(Gate::Reactivated));
}

#[test]
fn two_policies_decide_each_for_itself() {
    let mut rig = Rig::new(OFF);
    rig.policy(
        "q",
        1,
        "quiet=\"5ms\"\nmax_wait=\"30ms\"\ncooldown=\"100ms\"\nmin_score=0\nleading=\"off\"\n",
    );
    rig.now(1, 0);
    rig.progress(10);
    assert_eq!(rig.fired(), ["trailing(quiet)@5 n=1", "trailing(quiet)@10 n=1"]);
    let signals =
        rig.decisions().iter().filter(|decision| matches!(decision.subject, Subject::Signal { .. })).count();
    assert_eq!(signals, 2);
}
