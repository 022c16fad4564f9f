//! The facts that a text may know. What was observed of the account is not among them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use minijinja::Value;
use winback_core::account::{Account, Manner, Reason, Tier};
use winback_core::debounce::{Event, months_since_churn};
use winback_core::identity::company_name;
use winback_core::signal::SignalKind;
use winback_core::visible::one_line;

use crate::ago::{LANGUAGES, ago, length, month, primary};
use crate::message;
use crate::model::{Offer, Sequence, Step};
use crate::owner::sign_off;
use crate::plan::Told;
use crate::situation::Situation;
use crate::words::News;

/// The facts of a text by name.
pub(crate) type Facts = BTreeMap<&'static str, Value>;

/// Known to every text.
const ALWAYS: [&str; 18] = [
    "account",
    "owner",
    "role",
    "months",
    "tenure_months",
    "reason",
    "detail",
    "manner",
    "tier",
    "feature",
    "features",
    "competitor",
    "concessions",
    "events",
    "round",
    "said",
    "link_back",
    "language",
];

/// The names that a text of that step and language may use.
pub(crate) fn known(step: &Step, language: &str) -> Vec<&'static str> {
    let mut known = ALWAYS.to_vec();
    if LANGUAGES.contains(&primary(language)) {
        known.extend(["ago", "tenure"]);
    }
    if step.tells_of_release() {
        known.extend(["release", "released", "releases", "link"]);
    }
    if step.offer.is_some() {
        known.push("offer");
    }
    if step.news.contains(&News::Proof) {
        known.push("proof");
    }
    known
}

/// The words of an offer: its figures in its template.
///
/// # Errors
/// When the template does not render.
pub(crate) fn offer_words(offer: &Offer, template: &str) -> Result<String, String> {
    let facts: Facts = [
        ("percent", offer.percent),
        ("months", offer.months),
        ("valid_days", offer.valid_days),
        ("commitment_months", offer.commitment_months),
        ("days", offer.days),
    ]
    .map(|(name, value)| (name, Value::from(value)))
    .into();
    message::render(template, &facts).map_err(|why| message::told(&why))
}

/// The facts that a touch of that step tells that account in that language.
pub(crate) fn of(
    sequence: &Sequence,
    step: &Step,
    situation: &Situation<'_>,
    told: &Told,
    language: &str,
) -> Result<Facts, String> {
    let account = situation.account;
    let mut facts = of_account(account, situation.months(), language);
    facts.insert("role", one_line(told.role.as_deref().unwrap_or_default()).into());
    facts
        .insert("events", Value::from(situation.public_events().map(SignalKind::as_str).collect::<Vec<_>>()));
    facts.insert("said", Value::from(told.said.clone()));
    if let Some(feature) = &told.feature {
        facts.insert("feature", one_line(feature).into());
    }
    facts.insert("round", round(situation.round().unwrap_or_default()).into());
    facts.insert("link_back", situation.material.link_back.clone().into());
    if step.tells_of_release() {
        let title = |event: &Event| one_line(&event.title);
        let first = told.releases.first();
        facts.insert("release", first.map(title).unwrap_or_default().into());
        facts.insert("released", first.map(|event| released(event, language)).unwrap_or_default().into());
        let link = first.and_then(|event| situation.material.links.get(&event.id));
        facts.insert("link", link.cloned().unwrap_or_default().into());
        facts.insert("releases", Value::from(told.releases.iter().map(title).collect::<Vec<_>>()));
    }
    if let Some(offer) = sequence.offer_of(step) {
        facts.insert("offer", offer.said(language)?.into());
    }
    if step.news.contains(&News::Proof) {
        let words = told.proof.as_ref().and_then(|proof| proof.words.get(language));
        facts.insert("proof", words.cloned().unwrap_or_default().into());
    }
    Ok(facts)
}

fn of_account(account: &Account, months: u32, language: &str) -> Facts {
    let name = called(account, language);
    let features = lines(&account.missing_features);
    let mut facts: Facts = [
        ("account", Value::from(name)),
        ("feature", features.first().cloned().unwrap_or_default().into()),
        ("owner", sign_off(account.owner.as_deref().unwrap_or_default()).into()),
        ("role", "".into()),
        ("months", months.into()),
        ("tenure_months", account.tenure_months.unwrap_or(0).into()),
        ("reason", account.reason.as_str().into()),
        ("detail", one_line(&account.reason_detail).into()),
        ("manner", account.manner.as_str().into()),
        ("tier", account.tier().as_str().into()),
        ("features", Value::from(features)),
        ("competitor", one_line(account.competitor.as_deref().unwrap_or_default()).into()),
        ("concessions", Value::from(lines(&account.concessions))),
        ("events", Value::from(Vec::<String>::new())),
        ("round", "".into()),
        ("link_back", "".into()),
        ("said", Value::from(Vec::<String>::new())),
        ("language", language.into()),
    ]
    .into();
    if LANGUAGES.contains(&primary(language)) {
        let tenure = account.tenure_months.filter(|months| *months > 0);
        facts.insert("ago", ago(months, language).into());
        facts.insert("tenure", tenure.map(|months| length(months, language)).unwrap_or_default().into());
    }
    facts
}

