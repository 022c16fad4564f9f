//! The connection to a Kafka cluster, and the client's settings that follow from a lane's promise.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use winback_log::LogError;

/// Marks of settings whose values are never shown.
const SECRET_MARKS: [&str; 5] = ["password", "secret", "key.pem", "jaas", "oauthbearer.config"];

/// Settings whose values winback's promises rest on.
const FIXED: [&str; 11] = [
    "enable.auto.commit",
    "enable.auto.offset.store",
    "isolation.level",
    "auto.offset.reset",
    "enable.partition.eof",
    "transactional.id",
    "enable.idempotence",
    "acks",
    "partitioner",
    "group.id",
    "bootstrap.servers",
];

/// The least time between the commit deadline and the transaction time-out; the socket time-out lies between.
const BETWEEN: Duration = Duration::from_millis(400);

/// The way in which members of a group hand partitions over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupProtocol {
    /// Only what moves is given back; the others go on.
    #[default]
    Cooperative,
    /// The broker decides who has what (KIP-848), and how long a member may be silent; needs Kafka 4.
    Consumer,
}

/// The connection to a Kafka cluster.
#[derive(Clone, PartialEq, Eq)]
pub struct KafkaOptions {
    /// `host:port`, one or more, separated by commas.
    pub bootstrap: String,
    /// Further settings by their librdkafka names: TLS, SASL, sizes. They win over winback's own, except for those that
    /// its promises rest on.
    pub properties: BTreeMap<String, String>,
    /// The name that brokers log.
    pub client_id: String,
    /// The time a member may be silent before its partitions go to another.
    pub session_timeout: Duration,
    /// The time a transaction may be open before the broker aborts it. It is below the session time-out, so that a
    /// killed member's rest never blocks its successor.
    pub transaction_timeout: Duration,
    /// The time to wait for the end of a transaction before its outcome counts as unknown.
    pub commit_deadline: Duration,
    /// The time limit of a request to the cluster.
    pub request_timeout: Duration,
    /// The protocol by which members hand partitions over.
    pub protocol: GroupProtocol,
    /// A version of librdkafka that is taken though winback was not proved with it; empty takes none.
    pub accept_librdkafka: String,
}

impl KafkaOptions {
    /// The defaults for a cluster at `bootstrap`.
    pub fn new(bootstrap: impl Into<String>) -> Self {
        Self {
            bootstrap: bootstrap.into(),
            properties: BTreeMap::new(),
            client_id: "winback".to_owned(),
            session_timeout: Duration::from_secs(10),
            transaction_timeout: Duration::from_secs(8),
            commit_deadline: Duration::from_secs(6),
            request_timeout: Duration::from_secs(10),
            protocol: GroupProtocol::default(),
            accept_librdkafka: String::new(),
        }
    }

    /// The defaults for the cluster that `url` names: `kafka://host:port[,host:port]`.
    ///
    /// # Errors
    /// When it names none, or holds a user and password: those are settings.
    pub fn from_url(url: &str) -> Result<Self, LogError> {
        let hosts = url.strip_prefix("kafka://").unwrap_or_default().trim_end_matches('/');
        if hosts.contains('@') {
            return Err(LogError::Config(
                "a kafka:// URL takes no user or password: set sasl.username and sasl.password as properties"
                    .to_owned(),
            ));
        }
        if hosts.is_empty() || !hosts.split(',').all(is_address) {
            return Err(LogError::Config(format!(
                "`{url}` names no cluster: write kafka://HOST:PORT[,HOST:PORT]"
            )));
        }
        Ok(Self::new(hosts))
    }

