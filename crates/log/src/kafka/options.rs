//! How to reach a Kafka cluster, and the client's settings that follow from what a lane promises.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

use crate::LogError;

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

/// How members of a group hand partitions over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupProtocol {
    /// Everybody gives everything back, then everything is shared out anew.
    Eager,
    /// Only what moves is given back; the others go on.
    #[default]
    Cooperative,
    /// The broker decides who has what (KIP-848), and how long a member may be silent; needs Kafka 4.
    Consumer,
}

/// How to reach a Kafka cluster.
#[derive(Clone, PartialEq, Eq)]
pub struct KafkaOptions {
    /// `host:port`, one or more, separated by commas.
    pub bootstrap: String,
    /// Further settings by their librdkafka names: TLS, SASL, sizes. They win over winback's own, except for those that
    /// its promises rest on.
    pub properties: BTreeMap<String, String>,
    /// The name that brokers log.
    pub client_id: String,
    /// How long a member may be silent before its partitions go to another.
    pub session_timeout: Duration,
    /// How long a transaction may be open before the broker aborts it; below the session time-out, so that what a
    /// killed member left never blocks the one that takes over.
    pub transaction_timeout: Duration,
    /// How long an end of a transaction is waited for before its outcome counts as unknown.
    pub commit_deadline: Duration,
    /// How long a question to the cluster may take.
    pub ask_deadline: Duration,
    /// How members hand partitions over.
    pub protocol: GroupProtocol,
    /// The same records and positions, at least once instead of exactly once: what transactions cost is the difference.
    #[cfg(feature = "no-transactions")]
    pub without_transactions: bool,
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
            ask_deadline: Duration::from_secs(10),
            protocol: GroupProtocol::default(),
            #[cfg(feature = "no-transactions")]
            without_transactions: false,
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
            (Some("classic") | None, Some("eager")) => GroupProtocol::Eager,
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
                    "partition.assignment.strategy = \"{other}\": write \"cooperative-sticky\" or \"eager\""
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

    /// What to tell an operator whose brokers look for timed-out transactions that seldom; `None` where nobody waits
    /// for them longer than for the partitions of a member that died.
    pub(super) fn standstill(&self, cleanup: Duration) -> Option<String> {
        let longest = self.transaction_timeout + cleanup;
        (longest > self.session_timeout * 3 / 2).then(|| {
            format!(
                "a member that dies and does not come back can stop readers of what it wrote for {longest:?}, though its                  partitions move after {:?}: set transaction.abort.timed.out.transaction.cleanup.interval.ms = 1000 on                  the brokers (it is {}), or let it come back under the same `instance`",
                self.session_timeout,
                cleanup.as_millis()
            )
        })
    }

    /// A consumer's settings.
    pub(super) fn consumer(&self, group: &str) -> ClientConfig {
        // Members hear of a rebalance by their heartbeat, so its length is what a join or leave costs everybody.
        let heartbeat = (self.session_timeout / 6).min(Duration::from_millis(500));
        let (session, heartbeat) = (millis(self.session_timeout), millis(heartbeat));
        let membership: &[(&str, &str)] = match self.protocol {
            GroupProtocol::Eager => &[
                ("partition.assignment.strategy", "range,roundrobin"),
                ("session.timeout.ms", &session),
                ("heartbeat.interval.ms", &heartbeat),
            ],
            GroupProtocol::Cooperative => &[
                ("partition.assignment.strategy", "cooperative-sticky"),
                ("session.timeout.ms", &session),
                ("heartbeat.interval.ms", &heartbeat),
            ],
            GroupProtocol::Consumer => &[("group.protocol", "consumer")],
        };
        let mut config = self.client(&[
            ("group.id", group),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            ("isolation.level", "read_committed"),
            ("auto.offset.reset", "error"),
            ("enable.partition.eof", "true"),
            ("check.crcs", "true"),
            ("allow.auto.create.topics", "false"),
            // A full local queue pauses fetching for this long; the default of a second costs most of the throughput.
            ("fetch.queue.backoff.ms", "5"),
            ("fetch.wait.max.ms", "100"),
            ("fetch.error.backoff.ms", "100"),
            ("queued.max.messages.kbytes", "65536"),
            ("queued.min.messages", "100000"),
            ("statistics.interval.ms", "5000"),
        ]);
        for (key, value) in membership {
            // A heartbeat that is set by hand holds.
            if !self.properties.contains_key(*key) {
                config.set(*key, *value);
            }
        }
        config
    }

