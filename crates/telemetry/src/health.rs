//! The readiness of the process, by named component, with the reason.
//!
//! Every part of the process that can hold readiness back has a component and keeps it up to date; readiness is theirs
//! together. A component whose owner panicked stays as failed, so that a dead lane never looks like none.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde::Serialize;
use winback_core::{credentials, privacy, visible};

/// The state of a component.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    Ready,
    Noted(String),
    Waiting(String),
    Failed(String),
    Stalled(String),
}

struct Entry {
    state: State,
    beat: Option<Instant>,
    last_error: Option<String>,
}

/// The components of a process; cheap to clone.
#[derive(Clone)]
pub struct Health {
    entries: Arc<Mutex<BTreeMap<String, Entry>>>,
    stall_after: Duration,
}

/// One component's voice. Dropping it takes the component off the list, unless its thread is panicking.
pub struct Component {
    health: Health,
    name: String,
}

/// The readiness and liveness of the process, and the state of every component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// All components are ready, and there is at least one.
    pub ready: bool,
    /// No component that beats has stopped beating.
    pub alive: bool,
    /// The components by name.
    pub components: Vec<Line>,
}

/// The state of one component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// `ready`, `waiting`, `failed` or `stalled`.
    pub state: &'static str,
    /// Why it is not ready, or what is to be known though it is; else empty.
    pub why: String,
    /// Its last failure, whether it is mended or not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
}

impl Health {
    /// No components yet. One that has begun to beat is stalled when it has not for `stall_after`.
    pub fn new(stall_after: Duration) -> Self {
        Self { entries: Arc::default(), stall_after }
    }

    /// A new component, waiting: it says itself when it is ready. The name replaces an older one's.
    #[must_use = "dropping a component takes it off the list"]
    pub fn component(&self, name: &str) -> Component {
        let entry = Entry { state: State::Waiting("starting".to_owned()), beat: None, last_error: None };
        self.entries.lock().insert(name.to_owned(), entry);
        Component { health: self.clone(), name: name.to_owned() }
    }

    /// The report at `now`.
    pub fn report(&self, now: Instant) -> Report {
        let entries = self.entries.lock();
        let components: Vec<Line> = entries.iter().map(|(name, entry)| self.line(name, entry, now)).collect();
        Report {
            ready: !components.is_empty() && components.iter().all(|line| line.state == "ready"),
            alive: components.iter().all(|line| line.state != "stalled"),
            components,
        }
    }

    fn line(&self, name: &str, entry: &Entry, now: Instant) -> Line {
        let silent = entry.beat.map_or(Duration::ZERO, |beat| now.saturating_duration_since(beat));
        let (state, why) = match &entry.state {
            State::Stalled(why) => ("stalled", why.clone()),
            // Whatever it said last: who is silent for so long says nothing of now.
            _ if silent > self.stall_after => ("stalled", format!("no progress for {} s", silent.as_secs())),
            State::Failed(why) => ("failed", why.clone()),
            State::Ready => ("ready", String::new()),
            State::Noted(what) => ("ready", what.clone()),
            State::Waiting(why) => ("waiting", why.clone()),
        };
        Line { name: name.to_owned(), state, why, last_error: entry.last_error.clone() }
    }

    fn update(&self, name: &str, change: impl FnOnce(&mut Entry)) {
        if let Some(entry) = self.entries.lock().get_mut(name) {
            change(entry);
        }
    }
}

impl Component {
    /// Does its work.
    pub fn ready(&self) {
        self.health.update(&self.name, |entry| entry.state = State::Ready);
    }

    /// Does its work, and has something to say: `no message was due yet`.
    pub fn noted(&self, what: impl AsRef<str>) {
        let what = public(what.as_ref());
        self.health.update(&self.name, |entry| entry.state = State::Noted(what));
    }

    /// Will be ready by itself: `bootstrapping 3 of 8`.
    pub fn waiting(&self, why: impl AsRef<str>) {
        let why = public(why.as_ref());
        self.health.update(&self.name, |entry| entry.state = State::Waiting(why));
    }

    /// Needs a person: `endpoint stopped: 401 from crm`.
    pub fn failed(&self, why: impl AsRef<str>) {
        let why = public(why.as_ref());
        self.health.update(&self.name, |entry| entry.state = State::Failed(why));
    }

