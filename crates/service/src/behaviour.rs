//! What an operator is shown when something goes wrong: lanes that run as they do in service, over a log in memory, through
//! every trouble that an alert is for, with the pages read over HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant};

use winback_core::time::{Span, Time};
use winback_deployment::config::Config;
use winback_lane::{LaneError, PositionsFrom};
use winback_log::{
    Append, Clock, GroupEvent, Log as _, SessionSpec, SystemClock, call_off_failures, order_failure,
};
use winback_log_embedded::{EmbeddedLog, Fault};
use winback_sources::{SourceConfig, Start};
use winback_telemetry::metrics::list;

use crate::{Plan, RoleName, Running};

/// Nothing is waited for longer.
const DEADLINE: Duration = Duration::from_secs(60);
const LOOK: Duration = Duration::from_millis(5);
/// How often a state that must stay is looked at again.
const AGAIN: usize = 40;
const DEPLOYMENT: &str = "behaviour";
const SEEN: &str = "behaviour.matcher.0.seen-0";

/// The metrics of alerts that other tests move, with the test and its file.
const ELSEWHERE: [(&str, &str, &str); 8] = [
    (
        "winback_dead_letters_left_out_total",
        "crates/service/src/observe.rs",
        "letters_that_are_left_out_are_counted_by_source",
    ),
    (
        "winback_endpoints_unreached",
        "tests/e2e/watched.rs",
        "a_receiver_that_is_not_there_is_shown_with_since_when_and_restarts_nothing",
    ),
    (
        "winback_foreign_records",
        "tests/e2e/foreign.rs",
        "a_running_member_says_what_no_start_would_take_and_is_ready_again_when_it_is_replaced",
    ),
    (
        "winback_inputs_left_out",
        "crates/detector/tests/role/left_out.rs",
        "an_input_that_stands_still_while_others_move_is_left_out",
    ),
    ("winback_conservation_imbalance", "crates/matcher/src/tally.rs", "what_is_lost_is_an_imbalance"),
    (
        "winback_endpoints_stopped",
        "tests/e2e/watched.rs",
        "triggers_are_timed_and_an_endpoint_that_refuses_is_shown",
    ),
    (
        "winback_leading_trigger_seconds",
        "tests/e2e/watched.rs",
        "triggers_are_timed_and_an_endpoint_that_refuses_is_shown",
    ),
    (
        "winback_trailing_trigger_seconds",
        "tests/e2e/watched.rs",
        "triggers_are_timed_and_an_endpoint_that_refuses_is_shown",
    ),
];

/// The world's clock, and what a test puts upon it.
#[derive(Default)]
struct Shifted(AtomicI64);

impl Clock for Shifted {
    fn now(&self) -> Time {
        SystemClock.now() + Span::from_millis(self.0.load(Ordering::SeqCst))
    }
}

struct Service {
    log: Arc<EmbeddedLog>,
    clock: Arc<Shifted>,
    running: Running,
    address: SocketAddr,
    /// Each series with the values that it had; one that was not there at first had none of them by then.
    seen: BTreeMap<String, BTreeSet<String>>,
}

fn config() -> Config {
    let mut config = Config::load(None, &|_| None).unwrap();
    DEPLOYMENT.clone_into(&mut config.deployment);
    "127.0.0.1:0".clone_into(&mut config.http.listen);
    config.lanes.stalled_after = Span::from_millis(1_500);
    config.lanes.unavailable_timeout = Span::from_hours(1);
    config.dead_letters.max_run = 20;
    let source = |name: &str| (name.to_owned(), SourceConfig::of_preset(name, "web", Start::Earliest));
    config.sources.retain(|name, _| name == winback_deployment::config::RESPONSES);
    config.sources.extend(["seen", "other"].map(source));
    config
}

impl Service {
    fn start() -> Self {
        let clock = Arc::new(Shifted::default());
        let log = Arc::new(EmbeddedLog::memory(clock.clone()));
        let plan = Plan {
            roles: vec![RoleName::Registrar, RoleName::Matcher, RoleName::Detector],
            sources: Vec::new(),
            positions: PositionsFrom::Refuse,
            config_path: String::new(),
            stop: Arc::new(AtomicBool::new(false)),
        };
        let running = crate::start(config(), log.clone(), clock.clone(), &plan).unwrap();
        let address = running.address().unwrap();
        Self { log, clock, running, address, seen: BTreeMap::new() }
    }

    fn ask(&self, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }

