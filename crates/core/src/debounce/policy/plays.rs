//! The play that a trigger recommends.

use super::entries::days_since_churn;
use super::windows::{COMPETITOR_PLAY_FROM, whole_days};
use crate::account::{Account, Reason};
use crate::debounce::model::policy::Policy;
use crate::time::Time;

/// The play recommended for this account at that time. A competitor's switcher who comes by early gets the general
/// one: theirs never comes before 90 days (DOMAIN, *When*).
pub(crate) fn recommended<'p>(policy: &'p Policy, account: &Account, at: Time) -> &'p str {
    let play = policy.play(account.reason);
    let is_late = || days_since_churn(account, at) >= whole_days(COMPETITOR_PLAY_FROM);
    if account.reason != Reason::Competitor || is_late() {
        return play;
    }
    let general = policy.play(Reason::Unknown);
    if general == play { "" } else { general }
}
