//! `winback run`.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use winback_core::debounce::BurstOutcome;
use winback_core::time::Time;
use winback_deployment::Context;
use winback_lane::PositionsFrom;
use winback_service::{Plan, RoleName};
use winback_telemetry::logging;
use winback_terminal::{EXIT_PARTLY, grouped};

use crate::values::{positions, role};

/// Arguments of `run`.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct RunArgs {
    /// Only these roles, separated by commas; all without it.
    #[arg(long, value_delimiter = ',', value_name = "ROLE", value_parser = role())]
    pub(crate) role: Vec<RoleName>,
    /// Only these of the matcher's sources, separated by commas; all without it.
    #[arg(long, value_delimiter = ',', value_name = "SOURCE")]
    pub(crate) source: Vec<String>,
    /// End when everything there is was read, decided and acted on.
    #[arg(long)]
    pub(crate) until_idle: bool,
    /// Begin on an empty Kafka though the deployment's state lies in a file in this folder.
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Choose which position wins if state and group differ: state or group. Without it the run refuses.
    #[arg(long, value_name = "WHICH", value_parser = positions())]
    pub(crate) positions: Option<PositionsFrom>,
}

/// The interval between looks at the lanes.
const WATCH: Duration = Duration::from_millis(20);

pub(crate) fn run(context: &Context, args: &RunArgs) -> anyhow::Result<ExitCode> {
    logging::init(&context.logging()?)?;
    let stop = stop_flag()?;
    let plan = Plan {
        roles: roles(&args.role),
        sources: args.source.clone(),
        positions: args.positions.unwrap_or(PositionsFrom::Refuse),
        config_path: context.config_path(),
        stop: stop.clone(),
    };
    let mut config = context.config.clone();
    if args.until_idle {
        // A run that ends by itself serves nobody, and may stand beside one that does.
        config.http.listen.clear();
    }
    let log = context.log()?;
    winback_admin::migrate::check(context, &*log, args.fresh)?;
    let names: Vec<&str> = plan.roles.iter().map(|role| role.as_str()).collect();
    winback_terminal::note!("running {} on {}", names.join(", "), log.name());
    let mut running = winback_service::start(config, log, context.clock.clone(), &plan)?;
    if let Some(address) = running.address() {
        winback_terminal::note!("health and metrics at http://{address}/ · Ctrl-C ends");
    }
    let mut idle = false;
    while !stop.load(Ordering::Acquire) && !running.has_failed() && !idle {
        std::thread::park_timeout(WATCH);
        running.watch();
        idle = args.until_idle && running.is_idle();
    }
    let (open, clock) = running.open_bursts();
    let stopped = if args.until_idle { running.stopped() } else { Vec::new() };
    let summary = running.stop()?;
    if context.json {
        winback_terminal::print_line(&winback_terminal::door::json(&serde_json::to_string(&summary)?))?;
    } else {
        winback_terminal::show!("{}", summary.line())?;
    }
    if summary.burst_ends.contains_key(BurstOutcome::Stale.as_str()) {
        say_warm(super::triggers::warm_of_late(context)?);
    }
    if args.until_idle && open > 0 {
        say_open(open, clock);
    }
    if summary.imbalance > 0 {
        anyhow::bail!(
            "{} events are not accounted for: this is a defect, keep the log and report it",
            summary.imbalance
        );
    }
    stopped.iter().for_each(|why| winback_terminal::note!("winback: {why}"));
    Ok(if stopped.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(EXIT_PARTLY) })
}

/// Tells a person that bursts are open at the end, and what they wait for.
fn say_open(open: u64, clock: Option<Time>) {
    let bursts = if open == 1 { "one burst is".to_owned() } else { format!("{} bursts are", grouped(open)) };
    let waits = match clock {
        Some(at) => format!(
            "the clock stands at {at}, up to where all inputs are read, and has to pass their deadlines"
        ),
        None => "the clock has not begun, since some input of the config has not been read yet".to_owned(),
    };
    winback_terminal::note!(
        "{bursts} open: {waits}. `winback run` goes on with them, and so does a later `winback run --until-idle`"
    );
}

/// Tells a person of the accounts whose signals were read too late to act on.
fn say_warm(accounts: usize) {
    let who = if accounts == 1 {
        "one account was".to_owned()
    } else {
        format!("{} accounts were", grouped(accounts as u64))
    };
    winback_terminal::note!(
        "{who} warm of late, too long ago to act on now: nothing fired and no quiet began; `winback triggers --stale` shows \
         what each would have been"
    );
}

/// Set by Ctrl-C and SIGTERM; a second Ctrl-C ends at once.
pub(crate) fn stop_flag() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register_conditional_shutdown(signal, 130, stop.clone())?;
        signal_hook::flag::register(signal, stop.clone())?;
    }
    Ok(stop)
}

pub(crate) fn roles(asked: &[RoleName]) -> Vec<RoleName> {
    if asked.is_empty() {
        return vec![RoleName::Registrar, RoleName::Matcher, RoleName::Detector, RoleName::Worker];
    }
    let mut roles = asked.to_vec();
    roles.sort_unstable();
    roles.dedup();
    roles
}
