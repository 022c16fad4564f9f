//! `winback erase`.

use std::process::ExitCode;

use clap::Args;
use winback_admin::erase::{self, EraseReport, Location, Settled, Subject};
use winback_core::identity::Mail;
use winback_deployment::{Context, scan, topic_plan};
use winback_log::SharedLog;
use winback_log::partitioner::partition_of;
use winback_terminal as terminal;
use winback_terminal::{EXIT_PARTLY, EXIT_USAGE, until_closed};

/// Arguments of `erase`.
#[derive(Args, Clone, Debug)]
pub(crate) struct EraseArgs {
    /// The account's id.
    #[arg(required_unless_present = "contact", conflicts_with = "contact")]
    pub(crate) account: Option<String>,
    /// A mail address instead: the accounts that know it are erased, and it is suppressed where none does.
    #[arg(long, value_name = "EMAIL")]
    pub(crate) contact: Option<String>,
    /// Do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Only say what was found.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

pub(crate) fn run(context: &Context, args: &EraseArgs) -> anyhow::Result<ExitCode> {
    until_closed(erase(context, args))
}

fn erase(context: &Context, args: &EraseArgs) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    scan::partitions(&*log, &context.topics.inbox)?;
    let subjects = match (&args.account, &args.contact) {
        (Some(id), _) => vec![Subject::account(context, &*log, id)?],
        (None, Some(contact)) => {
            let mail = Mail::parse(contact).ok_or_else(|| {
                anyhow::anyhow!("--contact is no mail address: write one such as jane@acme.com")
            })?;
            Subject::of_contact(context, &*log, &mail)?
        }
        (None, None) => Vec::new(),
    };
    for mut subject in subjects {
        let code = Erasure { context, log: &log, args }.of(&mut subject)?;
        if let Some(code) = code {
            return Ok(ExitCode::from(code));
        }
    }
    Ok(ExitCode::SUCCESS)
}

struct Erasure<'a> {
    context: &'a Context,
    log: &'a SharedLog,
    args: &'a EraseArgs,
}

impl Erasure<'_> {
    /// One of them; the exit code where it ends here.
    fn of(&self, subject: &mut Subject) -> anyhow::Result<Option<u8>> {
        let Self { context, log, args } = self;
        if args.dry_run {
            let locations = erase::search(context, &***log, subject)?;
            winback_terminal::note!("{}, found in:", subject.text());
            self.print(&locations, subject)?;
            return Ok(None);
        }
        if !args.yes {
            match terminal::ask(&format!("erase {} for ever?", subject.text()))? {
                Some(true) => {}
                Some(false) => return Ok(Some(EXIT_PARTLY)),
                None => {
                    winback_terminal::note!("this erases {} for ever: say --yes", subject.text());
                    return Ok(Some(EXIT_USAGE));
                }
            }
        }
        let key = winback_deployment::suppression_key::needed(&context.config)?;
        topic_plan::apply(&***log, &context.config, !log.is_shared())?;
        let request = subject.request(&key);
        let settled = if log.is_shared() && erase::is_through(context, log, subject, &request)? {
            Settled::Beside
        } else {
            let ends = erase::request(context, log, subject, &request)?;
            erase::settle(context, log, subject, &ends)?
        };
        let mut locations = erase::search(context, &***log, subject)?;
        erase::clear(&***log, &mut locations)?;
        self.print(&locations, subject)?;
        // Alone with the file, it is written anew: what compaction removed before lay in it still.
        if !log.scrub(settled == Settled::Here)? {
            winback_terminal::note!(
                "the log is being read: what is gone may lie in its -wal file until it is next at rest"
            );
        }
        // A ledger on this machine puts a token in place of the id at once; one elsewhere does when it reads on.
        if settled != Settled::Pending && context.config.ledger.path.exists() {
            super::ledger::catch_up(context)?;
        }
        Ok(self.verdict(settled, subject))
    }

    fn print(&self, locations: &[Location], subject: &Subject) -> anyhow::Result<()> {
        let Self { context, log, args } = self;
        let partitions = scan::partitions(&***log, &context.topics.changelog)?.len();
        let own = subject.id.as_deref().unwrap_or_default();
        let partition = partition_of(own.as_bytes(), i32::try_from(partitions).unwrap_or(i32::MAX)).0;
        let (shared, json, dry_run) = (log.is_shared(), context.json, args.dry_run);
        let (snapshots, drafts) = erase::files(&context.config, subject, shared, partition);
        if !dry_run {
            snapshots.iter().chain(&drafts).try_for_each(std::fs::remove_file)?;
        }
        erase::print(&EraseReport {
            locations,
            snapshots: &snapshots,
            drafts: &drafts,
            dry_run,
            shared,
            json,
        })
    }

    fn verdict(&self, settled: Settled, subject: &Subject) -> Option<u8> {
        match settled {
            Settled::Here | Settled::Beside => {
                winback_terminal::note!(
                    "erased: {}. A keyed hash stays, so that it cannot be imported again. What `verify --checkpoint` \
                     or a backup keeps is renewed by you",
                    subject.text()
                );
                None
            }
            Settled::Pending => {
                winback_terminal::note!(
                    "nobody has taken the erasure in yet: start `winback run` (registrar and detector), then erase again"
                );
                Some(EXIT_PARTLY)
            }
        }
    }
}
