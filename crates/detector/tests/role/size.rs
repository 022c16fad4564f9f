//! A step's writes stay small, however much an account sends.

use std::convert::Infallible;

use winback_core::account::{Account, Reason};
use winback_core::debounce::{AccountChange, MatchedSignal, Progress, Reached};
use winback_core::ids::{Offset, Partition};
use winback_core::index::Method;
use winback_core::signal::SignalKind;
use winback_core::time::Time;
use winback_detector::DetectorRole;
use winback_lane::{At, Input, InputView, Output, Role, View};
use winback_log::{Message, Record};
use winback_proto::v1::inbox_record::Body;
use winback_proto::{Encoding, WireMessage, inbox, v1};

use crate::role;

/// DESIGN section 6: an account sending 40,000 signals writes no more than this a step.
const MOST: usize = 16 << 10;
const SIGNALS: i64 = 40_000;

struct Rig {
    role: DetectorRole,
    input: Input,
    next: i64,
}

impl Rig {
    fn new() -> Self {
        let (role, input) = role();
        Self { role, input, next: 0 }
    }

    /// Steps and commits one record; how many bytes that writes.
    fn step(&mut self, record: &v1::InboxRecord, now: i64) -> usize {
        let mut out = Output::default();
        let record = Record {
            key: None,
            value: Some(record.to_bytes(Encoding::Protobuf).into()),
            headers: Vec::new(),
        };
        let (offset, now) = (Offset(self.next), Time::from_millis(now));
        let message = Message::owned(0, Partition(0), offset, now, 1, record);
        self.role.step(At { input: &self.input, now }, &message, &mut out);
        self.next += 1;
        let view = InputView {
            input: &self.input,
            position: Offset(self.next),
            element: 0,
            committed: Some(offset),
            newest: Some(now),
            observed_end: None,
        };
        self.role.seal(&View { now, inputs: &[view] }, &mut out);
        self.role.committed();
        let mut bytes = 0;
        let visited: Result<(), Infallible> = out.each(|append| {
            bytes += append.key.map_or(0, <[u8]>::len) + append.value.map_or(0, <[u8]>::len);
            bytes += append.headers.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
            Ok(())
        });
        visited.unwrap();
        bytes
    }
}

fn signal(number: i64, at: i64) -> v1::InboxRecord {
    let long = |text: &str| text.repeat(40);
    let signal = MatchedSignal {
        account: "acme".into(),
        source: "web".to_owned(),
        id: format!("{}-{number}", long("id")),
        kind: SignalKind::WebVisit,
        class: format!("class-{}", number % 100),
        event_time: Time::from_millis(at),
        append_time: Time::from_millis(at),
        input: "web:visits/0".into(),
        merged_with: Vec::new(),
        method: Method::Domain,
        matched_on: long("domain acme.example "),
        detail: long("/a/long/path"),
    };
    v1::InboxRecord { body: Some(Body::Signal(inbox::signal_to_wire(&signal, number))) }
}

#[test]
fn an_account_that_sends_40_000_signals_writes_no_more_than_16_kib_a_step() {
    let mut rig = Rig::new();
    let start = 1_760_000_000_000;
    let toml = "name=\"p\"\nmax_signals=1000000\n".to_owned();
    let policy = winback_policy::record("p", 1, &toml);
    rig.step(&v1::InboxRecord { body: Some(Body::Policy(inbox::policy_to_wire(&policy))) }, start);
    let mut account = Account::new("acme", "Acme", Time::from_millis(start), Reason::ProductGap);
    account.arr_usd = 84_000;
    rig.step(&inbox::change_to_wire(&AccountChange::Upsert(Box::new(account))), start);
    let progress = |at| {
        inbox::progress_to_wire(&Progress {
            inputs: vec![("web:visits/0".into(), Reached::NewestAppend(Time::from_millis(at)))],
            known: Vec::new(),
        })
    };
    rig.step(&progress(start), start);
    let mut most = 0;
    for number in 0..SIGNALS {
        let at = start + number * 1_000;
        most = most.max(rig.step(&signal(number, at), at));
    }
    most = most.max(rig.step(&progress(start + SIGNALS * 2_000), start + SIGNALS * 2_000));
    assert!(most <= MOST, "a step wrote {most} bytes");
}