    /// The sum of the series that begin with that name and hold all of those labels.
    fn metric(&mut self, name: &str, labels: &[&str]) -> f64 {
        let page = self.ask("/metrics").1;
        let (mut sum, begins) = (0.0, self.seen.is_empty());
        for line in page.lines().filter(|line| !line.starts_with('#')) {
            let Some((series, value)) = line.rsplit_once(' ') else { continue };
            let values = self.seen.entry(series.to_owned());
            let nothing = || if begins { BTreeSet::new() } else { BTreeSet::from(["0".to_owned()]) };
            values.or_insert_with(nothing).insert(value.to_owned());
            let rest = series.strip_prefix(name).filter(|rest| rest.is_empty() || rest.starts_with('{'));
            if rest.is_some_and(|rest| labels.iter().all(|label| rest.contains(label))) {
                sum += value.parse::<f64>().unwrap();
            }
        }
        sum
    }

    #[track_caller]
    fn until(&mut self, what: &str, mut holds: impl FnMut(&mut Self) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        loop {
            self.running.watch();
            if holds(self) {
                return;
            }
            let (live, ready) = (self.ask("/livez"), self.ask("/readyz"));
            assert!(Instant::now() < deadline, "not {what}: {live:?} {ready:?} {}", self.ask("/metrics").1);
            std::thread::park_timeout(LOOK);
        }
    }

    fn answers(&self, path: &str, status: u16, part: &str) -> bool {
        let (is, text) = self.ask(path);
        is == status && text.contains(part)
    }

    /// Alive and ready.
    #[track_caller]
    fn is_well(&mut self) {
        self.until("well", |it| it.answers("/livez", 200, "") && it.answers("/readyz", 200, "ready\n"));
    }

    fn view(&self, source: &str, value: &str) {
        let mut writer = self.log.writer().unwrap();
        let value = Some(value.as_bytes());
        let record =
            Append { topic: source, partition: None, key: None, value, headers: &[], timestamp: None };
        writer.append(&record).unwrap();
        writer.flush().unwrap();
    }

    /// A view of nobody's.
    fn good(&self, source: &str) {
        let time = self.clock.now();
        self.view(
            source,
            &format!(r#"{{"id":"1","url":"https://us.com/docs","email":"jo@nobody.com","time":"{time}"}}"#),
        );
    }
}

fn rebalances(it: &mut Service, how: &str) -> f64 {
    it.metric("winback_rebalances_total", &["role=\"detector\"", &format!("kind=\"{how}\"")])
}

/// Another member takes partitions and goes; then one is thrown out.
fn partitions_come_and_go(it: &mut Service) {
    it.until("assigned", |it| rebalances(it, "assigned") > 0.0);
    let spec = SessionSpec {
        group: format!("{DEPLOYMENT}.detector"),
        transactional_id: "somebody.else".to_owned(),
        topics: vec![Arc::from(format!("{DEPLOYMENT}.inbox"))],
    };
    let mut other = it.log.session(spec).unwrap();
    let mut messages = Vec::new();
    it.until("revoked", |it| {
        if let Some(GroupEvent::Assigned(partitions)) = other.poll(1, Duration::ZERO, &mut messages).unwrap()
        {
            other.assign_paused(&partitions).unwrap();
        }
        rebalances(it, "revoked") > 0.0
    });
    other.close().unwrap();
    it.is_well();
    it.log.inject(&format!("{DEPLOYMENT}.detector.0.0"), Fault::CommitExpelled);
    it.until("lost", |it| rebalances(it, "lost") > 0.0);
    it.is_well();
}

fn transactions_fail(it: &mut Service) {
    it.log.inject(SEEN, Fault::CommitAborted);
    it.until("aborted", |it| it.metric("winback_aborts_total", &["matcher"]) > 0.0);
    it.until("said", |it| it.answers("/readyz", 200, "matcher.seen-0: its last error, now or before"));
    it.log.inject(SEEN, Fault::CommitUnknownDropped);
    it.until("unknown", |it| it.metric("winback_unknown_outcomes_total", &["matcher"]) > 0.0);
    it.is_well();
}

fn a_lane_hangs(it: &mut Service) {
    assert!(order_failure("before_begin@seen-0=hang"));
    it.until("stalled", |it| {
        it.answers("/livez", 503, "stalled: matcher.seen-0: the lane has not turned for")
    });
    for _ in 0..AGAIN {
        it.running.watch();
        assert!(it.answers("/livez", 503, "stalled: matcher.seen-0"), "{:?}", it.ask("/livez"));
        assert!(it.answers("/readyz", 503, "stalled: matcher.seen-0"), "{:?}", it.ask("/readyz"));
        assert_eq!(it.metric("winback_lanes_stalled", &["matcher"]), 1.0);
    }
    call_off_failures();
    it.is_well();
    assert_eq!(it.metric("winback_lanes_stalled", &[]), 0.0);
}

fn a_step_panics(it: &mut Service) {
    let letters = ["role=\"matcher\"", "reason=\"panicked\""];
    assert!(order_failure("step@seen-0+=panic"));
    it.good("seen");
    it.until("a letter", |it| it.metric("winback_dead_letters_total", &letters) > 0.0);
    call_off_failures();
    it.is_well();
    assert_eq!(it.metric("winback_dead_letters_total", &letters), 1.0);
    assert!(it.answers("/readyz", 200, "seen/0@0 panicked: the log says why"), "{:?}", it.ask("/readyz"));
}

fn the_log_is_away(it: &mut Service) {
    (0..1_000).for_each(|_| it.log.inject(SEEN, Fault::PollFails));
    it.until("away", |it| it.answers("/readyz", 503, "matcher.seen-0: the log is unavailable"));
    // For longer than a lane may stand still: an outage is nothing that a restart mends.
    let since = Instant::now();
    it.until("away for long", |it| {
        assert!(it.answers("/livez", 200, "alive"), "{:?}", it.ask("/livez"));
        since.elapsed() > Duration::from_secs(3)
    });
    it.log.calm();
    it.is_well();
}

fn a_source_stops(it: &mut Service) {
    (0..100).for_each(|_| it.view("seen", "what is this"));
    it.until("stopped", |it| it.metric("winback_lanes_stopped", &["source=\"seen\""]) > 0.0);
    it.until("behind", |it| it.metric("winback_lag_records", &["source=\"seen\""]) > 0.0);
    assert!(
        it.answers("/readyz", 503, "matcher.seen-0: stopped reading seen") && it.answers("/livez", 200, "")
    );
    it.clock.0.fetch_add(Span::from_mins(11).millis(), Ordering::SeqCst);
    it.good("other");
    it.until("its clock moved", |it| it.metric("winback_watermark_timestamp_seconds", &[]) > 0.0);
    assert!(it.answers("/livez", 200, ""), "a clock that jumps is no stall: {:?}", it.ask("/livez"));
}

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The metrics that alerts go by, without what is added to a histogram's.
fn of_alerts() -> BTreeSet<&'static str> {
    let rules = std::fs::read_to_string(root().join("deploy/prometheus/rules.yml")).unwrap();
    let exprs: String = rules.lines().filter(|line| line.trim().starts_with("expr:")).collect();
    let words: BTreeSet<&str> = exprs.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').collect();
    let named = |info: &&list::Info| {
        words.contains(info.name) || words.contains(format!("{}_bucket", info.name).as_str())
    };
    list::ALL.iter().copied().filter(named).map(|info| info.name).collect()
}

