//! The hard rules hold under a policy with every setting at its most permissive.

use winback_core::account::{Account, Contact, Reason, Status};
use winback_core::debounce::{AccountChange, Body, Gate, ResponseKind};
use winback_core::signal::SignalKind::*;

use crate::rig::{Rig, at};
use crate::support::{DAY, comes, gate};

/// Fires on anything at once, again and again, and asks for every exception that there is.
const PERMISSIVE: &str = r#"
leading = "always"
quiet = "1ms"
max_wait = "1ms"
cooldown = "1ms"
min_score = 0
max_signals = 1000000
escalate = "strength-up"
declined_rest = "180d"
unanswered_rest = "0ms"
stale = "3650d"
not_fit = "allow"
[hold_out]
percent = 0
[time_based]
max_a_year = 4
quarter_end_days = 0
blackout = []
[time_based.windows]
regret_impulse = "0ms"
product_gap = "7d"
price_budget = "7d"
competitor = "90d"
situational = "7d"
[score]
carry = true
half_life = "365d"
[[caps]]
per = "account"
max = 1000000
window = "1d"
"#;

fn permissive(change: impl FnOnce(&mut Account)) -> Rig {
    let mut rig = Rig::default();
    let kinds: String = ["web_visit", "funding_news", "anniversary"]
        .map(|kind| format!("[kinds.{kind}]\nstrength=2\nweight=1000\nmax_age=\"3650d\"\n"))
        .concat();
    rig.policy("p", 1, &format!("{PERMISSIVE}{kinds}"));
    rig.change(change);
    rig
}

#[test]
fn the_permissive_policy_fires_where_nothing_hard_forbids_it() {
    let mut rig = permissive(|_| {});
    comes(&mut rig, WebVisit, "pricing", 0);
    comes(&mut rig, FundingNews, "", 50);
    assert_eq!(rig.fired().len(), 2);
}

#[test]
fn no_policy_opens_a_hard_gate() {
    type Change = fn(&mut Account);
    let books: [(Change, Gate); 7] = [
        (|account| account.do_not_contact = true, Gate::DoNotContact),
        (|account| account.consent = Some(false), Gate::NoConsent),
        (|account| account.reason = Reason::Impossible, Gate::Impossible),
        (|account| account.hold_out = true, Gate::HoldOut),
        (|account| account.declined_at = Some(at(-179 * DAY)), Gate::Declined),
        (|account| account.status = Status::Active, Gate::Reactivated),
        (
            |account| {
                let role = String::new();
                account.contacts =
                    vec![Contact { email_sha256: [1; 32], role, opted_out: true, ..Contact::default() }];
            },
            Gate::OptedOut,
        ),
    ];
    for (change, expected) in books {
        let mut rig = permissive(change);
        comes(&mut rig, FundingNews, "", 0);
        comes(&mut rig, WebVisit, "pricing", 50);
        assert!(rig.fired().is_empty(), "{expected}");
        assert_eq!(gate(&rig), Some(expected));
    }
    for (kind, expected) in [
        (ResponseKind::OptedOut, Gate::OptedOut),
        (ResponseKind::Declined, Gate::Declined),
        (ResponseKind::Reactivated, Gate::Reactivated),
    ] {
        let mut rig = permissive(|_| {});
        rig.answers(kind, "r-1", 0, &[]);
        comes(&mut rig, FundingNews, "", 10);
        assert!(rig.fired().is_empty(), "{kind}");
        assert_eq!(gate(&rig), Some(expected));
    }
    let mut rig = permissive(|_| {});
    rig.body(Body::Account(AccountChange::Erased("a".into())));
    rig.change(|_| {});
    comes(&mut rig, FundingNews, "", 0);
    assert_eq!((rig.fired().len(), gate(&rig)), (0, Some(Gate::Erased)), "imported again");
    let mut rig = permissive(|_| {});
    comes(&mut rig, Acquisition, "acquired_other_tool", 0);
    comes(&mut rig, FundingNews, "", 50);
    assert_eq!((rig.fired().len(), gate(&rig)), (0, Some(Gate::Impossible)));
}

#[test]
fn no_policy_gets_a_fifth_start_a_year_from_dates() {
    let mut rig = permissive(|_| {});
    (0..50).for_each(|week| comes(&mut rig, Anniversary, "", week * 7 * DAY));
    assert_eq!(rig.fired().len(), 4);
}

#[test]
fn two_policies_share_the_four_starts() {
    let mut rig = permissive(|_| {});
    rig.policy("q", 1, PERMISSIVE);
    (0..50).for_each(|week| comes(&mut rig, Anniversary, "", week * 7 * DAY));
    assert_eq!(rig.fired().len(), 4);
}

#[test]
fn a_no_needs_a_material_change_even_when_its_rest_is_over() {
    let mut rig = permissive(|account| account.declined_at = Some(at(-3_000 * DAY)));
    comes(&mut rig, WebVisit, "pricing", 0);
    assert_eq!((rig.fired().len(), gate(&rig)), (0, Some(Gate::Declined)));
    comes(&mut rig, FundingNews, "", 50);
    assert_eq!(rig.fired().len(), 1);
}

#[test]
fn a_value_beyond_a_hard_limit_is_refused_with_key_value_limit_and_rule() {
    for (toml, parts) in [
        ("declined_rest = \"179d\"", &["declined_rest", "179d", "180d", "a no is respected"][..]),
        (
            "[time_based]\nmax_a_year = 5",
            &["time_based.max_a_year", "5", "at most 4", "whatever a policy says"],
        ),
        (
            "[time_based.windows]\ncompetitor = \"89d\"",
            &["time_based.windows.competitor", "89d", "at least 90d", "never approached earlier"],
        ),
        (
            "[time_based.windows]\nproduct_gap = \"6d\"",
            &["time_based.windows.product_gap", "6d", "at least 7d", "first week"],
        ),
        ("do_not_contact = \"ignore\"", &["do_not_contact"]),
        ("opted_out = \"ignore\"", &["opted_out"]),
        ("impossible = \"allow\"", &["impossible"]),
    ] {
        let error = winback_policy::parse(&format!("name = \"p\"\n{toml}"), 1).unwrap_err().to_string();
        for part in parts {
            assert!(error.contains(part), "{toml:?} says {error:?}, not {part:?}");
        }
    }
}

#[test]
fn the_first_week_is_for_regret_alone_whatever_the_policy_says() {
    for reason in Reason::ALL {
        let mut rig = permissive(|account| {
            (account.reason, account.churned_at) = (*reason, at(-6 * DAY));
        });
        comes(&mut rig, Anniversary, "", 0);
        assert_eq!(rig.fired().len(), usize::from(*reason == Reason::RegretImpulse), "{reason}");
    }
}