    /// Stands still, as its watcher sees it: only a restart can mend that.
    pub fn stalled(&self, why: impl AsRef<str>) {
        let why = public(why.as_ref());
        self.health.update(&self.name, |entry| entry.state = State::Stalled(why));
    }

    /// Ended by itself: it needs a person, and beats no more.
    pub fn ended(&self, why: impl AsRef<str>) {
        let why = public(why.as_ref());
        self.health.update(&self.name, |entry| (entry.state, entry.beat) = (State::Failed(why), None));
    }

    /// Its last failure, whether it is mended or not.
    pub fn last_error(&self, error: Option<&str>) {
        let error = error.map(public);
        self.health.update(&self.name, |entry| entry.last_error = error);
    }

    /// Finished a turn at `now`. From the first beat on it must go on beating.
    pub fn beat(&self, now: Instant) {
        self.health.update(&self.name, |entry| entry.beat = Some(now));
    }
}

/// The most characters of a reason.
const REASON: usize = 600;

/// A reason as everybody who reaches the port may read it: without mail addresses, passwords and what hides.
fn public(why: &str) -> String {
    let why = credentials::masked(why);
    let why = privacy::masked(&why);
    let why = visible::escaped(&why);
    let mut public: String = why.chars().take(REASON).collect();
    if public.len() < why.len() {
        public.push('…');
    }
    public
}

impl Drop for Component {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.ended("its thread panicked");
        } else {
            self.health.entries.lock().remove(&self.name);
        }
    }
}

impl Report {
    /// For a person: one line that says ready or not, then a line for each component that holds it back, failed before or has
    /// something to say.
    pub fn text(&self) -> String {
        if self.components.is_empty() {
            return "not ready\nnothing has started yet\n".to_owned();
        }
        let mut text = String::from(if self.ready { "ready\n" } else { "not ready\n" });
        self.components.iter().filter_map(Line::text).for_each(|line| {
            text.push_str(&line);
            text.push('\n');
        });
        text
    }
}

