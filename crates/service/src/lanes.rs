//! The lanes of a run: one thread each, named after role, source and number.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use winback_core::ids::InputName;
use winback_deployment::config::{Config, ConfigError, RESPONSES};
use winback_deployment::topics::Topics;
use winback_detector::{DetectorMetrics, DetectorRole, DetectorTopics};
use winback_lane::{
    BreakerPolicy, DeadLetters, Lane, LaneConfig, LaneError, LaneStatus, Role, Snapshots, Start, panic_text,
    run_lane,
};
use winback_log::{Append, SessionSpec, TopicPartition};
use winback_matcher::{InboxTarget, MatcherMetrics, MatcherRole, MatcherSource, RetryRole, input_name};
use winback_proto::{Encoding, WireMessage as _, inbox};
use winback_registrar::{Guard, RegistrarRole, RegistrarTopics};
use winback_sources::{Decoder, SourceConfig};
use winback_telemetry::metrics::{Counters, list};
use winback_worker::{Outcome, Worker, WorkerRole};

use super::accounts::{self, Accounts};
use super::known::KnownList;
use super::observe::LaneMetrics;
use super::opening::{self, Joined, Opening};
use super::started::{Built, Started, of_world, registrar_group};
use super::{Failure, Plan, Shared, snapshots, threads, watch};
use super::{drafts, may_send};
use crate::RoleName;

/// The lanes of the detector.
fn detectors(lanes: &[Started]) -> Vec<Arc<LaneStatus>> {
    let detectors = lanes.iter().filter(|lane| lane.role == RoleName::Detector);
    detectors.map(|lane| lane.status.clone()).collect()
}

struct Builder<'a> {
    shared: &'a Arc<Shared>,
    plan: &'a Plan,
    /// The number of partitions of each existing topic.
    partitions: BTreeMap<String, i32>,
    opening: Vec<Opening>,
    snapshots: Option<Arc<Snapshots>>,
}

/// Starts the lanes of the plan.
pub(super) fn start(
    shared: &Arc<Shared>,
    plan: &Plan,
    threads: &mut Vec<JoinHandle<()>>,
) -> anyhow::Result<Built> {
    let sources = sources(&shared.config, plan)?;
    check_choice(&shared.config, plan)?;
    let has = |role| plan.roles.contains(&role);
    let worker_config = has(RoleName::Worker).then_some(&shared.config.worker);
    let mut builder = Builder {
        shared,
        plan,
        partitions: partitions(shared)?,
        opening: Vec::new(),
        snapshots: snapshots::folder(shared),
    };
    let mut accounts = None;
    if has(RoleName::Matcher) || has(RoleName::Worker) {
        let stale_after = worker_config.map(|config| config.limits()).transpose()?;
        accounts = Some(accounts::start(shared, stale_after.map(|limits| limits.stale_after), threads)?);
    }
    let mut worker = None;
    if let (Some(config), Some(accounts)) = (worker_config, &accounts) {
        let own = Arc::new(Worker::new(config, Arc::new(accounts.clone()))?);
        may_send::answer_from_here(shared, own.clone(), accounts.recent.clone());
        drafts::start(shared, own.clone(), threads)?;
        worker = Some(own);
    }
    if has(RoleName::Registrar) {
        builder.registrar()?;
    }
    if let (true, Some(accounts)) = (has(RoleName::Matcher), &accounts) {
        builder.matchers(&sources, accounts)?;
    }
    if has(RoleName::Detector) {
        builder.detectors()?;
    }
    if let Some(worker) = &worker {
        builder.workers(worker)?;
    }
    let lanes = opening::wait(builder.opening, &plan.stop, threads)?;
    if let Some(folder) = builder.snapshots.filter(|_| has(RoleName::Detector)) {
        snapshots::start(shared, folder, detectors(&lanes), threads)?;
    }
    watch::start(shared, detectors(&lanes), accounts, threads)?;
    Ok(Built { lanes, worker })
}

/// Partitions of what roles read and write, asked for once.
fn partitions(shared: &Shared) -> anyhow::Result<BTreeMap<String, i32>> {
    let (config, topics) = (&shared.config, &shared.topics);
    let mut names: Vec<&str> = vec![&config.accounts.topic, &topics.inbox, &topics.retries, &topics.triggers];
    names.extend(config.sources.values().map(|source| source.topic.as_str()));
    names.sort_unstable();
    names.dedup();
    let there = shared.log.describe(&names)?;
    let known = names.iter().zip(there).filter_map(|(name, info)| Some((name, info?)));
    Ok(known.map(|(name, info)| ((*name).to_owned(), info.spec.partitions)).collect())
}