/// Its name as people say it, without its legal form; in Japanese, where the form is polite, with it.
fn called(account: &Account, language: &str) -> String {
    let name = one_line(&account.name);
    if name.is_empty() {
        return one_line(account.id.as_str());
    }
    if primary(language) == "ja" {
        return name;
    }
    let stem = company_name(&name);
    let ends = name.match_indices(' ').map(|(at, _)| &name[..at]);
    let short = ends.into_iter().find(|short| company_name(short) == stem);
    short.map_or_else(|| name.clone(), |short| short.trim_end_matches([' ', ',']).to_owned())
}

fn lines(texts: &[String]) -> Vec<String> {
    texts.iter().map(|text| one_line(text)).filter(|text| !text.is_empty()).collect()
}

/// `Series B` of `series_b` and its like; empty for what is no name of a round.
fn round(class: &str) -> String {
    let plain = class.to_lowercase().replace([' ', '-'], "_");
    let letter = plain.strip_prefix("series_").filter(|letter| letter.len() == 1);
    match (plain.as_str(), letter) {
        ("seed", _) => "Seed".to_owned(),
        (_, Some(letter)) => format!("Series {}", letter.to_uppercase()),
        _ => String::new(),
    }
}

fn released(event: &Event, language: &str) -> String {
    let Ok(at) = Timestamp::from_millisecond(event.event_time.millis()) else { return String::new() };
    let date = at.to_zoned(TimeZone::UTC).date();
    month(date.year(), date.month(), language)
}

/// An account that a text is tried on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sample {
    /// Everything that may be known of it is.
    Rich,
    /// Nothing but what is always known.
    Sparse,
}

impl Sample {
    pub(crate) const ALL: [Self; 2] = [Self::Rich, Self::Sparse];
}

/// The facts of a sample. They hold no figure, so that one in a rendered text is the template's own.
pub(crate) fn sample(sequence: &Sequence, step: &Step, language: &str, sample: Sample) -> Facts {
    let account = sample_account(sample);
    let left = account.churned_at;
    let at = match sample {
        Sample::Rich => left + winback_core::time::Span::from_days(400),
        Sample::Sparse => left,
    };
    let mut facts = of_account(&account, months_since_churn(&account, at), language);
    if sample == Sample::Rich {
        let said: Vec<String> =
            sequence.steps.iter().take_while(|one| one.id != step.id).map(|one| one.id.clone()).collect();
        facts.insert("said", Value::from(said));
        facts.insert(
            "events",
            Value::from(SignalKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>()),
        );
        facts.insert("role", "cto".into());
        facts.insert("round", "Series A".into());
        facts.insert("link_back", "https://ours.example/back".into());
    }
    if step.tells_of_release() {
        facts.insert("release", "Release A".into());
        facts.insert("released", "March".into());
        facts.insert("link", if sample == Sample::Rich { "https://ours.example/a" } else { "" }.into());
        facts.insert("releases", Value::from(vec!["Release A", "Release B"]));
    }
    if step.offer.is_some() {
        facts.insert("offer", "the offer".into());
    }
    if step.news.contains(&News::Proof) {
        facts.insert("proof", if sample == Sample::Rich { "a proof" } else { "" }.into());
    }
    facts
}

fn sample_account(sample: Sample) -> Account {
    let left = winback_core::time::Time::from_millis(1_767_603_600_000);
    let account = Account::new("sample", "Sample", left, Reason::Unknown);
    if sample == Sample::Sparse {
        return account;
    }
    let two = |first: &str, second: &str| vec![first.to_owned(), second.to_owned()];
    let account = Account {
        owner: Some("Dana".to_owned()),
        missing_features: two("sso", "audit log"),
        competitor: Some("Rival".to_owned()),
        concessions: two("free migration", "old price kept"),
        reason: Reason::PriceBudget,
        reason_detail: "champion_left".to_owned(),
        manner: Manner::Angry,
        tenure_months: Some(26),
        arr_usd: 84_000,
        ..account
    };
    debug_assert_eq!(account.tier(), Tier::One);
    account
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_company_is_called_as_people_call_it() {
        let name_of = |name: &str, language: &str| {
            let mut account = sample_account(Sample::Sparse);
            name.clone_into(&mut account.name);
            called(&account, language)
        };
        for (name, english) in [
            ("Northwind Tools GmbH", "Northwind Tools"),
            ("Northwind, Inc.", "Northwind"),
            ("Kedai Maju Sdn. Bhd.", "Kedai Maju"),
            ("Vimag", "Vimag"),
            ("", "sample"),
        ] {
            assert_eq!(name_of(name, "en-GB"), english);
        }
        assert_eq!(name_of("Northwind GmbH", "ja"), "Northwind GmbH");
    }

    #[test]
    fn a_round_has_a_name_or_is_not_named() {
        for (class, name) in [
            ("Series B", "Series B"),
            ("series_c", "Series C"),
            ("seed", "Seed"),
            ("Growth", ""),
            ("40M", ""),
        ] {
            assert_eq!(round(class), name, "{class}");
        }
    }
}
