//! Policies: the compiled message, and the file beside it.

use winback_core::account::Reason;
use winback_core::debounce::{
    Blackout, Calendar, CalendarRules, Cap, CapScope, CapWindow, Entry, Escalate, HoldOut, KindRule, Leading,
    NotFit, Policy, PolicyContent, PolicyRecord, Rules, TimeBased, validate,
};
use winback_core::signal::SignalKind;
use winback_core::time::Span;

use super::word;
use crate::error::DecodeError;
use crate::v1;
use crate::v1::policy_cap::Window;

/// A version of a policy as it travels.
pub fn to_wire(record: &PolicyRecord) -> v1::PolicyVersion {
    v1::PolicyVersion {
        name: record.name.to_string(),
        version: record.version,
        toml: record.text.to_string(),
        compiled: record.policy().map(|policy| compiled_to_wire(policy)),
    }
}

/// The version that the record says. The compiled message counts; a record that an older winback wrote has the file alone. A
/// record that is no policy is one, too, and the detector refuses it.
///
/// # Errors
/// Names the field, the value and the fix.
pub fn from_wire(wire: v1::PolicyVersion) -> Result<PolicyRecord, DecodeError> {
    let Some(compiled) = wire.compiled else {
        return Ok(winback_policy::record(&wire.name, wire.version, &wire.toml));
    };
    let policy = compiled_from_wire(compiled, wire.version)?;
    let content = match validate(&policy) {
        Ok(()) => PolicyContent::Compiled(policy.into()),
        Err(invalid) => PolicyContent::Invalid(invalid.to_string()),
    };
    Ok(PolicyRecord { name: wire.name.into(), version: wire.version, text: wire.toml.into(), content })
}

fn compiled_to_wire(policy: &Policy) -> v1::Policy {
    let kinds = policy.kinds.iter().map(|(kind, rule)| kind_to_wire(*kind, "", *rule));
    let classes = policy.classes.iter().map(|((kind, class), rule)| kind_to_wire(*kind, class, *rule));
    let play = |(reason, play): (&Reason, &String)| v1::PolicyPlay {
        reason: reason.to_string(),
        play: play.clone(),
    };
    let window = |(reason, window): (&Reason, &Span)| v1::PolicyWindow {
        reason: reason.to_string(),
        window_ms: window.millis(),
    };
    let Rules { not_fit, hold_out, time_based } = &policy.rules;
    let (leading, leading_strength) = leading_to_wire(policy.leading);
    v1::Policy {
        name: policy.name.to_string(),
        leading: leading.to_owned(),
        leading_strength,
        gap_ms: policy.gap.millis(),
        max_wait_ms: policy.max_wait.millis(),
        max_signals: policy.max_signals,
        min_score: policy.min_score,
        cooldown_ms: policy.cooldown.millis(),
        escalate: escalate_to_wire(policy.escalate).to_owned(),
        stale_ms: policy.stale.millis(),
        declined_cooldown_ms: policy.declined_cooldown.millis(),
        no_reply_cooldown_ms: policy.no_reply_cooldown.millis(),
        caps: policy.caps.iter().map(cap_to_wire).collect(),
        kinds: kinds.chain(classes).collect(),
        plays: policy.plays.iter().map(play).collect(),
        not_fit: not_fit.to_string(),
        hold_out_percent: hold_out.percent,
        hold_out_salt: hold_out.salt.clone(),
        time_based_a_year: time_based.max_a_year,
        windows: time_based.windows.iter().map(window).collect(),
        blackout: time_based.blackout.iter().map(blackout_to_wire).collect(),
        quarter_end_days: time_based.quarter_end_days.into(),
        half_life_ms: policy.half_life.map(Span::millis),
        calendar_entries: policy.calendar.entries.iter().map(ToString::to_string).collect(),
        budget_months: policy.calendar.budget_months.iter().copied().map(u32::from).collect(),
        calendar_a_year: policy.calendar.most,
        max_trigger_bytes: policy.max_trigger_bytes,
    }
}

fn compiled_from_wire(wire: v1::Policy, version: u32) -> Result<Policy, DecodeError> {
    let own = |kind: &&v1::PolicyKind| kind.page_class.is_empty();
    let kinds = wire.kinds.iter().filter(own).filter_map(kind_from_wire);
    let classes =
        wire.kinds.iter().filter(|kind| !own(kind)).filter_map(|kind| {
            kind_from_wire(kind).map(|(name, rule)| ((name, kind.page_class.clone()), rule))
        });
    let play = |play: v1::PolicyPlay| Ok((word!(Reason, "policy.plays", play.reason.as_str())?, play.play));
    let entry = |entry: &String| word!(Entry, "policy.calendar_entries", entry.as_str());
    Ok(Policy {
        version,
        leading: leading_from_wire(&wire.leading, wire.leading_strength)?,
        gap: Span::from_millis(wire.gap_ms),
        max_wait: Span::from_millis(wire.max_wait_ms),
        max_signals: wire.max_signals,
        min_score: wire.min_score,
        cooldown: Span::from_millis(wire.cooldown_ms),
        escalate: escalate_from_wire(&wire.escalate)?,
        stale: Span::from_millis(wire.stale_ms),
        declined_cooldown: Span::from_millis(wire.declined_cooldown_ms),
        no_reply_cooldown: Span::from_millis(wire.no_reply_cooldown_ms),
        kinds: kinds.collect(),
        classes: classes.collect(),
        half_life: wire.half_life_ms.map(Span::from_millis),
        calendar: CalendarRules {
            entries: wire.calendar_entries.iter().map(entry).collect::<Result<_, _>>()?,
            budget_months: wire.budget_months.iter().map(|month| small(*month)).collect(),
            most: wire.calendar_a_year,
        },
        rules: Rules {
            not_fit: word!(NotFit, "policy.not_fit", wire.not_fit.as_str())?,
            hold_out: HoldOut { percent: wire.hold_out_percent, salt: wire.hold_out_salt },
            time_based: TimeBased {
                max_a_year: wire.time_based_a_year,
                windows: wire.windows.iter().map(window_from_wire).collect::<Result<_, _>>()?,
                blackout: wire.blackout.iter().map(blackout_from_wire).collect(),
                quarter_end_days: small(wire.quarter_end_days),
            },
        },
        max_trigger_bytes: wire.max_trigger_bytes,
        name: wire.name.into(),
        caps: wire.caps.into_iter().map(cap_from_wire).collect::<Result<_, _>>()?,
        plays: wire.plays.into_iter().map(play).collect::<Result<_, _>>()?,
    })
}

