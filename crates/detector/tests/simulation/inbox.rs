//! The inbox's records, and the writer that brings them in transactions, as matchers do.

use std::sync::LazyLock;
use std::time::Duration;

use winback_core::account::{Account, Reason};
use winback_core::debounce::{
    AccountChange, Event, MatchedSignal, PolicyRecord, Progress, Reached, ResponseKind, shadow,
};
use winback_core::ids::{Offset, Partition};
use winback_core::index::Method;
use winback_core::signal::SignalKind;
use winback_core::time::{Span, Time};
use winback_log::partitioner::partition_of;
use winback_log::{Append, GroupEvent, Log, Session, SessionSpec, TopicPartition};
use winback_proto::v1::inbox_record::Body;
use winback_proto::{Encoding, WireMessage, inbox, v1};

use crate::ops::{ACCOUNTS, INPUTS, Op, Word};
use crate::world::{BASE, FEED, INBOX, PARTITIONS};

/// A record on its way to the inbox.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) partition: Option<Partition>,
    pub(crate) key: Option<String>,
    pub(crate) value: Vec<u8>,
}

fn keyed(key: &str, body: Body) -> Line {
    let value = v1::InboxRecord { body: Some(body) }.to_bytes(Encoding::Protobuf);
    Line { partition: None, key: Some(key.to_owned()), value }
}

/// A record for every partition.
fn everywhere(body: &Body) -> Vec<Line> {
    let value = v1::InboxRecord { body: Some(body.clone()) }.to_bytes(Encoding::Protobuf);
    let line = |partition| Line { partition: Some(Partition(partition)), key: None, value: value.clone() };
    (0..PARTITIONS).map(line).collect()
}

/// A policy with that quiet time.
fn file(quiet_minutes: u8) -> String {
    format!(
        "name=\"p\"\nquiet=\"{quiet_minutes}m\"\nmax_wait=\"30m\"\nmax_signals=6\ncooldown=\"100m\"\n\
         [[caps]]\nper=\"account\"\nmax=3\nwindow=\"400m\"\n"
    )
}

fn body_of(record: v1::InboxRecord) -> Body {
    record.body.expect("a record that was just made has a body")
}

/// The progress of the story in the inbox; no part of it depends on the clocks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    /// By input, in minutes.
    clocks: [i64; INPUTS.len()],
    /// Counts up: versions of accounts and of the policy.
    version: u32,
}

impl Script {
    /// The first records of every inbox: the policy, the accounts, and progress of all inputs.
    pub(crate) fn beginning() -> (Self, &'static [Line]) {
        static BEGINNING: LazyLock<(Script, Vec<Line>)> = LazyLock::new(|| {
            let mut script = Script::default();
            let mut lines = script.policy(10);
            lines.extend((0..ACCOUNTS.len()).map(|account| script.listed(account, 200)));
            (0..INPUTS.len()).for_each(|input| lines.extend(script.progress(input, 0)));
            (script, lines)
        });
        (BEGINNING.0.clone(), &BEGINNING.1)
    }

    /// The records of an op; none of one that is not about the inbox.
    pub(crate) fn lines(&mut self, op: &Op) -> Vec<Line> {
        match *op {
            Op::Signal { account, id, strength, minutes_late, input } => {
                vec![self.signal(account, id, strength, minutes_late, input)]
            }
            Op::Progress { input, minutes } => self.progress(input, minutes),
            Op::Days(days) => {
                let minutes = i64::from(days) * 24 * 60;
                (0..INPUTS.len()).flat_map(|input| self.progress(input, minutes)).collect()
            }
            Op::Event { id, days_late } => self.event(id, days_late),
            Op::Say { account, word } => vec![self.say(account, word)],
            Op::Policy { quiet_minutes } => self.policy(quiet_minutes),
            Op::Shadow(begins) => self.shadow(begins),
            Op::Hold(held) => everywhere(&Body::Hold(v1::Hold { held, ..v1::Hold::default() })),
            Op::Garbage { partition } => {
                vec![Line { partition: Some(Partition(partition)), key: None, value: b"\xff\xff".to_vec() }]
            }
            Op::Astray { account } => {
                let line = self.signal(account, 0, 1, 0, 0);
                let right = partition_of(ACCOUNTS[account].as_bytes(), PARTITIONS);
                vec![Line { partition: Some(Partition((right.0 + 1) % PARTITIONS)), ..line }]
            }
            _ => Vec::new(),
        }
    }

    /// Ends the story: every burst that is open is due.
    pub(crate) fn end(&mut self) -> Vec<Line> {
        (0..INPUTS.len()).flat_map(|input| self.progress(input, 10_000)).collect()
    }

    fn now(&self, input: usize) -> Time {
        Time::from_millis(BASE) + Span::from_mins(self.clocks[input])
    }

    fn signal(&self, account: usize, id: u8, strength: u8, minutes_late: i64, input: usize) -> Line {
        let (kind, class) = match strength {
            0 => (SignalKind::EmailOpen, ""),
            1 => (SignalKind::WebVisit, ""),
            _ => (SignalKind::WebVisit, "pricing"),
        };
        let append_time = self.now(input);
        let signal = MatchedSignal {
            account: ACCOUNTS[account].into(),
            source: "web".to_owned(),
            id: id.to_string(),
            kind,
            class: class.to_owned(),
            event_time: append_time - Span::from_mins(minutes_late),
            append_time,
            input: INPUTS[input].into(),
            merged_with: Vec::new(),
            method: if id.is_multiple_of(5) { Method::Name } else { Method::Domain },
            matched_on: "domain".to_owned(),
            detail: "/".to_owned(),
        };
        keyed(ACCOUNTS[account], Body::Signal(inbox::signal_to_wire(&signal, 0)))
    }

