//! The rules that hold whatever a play's file says.

use winback_core::account::Reason;
use winback_core::signal::SignalKind;
use winback_sequences::{NEVER_FIRST, NEVER_SAID};

use super::error::PlayError;
use super::keys::Keys;
use super::{Offer, Play};

/// The competitor's play never comes earlier (DOMAIN, *When*).
pub(super) const COMPETITOR_DAYS: u32 = 90;

/// Refuses a play that breaks a hard rule.
pub(super) fn check(play: &Play, keys: &Keys<'_>) -> Result<(), PlayError> {
    reasons(play, keys)?;
    competitor(play, keys)?;
    offer(play, keys)?;
    release(play, keys)?;
    words(play)
}

fn reasons(play: &Play, keys: &Keys<'_>) -> Result<(), PlayError> {
    if play.reasons.is_empty() {
        return Err(keys.missing("reasons", "write the reasons for leaving that this play answers"));
    }
    if play.reasons.contains(&Reason::Impossible) {
        return Err(keys.wrong("reasons", "leave out `impossible`: who cannot come back is never written to"));
    }
    Ok(())
}

/// The competitor's play is the one for them alone, or one that waits for the competitor's news. A play for others, too,
/// that knows nothing of a competitor may come sooner: a live signal acts at once.
fn competitor(play: &Play, keys: &Keys<'_>) -> Result<(), PlayError> {
    let theirs = play.reasons.iter().all(|reason| *reason == Reason::Competitor);
    let about_it = play.needs_signals.contains(&SignalKind::CompetitorEvent);
    let for_them = play.reasons.contains(&Reason::Competitor);
    if for_them && (theirs || about_it) && play.min_days_since_churn < COMPETITOR_DAYS {
        return Err(keys.wrong(
            "min_days_since_churn",
            "write 90 or more: the competitor's play never comes earlier; who comes by sooner gets a play for others, too",
        ));
    }
    Ok(())
}

fn offer(play: &Play, keys: &Keys<'_>) -> Result<(), PlayError> {
    let discounts = play.offer == Offer::Discount;
    if discounts && play.reasons.iter().any(|reason| *reason != Reason::PriceBudget) {
        return Err(keys.wrong(
            "offer",
            "a discount is only for those who left for the price: choose another offer, or reasons = [\"price_budget\"]",
        ));
    }
    if discounts && play.discount.is_none() {
        return Err(
            keys.missing("discount", "write a [discount] with percent, valid_days and commitment_months")
        );
    }
    if !discounts && keys.has("discount") {
        return Err(keys.wrong("discount", "take it out, or write offer = \"discount\""));
    }
    if play.offer != Offer::None && play.reasons.contains(&Reason::NotFit) {
        return Err(keys.wrong("offer", "take it out: who was not a fit gets content only"));
    }
    Ok(())
}

fn release(play: &Play, keys: &Keys<'_>) -> Result<(), PlayError> {
    if !play.needs_release && !play.release_classes.is_empty() {
        return Err(keys.wrong("release_classes", "add needs_release = true, or take it out"));
    }
    Ok(())
}

fn words(play: &Play) -> Result<(), PlayError> {
    for (key, text) in [("message.subject", &play.subject), ("message.body", &play.body)] {
        let flat = text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        if let Some((phrase, why)) =
            NEVER_SAID.iter().chain(&NEVER_FIRST).find(|(phrase, _)| flat.contains(phrase))
        {
            return Err(PlayError::Value {
                file: play.file.clone(),
                key: key.to_owned(),
                value: format!("… {phrase} …"),
                fix: format!("take it out: {why}"),
            });
        }
    }
    Ok(())
}
