//! `winback accounts`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use winback_deployment::{Context, topic_plan};
use winback_ingest::{self as ingest, FileFormat, Records, format_of, name_of, open};
use winback_log::{Append, Log};
use winback_proto::v1;
use winback_show::words;
use winback_terminal::{EXIT_PARTLY, EXIT_USAGE, until_closed};

use super::ingest::largest;
use crate::accounts::{self, Bad, Difference, Gate, Print, shown};
use crate::cli::accounts::AccountsCommand;
use crate::talk;

/// Ids that are named of a longer list.
const NAMED: usize = 5;

pub(crate) fn run(context: &Context, command: AccountsCommand) -> anyhow::Result<ExitCode> {
    match command {
        AccountsCommand::Import { file, format, replace, yes } => {
            Import { context, file: &file, format, replace, yes }.run()
        }
        AccountsCommand::Show { id } => until_closed(show(context, &id)),
        AccountsCommand::List { limit } => until_closed(list(context, limit)),
    }
}

struct Import<'a> {
    context: &'a Context,
    file: &'a Path,
    format: Option<FileFormat>,
    replace: bool,
    yes: bool,
}

impl Import<'_> {
    fn run(&self) -> anyhow::Result<ExitCode> {
        let context = self.context;
        context.config.accounts.check_ours()?;
        let format = format_of(self.format, Some(self.file), None)?;
        let input = open(Some(self.file))?;
        let log = context.log()?;
        topic_plan::apply(&*log, &context.config, true)?;
        let topic = &context.config.accounts.topic;
        let mut after: BTreeMap<String, Print> = BTreeMap::new();
        let mut records = Records::new(input, format, largest(&*log, topic)?)?;
        let gate = Gate::of(context, &*log, largest(&*log, &context.topics.accounts)?)?;
        let (rows, checked) = accounts::check(&mut records, Bad::LeaveOut, Some(&gate), |row| {
            if self.replace {
                accounts::apply(&mut after, row);
            }
        })?;
        let left_out = checked.bad + u64::try_from(checked.too_large.len()).unwrap_or(u64::MAX);
        // A row is either written or left out, and each that is left out says why.
        for line in checked.too_large.iter().take(NAMED) {
            crate::talk::note!("line {line}: larger than any record that `{topic}` takes");
        }
        let removed = match self.replaced(&*log, &after, checked.rows, left_out)? {
            Ok(removed) => removed,
            Err(code) => return Ok(code),
        };
        let taken = ingest::Taken { records: checked.rows, ..ingest::Taken::default() };
        let bar = talk::bar(checked.rows);
        let written = ingest::write(&*log, topic, rows, &taken, context.clock.now(), &bar)?;
        remove(&*log, topic, &removed)?;
        self.report(written, removed.len(), left_out)
    }

    /// The accounts to take off the list; or how the command ends without writing anything.
    fn replaced(
        &self,
        log: &dyn Log,
        after: &BTreeMap<String, Print>,
        rows: u64,
        left_out: u64,
    ) -> anyhow::Result<Result<Vec<String>, ExitCode>> {
        if !self.replace {
            return Ok(Ok(Vec::new()));
        }
        if left_out > 0 || rows == 0 {
            let why = if rows == 0 {
                "it has no rows".to_owned()
            } else {
                format!("{} cannot be taken", talk::counted(left_out, "row"))
            };
            crate::talk::note!(
                "nothing was written: {} cannot replace the list: {why}",
                name_of(Some(self.file))
            );
            return Ok(Err(ExitCode::from(EXIT_PARTLY)));
        }
        let mut before =
            accounts::known(log, &self.context.topics.accounts, |account| Some(Print::of_wire(account)))?;
        accounts::pending(log, &self.context.config, |row| accounts::apply(&mut before, &row))?;
        let Difference { added, changed, removed } = accounts::difference(&before, after);
        for (what, ids) in [("added", &added), ("changed", &changed), ("removed", &removed)] {
            let first: Vec<&str> = ids.iter().take(NAMED).map(String::as_str).collect();
            let more = if ids.len() > NAMED { ", …" } else { "" };
            let colon = if first.is_empty() { "" } else { ": " };
            crate::talk::note!("{:>8} {what}{colon}{}{more}", ids.len(), words::safe(&first.join(", ")));
        }
        let from_file = self.file != Path::new("-");
        let answer = match self.yes || removed.is_empty() {
            true => Some(true),
            false if from_file => talk::ask("Replace the list?")?,
            false => None,
        };
        if answer == Some(true) {
            return Ok(Ok(removed.into_iter().collect()));
        }
        crate::talk::note!("nothing was written{}", if answer.is_none() { ": add --yes" } else { "" });
        Ok(Err(ExitCode::from(EXIT_USAGE)))
    }

    fn report(&self, written: u64, removed: usize, left_out: u64) -> anyhow::Result<ExitCode> {
        let value = json!({
            "topic": self.context.config.accounts.topic, "written": written, "removed": removed, "left_out": left_out,
        });
        let mut text = format!("{} written", talk::counted(written, "row"));
        if removed > 0 {
            let removed = u64::try_from(removed).unwrap_or(u64::MAX);
            text += &format!(", {} taken off the list", talk::counted(removed, "account"));
        }
        if left_out > 0 {
            text += &format!(", {} left out", talk::counted(left_out, "row"));
        }
        talk::print(self.context.json, &value, &text)?;
        Ok(if left_out == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_PARTLY) })
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

fn list(context: &Context, limit: Option<usize>) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    let accounts = accounts::known(&*log, &context.topics.accounts, Some)?;
    let shown: Vec<v1::Account> =
        accounts.into_values().take(limit.unwrap_or(usize::MAX)).map(shown::masked).collect();
    let mut out = winback_terminal::Out::new();
    if context.json {
        shown.iter().try_for_each(|account| out.json(account))?;
    } else if !shown.is_empty() {
        out.line(&shown::table(&shown))?;
    }
    out.flush()?;
    tell_pending(context, &*log)?;
    Ok(ExitCode::SUCCESS)
}

fn show(context: &Context, id: &str) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    let found =
        accounts::known(&*log, &context.topics.accounts, |account| (account.id == id).then_some(account))?;
    let account = found.into_values().next().map(shown::masked);
    let mut out = winback_terminal::Out::new();
    match &account {
        Some(account) if context.json => out.json(account)?,
        Some(account) => out.line(&shown::text(account))?,
        None => crate::talk::note!("there is no account `{}` in the list", words::safe(id)),
    }
    out.flush()?;
    tell_pending(context, &*log)?;
    Ok(if account.is_some() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_PARTLY) })
}

fn tell_pending(context: &Context, log: &dyn Log) -> anyhow::Result<()> {
    let rows = accounts::pending(log, &context.config, |_| {})?;
    if rows > 0 {
        let (wait, them) = if rows == 1 { ("waits", "it") } else { ("wait", "them") };
        crate::talk::note!(
            "{} {wait} in `{}`: `winback run` takes {them} in",
            talk::counted(rows, "row"),
            context.config.accounts.topic
        );
    }
    Ok(())
}
