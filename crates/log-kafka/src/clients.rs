//! The settings of each kind of client, as what a lane promises wants them.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

use super::options::{GroupProtocol, KafkaOptions};

impl KafkaOptions {
    /// A consumer's settings.
    pub(super) fn consumer(&self, group: &str) -> ClientConfig {
        // Members hear of a rebalance by their heartbeat, so its length is what a join or leave costs everybody.
        let heartbeat = (self.session_timeout / 6).min(Duration::from_millis(250));
        let (session, heartbeat) = (millis(self.session_timeout), millis(heartbeat));
        let membership: &[(&str, &str)] = match self.protocol {
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

    /// The settings of a consumer that reads without a group.
    pub(super) fn reading(&self) -> ClientConfig {
        self.consumer("winback-reader")
    }

    /// The same for a restore, which is over when the broker says that there is nothing more: it must not take its time.
    pub(super) fn restoring(&self) -> ClientConfig {
        let mut config = self.reading();
        if !self.properties.contains_key("fetch.wait.max.ms") {
            config.set("fetch.wait.max.ms", "10");
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
        // The broker asks for refusal_timeout while it still completes the transaction before; by default that costs 100 ms.
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
    pub(super) fn requests(&self) -> ClientConfig {
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

fn millis(span: Duration) -> String {
    span.as_millis().to_string()
}
