//! The stories of comebacks: the steps of a churned account in a burst.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

use super::class::Class;

/// One thing that somebody does or that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// A page was read.
    Page(&'static str),
    /// A page was read by a program.
    BotPage(&'static str),
    /// A file that a page loads.
    Asset(&'static str),
    /// A page that sends the visitor elsewhere.
    Moved(&'static str),
    /// A mail was opened.
    Open,
    /// A mail was opened by a machine.
    MachineOpen,
    /// A link in a mail was followed.
    Click(&'static str),
    /// A mail was answered.
    Reply,
    /// A mail was answered by a machine.
    AutoReply,
    /// A mail arrived, which is no interest.
    Delivered,
    /// Money was raised.
    Round,
    /// A post was opened.
    Job,
    /// A post was closed or edited.
    JobChange(&'static str),
    /// A feature of ours was released.
    Ships,
    /// A competitor raised its prices.
    Raises,
}

impl Act {
    /// The class of source that carries it.
    pub(super) const fn class(self) -> Class {
        match self {
            Self::Page(_) | Self::BotPage(_) | Self::Asset(_) | Self::Moved(_) => Class::Web,
            Self::Open
            | Self::MachineOpen
            | Self::Click(_)
            | Self::Reply
            | Self::AutoReply
            | Self::Delivered => Class::Mail,
            Self::Round => Class::Funding,
            Self::Job | Self::JobChange(_) => Class::Hiring,
            Self::Ships | Self::Raises => Class::Event,
        }
    }
}

/// A step: how many seconds after the step before it, at least and at most.
type Step = (u32, u32, Act);

const PRICING: &[Step] = &[
    (0, 1, Act::Page("/docs/sso")),
    (40, 300, Act::Page("/features/reports")),
    (60, 400, Act::Page("/pricing")),
    (2, 9, Act::Asset("/assets/app.js")),
    (90, 700, Act::Page("/pricing")),
];
const MAIL: &[Step] = &[
    (0, 1, Act::Delivered),
    (3, 30, Act::MachineOpen),
    (300, 3_000, Act::Open),
    (20, 200, Act::Click("/changelog")),
    (5, 60, Act::Page("/changelog")),
    (60, 500, Act::Page("/plans")),
];
const READING: &[Step] = &[
    (0, 1, Act::Page("/changelog")),
    (60, 600, Act::Page("/compare/alternatives")),
    (60, 600, Act::Page("/docs/migration")),
    (60, 600, Act::Page("/customers")),
];
const ROUND: &[Step] = &[(0, 1, Act::Round), (2_000, 9_000, Act::Job), (600, 5_000, Act::Job)];
const GROWING: &[Step] =
    &[(0, 1, Act::Job), (200, 2_000, Act::Job), (200, 2_000, Act::Job), (200, 2_000, Act::Job)];
const GLANCE: &[Step] = &[(0, 1, Act::Open)];
const BACK: &[Step] = &[
    (0, 1, Act::Page("/login")),
    (20, 120, Act::Page("/reactivate")),
    (60, 400, Act::Page("/billing")),
    (30, 200, Act::Page("/sign-up")),
];
const SLOWLY: &[Step] = &[
    (0, 1, Act::Page("/blog/release-day")),
    (60, 500, Act::Page("/docs/start")),
    (60, 500, Act::Page("/product")),
    (5_000, 14_000, Act::Page("/pricing")),
    (60, 300, Act::Page("/contact")),
];
const ANSWER: &[Step] = &[(0, 1, Act::Open), (120, 2_400, Act::Reply), (300, 3_000, Act::Page("/pricing"))];
const CRAWLED: &[Step] =
    &[(0, 1, Act::BotPage("/pricing")), (1, 3, Act::BotPage("/docs/api")), (1, 3, Act::Page("/about"))];

/// The stories, and how often each is told in 100.
const STORIES: [(&[Step], u32); 10] = [
    (PRICING, 24),
    (MAIL, 18),
    (READING, 14),
    (SLOWLY, 11),
    (BACK, 7),
    (GLANCE, 8),
    (ROUND, 5),
    (GROWING, 4),
    (ANSWER, 5),
    (CRAWLED, 4),
];

/// The mean number of steps in a story, in thousandths.
pub(super) const MEAN_STEPS_MILLI: u32 = {
    let (mut sum, mut at) = (0, 0);
    while at < STORIES.len() {
        let mut steps = 0;
        while steps < STORIES[at].0.len() {
            sum += STORIES[at].1 * 10;
            steps += 1;
        }
        at += 1;
    }
    sum
};

/// A story: each step's seconds after its start.
pub(super) fn draw(rng: &mut ChaCha8Rng) -> Vec<(u32, Act)> {
    let mut at = rng.random_range(0..100);
    let found = STORIES.iter().find(|(_, share)| {
        let found = at < *share;
        at = at.saturating_sub(*share);
        found
    });
    let steps = found.map_or(PRICING, |(steps, _)| steps);
    let mut after = 0;
    steps
        .iter()
        .map(|&(least, most, act)| {
            after += rng.random_range(least..=most);
            (after, act)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_stories_are_of_a_hundred() {
        assert_eq!(STORIES.iter().map(|(_, share)| share).sum::<u32>(), 100);
        assert!((3_000..5_000).contains(&MEAN_STEPS_MILLI), "{MEAN_STEPS_MILLI}");
    }
}
