//! S1: whether a sequence fits an account, and what it lacks where it does not.

use winback_core::account::{Reason, Tier};
use winback_core::closed_enum;
use winback_core::debounce::days_since_churn;
use winback_core::segment::Segment;

use crate::model::{Fits, ReleaseRule, Sequence};
use crate::situation::Situation;
use crate::words::Kind;

closed_enum! {
    /// The part of a situation that keeps a sequence away.
    Lack {
        /// They left for something else.
        Reason = "reason",
        /// They are worth more or less.
        Tier = "tier",
        /// They are of another segment.
        Segment = "segment",
        /// They left in another manner.
        Manner = "manner",
        /// They left too recently or too long ago.
        Months = "months",
        /// No signal of the evidence is one of those.
        Signal = "signal",
        /// No such release is on the shelf.
        Release = "release",
        /// They went to a competitor, or did not.
        Competitor = "competitor",
    }
}

/// The parts that the situation lacks; empty where the sequence fits.
pub fn lacks(sequence: &Sequence, situation: &Situation<'_>) -> Vec<Lack> {
    let (fits, account) = (&sequence.fits, situation.account);
    let reason = match account.reason {
        Reason::Impossible => false,
        Reason::NotFit => fits.reasons.contains(&Reason::NotFit),
        reason => fits.reasons.is_empty() || fits.reasons.contains(&reason),
    };
    let tier = match account.tier() {
        Tier::Below if fits.tiers.is_empty() => account.strategic || sequence.kind != Kind::Outreach,
        tier => fits.tiers.is_empty() || fits.tiers.contains(&tier),
    };
    let segment = fits.segments.is_empty()
        || Segment::of(account).is_some_and(|segment| fits.segments.contains(&segment));
    let days = days_since_churn(account, situation.at);
    let months = situation.months();
    let time = fits.min_days.is_none_or(|least| days >= i64::from(least))
        && fits.min_months.is_none_or(|least| months >= least)
        && fits.max_months.is_none_or(|most| months <= most);
    let signal = fits.signals.is_empty()
        || fits.signals.iter().any(|(kind, class)| {
            let is = |(seen, of): &(_, String)| seen == kind && (class.is_empty() || of == class);
            situation.signals.iter().any(is)
        });
    let release = fits.release.as_ref().is_none_or(|rule| !situation.releases(rule, situation.at).is_empty());
    let competitor = fits.competitor.is_none_or(|went| account.went_to_competitor() == went);
    let all = [
        (reason, Lack::Reason),
        (tier, Lack::Tier),
        (segment, Lack::Segment),
        (fits.manners.is_empty() || fits.manners.contains(&account.manner), Lack::Manner),
        (time, Lack::Months),
        (signal, Lack::Signal),
        (release, Lack::Release),
        (competitor, Lack::Competitor),
    ];
    all.into_iter().filter(|(holds, _)| !holds).map(|(_, lack)| lack).collect()
}

impl Fits {
    /// The accounts that it is for, a phrase each; none: for everybody.
    pub fn words(&self) -> Vec<String> {
        let list = |before: &str, names: Vec<&str>| {
            (!names.is_empty()).then(|| format!("{before}{}", names.join(" or ")))
        };
        let signals = self.signals.iter().map(|(kind, class)| {
            if class.is_empty() { kind.as_str().to_owned() } else { format!("{kind}/{class}") }
        });
        let signals: Vec<String> = signals.collect();
        let competitor = |went: bool| if went { "went to a competitor" } else { "went to no competitor" };
        let phrases = [
            list("left because of ", self.reasons.iter().map(|one| one.as_str()).collect()),
            list("tier ", self.tiers.iter().map(|one| one.as_str()).collect()),
            list("segment ", self.segments.iter().map(|one| one.as_str()).collect()),
            list("left ", self.manners.iter().map(|one| one.as_str()).collect()),
            self.min_days.map(|days| format!("from {days} days on")),
            self.min_months.map(|months| format!("from {months} months on")),
            self.max_months.map(|months| format!("up to {months} months")),
            list("a signal of ", signals.iter().map(String::as_str).collect()),
            self.release.as_ref().map(ReleaseRule::words),
            self.competitor.map(|went| competitor(went).to_owned()),
        ];
        phrases.into_iter().flatten().collect()
    }
}

impl ReleaseRule {
    /// The release that counts, in words.
    pub fn words(&self) -> String {
        let answers = if self.closes_gap { " that answers why they left" } else { " since they left" };
        let classes =
            if self.classes.is_empty() { String::new() } else { format!("{} ", self.classes.join(" or ")) };
        format!("a {classes}release{answers}")
    }
}
