//! Policy files: TOML in, a validated [`Policy`] out, with errors that name the key, the value and the fix.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use winback_core::account::Reason;
use winback_core::debounce::shadow::shadow_of;
use winback_core::debounce::{
    Calendar, Cap, CapScope, CapWindow, DEFAULT_TRIGGER_BYTES, Escalate, KindRule, LEFT_OUT_AFTER, Leading,
    MOST_NAME_BYTES, NotFit, PAGES, Policy, STRONGEST, TRIGGER_BYTES, validate,
};
use winback_core::signal::SignalKind;
use winback_core::text::nearest;
use winback_core::time::Span;

use crate::calendar::FileCalendar;
use crate::error::{PolicyError, span, wrong};
use crate::schema::{Length, names};
use crate::sections::{FileHoldOut, FileRules, FileScore, FileTimeBased};
use crate::test::FileTest;
use crate::text::explain_toml;

/// The least score where the file is silent: above one view of a page such as the blog, and above one open.
const DEFAULT_MIN_SCORE: u32 = 3;

/// Rules by which winback acts on an account's signals, and limits of how often.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// The policy's name, unique in a deployment; no `~`.
    #[schemars(length(min = 1, max = MOST_NAME_BYTES), extend("pattern" = "^[^~]*$"))]
    name: String,
    /// Run it only beside the policy in force of its name: its triggers go to a topic of their own.
    #[serde(default)]
    shadow: bool,
    /// The first signal of a burst that fires at once: "off", "always", or from a strength on ("strength>=2").
    #[schemars(extend("pattern" = "^(off|always|strength>=[0-3])$"))]
    leading: Option<String>,
    /// A burst ends when nothing came for so long.
    #[schemars(with = "Option<Length>")]
    quiet: Option<String>,
    /// The longest that a burst is open.
    #[schemars(with = "Option<Length>")]
    max_wait: Option<String>,
    /// A burst ends with its so many-th signal.
    #[schemars(extend("minimum" = 1))]
    max_signals: Option<u32>,
    /// A burst fires at its end only if the weights of its signals add up to this.
    min_score: Option<u32>,
    /// So long nothing starts again after a trigger, except for something stronger.
    #[schemars(with = "Option<Length>")]
    cooldown: Option<String>,
    /// Let a stronger signal break the cool-down: "strength-up", or "off".
    #[schemars(extend("enum" = ["off", "strength-up"]))]
    escalate: Option<String>,
    /// What would fire so long before its record came is of a backlog and fires nothing; the worker leaves triggers that are
    /// older. At least 20m.
    #[schemars(with = "Option<Length>")]
    stale: Option<String>,
    /// Set the time after a no in which nothing starts; at least 180d.
    #[schemars(with = "Option<Length>")]
    declined_rest: Option<String>,
    /// Set the time after an unanswered sequence in which nothing starts.
    #[schemars(with = "Option<Length>")]
    unanswered_rest: Option<String>,
    /// No trigger is larger, in bytes: what is larger is cut, and says so. Its topic must take 4096 bytes more.
    #[schemars(extend("minimum" = TRIGGER_BYTES.0, "maximum" = TRIGGER_BYTES.1))]
    max_trigger_bytes: Option<u32>,
    /// Choose if accounts that were not a fit may be approached: "gate", or "allow".
    #[schemars(extend("enum" = names(NotFit::ALL, NotFit::as_str)))]
    not_fit: Option<String>,
    /// A share of all accounts that nothing is ever started for, to measure against.
    #[serde(default)]
    hold_out: FileHoldOut,
    /// When a date alone may start something. Live signals are not bound by any of it.
    #[serde(default)]
    time_based: FileTimeBased,
    /// Whether what bursts that did not fire left counts for the next one.
    #[serde(default)]
    score: FileScore,
    /// At most so many starting triggers.
    #[serde(default)]
    caps: Vec<FileCap>,
    /// Set the rule of a kind of signal.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "enum": names(SignalKind::ALL, SignalKind::as_str) }))]
    kinds: BTreeMap<String, FileKind>,
    /// The play that is recommended for each reason of leaving.
    #[serde(default)]
    #[schemars(extend("propertyNames" = { "enum": names(Reason::ALL, Reason::as_str) }))]
    plays: BTreeMap<String, String>,
    /// Set the entries that the calendar makes signals of.
    #[serde(default)]
    calendar: FileCalendar,
    /// Tests of this policy, run by `winback policy test` and `winback config check`.
    #[serde(default)]
    pub(crate) test: Vec<FileTest>,
}

