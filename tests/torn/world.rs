//! One broker with several doors, a proxy before each: cases that run side by side disturb each other no more than
//! machines on one network do.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Condvar, Mutex, OnceLock};
use std::time::Duration;

use winback_log_kafka::{KafkaLog, KafkaOptions};
use winback_testkit::broker::skip_or_fail;
use winback_testkit::{Broker, BrokerError, Proxy};

/// The deadline for a level.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);
const DOORS: usize = 6;

/// The broker, and the proxies that nobody uses just now.
pub(crate) struct World {
    broker: Broker,
    idle: Mutex<Vec<Proxy>>,
    returned: Condvar,
    names: AtomicU32,
}

static WORLD: OnceLock<Result<World, BrokerError>> = OnceLock::new();

impl World {
    /// The one of this binary; without a broker it says loudly that `what` was not tested.
    pub(crate) fn get(what: &str) -> Option<&'static Self> {
        match WORLD.get_or_init(Self::begin) {
            Ok(world) => Some(world),
            Err(error @ BrokerError::Unavailable { .. }) => {
                skip_or_fail(what, error);
                None
            }
            Err(error) => panic!("{what}: {error}"),
        }
    }

    fn begin() -> Result<Self, BrokerError> {
        let proxies: Vec<Proxy> = (0..DOORS).map(|_| Proxy::listen().unwrap()).collect();
        let ports: Vec<u16> = proxies.iter().map(Proxy::port).collect();
        let broker = Broker::start_behind(&ports)?;
        for (number, proxy) in proxies.iter().enumerate() {
            proxy.lead_to(broker.door(number).unwrap());
        }
        Ok(Self { broker, idle: Mutex::new(proxies), returned: Condvar::new(), names: AtomicU32::new(0) })
    }

    /// A proxy for one case.
    pub(crate) fn door(&'static self) -> Door {
        let idle = self.idle.lock().unwrap();
        let mut idle = self.returned.wait_while(idle, |idle| idle.is_empty()).unwrap();
        Door { world: self, proxy: idle.pop() }
    }

    /// A name that no other case has.
    pub(crate) fn name(&self) -> String {
        format!("torn{}", self.names.fetch_add(1, Ordering::Relaxed))
    }

    /// The log, not through a proxy.
    pub(crate) fn log(&self) -> KafkaLog {
        KafkaLog::new(options(self.broker.bootstrap())).unwrap()
    }
}

/// A proxy in use; given back when dropped.
pub(crate) struct Door {
    world: &'static World,
    proxy: Option<Proxy>,
}

impl Door {
    pub(crate) fn proxy(&self) -> &Proxy {
        self.proxy.as_ref().unwrap()
    }

    /// The address that a client connects to.
    pub(crate) fn bootstrap(&self) -> String {
        format!("127.0.0.1:{}", self.proxy().port())
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        if let (Some(proxy), Ok(mut idle)) = (self.proxy.take(), self.world.idle.lock()) {
            proxy.cut_all();
            idle.push(proxy);
            self.world.returned.notify_one();
        }
    }
}

/// Time-outs as short as a busy machine allows; batches so small that a transaction is several requests; a client that
/// refuses a record of 100 kB, which makes a lane abort.
pub(crate) fn options(bootstrap: String) -> KafkaOptions {
    let mut options = KafkaOptions::new(bootstrap);
    options.session_timeout = Duration::from_secs(4);
    options.transaction_timeout = Duration::from_secs(2);
    options.commit_deadline = Duration::from_millis(800);
    for (name, value) in [("batch.num.messages", "2"), ("message.max.bytes", "100000")] {
        options.properties.insert(name.to_owned(), value.to_owned());
    }
    options
}