type Sources = Vec<(String, SourceConfig, Arc<Decoder>)>;

fn sources(config: &Config, plan: &Plan) -> anyhow::Result<Sources> {
    let build = |(name, source): (&String, &SourceConfig)| {
        let wrong = |error: winback_sources::SourceError| ConfigError::Wrong {
            path: plan.config_path.clone(),
            text: error.to_string(),
        };
        let decoder = crate::schema_registry::ready(Decoder::new(name, source).map_err(wrong)?, config)?;
        Ok((name.clone(), source.clone(), Arc::new(decoder)))
    };
    config.sources.iter().map(build).collect()
}

fn check_choice(config: &Config, plan: &Plan) -> anyhow::Result<()> {
    if let Some(unknown) = plan.sources.iter().find(|name| !config.sources.contains_key(*name)) {
        let known: Vec<&str> = config.sources.keys().map(String::as_str).collect();
        let nearest = winback_core::text::nearest(unknown, &known);
        anyhow::bail!("--source {unknown}: no such source{nearest}");
    }
    Ok(())
}

impl Builder<'_> {
    fn registrar(&mut self) -> anyhow::Result<()> {
        let shared = self.shared;
        let topics = RegistrarTopics {
            accounts: shared.topics.accounts.clone(),
            inbox: shared.topics.inbox.clone(),
            suppressions: shared.topics.suppressions.clone(),
            encoding: shared.config.encoding.into(),
            source: format!("{}/registrar", shared.config.deployment),
        };
        let topic = shared.config.accounts.topic.clone();
        let group = registrar_group(&shared.config);
        let (config, metrics) = (shared.config.clone(), shared.metrics.clone());
        let (rows, rules) = (crate::schema_registry::rows(&shared.config)?, shared.config.accounts.rules()?);
        let known = Box::new(KnownList::new(shared.clone()));
        self.lane(RoleName::Registrar, &topic, &topic, &group, "0", move || {
            let refused = metrics.counter(&list::SUPPRESSED, []);
            let guard = Guard {
                key: Box::new(move || winback_deployment::suppression_key::known(&config)),
                refused: Box::new(move |rows| refused.increment(rows)),
            };
            RegistrarRole::new(topics, guard).reading(rows).under(rules).knowing(known)
        })
    }

    fn matchers(&mut self, sources: &Sources, accounts: &Accounts) -> anyhow::Result<()> {
        let known = self.known_inputs();
        self.tell_inputs(&known)?;
        let inbox = InboxTarget {
            topic: self.shared.topics.inbox.clone(),
            answers: self.shared.topics.answers.clone(),
            partitions: self.partitions(&self.shared.topics.inbox)?.len().try_into()?,
            encoding: self.shared.config.encoding.into(),
            source: format!("{}/matcher", self.shared.config.deployment),
            heartbeat: of_world(&*self.shared.clock, Duration::from_millis(500)),
        };
        self.retries(sources, &inbox, accounts)?;
        // Answers are read by every matcher process: what stops outreach must not depend on who runs which source.
        let chosen = |name: &String| {
            self.plan.sources.is_empty() || self.plan.sources.contains(name) || name == RESPONSES
        };
        for (name, source, decoder) in sources.iter().filter(|(name, ..)| chosen(name)) {
            for number in 0..self.shared.config.lanes.matcher {
                let lane_source = MatcherSource {
                    name: name.clone(),
                    topic: Arc::from(source.topic.as_str()),
                    partitions: self.partitions(&source.topic)?.len().try_into()?,
                    positions: self.shared.topics.positions.clone(),
                    decoder: decoder.clone(),
                    start: start_of(source),
                    known: known.clone(),
                    clocked: is_clocked(name, source),
                };
                let (inbox, accounts, metrics) =
                    (inbox.clone(), accounts.clone(), self.shared.metrics.clone());
                let group = format!("{}.matcher.{name}", self.shared.config.deployment);
                let lane = format!("{name}-{number}");
                self.lane(RoleName::Matcher, name, &source.topic, &group, &lane, move || {
                    let metrics = MatcherMetrics::new(&metrics, &lane_source.name);
                    MatcherRole::new(lane_source, inbox, accounts.index, accounts.status, metrics)
                })?;
            }
        }
        Ok(())
    }

    /// Dead letters on their way back, of whatever source.
    fn retries(&mut self, sources: &Sources, inbox: &InboxTarget, accounts: &Accounts) -> anyhow::Result<()> {
        let decoders = sources.iter().map(|(name, _, decoder)| (name.clone(), decoder.clone())).collect();
        let (inbox, accounts, metrics) = (inbox.clone(), accounts.clone(), self.shared.metrics.clone());
        let topic = self.shared.topics.retries.to_string();
        let positions = self.shared.topics.positions.clone();
        let group = format!("{}.retries", self.shared.config.deployment);
        self.lane(RoleName::Matcher, "retries", &topic, &group, "retries", move || {
            let metrics = MatcherMetrics::new(&metrics, "retries");
            RetryRole::new(decoders, inbox, positions, accounts.index, accounts.status, metrics)
        })
    }

    /// Tells the inbox all inputs that there are, so that its clock does not wait for what the config no longer names.
    fn tell_inputs(&self, known: &[InputName]) -> anyhow::Result<()> {
        let Shared { log, topics, config, .. } = &**self.shared;
        let encoding: Encoding = config.encoding.into();
        let bytes = inbox::inputs_to_wire(known).to_bytes(encoding);
        let mut writer = log.writer()?;
        for partition in self.partitions(&topics.inbox)? {
            writer.append(&Append {
                topic: &topics.inbox,
                partition: Some(partition.partition),
                key: None,
                value: Some(&bytes),
                headers: &[("content-type", encoding.content_type().as_bytes())],
                timestamp: None,
            })?;
        }
        Ok(writer.flush()?)
    }

    /// Every input of every configured source whose topic is there (R2).
    fn known_inputs(&self) -> Vec<InputName> {
        let mut known = Vec::new();
        let sources = self.shared.config.sources.iter();
        for (name, source) in sources.filter(|(name, source)| is_clocked(name, source)) {
            let partitions = self.partitions.get(&source.topic).copied().unwrap_or_default();
            known.extend(
                (0..partitions).map(|at| input_name(name, &TopicPartition::new(source.topic.as_str(), at))),
            );
        }
        known
    }

    fn detectors(&mut self) -> anyhow::Result<()> {
        let shared = self.shared;
        let topics = DetectorTopics {
            triggers: shared.topics.triggers.clone(),
            shadow_triggers: shared.topics.shadow_triggers.clone(),
            decisions: shared.topics.decisions.clone(),
            changelog: shared.topics.changelog.clone(),
            inbox_partitions: self.partitions(&shared.topics.inbox)?.len().try_into()?,
            encoding: shared.config.encoding.into(),
            source: format!("{}/detector", shared.config.deployment),
        };
        let inbox = shared.topics.inbox.to_string();
        let group = format!("{}.detector", shared.config.deployment);
        for number in 0..shared.config.lanes.detector {
            let (topics, metrics) = (topics.clone(), shared.metrics.clone());
            self.lane(RoleName::Detector, &inbox, &inbox, &group, &number.to_string(), move || {
                DetectorRole::new(topics, DetectorMetrics::new(&metrics))
            })?;
        }
        Ok(())
    }

    fn workers(&mut self, worker: &Arc<Worker>) -> anyhow::Result<()> {
        let shared = self.shared;
        let triggers = shared.topics.triggers.to_string();
        let group = format!("{}.worker", shared.config.deployment);
        let source = format!("{}/worker", shared.config.deployment);
        let encoding = shared.config.encoding.into();
        for number in 0..shared.config.lanes.worker {
            let (worker, actions, source) = (worker.clone(), shared.topics.actions.clone(), source.clone());
            let metrics = shared.metrics.clone();
            self.lane(RoleName::Worker, &triggers, &triggers, &group, &number.to_string(), move || {
                let counters = Counters::new(
                    Outcome::ALL,
                    |outcome| outcome as usize,
                    |outcome| metrics.counter(&list::ACTIONS, [outcome.as_str()]),
                );
                let on_action = Box::new(move |outcome| counters.add(outcome, 1));
                WorkerRole::new(worker, &actions, &source, encoding, on_action)
            })?;
        }
        Ok(())
    }

    fn partitions(&self, topic: &str) -> anyhow::Result<Vec<TopicPartition>> {
        let count = self.partitions.get(topic).copied();
        let count = count.ok_or_else(|| winback_log::LogError::NoTopic(topic.to_owned()))?;
        Ok((0..count).map(|at| TopicPartition::new(topic, at)).collect())
    }

    /// Starts one lane on a thread of its own; whether it joins is told later.
    fn lane<R: Role>(
        &mut self,
        role: RoleName,
        reads: &str,
        topic: &str,
        group: &str,
        number: &str,
        make: impl FnOnce() -> R + Send + 'static,
    ) -> anyhow::Result<()> {
        let partitions = self.partitions(topic)?;
        let config = &self.shared.config;
        let name = format!("{}.{number}", role.as_str());
        let spec = SessionSpec {
            group: group.to_owned(),
            transactional_id: format!("{}.{}.{}.{number}", config.deployment, role.as_str(), config.instance),
            topics: vec![Arc::from(topic)],
        };
        let mut settings = self.settings(&name);
        settings.snapshots = self.snapshots.clone().filter(|_| role == RoleName::Detector);
        if *self.shared.topics.retries == *topic {
            // What comes here a person has sent, and it stands among the dead letters already.
            settings.breaker = BreakerPolicy::OFF;
        } else if role == RoleName::Matcher {
            settings.dead_bytes_per_hour = Some(config.dead_letters.bytes_of_lane(config.lanes.matcher));
        }
        let shared = self.shared.clone();
        let (joins, joined) = channel();
        let thread = threads::spawn(self.shared, &name.clone(), move || {
            live(&shared, role, &name, spec, settings, make, &joins);
        })?;
        self.opening.push(Opening { role, reads: reads.to_owned(), partitions, joined, thread });
        Ok(())
    }

    fn settings(&self, name: &str) -> LaneConfig {
        let specs = Topics::of(&self.shared.config.deployment).specs(&self.shared.config);
        let topic = self.shared.topics.dead_letters.to_string();
        let max_bytes =
            specs.iter().find(|spec| spec.name == topic).map_or(1 << 20, |spec| spec.max_record_bytes);
        let mut settings = LaneConfig::new(name, DeadLetters { topic, max_bytes });
        settings.unavailable_timeout = self.shared.config.lanes.unavailable_timeout;
        settings.breaker = self.shared.config.dead_letters.policy();
        settings.positions = self.plan.positions;
        // Waits are meant in the world's time.
        let commit = &mut settings.commit;
        for span in [
            &mut commit.effects_within,
            &mut commit.positions_within,
            &mut commit.idle,
            &mut commit.apart,
            &mut settings.ends_every,
            &mut settings.merge_timeout,
            &mut settings.restore_slice,
            &mut settings.unavailable_timeout,
            &mut settings.breaker.retry_after,
        ] {
            *span = self.shared.clock.of_world(*span);
        }
        settings
    }
}

