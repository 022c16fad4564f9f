//! `topics`: what the deployment needs of the log, and what is there.

use std::process::ExitCode;

use clap::Subcommand;
use comfy_table::{Cell, Color, ContentArrangement, Table, presets};
use winback_deployment::Context;
use winback_deployment::topic_plan::{self, Planned};
use winback_log::{Cleanup, Log, TopicSpec};
use winback_terminal::{EXIT_PARTLY, Out, until_closed};

/// `topics`.
#[derive(Debug, Subcommand)]
pub(crate) enum TopicsCommand {
    /// Show which topics exist, which are missing and which are wrong.
    Plan,
    /// Make what is missing.
    Apply,
    /// Find records in winback's own topics that winback cannot read, and mend what they cover.
    ///
    /// Members refuse to start with such a record. With all members stopped, a key that winback never wrote is
    /// tombstoned, and for a key of winback's the value is made again: from the inbox, or from what else tells of it. What
    /// would be forgotten is said first, and asked. Exit code 0: nothing was wrong, or all is mended; 1: something was
    /// found and nothing mended; 4: mended in part.
    Doctor(super::doctor::DoctorArgs),
}

pub(crate) fn run(context: &Context, command: &TopicsCommand) -> anyhow::Result<ExitCode> {
    until_closed(match command {
        TopicsCommand::Plan => plan(context),
        TopicsCommand::Apply => apply(context),
        TopicsCommand::Doctor(args) => super::doctor::run(context, args),
    })
}

/// One topic as `plan` tells it.
struct Row {
    spec: TopicSpec,
    own: bool,
    state: &'static str,
    todo: String,
}

fn rows(context: &Context, log: &dyn Log) -> anyhow::Result<Vec<Row>> {
    let own = context.topics.specs(&context.config).len();
    let planned = topic_plan::plan_all(log, &context.config)?;
    let row = |(at, (spec, planned)): (usize, (TopicSpec, Planned))| {
        let own = at < own;
        let made_by_others = !own && log.is_shared();
        let (state, todo) = match planned {
            Planned::Right => ("right", String::new()),
            Planned::Missing if made_by_others => {
                ("missing", "who writes it makes it, or correct the config".to_owned())
            }
            Planned::Missing => ("missing", "`winback topics apply` makes it".to_owned()),
            Planned::Wrong(what) => ("wrong", what.join("; ")),
        };
        Row { spec, own, state, todo }
    };
    Ok(planned.into_iter().enumerate().map(row).collect())
}

fn plan(context: &Context) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    let rows = rows(context, &*log)?;
    let mut out = Out::new();
    if context.json {
        rows.iter().try_for_each(|row| out.json(&json(row)))?;
    } else {
        out.line(&table(&rows).to_string())?;
    }
    out.flush()?;
    warn(context, &*log);
    let right = rows.iter().all(|row| row.state == "right");
    Ok(if right { ExitCode::SUCCESS } else { ExitCode::from(EXIT_PARTLY) })
}

fn apply(context: &Context) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    let made = topic_plan::apply(&*log, &context.config, !log.is_shared())?;
    let mut out = Out::new();
    for name in &made {
        if context.json {
            out.json(&serde_json::json!({ "topic": name, "made": true }))?;
        } else {
            out.line(&format!("made {name}"))?;
        }
    }
    if made.is_empty() && !context.json {
        out.line("nothing to make")?;
    }
    let rows = rows(context, &*log)?;
    let missing: Vec<&Row> = rows.iter().filter(|row| row.state == "missing").collect();
    for row in &missing {
        if context.json {
            out.json(&serde_json::json!({ "topic": row.spec.name, "made": false, "todo": row.todo }))?;
        } else {
            out.line(&format!("missing {}: {}", row.spec.name, row.todo))?;
        }
    }
    out.flush()?;
    warn(context, &*log);
    Ok(if missing.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_PARTLY) })
}

/// Warns about settings of the broker that are risky.
fn warn(context: &Context, log: &dyn Log) {
    if log.is_shared() {
        let own = context.topics.specs(&context.config);
        let names: Vec<&str> = own.iter().map(|spec| spec.name.as_str()).collect();
        // The log answered a moment ago; what it does not say now is not worth failing for.
        let there = log.describe(&names).unwrap_or_default();
        for long in there.iter().flatten().filter_map(topic_plan::kept_too_long) {
            winback_terminal::note!("warning: {long}");
        }
    }
    if log.is_shared() && context.config.topics.replication < 2 {
        winback_terminal::note!(
            "warning: topics.replication = {}: what one broker loses is lost; 3 on a cluster of three or more",
            context.config.topics.replication
        );
    }
    // Who may not read the brokers' settings can still plan topics.
    for warning in log.warnings().unwrap_or_default() {
        winback_terminal::note!("warning: {warning}");
    }
}

fn cleanup(spec: &TopicSpec) -> String {
    match spec.cleanup {
        Cleanup::Compact { .. } => "compact".to_owned(),
        Cleanup::Delete(Some(after)) => format!("delete after {after}"),
        Cleanup::Delete(None) => "keep".to_owned(),
    }
}

fn json(row: &Row) -> serde_json::Value {
    serde_json::json!({
        "topic": row.spec.name,
        "writtenBy": if row.own { "winback" } else { "others" },
        "partitions": row.spec.partitions,
        "cleanup": cleanup(&row.spec),
        "state": row.state,
        "todo": row.todo,
    })
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(["topic", "written by", "partitions", "cleanup", "state", "what to do"]);
    for row in rows {
        let colour = match row.state {
            "right" => Color::Green,
            "missing" => Color::Yellow,
            _ => Color::Red,
        };
        // Others choose how their own topics are kept.
        let (partitions, kept) =
            if row.own { (row.spec.partitions.to_string(), cleanup(&row.spec)) } else { Default::default() };
        let by = if row.own { "winback" } else { "others" };
        table.add_row([
            Cell::new(&row.spec.name),
            Cell::new(by),
            Cell::new(partitions),
            Cell::new(kept),
            Cell::new(row.state).fg(colour),
            Cell::new(&row.todo),
        ]);
    }
    table
}
