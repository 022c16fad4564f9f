//! A trigger as a person wants to read it: who, why now, what was decided, what was done.

use winback_core::debounce::{Edge, FiredBecause};
use winback_core::time::Time;
use winback_proto::v1;

use super::words::{self, BOLD, DIM, styled};

/// The greatest width of a paragraph.
const WIDTH: usize = 110;
/// The indent of a line's text.
const INDENT: &str = "           ";

/// The trigger, and what the worker did about it where that is known; several lines without a last line break.
pub fn trigger(trigger: &v1::Trigger, action: Option<&v1::Action>) -> String {
    let mut lines =
        vec![head(trigger), labelled("why now", &why_now(trigger)), labelled("decided", &decided(trigger))];
    let account = trigger.account.as_ref();
    lines.extend(account.and_then(of_snapshot).map(|shown| labelled("account", &shown)));
    lines.extend(trigger.priority.as_ref().map(|found| labelled("priority", &priority(found))));
    if !trigger.cut.is_empty() {
        lines.push(labelled("cut", &cut(&trigger.cut)));
    }
    match action {
        Some(action) => lines.push(labelled("did", &super::action(action))),
        None if !trigger.play.is_empty() && trigger.parent_id.is_empty() => {
            lines.push(labelled("play", &format!("{} recommended", words::safe(&trigger.play))));
        }
        None => {}
    }
    lines.push(labelled("trigger", &words::safe(&trigger.id)));
    lines.join("\n")
}

/// The parts that are not whole.
fn cut(parts: &[String]) -> String {
    let parts: Vec<String> = parts.iter().map(|part| words::spaced(part)).collect();
    format!("{}: the trigger was larger than max_trigger_bytes of its policy", parts.join(", "))
}

/// The facts about the account that an approach needs.
pub fn of_snapshot(account: &v1::AccountSnapshot) -> Option<String> {
    super::approach::approach(&account.segment, &account.manner, &account.concessions)
}

/// `65 of 100: the gap they left for is closed (100 %) × tier 1, $84000 a year (91 %) × …`.
fn priority(priority: &v1::Priority) -> String {
    let parts = [&priority.recoverability, &priority.value, &priority.strength, &priority.fit];
    let phrases: Vec<String> = parts
        .into_iter()
        .flatten()
        .map(|part| format!("{} ({} %)", words::safe(&part.why), part.percent))
        .collect();
    format!("{} of 100: {}", priority.total, phrases.join(" × "))
}

fn labelled(label: &str, text: &str) -> String {
    let text = words::wrapped(text, INDENT.len(), WIDTH, INDENT);
    format!("  {}{text}", styled(DIM, &format!("{label:<9}")))
}

fn head(trigger: &v1::Trigger) -> String {
    let fired = words::minute(words::time(trigger.fired_at.as_ref()));
    let Some(account) = &trigger.account else { return fired };
    let name = if account.name.is_empty() { &account.id } else { &account.name };
    let id = format!("({})", words::safe(&account.id));
    format!(
        "{fired}  {}  {}  {} · {}",
        styled(BOLD, &words::short(&words::safe(name), 40)),
        styled(DIM, &id),
        worth(account),
        left(account)
    )
}

fn worth(account: &v1::AccountSnapshot) -> String {
    let tier = if account.tier == "below" {
        "below the tiers".to_owned()
    } else {
        format!("tier {}", words::safe(&account.tier))
    };
    format!("{tier}, {}", words::money(account.arr_usd))
}

/// `left 7 months ago: product gap (sso)`.
fn left(account: &v1::AccountSnapshot) -> String {
    let when = match account.months_since_churn {
        0 => "this month".to_owned(),
        1 => "a month ago".to_owned(),
        months @ 2..=36 => format!("{months} months ago"),
        months => format!("{} years ago", months / 12),
    };
    let again = if account.churn_number > 1 {
        format!(" for the {}. time", account.churn_number)
    } else {
        String::new()
    };
    let mut details: Vec<String> =
        account.missing_features.iter().take(3).map(|feature| words::safe(feature)).collect();
    details.extend(
        [&account.reason_detail, &account.competitor]
            .iter()
            .filter(|text| !text.is_empty())
            .map(|text| words::safe(text)),
    );
    let details = if details.is_empty() {
        String::new()
    } else {
        format!(" ({})", words::short(&details.join(", "), 40))
    };
    format!("left{again} {when}: {}{details}", words::spaced(&account.reason))
}

