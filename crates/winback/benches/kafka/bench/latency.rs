//! From a lone signal to its trigger, through the binary's own registrar, matcher and detector on Kafka.
//!
//! Nothing is timed here: the signal's record carries the time at which it was sent, the trigger's the time at which
//! the broker appended it. A reader of committed records sees it when its transaction is committed, which the broker
//! does not stamp; so each trigger is looked for while it is awaited, too, and the reader's time is reported beside.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use winback::config::Config;
use winback::topics::{self, Topics};
use winback_core::ids::Offset;
use winback_core::time::Time;
use winback_log::{Append, Clock as _, Message, Reader, SharedLog, SystemClock, TopicPartition, Writer};
use winback_proto::{WireMessage as _, v1};

use super::machine::Sorted;

const LEADING: u64 = 200;
const TRAILING: u64 = 50;
/// Enough for the broker to have compiled what these paths run.
const WARM_UP: u64 = 100;
const APART: Duration = Duration::from_millis(50);
const DEADLINE: Duration = Duration::from_secs(60);
const POLICY: &str = "name = \"default\"\nleading = \"strength>=2\"\nquiet = \"1s\"\nmax_wait = \"2s\"\nmax_signals = 50\n\
                      min_score = 2\ncooldown = \"14d\"\nescalate = \"strength-up\"\n";

pub(super) fn run(log: &SharedLog, url: &str) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let mut bench = Bench::new(log, url, dir.path())?;
    let member = Member::start(dir.path())?;
    bench.warm_up()?;
    let (committed, seen) = bench.leading()?;
    tell("leading: from the signal to the trigger's append", "200 ms", &committed);
    tell("leading: from the signal to a reader of committed records", "200 ms", &seen);
    let (committed, seen) = bench.trailing()?;
    tell("trailing: from the deadline to the trigger's append", "1500 ms", &committed);
    tell("trailing: from the deadline to a reader of committed records", "1500 ms", &seen);
    drop(member);
    Ok(())
}

fn tell(what: &str, aim: &str, millis: &Sorted) {
    let (half, most, worst) = (millis.at(50), millis.at(99), millis.at(100));
    println!("  {what}: p50 {half} ms, p99 {most} ms, max {worst} ms of {} (aim: p99 {aim})", millis.count());
}

/// The process under test; killed when it is no longer needed.
struct Member(Child);

