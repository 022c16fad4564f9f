//! Bounds: no trigger, no decision and no row of the state grows beyond the size that the log takes, whatever an account or a
//! signal holds.
//!
//! A trigger that is larger than its policy allows is cut, part by part, in the order of [`Cut::ALL`]: first each part down
//! to the limits of [`crate::limits`], then each part away. Its size is the most that it can take in any encoding, so that
//! a replay cuts the same.

use std::sync::Arc;

use crate::account::Account;
use crate::debounce::model::account_state::AccountState;
use crate::debounce::model::cut::Cut;
use crate::debounce::model::evidence::{Evidence, EvidenceItem};
use crate::debounce::model::input::{Event, MatchedSignal};
use crate::debounce::model::priority::{Priority, Rated};
use crate::debounce::model::trigger::{Person, Snapshot, Trigger};
use crate::limits::{self, account_bytes, json_bytes};
use crate::signal::{MAX_DETAIL_BYTES, truncated};

/// The most bytes of an account in a row of the state: fires and opt-outs grow beside it, up to the size of a record.
const ROW_BYTES: usize = 832 << 10;
/// The most contacts of an account that is larger.
const ROW_CONTACTS: usize = 256;
/// The items of evidence that stay when it is cut, the strongest.
const ITEMS_KEPT: usize = 5;

/// All of a trigger but its texts: names of fields, numbers, times, ids.
const TRIGGER: usize = 2_560;
/// A text beside its bytes: its field's name and its length.
const TEXT: usize = 32;
/// An item of a list of texts beside its bytes.
const ITEM: usize = 8;
/// A piece of evidence but its texts.
const EVIDENCE: usize = 320;
/// A person but their role.
const PERSON: usize = 192;
/// A trigger before but its policy.
const EARLIER: usize = 96;
/// A part of a score but its class.
const PART: usize = 160;

/// Bounds of a signal's texts in a decision, and of an event's in the state: sources stay far below them.
const SOURCE_BYTES: usize = 256;
const MATCHED_BYTES: usize = 640;
const WORDS_BYTES: usize = 4 * MAX_DETAIL_BYTES;
const EVENT_FEATURES: usize = 64;

/// A trigger that is larger than its policy allows, whatever is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TooLarge;

/// The most bytes that it takes as a record's key and value, in protobuf or JSON.
pub fn most_bytes(trigger: &Trigger) -> usize {
    // The account's id is the record's key, too.
    let ids = text(trigger.policy.as_str()) + text(&trigger.play) + trigger.account.id.as_str().len();
    TRIGGER + ids + snapshot(&trigger.account) + evidence(&trigger.evidence) + priority(&trigger.priority)
}

/// Cuts it until it is no larger than that.
pub(crate) fn fit(trigger: &mut Trigger, most: u32) -> Result<(), TooLarge> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    for cut in [shorten, remove] {
        for part in Cut::ALL {
            if most_bytes(trigger) <= most {
                return Ok(());
            }
            if cut(trigger, *part) && !trigger.cut.contains(part) {
                trigger.cut.push(*part);
                trigger.cut.sort_unstable();
            }
        }
    }
    if most_bytes(trigger) <= most { Ok(()) } else { Err(TooLarge) }
}

/// Cuts a part down to the limit of a row; true when it was larger.
fn shorten(trigger: &mut Trigger, part: Cut) -> bool {
    let account = &mut trigger.account;
    match part {
        Cut::ReasonDetail => limits::REASON_DETAIL.cut_text(&mut account.reason_detail),
        Cut::Concessions => limits::CONCESSIONS.cut_list(&mut account.concessions),
        Cut::MissingFeatures => limits::MISSING_FEATURES.cut_list(&mut account.missing_features),
        Cut::Competitor => limits::COMPETITOR.cut_text(&mut account.competitor),
        Cut::Name => limits::NAME.cut_text(&mut account.name),
        Cut::Owner => limits::OWNER.cut_text(&mut account.owner),
        Cut::Zone => limits::ZONE.cut_text(&mut account.zone),
        Cut::Evidence => shortened(&mut trigger.evidence.items, ITEMS_KEPT),
        Cut::Contacts => shortened(&mut account.contacts, ITEMS_KEPT),
        Cut::Domains => shortened(&mut account.domains, ITEMS_KEPT),
        Cut::Ids => limits::IDS.cut_list(&mut account.ids),
        // Half a name names no play.
        Cut::Play => false,
    }
}

/// Takes a part away; true when there was anything.
fn remove(trigger: &mut Trigger, part: Cut) -> bool {
    let account = &mut trigger.account;
    match part {
        Cut::ReasonDetail => emptied(&mut account.reason_detail),
        Cut::Concessions => emptied(&mut account.concessions),
        Cut::MissingFeatures => emptied(&mut account.missing_features),
        Cut::Competitor => emptied(&mut account.competitor),
        Cut::Name => emptied(&mut account.name),
        Cut::Owner => emptied(&mut account.owner),
        Cut::Zone => emptied(&mut account.zone),
        Cut::Evidence => emptied(&mut trigger.evidence.items),
        Cut::Contacts => emptied(&mut account.contacts),
        Cut::Domains => emptied(&mut account.domains),
        Cut::Ids => emptied(&mut account.ids),
        Cut::Play => emptied(&mut trigger.play),
    }
}

fn shortened<T>(list: &mut Vec<T>, most: usize) -> bool {
    let longer = list.len() > most;
    list.truncate(most);
    longer
}

fn emptied<T: Default + PartialEq>(value: &mut T) -> bool {
    std::mem::take(value) != T::default()
}

fn text(value: &str) -> usize {
    TEXT + json_bytes(value)
}

