//! The churned accounts, each a function of the seed and its number: nothing is kept, a million costs no memory.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use winback_core::account::Reason;
use winback_core::identity::Mail;
use winback_core::time::{Span, Time};

use super::company::{Company, Range, dice, one_in, pick};
use super::words::{CONCESSION, FEATURE, LEGAL, RIVAL, ROLE, ZONE};

const PURPOSE: u64 = 1;
/// A month, near enough for when somebody left.
const MONTH: i64 = 30;

/// The share of each reason, in 100.
const SHARES: [(Reason, u32); 16] = [
    (Reason::PriceBudget, 20),
    (Reason::ProductGap, 16),
    (Reason::Competitor, 14),
    (Reason::LowUsageNoValue, 9),
    (Reason::ServiceSupport, 7),
    (Reason::AdoptionOnboarding, 7),
    (Reason::Situational, 6),
    (Reason::TechnicalQuality, 4),
    (Reason::Complexity, 3),
    (Reason::UnmetExpectations, 3),
    (Reason::PaymentInvoluntary, 3),
    (Reason::StrategicShift, 2),
    (Reason::RegretImpulse, 2),
    (Reason::NotFit, 2),
    (Reason::Impossible, 1),
    (Reason::Unknown, 1),
];
const SITUATIONS: [&str; 5] = ["budget_freeze", "team_change", "champion_left", "project_done", "overload"];
const IMPOSSIBLE: [&str; 5] =
    ["bankrupt", "acquired_other_tool", "function_gone", "in_house_build", "regulation"];

/// The identity of an account, as its signals need it.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) id: String,
    pub(super) company: Company,
    /// People in the books; those beyond are known by their domain only.
    pub(super) contacts: u64,
    pub(super) range: Option<Range>,
}

impl Identity {
    /// The account of that number, and the dice for the rest of its row.
    pub(super) fn nth(seed: u64, number: u64) -> (Self, ChaCha8Rng) {
        let mut rng = dice(seed, PURPOSE, number);
        let company = Company::nth(seed, number);
        let contacts = if one_in(&mut rng, 10) { 0 } else { rng.random_range(1..=4) };
        let range = one_in(&mut rng, 3).then(|| Range::nth(number));
        (Self { id: format!("acc-{number:06}"), company, contacts, range }, rng)
    }
}

/// A row as the books would write it.
#[derive(Serialize)]
struct Row {
    account_id: String,
    name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
    domains: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contacts: Vec<Contact>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ranges: Vec<String>,
    churned_at: String,
    reason: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing_features: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    competitor: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    competitor_term_months: Option<u32>,
    arr_usd: u64,
    seats: u64,
    tenure_months: u32,
    usage_percent: u32,
    manner: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    concessions: Vec<&'static str>,
    #[serde(skip_serializing_if = "is_false")]
    strategic: bool,
    owner: String,
    zone: &'static str,
    #[serde(skip_serializing_if = "is_false")]
    do_not_contact: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    declined_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<bool>,
    #[serde(skip_serializing_if = "is_false")]
    hold_out: bool,
}

#[derive(Serialize)]
struct Contact {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_sha256: Option<String>,
    role: &'static str,
    #[serde(skip_serializing_if = "is_false")]
    opted_out: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// One account as a record of the accounts topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRecord {
    /// Its id, the record's key.
    pub id: String,
    /// The row, JSON.
    pub value: Vec<u8>,
}

/// The row of the account of that number, as of `until`.
pub(super) fn record(seed: u64, number: u64, until: Time) -> AccountRecord {
    let row = row(seed, number, until);
    // Strings, numbers and lists: nothing that JSON cannot say.
    let value = serde_json::to_vec(&row).unwrap_or_default();
    AccountRecord { id: row.account_id, value }
}

fn row(seed: u64, number: u64, until: Time) -> Row {
    let (who, mut rng) = Identity::nth(seed, number);
    let rng = &mut rng;
    let (reason, word) = reason(rng, number);
    let months = rng.random_range(1..=40);
    let left = until - Span::from_days(months * MONTH + rng.random_range(0..MONTH));
    // Each power of two is as likely as the next, so that every tier has its share.
    let scale = 1_u64 << rng.random_range(7..=18);
    let arr_usd = scale + rng.random_range(0..scale);
    let legal = pick(rng, &LEGAL);
    Row {
        aliases: aliases(rng, &who.company.name),
        domains: domains(seed, number, &who.company),
        contacts: (0..who.contacts).map(|person| contact(rng, &who.company, person)).collect(),
        ranges: who.range.map(Range::text).into_iter().collect(),
        churned_at: day(left),
        reason: word,
        missing_features: features(rng, reason),
        competitor: (reason == Reason::Competitor).then(|| pick(rng, &RIVAL)),
        competitor_term_months: (reason == Reason::Competitor && one_in(rng, 3)).then_some(12),
        arr_usd,
        seats: 1 + arr_usd / rng.random_range(200..900),
        tenure_months: rng.random_range(2..60),
        usage_percent: rng.random_range(0..90),
        manner: pick(rng, &["neutral", "neutral", "neutral", "graceful", "graceful", "angry"]),
        concessions: if one_in(rng, 20) { vec![pick(rng, &CONCESSION)] } else { Vec::new() },
        strategic: one_in(rng, if arr_usd < 1_000 { 20 } else { 60 }),
        owner: format!("{}@ourcompany.example", super::company::local_part(rng.random_range(0..6))),
        zone: pick(rng, &ZONE),
        do_not_contact: one_in(rng, 50),
        declined_at: one_in(rng, 50)
            .then(|| day(until - Span::from_days(rng.random_range(0..=months) * MONTH))),
        consent: one_in(rng, 8).then(|| !one_in(rng, 6)),
        hold_out: one_in(rng, 50),
        name: format!("{}{legal}", who.company.name),
        account_id: who.id,
    }
}

