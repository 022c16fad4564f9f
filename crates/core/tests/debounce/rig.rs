//! A partition with one account, driven in milliseconds from a base time.

use winback_core::account::{Account, Reason};
use winback_core::debounce::{
    AccountChange, Body, Decision, Effect, Input, MatchedSignal, Partition, Progress, Reached, Response,
    ResponseKind, Subject, Trigger,
};
use winback_core::ids::Offset;
use winback_core::index::Method;
use winback_core::signal::SignalKind;
use winback_core::time::Time;

/// The zero of every test's times.
pub(crate) const BASE: i64 = 1_760_000_000_000;
/// Q=10, M=30, C=100, no limit on signals, min score 0: the policy of the worked examples.
pub(crate) const WORKED: &str =
    "quiet=\"10ms\"\nmax_wait=\"30ms\"\ncooldown=\"100ms\"\nmax_signals=1000000\nmin_score=0\n";

pub(crate) fn at(millis: i64) -> Time {
    Time::from_millis(BASE + millis)
}

pub(crate) fn account(id: &str) -> Account {
    let mut account = Account::new(id, "Northwind Tools", at(-200 * 86_400_000), Reason::ProductGap);
    account.arr_usd = 84_000;
    account.version = 1;
    account
}

/// A signal of that strength.
pub(crate) fn signal(account: &str, id: &str, strength: u8, te: i64, ti: i64) -> MatchedSignal {
    let (kind, class) = match strength {
        0 => (SignalKind::EmailOpen, ""),
        1 => (SignalKind::WebVisit, ""),
        _ => (SignalKind::WebVisit, "pricing"),
    };
    MatchedSignal {
        account: account.into(),
        source: "web".into(),
        id: id.into(),
        kind,
        class: class.into(),
        event_time: at(te),
        append_time: at(ti),
        input: "web/0".into(),
        merged_with: Vec::new(),
        method: Method::Domain,
        matched_on: "domain northwind.example".into(),
        detail: "/pricing".into(),
    }
}

/// The time that a signal or a report says itself.
fn own_time(body: &Body) -> Option<Time> {
    match body {
        Body::Signal(signal) => Some(signal.append_time),
        Body::Progress(progress) => {
            let reached = progress.inputs.iter().filter_map(|(_, reached)| match reached {
                Reached::NewestAppend(at) => Some(*at),
                Reached::EndSeenAgo(_) => None,
            });
            reached.max()
        }
        _ => None,
    }
}

#[derive(Default)]
pub(crate) struct Rig {
    pub(crate) partition: Partition,
    pub(crate) log: Vec<Input>,
    pub(crate) effects: Vec<Effect>,
    /// The append time of the records that come, from the base time.
    pub(crate) appended: i64,
}

impl Rig {
    /// The worked examples' policy plus `extra` lines, one account `a`, the input `web/0`.
    pub(crate) fn new(extra: &str) -> Self {
        let mut rig = Self::default();
        rig.policy("p", 1, &format!("{WORKED}{extra}"));
        rig.body(Body::Account(AccountChange::Upsert(Box::new(account("a")))));
        rig
    }

    pub(crate) fn policy(&mut self, name: &str, version: u32, toml: &str) {
        let toml = format!("name=\"{name}\"\n{toml}");
        self.body(Body::Policy(winback_policy::record(name, version, &toml)));
    }

    pub(crate) fn body(&mut self, body: Body) {
        let offset = Offset(i64::try_from(self.log.len()).unwrap());
        // No record is appended long after the clock, unless a test says so.
        let now = self.partition.clock().watermark.or(own_time(&body)).filter(|_| self.appended == 0);
        let appended_at = now.map_or(at(self.appended), |now| now.min(at(0)));
        let input = Input { offset, appended_at, body };
        self.partition.step(&input, &mut self.effects);
        self.log.push(input);
    }

    /// A signal that arrives when it happens, and progress that keeps up.
    pub(crate) fn now(&mut self, strength: u8, millis: i64) {
        self.arrives(&format!("s{}", self.log.len()), strength, millis, millis);
    }

    pub(crate) fn arrives(&mut self, id: &str, strength: u8, te: i64, ti: i64) {
        self.body(Body::Signal(Box::new(signal("a", id, strength, te, ti))));
        self.progress(ti);
    }

    pub(crate) fn progress(&mut self, millis: i64) {
        self.progress_of("web/0", millis);
    }

    pub(crate) fn progress_of(&mut self, input: &str, millis: i64) {
        let inputs = vec![(input.into(), Reached::NewestAppend(at(millis)))];
        self.body(Body::Progress(Progress { inputs, known: Vec::new() }));
    }

    /// An answer of a contact; of nobody in particular without one.
    pub(crate) fn answers(&mut self, kind: ResponseKind, id: &str, millis: i64, contact: &[u8]) {
        let (source, id, contact) = ("responses".into(), id.into(), contact.to_vec());
        let at = at(millis);
        self.body(Body::Response(Response { account: "a".into(), source, id, kind, at, contact }));
    }

    pub(crate) fn change(&mut self, change: impl FnOnce(&mut Account)) {
        let mut account = account("a");
        account.version = u64::try_from(self.log.len()).unwrap();
        change(&mut account);
        self.body(Body::Account(AccountChange::Upsert(Box::new(account))));
    }

    pub(crate) fn triggers(&self) -> Vec<&Trigger> {
        let mut triggers = Vec::new();
        for effect in &self.effects {
            if let Effect::Trigger(trigger) = effect {
                triggers.push(&**trigger);
            }
        }
        triggers
    }

    pub(crate) fn decisions(&self) -> Vec<&Decision> {
        let mut decisions = Vec::new();
        for effect in &self.effects {
            if let Effect::Decision(decision) = effect {
                decisions.push(&**decision);
            }
        }
        decisions
    }

    /// Each trigger as `edge@time xn`, in order.
    pub(crate) fn fired(&self) -> Vec<String> {
        let told = |trigger: &&Trigger| {
            let when = trigger.fired_at.millis() - BASE;
            format!("{}({})@{when} n={}", trigger.edge, trigger.because, trigger.evidence.signals())
        };
        self.triggers().iter().map(told).collect()
    }

    /// The outcomes of signals, in order.
    pub(crate) fn outcomes(&self) -> Vec<&'static str> {
        let signals = |decision: &&&Decision| matches!(decision.subject, Subject::Signal { .. });
        self.decisions().iter().filter(signals).map(|decision| decision.outcome()).collect()
    }

    /// The outcomes of bursts as `outcome(because)@time`, in order.
    pub(crate) fn ends(&self) -> Vec<String> {
        let bursts = |decision: &&&Decision| matches!(decision.subject, Subject::Burst { .. });
        let told = |decision: &&Decision| {
            let because = decision.because().map(|because| because.to_string()).unwrap_or_default();
            format!("{}({because})@{}", decision.outcome(), decision.at.millis() - BASE)
        };
        self.decisions().iter().filter(bursts).map(told).collect()
    }
}
