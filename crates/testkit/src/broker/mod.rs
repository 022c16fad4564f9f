//! A real Kafka broker for tests: one process, on loopback ports of its own, with its data in a temporary folder.
//!
//! It is started by `deploy/kafka/run` from jars that Maven fetches once. A broker never outlives the test process, not
//! even one that was killed: a watchdog sees its standard input close and ends the broker.

mod cluster;
mod process;
mod shared;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

pub use self::cluster::Cluster;
use self::process::{Process, Signal};
pub use self::shared::{broker_or_skip, skip_or_fail};

const START_DEADLINE: Duration = Duration::from_secs(60);
const ATTEMPTS: usize = 3;

/// The reason why there is no broker.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// Something that a broker needs is not on this machine.
    #[error("no broker can be started: {what} is missing; {how}")]
    Unavailable {
        /// The missing program.
        what: &'static str,
        /// The way to install it.
        how: &'static str,
    },
    /// It was started and did not get far.
    #[error("the broker did not start: {why}")]
    Failed {
        /// The end of its log.
        why: String,
    },
    /// The machine refused.
    #[error("{doing}: {error}")]
    Io {
        /// The attempt.
        doing: &'static str,
        /// The system's message.
        error: std::io::Error,
    },
}

/// One more port that a broker listens on, for those who come through a proxy.
#[derive(Clone, Copy, Debug)]
struct Door {
    port: u16,
    /// The port that clients are told to come back to: the proxy's.
    advertised: u16,
}

/// One broker.
#[derive(Debug)]
pub struct Broker {
    process: Option<Process>,
    port: u16,
    controller_port: u16,
    /// Further arguments of the script.
    arguments: Vec<String>,
    doors: Vec<Door>,
    data: TempDir,
}

impl Broker {
    /// Starts a broker with no topics, and waits until it answers.
    ///
    /// # Errors
    /// [`BrokerError::Unavailable`] where Java or Maven are missing.
    pub fn start() -> Result<Self, BrokerError> {
        Self::start_behind(&[])
    }

    /// The same, with a door for each proxy: whoever comes in through door n is told by the broker to come back by the
    /// n-th of these ports, so that all its connections lead through that proxy.
    ///
    /// # Errors
    /// As [`Broker::start`].
    pub fn start_behind(proxies: &[u16]) -> Result<Self, BrokerError> {
        check_java()?;
        fetch_jars()?;
        let mut last = None;
        for _ in 0..ATTEMPTS {
            // The ports are free now, but somebody may be faster: then others are tried.
            let free = free_ports(2 + proxies.len())?;
            let [port, controller_port, doors @ ..] = free.as_slice() else { continue };
            let doors = doors.iter().zip(proxies).map(|(&port, &advertised)| Door { port, advertised });
            let mut broker = Self::with([*port, *controller_port], Vec::new())?;
            broker.doors = doors.collect();
            match broker.restart() {
                Ok(()) => return Ok(broker),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or(BrokerError::Failed { why: "no attempt was made".to_owned() }))
    }

    fn with([port, controller_port]: [u16; 2], arguments: Vec<String>) -> Result<Self, BrokerError> {
        let data = tempfile::Builder::new().prefix("winback-kafka-").tempdir();
        let data = data.map_err(|error| BrokerError::Io { doing: "making a temporary folder", error })?;
        Ok(Self { process: None, port, controller_port, arguments, doors: Vec::new(), data })
    }

    /// `host:port`.
    pub fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// `kafka://host:port`.
    pub fn url(&self) -> String {
        format!("kafka://{}", self.bootstrap())
    }

    /// The target of the proxy in front of listener `number`.
    pub fn door(&self, number: usize) -> Option<SocketAddr> {
        self.doors.get(number).map(|door| SocketAddr::from((Ipv4Addr::LOCALHOST, door.port)))
    }

    /// The folder of its data and of its log, `broker.log`.
    pub fn folder(&self) -> &Path {
        self.data.path()
    }

    /// Starts it again on the same ports and data; the one that runs is killed.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn restart(&mut self) -> Result<(), BrokerError> {
        self.launch()?;
        self.wait_until_up()
    }

