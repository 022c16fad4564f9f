//! `verify`: is what is committed what one process would have made of the inbox?

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use comfy_table::{Cell, CellAlignment, Color, ContentArrangement, Table, presets};
use indicatif::ProgressBar;
use serde_json::json;
use winback_deployment::{Context, scan};
use winback_oracle::{Advance, Difference, Options, OracleError, PartitionReport, Report};
use winback_show::words;
use winback_terminal::{EXIT_FAILED, EXIT_PARTLY, Out, bar, grouped, until_closed};

/// Arguments of `verify`.
#[derive(Args, Clone, Debug)]
pub(crate) struct VerifyArgs {
    /// Begin where this file says that the last comparison ended, and renew it when nothing differs. An inbox that its
    /// retention cuts needs one: run this more often than records expire.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
}

/// A bar need not move with each record.
const BAR_EVERY: u64 = 1_000;

pub(crate) fn run(context: &Context, args: VerifyArgs) -> anyhow::Result<ExitCode> {
    until_closed(verify(context, args))
}

fn verify(context: &Context, args: VerifyArgs) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    scan::partitions(&*log, &context.topics.inbox)?;
    let options = Options { checkpoint: args.checkpoint, ..Options::default() };
    let mut shown: Option<ProgressBar> = None;
    let compared = winback_oracle::verify(
        &*log,
        &winback_admin::doctor::deployment(context),
        &options,
        &mut |at: Advance| {
            let bar = shown.get_or_insert_with(|| bar(at.total));
            if at.done.is_multiple_of(BAR_EVERY) {
                bar.set_position(at.done);
            }
        },
    );
    if let Some(bar) = shown {
        bar.finish_and_clear();
    }
    match compared {
        Ok(report) if context.json => in_json(&report),
        Ok(report) => in_words(&report),
        Err(OracleError::Log(error)) => Err(error.into()),
        Err(cut @ OracleError::Cut { .. }) => {
            winback_terminal::note!("winback: {cut}");
            Ok(ExitCode::from(EXIT_PARTLY))
        }
        Err(error) => Err(error.into()),
    }
}

fn code(report: &Report) -> ExitCode {
    if report.is_equal() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_FAILED) }
}

fn in_json(report: &Report) -> anyhow::Result<ExitCode> {
    let mut out = Out::new();
    report.partitions.iter().try_for_each(|partition| out.json(partition))?;
    report.first().try_for_each(|difference| out.json(difference))?;
    let notes: Vec<String> = report.notes.iter().map(ToString::to_string).collect();
    out.json(&json!({
        "equal": report.is_equal(),
        "differences": report.differences(),
        "records": report.sum(|partition| partition.records),
        "erasedAccountsSkipped": report.sum(|partition| partition.erased),
        "checkpointWritten": report.checkpoint_written,
        "notes": notes,
    }))?;
    out.flush()?;
    Ok(code(report))
}

fn in_words(report: &Report) -> anyhow::Result<ExitCode> {
    let mut out = Out::new();
    out.line(&table(&report.partitions).to_string())?;
    for difference in report.first() {
        out.line(&worded(difference))?;
    }
    out.line(&sentence(report))?;
    out.flush()?;
    report
        .notes
        .iter()
        .for_each(|note| winback_terminal::note!("winback: {}", words::safe(&note.to_string())));
    Ok(code(report))
}

fn table(partitions: &[PartitionReport]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    let names = [
        "partition",
        "records",
        "triggers",
        "decisions",
        "state rows",
        "open bursts",
        "not read yet",
        "differences",
    ];
    table.set_header(names.map(|name| Cell::new(name).set_alignment(CellAlignment::Right)));
    for partition in partitions {
        let unread = u64::try_from(partition.unread).unwrap_or_default();
        let numbers = [
            partition.records,
            partition.triggers,
            partition.decisions,
            partition.rows,
            partition.open,
            unread,
        ];
        let mut row = vec![Cell::new(partition.partition)];
        row.extend(numbers.map(|number| Cell::new(grouped(number))));
        let count = partition.count();
        row.push(Cell::new(grouped(count)).fg(if count == 0 { Color::Green } else { Color::Red }));
        table.add_row(row.into_iter().map(|cell| cell.set_alignment(CellAlignment::Right)));
    }
    table
}

/// One difference as a line: what, where, whose, and what it is instead.
fn worded(difference: &Difference) -> String {
    let Difference { kind, partition, offset, account, id, text } = difference;
    let place = offset.map_or_else(String::new, |offset| format!(", inbox offset {offset}"));
    let whose = if account.is_empty() { String::new() } else { format!("account {account}, ") };
    let id = if id.is_empty() { String::new() } else { format!("{id}: ") };
    let what = words::styled(words::BAD, &words::spaced(kind.as_str()));
    format!("{what}  partition {partition}{place}: {}", words::safe(&format!("{whose}{id}{text}")))
}

fn sentence(report: &Report) -> String {
    let records = grouped(report.sum(|partition| partition.records));
    let mut text = match report.differences() {
        0 => format!("equal: what is committed is what one process makes of these {records} inbox records"),
        1 => format!("1 difference from what one process makes of these {records} inbox records"),
        many => format!(
            "{} differences from what one process makes of these {records} inbox records",
            grouped(many)
        ),
    };
    let named = report.first().count() as u64;
    if named < report.differences() {
        text += &format!("; the first {named} are named");
    }
    match report.sum(|partition| partition.erased) {
        0 => {}
        1 => text += "; 1 erased account was skipped",
        many => text += &format!("; {} erased accounts were skipped", grouped(many)),
    }
    if report.checkpoint_written {
        text += "; the checkpoint is renewed";
    }
    text
}
