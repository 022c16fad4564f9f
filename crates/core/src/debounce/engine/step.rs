//! One step: a record on its way through its handler.

use std::sync::Arc;

use crate::debounce::model::decision::Decision;
use crate::debounce::model::effect::{DeadReason, Effect, Note};
use crate::debounce::model::policy::Policy;
use crate::debounce::model::trigger::Trigger;
use crate::debounce::state::indexes::Newest;
use crate::debounce::state::store::Store;
use crate::ids::{InputName, Offset, PolicyName};
use crate::time::Time;

/// A step: the state that a handler may change, the record's place in the log, and the effects so far.
pub(crate) struct Step<'a> {
    /// The state.
    pub(crate) store: &'a mut Store,
    /// The offset of the record.
    pub(crate) offset: Offset,
    /// The append time of the record.
    pub(crate) appended_at: Time,
    /// The effects so far.
    pub(crate) out: &'a mut Vec<Effect>,
}

impl Step<'_> {
    /// `W`, or before everything.
    pub(crate) fn now(&self) -> Time {
        self.store.clock().now()
    }

    /// The newest version of each policy.
    pub(crate) fn newest(&self) -> Arc<Newest> {
        Arc::clone(&self.store.policies.indexes().newest)
    }

    /// The newest version of a policy; `None` for a shadow that has ended.
    pub(crate) fn policy(&self, name: &PolicyName) -> Option<Arc<Policy>> {
        self.store.policies.indexes().newest.get(name).cloned()
    }

    /// True when a policy is in force that makes triggers: one in shadow does not.
    pub(crate) fn has_live_policy(&self) -> bool {
        self.store.policies.indexes().newest.values().any(|policy| !policy.is_shadow())
    }

    pub(crate) fn emit_trigger(&mut self, trigger: Trigger) {
        self.out.push(Effect::Trigger(Box::new(trigger)));
    }

    pub(crate) fn emit_decision(&mut self, decision: Decision) {
        self.out.push(Effect::Decision(Box::new(decision)));
    }

    pub(crate) fn dead_letter(&mut self, reason: DeadReason, text: String) {
        self.out.push(Effect::DeadLetter { reason, text });
    }

    pub(crate) fn note(&mut self, note: Note) {
        self.out.push(Effect::Note(note));
    }

    /// Tells the operator of the inputs that the clock no longer waits for, or waits for again.
    pub(crate) fn note_inputs(&mut self, moved: Vec<(InputName, bool)>) {
        self.out.extend(moved.into_iter().map(|(input, counts)| Effect::Note(Note::of_input(input, counts))));
    }
}
