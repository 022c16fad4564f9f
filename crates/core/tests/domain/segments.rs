//! DOMAIN, *Accounts*, *Segments*, and what of the account a trigger tells.

use winback_core::account::{Account, Manner, Reason};
use winback_core::segment::Segment::{self, *};
use winback_core::signal::SignalKind::WebVisit;

use crate::rig::account;
use crate::support::{changed, comes};

type Change = fn(&mut Account);

/// Tier 3, left for the price, and nothing else known: in no segment.
fn plain(change: Change) -> Account {
    let mut account = Account { arr_usd: 5_000, reason: Reason::PriceBudget, ..account("a") };
    change(&mut account);
    account
}

#[test]
fn an_account_is_in_the_first_segment_that_fits() {
    let table: [(&str, Change, Option<Segment>); 27] = [
        ("nothing known", |_| {}, None),
        ("tier 1", |account| account.arr_usd = 50_000, Some(HighValue)),
        ("tier 2", |account| account.arr_usd = 49_999, None),
        ("strategic", |account| (account.arr_usd, account.strategic) = (0, true), Some(HighValue)),
        ("half of the seats", |account| account.usage_percent = Some(50), Some(ActiveUser)),
        ("less than half", |account| account.usage_percent = Some(49), None),
        ("gap", |account| account.reason = Reason::ProductGap, Some(FeatureGap)),
        ("defects are no gap", |account| account.reason = Reason::TechnicalQuality, None),
        ("circumstances", |account| account.reason = Reason::Situational, Some(Situational)),
        ("strategy moved", |account| account.reason = Reason::StrategicShift, Some(Situational)),
        ("a price is no circumstance", |account| account.reason = Reason::PriceBudget, None),
        ("competitor", |account| account.reason = Reason::Competitor, Some(CompetitorSwitch)),
        ("known competitor", |account| account.competitor = Some("Rival".into()), Some(CompetitorSwitch)),
        ("a competitor without a name", |account| account.competitor = Some(" ".into()), None),
        ("never got going", |account| account.reason = Reason::AdoptionOnboarding, Some(LowEngagement)),
        ("saw no value", |account| account.reason = Reason::LowUsageNoValue, Some(LowEngagement)),
        ("hardly used", |account| account.usage_percent = Some(19), Some(LowEngagement)),
        ("used a little", |account| account.usage_percent = Some(20), None),
        ("complexity alone", |account| account.reason = Reason::Complexity, None),
        ("not fit", |account| account.reason = Reason::NotFit, None),
        ("unknown", |account| account.reason = Reason::Unknown, None),
        (
            "tier 1 before active",
            |account| (account.arr_usd, account.usage_percent) = (90_000, Some(90)),
            Some(HighValue),
        ),
        (
            "gap before active",
            |account| (account.reason, account.usage_percent) = (Reason::ProductGap, Some(90)),
            Some(FeatureGap),
        ),
        (
            "gap before competitor",
            |account| (account.reason, account.competitor) = (Reason::ProductGap, Some("Rival".into())),
            Some(FeatureGap),
        ),
        (
            "circumstances before competitor",
            |account| (account.reason, account.competitor) = (Reason::Situational, Some("Rival".into())),
            Some(Situational),
        ),
        (
            "competitor before low usage",
            |account| (account.reason, account.usage_percent) = (Reason::Competitor, Some(3)),
            Some(CompetitorSwitch),
        ),
        (
            "gap before low usage",
            |account| (account.reason, account.usage_percent) = (Reason::ProductGap, Some(3)),
            Some(FeatureGap),
        ),
    ];
    for (name, change, expected) in table {
        assert_eq!(Segment::of(&plain(change)), expected, "{name}");
    }
    for segment in Segment::ALL {
        let times = table.iter().filter(|(.., expected)| *expected == Some(*segment)).count();
        assert!(times > 0, "{segment} has no case");
    }
}

#[test]
fn a_trigger_tells_the_segment_what_was_promised_and_how_they_left() {
    let mut rig = changed("leading=\"strength>=2\"\n", |account| {
        (account.arr_usd, account.reason) = (5_000, Reason::ProductGap);
        (account.seats, account.tenure_months, account.usage_percent) = (Some(40), Some(26), Some(31));
        (account.manner, account.concessions) = (Manner::Angry, vec!["free migration".into()]);
    });
    comes(&mut rig, WebVisit, "pricing", 0);
    let told = &rig.triggers()[0].account;
    assert_eq!((told.segment, told.manner), (Some(FeatureGap), Manner::Angry));
    assert_eq!(told.concessions, ["free migration"]);
    assert_eq!((told.seats, told.tenure_months, told.usage_percent), (Some(40), Some(26), Some(31)));

    let mut rig = changed("leading=\"strength>=2\"\n", |account| {
        (account.arr_usd, account.reason) = (5_000, Reason::Unknown);
    });
    comes(&mut rig, WebVisit, "pricing", 0);
    let told = &rig.triggers()[0].account;
    assert_eq!((told.segment, told.manner, told.seats), (None, Manner::Neutral, None));
    assert!(told.concessions.is_empty());
}
