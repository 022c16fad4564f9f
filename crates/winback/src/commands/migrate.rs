//! `winback migrate`.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::json;
use winback_admin::migrate::{self, Counts, Exclusive, Target};
use winback_deployment::config::ConfigError;
use winback_deployment::{Context, scan, topic_plan};
use winback_log::SharedLog;
use winback_proto::{WireMessage as _, v1};
use winback_terminal as terminal;
use winback_terminal::{EXIT_PARTLY, EXIT_USAGE, grouped};

/// Arguments of `migrate`.
#[derive(Args, Clone, Debug)]
pub(crate) struct MigrateArgs {
    /// The log that the deployment is on.
    pub(crate) from: String,
    /// The log that it moves to; empty.
    pub(crate) to: String,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Only say what would be moved.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

pub(crate) fn run(context: &Context, args: &MigrateArgs) -> anyhow::Result<ExitCode> {
    if args.from == args.to {
        return Err(wrong(format!("{} and {} are one log: name another to move to", args.from, args.to)));
    }
    if let Some(path) = args.from.strip_prefix("sqlite:")
        && !Path::new(path).is_file()
    {
        return Err(wrong(format!("{}: there is no such file", args.from)));
    }
    let (from, to) = (open(context, &args.from)?, open(context, &args.to)?);
    Move { context, args, from, to }.run()
}

fn open(context: &Context, url: &str) -> anyhow::Result<SharedLog> {
    Ok(winback_log::open(url, Arc::clone(&context.clock), &context.config.kafka.options())?)
}

fn wrong(text: String) -> anyhow::Error {
    ConfigError::Wrong { path: "migrate".to_owned(), text }.into()
}

struct Move<'a> {
    context: &'a Context,
    args: &'a MigrateArgs,
    from: SharedLog,
    to: SharedLog,
}