/// A lane's whole life, on its own thread.
fn live<R: Role>(
    shared: &Arc<Shared>,
    role: RoleName,
    name: &str,
    spec: SessionSpec,
    settings: LaneConfig,
    make: impl FnOnce() -> R,
    joins: &Sender<Joined>,
) {
    let observer = Arc::new(LaneMetrics::new(&shared.metrics, role.as_str()));
    let (log, clock) = (shared.log.clone(), shared.clock.clone());
    let opened = catch_unwind(AssertUnwindSafe(|| Lane::open(log, clock, spec, settings, make(), observer)));
    let panicked = |panic: Box<dyn Any + Send>| {
        Err(LaneError::Panicked { at: "while it began".to_owned(), why: panic_text(&*panic) })
    };
    let lane = match opened.unwrap_or_else(panicked) {
        Ok(lane) => lane,
        Err(error) => {
            // The starter is told; when it is gone, so is the need.
            drop(joins.send(Err(error)));
            return;
        }
    };
    drop(joins.send(Ok(lane.status())));
    if let Err(error) = run_lane(lane, &shared.shutdown) {
        tracing::error!(lane = name, kind = error.kind(), %error, "a lane ended");
        shared.fail(Failure::Lane(name.to_owned(), error));
    }
}

/// True if the inbox's clock waits for a source. It does not for a source of answers only. An answer gates from its
/// record on, a sender looks at the newest, and a rarely written topic would hold every burst open.
fn is_clocked(name: &str, source: &SourceConfig) -> bool {
    name != RESPONSES || source.preset.as_deref() != Some(RESPONSES)
}

const fn start_of(source: &SourceConfig) -> Start {
    match source.start {
        winback_sources::Start::Earliest => Start::Earliest,
        winback_sources::Start::Latest => Start::Latest,
        winback_sources::Start::At(time) => Start::At(time),
    }
}
