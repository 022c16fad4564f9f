//! A preview as text and as JSON.

use serde_json::{Value, json};
use winback_core::account::Account;
use winback_core::debounce::months_since_churn;
use winback_core::time::Time;
use winback_proto::v1;
use winback_sequences::{Due, Message, Outcome, Planned, Skip, Step};
use winback_show::words;

/// The account and why it is written to.
pub(crate) fn heading(account: &Account, trigger: Option<&v1::Trigger>, at: Time) -> String {
    let months = months_since_churn(account, at);
    let first = format!(
        "{} ({}), tier {}, left {} ({} before): {}",
        words::styled(words::BOLD, &words::safe(&account.name)),
        words::safe(account.id.as_str()),
        account.tier(),
        words::day(account.churned_at, None),
        words::count(months, "month"),
        words::spaced(account.reason.as_str()),
    );
    let Some(trigger) = trigger else {
        return format!("{first}\nno trigger yet: as if it began now, with no evidence");
    };
    let items = trigger.evidence.as_ref().map(|evidence| evidence.items.as_slice()).unwrap_or_default();
    let mut evidence: Vec<String> =
        items.iter().map(|item| words::happened(&item.kind, &item.page_class)).collect();
    evidence.dedup();
    format!(
        "{first}\ntrigger {} fired {}: {}",
        words::safe(words::short(&trigger.id, 9).trim_end_matches('…')),
        words::minute(Some(at)),
        evidence.join(", ")
    )
}

/// The day and hour of a step.
pub(crate) fn moment(step: &Step) -> String {
    let hour = step.hour.map_or_else(|| "at once".to_owned(), |hour| hour.strftime("%H:%M").to_string());
    format!("day {}, {hour}", step.day)
}

/// A step with its time, the rules that moved it, and its words.
pub(crate) fn paragraph(planned: &Planned<'_>, messages: &[Message], zone: &str) -> String {
    let step = planned.step;
    let mut lines = vec![format!(
        "{}  {}, {}{}",
        words::styled(words::BOLD, &step.id),
        moment(step),
        step.channel,
        whom(planned)
    )];
    match (&planned.outcome, &planned.due) {
        (Outcome::Touch(_), Some(due)) => lines.push(format!("  {}", when(due, zone))),
        (Outcome::Touch(_), None) => {}
        (Outcome::Skipped(skip), due) => {
            let when = due.as_ref().map(|due| format!(" ({})", when(due, zone))).unwrap_or_default();
            lines.push(format!("  not sent: {}, {}{when}\n", skip, why(*skip)));
        }
        (Outcome::NotSent, _) => lines.push("  not sent: the sequence ended before\n".to_owned()),
    }
    for message in messages {
        let arm = message.arm.as_ref().map(|arm| format!(", arm {arm}")).unwrap_or_default();
        let theirs = if is_theirs(planned, message) { ", theirs" } else { "" };
        let head = format!("  [{}{theirs}{}]", message.language, words::safe(&arm));
        lines.push(words::styled(words::DIM, &head));
        if !message.subject.is_empty() {
            lines.push(format!("  {}", words::styled(words::BOLD, &words::safe(&message.subject))));
        }
        lines.extend(
            message.body.lines().map(|line| format!("  {}", words::safe(line)).trim_end().to_owned()),
        );
        lines.push(String::new());
    }
    lines.join("\n")
}

/// True for the language that the contact gets.
fn is_theirs(planned: &Planned<'_>, message: &Message) -> bool {
    matches!(&planned.outcome, Outcome::Touch(told) if told.language == message.language)
}

fn whom(planned: &Planned<'_>) -> String {
    match &planned.outcome {
        Outcome::Touch(told) if planned.step.channel.is_task() => match &told.role {
            Some(role) if !role.is_empty() => format!(", by the owner to the {}", words::safe(role)),
            _ => ", by the owner".to_owned(),
        },
        Outcome::Touch(told) => told
            .role
            .as_ref()
            .filter(|role| !role.is_empty())
            .map(|role| format!(" to the {}", words::safe(role)))
            .unwrap_or_default(),
        Outcome::Skipped(_) | Outcome::NotSent => String::new(),
    }
}

/// `Mon 2027-02-08 09:00 in Europe/Berlin; moved from Sun 2027-02-07 09:00 by weekend`.
fn when(due: &Due, zone: &str) -> String {
    let moved: Vec<String> = due
        .moved
        .iter()
        .map(|moved| {
            format!(
                "; moved from {} by {}",
                moved.from.strftime("%a %Y-%m-%d %H:%M"),
                spaced(moved.by.as_str())
            )
        })
        .collect();
    format!("{} in {zone}{}", due.local.strftime("%a %Y-%m-%d %H:%M"), moved.concat())
}

fn spaced(word: &str) -> String {
    word.replace('_', " ")
}

const fn why(skip: Skip) -> &'static str {
    match skip {
        Skip::Condition => "its condition does not hold",
        Skip::NothingNew => "it would have nothing new to say",
        Skip::ContentRule => "an offer before its time, or a claim without a release",
        Skip::NoContact => "nobody of its roles may be written to",
        Skip::NoDay => "no day is free",
    }
}

/// The same as one object.
pub(crate) fn json(sequence: &str, planned: &Planned<'_>, messages: &[Message]) -> Value {
    let step = planned.step;
    let (outcome, because) = match &planned.outcome {
        Outcome::Touch(_) => ("touch", None),
        Outcome::Skipped(skip) => ("skipped", Some(skip.as_str())),
        Outcome::NotSent => ("not_sent", None),
    };
    let moved = |due: &Due| -> Vec<Value> {
        let moved = due.moved.iter();
        moved.map(|one| json!({ "by": one.by.as_str(), "from": one.from.to_string() })).collect()
    };
    let texts = messages.iter().map(
        |one| json!({ "language": one.language, "theirs": is_theirs(planned, one), "arm": one.arm, "subject": one.subject, "body": one.body }),
    );
    json!({
        "sequence": sequence,
        "step": step.id,
        "day": step.day,
        "channel": step.channel.as_str(),
        "outcome": outcome,
        "because": because,
        "due": planned.due.as_ref().map(|due| due.at().to_string()),
        "local": planned.due.as_ref().map(|due| due.local.datetime().to_string()),
        "moved": planned.due.as_ref().map(moved),
        "texts": texts.collect::<Vec<_>>(),
    })
}
