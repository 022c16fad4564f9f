//! DOMAIN, *Accounts*: tiers, reasons, recoverability, the hold-out group, contacts.

use winback_core::account::{Account, Contact, Manner, Reason};
use winback_core::debounce::{Gate, HoldOut, ResponseKind, priority};
use winback_core::ids::AccountId;
use winback_core::signal::SignalKind::{self, *};

use crate::rig::{Rig, account};
use crate::support::{changed, comes, gate, left};

const OFF: &str = "leading=\"off\"\n";

#[test]
fn tiers_by_revenue_and_below_them_no_outreach_unless_strategic() {
    assert_eq!(account("a").tier().as_str(), "1", "as all tests have it");
    for (arr_usd, strategic, tier, fires) in [
        (50_000, false, "1", true),
        (49_999, false, "2", true),
        (10_000, false, "2", true),
        (9_999, false, "3", true),
        (1_000, false, "3", true),
        (999, false, "below", false),
        (999, true, "below", true),
    ] {
        let mut rig = changed(OFF, |account| (account.arr_usd, account.strategic) = (arr_usd, strategic));
        comes(&mut rig, WebVisit, "", 0);
        assert_eq!(rig.fired().len(), usize::from(fires), "${arr_usd}");
        assert_eq!(gate(&rig), (!fires).then_some(Gate::BelowOutreach));
        assert_eq!(Account { arr_usd, ..account("a") }.tier().as_str(), tier);
    }
}

#[test]
fn reasons_that_are_impossible_or_no_fit_start_nothing_and_all_others_may() {
    for reason in Reason::ALL {
        let mut rig = left(OFF, *reason, 200);
        comes(&mut rig, WebVisit, "", 0);
        let expected = match reason {
            Reason::Impossible => Some(Gate::Impossible),
            Reason::NotFit => Some(Gate::NotFit),
            _ => None,
        };
        assert_eq!(gate(&rig), expected, "{reason}");
        assert_eq!(rig.fired().len(), usize::from(expected.is_none()), "{reason}");
    }
    let mut rig = left("leading=\"off\"\nnot_fit=\"allow\"\n", Reason::NotFit, 200);
    comes(&mut rig, WebVisit, "", 0);
    assert_eq!(rig.fired().len(), 1, "a policy may write to them: content only");
}

/// Reason, what speaks for it, and recoverability, fit in percent.
#[test]
fn recoverability_and_fit_follow_the_reason_and_what_answers_it() {
    let table: [(Reason, SignalKind, &str, u32, u32); 25] = [
        (Reason::ProductGap, ProductRelease, "", 100, 100),
        // Whatever its class: it comes to them only when it names what they missed.
        (Reason::ProductGap, ProductRelease, "price", 100, 100),
        (Reason::ProductGap, ProductRelease, "service", 100, 100),
        (Reason::ProductGap, WebVisit, "pricing", 50, 80),
        (Reason::ServiceSupport, ProductRelease, "service", 100, 100),
        (Reason::ServiceSupport, ProductRelease, "", 40, 60),
        (Reason::PriceBudget, FundingNews, "", 60, 100),
        (Reason::PriceBudget, WebVisit, "pricing", 60, 80),
        (Reason::Competitor, CompetitorEvent, "", 80, 100),
        (Reason::Competitor, ContractRenewal, "", 80, 100),
        (Reason::Competitor, FundingNews, "", 40, 60),
        (Reason::AdoptionOnboarding, ProductRelease, "onboarding", 90, 100),
        (Reason::TechnicalQuality, ProductRelease, "quality", 90, 100),
        (Reason::TechnicalQuality, ProductRelease, "major_version", 90, 100),
        (Reason::UnmetExpectations, ProductRelease, "major_version", 90, 100),
        (Reason::LowUsageNoValue, ProductRelease, "major_version", 45, 100),
        (Reason::TechnicalQuality, ProductRelease, "price", 35, 60),
        (Reason::Situational, Hiring, "", 60, 100),
        (Reason::Situational, Conference, "", 60, 60),
        (Reason::RegretImpulse, Anniversary, "", 90, 100),
        (Reason::Unknown, Anniversary, "", 50, 40),
        (Reason::NotFit, WebVisit, "", 10, 80),
        (Reason::Impossible, FundingNews, "", 0, 60),
        (Reason::StrategicShift, ExecutiveChange, "", 30, 100),
        (Reason::LowUsageNoValue, WebVisit, "", 45, 80),
    ];
    for (reason, kind, class, recoverability, fit) in table {
        let mut rig = Rig::new(OFF);
        comes(&mut rig, kind, class, 0);
        let evidence = &rig.triggers()[0].evidence;
        let priority = priority(&Account { reason, ..account("a") }, evidence, 2, 8);
        assert_eq!(
            (priority.recoverability.percent, priority.fit.percent),
            (recoverability, fit),
            "{reason} {kind} {class}: {priority:?}"
        );
    }
}

