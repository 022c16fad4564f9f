//! `winback accounts`.

use std::process::ExitCode;

use winback_log::Log;
use winback_proto::v1;
use winback_show::gaps::Gaps;
use winback_show::words;
use winback_terminal::{EXIT_PARTLY, until_closed};

use crate::accounts::{self, Gate, answered, import, shown};
use crate::cli::accounts::AccountsCommand;
use crate::talk;
use winback_deployment::Context;

pub(crate) fn run(context: &Context, command: AccountsCommand) -> anyhow::Result<ExitCode> {
    match command {
        AccountsCommand::Import(args) => import::run(context, &args),
        AccountsCommand::Show { id } => until_closed(show(context, &id)),
        AccountsCommand::List { limit } => until_closed(list(context, limit)),
        AccountsCommand::Gaps => until_closed(gaps(context)),
    }
}

fn list(context: &Context, limit: Option<usize>) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    let accounts = accounts::known(&*log, &context.topics.accounts, Some)?;
    let answers = answered::answers(context, &*log, |id| accounts.contains_key(id))?;
    let of = |account: v1::Account| {
        let answered = answers.of(&account.id);
        shown::masked(answered::marked(account, answered.as_ref()))
    };
    let shown: Vec<v1::Account> = accounts.into_values().take(limit.unwrap_or(usize::MAX)).map(of).collect();
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

fn gaps(context: &Context) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    let mut gaps = Gaps::default();
    let accounts = accounts::known(&*log, &context.topics.accounts, Some)?;
    let answers = answered::answers(context, &*log, |id| accounts.contains_key(id))?;
    for account in accounts.into_values() {
        let answered = answers.of(&account.id);
        gaps.add(&answered::marked(account, answered.as_ref()));
    }
    let mut out = winback_terminal::Out::new();
    if context.json {
        gaps.rows().iter().try_for_each(|row| out.json(row))?;
    } else {
        out.line(&gaps.text())?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn show(context: &Context, id: &str) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    let found =
        accounts::known(&*log, &context.topics.accounts, |account| (account.id == id).then_some(account))?;
    let account = found.into_values().next();
    let answers = answered::answered(context, &*log, id)?;
    let mut out = winback_terminal::Out::new();
    match &account {
        Some(account) => {
            let others = answered::others(account, answers.as_ref());
            let account = shown::masked(answered::marked(account.clone(), answers.as_ref()));
            if context.json {
                out.json(&account)?;
            } else {
                out.line(&shown::text_with(&account, answers.as_ref(), &others))?;
            }
        }
        None if Gate::of(context, &*log, usize::MAX)?.was_erased(id) => {
            winback_terminal::note!(
                "the account `{}` was erased, and is kept out of the list",
                words::safe(id)
            );
        }
        None => winback_terminal::note!("there is no account `{}` in the list", words::safe(id)),
    }
    out.flush()?;
    tell_pending(context, &*log)?;
    Ok(if account.is_some() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_PARTLY) })
}

fn tell_pending(context: &Context, log: &dyn Log) -> anyhow::Result<()> {
    let rows = accounts::pending(log, &context.config, |_| {})?;
    if rows > 0 {
        let (wait, them) = if rows == 1 { ("waits", "it") } else { ("wait", "them") };
        winback_terminal::note!(
            "{} {wait} in `{}`: `winback run` takes {them} in",
            talk::counted(rows, "row"),
            context.config.accounts.topic
        );
    }
    Ok(())
}