    /// A producer's settings, without a transaction.
    pub(super) fn producer(&self) -> ClientConfig {
        self.client(&[
            ("enable.idempotence", "true"),
            ("acks", "all"),
            ("partitioner", "murmur2_random"),
            ("linger.ms", "2"),
            ("compression.type", "lz4"),
            ("message.max.bytes", "20000000"),
            ("queue.buffering.max.messages", "1000000"),
            ("queue.buffering.max.kbytes", "262144"),
            ("statistics.interval.ms", "5000"),
        ])
    }

    /// Whether a benchmark asked for [`Self::without_transactions`].
    pub(super) const fn is_plain(&self) -> bool {
        #[cfg(feature = "no-transactions")]
        return self.without_transactions;
        #[cfg(not(feature = "no-transactions"))]
        false
    }

    /// A transactional producer's settings.
    pub(super) fn transactional(&self, id: &str) -> ClientConfig {
        let mut config = self.producer();
        config.set("transactional.id", id);
        if !self.properties.contains_key("linger.ms") {
            // A transaction's records come all at once, and its commit right behind them.
            config.set("linger.ms", "0");
        }
        config.set("transaction.timeout.ms", millis(self.transaction_timeout));
        config.set("message.timeout.ms", millis(self.transaction_timeout));
        // The broker asks for patience while it still completes the transaction before; by default that costs 100 ms.
        config.set("retry.backoff.ms", "5");
        // A request that is not answered by then is asked again; the end of a transaction counts as unknown first.
        let between = (self.transaction_timeout.saturating_sub(self.commit_deadline)) / 2;
        config.set("socket.timeout.ms", millis(self.commit_deadline + between));
        // A line for every connection that ends, however often it does; otherwise the second one within half a minute
        // says nothing. The producer's context listens to them and passes none on.
        let debug =
            config.get("debug").map_or_else(|| "broker".to_owned(), |other| format!("{other},broker"));
        config.set("debug", debug);
        config.set_log_level(RDKafkaLogLevel::Debug);
        config
    }

    /// The settings of a client that only asks. It sees records of open transactions, so that an end that it names
    /// lies behind everything that was appended; see [`super::offsets`].
    pub(super) fn asking(&self) -> ClientConfig {
        self.client(&[("allow.auto.create.topics", "false"), ("isolation.level", "read_uncommitted")])
    }

    fn client(&self, settings: &[(&str, &str)]) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", &self.bootstrap);
        config.set("client.id", &self.client_id);
        config.set("reconnect.backoff.ms", "50");
        config.set("reconnect.backoff.max.ms", "1000");
        config.set("socket.nagle.disable", "true");
        for (key, value) in settings {
            config.set(*key, *value);
        }
        for (key, value) in &self.properties {
            config.set(key, value);
        }
        config.set_log_level(RDKafkaLogLevel::Info);
        config
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
            .field("ask_deadline", &self.ask_deadline)
            .field("protocol", &self.protocol)
            .finish()
    }
}

/// Whether a setting's value must not be shown.
pub(super) fn is_secret(key: &str) -> bool {
    SECRET_MARKS.iter().any(|mark| key.contains(mark))
}

fn is_address(text: &str) -> bool {
    text.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
}

