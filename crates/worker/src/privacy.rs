//! The last door before a message: a trigger that an older version wrote may hold mail addresses in its texts.
//!
//! Every field is named, so that a new one does not compile until somebody decides what becomes of it.

use std::borrow::Cow;

use winback_core::privacy::{holds_address, masked};
use winback_proto::v1::{AccountSnapshot, Action, Evidence, EvidenceItem, Trigger};

/// The trigger without addresses; the same one where its texts have none.
pub(crate) fn unaddressed(trigger: &Trigger) -> Cow<'_, Trigger> {
    let mut clean = trigger.clone();
    let Trigger {
        // Ids, closed lists, times and numbers.
        id: _,
        parent_id: _,
        cut: _,
        policy: _,
        policy_version: _,
        edge: _,
        fired_because: _,
        burst_id: _,
        score: _,
        play: _,
        fired_at: _,
        deadline: _,
        quiet_until: _,
        strength: _,
        priority: _,
        account,
        evidence,
    } = &mut clean;
    let mut changed = account.as_mut().is_some_and(of_account);
    if let Some(Evidence { signals: _, first_at: _, last_at: _, items }) = evidence {
        for item in items {
            changed |= of_evidence(item);
        }
    }
    if changed { Cow::Owned(clean) } else { Cow::Borrowed(trigger) }
}

fn of_account(account: &mut AccountSnapshot) -> bool {
    let AccountSnapshot {
        // Exceptions.
        id,
        owner: _,
        // Closed lists, times and numbers.
        tier: _,
        arr_usd: _,
        reason: _,
        churned_at: _,
        churn_number: _,
        months_since_churn: _,
        band: _,
        zone: _,
        segment: _,
        manner: _,
        seats: _,
        tenure_months: _,
        usage_percent: _,
        declined_at: _,
        earlier: _,
        language: _,
        ids,
        domains,
        contacts,
        name,
        reason_detail,
        missing_features,
        competitor,
        concessions,
    } = account;
    let mut texts = vec![reason_detail, competitor];
    texts.extend(missing_features);
    texts.extend(domains);
    texts.extend(ids.iter_mut().map(|other| &mut other.id));
    texts.extend(contacts.iter_mut().flat_map(|person| [&mut person.role, &mut person.id]));
    texts.extend(concessions);
    // A row without a name goes by its id.
    texts.extend((name != id).then_some(name));
    mask(texts)
}

fn of_evidence(item: &mut EvidenceItem) -> bool {
    let EvidenceItem {
        kind: _,
        event_time: _,
        source: _,
        strength: _,
        weight: _,
        method: _,
        page_class,
        id,
        matched_on,
        detail,
    } = item;
    mask(vec![page_class, id, matched_on, detail])
}

fn mask(texts: Vec<&mut String>) -> bool {
    let mut changed = false;
    for text in texts.into_iter().filter(|text| holds_address(text)) {
        *text = masked(text).into_owned();
        changed = true;
    }
    changed
}

/// The report without addresses: a receiver's answer may stand in it.
pub(crate) fn reported(action: Action) -> Action {
    let Action { trigger_id, account_id, policy, edge, outcome, why, play, channel, target, attempts, at } =
        action;
    let why = masked(&why).into_owned();
    Action { trigger_id, account_id, policy, edge, outcome, why, play, channel, target, attempts, at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trigger_of_an_older_version_loses_its_addresses() {
        let with = |text: &str| Trigger {
            account: Some(AccountSnapshot {
                id: "a".to_owned(),
                name: text.to_owned(),
                concessions: vec![text.to_owned()],
                owner: "jo@us.example".to_owned(),
                ..AccountSnapshot::default()
            }),
            evidence: Some(Evidence {
                items: vec![EvidenceItem { detail: text.to_owned(), ..EvidenceItem::default() }],
                ..Evidence::default()
            }),
            ..Trigger::default()
        };
        assert_eq!(*unaddressed(&with("x jane%40acme.com")), with("x (address)"));
        assert!(matches!(unaddressed(&with("Acme")), Cow::Borrowed(_)));
    }
}
