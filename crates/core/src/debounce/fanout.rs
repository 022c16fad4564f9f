//! Fan-outs: one event, a signal for each account that it is about, in the order of the accounts.
//!
//! An event is a row of the state from its record on until the last of its accounts has heard of it; the row holds how far
//! it is. Events take turns in the order of their records. What an account is counts when its turn comes: one that comes
//! to the list, or to miss the feature, behind the cursor does not hear of it.
//!
//! What is told counts at the `W` that a signal in the place of the telling record would find, before all inputs have
//! reported at its own time: a reader that reports last, and moves `W` over months, makes nothing of this expire.

use super::clock::MajorRelease;
use super::input::Event;
use super::made::{Allowance, Told};
use super::partition::{Effect, Note, Partition};
use super::state::{Seen, SeenKey};
use super::targets::Targets;
use crate::ids::{AccountId, Offset};
use crate::signal::{MAX_DETAIL_BYTES, SignalKind, is_from_the_future, truncated};
use crate::time::Span;

/// The class of a release that a yearly entry tells of.
const MAJOR_VERSION: &str = "major_version";

/// A longer source or id than any that a matcher writes.
const MAX_NAME_BYTES: usize = 256;

/// An event on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FanOut {
    /// The event.
    pub event: Event,
    /// The last account that it was told to.
    pub after: Option<AccountId>,
}

impl Partition {
    /// An event's record: it is told from the next progress on. The same once more changes nothing (R1); one that is too
    /// old under every policy is none any more (R8).
    pub(super) fn event(&mut self, offset: Offset, event: &Event, out: &mut Vec<Effect>) {
        if is_from_the_future(event.event_time, event.append_time) {
            let text = format!(
                "the event is dated {}, more than a day after it arrived at {}: mend the producer's clock",
                event.event_time, event.append_time
            );
            out.push(Effect::Dead { reason: "future", text });
            return;
        }
        if event.source.len().max(event.id.len()) > MAX_NAME_BYTES {
            let text = format!("the event's source or id has more than {MAX_NAME_BYTES} bytes: shorten it");
            out.push(Effect::Dead { reason: "too_large", text });
            return;
        }
        let key = SeenKey::of(&AccountId::from(""), &event.source, &event.id);
        if self.seen.get(&key).is_some_and(|seen| seen.offset != offset) {
            return;
        }
        // Whether it is told at all, and how long its id is known, only policies in force say.
        let in_force = || self.newest.values().filter(|policy| !policy.is_shadow());
        let rules = || in_force().map(|policy| policy.rule(event.kind, &event.class));
        let age = self.clock().now().max(event.append_time).since(event.event_time);
        if rules().map(|rule| rule.max_age).max().is_none_or(|most| age > most) {
            out.push(Effect::Note(Note::TooOld(event.source.clone(), event.id.clone())));
            return;
        }
        let dedupe = rules().map(|rule| rule.dedupe).max().unwrap_or(Span::ZERO);
        let until = event.event_time + dedupe;
        self.put_seen(key, Some(Seen { event_time: event.event_time, offset, until }));
        self.note_release(event);
        self.events.put(offset, Some(FanOut { event: event.kept(), after: None }));
    }

    fn note_release(&mut self, event: &Event) {
        let at = event.event_time;
        let newer = self.clock().release.as_ref().is_none_or(|known| known.at < at);
        if event.kind == SignalKind::ProductRelease && event.class == MAJOR_VERSION && newer {
            let title = truncated(&event.title, MAX_DETAIL_BYTES).to_owned();
            self.clock_mut().release = Some(MajorRelease { at, title });
        }
    }

    /// Tells events to accounts, as far as the allowance goes.
    pub(super) fn fan_out(&mut self, offset: Offset, allowance: &mut Allowance, out: &mut Vec<Effect>) {
        while !allowance.is_spent() {
            let first = self.events.rows().map(|(number, _)| *number).min();
            let Some((number, mut fan_out)) = first.and_then(|n| Some((n, self.events.get(&n)?.clone())))
            else {
                return;
            };
            // It counts whether its accounts are at hand or to be found: a partition that was restored tells as many as the
            // one that never stopped.
            if !allowance.take_up() {
                return;
            }
            let mut targets = match self.targets.take().filter(|targets| targets.offset == number) {
                Some(targets) => targets,
                None => Targets::of(number, &fan_out, self.accounts.rows().map(|(id, state)| (id, &**state))),
            };
            while !allowance.is_spent() {
                let Some(account) = targets.next() else { break };
                allowance.look();
                if self.tell_event(offset, &account, &fan_out.event, &mut targets, out) {
                    allowance.made();
                }
                fan_out.after = Some(account);
            }
            let is_over = targets.is_over();
            self.events.put(number, (!is_over).then_some(fan_out));
            self.targets = (!is_over).then_some(targets);
        }
    }

    /// Makes the signal of an account that may have it; whether it did.
    fn tell_event(
        &mut self,
        offset: Offset,
        id: &AccountId,
        event: &Event,
        targets: &mut Targets,
        out: &mut Vec<Effect>,
    ) -> bool {
        let Some(state) = self.accounts.get(id).filter(|state| state.is_open()) else { return false };
        let Some(account) = state.account.as_ref() else { return false };
        let told = Told {
            account: id.clone(),
            churn_number: state.churn_number,
            source: &event.source,
            name: &event.id,
            kind: event.kind,
            class: &event.class,
            event_time: event.event_time,
            append_time: event.append_time,
            matched_on: truncated(&targets.why(account), MAX_DETAIL_BYTES).to_owned(),
            detail: event.title.clone(),
        };
        self.make(offset, told, out);
        true
    }
}