fn millis(span: Duration) -> String {
    span.as_millis().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_one_or_more_brokers() {
        for (url, bootstrap) in [
            ("kafka://127.0.0.1:9092", Some("127.0.0.1:9092")),
            ("kafka://a:1,b:2/", Some("a:1,b:2")),
            ("kafka://[::1]:9092", Some("[::1]:9092")),
            ("kafka://", None),
            ("kafka://a", None),
            ("kafka://a:x", None),
            ("kafka://a:1,", None),
            ("http://a:1", None),
        ] {
            let read = KafkaOptions::from_url(url).ok().map(|options| options.bootstrap);
            assert_eq!(read.as_deref(), bootstrap, "{url}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_refused_without_repeating_it() {
        let error = KafkaOptions::from_url("kafka://me:hunter2@a:1").unwrap_err().to_string();
        assert!(error.contains("sasl.password") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let mut options = KafkaOptions::new("a:1");
        for key in ["sasl.password", "ssl.key.password", "ssl.key.pem", "sasl.oauthbearer.client.secret"] {
            options.properties.insert(key.to_owned(), "hunter2".to_owned());
        }
        options.properties.insert("security.protocol".to_owned(), "SASL_SSL".to_owned());
        let shown = format!("{options:?}");
        assert!(!shown.contains("hunter2") && shown.contains("SASL_SSL"), "{shown}");
    }

    #[test]
    fn time_outs_that_would_block_a_successor_are_refused() {
        let mut options = KafkaOptions::new("a:1");
        assert!(options.check().is_ok());
        options.transaction_timeout = options.session_timeout;
        assert!(options.check().is_err());
        options = KafkaOptions::new("a:1");
        options.commit_deadline = options.transaction_timeout;
        assert!(options.check().is_err());
    }

    fn set(properties: &[(&str, &str)]) -> Result<KafkaOptions, String> {
        let mut options = KafkaOptions::new("a:1");
        let owned = properties.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        options.set_properties(owned).and_then(|()| options.check()).map_err(|error| error.to_string())?;
        Ok(options)
    }

    #[test]
    fn a_session_time_out_that_is_set_takes_the_others_along() {
        let short = set(&[("session.timeout.ms", "4000")]).unwrap();
        assert_eq!(short.session_timeout, Duration::from_millis(4_000));
        assert_eq!(short.transaction_timeout, Duration::from_millis(3_200));
        assert_eq!(short.commit_deadline, Duration::from_millis(2_400));
        let longer = set(&[("transaction.timeout.ms", "9000")]).unwrap();
        assert_eq!(
            (longer.transaction_timeout, longer.commit_deadline.as_secs()),
            (Duration::from_secs(9), 6)
        );
        let error = set(&[("session.timeout.ms", "4000"), ("transaction.timeout.ms", "5000")]).unwrap_err();
        assert!(error.contains("must be below session time-out"), "{error}");
        let error = set(&[("session.timeout.ms", "4s")]).unwrap_err();
        assert!(error.contains("session.timeout.ms") && error.contains("milliseconds"), "{error}");
    }

    #[test]
    fn brokers_that_seldom_look_for_dead_transactions_are_told_of() {
        let options = KafkaOptions::new("a:1");
        let warning = options.standstill(Duration::from_secs(10)).unwrap();
        assert!(
            warning.contains("18s") && warning.contains("10000") && warning.contains("1000"),
            "{warning}"
        );
        assert_eq!(options.standstill(Duration::from_secs(1)), None);
    }

    #[test]
    fn the_groups_protocol_is_one_switch() {
        for (properties, protocol) in [
            (&[][..], GroupProtocol::Cooperative),
            (&[("partition.assignment.strategy", "eager")][..], GroupProtocol::Eager),
            (&[("group.protocol", "consumer")][..], GroupProtocol::Consumer),
            (&[("group.protocol", "classic")][..], GroupProtocol::Cooperative),
        ] {
            assert_eq!(set(properties).unwrap().protocol, protocol, "{properties:?}");
        }
        for (properties, word) in [
            (&[("group.protocol", "new")][..], "classic"),
            (&[("partition.assignment.strategy", "range")][..], "eager"),
            (
                &[("group.protocol", "consumer"), ("partition.assignment.strategy", "eager")][..],
                "leave it out",
            ),
        ] {
            let error = set(properties).unwrap_err();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn a_transactional_producer_tells_of_every_connection_that_ends_whatever_else_it_shall_tell() {
        let mut options = KafkaOptions::new("a:1");
        assert_eq!(options.transactional("id").get("debug"), Some("broker"));
        options.properties.insert("debug".to_owned(), "eos,protocol".to_owned());
        let config = options.transactional("id");
        assert_eq!(config.get("debug"), Some("eos,protocol,broker"));
        assert!(matches!(config.log_level, RDKafkaLogLevel::Debug));
    }

    #[test]
    fn what_the_promises_rest_on_cannot_be_a_property() {
        let mut options = KafkaOptions::new("a:1");
        options.properties.insert("isolation.level".to_owned(), "read_uncommitted".to_owned());
        assert!(options.check().unwrap_err().to_string().contains("isolation.level"));
    }
}
