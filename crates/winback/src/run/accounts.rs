//! The account index of the process: filled before the first signal is judged, live after.

use std::sync::Arc;
use std::time::Duration;

use winback_core::account::{Reason, Status};
use winback_core::ids::Offset;
use winback_core::index::SharedIndex;
use winback_log::{LogError, Reader, TopicPartition};
use winback_matcher::{AccountFeed, FeedStatus};
use winback_telemetry::Component;
use winback_telemetry::metrics::list;
use winback_worker::{AccountStanding, Standing};

use super::answers::{AnswerFeed, Known};
use super::{Failure, Shared};

const TURN: Duration = Duration::from_millis(50);

/// The index, and whether it is complete.
#[derive(Clone)]
pub(super) struct Accounts {
    pub(super) index: Arc<SharedIndex>,
    pub(super) status: Arc<FeedStatus>,
    pub(super) answers: Arc<Known>,
}

/// Starts the thread that keeps the index.
pub(super) fn start(
    shared: &Arc<Shared>,
    threads: &mut Vec<std::thread::JoinHandle<()>>,
) -> anyhow::Result<Accounts> {
    let accounts =
        Accounts { index: Arc::new(SharedIndex::new()), status: Arc::default(), answers: Arc::default() };
    let keeper = Keeper { shared: shared.clone(), accounts: accounts.clone() };
    let thread = std::thread::Builder::new().name("winback-accounts".to_owned());
    threads.push(thread.spawn(move || keeper.run())?);
    Ok(accounts)
}

struct Keeper {
    shared: Arc<Shared>,
    accounts: Accounts,
}

impl Keeper {
    fn run(&self) {
        let component = self.shared.health.component("accounts");
        if let Err(error) = self.keep(&component) {
            component.failed(error.to_string());
            self.shared
                .failures
                .lock()
                .push(Failure::Other(anyhow::Error::new(error).context("the account index")));
        }
    }

    fn keep(&self, component: &Component) -> Result<(), LogError> {
        let log = &self.shared.log;
        let mut feed = AccountFeed::new(
            log,
            &self.shared.topics.accounts,
            self.accounts.index.clone(),
            self.accounts.status.clone(),
        )?;
        let mut answers = AnswerFeed::new(&self.shared, self.accounts.answers.clone())?;
        let mut registrar = Registered::new(&self.shared)?;
        let metrics = &self.shared.metrics;
        let size = metrics.gauge(&list::INDEX_ACCOUNTS, []);
        let bytes = metrics.gauge(&list::INDEX_BYTES, []);
        let complete = metrics.gauge(&list::INDEX_BOOTSTRAPPED, []);
        complete.set(0.0);
        let mut begun = false;
        while !self.shared.shutdown.is_asked() {
            if !begun && registrar.has_caught_up()? {
                feed.begin()?;
                begun = true;
            }
            feed.turn(TURN / 2)?;
            answers.turn(TURN / 2)?;
            match self.accounts.status.waits_for() {
                Some(why) => component.waiting(why),
                None => {
                    component.ready();
                    complete.set(1.0);
                }
            }
            let index = self.accounts.index.pin();
            size.set(index.len() as f64);
            bytes.set(index.bytes() as f64);
        }
        Ok(())
    }
}

/// Whether the registrar has taken in every account that was there when this process started.
struct Registered {
    reader: Box<dyn Reader>,
    group: String,
    partitions: Vec<TopicPartition>,
    ends: Vec<Offset>,
}

impl Registered {
    fn new(shared: &Shared) -> Result<Self, LogError> {
        let topic = &shared.config.accounts.topic;
        let info = shared.log.describe(&[topic])?.into_iter().next().flatten();
        let count = info.map_or(0, |info| info.spec.partitions);
        let partitions: Vec<_> = (0..count).map(|at| TopicPartition::new(topic.as_str(), at)).collect();
        let mut reader = shared.log.reader()?;
        let ends = if partitions.is_empty() { Vec::new() } else { reader.ends(&partitions)? };
        Ok(Self { reader, group: super::lanes::registrar_group(&shared.config), partitions, ends })
    }

    fn has_caught_up(&mut self) -> Result<bool, LogError> {
        if self.ends.iter().all(|end| *end == Offset::ZERO) {
            return Ok(true);
        }
        let committed = self.reader.committed(&self.group, &self.partitions)?;
        Ok(committed.iter().zip(&self.ends).all(|(position, end)| position.unwrap_or(Offset::ZERO) >= *end))
    }
}

impl Standing for Accounts {
    fn of(&self, account_id: &str) -> Option<AccountStanding> {
        let index = self.index.pin();
        let entry = index.get(account_id)?;
        let books = AccountStanding {
            reactivated: entry.status == Status::Active,
            do_not_contact: entry.do_not_contact || entry.reason == Reason::Impossible,
            opted_out: entry.all_opted_out,
            no_consent: entry.consent == Some(false),
            declined_at: entry.declined_at,
            replied_at: None,
            hold_out: entry.hold_out,
            earliest_at: None,
        };
        let answered = self.answers.answers.of(account_id);
        Some(answered.map_or(books, |answered| {
            let nobody_left = index.are_all_out(account_id, |contact| answered.is_out(contact));
            answered.onto(books, entry.churned_at, nobody_left)
        }))
    }

    fn waits_for(&self) -> Option<String> {
        self.status.waits_for().or_else(|| self.answers.waits_for())
    }
}