/// At most so many starting triggers in a window: either `window` or `calendar`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("oneOf" = [{ "required": ["window"] }, { "required": ["calendar"] }]))]
struct FileCap {
    /// Choose the triggers that count: the account's under all policies, under this one, or those that only dates
    /// spoke for.
    #[schemars(extend("enum" = names(CapScope::ALL, CapScope::as_str)))]
    per: String,
    /// How many.
    max: u32,
    /// Any stretch of this length.
    #[schemars(with = "Option<Length>")]
    window: Option<String>,
    /// A unit of the calendar in the account's zone.
    #[schemars(extend("enum" = names(Calendar::ALL, Calendar::as_str)))]
    calendar: Option<String>,
}

/// The rule of a kind of signal, or of a class of it.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FileKind {
    /// How much it says by itself, 0 to 3.
    #[schemars(extend("maximum" = 3))]
    strength: Option<u8>,
    /// How much it says where it answers why they left, 0 to 3: funding_news for who left for money, product_release that
    /// closes the gap or mends what they left for, competitor_event for who went there.
    #[schemars(extend("maximum" = 3))]
    answer_strength: Option<u8>,
    /// What it adds to the score.
    #[schemars(extend("maximum" = 1000))]
    weight: Option<u32>,
    /// Set the greatest age on arrival.
    #[schemars(with = "Option<Length>")]
    max_age: Option<String>,
    /// Set the time its id is remembered; at least `max_age` and `max_wait` together.
    #[schemars(with = "Option<Length>")]
    dedupe: Option<String>,
    /// Its finer classes, such as `pricing` of web visits.
    #[serde(default)]
    classes: BTreeMap<String, FileKind>,
}

/// Reads a policy file. A key that it leaves out has the default of DESIGN section 6.
///
/// # Errors
/// Names the key, the value and the fix; unknown keys with the nearest right one and the line.
pub fn parse(toml: &str, version: u32) -> Result<Policy, PolicyError> {
    let policy = File::read(toml)?.policy(version)?;
    validate(&policy)?;
    let least = LEFT_OUT_AFTER + LEFT_OUT_AFTER;
    if policy.stale < least {
        let fix = format!(
            "must be at least {least}: the clock waits {LEFT_OUT_AFTER} for an input that stands still, and what fires then \
             is no backlog"
        );
        return Err(wrong("stale", &policy.stale.to_string(), &fix));
    }
    Ok(policy)
}

impl File {
    pub(crate) fn read(toml: &str) -> Result<Self, PolicyError> {
        toml::from_str(toml).map_err(|error| PolicyError::Toml(explain_toml(toml, &error)))
    }

    fn policy(self, version: u32) -> Result<Policy, PolicyError> {
        if self.name.contains('~') {
            return Err(wrong(
                "name",
                &self.name,
                "must have no `~`: `shadow = true` runs a policy in shadow",
            ));
        }
        let name = if self.shadow { shadow_of(&self.name) } else { self.name };
        let max_wait = span("max_wait", self.max_wait.as_deref(), Span::from_hours(24))?;
        let (kinds, classes) = rules(&self.kinds, max_wait)?;
        let (not_fit, hold_out, time_based) = (self.not_fit.as_deref(), &self.hold_out, &self.time_based);
        let rules = FileRules { not_fit, hold_out, time_based }.rules()?;
        Ok(Policy {
            name: name.into(),
            version,
            leading: leading(self.leading.as_deref())?,
            gap: span("quiet", self.quiet.as_deref(), Span::from_mins(30))?,
            max_wait,
            max_signals: self.max_signals.unwrap_or(50),
            min_score: self.min_score.unwrap_or(DEFAULT_MIN_SCORE),
            cooldown: span("cooldown", self.cooldown.as_deref(), Span::from_days(14))?,
            escalate: escalate(self.escalate.as_deref())?,
            stale: span("stale", self.stale.as_deref(), Span::from_days(2))?,
            declined_cooldown: span("declined_rest", self.declined_rest.as_deref(), Span::from_days(365))?,
            no_reply_cooldown: span(
                "unanswered_rest",
                self.unanswered_rest.as_deref(),
                Span::from_days(180),
            )?,
            caps: self.caps.iter().enumerate().map(|(at, cap)| cap.cap(at)).collect::<Result<_, _>>()?,
            kinds,
            classes,
            plays: plays(&self.plays)?,
            rules,
            half_life: self.score.half_life()?,
            calendar: self.calendar.rules()?,
            max_trigger_bytes: self.max_trigger_bytes.unwrap_or(DEFAULT_TRIGGER_BYTES),
        })
    }
}

type Rules = (BTreeMap<SignalKind, KindRule>, BTreeMap<(SignalKind, String), KindRule>);

