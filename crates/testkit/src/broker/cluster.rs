//! Several brokers that are one cluster, with a copy of everything on each.

use super::{Broker, BrokerError, check_java, fetch_jars, free_ports};

const ATTEMPTS: usize = 3;

/// Brokers that share a quorum of controllers; each can be killed, paused and started again.
#[derive(Debug)]
pub struct Cluster {
    brokers: Vec<Broker>,
}

impl Cluster {
    /// Starts `count` brokers with no topics, and waits until all are up.
    ///
    /// # Errors
    /// [`BrokerError::Unavailable`] where Java or Maven are missing.
    pub fn start(count: usize) -> Result<Self, BrokerError> {
        check_java()?;
        fetch_jars()?;
        let mut last = None;
        for _ in 0..ATTEMPTS {
            // The ports are free now, but somebody may be faster: then others are tried.
            match Self::attempt(count) {
                Ok(cluster) => return Ok(cluster),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or(BrokerError::Failed { why: "no attempt was made".to_owned() }))
    }

    fn attempt(count: usize) -> Result<Self, BrokerError> {
        let ports = free_ports(2 * count)?.as_chunks().0.to_vec();
        let voter = |(at, ports): (usize, &[u16; 2])| format!("{}@127.0.0.1:{}", at + 1, ports[1]);
        let voters: Vec<String> = ports.iter().enumerate().map(voter).collect();
        let (voters, copies) = (voters.join(","), count.to_string());
        let arguments = |at: usize| {
            let node = (at + 1).to_string();
            ["--node", &node, "--voters", &voters, "--copies", &copies].map(str::to_owned).to_vec()
        };
        let brokers = ports.into_iter().enumerate().map(|(at, ports)| Broker::with(ports, arguments(at)));
        let mut cluster = Self { brokers: brokers.collect::<Result<_, _>>()? };
        // None is up before most of them are there to vote.
        cluster.brokers.iter_mut().try_for_each(Broker::launch)?;
        cluster.brokers.iter_mut().try_for_each(Broker::wait_until_up)?;
        Ok(cluster)
    }

    /// `host:port,…` of all of them.
    pub fn bootstrap(&self) -> String {
        let all: Vec<String> = self.brokers.iter().map(Broker::bootstrap).collect();
        all.join(",")
    }

    /// `kafka://host:port,…`.
    pub fn url(&self) -> String {
        format!("kafka://{}", self.bootstrap())
    }

    /// The brokers.
    pub fn brokers(&mut self) -> &mut [Broker] {
        &mut self.brokers
    }
}