    /// Takes settings by their librdkafka names. Those that winback's own follow from are read here: the transaction
    /// time-out and the commit deadline keep their share of a session time-out that is set without them.
    ///
    /// # Errors
    /// Names the setting, its value and the fix.
    pub fn set_properties(
        &mut self,
        properties: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(), LogError> {
        self.properties.extend(properties);
        if let Some(session) = self.take_time_out("session.timeout.ms")? {
            self.session_timeout = session;
            self.transaction_timeout = session * 4 / 5;
            self.commit_deadline = session * 3 / 5;
        }
        if let Some(transaction) = self.take_time_out("transaction.timeout.ms")? {
            self.transaction_timeout = transaction;
            self.commit_deadline = self.commit_deadline.min(transaction * 3 / 4);
        }
        let strategy = self.properties.remove("partition.assignment.strategy");
        let protocol = self.properties.remove("group.protocol");
        self.protocol = match (protocol.as_deref(), strategy.as_deref()) {
            (Some("consumer"), None) => GroupProtocol::Consumer,
            (Some("classic") | None, Some("cooperative-sticky")) => GroupProtocol::Cooperative,
            (Some("classic") | None, None) => self.protocol,
            (Some("consumer"), Some(_)) => {
                return Err(LogError::Config(
                    "`partition.assignment.strategy` has no effect with group.protocol = \"consumer\", where the broker \
                     assigns: leave it out"
                        .to_owned(),
                ));
            }
            (Some("classic") | None, Some(other)) => {
                return Err(LogError::Config(format!(
                    "partition.assignment.strategy = \"{other}\": write \"cooperative-sticky\", or leave it out"
                )));
            }
            (Some(other), _) => {
                return Err(LogError::Config(format!(
                    "group.protocol = \"{other}\": write \"classic\" or \"consumer\""
                )));
            }
        };
        Ok(())
    }

    fn take_time_out(&mut self, key: &str) -> Result<Option<Duration>, LogError> {
        let Some(value) = self.properties.remove(key) else { return Ok(None) };
        match value.parse() {
            Ok(millis) if millis > 0 => Ok(Some(Duration::from_millis(millis))),
            _ => Err(LogError::Config(format!("{key} = \"{value}\": write milliseconds, such as \"10000\""))),
        }
    }

    /// Checks what must hold between the settings.
    ///
    /// # Errors
    /// Names the settings and what to change.
    pub fn check(&self) -> Result<(), LogError> {
        if self.transaction_timeout >= self.session_timeout {
            return Err(LogError::Config(format!(
                "transaction time-out {:?} must be below session time-out {:?}: a killed member's transaction would \
                 block the member that takes over",
                self.transaction_timeout, self.session_timeout
            )));
        }
        if self.commit_deadline + BETWEEN > self.transaction_timeout {
            return Err(LogError::Config(format!(
                "commit deadline {:?} must be at least {BETWEEN:?} below transaction time-out {:?}",
                self.commit_deadline, self.transaction_timeout
            )));
        }
        match self.properties.keys().find(|key| FIXED.contains(&key.as_str())) {
            Some(key) => Err(LogError::Config(format!("`{key}` is set by winback and cannot be a property"))),
            None => Ok(()),
        }
    }

    /// The warning for an operator whose brokers look for timed-out transactions that seldom; `None` if no one waits
    /// longer for them than for a dead member's partitions.
    pub(super) fn standstill(&self, cleanup: Duration) -> Option<String> {
        let longest = self.transaction_timeout + cleanup;
        (longest > self.session_timeout * 3 / 2).then(|| {
            format!(
                "a member that dies and does not come back can stop readers of what it wrote for {longest:?}, though its \
                 partitions move after {:?}: set transaction.abort.timed.out.transaction.cleanup.interval.ms = 1000 on \
                 the brokers (it is {}), or let it come back under the same `instance`",
                self.session_timeout,
                cleanup.as_millis()
            )
        })
    }
}

impl fmt::Debug for KafkaOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: BTreeMap<&str, &str> = self
            .properties
            .iter()
            .map(|(key, value)| (key.as_str(), if is_secret(key) { "(not shown)" } else { value.as_str() }))
            .collect();
        f.debug_struct("KafkaOptions")
            .field("bootstrap", &self.bootstrap)
            .field("properties", &shown)
            .field("client_id", &self.client_id)
            .field("session_timeout", &self.session_timeout)
            .field("transaction_timeout", &self.transaction_timeout)
            .field("commit_deadline", &self.commit_deadline)
            .field("request_timeout", &self.request_timeout)
            .field("protocol", &self.protocol)
            .field("accept_librdkafka", &self.accept_librdkafka)
            .finish()
    }
}

/// True if a setting's value must not be shown.
pub(super) fn is_secret(key: &str) -> bool {
    SECRET_MARKS.iter().any(|mark| key.contains(mark))
}

fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests;
