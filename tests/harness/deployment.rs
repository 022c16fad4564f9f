//! A deployment of its own: a folder with a config, a log, a prefix that no other test uses.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tempfile::TempDir;
use winback_log::{SharedLog, SystemClock};
use winback_logs::OpenOptions;
use winback_testkit::{Broker, broker_or_skip};

use super::{Ended, Running, Summary};

/// The log of a deployment.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// A file in the deployment's folder.
    File,
    /// The broker that the tests share.
    Kafka(&'static Broker),
}

/// The file, and Kafka where there is one.
pub(crate) fn places(what: &str) -> Vec<Place> {
    std::iter::once(Place::File).chain(broker_or_skip(what).map(Place::Kafka)).collect()
}

/// The number of partitions and lanes side by side.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Partitions of each source's topic.
    pub(crate) partitions: i32,
    /// Lanes of each source and of the inbox.
    pub(crate) lanes: usize,
}

impl Shape {
    /// One partition, one lane.
    pub(crate) const ONE: Self = Self { partitions: 1, lanes: 1 };
    /// Four partitions that one lane merges.
    pub(crate) const MERGED: Self = Self { partitions: 4, lanes: 1 };
    /// Four partitions, several lanes.
    pub(crate) const MANY: Self = Self { partitions: 4, lanes: 3 };
}

/// The parts of a config that differ between tests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Partitions of each source's topic.
    pub(crate) partitions: i32,
    /// Lanes of each source.
    pub(crate) matchers: usize,
    /// Lanes of the inbox.
    pub(crate) detectors: usize,
    /// The time a member may be silent.
    pub(crate) session: Duration,
    /// Replicas of each topic.
    pub(crate) replication: i32,
}

impl From<Shape> for Settings {
    fn from(shape: Shape) -> Self {
        let Shape { partitions, lanes } = shape;
        let session = Duration::from_secs(4);
        Self { partitions, matchers: lanes, detectors: lanes, session, replication: 1 }
    }
}

/// A source in the config.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its format.
    pub(crate) preset: &'static str,
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A deployment.
pub(crate) struct Deployment {
    folder: TempDir,
    /// Its name, which prefixes all its topics.
    pub(crate) name: String,
    /// The URL of its log.
    pub(crate) url: String,
}

impl Deployment {
    /// A deployment with those sources and nothing in its log.
    pub(crate) fn new(place: Place, sources: &[Source], shape: Shape) -> Self {
        let url = match place {
            Place::File => None,
            Place::Kafka(broker) => Some(broker.url()),
        };
        Self::on(url, sources, &shape.into())
    }

    /// The same on the log of that URL; in a file of its own where there is none.
    pub(crate) fn on(url: Option<String>, sources: &[Source], settings: &Settings) -> Self {
        let folder = tempfile::Builder::new().prefix("winback-e2e-").tempdir().unwrap();
        let name = format!("e2e{}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let url = url.unwrap_or_else(|| format!("sqlite:{}", folder.path().join("winback.db").display()));
        let deployment = Self { folder, name, url };
        deployment.write("winback.toml", deployment.config(sources, settings).as_bytes());
        deployment
    }

    fn config(&self, sources: &[Source], settings: &Settings) -> String {
        let Settings { partitions, matchers, detectors, session, replication } = settings;
        let session = session.as_millis();
        let Self { name, url, .. } = self;
        let mut toml = format!(
            "deployment = \"{name}\"\nlog = \"{url}\"\n\
             [topics]\nsource_partitions = {partitions}\nreplication = {replication}\n\
             [lanes]\nmatcher = {matchers}\ndetector = {detectors}\n\
             [http]\nlisten = \"\"\n\
             [accounts]\ntopic = \"{name}-accounts\"\n\
             [kafka.properties]\n\"session.timeout.ms\" = \"{session}\"\n"
        );
        for source in sources {
            let topic = self.topic_of(source.name);
            writeln!(
                toml,
                "[sources.{}]\ntopic = \"{topic}\"\npreset = \"{}\"\nstart = \"earliest\"",
                source.name, source.preset
            )
            .unwrap();
        }
        toml
    }

    /// Adds lines to the end of the config.
    pub(crate) fn also(&self, toml: &str) {
        let path = self.path("winback.toml");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, format!("{text}{toml}\n")).unwrap();
    }

    /// Gives it the default policy without a calendar, whose entries would depend on the day of the test, and with no limit
    /// that makes a backlog of the data, which may be of any age.
    pub(crate) fn without_calendar(&self) {
        let shipped = include_str!("../../config/policies/default.toml");
        let (before, rest) = shipped.split_once("[calendar]").unwrap();
        let after = rest.split_once("\n[").map_or("", |(_, after)| after);
        let before = before.replace("stale = \"2d\"", "stale = \"36500d\"");
        assert!(before.contains("36500d"), "the default policy says `stale` in another way");
        let toml = format!("{before}[calendar]\nentries = []\n\n[{after}");
        self.write("config/policies/default.toml", toml.as_bytes());
    }

    /// The topic of a source.
    pub(crate) fn topic_of(&self, source: &str) -> String {
        format!("{}-{source}", self.name)
    }

    /// A topic of winback's own, such as `triggers`.
    pub(crate) fn own(&self, topic: &str) -> String {
        format!("{}.{topic}", self.name)
    }

    /// A file in its folder.
    pub(crate) fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    /// Writes a file into its folder.
    pub(crate) fn write(&self, file: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// The binary in its folder, with nothing of the tester's environment.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        winback(self.folder.path(), args)
    }

    /// Another member: the same config under an instance of its own, which names its transactional ids.
    pub(crate) fn member(&self, instance: &str, args: &[&str]) -> Command {
        let mut command = self.command(args);
        command.env("WINBACK_INSTANCE", instance);
        command
    }

    /// Starts `winback ARGS`.
    pub(crate) fn start(&self, args: &[&str]) -> Running {
        Running::spawn(&mut self.command(args))
    }

    /// Runs `winback ARGS` to its end.
    pub(crate) fn call(&self, args: &[&str]) -> Ended {
        self.start(args).ended()
    }

    /// The same, and it must end well.
    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> Ended {
        self.call(args).expect(0)
    }

    /// Takes those accounts in.
    #[track_caller]
    pub(crate) fn import(&self, accounts: &[serde_json::Value]) {
        let lines: String = accounts.iter().map(|account| format!("{account}\n")).collect();
        let file = self.write("accounts.jsonl", lines.as_bytes());
        self.ok(&["accounts", "import", utf8(&file), "--yes"]);
    }

    /// Runs until everything there is was read, decided and acted on.
    #[track_caller]
    pub(crate) fn run(&self) -> Summary {
        let ended = self.ok(&["run", "--until-idle", "--json"]);
        assert!(!ended.err.contains("panicked"), "{}", ended.err);
        let last = ended.out.lines().last().expect("a run prints its summary");
        serde_json::from_str(last).unwrap()
    }

    /// Its log, opened beside whatever else has it open.
    pub(crate) fn log(&self) -> SharedLog {
        winback_logs::open(&self.url, Arc::new(SystemClock), &OpenOptions::default()).unwrap()
    }
}

/// The binary in that folder, with nothing of the tester's environment.
pub(crate) fn winback(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_winback"));
    command.current_dir(folder).args(args);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("WINBACK_") {
            command.env_remove(name);
        }
    }
    command
}

/// A path as an argument.
pub(crate) fn utf8(path: &Path) -> &str {
    path.to_str().unwrap()
}