fn rules(kinds: &BTreeMap<String, FileKind>, max_wait: Span) -> Result<Rules, PolicyError> {
    let names: Vec<&str> = SignalKind::ALL.iter().map(|kind| kind.as_str()).collect();
    for name in kinds.keys() {
        if SignalKind::parse(name).is_none() {
            return Err(wrong("kinds", name, &format!("no such kind{}", nearest(name, &names))));
        }
    }
    let mut by_kind = BTreeMap::new();
    let mut by_class = BTreeMap::new();
    let silent = FileKind::default();
    for &kind in SignalKind::ALL {
        let file = kinds.get(kind.as_str()).unwrap_or(&silent);
        let key = format!("kinds.{kind}");
        let row = kind.row();
        let base = KindRule {
            strength: row.strength,
            answer_strength: row.answer_strength,
            weight: row.weight,
            max_age: Span::from_days(row.days),
            dedupe: Span::ZERO,
        };
        let rule = file.rule(&key, base, max_wait)?;
        if kind == SignalKind::WebVisit {
            let page = |strength: Option<u8>, weight| KindRule {
                strength: strength.unwrap_or(rule.strength),
                weight,
                ..rule
            };
            by_class.extend(
                PAGES.map(|(class, strength, weight)| ((kind, class.to_owned()), page(strength, weight))),
            );
        }
        for (class, file) in &file.classes {
            let base = by_class.get(&(kind, class.clone())).copied().unwrap_or(rule);
            let key = format!("{key}.classes.{class}");
            if let Some(finer) = file.classes.keys().next() {
                let fix = "a class has no classes of its own: name it beside this one";
                return Err(wrong(&format!("{key}.classes"), finer, fix));
            }
            let rule = file.rule(&key, base, max_wait)?;
            by_class.insert((kind, class.clone()), rule);
        }
        by_kind.insert(kind, rule);
    }
    Ok((by_kind, by_class))
}

impl FileKind {
    fn rule(&self, key: &str, base: KindRule, max_wait: Span) -> Result<KindRule, PolicyError> {
        let max_age = span(&format!("{key}.max_age"), self.max_age.as_deref(), base.max_age)?;
        let least = (max_age + max_wait).max(base.dedupe);
        if let Some(strength) = self.answer_strength.filter(|_| base.answer_strength == 0) {
            let fix = "only funding_news, product_release and competitor_event answer why they left";
            return Err(wrong(&format!("{key}.answer_strength"), &strength.to_string(), fix));
        }
        Ok(KindRule {
            strength: self.strength.unwrap_or(base.strength),
            answer_strength: self.answer_strength.unwrap_or(base.answer_strength),
            weight: self.weight.unwrap_or(base.weight),
            max_age,
            dedupe: span(&format!("{key}.dedupe"), self.dedupe.as_deref(), least)?,
        })
    }
}

impl FileCap {
    fn cap(&self, at: usize) -> Result<Cap, PolicyError> {
        let key = |field: &str| format!("caps[{at}].{field}");
        let scope = CapScope::parse(&self.per)
            .ok_or_else(|| wrong(&key("per"), &self.per, "must be `account`, `policy` or `time_based`"))?;
        let window = match (&self.window, &self.calendar) {
            (Some(window), None) => CapWindow::Rolling(span(&key("window"), Some(window), Span::ZERO)?),
            (None, Some(unit)) => CapWindow::Calendar(Calendar::parse(unit).ok_or_else(|| {
                wrong(&key("calendar"), unit, "must be `day`, `week`, `month`, `quarter` or `year`")
            })?),
            _ => {
                let fix = "give either `window = \"365d\"` or `calendar = \"month\"`";
                return Err(wrong(&format!("caps[{at}]"), "both or neither", fix));
            }
        };
        Ok(Cap { scope, max: self.max, window })
    }
}

fn plays(file: &BTreeMap<String, String>) -> Result<BTreeMap<Reason, String>, PolicyError> {
    let names: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    let play = |(reason, play): (&String, &String)| {
        let reason = Reason::parse(reason)
            .ok_or_else(|| wrong("plays", reason, &format!("no such reason{}", nearest(reason, &names))))?;
        Ok((reason, play.clone()))
    };
    file.iter().map(play).collect()
}

fn leading(text: Option<&str>) -> Result<Leading, PolicyError> {
    match text {
        None => Ok(Leading::Strength(2)),
        Some("off") => Ok(Leading::Off),
        Some("always") => Ok(Leading::Always),
        Some(text) => text
            .strip_prefix("strength>=")
            .and_then(|least| least.parse().ok())
            .filter(|&least: &u8| least <= STRONGEST)
            .map(Leading::Strength)
            .ok_or_else(|| wrong("leading", text, "must be `off`, `always` or `strength>=2` (0 to 3)")),
    }
}