#[test]
fn a_priority_is_the_product_of_its_parts_and_value_grows_with_the_revenue() {
    let mut rig = Rig::new("leading=\"strength>=2\"\n");
    comes(&mut rig, ProductRelease, "", 0);
    let closed = &rig.triggers()[0].priority;
    let parts = [&closed.recoverability, &closed.value, &closed.strength, &closed.fit];
    assert_eq!(parts.map(|part| part.percent), [100, 91, 100, 100]);
    let priority = priority(&account("a"), &rig.triggers()[0].evidence, 2, 8);
    let parts = [&priority.recoverability, &priority.value, &priority.strength, &priority.fit];
    assert_eq!(parts.map(|part| part.percent), [100, 91, 88, 100]);
    // Without a word is 90, an unknown usage 90: 100 × 91 × 88 × 100 × 90 × 100 × 90.
    assert_eq!(priority.total, 65);
    let mut before = 0;
    for arr_usd in [0, 1_000, 5_000, 10_000, 30_000, 50_000, 250_000, 9_000_000] {
        let priority = winback_core::debounce::priority(
            &Account { arr_usd, ..account("a") },
            &rig.triggers()[0].evidence,
            2,
            8,
        );
        assert!(priority.value.percent > before || arr_usd == 9_000_000, "${arr_usd}");
        before = priority.value.percent;
    }
    assert_eq!(before, 100);
}

#[test]
fn the_hold_out_group_is_a_share_by_hash_the_same_for_ever_and_never_contacted() {
    let group = |percent, salt: &str| HoldOut { percent, salt: salt.to_owned() };
    let ids: Vec<AccountId> = (0..10_000).map(|at| format!("acc-{at}").as_str().into()).collect();
    let held = |group: &HoldOut| ids.iter().filter(|id| group.holds(id)).count();
    assert_eq!(held(&group(0, "s")), 0);
    assert!((900..1_100).contains(&held(&group(10, "s"))), "{}", held(&group(10, "s")));
    let (ten, twenty, other) = (group(10, "s"), group(20, "s"), group(10, "t"));
    assert!(ids.iter().all(|id| !ten.holds(id) || twenty.holds(id)), "a larger share keeps whom it had");
    assert!(ids.iter().any(|id| ten.holds(id) != other.holds(id)));

    let salt = (0..).map(|at| format!("s{at}")).find(|salt| group(10, salt).holds(&"a".into())).unwrap();
    for (percent, fires) in [(0, 1), (10, 0)] {
        let policy = format!("{OFF}[hold_out]\npercent={percent}\nsalt=\"{salt}\"\n");
        let mut rig = Rig::new(&policy);
        comes(&mut rig, FundingNews, "", 0);
        assert_eq!(rig.fired().len(), fires, "{percent} %");
        assert_eq!(gate(&rig), (fires == 0).then_some(Gate::HoldOut), "recorded");
    }
}

type OptOut<'a> = (&'a [u8], &'a [u8], &'a [&'a [u8]], bool);

#[test]
fn one_contact_that_opts_out_stops_that_contact_and_all_of_them_the_account() {
    let contact = |byte: u8, opted_out| Contact {
        email_sha256: [byte; 32],
        role: String::new(),
        opted_out,
        ..Contact::default()
    };
    let (cto, ceo, stranger) = ([1; 32], [2; 32], [3; 32]);
    // The books' contacts, who of them the books say is out; who opts out by an answer; whether something may start.
    let table: [OptOut<'_>; 8] = [
        (&[1, 2], &[], &[], true),
        (&[1, 2], &[], &[&cto], true),
        (&[1, 2], &[], &[&cto, &ceo], false),
        (&[1, 2], &[1], &[&ceo], false),
        (&[1, 2], &[], &[&stranger], true),
        (&[], &[], &[&stranger], false),
        (&[1, 2], &[], &[&[]], false),
        (&[1, 2], &[1, 2], &[], false),
    ];
    for (contacts, out, answers, fires) in table {
        let mut rig = changed(OFF, |account| {
            account.contacts = contacts.iter().map(|byte| contact(*byte, out.contains(byte))).collect();
        });
        for (at, answer) in answers.iter().enumerate() {
            rig.answers(ResponseKind::OptedOut, &format!("r-{at}"), 0, answer);
        }
        comes(&mut rig, FundingNews, "", 0);
        assert_eq!(rig.fired().len(), usize::from(fires), "{contacts:?} {out:?} {answers:?}");
        assert_eq!(gate(&rig), (!fires).then_some(Gate::OptedOut));
    }
}

#[test]
fn manner_months_and_usage_count_in_the_priority_with_their_reasons() {
    let mut rig = Rig::new(OFF);
    comes(&mut rig, WebVisit, "", 0);
    let evidence = &rig.triggers()[0].evidence;
    let of = |manner, months, usage_percent| {
        priority(&Account { manner, usage_percent, ..account("a") }, evidence, 1, months)
    };
    let best = of(Manner::Graceful, 12, Some(80));
    assert_eq!([&best.manner, &best.months, &best.usage].map(|part| part.percent), [100; 3]);
    assert!(best.manner.why.contains("good terms") && best.months.why.starts_with("12 months"), "{best:?}");
    assert!(best.usage.why.starts_with("80 %"), "{best:?}");
    for (manner, months, usage) in [
        (Manner::Neutral, 12, Some(80)),
        (Manner::Angry, 12, Some(80)),
        (Manner::Graceful, 3, Some(80)),
        (Manner::Graceful, 30, Some(80)),
        (Manner::Graceful, 40, Some(80)),
        (Manner::Graceful, 12, Some(30)),
        (Manner::Graceful, 12, Some(10)),
        (Manner::Graceful, 12, None),
    ] {
        let other = of(manner, months, usage);
        assert!(other.total < best.total, "{manner} {months} {usage:?}: {} and {}", other.total, best.total);
    }
}
