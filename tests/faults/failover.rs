//! The time without decisions after a member's end: from the end until a view of an account of every inbox partition
//! is decided. The views are appended to every partition of a source right after the end.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use winback_core::ids::{Offset, Partition};
use winback_core::time::Span;
use winback_log::{
    Append, Clock as _, Message, Reader, SystemClock, TopicPartition, partitioner::partition_of,
};
use winback_proto::{WireMessage as _, v1};

use crate::feed::{ACCOUNTS, account, view};
use crate::field::{INBOX_PARTITIONS, SETTINGS, SOURCES};
use crate::harness::{Deployment, eventually};
use crate::members::Members;

const DEADLINE: Duration = Duration::from_secs(60);

/// Appends views and looks for what is decided about them.
pub(crate) struct Probe<'a> {
    deployment: &'a Deployment,
    reader: Box<dyn Reader>,
    accounts: Vec<String>,
    number: u64,
}

impl<'a> Probe<'a> {
    pub(crate) fn new(deployment: &'a Deployment) -> Self {
        let decisions = deployment.own("decisions");
        let partitions: Vec<_> =
            (0..INBOX_PARTITIONS).map(|at| TopicPartition::new(decisions.as_str(), at)).collect();
        let mut reader = deployment.log().reader().unwrap();
        let ends = reader.end_offsets(&partitions).unwrap();
        let starts: Vec<(TopicPartition, Offset)> = partitions.into_iter().zip(ends).collect();
        reader.assign(&starts).unwrap();
        let of = |at: i32| {
            let hashes = |id: &String| partition_of(id.as_bytes(), INBOX_PARTITIONS) == Partition(at);
            (0..ACCOUNTS).map(account).find(hashes).unwrap()
        };
        Self { deployment, reader, accounts: (0..INBOX_PARTITIONS).map(of).collect(), number: 0 }
    }

    /// Appends views to every partition of every source, and waits until all are decided.
    /// The members are looked after meanwhile.
    pub(crate) fn decided(&mut self, members: &mut Members<'_>) {
        let mut open = self.ask();
        let mut messages: Vec<Message> = Vec::new();
        eventually("a view of every partition is decided", DEADLINE, || {
            members.tend();
            messages.clear();
            // A broker may be away for a while: the deadline says how long.
            drop(self.reader.poll(4_096, Duration::from_millis(5), &mut messages));
            for message in &messages {
                let made = v1::Decision::from_bytes(message.value().unwrap()).unwrap();
                if let Some(v1::decision::Subject::Signal(signal)) = made.subject {
                    open.remove(&signal.id);
                }
            }
            open.is_empty().then_some(())
        });
    }

    fn ask(&mut self) -> BTreeSet<String> {
        let log = self.deployment.log();
        let mut writer = log.writer().unwrap();
        let (mut open, now) = (BTreeSet::new(), SystemClock.now() - Span::from_millis(1));
        for source in SOURCES {
            let topic = self.deployment.topic_of(source.name);
            for at in 0..SETTINGS.partitions {
                for account in &self.accounts {
                    self.number += 1;
                    let id = format!("probe-{}-{}", now.millis(), self.number);
                    let value = view(&id, account, "/docs/probe", now);
                    let partition = Some(Partition(at));
                    let (topic, value) = (topic.as_str(), Some(value.as_slice()));
                    let record = Append { topic, partition, key: None, value, headers: &[], timestamp: None };
                    writer.append(&record).unwrap();
                    open.insert(id);
                }
            }
        }
        writer.flush().unwrap();
        open
    }
}

/// The measurements.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Failover {
    /// SIGKILL of the only member, started again at once under the same ids.
    pub(crate) same_ids: Duration,
    /// SIGKILL of one of two; the other takes over.
    pub(crate) another: Duration,
    /// SIGTERM of one of two; the other takes over.
    pub(crate) asked: Duration,
}

impl Failover {
    /// As a line of a report.
    pub(crate) fn line(&self) -> String {
        format!(
            "SIGKILL, same ids {:.1} s; SIGKILL, another member {:.1} s; SIGTERM, another member {:.1} s",
            self.same_ids.as_secs_f64(),
            self.another.as_secs_f64(),
            self.asked.as_secs_f64()
        )
    }
}

/// Measures on a deployment whose members are down, and leaves them down.
pub(crate) fn measured(deployment: &Deployment) -> Failover {
    let mut members = Members::new(deployment, 2);
    let mut probe = Probe::new(deployment);
    members.start(0);
    probe.decided(&mut members);
    let same_ids = timed(|| {
        members.kill(0);
        probe.decided(&mut members);
    });
    members.start(1);
    settled(&mut members, &mut probe);
    let another = timed(|| {
        members.bury(0);
        probe.decided(&mut members);
    });
    members.start(0);
    settled(&mut members, &mut probe);
    let asked = timed(|| {
        members.leave(1);
        probe.decided(&mut members);
    });
    members.stop();
    Failover { same_ids, another, asked }
}

/// Both members have their share: they have had the time to join, and decide.
fn settled(members: &mut Members<'_>, probe: &mut Probe<'_>) {
    members.wait(2 * SETTINGS.session);
    probe.decided(members);
}

fn timed(act: impl FnOnce()) -> Duration {
    let began = Instant::now();
    act();
    began.elapsed()
}