impl Move<'_> {
    fn run(&self) -> anyhow::Result<ExitCode> {
        let Self { context, args, from, to } = self;
        scan::partitions(&**from, &context.topics.inbox)?;
        let held = Exclusive::take(context, &**from)?;
        if let Some(code) = self.refused()? {
            return Ok(ExitCode::from(code));
        }
        let counts = migrate::count(context, &**from)?;
        if args.dry_run {
            self.print(&counts, 0, 0, "would move")?;
            return Ok(ExitCode::SUCCESS);
        }
        if !args.yes {
            let question = format!("move the deployment `{}` to {}?", context.config.deployment, to.name());
            match terminal::ask(&question)? {
                Some(true) => {}
                Some(false) => return Ok(ExitCode::from(EXIT_PARTLY)),
                None => {
                    self.print(&counts, 0, 0, "would move")?;
                    winback_terminal::note!("nothing was written: say --yes");
                    return Ok(ExitCode::from(EXIT_USAGE));
                }
            }
        }
        self.key()?;
        topic_plan::apply(&**to, &context.config, !to.is_shared())?;
        let there = Exclusive::take(context, &**to)?;
        let (counts, accounts, letters) = self.carry()?;
        there.end()?;
        held.end()?;
        self.print(&counts, accounts, letters, "moved")?;
        winback_terminal::note!(
            "sources are read at {} from where the config says (`start`); triggers, decisions and actions so far stay \
             readable with --log {}, which must not be run again; next: log = \"{}\" in the config, then `winback run`",
            to.name(),
            args.from,
            args.to
        );
        Ok(ExitCode::SUCCESS)
    }

    /// Prints the reason why it cannot be, and gives the exit code.
    fn refused(&self) -> anyhow::Result<Option<u8>> {
        let Self { context, from, to, .. } = self;
        let unread = migrate::unread(context, &**from)?;
        if !unread.is_empty() {
            winback_terminal::note!(
                "{} has work under way, which cannot be moved: {}; `winback --log {} run --until-idle` first",
                from.name(),
                unread.join(", "),
                self.args.from
            );
            return Ok(Some(EXIT_USAGE));
        }
        match migrate::look(&**to, &context.topics.inbox)? {
            Target::Empty => Ok(None),
            Target::Begun(moved) if moved.id == self.id()? => {
                winback_terminal::note!("an attempt that was broken off is begun anew");
                Ok(None)
            }
            Target::Taken(Some(moved)) if moved.id == self.id()? => {
                winback_terminal::note!("nothing to do: {} was moved to {} already", from.name(), to.name());
                Ok(Some(0))
            }
            Target::Begun(moved) => {
                winback_terminal::note!(
                    "{} holds a part of what was moved from {}: complete that first, or delete the topics `{}.*` there",
                    to.name(),
                    moved.from,
                    context.config.deployment
                );
                Ok(Some(EXIT_USAGE))
            }
            Target::Taken(_) => {
                winback_terminal::note!(
                    "{} holds a deployment `{}` already: move into an empty log, or under another `deployment`",
                    to.name(),
                    context.config.deployment
                );
                Ok(Some(EXIT_USAGE))
            }
        }
    }

    /// The identity of this move: the incarnation of the inbox that it comes from.
    fn id(&self) -> anyhow::Result<String> {
        let info = self.from.describe(&[&self.context.topics.inbox])?.pop().flatten();
        Ok(info.map(|info| info.id).unwrap_or_default())
    }

    /// Rows and records, between the markers. Done again it comes to the same.
    fn carry(&self) -> anyhow::Result<(Counts, u64, u64)> {
        let Self { context, from, to, .. } = self;
        let own = &context.topics;
        let partitions = i32::try_from(scan::partitions(&**to, &own.inbox)?.len())?;
        let mut moved = v1::Moved { id: self.id()?, from: from.name(), complete: false };
        migrate::mark(context, &**to, partitions, &moved)?;
        let all = |topic: &str| migrate::copy(&**from, &**to, topic, |_| true);
        let accounts = all(&own.accounts)?;
        all(&own.suppressions)?;
        let counts = migrate::carry(context, &**from, &**to, partitions)?;
        // The detector's own letters name positions of the old inbox.
        let letters = migrate::copy(&**from, &**to, &own.dead_letters, |message| {
            let letter = message.value().map(v1::DeadLetter::from_bytes);
            matches!(letter, Some(Ok(letter)) if letter.topic != *own.inbox)
        })?;
        all(&own.policies)?;
        all(&own.holds)?;
        all(&own.answers)?;
        moved.complete = true;
        migrate::mark(context, &**to, partitions, &moved)?;
        Ok((counts, accounts, letters))
    }

    /// Hashes of who was erased are worth nothing without their key.
    fn key(&self) -> anyhow::Result<()> {
        let old = winback_deployment::suppression_key::file(&self.args.from).filter(|old| old.is_file());
        let (Some(old), true) = (old, self.context.config.privacy.key.is_empty()) else { return Ok(()) };
        match winback_deployment::suppression_key::file(&self.args.to) {
            Some(new) if new.is_file() && std::fs::read(&new)? != std::fs::read(&old)? => {
                Err(wrong(format!(
                    "{} and {} are two keys: the hashes of who was erased were made with the first; remove the other",
                    old.display(),
                    new.display()
                )))
            }
            Some(new) => Ok(std::fs::copy(&old, new).map(drop)?),
            None => Err(wrong(format!(
                "accounts were erased under the key in {}: set privacy.key to it (\"env:NAME\"), for every process, then \
                 migrate",
                old.display()
            ))),
        }
    }

    fn print(&self, counts: &Counts, accounts: u64, letters: u64, what: &str) -> anyhow::Result<()> {
        let Counts { accounts: known, bursts, quiet, seen, policies } = counts;
        let value = json!({
            "from": self.from.name(), "to": self.to.name(), "what": what, "accounts": known, "openBursts": bursts,
            "quietTimes": quiet, "rememberedSignals": seen, "policies": policies, "listRecords": accounts,
            "deadLetters": letters,
        });
        let text = format!(
            "{what} {} accounts, {} open bursts, {} quiet times, {} remembered signals, {} policies from {} to {}",
            grouped(*known),
            grouped(*bursts),
            grouped(*quiet),
            grouped(*seen),
            grouped(*policies),
            self.from.name(),
            self.to.name()
        );
        Ok(terminal::print(self.context.json, &value, &text)?)
    }
}
