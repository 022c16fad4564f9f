//! `explain`: the story of an account, a signal, a burst or a trigger.

use std::ops::ControlFlow;
use std::process::ExitCode;

use clap::Args;
use winback_core::identity::{company_domain, company_name};
use winback_core::ids::Offset;
use winback_deployment::{Context, accounts, scan};
use winback_log::Log;
use winback_proto::{WireMessage, v1};
use winback_show::explain::find::meanings;
use winback_show::explain::records::Records;
use winback_show::explain::{Focus, Story, heading, only, story_of};
use winback_show::{letter, words};
use winback_terminal::{EXIT_PARTLY, Out, until_closed};

/// The most dead letters that are named where an id has no other meaning.
const LETTERS: usize = 5;

/// The most accounts of one name that are listed.
const SEVERAL: usize = 20;

/// Arguments of `explain`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ExplainArgs {
    /// An account's id, name or domain; a signal's id, alone or as `source:id`; a burst's or a trigger's; or the beginning of
    /// an id.
    pub(crate) subject: String,
}

pub(crate) fn run(context: &Context, args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    until_closed(explain(context, &args.subject))
}

fn explain(context: &Context, subject: &str) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    // An account's partition is read in no time; whose an id is, only all partitions say.
    if !is_whole_id(subject) {
        let records = Records::read(context, &*log, subject, false)?;
        if !records.is_empty() {
            return print(context, &records, &Focus::Account);
        }
    }
    let found = meanings(context, &*log, subject)?;
    match found.as_slice() {
        [] if is_whole_id(subject) => {
            let records = Records::read(context, &*log, subject, false)?;
            if records.is_empty() {
                by_name(context, &*log, subject)
            } else {
                print(context, &records, &Focus::Account)
            }
        }
        [] => by_name(context, &*log, subject),
        [one] => {
            let records = Records::read(context, &*log, &one.account, one.in_shadow)?;
            print(context, &records, &one.focus())
        }
        several => {
            let several: Vec<String> =
                several.iter().map(|meaning| format!("  {}", meaning.words())).collect();
            winback_terminal::note!(
                "winback: `{}` may mean several things: write more of it\n{}",
                words::safe(subject),
                several.join("\n")
            );
            Ok(ExitCode::from(EXIT_PARTLY))
        }
    }
}

/// True if it looks like the id of a trigger or a burst.
fn is_whole_id(subject: &str) -> bool {
    subject.len() == 32 && subject.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn print(context: &Context, records: &Records, focus: &Focus) -> anyhow::Result<ExitCode> {
    let Story { account, steps } = story_of(records);
    let steps = only(steps, focus);
    let mut out = Out::new();
    if context.json {
        steps.iter().try_for_each(|step| out.json(step))?;
    } else {
        out.line(&heading(&records.account, account.as_ref()))?;
        steps.iter().try_for_each(|step| out.line(&step.paragraph()))?;
        if records.decisions.is_empty() {
            out.line("  nothing that came was found to be theirs yet")?;
        }
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The story of the one account of that name, alias or domain.
fn by_name(context: &Context, log: &dyn Log, subject: &str) -> anyhow::Result<ExitCode> {
    let names = named(context, log, subject)?;
    if names.len() > 1 {
        let shown = |(id, name): (&String, &String)| format!("  {} ({})", words::safe(id), words::safe(name));
        winback_terminal::note!(
            "winback: `{}` is the name or domain of several accounts: write the id of one\n{}",
            words::safe(subject),
            names.iter().take(SEVERAL).map(shown).collect::<Vec<_>>().join("\n")
        );
        return Ok(ExitCode::from(EXIT_PARTLY));
    }
    match names.into_keys().next() {
        Some(id) => print(context, &Records::read(context, log, &id, false)?, &Focus::Account),
        None => nothing(context, log, subject),
    }
}

/// The message for a subject that has no meaning here.
fn nothing(context: &Context, log: &dyn Log, subject: &str) -> anyhow::Result<ExitCode> {
    let shown = words::safe(subject);
    let letters = letters(context, log, subject)?;
    let dead = if letters.is_empty() {
        "no dead letter holds it".to_owned()
    } else {
        format!("dead letters that hold it: {} (`winback dead-letters show N`)", letters.join(", "))
    };
    winback_terminal::note!(
        "winback: `{shown}` is no account that the inbox knows (`winback accounts list` shows who is on the list), no \
         trigger and no burst, and no matched signal has this id; {dead}; signals that matched nobody are counted, not \
         kept"
    );
    Ok(ExitCode::from(EXIT_PARTLY))
}

/// The accounts of the list of that name, alias or domain, with their names.
fn named(context: &Context, log: &dyn Log, subject: &str) -> anyhow::Result<accounts::Known<String>> {
    let wanted = Wanted::of(subject);
    accounts::known(log, &context.topics.accounts, |account| wanted.is(&account).then_some(account.name))
}

/// A name or domain that a person wrote.
struct Wanted {
    domain: Option<String>,
    name: String,
}

impl Wanted {
    fn of(text: &str) -> Self {
        Self { domain: company_domain(text).ok(), name: company_name(text) }
    }

    fn is(&self, account: &v1::Account) -> bool {
        let has_domain = self.domain.as_ref().is_some_and(|domain| account.domains.contains(domain));
        let mut names = std::iter::once(&account.name).chain(&account.aliases);
        has_domain || (!self.name.is_empty() && names.any(|name| company_name(name) == self.name))
    }
}

/// The dead letters whose record holds that text, as `12 (bad_time)`.
fn letters(context: &Context, log: &dyn Log, subject: &str) -> anyhow::Result<Vec<String>> {
    // Of `source:id` a record holds the id.
    let id = subject.split_once(':').map_or(subject, |(_, id)| id);
    let holds = memchr::memmem::Finder::new(id.as_bytes());
    let mut letters = Vec::new();
    for partition in scan::partitions(log, &context.topics.dead_letters)? {
        scan::each(log, &partition, Offset::ZERO, |message| {
            let value = message.value().filter(|value| holds.find(value).is_some());
            let dead = value.and_then(|value| v1::DeadLetter::from_bytes(value).ok());
            if let Some(dead) = dead.filter(|dead| holds.find(&dead.value).is_some()) {
                letters.push(format!(
                    "{} ({}, {})",
                    message.offset,
                    words::safe(&dead.reason),
                    letter::position(&dead)
                ));
            }
            Ok(if letters.len() < LETTERS { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
    }
    Ok(letters)
}
