//! A deployment of its own on the bench's broker: its folder, topics and accounts, the binary as its one member, the
//! signals that are sent to it and the triggers that come of them.
//!
//! Nothing is timed here: a signal's record carries the time at which it was sent, the trigger's the time at which the
//! broker appended it. A reader of committed records sees it when its transaction is committed, which the broker does
//! not stamp; so each trigger is looked for while it is awaited, too, and the reader's time is kept beside.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use winback_core::ids::Offset;
use winback_core::time::Time;
use winback_deployment::config::Config;
use winback_deployment::topic_plan;
use winback_deployment::topics::Topics;
use winback_log::{Append, Clock as _, Message, Reader, SharedLog, SystemClock, TopicPartition, Writer};
use winback_proto::{WireMessage as _, v1};

const POLICY: &str = "name = \"default\"\nleading = \"strength>=2\"\nquiet = \"1s\"\nmax_wait = \"2s\"\nmax_signals = 50\n\
                      min_score = 2\ncooldown = \"14d\"\nescalate = \"strength-up\"\n";

/// The process under test; killed when it is no longer needed.
pub(super) struct Member(Child);

impl Member {
    pub(super) fn start(dir: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_winback"));
        command.current_dir(dir).arg("run").args(arguments);
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
pub(super) struct Seen {
    pub(super) edge: String,
    pub(super) appended_at: Time,
    pub(super) seen_at: Time,
    pub(super) deadline: Option<Time>,
}

pub(super) struct Deployment {
    config: Config,
    writer: Box<dyn Writer>,
    reader: Box<dyn Reader>,
    /// The first of each account.
    pub(super) triggers: HashMap<String, Seen>,
    messages: Vec<Message>,
    sent: u64,
}

impl Deployment {
    /// Makes the deployment of that name, with page views and what `sources` says more.
    pub(super) fn new(
        log: &SharedLog,
        url: &str,
        dir: &Path,
        name: &str,
        sources: &str,
    ) -> anyhow::Result<Self> {
        std::fs::create_dir(dir.join("policies"))?;
        std::fs::write(dir.join("policies/default.toml"), POLICY)?;
        let file = dir.join("winback.toml");
        let config = format!(
            "deployment = \"{name}\"\nlog = \"{url}\"\npolicies_dir = \"policies\"\n[http]\nlisten = \"\"\n[accounts]\n\
             topic = \"{name}.accounts-in\"\n[sources.web]\ntopic = \"{name}.visits\"\npreset = \"segment\"\n\
             start = \"earliest\"\n{sources}"
        );
        std::fs::write(&file, config)?;
        let config = Config::load(Some(&file), &|_| None)?;
        topic_plan::apply(&**log, &config, true)?;
        let mut reader = log.reader()?;
        let topic = Topics::of(&config.deployment).triggers;
        let partitions =
            (0..config.topics.partitions).map(|at| (TopicPartition::new(topic.clone(), at), Offset::ZERO));
        reader.assign(&partitions.collect::<Vec<_>>())?;
        let writer = log.writer()?;
        Ok(Self { config, writer, reader, triggers: HashMap::new(), messages: Vec::new(), sent: 0 })
    }

    /// Writes accounts to the topic of the books, each with what `more` says of it in JSON.
    pub(super) fn accounts(&mut self, numbers: std::ops::Range<u64>, more: &str) -> anyhow::Result<()> {
        for number in numbers {
            let id = id(number);
            let row = format!(
                r#"{{"account_id":"{id}","name":"Company {number}","domains":["company{number}.com"],"churned_at":"2026-01-15","reason":"product_gap","arr_usd":20000{more}}}"#
            );
            let topic = self.config.accounts.topic.as_str();
            self.writer.append(&Append::keyed(topic, id.as_bytes(), row.as_bytes()))?;
        }
        Ok(self.writer.flush()?)
    }

    /// Sends a page view of that account; returns the time that its record has.
    pub(super) fn visit(&mut self, number: u64, path: &str) -> anyhow::Result<Time> {
        let (account, now) = (id(number), SystemClock.now());
        self.sent += 1;
        let record = format!(
            r#"{{"type":"page","messageId":"m-{}","anonymousId":"v-{number}","timestamp":"{now}","context":{{"groupId":"{account}","userAgent":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0","page":{{"path":"{path}","url":"https://www.ourcompany.example{path}"}}}},"properties":{{"path":"{path}"}}}}"#,
            self.sent
        );
        self.send("web", Some(account.as_bytes()), record.as_bytes(), now)?;
        Ok(now)
    }

    /// Sends a record of a source.
    pub(super) fn send(
        &mut self,
        source: &str,
        key: Option<&[u8]>,
        value: &[u8],
        now: Time,
    ) -> anyhow::Result<()> {
        let source = self.config.sources.get(source);
        let topic = &source.ok_or_else(|| anyhow::anyhow!("no such source"))?.topic;
        let (value, timestamp) = (Some(value), Some(now));
        self.writer.append(&Append { topic, partition: None, key, value, headers: &[], timestamp })?;
        Ok(self.writer.flush()?)
    }

    /// Waits until so many accounts have a trigger.
    pub(super) fn wait_for(&mut self, triggers: usize, deadline: Duration) -> anyhow::Result<()> {
        let begun = Instant::now();
        while self.triggers.len() < triggers {
            let came = self.triggers.len();
            anyhow::ensure!(begun.elapsed() < deadline, "{came} of {triggers} triggers came");
            self.read_for(Duration::from_millis(50))?;
        }
        Ok(())
    }

    /// Reads triggers for that long, each as soon as it is there.
    pub(super) fn read_for(&mut self, wait: Duration) -> anyhow::Result<()> {
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

pub(super) fn id(number: u64) -> String {
    format!("acct-{number:06}")
}

#[expect(clippy::cast_precision_loss, reason = "a span of seconds in milliseconds")]
pub(super) fn millis(later: Time, earlier: Time) -> f64 {
    later.since(earlier).millis() as f64
}
