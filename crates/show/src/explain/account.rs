//! An account in words, and what of it changed.

use winback_core::account::Tier;
use winback_proto::v1;
use winback_proto::v1::account_change::Change;

use crate::approach;
use crate::words::{self, BOLD, DIM, styled};

/// The heading of an account's story.
pub fn heading(id: &str, account: Option<&v1::Account>) -> String {
    let Some(account) = account else {
        return format!("{}  not on the list", styled(BOLD, &words::safe(id)));
    };
    let name = if account.name.is_empty() { id } else { &account.name };
    format!(
        "{}  {}  {}",
        styled(BOLD, &words::safe(name)),
        styled(DIM, &format!("({})", words::safe(id))),
        row(account)
    )
}

/// `tier 1, $84k, left 20 Apr 2026: product gap (sso); high value segment`.
fn row(account: &v1::Account) -> String {
    let features: Vec<String> =
        account.missing_features.iter().take(3).map(|feature| words::safe(feature)).collect();
    let features = if features.is_empty() {
        String::new()
    } else {
        format!(" ({})", words::short(&features.join(", "), 40))
    };
    let words_of_row =
        approach::of_row(account).map(|words_of_row| format!("; {words_of_row}")).unwrap_or_default();
    format!(
        "{}, {}, left {}: {}{features}{words_of_row}",
        tier(account),
        words::money(account.arr_usd),
        day(account.churned_at.as_ref()),
        words::spaced(&account.reason)
    )
}

fn tier(account: &v1::Account) -> String {
    let tier = Tier::of(account.arr_usd);
    if tier == Tier::Below { "below the tiers".to_owned() } else { format!("tier {tier}") }
}

fn day(stamp: Option<&winback_proto::Timestamp>) -> String {
    words::time(stamp).map_or_else(|| "-".to_owned(), |at| words::day(at, None))
}

/// The effect of a list change on the account; `before` is its row until then.
pub(super) fn changed(change: &Change, before: Option<&v1::Account>) -> String {
    match (change, before) {
        (Change::Upsert(account), None) => format!("comes onto the list: {}", row(account)),
        (Change::Upsert(account), Some(before)) => differs(before, account),
        (Change::Gone(_), _) => "is no longer on the list".to_owned(),
        (Change::Erased(_), _) => {
            "is erased: its personal data goes, and it is never approached again".to_owned()
        }
    }
}

/// `the list says now: tier 2, $12k instead of $8k; do not contact`.
fn differs(before: &v1::Account, now: &v1::Account) -> String {
    let same = |account: &v1::Account| v1::Account { version: 0, ..account.clone() };
    if same(before) == same(now) {
        return "the list says the same again".to_owned();
    }
    let mut changes = facts(before, now);
    changes.extend(switches(before, now));
    if changes.is_empty() {
        changes.push("its other details differ".to_owned());
    }
    format!("the list says now: {}", changes.join("; "))
}

fn facts(before: &v1::Account, now: &v1::Account) -> Vec<String> {
    let mut changes = Vec::new();
    let mut note = |differs: bool, text: String| changes.extend(differs.then_some(text));
    let instead = |now: &str, before: &str| {
        format!("{} instead of {}", words::safe(or_none(now)), words::safe(or_none(before)))
    };
    note(before.churned_at != now.churned_at, format!("left anew, on {}", day(now.churned_at.as_ref())));
    note(before.status != now.status, format!("status {}", instead(&now.status, &before.status)));
    note(before.manner != now.manner, format!("left {}", instead(&now.manner, &before.manner)));
    note(before.name != now.name, format!("name {}", instead(&now.name, &before.name)));
    note(
        before.arr_usd != now.arr_usd,
        format!("{}, {} instead of {}", tier(now), words::money(now.arr_usd), words::money(before.arr_usd)),
    );
    let reasons = (words::spaced(&now.reason), words::spaced(&before.reason));
    note(before.reason != now.reason, format!("left for {}", instead(&reasons.0, &reasons.1)));
    let lists = [
        ("domains", &before.domains, &now.domains),
        ("aliases", &before.aliases, &now.aliases),
        ("missing features", &before.missing_features, &now.missing_features),
        ("promised at exit", &before.concessions, &now.concessions),
    ];
    for (what, before, now) in lists {
        let joined = words::short(&now.join(", "), 80);
        note(before != now, format!("{what}: {}", words::safe(or_none(&joined))));
    }
    note(
        before.contacts != now.contacts,
        format!("{} known", words::count_of(now.contacts.len(), "contact")),
    );
    note(
        before.ranges != now.ranges,
        format!("{} known", words::count_of(now.ranges.len(), "address range")),
    );
    let competitor = |account: &v1::Account| account.competitor.clone().unwrap_or_default();
    note(
        competitor(before) != competitor(now),
        format!("went to {}", instead(&competitor(now), &competitor(before))),
    );
    note(before.earliest_at != now.earliest_at, format!("not before {}", day(now.earliest_at.as_ref())));
    note(before.declined_at != now.declined_at, format!("said no on {}", day(now.declined_at.as_ref())));
    changes
}

fn switches(before: &v1::Account, now: &v1::Account) -> Vec<String> {
    let consents = |account: &v1::Account| account.consent != Some(false);
    let switches = [
        (before.do_not_contact, now.do_not_contact, "do not contact", "may be contacted"),
        (before.strategic, now.strategic, "strategic", "not strategic"),
        (before.hold_out, now.hold_out, "in the hold-out group", "not in the hold-out group"),
        (consents(before), consents(now), "may be written to", "did not agree to be written to"),
    ];
    let differs = switches.into_iter().filter(|(before, now, ..)| before != now);
    differs.map(|(_, now, on, off)| if now { on } else { off }.to_owned()).collect()
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}
