//! DOMAIN, *Signals*.

use winback_core::account::Reason;
use winback_core::debounce::{Impossible, ResponseKind};
use winback_core::index::Method;
use winback_core::signal::SignalKind::{self, *};

use crate::rig::Rig;
use crate::support::{DAY, changed, comes, comes_by, gate};

const DEFAULTS: &str = "leading=\"strength>=2\"\n";

/// The strength column of the table, and what it does: 2 and more fires at once, less waits for the burst's end.
#[test]
fn each_kind_has_the_strength_of_the_table_and_only_from_2_on_it_fires_at_once() {
    let policy = winback_policy::parse("name=\"p\"", 1).unwrap();
    let table: [(SignalKind, &str, u8); 27] = [
        (WebVisit, "", 1),
        (WebVisit, "blog", 1),
        (WebVisit, "pricing", 2),
        (WebVisit, "billing", 2),
        (WebVisit, "sign_up", 2),
        (WebVisit, "reactivation", 3),
        (WebVisit, "login", 3),
        (WebVisit, "contact_sales", 3),
        (WebVisit, "demo", 3),
        (EmailOpen, "", 0),
        (EmailClick, "", 1),
        (EmailReply, "", 2),
        (FundingNews, "", 2),
        (Hiring, "", 1),
        (ExecutiveChange, "", 1),
        (OfficeExpansion, "", 1),
        (AccountProductLaunch, "", 1),
        (TechStackChange, "", 1),
        (Conference, "", 1),
        (SocialMention, "", 1),
        (DealStageChange, "", 1),
        (Acquisition, "", 1),
        (ProductRelease, "", 2),
        (CompetitorEvent, "", 2),
        (ContractRenewal, "", 1),
        (Anniversary, "", 0),
        (TimeSinceChurn, "", 0),
    ];
    for (kind, class, strength) in table {
        assert_eq!(policy.rule(kind, class).strength, strength, "{kind} {class}");
        let mut rig = Rig::new(DEFAULTS);
        comes(&mut rig, kind, class, 0);
        let expected = if strength >= 2 { "leading(leading)@0 n=1" } else { "trailing(quiet)@10 n=1" };
        assert_eq!(rig.fired(), [expected], "{kind} {class}");
    }
}

#[test]
fn news_says_the_most_where_it_answers_why_they_left() {
    for (reason, kind, class, strength) in [
        (Reason::ProductGap, ProductRelease, "feature", 3),
        (Reason::ServiceSupport, ProductRelease, "service", 3),
        (Reason::ServiceSupport, ProductRelease, "feature", 2),
        (Reason::Complexity, ProductRelease, "onboarding", 3),
        (Reason::TechnicalQuality, ProductRelease, "major_version", 3),
        (Reason::PriceBudget, ProductRelease, "price", 3),
        (Reason::PriceBudget, FundingNews, "", 3),
        (Reason::ProductGap, FundingNews, "", 2),
        (Reason::Competitor, CompetitorEvent, "outage", 3),
        (Reason::ProductGap, CompetitorEvent, "outage", 2),
        (Reason::PriceBudget, Hiring, "", 1),
    ] {
        let mut rig = changed("leading=\"off\"\n", |account| account.reason = reason);
        comes(&mut rig, kind, class, 0);
        assert_eq!(rig.triggers()[0].strength, strength, "{reason} {kind} {class}");
    }
    let mut frozen = changed("leading=\"off\"\n", |account| {
        (account.reason, account.reason_detail) = (Reason::Situational, "budget_freeze".to_owned());
    });
    comes(&mut frozen, FundingNews, "", 0);
    assert_eq!(frozen.triggers()[0].strength, 3);
    let mut switched = changed("leading=\"off\"\n", |account| account.competitor = Some("Rival".to_owned()));
    comes(&mut switched, CompetitorEvent, "outage", 0);
    assert_eq!(switched.triggers()[0].strength, 3);
}

