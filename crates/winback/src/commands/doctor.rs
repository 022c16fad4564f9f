//! `topics doctor`: records in internal topics that winback cannot read.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use winback_admin::doctor::{self, Act, Found, Mend, Planner};
use winback_admin::migrate::Exclusive;
use winback_deployment::{Context, scan};
use winback_log::SharedLog;
use winback_terminal as terminal;
use winback_terminal::{EXIT_FAILED, EXIT_PARTLY, safe};

/// Arguments of `topics doctor`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct DoctorArgs {
    /// Only say what is wrong and what would be done; members may run.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Agree to what would be forgotten, and do not ask.
    #[arg(long)]
    pub(crate) yes: bool,
    /// A checkpoint of `winback verify`, for a state whose inbox was cut by its retention.
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
}

/// A matcher that runs has written to the inbox meanwhile.
const MEMBERS_WRITE_WITHIN: Duration = Duration::from_secs(3);

pub(crate) fn run(context: &Context, args: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    scan::partitions(&*log, &context.topics.inbox)?;
    Doctor { context, args, log }.run()
}

struct Doctor<'a> {
    context: &'a Context,
    args: &'a DoctorArgs,
    log: SharedLog,
}

impl Doctor<'_> {
    fn run(&self) -> anyhow::Result<ExitCode> {
        let found = doctor::scan(&*self.log, &self.context.topics)?;
        self.print_passed(&found)?;
        if found.foreign.is_empty() {
            let text = "every record of the compacted topics can be read";
            terminal::print(self.context.json, &json!({ "found": 0 }), text)?;
            return Ok(ExitCode::SUCCESS);
        }
        if self.args.dry_run {
            let mends = self.plan(found)?;
            mends.iter().try_for_each(|mend| self.print(mend, "would"))?;
            terminal::note!("{} found; nothing was written (--dry-run)", records(mends.len()));
            return Ok(ExitCode::from(EXIT_FAILED));
        }
        self.refuse_beside_members()?;
        // The members are stopped and stay so until all is written; what they had open has ended.
        let held = Exclusive::take(self.context, &*self.log)?;
        doctor::fence(self.context, &*self.log)?;
        let mends = self.plan(doctor::scan(&*self.log, &self.context.topics)?)?;
        let code = self.mend(&mends)?;
        held.end()?;
        Ok(code)
    }

    /// Joining a group beside its members would have them restore, and refuse what is about to be mended. Matchers tell the
    /// inbox twice a second how far they are.
    fn refuse_beside_members(&self) -> anyhow::Result<()> {
        if !self.log.is_shared() {
            return Ok(());
        }
        let inbox = scan::partitions(&*self.log, &self.context.topics.inbox)?;
        let mut reader = self.log.reader()?;
        let before = reader.ends(&inbox)?;
        std::thread::sleep(MEMBERS_WRITE_WITHIN);
        anyhow::ensure!(
            reader.ends(&inbox)? == before,
            "the deployment on {} runs, since its inbox grows: stop all members, of all roles, and say it again; nothing was \
             written",
            self.log.name()
        );
        Ok(())
    }

    fn plan(&self, found: Found) -> anyhow::Result<Vec<Mend>> {
        Planner::new(self.context, &*self.log, self.args.checkpoint.clone()).plan(found.foreign)
    }

    fn mend(&self, mends: &[Mend]) -> anyhow::Result<ExitCode> {
        let agreed = self.agreed(mends)?;
        let (mut mended, all) = (0, mends.len());
        for mend in mends {
            if (mend.forgets.is_some() && !agreed) || !doctor::write(self.context, &self.log, mend)? {
                self.print(mend, "left")?;
            } else {
                self.print(mend, "did")?;
                mended += 1;
            }
        }
        terminal::note!("{mended} of {} mended", records(all));
        Ok(match all - mended {
            0 => ExitCode::SUCCESS,
            _ if mended == 0 => ExitCode::from(EXIT_FAILED),
            _ => ExitCode::from(EXIT_PARTLY),
        })
    }

    /// Whether what would be forgotten may be. Without a terminal only `--yes` says so.
    fn agreed(&self, mends: &[Mend]) -> anyhow::Result<bool> {
        let forgets: Vec<&Mend> = mends.iter().filter(|mend| mend.forgets.is_some()).collect();
        if forgets.is_empty() || self.args.yes {
            return Ok(true);
        }
        for mend in &forgets {
            let forgets = mend.forgets.as_deref().unwrap_or_default();
            terminal::note!("{}: would be forgotten: {}", safe(&mend.record.to_string()), safe(forgets));
        }
        let agreed = terminal::ask("forget that and mend?")?;
        if agreed.is_none() {
            terminal::note!("what would be forgotten is left as it is: say --yes");
        }
        Ok(agreed.unwrap_or_default())
    }

    fn print(&self, mend: &Mend, what: &str) -> anyhow::Result<()> {
        let Mend { record, act, because, forgets, .. } = mend;
        let (done, act) = match (what, act) {
            ("did", Act::Put(_)) => ("rebuilt", "rebuild"),
            ("did", _) => ("tombstoned", "tombstone"),
            ("would", Act::Put(_)) => ("would be rebuilt", "rebuild"),
            ("would", Act::Tombstone) => ("would be tombstoned", "tombstone"),
            (_, Act::Put(_)) => ("left", "rebuild"),
            (_, Act::Tombstone) => ("left", "tombstone"),
            (_, Act::Leave) => ("left", "none"),
        };
        let mut text = format!("{record}\n  {done}: {because}");
        if let Some(forgets) = forgets {
            text = format!("{text}\n  forgets {forgets}");
        }
        let text: Vec<String> = text.lines().map(safe).collect();
        let value = json!({
            "topic": record.partition.topic, "partition": record.partition.partition.0, "offset": record.offset.0,
            "key": record.shown_key(), "why": record.unreadable.why, "mend": act, "because": because,
            "forgets": forgets, "mended": what == "did",
        });
        Ok(terminal::print(self.context.json, &value, &text.join("\n"))?)
    }

    fn print_passed(&self, found: &Found) -> anyhow::Result<()> {
        for doctor::Passed { topic, records: count, first } in &found.passed {
            let text = format!(
                "{topic}: {} cannot be read, first {first}; readers pass such records (the detector and the worker make dead \
                 letters of them), and they go with the topic's retention",
                records(usize::try_from(*count).unwrap_or(usize::MAX))
            );
            let value = json!({ "topic": topic, "passed": count, "first": first });
            terminal::print(self.context.json, &value, &safe(&text))?;
        }
        Ok(())
    }
}

fn records(count: usize) -> String {
    if count == 1 { "1 record".to_owned() } else { format!("{count} records") }
}