    fn launch(&mut self) -> Result<(), BrokerError> {
        self.kill();
        let folder = self.data.path();
        let mut command = Command::new("sh");
        command.arg(run_script()).arg("--data").arg(folder);
        command.arg("--port").arg(self.port.to_string());
        command.arg("--controller-port").arg(self.controller_port.to_string());
        command.args(&self.arguments);
        for Door { port, advertised } in &self.doors {
            command.arg("--door").arg(format!("{port}:{advertised}"));
        }
        self.process = Some(Process::spawn(command, folder)?);
        Ok(())
    }

    fn wait_until_up(&mut self) -> Result<(), BrokerError> {
        let Some(process) = &mut self.process else {
            return Err(BrokerError::Failed { why: "it was not started".to_owned() });
        };
        process.wait_for("Kafka Server started", START_DEADLINE).inspect_err(|_| self.process = None)
    }

    /// Asks it to stop, as an operator would, and waits.
    pub fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.signal(Signal::Terminate);
            process.wait();
        }
    }

    /// Kills it at once.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Freezes it: connections stay open, nothing answers.
    pub fn pause(&self) {
        self.signal(Signal::Stop);
    }

    /// Ends a pause.
    pub fn resume(&self) {
        self.signal(Signal::Continue);
    }

    fn signal(&self, signal: Signal) {
        if let Some(process) = &self.process {
            process.signal(signal);
        }
    }
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn run_script() -> PathBuf {
    workspace().join("deploy/kafka/run")
}

/// Ports that nobody listens on; all are held until all are found, so that they differ.
fn free_ports(count: usize) -> Result<Vec<u16>, BrokerError> {
    let io = |error| BrokerError::Io { doing: "looking for a free port", error };
    let listen = |_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let held: Vec<TcpListener> = (0..count).map(listen).collect::<Result<_, _>>().map_err(io)?;
    held.iter()
        .map(|listener| listener.local_addr().map(|at| at.port()))
        .collect::<Result<_, _>>()
        .map_err(io)
}

fn check_java() -> Result<(), BrokerError> {
    let java = std::env::var_os("JAVA_HOME")
        .map_or_else(|| PathBuf::from("java"), |home| Path::new(&home).join("bin/java"));
    let missing = BrokerError::Unavailable {
        what: "Java 17 or later",
        how: "install it (Debian: `apt install openjdk-17-jre-headless`)",
    };
    let Ok(output) = Command::new(java).arg("-version").output() else { return Err(missing) };
    let text = String::from_utf8_lossy(&output.stderr);
    if java_version(&text).is_some_and(|version| version >= 17) { Ok(()) } else { Err(missing) }
}

/// The feature version out of `openjdk version "17.0.15" …`.
fn java_version(text: &str) -> Option<u32> {
    let quoted = text.split('"').nth(1)?;
    quoted.split(['.', '-', '+']).next()?.parse().ok()
}

/// Copies the jars once; the other test processes wait for it.
fn fetch_jars() -> Result<(), BrokerError> {
    let cache = workspace().join(".kafka");
    let io = |doing| move |error| BrokerError::Io { doing, error };
    std::fs::create_dir_all(&cache).map_err(io("making .kafka"))?;
    let lock = std::fs::File::create(cache.join("lock")).map_err(io("making .kafka/lock"))?;
    lock.lock().map_err(io("locking .kafka/lock"))?;
    if cache.join("jars").is_dir() {
        return Ok(());
    }
    if Command::new("mvn").arg("-version").output().is_err() {
        let how = "install it (Debian: `apt install maven`); it fetches the broker's jars, once";
        return Err(BrokerError::Unavailable { what: "Maven", how });
    }
    let output = Command::new("sh").arg(run_script()).arg("--fetch").output().map_err(io("running Maven"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(BrokerError::Failed { why: String::from_utf8_lossy(&output.stderr).into_owned() })
}

#[cfg(test)]
mod tests {
    use super::java_version;

    #[test]
    fn the_version_of_java_is_read_from_what_it_says() {
        for (text, version) in [
            ("openjdk version \"17.0.15\" 2025-04-15\nOpenJDK Runtime", Some(17)),
            ("openjdk version \"21\" 2023-09-19", Some(21)),
            ("java version \"25-ea\" 2025-09-16", Some(25)),
            ("java version \"1.8.0_292\"", Some(1)),
            ("no such thing", None),
        ] {
            assert_eq!(java_version(text), version, "{text}");
        }
    }
}