/// The first sixteen accounts have a reason each, so that a small list has them all.
fn reason(rng: &mut ChaCha8Rng, number: u64) -> (Reason, &'static str) {
    let mut at = rng.random_range(0..100);
    let by_share = SHARES.iter().find(|(_, share)| {
        let found = at < *share;
        at = at.saturating_sub(*share);
        found
    });
    let by_share = by_share.map_or(Reason::Unknown, |(reason, _)| *reason);
    let planted = usize::try_from(number).ok().and_then(|number| Reason::ALL.get(number)).copied();
    let reason = planted.unwrap_or(by_share);
    match reason {
        Reason::Situational => (reason, pick(rng, &SITUATIONS)),
        Reason::Impossible => (reason, pick(rng, &IMPOSSIBLE)),
        _ => (reason, reason.as_str()),
    }
}

fn features(rng: &mut ChaCha8Rng, reason: Reason) -> Vec<&'static str> {
    match reason {
        Reason::ProductGap if one_in(rng, 4) => vec![FEATURE[0], pick(rng, &FEATURE[1..])],
        Reason::ProductGap => vec![pick(rng, &FEATURE)],
        _ => Vec::new(),
    }
}

fn aliases(rng: &mut ChaCha8Rng, name: &str) -> Vec<String> {
    let short = name.split(' ').next().unwrap_or(name);
    if one_in(rng, 12) { vec![format!("{short} Group")] } else { Vec::new() }
}

/// Now and then a subsidiary shares the domain of the account before it, so that it says nothing about either.
fn domains(seed: u64, number: u64, company: &Company) -> Vec<String> {
    let mut domains = vec![company.domain.clone()];
    if number % 97 == 96 {
        domains.push(Company::nth(seed, number - 1).domain);
    }
    domains
}

fn contact(rng: &mut ChaCha8Rng, company: &Company, person: u64) -> Contact {
    let address = company.mail(person);
    let hash = one_in(rng, 3).then(|| Mail::parse(&address)).flatten().map(|mail| hex(&mail.sha256()));
    Contact {
        email: hash.is_none().then_some(address),
        email_sha256: hash,
        role: pick(rng, &ROLE),
        opted_out: one_in(rng, 15),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The day of a time, in UTC.
pub(super) fn day(time: Time) -> String {
    let text = time.to_string();
    text.get(..10).unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use winback_core::account::Account;
    use winback_registrar::{Note, Row as Read, read_row};

    use super::*;

    fn accounts(count: u64) -> Vec<Account> {
        let until = Time::from_millis(1_764_000_000_000);
        let read = |number| match read_row(&record(7, number, until).value, 1) {
            Ok(Read::Put(account, notes)) => {
                assert!(notes.iter().all(|note| matches!(note, Note::Low(_))), "{notes:?}");
                *account
            }
            other => panic!("{other:?}"),
        };
        (0..count).map(read).collect()
    }

    #[test]
    fn every_row_is_taken_by_the_registrar_whole() {
        let accounts = accounts(2_000);
        let reasons: BTreeSet<_> = accounts.iter().map(|account| account.reason).collect();
        assert_eq!(reasons.len(), Reason::ALL.len());
        let tiers: BTreeSet<_> = accounts.iter().map(Account::tier).collect();
        assert_eq!(tiers.len(), 4);
        let some = |what: &dyn Fn(&Account) -> bool| {
            assert!(accounts.iter().filter(|account| what(account)).count() > 5);
        };
        some(&|account| account.do_not_contact);
        some(&|account| account.hold_out);
        some(&|account| account.declined_at.is_some());
        some(&|account| account.contacts.iter().any(|contact| contact.opted_out));
        some(&|account| account.strategic && account.arr_usd < 1_000);
        some(&|account| account.reason == Reason::Impossible);
        some(&|account| !account.ranges.is_empty() && account.contacts.is_empty());
        some(&|account| account.reason != Reason::ProductGap || !account.missing_features.is_empty());
    }
}
