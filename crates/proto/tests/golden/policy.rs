//! A policy as it travels, with every field set.

use winback_proto::v1::*;

/// A version of a policy: compiled, with its file beside it.
pub(crate) fn compiled() -> PolicyVersion {
    let kind = |page_class: &str, strength, weight| PolicyKind {
        kind: "web_visit".into(),
        page_class: page_class.into(),
        strength,
        weight,
        max_age_ms: 172_800_000,
        dedupe_ms: 259_200_000,
        answer_strength: None,
    };
    let cap = |per: &str, window| PolicyCap { per: per.into(), max: 4, window: Some(window) };
    let policy = Policy {
        name: "default".into(),
        leading: "strength".into(),
        leading_strength: 2,
        gap_ms: 1_800_000,
        max_wait_ms: 86_400_000,
        max_signals: 50,
        min_score: 3,
        cooldown_ms: 1_209_600_000,
        escalate: "strength-up".into(),
        stale_ms: 172_800_000,
        declined_cooldown_ms: 31_536_000_000,
        no_reply_cooldown_ms: 7_776_000_000,
        caps: vec![
            cap("account", policy_cap::Window::RollingMs(31_536_000_000)),
            cap("policy", policy_cap::Window::Calendar("month".into())),
        ],
        kinds: vec![kind("", 1, 2), kind("pricing", 2, 5)],
        plays: vec![PolicyPlay { reason: "price_budget".into(), play: "budget".into() }],
        not_fit: "gate".into(),
        hold_out_percent: 10,
        hold_out_salt: "hold-out".into(),
        time_based_a_year: 4,
        windows: vec![PolicyWindow { reason: "competitor".into(), window_ms: 7_776_000_000 }],
        blackout: vec![PolicyBlackout { from_month: 12, from_day: 20, to_month: 1, to_day: 4 }],
        quarter_end_days: 5,
        half_life_ms: Some(604_800_000),
        calendar_entries: vec!["yearly".into(), "quarterly".into()],
        budget_months: vec![9, 10],
        calendar_a_year: 2,
        max_trigger_bytes: 262_144,
    };
    let toml = "name = \"default\"\n".into();
    PolicyVersion { name: "default".into(), version: 3, toml, compiled: Some(policy) }
}
