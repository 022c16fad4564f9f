//! The detector's knowledge of an account, besides its bursts.

use super::cut::Cut;
use super::impossible::Impossible;
use super::policy::TIME_BASED_YEAR;
use super::shadow;
use crate::account::{Account, Reason, Status};
use crate::ids::PolicyName;
use crate::time::{Span, Time};

/// The most fires that are remembered for caps; more than any sensible cap counts.
const MAX_FIRES: usize = 512;
/// The most opted-out contacts that are remembered by hash.
const MAX_OPTED_OUT: usize = 256;

/// The bytes of a contact's hash.
const HASH_BYTES: usize = 32;

/// The window that the calendar's entries are counted in.
const YEAR: Span = Span::from_days(365);

/// A starting trigger that fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fire {
    /// Its policy.
    pub policy: PolicyName,
    /// Its time.
    pub at: Time,
    /// True when only dates spoke for it.
    pub time_based: bool,
}

/// An account in the detector. It outlives the account's leaving the list, for caps and cool-downs (DESIGN 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountState {
    /// The account; `None` when it is not in the list.
    pub account: Option<Account>,
    /// The newest churn date.
    pub churned_at: Time,
    /// The number of times it has churned.
    pub churn_number: u32,
    /// Starting triggers by fire time, as long as a cap may count them.
    pub fires: Vec<Fire>,
    /// The newest fire time of any policy.
    pub newest_fire: Option<Time>,
    /// The time of its last *no*, as it answered.
    pub declined_at: Option<Time>,
    /// Contacts that opted out, by hash.
    pub opted_out: Vec<Vec<u8>>,
    /// The end of the last sequence that got no reply.
    pub no_reply_since: Option<Time>,
    /// Erased, for ever.
    pub erased: bool,
    /// The time of its erasure.
    pub erased_at: Option<Time>,
    /// Came back by itself since it last churned.
    pub reactivated: bool,
    /// The reason that it cannot come back, as a signal said since it last churned.
    pub impossible: Option<Impossible>,
    /// The due times of the calendar's entries of the last year.
    pub entries: Vec<Time>,
    /// The parts of the account that were cut, since its row was larger than the log takes; none almost always.
    pub cut: Vec<Cut>,
}

impl AccountState {
    /// An account heard of for the first time.
    pub const fn new(account: Account) -> Self {
        Self {
            churned_at: account.churned_at,
            account: Some(account),
            churn_number: 1,
            fires: Vec::new(),
            newest_fire: None,
            declined_at: None,
            opted_out: Vec::new(),
            no_reply_since: None,
            erased: false,
            erased_at: None,
            reactivated: false,
            impossible: None,
            entries: Vec::new(),
            cut: Vec::new(),
        }
    }

    /// The rest of an account that was erased then. It stays, so that a record still on its way to the inbox is not taken
    /// for a new account.
    pub fn erased_then(at: Time) -> Self {
        let nobody = Account::new("", "", Time::from_millis(0), Reason::Unknown);
        Self { account: None, erased: true, erased_at: Some(at), ..Self::new(nobody) }
    }

    /// True while its bursts may live (R10): it is in the list, churned, and neither back nor erased.
    pub fn is_open(&self) -> bool {
        self.listed().is_some_and(|account| account.status == Status::Churned)
    }

    /// The account when it is in the list and not erased.
    pub fn listed(&self) -> Option<&Account> {
        self.account.as_ref().filter(|_| !self.erased && !self.reactivated)
    }

    /// The time of its last *no*, by the books or by its answer.
    pub fn declined(&self) -> Option<Time> {
        self.account.as_ref().and_then(|account| account.declined_at).max(self.declined_at)
    }

    /// True when everybody known there opted out, also those whom only an answer named; or when an answer named nobody,
    /// and so meant all of them. One contact's opt-out stops that contact, not the account.
    pub fn has_opted_out(&self) -> bool {
        let Some(account) = &self.account else { return false };
        let out = |hash: &[u8]| self.opted_out.iter().any(|known| known == hash);
        let unknown = self.opted_out.iter().any(Vec::is_empty);
        let contacts = &account.contacts;
        let all = contacts.iter().all(|contact| contact.opted_out || out(&contact.email_sha256));
        let somebody = !contacts.is_empty() || !self.opted_out.is_empty();
        unknown || (somebody && all)
    }

    /// Remembers a contact that opted out.
    pub fn opt_out(&mut self, contact: Vec<u8>) {
        // A longer text is no hash, and names nobody.
        let is_known = self.opted_out.len() < MAX_OPTED_OUT && contact.len() <= HASH_BYTES;
        let unknown = if is_known { contact } else { Vec::new() };
        if !self.opted_out.contains(&unknown) {
            self.opted_out.push(unknown);
        }
    }

    /// Remembers an entry of the calendar, unless there were `most` in the year up to it (DOMAIN, *How often*, hard), or
    /// one of the same day: two reasons to speak on a day are one, and those of a kind would be one signal (R11).
    pub fn enter(&mut self, due: Time, most: usize) -> bool {
        let year_ago = due - YEAR;
        self.entries.retain(|entry| *entry > year_ago);
        let room = self.entries.len() < most && self.entries.last() != Some(&due);
        if room {
            self.entries.push(due);
        }
        room
    }

    /// Remembers a starting trigger, and forgets those that no cap can count any more. What only dates spoke for is
    /// remembered for its year, whatever the policies' caps reach.
    pub fn fired(&mut self, fire: Fire, reach: Span) {
        let is_shadow = shadow::is_shadow(fire.policy.as_str());
        if !is_shadow {
            self.newest_fire = self.newest_fire.max(Some(fire.at));
        }
        let (oldest, year) = (fire.at - reach, fire.at - TIME_BASED_YEAR);
        let is_alike = |other: &Fire| shadow::is_shadow(other.policy.as_str()) == is_shadow;
        let counts = |other: &Fire| other.at >= oldest || (other.time_based && other.at >= year);
        self.fires.retain(|other| counts(other) || !is_alike(other));
        let at = self.fires.partition_point(|other| other.at <= fire.at);
        self.fires.insert(at, fire);
        while self.fires.iter().filter(|other| is_alike(other)).count() > MAX_FIRES {
            let first = |time_based: bool| {
                self.fires.iter().position(|other| is_alike(other) && (time_based || !other.time_based))
            };
            let Some(oldest) = first(false).or_else(|| first(true)) else { return };
            self.fires.remove(oldest);
        }
    }
}