fn texts(values: &[String]) -> usize {
    TEXT + values.iter().map(|value| ITEM + json_bytes(value)).sum::<usize>()
}

fn snapshot(account: &Snapshot) -> usize {
    let own = [&account.name, &account.reason_detail, &account.owner, &account.zone, &account.competitor];
    let own = own.into_iter().chain([&account.language]);
    let own: usize = own.map(|value| text(value)).sum();
    let person = |person: &Person| {
        let texts = [&person.role, &person.id, &person.language];
        PERSON + texts.map(|text| json_bytes(text)).iter().sum::<usize>()
    };
    let people: usize = account.contacts.iter().map(person).sum();
    let earlier: usize = account.earlier.iter().map(|one| EARLIER + json_bytes(one.policy.as_str())).sum();
    let lists = [&account.missing_features, &account.concessions, &account.domains, &account.ids];
    text(account.id.as_str()) + own + people + earlier + lists.map(|list| texts(list)).iter().sum::<usize>()
}

fn evidence(evidence: &Evidence) -> usize {
    let item = |item: &EvidenceItem| {
        let own = [&item.class, &item.source, &item.id, &item.matched_on, &item.detail];
        EVIDENCE + own.into_iter().map(|value| json_bytes(value)).sum::<usize>()
    };
    let items: usize = evidence.items.iter().map(|own| item(own)).sum();
    // One more: what bursts before left is a part of its own.
    let parts: usize = evidence.parts.iter().map(|part| PART + json_bytes(&part.class)).sum();
    items + parts + PART
}

fn priority(priority: &Priority) -> usize {
    let part = |part: &Rated| text(&part.why);
    let Priority { total: _, recoverability, value, strength, fit, manner, months, usage } = priority;
    [recoverability, value, strength, fit, manner, months, usage].into_iter().map(part).sum()
}

/// The state of an account with a row that the log takes, now and with all that grows beside the account. Rows that a
/// registrar takes in are far smaller; one that an older version took is cut.
pub(crate) fn bounded(mut state: Arc<AccountState>) -> Arc<AccountState> {
    if state.account.as_ref().is_some_and(|account| account_bytes(account) > ROW_BYTES) {
        let state = Arc::make_mut(&mut state);
        if let Some(account) = &mut state.account {
            state.cut = cut_account(account);
        }
    }
    state
}

/// Cuts what no decision needs, then what triggers show; the parts of triggers that were cut.
fn cut_account(account: &mut Account) -> Vec<Cut> {
    // The join has a copy of its own.
    account.aliases.clear();
    account.domains.clear();
    account.ranges.clear();
    for contact in &mut account.contacts {
        contact.role.clear();
        contact.id.clear();
    }
    // Who may be written to stays: that everybody opted out must not be made up.
    account.contacts.sort_by_key(|contact| contact.opted_out);
    account.contacts.truncate(ROW_CONTACTS);
    let mut cut = Vec::new();
    for part in Cut::ALL {
        if account_bytes(account) <= ROW_BYTES {
            break;
        }
        let option = |limit: limits::Limit, value: &mut Option<String>| {
            value.as_mut().is_some_and(|value| limit.cut_text(value))
        };
        let shorter = match part {
            Cut::ReasonDetail => limits::REASON_DETAIL.cut_text(&mut account.reason_detail),
            Cut::Concessions => limits::CONCESSIONS.cut_list(&mut account.concessions),
            Cut::MissingFeatures => limits::MISSING_FEATURES.cut_list(&mut account.missing_features),
            Cut::Competitor => option(limits::COMPETITOR, &mut account.competitor),
            Cut::Name => limits::NAME.cut_text(&mut account.name),
            Cut::Owner => option(limits::OWNER, &mut account.owner),
            Cut::Zone => option(limits::ZONE, &mut account.zone),
            Cut::Ids => limits::IDS.cut_list(&mut account.ids),
            // Contacts and domains were cut before.
            Cut::Evidence | Cut::Contacts | Cut::Domains | Cut::Play => false,
        };
        if shorter {
            cut.push(*part);
        }
    }
    cut
}

/// The signal as a decision holds it, bounded in size. Sources bound what they read; this holds for any record.
pub(crate) fn bounded_signal(signal: &MatchedSignal) -> MatchedSignal {
    MatchedSignal {
        account: signal.account.clone(),
        source: truncated(&signal.source, SOURCE_BYTES).to_owned(),
        id: truncated(&signal.id, SOURCE_BYTES).to_owned(),
        kind: signal.kind,
        class: truncated(&signal.class, SOURCE_BYTES).to_owned(),
        event_time: signal.event_time,
        append_time: signal.append_time,
        input: signal.input.clone(),
        merged_with: signal.merged_with.clone(),
        method: signal.method,
        matched_on: truncated(&signal.matched_on, MATCHED_BYTES).to_owned(),
        detail: truncated(&signal.detail, WORDS_BYTES).to_owned(),
    }
}

/// The event as the state keeps it, bounded in size; its source and id are whole.
pub(crate) fn bounded_event(event: &Event) -> Event {
    let features = event.features.iter().take(EVENT_FEATURES);
    Event {
        source: event.source.clone(),
        id: event.id.clone(),
        kind: event.kind,
        class: truncated(&event.class, SOURCE_BYTES).to_owned(),
        event_time: event.event_time,
        append_time: event.append_time,
        title: truncated(&event.title, WORDS_BYTES).to_owned(),
        features: features.map(|feature| truncated(feature, SOURCE_BYTES).to_owned()).collect(),
        competitor: truncated(&event.competitor, SOURCE_BYTES).to_owned(),
    }
}
