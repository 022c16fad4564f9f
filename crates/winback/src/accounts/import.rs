//! `accounts import`: a file into the list, as far as it is understood.

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde_json::{Value, json};
use winback_log::{Append, Log, LogError};
use winback_proto::account;
use winback_registrar::{RowRules, Statement};

use super::preview::Preview;
use super::{Bad, Check, Checked, Difference, Gate};
use crate::cli::accounts::ImportArgs;
use crate::commands::ingest::largest;
use crate::{accounts, talk};
use winback_deployment::Context;
use winback_deployment::topic_plan;
use winback_ingest::{self as ingest, Records, Sorter, format_of, name_of, open_in};
use winback_terminal::safe;
use winback_terminal::{EXIT_PARTLY, EXIT_USAGE};
use winback_terminal::{counted, note};

/// Ids and lines that are named of a longer list.
const NAMED: usize = 5;

/// Runs the command.
///
/// # Errors
/// When the file or the log cannot be read, or the config does not allow it.
pub(crate) fn run(context: &Context, args: &ImportArgs) -> anyhow::Result<ExitCode> {
    let rules = context.config.accounts.rules()?;
    Import { context, args, rules }.run()
}

struct Import<'a> {
    context: &'a Context,
    args: &'a ImportArgs,
    rules: RowRules,
}

/// A file that was checked.
struct File {
    rows: Sorter,
    checked: Checked,
    preview: Preview,
    /// Its statements, by account; filled for a list that is replaced.
    stated: BTreeMap<String, Statement>,
}

impl File {
    fn left_out(&self) -> u64 {
        self.checked.bad + self.checked.unwritable.len() as u64
    }
}

impl Import<'_> {
    fn run(&self) -> anyhow::Result<ExitCode> {
        let Self { context, args, .. } = self;
        context.config.accounts.check_ours()?;
        let log = context.log()?;
        if !args.dry_run {
            topic_plan::apply(&*log, &context.config, true)?;
        }
        let file = self.check(&*log)?;
        file.checked.unknown.tell(args.ignore_unknown);
        let stops = !file.checked.unknown.is_empty() && !args.ignore_unknown;
        if stops {
            note!(
                "nothing was written: name these columns in [accounts.mapping], correct them, or add --ignore-unknown"
            );
        }
        if args.dry_run {
            return self.preview(&file, stops);
        }
        if stops {
            return Ok(ExitCode::from(EXIT_USAGE));
        }
        let removed = match self.replaced(&*log, &file)? {
            Ok(removed) => removed,
            Err(code) => return Ok(code),
        };
        let topic = &context.config.accounts.topic;
        let (left_out, kept_out) = (file.left_out(), file.checked.kept_out);
        let taken = ingest::Taken { records: file.checked.rows, ..ingest::Taken::default() };
        let bar = talk::bar(file.checked.rows);
        let written = ingest::write(&*log, topic, file.rows, &taken, context.clock.now(), &bar)?;
        remove(&*log, topic, &removed)?;
        self.report(written, removed.len(), left_out, kept_out)
    }

    /// Reads the file and checks each row.
    fn check(&self, log: &dyn Log) -> anyhow::Result<File> {
        let Self { context, args, rules } = self;
        let format = format_of(args.format, Some(&args.file), None)?;
        let input = open_in(Some(&args.file), args.encoding.as_deref())?;
        let mut records = Records::new(input, format, room(log, &context.config.accounts.topic)?)?;
        let gate = Gate::of(context, log, room(log, &context.topics.accounts)?)?;
        if gate.blind() > 0 {
            note!(
                "{} say who was erased, and privacy.key is not known here: the registrar keeps them out",
                counted(gate.blind() as u64, "hash").replace("hashs", "hashes")
            );
        }
        let (mut preview, mut stated) = (Preview::default(), BTreeMap::new());
        let check = Check { bad: Bad::LeaveOut, rules, now: context.clock.now(), gate: Some(&gate) };
        let (rows, checked) = check.run(&mut records, |_, read| {
            if args.dry_run {
                preview.take(read);
            }
            if let (true, Ok(row)) = (args.replace, &read.statement) {
                stated.extend(row.id().map(|id| (id.to_string(), row.clone())));
            }
        })?;
        // A row is either written or left out, and each that is left out says why.
        for (line, why) in checked.unwritable.iter().take(NAMED * 4) {
            note!("line {line}: {}", safe(&why.to_string()));
        }
        if checked.unwritable.len() > NAMED * 4 {
            note!("… and {} more", checked.unwritable.len() - NAMED * 4);
        }
        Ok(File { rows, checked, preview, stated })
    }

    /// Shows the file as it is understood.
    fn preview(&self, file: &File, stops: bool) -> anyhow::Result<ExitCode> {
        let (rows, left_out) = (file.checked.rows, file.left_out());
        let mut value = file.preview.json();
        if let Value::Object(fields) = &mut value {
            fields.extend([
                ("dry_run".to_owned(), true.into()),
                ("rows".to_owned(), rows.into()),
                ("left_out".to_owned(), left_out.into()),
                ("kept_out".to_owned(), file.checked.kept_out.into()),
                ("unknown".to_owned(), json!(file.checked.unknown.names())),
            ]);
        }
        let would = if stops { "nothing would be written" } else { "would be written" };
        let text = match stops {
            true => format!("{}\n{would}", file.preview.text()),
            false => format!("{}\n{} {would}{}", file.preview.text(), counted(rows, "row"), left(left_out)),
        };
        talk::print(self.context.json, &value, text.trim_start())?;
        let code = if stops { EXIT_USAGE } else { EXIT_PARTLY };
        Ok(if stops || left_out > 0 { ExitCode::from(code) } else { ExitCode::SUCCESS })
    }

    /// The accounts to take off the list; or how the command ends without writing anything.
    fn replaced(&self, log: &dyn Log, file: &File) -> anyhow::Result<Result<Vec<String>, ExitCode>> {
        let Self { context, args, .. } = self;
        if !args.replace {
            return Ok(Ok(Vec::new()));
        }
        let (rows, left_out) = (file.checked.rows, file.left_out());
        if left_out > 0 || rows == 0 {
            let why = match rows {
                0 => "it has no rows".to_owned(),
                _ => format!("{} cannot be taken", counted(left_out, "row")),
            };
            note!("nothing was written: {} cannot replace the list: {why}", name_of(Some(&args.file)));
            return Ok(Err(ExitCode::from(EXIT_PARTLY)));
        }
        let mut before =
            accounts::known(log, &context.topics.accounts, |wire| account::from_wire(wire).ok())?;
        accounts::pending(log, &context.config, |row| accounts::apply(&mut before, &row))?;
        let difference = accounts::difference(&before, &file.stated, context.clock.now());
        tell(&difference);
        let Difference { removed, lifted, .. } = difference;
        let from_file = args.file != std::path::Path::new("-");
        let answer = match args.yes || (removed.is_empty() && lifted.is_empty()) {
            true => Some(true),
            false if from_file => talk::ask("Replace the list?")?,
            false => None,
        };
        if answer == Some(true) {
            return Ok(Ok(removed.into_iter().collect()));
        }
        note!("nothing was written{}", if answer.is_none() { ": add --yes" } else { "" });
        Ok(Err(ExitCode::from(EXIT_USAGE)))
    }

    fn report(&self, written: u64, removed: usize, left_out: u64, kept_out: u64) -> anyhow::Result<ExitCode> {
        let value = json!({
            "topic": self.context.config.accounts.topic, "written": written, "removed": removed, "left_out": left_out,
            "kept_out": kept_out,
        });
        let mut text = format!("{} written", counted(written, "row"));
        if removed > 0 {
            text += &format!(", {} taken off the list", counted(removed as u64, "account"));
        }
        text += &left(left_out);
        if kept_out > 0 {
            text += &format!(", of them {} kept out because of an erasure", talk::grouped(kept_out));
        }
        talk::print(self.context.json, &value, &text)?;
        Ok(if left_out == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_PARTLY) })
    }
}

