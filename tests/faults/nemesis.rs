//! The blows on the members, by a seed: one every 0.5 to 3 s.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};
use std::time::Duration;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::members::Members;

/// The shortest time between two blows.
const SHORTEST: f64 = 0.5;
/// The longest.
const LONGEST: f64 = 3.0;
/// A zombie sleeps so much longer than its session lasts.
const OVERSLEPT: Duration = Duration::from_secs(1);

/// A member starves for so long: longer than its session and its transactions last.
const STARVED: Duration = Duration::from_secs(4);

/// A kind of blow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Blow {
    /// SIGKILL, and started again under the same ids.
    Kill,
    /// SIGTERM, and started again.
    Terminate,
    /// SIGSTOP past the session time-out, then SIGCONT: a zombie.
    Zombie,
    /// SIGSTOP and SIGCONT by turns: it gets a tenth of its time for a while.
    Starve,
    /// One member more.
    Join,
    /// One member less, by SIGTERM.
    Leave,
    /// The broker is killed and started again.
    BrokerKill,
    /// The broker is frozen for a while.
    BrokerPause,
}

/// The number of blows by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blows(BTreeMap<Blow, usize>);

impl Blows {
    /// Counts one.
    pub(crate) fn add(&mut self, blow: Blow) {
        *self.0.entry(blow).or_default() += 1;
    }

    /// The number of that kind.
    pub(crate) fn of(&self, blow: Blow) -> usize {
        self.0.get(&blow).copied().unwrap_or_default()
    }

    /// Adds all of another.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (blow, count) in &other.0 {
            *self.0.entry(*blow).or_default() += count;
        }
    }
}

impl Display for Blows {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let kinds: Vec<_> = self.0.iter().map(|(blow, count)| format!("{blow:?} {count}")).collect();
        f.write_str(&kinds.join(", "))
    }
}

/// Draws blows from a seed.
pub(crate) struct Nemesis {
    rng: ChaCha8Rng,
    session: Duration,
    /// The blows.
    pub(crate) blows: Blows,
}

impl Nemesis {
    /// The nemesis of a seed, for members with that session time-out.
    pub(crate) fn new(seed: u64, session: Duration) -> Self {
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed ^ 0x006e_656d_6573_6973),
            session,
            blows: Blows::default(),
        }
    }

    /// Strikes until it has killed so many more.
    pub(crate) fn rage(&mut self, members: &mut Members<'_>, kills: usize) {
        let until = self.blows.of(Blow::Kill) + kills;
        while self.blows.of(Blow::Kill) < until {
            // Short times are as likely as long ones, not as the seconds that they last.
            let pause = SHORTEST * (LONGEST / SHORTEST).powf(self.rng.random());
            members.wait(Duration::from_secs_f64(pause));
            self.strike(members);
        }
    }

    fn strike(&mut self, members: &mut Members<'_>) {
        let up = members.up();
        let number: u32 = self.rng.random_range(0..100);
        let whom: usize = self.rng.random_range(0..1_000);
        let Some(at) = up.get(whom % up.len().max(1)).copied() else { return };
        match number {
            0..60 => {
                members.kill(at);
                self.blows.add(Blow::Kill);
            }
            60..72 => {
                members.terminate(at);
                self.blows.add(Blow::Terminate);
            }
            72..81 if !members.is_any_stalled() => {
                members.freeze(at, self.session + OVERSLEPT);
                self.blows.add(Blow::Zombie);
            }
            81..90 if !members.is_any_stalled() => {
                members.starve(at, STARVED);
                self.blows.add(Blow::Starve);
            }
            _ => self.resize(members, at),
        }
    }

    fn resize(&mut self, members: &mut Members<'_>, at: usize) {
        match members.unwanted().first() {
            Some(free) => {
                members.start(*free);
                self.blows.add(Blow::Join);
            }
            None => {
                members.leave(at);
                self.blows.add(Blow::Leave);
            }
        }
    }
}
