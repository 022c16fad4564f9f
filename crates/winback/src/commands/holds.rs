//! `winback hold`, `winback release`, `winback holds`.

use std::process::ExitCode;

use clap::Args;
use winback_core::limits;
use winback_deployment::{Context, holds};
use winback_proto::v1;
use winback_show::words;

/// Arguments of `hold` and `release`.
#[derive(Args, Clone, Debug)]
pub(crate) struct HoldArgs {
    /// Only this policy; all of them without it.
    #[arg(long, value_name = "NAME")]
    pub(crate) policy: Option<String>,
    /// Name the person who asks. Default: the user of this shell.
    #[arg(long, value_name = "NAME")]
    pub(crate) by: Option<String>,
    /// Give the reason, for others to read.
    #[arg(long, value_name = "TEXT")]
    pub(crate) why: Option<String>,
}

pub(crate) fn put(context: &Context, args: &HoldArgs, held: bool) -> anyhow::Result<ExitCode> {
    check_texts(args)?;
    let log = context.log()?;
    let now = context.clock.now();
    let by = args.by.clone().or_else(|| std::env::var("USER").ok()).unwrap_or_default();
    let hold = v1::Hold {
        policy: args.policy.clone().unwrap_or_default(),
        held,
        by,
        why: args.why.clone().unwrap_or_default(),
        at: Some(now.into()),
    };
    let hold = holds::unaddressed(&hold);
    holds::put(&*log, &context.config, &context.topics, &hold)?;
    if context.json {
        winback_terminal::print_line(&winback_terminal::door::json(&serde_json::to_string(&hold)?))?;
    } else if held {
        winback_terminal::show!(
            "starting triggers of {} are held from here on; what would have fired is gated(hold), and bursts that end \
             meanwhile do not fire later. `winback release` lets them go",
            whose(&hold)
        )?;
    } else {
        winback_terminal::show!("starting triggers of {} are let go from here on", whose(&hold))?;
    }
    if !held {
        remaining(context, &*log, &hold)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The texts stand in every partition of the inbox.
fn check_texts(args: &HoldArgs) -> anyhow::Result<()> {
    for (flag, text, most) in [("why", &args.why, limits::WHY_CHARS), ("by", &args.by, limits::BY_CHARS)] {
        let chars = text.as_ref().map_or(0, |text| text.chars().count());
        anyhow::ensure!(
            chars <= most,
            "--{flag} has {chars} characters, and at most {most} are taken: shorten it"
        );
    }
    Ok(())
}

/// A hold on all is not lifted by releasing one policy, nor the other way round.
fn remaining(context: &Context, log: &dyn winback_log::Log, released: &v1::Hold) -> anyhow::Result<()> {
    for hold in holds::last_words(log, &context.topics)?.values().filter(|hold| hold.held) {
        if released.policy.is_empty() || hold.policy.is_empty() {
            let policy =
                if hold.policy.is_empty() { String::new() } else { format!(" --policy {}", hold.policy) };
            winback_terminal::note!(
                "winback: {} are still held: `winback release{policy}` lets them go, too",
                whose(hold)
            );
        }
    }
    Ok(())
}

pub(crate) fn list(context: &Context) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    let held: Vec<_> =
        holds::last_words(&*log, &context.topics)?.into_values().filter(|hold| hold.held).collect();
    for hold in &held {
        if context.json {
            winback_terminal::print_line(&winback_terminal::door::json(&serde_json::to_string(hold)?))?;
            continue;
        }
        let by = if hold.by.is_empty() { String::new() } else { format!(" by {}", words::safe(&hold.by)) };
        let why = if hold.why.is_empty() { String::new() } else { format!(": {}", words::safe(&hold.why)) };
        let since = words::minute(words::time(hold.at.as_ref()));
        winback_terminal::show!("{}: held since {since}{by}{why}", whose(hold))?;
    }
    if held.is_empty() && !context.json {
        winback_terminal::note!("nothing is held");
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn whose(hold: &v1::Hold) -> String {
    if hold.policy.is_empty() {
        "all policies".to_owned()
    } else {
        format!("policy {}", words::safe(&hold.policy))
    }
}
