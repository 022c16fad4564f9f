//! How long a trigger took is measured to the moment at which it is in the log.

use winback_core::account::{Account, Reason};
use winback_core::debounce::{AccountChange, MatchedSignal, Progress, Reached};
use winback_core::ids::{Offset, Partition};
use winback_core::index::Method;
use winback_core::signal::SignalKind;
use winback_core::time::{Span, Time};
use winback_lane::{At, Output, Role, View};
use winback_log::{Message, Record};
use winback_proto::v1::inbox_record::Body;
use winback_proto::{Encoding, WireMessage, inbox, v1};
use winback_telemetry::Metrics;

use crate::counted;

const START: Time = Time::from_millis(1_760_000_000_000);
/// From the last step to the end of the commit.
const COMMIT: Span = Span::from_secs(7);

fn view_of_prices() -> v1::InboxRecord {
    let signal = MatchedSignal {
        account: "acme".into(),
        source: "web".to_owned(),
        id: "1".to_owned(),
        kind: SignalKind::WebVisit,
        class: "pricing".to_owned(),
        event_time: START,
        append_time: START,
        input: "web:visits/0".into(),
        merged_with: Vec::new(),
        method: Method::Domain,
        matched_on: String::new(),
        detail: String::new(),
    };
    v1::InboxRecord { body: Some(Body::Signal(inbox::signal_to_wire(&signal, 0))) }
}

fn progress(at: Time) -> v1::InboxRecord {
    let inputs = vec![("web:visits/0".into(), Reached::NewestAppend(at))];
    inbox::progress_to_wire(&Progress { inputs, known: Vec::new() })
}

/// The sum of that histogram after these records were stepped in one transaction.
fn seconds(leading: &str, records: &[v1::InboxRecord], now: Time, histogram: &str) -> f64 {
    let metrics = Metrics::new();
    let (mut role, input) = counted(&metrics);
    let toml = format!(
        "name=\"p\"\nquiet=\"10s\"\nmax_wait=\"30s\"\ncooldown=\"100s\"\nmin_score=0\nleading=\"{leading}\"\n[calendar]\nentries=[]\n"
    );
    let policy = winback_policy::record("p", 1, &toml);
    let mut account = Account::new("acme", "Acme", START - Span::from_days(200), Reason::ProductGap);
    account.arr_usd = 84_000;
    let before = [
        v1::InboxRecord { body: Some(Body::Policy(inbox::policy_to_wire(&policy))) },
        inbox::change_to_wire(&AccountChange::Upsert(Box::new(account))),
        progress(START),
    ];
    let mut out = Output::default();
    for (number, record) in (0..).zip(before.iter().chain(records)) {
        let value = Some(record.to_bytes(Encoding::Protobuf).into());
        let record = Record { key: None, value, headers: Vec::new() };
        let message = Message::owned(0, Partition(0), Offset(number), START, 1, record);
        role.step(At { input: &input, now }, &message, &mut out);
    }
    role.seal(&View { now, inputs: &[] }, &mut out);
    role.committed_at(now + COMMIT);
    role.committed();
    metrics.upkeep();
    let page = metrics.render();
    let value = |suffix: &str| {
        let series = format!("{histogram}_{suffix} ");
        page.lines().find_map(|line| line.strip_prefix(&series)?.parse::<f64>().ok()).unwrap_or_default()
    };
    assert!((value("count") - 1.0).abs() < f64::EPSILON, "one trigger: {page}");
    value("sum")
}

#[test]
fn a_leading_triggers_delay_holds_its_commit() {
    let records = [view_of_prices(), progress(START)];
    let delay =
        seconds("always", &records, START + Span::from_millis(500), "winback_leading_trigger_seconds");
    assert!((delay - 7.5).abs() < 1e-6, "{delay}");
}

#[test]
fn a_trailing_triggers_delay_holds_its_commit() {
    let deadline = START + Span::from_secs(10);
    let records = [view_of_prices(), progress(deadline)];
    let now = deadline + Span::from_millis(500);
    let delay = seconds("off", &records, now, "winback_trailing_trigger_seconds");
    assert!((delay - 7.5).abs() < 1e-6, "{delay}");
}
