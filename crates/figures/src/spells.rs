//! The figures of one spell.

use serde::Serialize;

use crate::facts::{Spell, Touch};
use crate::period::{DAY, Period};
use crate::survival::{Outcome, Wait};

/// The days before a return within which a touch may have brought it (L4).
pub const ATTRIBUTION_DAYS: i64 = 90;

/// The origin of a return (L4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The last touch before it.
    Attributed,
    /// They had asked to come back before the first touch.
    AskedFirst,
    /// They came without a touch.
    Organic,
    /// They came without a touch, and are too small for outreach.
    Welcomed,
    /// They were held out: never touched, to be measured against.
    HeldOut,
}

impl Spell {
    /// The time of its end: the return, another end, or none.
    pub(crate) fn over_at(&self) -> Option<i64> {
        let returned = self.returned.as_ref().map(|back| back.at);
        returned.or_else(|| self.ended.as_ref().map(|end| end.at))
    }

    /// True if it could still return at some time of the period.
    pub(crate) fn is_at_risk(&self, period: &Period) -> bool {
        self.churned_at < period.to && self.over_at().is_none_or(|over| over >= period.from)
    }

    /// The time of the return, where it is in the period.
    pub(crate) fn back_in(&self, period: &Period) -> Option<i64> {
        self.returned.as_ref().map(|back| back.at).filter(|at| period.has(*at))
    }

    /// The touches that may bring a return.
    pub(crate) fn attempts(&self) -> impl Iterator<Item = &Touch> {
        self.touches.iter().filter(|touch| !touch.is_welcome && touch.at >= self.churned_at)
    }

    /// The touch that its return belongs to.
    pub(crate) fn last_touch(&self) -> Option<&Touch> {
        let back = self.returned.as_ref()?.at;
        let since = back - ATTRIBUTION_DAYS * DAY;
        self.attempts().filter(|touch| since <= touch.at && touch.at <= back).max_by_key(|touch| touch.at)
    }

    /// The origin of its return; none where it did not return.
    pub fn origin(&self) -> Option<Origin> {
        self.returned.as_ref()?;
        let touch = self.last_touch();
        let first = self.attempts().map(|touch| touch.at).min();
        let asked_first = self.asked_at.is_some_and(|asked| first.is_some_and(|first| asked < first));
        Some(match touch {
            _ if self.first_held_out.is_some() && first.is_none() => Origin::HeldOut,
            Some(_) if asked_first => Origin::AskedFirst,
            Some(_) => Origin::Attributed,
            None if self.tier == "below" => Origin::Welcomed,
            None => Origin::Organic,
        })
    }

    /// The wait for a return, in days since the churn, as far as it is known at a time (L6).
    pub(crate) fn wait(&self, known_from: i64, as_of: i64) -> Option<Wait> {
        let days = |at: i64| (at - self.churned_at).div_euclid(DAY);
        let entry = days(known_from).max(0);
        let (exit, outcome) = match (&self.returned, &self.ended) {
            (Some(back), _) => (back.at, Outcome::Event),
            (None, Some(end)) => (end.at, Outcome::Other),
            (None, None) => (as_of, Outcome::Waits),
        };
        let exit = days(exit);
        (exit >= entry && exit >= 0).then_some(Wait { entry, exit, outcome })
    }

    /// The second life, in days since the return: its end is the next churn (L7).
    pub(crate) fn second_life(&self, as_of: i64) -> Option<Wait> {
        let back = self.returned.as_ref()?.at;
        let (exit, outcome) = match self.left_again_at {
            Some(left) => (left, Outcome::Event),
            None => (as_of, Outcome::Waits),
        };
        Some(Wait { entry: 0, exit: (exit - back).div_euclid(DAY).max(0), outcome })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Return;

    fn spell(back: i64, touches: &[i64]) -> Spell {
        let touch = |day: &i64| Touch { at: day * DAY, ..Touch::default() };
        Spell {
            returned: Some(Return { at: back * DAY, arr: None }),
            touches: touches.iter().map(touch).collect(),
            tier: "1".into(),
            ..Spell::default()
        }
    }

    #[test]
    fn a_return_belongs_to_the_last_touch_of_ninety_days() {
        let found = spell(100, &[5, 30, 60, 101]);
        assert_eq!(found.last_touch().unwrap().at, 60 * DAY);
        assert_eq!(found.origin(), Some(Origin::Attributed));
        assert_eq!(spell(100, &[9]).origin(), Some(Origin::Organic), "91 days");
        assert_eq!(spell(100, &[10]).origin(), Some(Origin::Attributed), "90 days");
        assert_eq!(Spell::default().origin(), None);
    }

    #[test]
    fn a_welcome_brings_nobody_back() {
        let mut found = spell(100, &[60]);
        found.touches[0].is_welcome = true;
        assert_eq!(found.origin(), Some(Origin::Organic));
        found.tier = "below".into();
        assert_eq!(found.origin(), Some(Origin::Welcomed));
    }

    #[test]
    fn who_asked_before_the_first_touch_stands_apart_and_so_does_who_was_held_out() {
        let mut found = spell(100, &[60]);
        found.asked_at = Some(59 * DAY);
        assert_eq!(found.origin(), Some(Origin::AskedFirst));
        found.asked_at = Some(61 * DAY);
        assert_eq!(found.origin(), Some(Origin::Attributed));
        let mut held = spell(100, &[]);
        held.first_held_out = Some(50 * DAY);
        assert_eq!(held.origin(), Some(Origin::HeldOut));
    }
}
