//! `winback outreach`: what a sequence would send to an account, and when.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json as object;
use winback_deployment::Context;
use winback_sequences::{Library, Message, Outcome, Plan, Sequence, Situation, Times, lacks, plan};
use winback_show::explain::records::Records;
use winback_show::words;
use winback_terminal::{EXIT_PARTLY, Out, until_closed};
use winback_worker::SendTimes;

use super::sequence::find;
use crate::outreach::{Known, gates, heading, json, paragraph};

/// `outreach`.
#[derive(Debug, Subcommand)]
pub(crate) enum OutreachCommand {
    /// Show what would be sent to an account and when, in every language, with the rule that moved each step.
    ///
    /// It sends and writes nothing. It begins at the account's last trigger, or now where there is none, and takes each step
    /// as sent when it is due.
    Preview(PreviewArgs),
}

/// Arguments of `outreach preview`.
#[derive(Args, Clone, Debug)]
pub(crate) struct PreviewArgs {
    /// The account's id.
    pub(crate) account: String,
    /// This sequence, whether it fits or not; the first that fits without it.
    #[arg(long, value_name = "NAME")]
    pub(crate) sequence: Option<String>,
    /// Only the texts of this language, such as en, ja or ms.
    #[arg(long, value_name = "LANGUAGE")]
    pub(crate) language: Option<String>,
}

pub(crate) fn run(context: &Context, command: &OutreachCommand) -> anyhow::Result<ExitCode> {
    let OutreachCommand::Preview(args) = command;
    until_closed(preview(context, args))
}

fn preview(context: &Context, args: &PreviewArgs) -> anyhow::Result<ExitCode> {
    let library = Library::load(&context.config.sequences_dir)?;
    let sending = SendTimes::of(&context.config.worker.send)?.sending();
    let known = Known::of(&Records::read(context, &*context.log()?, &args.account, false)?);
    let Some(account) = &known.account else {
        winback_terminal::note!(
            "`{}` is no account that the inbox knows; `winback accounts list` shows who is on the list",
            words::safe(&args.account)
        );
        return Ok(ExitCode::from(EXIT_PARTLY));
    };
    let now = context.clock.now();
    let at = known.at(now);
    let situation = known.situation(account, library.material(), at);
    let mut out = Out::new();
    if !context.json {
        out.line(&heading(account, known.trigger.as_ref(), at))?;
        for gate in gates(account, now) {
            out.line(&format!("nothing is sent to it: {gate}"))?;
        }
    }
    let sequence = match &args.sequence {
        Some(name) => find(&library, name),
        None => library.first_for(&situation),
    };
    let Some(sequence) = sequence else {
        if args.sequence.is_none() {
            nothing_fits(context, &mut out, &library, &situation)?;
        }
        out.flush()?;
        return Ok(ExitCode::from(EXIT_PARTLY));
    };
    let times = Times::new(&sending, account.zone.as_deref().unwrap_or_default());
    tell(context, &mut out, args, sequence, &situation, &times)?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// The sequences, and what the account lacks for each.
fn nothing_fits(
    context: &Context,
    out: &mut Out,
    library: &Library,
    situation: &Situation<'_>,
) -> anyhow::Result<()> {
    if !context.json {
        out.line("no sequence fits:")?;
    }
    for (sequence, _) in library.iter() {
        let lacks: Vec<&str> = lacks(sequence, situation).iter().map(|lack| lack.as_str()).collect();
        if context.json {
            out.json(&object!({ "sequence": sequence.name, "lacks": lacks }))?;
        } else if !lacks.is_empty() {
            out.line(&format!("  {:<18} {}", words::safe(&sequence.name), lacks.join(", ")))?;
        }
    }
    Ok(())
}

fn tell(
    context: &Context,
    out: &mut Out,
    args: &PreviewArgs,
    sequence: &Sequence,
    situation: &Situation<'_>,
    times: &Times<'_>,
) -> anyhow::Result<()> {
    let Plan { steps, ended } = plan(sequence, situation, times);
    if !context.json {
        out.line(&format!(
            "sequence {} (rank {}): {}",
            sequence.name,
            sequence.rank,
            words::safe(&sequence.framework)
        ))?;
        let lacks: Vec<&str> = lacks(sequence, situation).iter().map(|lack| lack.as_str()).collect();
        if !lacks.is_empty() {
            out.line(&format!("it does not fit: {}", lacks.join(", ")))?;
        }
        out.line("")?;
    }
    for planned in &steps {
        let mut messages = match &planned.outcome {
            Outcome::Touch(told) => Message::of(sequence, planned.step, situation, told)?,
            Outcome::Skipped(_) | Outcome::NotSent => Vec::new(),
        };
        messages
            .retain(|message| args.language.as_ref().is_none_or(|language| *language == message.language));
        if context.json {
            out.json(&json(&sequence.name, planned, &messages))?;
        } else {
            out.line(&paragraph(planned, &messages, times.zone()))?;
        }
    }
    if let Some((end, at)) = ended.filter(|_| !context.json) {
        out.line(&format!("it ended: {end}, {}", words::minute(Some(at))))?;
    }
    Ok(())
}