impl Member {
    fn start(dir: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_winback"));
        command.current_dir(dir).args(["run", "--role", "registrar,matcher,detector"]);
        Ok(Self(command.stdin(Stdio::null()).spawn()?))
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // It ended by itself, or it ends now.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// A trigger as its reader saw it.
struct Seen {
    edge: String,
    appended_at: Time,
    seen_at: Time,
    deadline: Option<Time>,
}

struct Bench {
    config: Config,
    writer: Box<dyn Writer>,
    reader: Box<dyn Reader>,
    triggers: HashMap<String, Seen>,
    messages: Vec<Message>,
}

impl Bench {
    /// Makes the deployment: its folder, topics and accounts.
    fn new(log: &SharedLog, url: &str, dir: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir(dir.join("policies"))?;
        std::fs::write(dir.join("policies/default.toml"), POLICY)?;
        let file = dir.join("winback.toml");
        let config = format!(
            "deployment = \"latency\"\nlog = \"{url}\"\npolicies_dir = \"policies\"\n[http]\nlisten = \"\"\n[accounts]\n\
             topic = \"latency.accounts-in\"\n[sources.web]\ntopic = \"latency.visits\"\npreset = \"segment\"\nstart = \"earliest\"\n"
        );
        std::fs::write(&file, config)?;
        let config = Config::load(Some(&file), &|_| None)?;
        topics::apply(&**log, &config, true)?;
        let mut writer = log.writer()?;
        for number in 0..LEADING + TRAILING + WARM_UP {
            let row = format!(
                r#"{{"account_id":"{}","name":"Company {number}","domains":["company{number}.com"],"churned_at":"2026-01-15","reason":"product_gap","arr_usd":20000}}"#,
                id(number)
            );
            let topic = config.accounts.topic.as_str();
            writer.append(&Append::keyed(topic, id(number).as_bytes(), row.as_bytes()))?;
        }
        writer.flush()?;
        let mut reader = log.reader()?;
        let topic = Topics::of(&config.deployment).triggers;
        let partitions =
            (0..config.topics.partitions).map(|at| (TopicPartition::new(topic.clone(), at), Offset::ZERO));
        reader.assign(&partitions.collect::<Vec<_>>())?;
        Ok(Self { config, writer, reader, triggers: HashMap::new(), messages: Vec::new() })
    }

    /// Until the first signals have come through, everything is ready.
    fn warm_up(&mut self) -> anyhow::Result<()> {
        for number in 0..WARM_UP {
            self.send(LEADING + TRAILING + number, "/pricing")?;
            self.read_for(APART)?;
        }
        self.wait_for(usize::try_from(WARM_UP)?)
    }

    /// Milliseconds from each lone strong signal to its trigger: as appended, and as seen.
    fn leading(&mut self) -> anyhow::Result<(Sorted, Sorted)> {
        let mut sent = Vec::new();
        for number in 0..LEADING {
            sent.push((number, self.send(number, "/pricing")?));
            self.read_for(APART)?;
        }
        self.wait_for(usize::try_from(WARM_UP + LEADING)?)?;
        self.spans(&sent, "leading", |_, sent| Some(sent))
    }

    /// Milliseconds from the deadline of each lone weak signal's burst to its trigger: as appended, and as seen.
    fn trailing(&mut self) -> anyhow::Result<(Sorted, Sorted)> {
        let mut sent = Vec::new();
        for number in LEADING..LEADING + TRAILING {
            sent.push((number, self.send(number, "/blog/a-long-title-of-an-article")?));
            self.read_for(APART * 3)?;
        }
        self.wait_for(usize::try_from(WARM_UP + LEADING + TRAILING)?)?;
        self.spans(&sent, "trailing", |trigger, _| trigger.deadline)
    }

    fn spans(
        &self,
        sent: &[(u64, Time)],
        edge: &str,
        from: impl Fn(&Seen, Time) -> Option<Time>,
    ) -> anyhow::Result<(Sorted, Sorted)> {
        let (mut appended, mut seen) = (Vec::new(), Vec::new());
        for (number, sent) in sent {
            let trigger = self.triggers.get(&id(*number)).filter(|trigger| trigger.edge == edge);
            let trigger = trigger.ok_or_else(|| anyhow::anyhow!("{} has no {edge} trigger", id(*number)))?;
            let from =
                from(trigger, *sent).ok_or_else(|| anyhow::anyhow!("{} has no deadline", id(*number)))?;
            appended.push(millis(trigger.appended_at, from));
            seen.push(millis(trigger.seen_at, from));
        }
        Ok((Sorted::new(appended), Sorted::new(seen)))
    }

    /// Sends a page view of that account; returns the time that its record has.
    fn send(&mut self, number: u64, path: &str) -> anyhow::Result<Time> {
        let (account, now) = (id(number), SystemClock.now());
        let record = format!(
            r#"{{"type":"page","messageId":"m-{number}","anonymousId":"v-{number}","timestamp":"{now}","context":{{"groupId":"{account}","userAgent":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0","page":{{"path":"{path}","url":"https://www.ourcompany.example{path}"}}}},"properties":{{"path":"{path}"}}}}"#
        );
        let topic = &self.config.sources["web"].topic;
        let (key, value) = (Some(account.as_bytes()), Some(record.as_bytes()));
        self.writer.append(&Append {
            topic,
            partition: None,
            key,
            value,
            headers: &[],
            timestamp: Some(now),
        })?;
        self.writer.flush()?;
        Ok(now)
    }

    fn wait_for(&mut self, triggers: usize) -> anyhow::Result<()> {
        let begun = Instant::now();
        while self.triggers.len() < triggers {
            anyhow::ensure!(
                begun.elapsed() < DEADLINE,
                "{} of {triggers} triggers came",
                self.triggers.len()
            );
            self.read_for(APART)?;
        }
        Ok(())
    }

    /// Reads triggers for that long, each as soon as it is there.
    fn read_for(&mut self, wait: Duration) -> anyhow::Result<()> {
        let until = Instant::now() + wait;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            self.reader.poll(100, left, &mut self.messages)?;
            let seen_at = SystemClock.now();
            for message in self.messages.drain(..) {
                let Some(trigger) = message.value().map(v1::Trigger::from_bytes).transpose()? else {
                    continue;
                };
                let Some(account) = trigger.account else { continue };
                let deadline = trigger
                    .deadline
                    .map(|at| Time::from_millis(at.seconds * 1_000 + i64::from(at.nanos) / 1_000_000));
                let (edge, appended_at) = (trigger.edge, message.timestamp);
                self.triggers.entry(account.id).or_insert(Seen { edge, appended_at, seen_at, deadline });
            }
        }
    }
}

fn id(number: u64) -> String {
    format!("acct-{number:04}")
}

#[expect(clippy::cast_precision_loss, reason = "a span of seconds in milliseconds")]
fn millis(later: Time, earlier: Time) -> f64 {
    later.since(earlier).millis() as f64
}