fn left(left_out: u64) -> String {
    if left_out == 0 { String::new() } else { format!(", {} left out", counted(left_out, "row")) }
}

/// The largest record of a topic; a usual one's where there is none yet.
fn room(log: &dyn Log, topic: &str) -> Result<usize, LogError> {
    match largest(log, topic) {
        Err(LogError::NoTopic(_)) => Ok(winback_deployment::topics::RECORD_BYTES),
        found => found,
    }
}

/// Shows what changes, and what would no longer forbid.
fn tell(difference: &Difference) {
    let Difference { added, changed, removed, lifted } = difference;
    for (what, ids) in [("added", added), ("changed", changed), ("removed", removed)] {
        let first: Vec<&str> = ids.iter().take(NAMED).map(String::as_str).collect();
        let more = if ids.len() > NAMED { ", …" } else { "" };
        let colon = if first.is_empty() { "" } else { ": " };
        note!("{:>8} {what}{colon}{}{more}", ids.len(), safe(&first.join(", ")));
    }
    for (id, marks) in lifted.iter().take(NAMED) {
        note!("{:>8} no longer marked {}: {}", 1, marks.join(", "), safe(id));
    }
    if lifted.len() > NAMED {
        note!("{:>8} more are no longer marked", lifted.len() - NAMED);
    }
}

fn remove(log: &dyn Log, topic: &str, ids: &[String]) -> anyhow::Result<()> {
    let mut writer = log.writer()?;
    for id in ids {
        let row = json!({ "account_id": id, "deleted": true }).to_string();
        let (key, value) = (Some(id.as_bytes()), Some(row.as_bytes()));
        writer.append(&Append { topic, partition: None, key, value, headers: &[], timestamp: None })?;
    }
    Ok(writer.flush()?)
}
