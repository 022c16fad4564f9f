//! `winback run`.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use winback_deployment::Context;
use winback_lane::PositionsFrom;
use winback_service::{Plan, RoleName};
use winback_telemetry::logging;
use winback_terminal::EXIT_PARTLY;

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
    let stopped = if args.until_idle { running.stopped() } else { Vec::new() };
    let summary = running.stop()?;
    if context.json {
        winback_terminal::print_line(&winback_terminal::door::json(&serde_json::to_string(&summary)?))?;
    } else {
        winback_terminal::show!("{}", summary.line())?;
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