/// `pricing page, twice · mail clicked (/docs/sso): 4 signals in 26 min, score 14 (matched by domain, contact)`.
fn why_now(trigger: &v1::Trigger) -> String {
    let (score, evidence) =
        (trigger.score.clone().unwrap_or_default(), trigger.evidence.clone().unwrap_or_default());
    let mut parts = score.parts.clone();
    parts.sort_by_key(|part| std::cmp::Reverse(part.weight));
    let phrases: Vec<String> = parts.iter().map(|part| phrase(part, &evidence.items)).collect();
    let before = evidence.items.iter().filter(|item| is_carried(item, &score.parts)).count();
    let before = if before == 0 { String::new() } else { format!(", and {before} in the quiet time before") };
    format!(
        "{}: {}{}, score {} ({} needed){before}{}",
        phrases.join(" · "),
        words::count(evidence.signals, "signal"),
        within(&evidence),
        score.total,
        score.needed,
        matched_by(&evidence.items)
    )
}

/// Evidence of the quiet time before has no weight; a kind that weighs nothing stands in the score's parts.
fn is_carried(item: &v1::EvidenceItem, parts: &[v1::ScorePart]) -> bool {
    item.weight == 0
        && !parts
            .iter()
            .any(|part| part.kind == item.kind && part.page_class == item.page_class && part.weight == 0)
}

fn within(evidence: &v1::Evidence) -> String {
    let first = words::time(evidence.first_at.as_ref());
    let last = words::time(evidence.last_at.as_ref());
    match first.zip(last) {
        Some((first, last)) if evidence.signals > 1 => format!(" in {}", words::length(last.since(first))),
        _ => String::new(),
    }
}

fn matched_by(items: &[v1::EvidenceItem]) -> String {
    let mut methods: Vec<String> = Vec::new();
    for method in items.iter().map(|item| words::spaced(&item.method)) {
        if !methods.contains(&method) {
            methods.push(method);
        }
    }
    if methods.is_empty() { String::new() } else { format!(" (matched by {})", methods.join(", ")) }
}

/// One kind of signal and how often it came, with its detail where it came once.
fn phrase(part: &v1::ScorePart, items: &[v1::EvidenceItem]) -> String {
    let what = words::happened(&part.kind, &part.page_class);
    let own = |item: &&v1::EvidenceItem| item.kind == part.kind && item.page_class == part.page_class;
    let detail = items.iter().find(own).map_or("", |item| item.detail.as_str());
    match part.signals {
        1 if !detail.is_empty() => format!("{what} ({})", words::short(&words::safe(detail), 48)),
        0 | 1 => what,
        2 => format!("{what}, twice"),
        more => format!("{what}, {more} times"),
    }
}

fn decided(trigger: &v1::Trigger) -> String {
    let fired = words::time(trigger.fired_at.as_ref());
    let quiet = words::time(trigger.quiet_until.as_ref());
    let quiet = quiet
        .map_or_else(String::new, |until: Time| format!("; quiet until {}", words::moment(until, fired)));
    let policy = format!(" (policy {}, version {})", words::safe(&trigger.policy), trigger.policy_version);
    format!("{}{quiet}{policy}", fired_how(trigger))
}

fn fired_how(trigger: &v1::Trigger) -> String {
    if Edge::parse(&trigger.edge) == Some(Edge::Update) {
        return format!(
            "told again at the end of the burst, in addition to {}",
            words::safe(&trigger.parent_id)
        );
    }
    match FiredBecause::parse(&trigger.fired_because) {
        Some(FiredBecause::Leading) => format!("fired at once on: {}", strongest(trigger)),
        Some(FiredBecause::StrengthUp) => {
            format!("fired at once in the quiet time, being stronger than before: {}", strongest(trigger))
        }
        Some(FiredBecause::GapElapsed) => "fired at the end of the burst, when nothing more came".to_owned(),
        Some(FiredBecause::MaxWait) => {
            "fired at the end of the burst, when it had waited as long as it may".to_owned()
        }
        Some(FiredBecause::MaxSignals) => "fired when the burst had as many signals as it may".to_owned(),
        None => format!("fired because of {}", words::spaced(&trigger.fired_because)),
    }
}

fn strongest(trigger: &v1::Trigger) -> String {
    let items = trigger.evidence.as_ref().map_or(&[][..], |evidence| &evidence.items);
    items
        .first()
        .map_or_else(|| "a strong signal".to_owned(), |item| words::happened(&item.kind, &item.page_class))
}