fn escalate(text: Option<&str>) -> Result<Escalate, PolicyError> {
    match text {
        None | Some("strength-up") => Ok(Escalate::StrengthUp),
        Some("off") => Ok(Escalate::Off),
        Some(text) => Err(wrong("escalate", text, "must be `off` or `strength-up`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(toml: &str) -> String {
        parse(toml, 1).unwrap_err().to_string()
    }

    #[test]
    fn a_name_alone_is_the_default_policy_of_the_design() {
        let policy = parse("name = \"default\"", 3).unwrap();
        assert_eq!((policy.version, policy.leading, policy.max_signals), (3, Leading::Strength(2), 50));
        assert_eq!(policy.gap, Span::from_mins(30));
        assert_eq!(policy.rule(SignalKind::WebVisit, "pricing").weight, 5);
        assert_eq!(policy.rule(SignalKind::WebVisit, "docs").weight, 3);
        assert_eq!(policy.rule(SignalKind::WebVisit, "blog").weight, 2);
        let funding = policy.rule(SignalKind::FundingNews, "");
        assert_eq!(funding.dedupe, Span::from_days(91), "A + M");
    }

    #[test]
    fn a_name_that_is_long_enough_to_be_allowed_may_be_in_shadow() {
        let file = |length: usize| format!("shadow = true\nname = \"{}\"", "n".repeat(length));
        assert!(parse(&file(64), 1).is_ok());
        assert!(error(&file(65)).contains("1 to 64"));
    }

    #[test]
    fn errors_name_the_key_the_value_and_the_fix() {
        for (toml, parts) in [
            ("name=\"p\"\nquite = \"1h\"", &["line 2", "quite", "`quiet`"][..]),
            ("name=\"p\"\nquiet = \"30\"", &["quiet", "\"30\"", "30m"]),
            ("name=\"p\"\nquiet = \"2h\"\nmax_wait = \"1h\"", &["max_wait", "1h", "quiet (2h)"]),
            ("name=\"p\"\ncooldown = \"1h\"", &["cooldown", "max_wait (1d)"]),
            ("name=\"p\"\nleading = \"strength>=7\"", &["leading", "strength>=7", "always"]),
            ("name=\"p\"\nstale = \"19m\"", &["stale", "19m", "at least 20m"]),
            ("name=\"p\"\nmax_signals = 0", &["max_signals", "at least 1"]),
            ("name=\"p\"\nmax_trigger_bytes = 1000", &["max_trigger_bytes", "1000", "8192 to 8388608"]),
            ("name=\"p\"\ndeclined_rest = \"30d\"", &["declined_rest", "30d", "180d"]),
            ("name=\"p\"\n[kinds.web_vist]\nweight=1", &["web_vist", "`web_visit`"]),
            ("name=\"p\"\n[kinds.hiring]\nstrength=9", &["kinds.hiring.strength", "9", "0 to 3"]),
            ("name=\"p\"\n[kinds.hiring]\ndedupe=\"1d\"", &["kinds.hiring.dedupe", "1d", "61d"]),
            ("name=\"p\"\n[[caps]]\nper=\"user\"\nmax=1", &["caps[0].per", "user", "`account`"]),
            ("name=\"p\"\n[[caps]]\nper=\"account\"\nmax=1", &["caps[0]", "window", "calendar"]),
            ("name=\"p\"\n[plays]\nprice=\"x\"", &["price", "`price_budget`"]),
            ("name=\"p\"\n[calendar]\nentries=[\"yearli\"]", &["calendar.entries", "yearli", "`yearly`"]),
            ("name=\"p\"\n[calendar]\nbudget_months=[13]", &["calendar.budget_months", "13", "1 to 12"]),
            (
                "name=\"p\"\n[calendar]\ntime_based_a_year=5",
                &["calendar.time_based_a_year", "5", "at most 4"],
            ),
            ("name=\"\"", &["name", "1 to 64"]),
            (
                "name=\"p\"\n[kinds.web_visit.classes.pricing.classes.yearly]\nweight=9",
                &["kinds.web_visit.classes.pricing.classes", "yearly", "no classes of its own"],
            ),
            ("name=\"p\"\nnot_fit=\"yes\"", &["not_fit", "yes", "`allow`"]),
            ("name=\"p\"\n[hold_out]\npercent=80", &["hold_out.percent", "80", "at most 50"]),
            ("name=\"p\"\n[score]\nhalf_life=\"1m\"", &["score.half_life", "1m", "1h to 365d"]),
            (
                "name=\"p\"\n[time_based]\nblackout=[{from=\"13-01\",to=\"01-03\"}]",
                &["time_based.blackout[0].from", "13-01", "12-20"],
            ),
            ("name=\"p\"\n[time_based.windows]\nprice=\"1d\"", &["time_based.windows", "`price_budget`"]),
        ] {
            let text = error(toml);
            for part in parts {
                assert!(text.contains(part), "{toml:?} says {text:?}, not {part:?}");
            }
        }
    }
}
