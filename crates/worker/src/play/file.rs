//! One play's file to a [`Play`].

use toml::Table;
use winback_core::account::Reason;
use winback_core::signal::SignalKind;

use super::error::PlayError;
use super::keys::Keys;
use super::{Discount, Offer, Play, rules};

const KEYS: [&str; 11] = [
    "name",
    "rank",
    "reasons",
    "framework",
    "needs_release",
    "release_classes",
    "needs_signals",
    "min_days_since_churn",
    "offer",
    "discount",
    "message",
];
const MESSAGE_KEYS: [&str; 2] = ["subject", "body"];
const DISCOUNT_KEYS: [&str; 3] = ["percent", "valid_days", "commitment_months"];
const DEFAULT_RANK: u32 = 50;
const MAX_DAYS: u32 = 3_650;
const NAME_FIX: &str = "write a short name of a-z, 0-9 and -, such as gap-closed";

/// Reads and checks a play.
pub(super) fn parse(file: &str, text: &str) -> Result<Play, PlayError> {
    let table: Table = text
        .trim_start_matches('\u{feff}')
        .parse()
        .map_err(|why: toml::de::Error| PlayError::Toml { file: file.to_owned(), why: why.to_string() })?;
    let keys = Keys::of(file, "", &table, &KEYS)?;
    let play = read(file, &keys)?;
    rules::check(&play, &keys)?;
    Ok(play)
}

fn read(file: &str, keys: &Keys<'_>) -> Result<Play, PlayError> {
    let reasons = keys.several("reasons", Reason::ALL, Reason::as_str)?;
    let (subject, body) = message(file, keys)?;
    Ok(Play {
        name: name(keys)?,
        file: file.to_owned(),
        rank: keys.number("rank", 1_000)?.unwrap_or(DEFAULT_RANK),
        framework: keys
            .text("framework", "write the thought behind the words, such as \"no hard feelings\"")?
            .to_owned(),
        needs_release: keys.flag("needs_release")?,
        release_classes: keys.texts("release_classes")?,
        needs_signals: keys.several("needs_signals", SignalKind::ALL, SignalKind::as_str)?,
        min_days_since_churn: keys
            .number("min_days_since_churn", MAX_DAYS)?
            .unwrap_or(default_days(&reasons)),
        offer: keys.one_of("offer", Offer::ALL, Offer::as_str)?.unwrap_or(Offer::None),
        discount: discount(file, keys)?,
        reasons,
        subject,
        body,
    })
}

/// Competitor switchers are left alone this long unless the file says otherwise.
fn default_days(reasons: &[Reason]) -> u32 {
    if reasons.contains(&Reason::Competitor) { rules::COMPETITOR_DAYS } else { 0 }
}

fn name(keys: &Keys<'_>) -> Result<String, PlayError> {
    let name = keys.text("name", NAME_FIX)?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.len() <= 64 && name.chars().all(plain) {
        Ok(name.to_owned())
    } else {
        Err(keys.wrong("name", NAME_FIX))
    }
}

fn message(file: &str, keys: &Keys<'_>) -> Result<(String, String), PlayError> {
    let fix = "write a [message] with subject and body";
    let table = keys.table("message")?.ok_or_else(|| keys.missing("message", fix))?;
    let message = Keys::of(file, "message", table, &MESSAGE_KEYS)?;
    let subject = message.text("subject", "write one line")?;
    if subject.contains(['\n', '\r']) {
        return Err(message.wrong("subject", "write one line"));
    }
    Ok((subject.to_owned(), message.text("body", "write the text")?.to_owned()))
}

fn discount(file: &str, keys: &Keys<'_>) -> Result<Option<Discount>, PlayError> {
    let Some(table) = keys.table("discount")? else { return Ok(None) };
    let discount = Keys::of(file, "discount", table, &DISCOUNT_KEYS)?;
    let need = |key: &str, max: u32| {
        discount
            .number(key, max)?
            .filter(|n| *n > 0)
            .ok_or_else(|| discount.missing(key, "write a whole number above 0"))
    };
    let terms = Discount {
        percent: need("percent", 25)?,
        valid_days: need("valid_days", 365)?,
        commitment_months: need("commitment_months", 60)?,
    };
    if terms.percent < 15 {
        return Err(discount
            .wrong("percent", "write 15 to 25: less moves nobody, more is better than loyal customers get"));
    }
    Ok(Some(terms))
}