    fn progress(&mut self, input: usize, minutes: i64) -> Vec<Line> {
        self.clocks[input] += minutes;
        let inputs = vec![(INPUTS[input].into(), Reached::NewestAppend(self.now(input)))];
        let known = INPUTS.iter().map(|input| (*input).into()).collect();
        everywhere(&body_of(inbox::progress_to_wire(&Progress { inputs, known })))
    }

    fn event(&self, id: u8, days_late: u8) -> Vec<Line> {
        let append_time = self.now(0);
        let event = Event {
            source: "releases".to_owned(),
            id: id.to_string(),
            kind: SignalKind::ProductRelease,
            class: if id.is_multiple_of(2) { "major_version" } else { "feature" }.to_owned(),
            event_time: append_time - Span::from_days(days_late.into()),
            append_time,
            title: "4.0".to_owned(),
            features: vec!["sso".to_owned()],
            competitor: String::new(),
        };
        everywhere(&Body::Event(inbox::event_to_wire(&event, "releases:releases/0", 0)))
    }

    fn policy(&mut self, quiet_minutes: u8) -> Vec<Line> {
        self.version += 1;
        let text = winback_policy::record("p", self.version, &file(quiet_minutes));
        everywhere(&Body::Policy(inbox::policy_to_wire(&text)))
    }

    fn shadow(&mut self, begins: bool) -> Vec<Line> {
        self.version += 1;
        let (name, version) = (shadow::shadow_of("p"), self.version);
        let text = if begins {
            winback_policy::record(&name, version, &winback_policy::as_shadow(&file(3)))
        } else {
            PolicyRecord::shadow_ended(&name, version)
        };
        everywhere(&Body::Policy(inbox::policy_to_wire(&text)))
    }

    fn listed(&mut self, account: usize, days_ago: i64) -> Line {
        self.version += 1;
        let id = ACCOUNTS[account];
        let churned = Time::from_millis(BASE) - Span::from_days(days_ago);
        let mut row = Account::new(id, id, churned, Reason::ProductGap);
        row.arr_usd = 84_000;
        row.missing_features = if account < 3 { vec!["SSO".to_owned()] } else { Vec::new() };
        row.version = self.version.into();
        let change = AccountChange::Upsert(Box::new(row));
        keyed(id, body_of(inbox::change_to_wire(&change)))
    }

    fn say(&mut self, account: usize, word: Word) -> Line {
        let id = ACCOUNTS[account];
        match word {
            Word::Listed => self.listed(account, 200),
            Word::Churned => {
                let days_ago = 100 - i64::from(self.version % 50);
                self.listed(account, days_ago)
            }
            Word::Gone => keyed(id, body_of(inbox::change_to_wire(&AccountChange::Gone(id.into())))),
            Word::Erased => keyed(id, body_of(inbox::change_to_wire(&AccountChange::Erased(id.into())))),
            Word::Declined => self.response(id, ResponseKind::Declined),
            Word::OptedOut => self.response(id, ResponseKind::OptedOut),
            Word::Reactivated => self.response(id, ResponseKind::Reactivated),
            Word::Unanswered => {
                let event_time = inbox::timestamp(self.now(0));
                let (account_id, trigger_id) = (id.to_owned(), String::new());
                keyed(id, Body::SequenceEnded(v1::SequenceEnded { account_id, trigger_id, event_time }))
            }
        }
    }

    fn response(&self, id: &str, kind: ResponseKind) -> Line {
        let response = v1::Response {
            account_id: id.to_owned(),
            id: format!("{kind} at {}", self.now(0)),
            source: "responses".to_owned(),
            kind: kind.to_string(),
            event_time: inbox::timestamp(self.now(0)),
            contact_sha256: Vec::new(),
            ..v1::Response::default()
        };
        keyed(id, Body::Response(response))
    }
}

/// Writes to the inbox in transactions, so that it has markers as on Kafka.
pub(crate) struct Feed {
    session: Box<dyn Session>,
    position: [(TopicPartition, Offset); 1],
}

impl Feed {
    pub(crate) fn new(log: &dyn Log) -> Self {
        let spec = SessionSpec {
            group: FEED.to_owned(),
            transactional_id: FEED.to_owned(),
            topics: vec![FEED.into()],
        };
        let mut session = log.session(spec).unwrap();
        let position = [(TopicPartition::new(FEED, 0), Offset::ZERO)];
        let event = session.poll(0, Duration::ZERO, &mut Vec::new()).unwrap();
        assert_eq!(event, Some(GroupEvent::Assigned(vec![position[0].0.clone()])));
        session.assign(&position).unwrap();
        Self { session, position }
    }

    /// Writes these in one transaction.
    pub(crate) fn write(&mut self, lines: &[Line]) {
        if lines.is_empty() {
            return;
        }
        self.session.begin().unwrap();
        for line in lines {
            let (key, value) = (line.key.as_deref().map(str::as_bytes), Some(line.value.as_slice()));
            let (topic, partition) = (INBOX, line.partition);
            let record = Append { topic, partition, key, value, headers: &[], timestamp: None };
            self.session.append(&record).unwrap();
        }
        self.session.commit(&self.position).unwrap();
    }
}