impl Line {
    /// Why it is not ready, and its last failure where that is not said by then.
    fn text(&self) -> Option<String> {
        let state = match self.state {
            "ready" if self.why.is_empty() => None,
            "stalled" => Some(format!("stalled: {}: {}", self.name, self.why)),
            _ => Some(format!("{}: {}", self.name, self.why)),
        };
        let error = self.last_error.as_ref().filter(|error| !self.why.contains(error.as_str()));
        let error = error.map(|error| format!("{}: its last error, now or before: {error}", self.name));
        let lines: Vec<String> = state.into_iter().chain(error).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health() -> (Health, Instant) {
        (Health::new(Duration::from_secs(30)), Instant::now())
    }

    #[test]
    fn no_reason_holds_an_address() {
        let (health, now) = health();
        let (one, other) = (health.component("one"), health.component("other"));
        one.waiting("asked zq7@acme.com");
        other.failed("asked zq7%40acme.com");
        assert!(!health.report(now).text().contains("zq7"), "{}", health.report(now).text());
    }

    #[test]
    fn a_process_without_components_is_alive_and_not_ready() {
        let (health, now) = health();
        let report = health.report(now);
        assert!(report.alive && !report.ready);
        assert_eq!(report.text(), "not ready\nnothing has started yet\n");
    }

    #[test]
    fn readiness_says_who_holds_it_back_and_why() {
        let (health, now) = health();
        let index = health.component("index");
        let detector = health.component("detector-0");
        let worker = health.component("worker-0");
        detector.ready();
        index.waiting("bootstrapping 3 of 8");
        worker.failed("endpoint stopped: 401 from crm");
        let report = health.report(now);
        assert_eq!(
            report.text(),
            "not ready\nindex: bootstrapping 3 of 8\nworker-0: endpoint stopped: 401 from crm\n"
        );
        index.ready();
        worker.ready();
        assert_eq!(health.report(now).text(), "ready\n");
        assert!(health.report(now).ready);
    }

    #[test]
    fn a_component_that_is_ready_may_have_something_to_say() {
        let (health, now) = health();
        let worker = health.component("worker-0");
        worker.noted("no message was due yet");
        let report = health.report(now);
        assert!(report.ready && report.alive);
        assert_eq!(report.text(), "ready\nworker-0: no message was due yet\n");
    }

    #[test]
    fn a_reason_is_public_whoever_wrote_it() {
        let (health, now) = health();
        let lane = health.component("lane");
        lane.failed("https://me:pa55@crm.example/x refused jane@acme.example: \u{1b}[2J\nready\u{202e}");
        let said = health.report(now).text();
        assert_eq!(
            said,
            "not ready\nlane: https://(credentials)@crm.example/x refused (address): \\u{1b}[2J\\nready\\u{202e}\n"
        );
        let private = "https://me:pa55@crm.example refused jane@acme.example\r\n";
        let ways: [fn(&Component, &str); 6] = [
            |lane, why| lane.noted(why),
            |lane, why| lane.waiting(why),
            |lane, why| lane.failed(why),
            |lane, why| lane.stalled(why),
            |lane, why| lane.ended(why),
            |lane, why| lane.last_error(Some(why)),
        ];
        for (at, way) in ways.into_iter().enumerate() {
            way(&lane, private);
            let report = health.report(now);
            let said = format!("{}{}", report.text(), serde_json::to_string(&report).unwrap());
            assert!(!["pa55", "jane", "\r"].iter().any(|part| said.contains(part)), "way {at}: {said}");
            assert!(said.contains("refused (address)"), "way {at}: {said}");
        }
        lane.last_error(None);
        lane.waiting("x".repeat(10_000));
        assert!(health.report(now).text().chars().count() < REASON + 30);
    }

    #[test]
    fn a_lane_that_stops_beating_is_stalled_and_one_that_never_beat_is_not() {
        let (health, now) = health();
        let lane = health.component("detector-0");
        let index = health.component("index");
        lane.ready();
        index.ready();
        lane.beat(now);
        assert!(health.report(now + Duration::from_secs(30)).ready);
        let report = health.report(now + Duration::from_secs(31));
        assert!(!report.alive && !report.ready);
        assert_eq!(report.text(), "not ready\nstalled: detector-0: no progress for 31 s\n");
        lane.beat(now + Duration::from_secs(31));
        assert!(health.report(now + Duration::from_secs(31)).ready);
    }

    #[test]
    fn a_stall_that_its_watcher_sees_is_one_for_as_long_as_it_is_said() {
        let (health, now) = health();
        let lane = health.component("detector-0");
        lane.beat(now);
        lane.stalled("the lane has not turned for 61 s");
        let report = health.report(now);
        assert!(!report.alive && !report.ready);
        assert_eq!(report.text(), "not ready\nstalled: detector-0: the lane has not turned for 61 s\n");
        lane.ready();
        assert!(health.report(now).alive);
    }

    #[test]
    fn who_failed_and_then_is_silent_is_stalled_and_who_ended_is_not() {
        let (health, now) = health();
        let (stopped, ended) = (health.component("matcher-0"), health.component("matcher-1"));
        [&stopped, &ended].into_iter().for_each(|lane| lane.beat(now));
        stopped.failed("stopped reading web");
        ended.ended("fenced");
        assert!(health.report(now).alive);
        let later = health.report(now + Duration::from_secs(31));
        assert!(!later.alive);
        assert_eq!(later.text(), "not ready\nstalled: matcher-0: no progress for 31 s\nmatcher-1: fenced\n");
    }

    #[test]
    fn the_last_error_is_shown_whether_it_is_mended_or_not() {
        let (health, now) = health();
        let lane = health.component("matcher-0");
        lane.ready();
        lane.last_error(Some("aborted: why"));
        assert!(health.report(now).ready);
        assert_eq!(
            health.report(now).text(),
            "ready\nmatcher-0: its last error, now or before: aborted: why\n"
        );
        lane.waiting("the log is unavailable: aborted: why");
        assert_eq!(
            health.report(now).text(),
            "not ready\nmatcher-0: the log is unavailable: aborted: why\n",
            "it is said once"
        );
        lane.ready();
        lane.last_error(None);
        assert_eq!(health.report(now).text(), "ready\n");
    }

    #[test]
    fn a_component_that_ends_in_order_leaves_and_one_that_panics_stays_as_failed() {
        let (health, now) = health();
        drop(health.component("ingest"));
        let lane = health.component("matcher-0");
        let panicked = std::thread::spawn(move || {
            lane.ready();
            panic!("on purpose");
        });
        assert!(panicked.join().is_err());
        assert_eq!(health.report(now).text(), "not ready\nmatcher-0: its thread panicked\n");
    }
}
