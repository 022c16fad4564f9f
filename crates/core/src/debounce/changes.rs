//! What the inbox's records beside signals and progress change: accounts, answers, policies.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::account_state::AccountState;
use super::input::{AccountChange, MatchedSignal, PolicyText, Response, ResponseKind};
use super::machine::Machine;
use super::partition::{Effect, Note, Partition, Versioned};
use super::policy::Policy;
use super::rules::Impossible;
use super::shadow;
use super::state::{Seen, SeenKey};
use crate::ids::{AccountId, Offset, PolicyName};
use crate::time::Span;

/// A longer id than any that a registrar takes in.
const MAX_ACCOUNT_ID_BYTES: usize = 1_024;
/// So long an answer's id is remembered.
const ANSWER_MEMORY: Span = Span::from_days(90);

impl Partition {
    pub(super) fn account(&mut self, change: &AccountChange, out: &mut Vec<Effect>) {
        match change {
            AccountChange::Upsert(account) => self.upsert(account, out),
            AccountChange::Gone(id) => {
                self.cancel_all(id, out);
                self.edit(id, |state| state.account = None);
            }
            AccountChange::Erased(id) => self.erase(id, out),
        }
    }

    fn upsert(&mut self, account: &crate::account::Account, out: &mut Vec<Effect>) {
        if account.id.as_str().len() > MAX_ACCOUNT_ID_BYTES {
            let text =
                format!("the account's id has more than {MAX_ACCOUNT_ID_BYTES} bytes: give it a shorter one");
            out.push(Effect::Dead { reason: "too_large", text });
            return;
        }
        let Some(before) = self.accounts.get(&account.id) else {
            self.put_account(account.id.clone(), Some(AccountState::new(account.clone()).into()));
            return;
        };
        if before.account.as_ref().is_some_and(|known| known.version > account.version) || before.erased {
            return;
        }
        let mut state = AccountState::clone(before);
        let anew = account.churned_at != state.churned_at;
        if anew {
            state.churned_at = account.churned_at;
            state.churn_number = state.churn_number.saturating_add(1);
            state.reactivated = false;
            state.impossible = None;
            state.resting_since = None;
        }
        state.account = Some(account.clone());
        state.cut.clear();
        let open = state.is_open();
        if anew || !open {
            self.cancel_all(&account.id, out);
        }
        if anew {
            self.unhush(&account.id);
        }
        self.put_account(account.id.clone(), Some(state.into()));
    }

    /// News that the account cannot come back shuts it out until it churns anew, however old the news is; what happened
    /// before they left did not keep them from staying.
    pub(super) fn exclude(&mut self, signal: &MatchedSignal) {
        let Some(why) = Impossible::of(signal.kind, &signal.class, signal.method) else { return };
        let since_left = |state: &AccountState| signal.event_time >= state.churned_at;
        if self.accounts.get(&signal.account).is_some_and(|state| since_left(state)) {
            self.edit(&signal.account, |state| state.impossible = Some(why));
        }
    }

    /// A new churn date ends quiet times (R11), an erasure all that there is. Machines stand under known names only.
    pub(super) fn unhush(&mut self, account: &AccountId) {
        for policy in self.names() {
            let key = (account.clone(), policy);
            if self.machines.get(&key).is_some() {
                self.put_machine(key, Machine::default());
            }
        }
    }

    pub(super) fn response(&mut self, offset: Offset, response: &Response, out: &mut Vec<Effect>) {
        let known = self.accounts.get(&response.account);
        let Some(state) = known.filter(|state| !state.erased) else { return };
        let churned_at = state.churned_at;
        if self.was_answered(offset, response) {
            return;
        }
        match response.kind {
            // Whoever answers is no longer silent: the rest after a sequence without an answer ends.
            ResponseKind::Replied => self.edit(&response.account, |state| {
                state.resting_since = state.resting_since.filter(|since| response.at < *since);
            }),
            ResponseKind::Declined => self.edit(&response.account, |state| {
                state.declined_at = state.declined_at.max(Some(response.at));
            }),
            ResponseKind::OptedOut => {
                self.edit(&response.account, |state| state.opt_out(response.contact.clone()));
            }
            // One from before they left says nothing about today.
            ResponseKind::Reactivated if response.at < churned_at => {}
            ResponseKind::Reactivated => self.reactivate(&response.account, out),
        }
    }