const OFF: &str = "off";
const ALWAYS: &str = "always";
const STRENGTH: &str = "strength";
const STRENGTH_UP: &str = "strength-up";

const fn leading_to_wire(leading: Leading) -> (&'static str, u32) {
    match leading {
        Leading::Off => (OFF, 0),
        Leading::Always => (ALWAYS, 0),
        Leading::Strength(least) => (STRENGTH, least as u32),
    }
}

fn leading_from_wire(word: &str, strength: u32) -> Result<Leading, DecodeError> {
    match word {
        OFF => Ok(Leading::Off),
        ALWAYS => Ok(Leading::Always),
        STRENGTH => Ok(Leading::Strength(small(strength))),
        _ => Err(unknown("policy.leading", word, &[OFF, ALWAYS, STRENGTH])),
    }
}

const fn escalate_to_wire(escalate: Escalate) -> &'static str {
    match escalate {
        Escalate::Off => OFF,
        Escalate::StrengthUp => STRENGTH_UP,
    }
}

fn escalate_from_wire(word: &str) -> Result<Escalate, DecodeError> {
    match word {
        OFF => Ok(Escalate::Off),
        STRENGTH_UP => Ok(Escalate::StrengthUp),
        _ => Err(unknown("policy.escalate", word, &[OFF, STRENGTH_UP])),
    }
}

fn unknown(field: &'static str, value: &str, known: &[&str]) -> DecodeError {
    DecodeError::Unknown { field, value: value.to_owned(), known: known.join(", ") }
}

/// A small number; a larger one stays out of every limit.
fn small(wire: u32) -> u8 {
    u8::try_from(wire).unwrap_or(u8::MAX)
}

fn cap_to_wire(cap: &Cap) -> v1::PolicyCap {
    let window = match cap.window {
        CapWindow::Rolling(length) => Window::RollingMs(length.millis()),
        CapWindow::Calendar(unit) => Window::Calendar(unit.to_string()),
    };
    v1::PolicyCap { per: cap.scope.to_string(), max: cap.max, window: Some(window) }
}

fn cap_from_wire(wire: v1::PolicyCap) -> Result<Cap, DecodeError> {
    let window = match wire.window.ok_or(DecodeError::Newer("policy.caps.window"))? {
        Window::RollingMs(length) => CapWindow::Rolling(Span::from_millis(length)),
        Window::Calendar(unit) => {
            CapWindow::Calendar(word!(Calendar, "policy.caps.calendar", unit.as_str())?)
        }
    };
    Ok(Cap { scope: word!(CapScope, "policy.caps.per", wire.per.as_str())?, max: wire.max, window })
}

fn kind_to_wire(kind: SignalKind, class: &str, rule: KindRule) -> v1::PolicyKind {
    v1::PolicyKind {
        kind: kind.to_string(),
        page_class: class.to_owned(),
        strength: rule.strength.into(),
        weight: rule.weight,
        max_age_ms: rule.max_age.millis(),
        dedupe_ms: rule.dedupe.millis(),
        answer_strength: (rule.answer_strength != kind.row().answer_strength)
            .then(|| rule.answer_strength.into()),
    }
}

/// The count of a kind; `None` for one of a newer winback, whose signals this one does not know either.
fn kind_from_wire(wire: &v1::PolicyKind) -> Option<(SignalKind, KindRule)> {
    let kind = SignalKind::parse(&wire.kind)?;
    let rule = KindRule {
        strength: small(wire.strength),
        answer_strength: wire.answer_strength.map_or(kind.row().answer_strength, small),
        weight: wire.weight,
        max_age: Span::from_millis(wire.max_age_ms),
        dedupe: Span::from_millis(wire.dedupe_ms),
    };
    Some((kind, rule))
}

fn window_from_wire(wire: &v1::PolicyWindow) -> Result<(Reason, Span), DecodeError> {
    let reason = word!(Reason, "policy.windows", wire.reason.as_str())?;
    Ok((reason, Span::from_millis(wire.window_ms)))
}

fn blackout_to_wire(dates: &Blackout) -> v1::PolicyBlackout {
    let part = |number: i8| u32::try_from(number).unwrap_or_default();
    v1::PolicyBlackout {
        from_month: part(dates.from.0),
        from_day: part(dates.from.1),
        to_month: part(dates.to.0),
        to_day: part(dates.to.1),
    }
}

fn blackout_from_wire(wire: &v1::PolicyBlackout) -> Blackout {
    let part = |number: u32| i8::try_from(number).unwrap_or(i8::MAX);
    Blackout {
        from: (part(wire.from_month), part(wire.from_day)),
        to: (part(wire.to_month), part(wire.to_day)),
    }
}
