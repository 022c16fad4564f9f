//! The processes of a deployment, each under an instance of its own: started, killed, frozen, and started again when they
//! end, as a supervisor would.

use std::time::{Duration, Instant};

use crate::field::SNAPSHOT_LEAST;
use crate::harness::{Deployment, Ended, Running};

/// The interval between looks at the members.
const LOOK: Duration = Duration::from_millis(20);
/// A member that starves runs, of each beat, from one look to the next.
const BEAT: Duration = Duration::from_millis(200);
const FED: Duration = LOOK;
/// The pause before a member that ended by itself is started again.
const BREATH: Duration = Duration::from_millis(200);
/// A drain takes no longer.
const FAREWELL: Duration = Duration::from_secs(60);

/// A time in which a member stands still, but for a part of each beat.
struct Stall {
    since: Instant,
    until: Instant,
    fed: Duration,
    /// It was told to stop, and not yet to go on.
    stands: bool,
}

impl Stall {
    fn new(time: Duration, fed: Duration) -> Self {
        let since = Instant::now();
        Self { since, until: since + time, fed, stands: false }
    }

    fn should_stand(&self, now: Instant) -> bool {
        let of_beat = now.duration_since(self.since).as_millis() % BEAT.as_millis();
        now < self.until && of_beat >= self.fed.as_millis()
    }
}

struct Member {
    instance: String,
    process: Option<Running>,
    /// True if it should be up.
    wanted: bool,
    /// It was asked to end.
    leaving: bool,
    stall: Option<Stall>,
    not_before: Instant,
}

/// The members.
pub(crate) struct Members<'a> {
    deployment: &'a Deployment,
    members: Vec<Member>,
    environment: Vec<(&'static str, String)>,
    /// The output of members that ended by themselves.
    pub(crate) ended: Vec<String>,
    /// The output of all ended members, by instance, for readers of their logs.
    pub(crate) said: Vec<(String, String)>,
}

impl<'a> Members<'a> {
    /// So many, of which none is up.
    pub(crate) fn new(deployment: &'a Deployment, most: usize) -> Self {
        let member = |number: usize| Member {
            instance: format!("m{number}"),
            process: None,
            wanted: false,
            leaving: false,
            stall: None,
            not_before: Instant::now(),
        };
        let (name, value) = SNAPSHOT_LEAST;
        Self {
            deployment,
            members: (0..most).map(member).collect(),
            environment: vec![(name, value.to_owned())],
            ended: Vec::new(),
            said: Vec::new(),
        }
    }

    /// Sets a variable of those that are started from now on.
    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.environment.push((name, value.to_owned()));
    }

    /// Wants it up.
    pub(crate) fn start(&mut self, at: usize) {
        self.members[at].wanted = true;
        self.tend();
    }

    /// Those that are up, not stalled and not on their way out.
    pub(crate) fn up(&self) -> Vec<usize> {
        let up = |member: &Member| member.process.is_some() && !member.leaving && member.stall.is_none();
        (0..self.members.len()).filter(|at| up(&self.members[*at])).collect()
    }

    /// Those that should not be up.
    pub(crate) fn unwanted(&self) -> Vec<usize> {
        (0..self.members.len()).filter(|at| !self.members[*at].wanted).collect()
    }

    /// `kill -9`; where it is still wanted it is started again at once.
    pub(crate) fn kill(&mut self, at: usize) {
        if let Some(process) = self.members[at].process.take() {
            self.heard(at, &process.killed());
        }
        self.members[at].stall = None;
        self.tend();
    }

    /// Kills it for good.
    pub(crate) fn bury(&mut self, at: usize) {
        self.members[at].wanted = false;
        self.kill(at);
    }

    /// Asks it to end, and starts it again then where it is still wanted.
    pub(crate) fn terminate(&mut self, at: usize) {
        let member = &mut self.members[at];
        // Asked twice it ends at once.
        if let Some(process) = member.process.as_ref().filter(|_| !member.leaving) {
            process.signal("TERM");
            member.leaving = true;
        }
    }

    /// Asks it to end for good.
    pub(crate) fn leave(&mut self, at: usize) {
        self.members[at].wanted = false;
        self.terminate(at);
    }

    /// Stops it where it stands; it goes on after that time.
    pub(crate) fn freeze(&mut self, at: usize, time: Duration) {
        self.members[at].stall = Some(Stall::new(time, Duration::ZERO));
        self.tend();
    }

    /// Leaves it a tenth of its time for so long: alive and late with everything, as on a host that is taken away.
    pub(crate) fn starve(&mut self, at: usize, time: Duration) {
        self.members[at].stall = Some(Stall::new(time, FED));
        self.tend();
    }

    /// True if a member is frozen or starved.
    pub(crate) fn is_any_stalled(&self) -> bool {
        self.members.iter().any(|member| member.stall.is_some())
    }

    /// Lets who stands go on, and the other way round, where it is time.
    fn beat(&mut self, now: Instant) {
        for Member { process, stall, .. } in &mut self.members {
            let Some(its) = stall else { continue };
            let stand = its.should_stand(now);
            if its.stands != stand {
                its.stands = stand;
                process.iter().for_each(|process| process.signal(if stand { "STOP" } else { "CONT" }));
            }
            if its.until <= now {
                *stall = None;
            }
        }
    }

    /// Looks after all: thaws, buries, starts.
    pub(crate) fn tend(&mut self) {
        let now = Instant::now();
        self.beat(now);
        for at in 0..self.members.len() {
            let member = &mut self.members[at];
            if member.process.as_mut().is_some_and(Running::has_ended) {
                member.stall = None;
                let asked = std::mem::take(&mut member.leaving);
                member.not_before = if asked { now } else { now + BREATH };
                let ended = member.process.take().unwrap().ended();
                self.heard(at, &ended);
                if !(asked && ended.is_as_asked()) {
                    let last = ended.err.lines().last().unwrap_or_default();
                    self.ended.push(format!("{:?}: {last}", ended.code));
                }
            }
            let member = &mut self.members[at];
            if member.wanted && member.process.is_none() && member.not_before <= now {
                let mut command = self.deployment.member(&member.instance, &["run"]);
                command.envs(self.environment.iter().map(|(name, value)| (*name, value)));
                member.process = Some(Running::spawn(&mut command));
            }
        }
    }

    fn heard(&mut self, at: usize, ended: &Ended) {
        assert!(!ended.err.contains("panicked"), "{}", ended.err);
        self.said.push((self.members[at].instance.clone(), ended.err.clone()));
    }

    /// Lets time pass, looking after all.
    pub(crate) fn wait(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.tend();
            std::thread::park_timeout(LOOK);
        }
    }

    /// Asks all to end, and waits for it.
    pub(crate) fn stop(&mut self) {
        for at in 0..self.members.len() {
            let member = &mut self.members[at];
            if member.stall.take().is_some_and(|stall| stall.stands) {
                member.process.iter().for_each(|process| process.signal("CONT"));
            }
            self.leave(at);
        }
        let deadline = Instant::now() + FAREWELL;
        while self.members.iter().any(|member| member.process.is_some()) {
            assert!(Instant::now() < deadline, "a member does not end");
            self.wait(LOOK);
        }
    }
}