    /// Whether this answer came before under its id, which is remembered for [`ANSWER_MEMORY`]; beyond that only one that
    /// says what is known already can come again.
    fn was_answered(&mut self, offset: Offset, response: &Response) -> bool {
        if response.id.is_empty() {
            return false;
        }
        let source = format!("answers of {}", response.source);
        let key = SeenKey::of(&response.account, &source, &response.id);
        if self.seen.get(&key).is_some_and(|seen| seen.offset != offset) {
            return true;
        }
        let until = response.at.max(self.clock().now()) + ANSWER_MEMORY;
        self.put_seen(key, Some(Seen { event_time: response.at, offset, until }));
        false
    }

    /// Starting triggers of a policy, or of all, are held or let go.
    pub(super) fn hold(&mut self, policy: Option<&str>, held: bool, out: &mut Vec<Effect>) {
        let name = policy.unwrap_or_default().to_owned();
        if self.holds.get(&name).is_some() != held {
            out.push(Effect::Note(Note::Held(policy.map(PolicyName::from), held)));
        }
        self.holds.put(name, held.then_some(()));
    }

    /// They came back: everything open ends (R10).
    pub(super) fn reactivate(&mut self, account: &AccountId, out: &mut Vec<Effect>) {
        self.cancel_all(account, out);
        self.edit(account, |state| state.reactivated = true);
    }

    pub(super) fn policy(&mut self, text: &PolicyText, out: &mut Vec<Effect>) {
        let name = PolicyName::from(text.name.as_str());
        if self.newest.get(&name).is_some_and(|newest| newest.version >= text.version) {
            return;
        }
        if shadow::is_end(text) {
            return self.end_shadow(&name);
        }
        match shadow::read(text) {
            Ok(policy) if policy.name == name => {
                // A version in force ends the shadow beside it; a shadow comes anew.
                self.end_shadow(&shadow::shadow_of(&text.name).into());
                self.revive(&name);
                let key = (name.clone(), text.version);
                self.versions.put(key, Some(Versioned { text: text.clone(), policy }));
                let replaced = self.newest.get(&name).map(|policy| policy.version);
                self.find_newest();
                replaced.into_iter().for_each(|version| self.drop_unused(&name, version));
            }
            Ok(policy) => {
                let text = format!("the record says `{name}`, its file `{}`: apply it again", policy.name);
                out.push(Effect::Dead { reason: "policy", text });
            }
            Err(error) => out.push(Effect::Dead { reason: "policy", text: error.to_string() }),
        }
    }

    /// A version that no open burst needs any more goes (R13).
    pub(super) fn drop_unused(&mut self, name: &PolicyName, version: u32) {
        let newest = self.newest.get(name).map(|policy| policy.version);
        let used = self.uses.get(&(name.clone(), version)).is_some_and(|uses| *uses > 0);
        if newest != Some(version) && !used {
            self.versions.put((name.clone(), version), None);
        }
    }

    pub(super) fn find_newest(&mut self) {
        let mut newest: BTreeMap<PolicyName, Arc<Policy>> = BTreeMap::new();
        for ((name, version), row) in self.versions.rows() {
            if newest.get(name).is_none_or(|known| known.version < *version) {
                newest.insert(name.clone(), row.policy.clone());
            }
        }
        for (_, row) in self.versions.rows().filter(|(_, row)| shadow::is_end(&row.text)) {
            newest.remove(row.text.name.as_str());
        }
        self.newest = Arc::new(newest);
    }
}
