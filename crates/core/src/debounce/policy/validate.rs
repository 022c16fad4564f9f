//! The limits of a policy, wherever it was compiled.

use super::windows::least_window;
use crate::account::Reason;
use crate::debounce::model::kind_rule::{KindRule, STRONGEST};
use crate::debounce::model::policy::{MOST_A_YEAR, MOST_TIME_BASED, Policy, TRIGGER_BYTES};
use crate::debounce::model::shadow::in_force;
use crate::time::Span;

/// The least cool-down after a *no* (DOMAIN, *How often*, hard: 6 to 12 months).
const LEAST_DECLINED: Span = Span::from_days(180);
/// No longer name of a policy.
pub const MOST_NAME_BYTES: usize = 64;
/// A larger share than this is no control group any more.
pub const MOST_HELD_OUT: u32 = 50;
/// The shortest and the longest half-life that make sense.
const HALF_LIVES: (Span, Span) = (Span::from_hours(1), Span::from_days(365));

/// A value that a policy may not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} = {value}: {fix}")]
pub struct InvalidPolicy {
    /// The key, dotted, as a file has it.
    pub key: String,
    /// Its value, in quotes.
    pub value: String,
    /// The fix.
    pub fix: String,
}

impl InvalidPolicy {
    /// A value and its fix.
    pub fn new(key: &str, value: &str, fix: &str) -> Self {
        Self { key: key.to_owned(), value: format!("\"{value}\""), fix: fix.to_owned() }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "values are numbers and spans")]
fn wrong(key: &str, value: impl ToString, fix: &str) -> Result<(), InvalidPolicy> {
    Err(InvalidPolicy::new(key, &value.to_string(), fix))
}

/// Holds a policy against the limits that no policy may exceed.
///
/// # Errors
/// Names the key, the value and the fix.
pub fn validate(policy: &Policy) -> Result<(), InvalidPolicy> {
    name(policy)?;
    spans(policy)?;
    kinds(policy)?;
    hold_out(policy)?;
    time_based(policy)?;
    policy.half_life.map_or(Ok(()), half_life)?;
    calendar(policy)
}

fn name(policy: &Policy) -> Result<(), InvalidPolicy> {
    let name = in_force(policy.name.as_str());
    if name.is_empty() || name.len() > MOST_NAME_BYTES {
        return wrong("name", name, &format!("give it a name of 1 to {MOST_NAME_BYTES} bytes"));
    }
    Ok(())
}

fn spans(policy: &Policy) -> Result<(), InvalidPolicy> {
    for (key, span) in [("quiet", policy.gap), ("max_wait", policy.max_wait), ("stale", policy.stale)] {
        if span <= Span::ZERO {
            return wrong(key, span, "must be longer than nothing");
        }
    }
    if policy.max_wait < policy.gap {
        let fix = format!("must be at least quiet ({}): a burst waits out one quiet time", policy.gap);
        return wrong("max_wait", policy.max_wait, &fix);
    }
    if policy.cooldown < policy.max_wait {
        let fix = format!(
            "must be at least max_wait ({}): a burst that led ends in its quiet time",
            policy.max_wait
        );
        return wrong("cooldown", policy.cooldown, &fix);
    }
    if policy.max_signals == 0 {
        return wrong("max_signals", 0, "must be at least 1");
    }
    let (least, most) = TRIGGER_BYTES;
    if !(least..=most).contains(&policy.max_trigger_bytes) {
        let fix = format!("must be {least} to {most} bytes");
        return wrong("max_trigger_bytes", policy.max_trigger_bytes, &fix);
    }
    if policy.declined_cooldown < LEAST_DECLINED {
        let fix = format!("must be at least {LEAST_DECLINED}: a no is respected for six months or more");
        return wrong("declined_rest", policy.declined_cooldown, &fix);
    }
    Ok(())
}

fn kinds(policy: &Policy) -> Result<(), InvalidPolicy> {
    let classes = policy.classes.iter();
    let classes = classes.map(|((kind, class), rule)| (format!("kinds.{kind}.classes.{class}"), rule));
    let kinds = policy.kinds.iter().map(|(kind, rule)| (format!("kinds.{kind}"), rule));
    kinds.chain(classes).try_for_each(|(key, rule)| kind_rule(&key, rule, policy.max_wait))
}

fn kind_rule(key: &str, rule: &KindRule, max_wait: Span) -> Result<(), InvalidPolicy> {
    for (name, strength) in [("strength", rule.strength), ("answer_strength", rule.answer_strength)] {
        if strength > STRONGEST {
            return wrong(&format!("{key}.{name}"), strength, "must be 0 to 3");
        }
    }
    if rule.weight > 1_000 {
        return wrong(&format!("{key}.weight"), rule.weight, "must be at most 1000");
    }
    if rule.dedupe < rule.max_age + max_wait {
        let fix = format!("must be at least max_age + max_wait ({})", rule.max_age + max_wait);
        return wrong(&format!("{key}.dedupe"), rule.dedupe, &fix);
    }
    Ok(())
}

fn hold_out(policy: &Policy) -> Result<(), InvalidPolicy> {
    let percent = policy.rules.hold_out.percent;
    if percent > MOST_HELD_OUT {
        let fix =
            format!("must be at most {MOST_HELD_OUT}: the group is what the others are measured against");
        return wrong("hold_out.percent", percent, &fix);
    }
    Ok(())
}

fn time_based(policy: &Policy) -> Result<(), InvalidPolicy> {
    let rules = &policy.rules.time_based;
    if rules.max_a_year > MOST_TIME_BASED {
        let fix = format!(
            "must be at most {MOST_TIME_BASED}: what only a date speaks for starts at most so often a year for an \
             account, whatever a policy says"
        );
        return wrong("time_based.max_a_year", rules.max_a_year, &fix);
    }
    if rules.quarter_end_days > 31 {
        let fix = "must be at most 31: the last days of a quarter's last month";
        return wrong("time_based.quarter_end_days", rules.quarter_end_days, fix);
    }
    rules.windows.iter().try_for_each(|(reason, window)| window_of(*reason, *window))
}

fn window_of(reason: Reason, window: Span) -> Result<(), InvalidPolicy> {
    let least = least_window(reason);
    if window >= least {
        return Ok(());
    }
    let rule = match reason {
        Reason::Competitor => "competitor switchers are never approached earlier because of a date",
        _ => "in the first week a date speaks to nobody but who left on an impulse",
    };
    let fix = format!("must be at least {least}: {rule}, whatever a policy says");
    wrong(&format!("time_based.windows.{reason}"), window, &fix)
}

/// Holds a half-life against its limits.
///
/// # Errors
/// Names the key, the value and the fix.
pub fn half_life(half_life: Span) -> Result<(), InvalidPolicy> {
    let (least, most) = HALF_LIVES;
    if half_life < least || half_life > most {
        return wrong("score.half_life", half_life, &format!("must be {least} to {most}"));
    }
    Ok(())
}

fn calendar(policy: &Policy) -> Result<(), InvalidPolicy> {
    let rules = &policy.calendar;
    if let Some(month) = rules.budget_months.iter().find(|month| !(1..=12).contains(*month)) {
        return wrong("calendar.budget_months", month, "must be 1 to 12");
    }
    if rules.most > MOST_A_YEAR {
        let fix = format!("must be at most {MOST_A_YEAR}: nobody is reminded of an anniversary every month");
        return wrong("calendar.time_based_a_year", rules.most, &fix);
    }
    Ok(())
}