/// The shipped policy, as its table says, and as a burst of one page is scored.
#[test]
fn pages_that_say_more_weigh_more_than_the_blog() {
    let shipped = include_str!("../../../../config/policies/default.toml");
    let policy = winback_policy::parse(shipped, 1).unwrap();
    let score = |class: &str| {
        let mut rig = Rig::default();
        let gathers = shipped
            .replacen("min_score = 3", "min_score = 0", 1)
            .replacen("name = \"default\"", "", 1)
            .replacen("leading = \"strength>=2\"", "leading = \"off\"", 1);
        rig.policy("default", 1, &gathers);
        rig.change(|_| {});
        comes(&mut rig, WebVisit, class, 0);
        rig.progress(DAY);
        rig.triggers()[0].evidence.score()
    };
    for class in ["pricing", "billing", "sign_up", "docs", "reactivation"] {
        for other in ["blog", ""] {
            let [more, less] = [class, other].map(|class| policy.rule(WebVisit, class).weight);
            assert!(more > less, "{class} {more}, {other:?} {less}");
            assert!(score(class) > score(other), "{class} beside {other:?}");
        }
    }
    assert_eq!(policy.rule(WebVisit, "docs").strength, 1, "docs are no decision by themselves");
}

#[test]
fn a_click_outweighs_an_open_and_a_reply_outweighs_both() {
    let policy = winback_policy::parse("name=\"p\"", 1).unwrap();
    let [open, click, reply] = [EmailOpen, EmailClick, EmailReply].map(|kind| policy.rule(kind, "").weight);
    assert!(open < click && open + click < reply);
}

#[test]
fn acquired_by_a_user_of_another_tool_excludes_and_an_acquisition_alone_does_not() {
    for (kind, class, method, shut) in [
        (Acquisition, "", Method::Domain, false),
        (Acquisition, "acquired_other_tool", Method::Domain, true),
        (Acquisition, "bankrupt", Method::Contact, true),
        (TechStackChange, "in_house_build", Method::Domain, true),
        // A name is too weak to shut an account out, and a page of that name is no news.
        (Acquisition, "acquired_other_tool", Method::Name, false),
        (WebVisit, "bankrupt", Method::Domain, false),
    ] {
        let mut rig = Rig::new("leading=\"off\"\n");
        comes_by(&mut rig, kind, class, 0, method);
        comes(&mut rig, FundingNews, "", 500);
        let fired = if shut { 0 } else { 2 };
        assert_eq!(rig.fired().len(), fired, "{kind} {class} {method}");
        assert_eq!(gate(&rig).is_some(), shut);
    }
}

#[test]
fn what_excludes_lasts_until_they_churn_anew_and_what_happened_before_they_left_does_not() {
    let mut rig = Rig::new("leading=\"off\"\n");
    comes(&mut rig, Acquisition, "acquired_other_tool", 0);
    let state = |rig: &Rig| rig.partition.account_state(&"a".into()).unwrap().impossible;
    assert_eq!(state(&rig), Some(Impossible::AcquiredOtherTool));
    rig.change(|account| account.churned_at = crate::rig::at(1_000));
    assert_eq!(state(&rig), None);
    comes(&mut rig, Acquisition, "bankrupt", 500);
    assert_eq!(state(&rig), None, "dated before they left again");
}

#[test]
fn a_self_reactivation_ends_everything_open_and_another_visit_does_not() {
    for (kind, ends) in [(SelfReactivation, "cancelled()@5"), (WebVisit, "fired(quiet)@15")] {
        let mut rig = Rig::new("leading=\"off\"\n");
        rig.now(1, 0);
        comes(&mut rig, kind, "", 5);
        rig.progress(50);
        assert_eq!(rig.ends(), [ends], "{kind}");
    }
}

#[test]
fn a_reply_as_a_signal_fires_and_as_an_answer_it_does_not() {
    let mut rig = Rig::new(DEFAULTS);
    rig.answers(ResponseKind::Replied, "r-1", 0, &[]);
    rig.progress(50);
    assert!(rig.fired().is_empty());
    comes(&mut rig, EmailReply, "", 60);
    assert_eq!(rig.fired(), ["leading(leading)@60 n=1"]);
}

#[test]
fn a_name_alone_never_fires_at_once() {
    let mut rig = changed(DEFAULTS, |_| {});
    comes_by(&mut rig, FundingNews, "", 0, Method::Name);
    assert_eq!(rig.fired(), ["trailing(quiet)@10 n=1"]);
}
