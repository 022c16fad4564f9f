//! `winback demo`: what `make run` shows.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use winback_core::time::Span;
use winback_deployment::Context;
use winback_deployment::config::Config;
use winback_generate::{GenerateSpec, Generator, sources_of};
use winback_lane::PositionsFrom;
use winback_log::{Append, Clock, OpenOptions, SharedLog};
use winback_service::{Plan, Running};
use winback_telemetry::logging;
use winback_terminal as terminal;

use super::run::{roles, stop_flag};
use crate::demo::{AGO, FastClock, Player, Printer, REST, ago};

/// Arguments of `demo`.
#[derive(Args, Clone, Debug)]
pub(crate) struct DemoArgs {
    /// The seed of the accounts and signals.
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,
    /// Set the number of accounts.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) accounts: u64,
    /// Set the number of signals in the day.
    #[arg(long, default_value_t = 20_000)]
    pub(crate) signals: u64,
    /// In how many seconds the day is played.
    #[arg(long, default_value_t = 60)]
    pub(crate) seconds: u64,
    /// End when the day is over instead of staying up.
    #[arg(long)]
    pub(crate) once: bool,
}

const FILE: &str = "winback-demo.db";
const WATCH: Duration = Duration::from_millis(100);

struct Show {
    printer: Printer,
    bar: ProgressBar,
    stop: Arc<AtomicBool>,
}

pub(crate) fn run(mut context: Context, args: &DemoArgs) -> anyhow::Result<ExitCode> {
    logging::init(&context.logging()?)?;
    let stop = stop_flag()?;
    context.config.log = fresh_log(context.named_log.as_deref())?;
    let seconds = u32::try_from(args.seconds.clamp(5, 86_400)).unwrap_or(60);
    let pace = 1 + u32::try_from(AGO.millis() / 1_000).unwrap_or(90_000) / seconds;
    let clock = Arc::new(FastClock::new(ago(pace), pace));
    let log = winback_log::open(&context.config.log, clock.clone(), &OpenOptions::default())?;
    let generator = generator(&context.config, args, &clock);
    prepare(&log, &context.config, &generator, &*clock)?;
    winback_terminal::show!(
        "{} former customers, and a day of {} signals in {seconds} s · log {}",
        terminal::grouped(args.accounts),
        terminal::grouped(args.signals),
        context.config.log
    )?;
    let plan = Plan {
        roles: roles(&[]),
        sources: Vec::new(),
        positions: PositionsFrom::Refuse,
        config_path: context.config_path(),
        stop: stop.clone(),
    };
    let config = context.config.clone();
    let mut running = winback_service::start(config, log.clone(), clock.clone(), &plan)?;
    announce(&running)?;
    let mut show = Show { printer: Printer::new(&log, &context.topics)?, bar: bar(), stop };
    let player = Player::start(log.clone(), clock.clone(), generator)?;
    while show.goes_on(&mut running)? && !(player.is_over() && (running.is_idle() || clock.has_caught_up())) {
    }
    player.end()?;
    let played = running.stop()?;
    show.bar.finish_and_clear();
    winback_terminal::show!("\n{}", played.line())?;
    if show.stop.load(Ordering::Acquire) || args.once {
        return Ok(ExitCode::SUCCESS);
    }
    what_next(&context)?;
    clock.end();
    stay(&context, &log, &clock, show)
}

/// The same log at the world's pace, until Ctrl-C. It stays open: a file has one process that runs it, and this is it.
fn stay(
    context: &Context,
    log: &SharedLog,
    clock: &Arc<FastClock>,
    mut show: Show,
) -> anyhow::Result<ExitCode> {
    let plan = Plan {
        roles: roles(&[]),
        sources: Vec::new(),
        positions: PositionsFrom::Refuse,
        config_path: context.config_path(),
        stop: show.stop.clone(),
    };
    let mut running = winback_service::start(context.config.clone(), log.clone(), clock.clone(), &plan)?;
    announce(&running)?;
    show.bar = bar();
    while show.goes_on(&mut running)? {}
    show.bar.finish_and_clear();
    running.stop()?;
    Ok(ExitCode::SUCCESS)
}

impl Show {
    /// Tells what fired; false when it is to end.
    fn goes_on(&mut self, running: &mut Running) -> anyhow::Result<bool> {
        for due in self.printer.due(WATCH)? {
            self.bar.suspend(|| winback_terminal::show!("{due}\n"))?;
        }
        running.watch();
        self.bar.set_message(format!("{} · lag {}", running.summary().line(), running.lag()));
        Ok(!self.stop.load(Ordering::Acquire) && !running.has_failed())
    }
}

fn bar() -> ProgressBar {
    let style =
        ProgressStyle::with_template("{spinner} {msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    let bar = ProgressBar::new_spinner().with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

/// A log file that holds nothing yet. The demo's own file is made anew; a file that a person names is not touched.
fn fresh_log(named: Option<&str>) -> anyhow::Result<String> {
    let Some(named) = named else {
        for ending in ["", "-wal", "-shm"] {
            let path = format!("{FILE}{ending}");
            match std::fs::remove_file(&path) {
                Err(why) if why.kind() != std::io::ErrorKind::NotFound => {
                    return Err(why).with_context(|| format!("cannot make {path} anew"));
                }
                _ => {}
            }
        }
        return Ok(format!("sqlite:{FILE}"));
    };
    match named.strip_prefix("sqlite:") {
        Some(path) if Path::new(path).exists() => {
            anyhow::bail!(
                "{path} is there already: the demo needs a file of its own, name another or remove it"
            )
        }
        Some(_) => Ok(named.to_owned()),
        None => anyhow::bail!("--log {named}: the demo plays with time, which only a sqlite: file allows"),
    }
}

fn generator(config: &Config, args: &DemoArgs, clock: &FastClock) -> Generator {
    let (sources, _) = sources_of(&config.sources);
    let day = Span::from_millis(AGO.millis() - REST.millis());
    Generator::new(&GenerateSpec::new(
        args.seed,
        (args.accounts, args.signals),
        clock.from() + day,
        day,
        sources,
    ))
}

fn prepare(log: &SharedLog, config: &Config, generator: &Generator, clock: &dyn Clock) -> anyhow::Result<()> {
    winback_deployment::topic_plan::apply(&**log, config, true)?;
    let mut writer = log.writer()?;
    for account in generator.accounts() {
        writer.append(&Append {
            topic: &config.accounts.topic,
            partition: None,
            key: Some(account.id.as_bytes()),
            value: Some(&account.value),
            headers: &[],
            timestamp: Some(clock.now()),
        })?;
    }
    writer.flush()?;
    Ok(())
}

fn announce(running: &Running) -> std::io::Result<()> {
    let Some(address) = running.address() else { return Ok(()) };
    winback_terminal::show!("health and metrics at http://{address}/ · Ctrl-C ends\n")
}

fn what_next(context: &Context) -> std::io::Result<()> {
    let log = &context.config.log;
    winback_terminal::show!(
        "the day is over; this stays up until Ctrl-C. Beside it, try\n  \
         winback --log {log} triggers\n  \
         winback --log {log} explain ACCOUNT\n  \
         winback --log {log} dead-letters list\n  \
         winback --log {log} decisions --outcome gated\n"
    )
}