fn every_alert_was_moved(it: &Service) {
    let moves = |name: &str| {
        it.seen.iter().any(|(series, values)| {
            let is = series.split('{').next() == Some(name);
            // Of a version there is one, and its alert is that nobody tells it.
            is && (values.len() > 1 || name == "winback_build_info")
        })
    };
    let alerts = of_alerts();
    assert!(alerts.len() > 10, "{alerts:?}");
    for name in &alerts {
        let elsewhere = ELSEWHERE.iter().find(|(known, ..)| known == name);
        match elsewhere {
            Some((_, file, test)) => {
                let text = std::fs::read_to_string(root().join(file)).unwrap();
                assert!(
                    text.contains(&format!("fn {test}()")) && text.contains(name),
                    "{file}: {test} moves {name}"
                );
            }
            None => assert!(moves(name), "{name} never moved: {:?}", it.seen.keys().collect::<Vec<_>>()),
        }
    }
    let stale: Vec<_> = ELSEWHERE.iter().filter(|(name, ..)| !alerts.contains(name)).collect();
    assert!(stale.is_empty(), "no alert goes by {stale:?}");
}

#[test]
fn each_trouble_shows_where_its_alert_and_an_orchestrator_look() {
    let mut it = Service::start();
    it.is_well();
    partitions_come_and_go(&mut it);
    transactions_fail(&mut it);
    a_lane_hangs(&mut it);
    a_step_panics(&mut it);
    the_log_is_away(&mut it);
    a_source_stops(&mut it);
    every_alert_was_moved(&it);

    // Outside of a step: the process ends, and says which lane.
    assert!(order_failure("before_begin@other-0=panic"));
    it.until("failed", |it| it.running.has_failed());
    call_off_failures();
    let error = it.running.stop().unwrap_err();
    assert!(matches!(error.downcast_ref::<LaneError>(), Some(LaneError::Panicked { .. })), "{error:?}");
    let line = format!("{error:#}");
    for part in
        ["matcher.other-0: ", "it panicked outside of a step", "a test asked for it", "start it again"]
    {
        assert!(line.contains(part), "{line}");
    }
}
