//! Decisions and triggers as they are built.

use std::sync::Arc;

use crate::debounce::model::account_state::AccountState;
use crate::debounce::model::decision::{Decision, Refusal, Subject};
use crate::debounce::model::evidence::EvidenceItem;
use crate::debounce::model::gate::Gate;
use crate::debounce::model::input::MatchedSignal;
use crate::debounce::model::keys::MachineKey;
use crate::debounce::model::kind_rule::KindRule;
use crate::debounce::model::machine::{Burst, Machine};
use crate::debounce::model::outcome::{BurstOutcome, Edge, FiredBecause, SignalOutcome};
use crate::debounce::model::policy::Policy;
use crate::debounce::model::trigger::{Snapshot, Trigger};
use crate::debounce::model::trigger_id::{BurstId, TriggerId};
use crate::debounce::policy::bound::{TooLarge, bounded_signal, fit};
use crate::debounce::policy::entries::months_since_churn;
use crate::debounce::policy::plays::recommended;
use crate::debounce::policy::priority::priority;
use crate::debounce::policy::told::complete;
use crate::time::Time;

/// The most bytes of a trigger inside of a decision.
const WOULD_BE_BYTES: u32 = 64 << 10;

/// A signal on its way through one policy.
pub(crate) struct Arrival<'a> {
    /// The signal.
    pub(crate) signal: &'a MatchedSignal,
    /// The newest version: caps and cool-downs use it (R13).
    pub(crate) newest: &'a Arc<Policy>,
    /// The version that its burst lives under.
    pub(crate) policy: Arc<Policy>,
    /// Its count.
    pub(crate) rule: KindRule,
    /// Its effective time.
    pub(crate) at: Time,
}

impl Arrival<'_> {
    /// The signal as evidence.
    pub(crate) fn item(&self) -> Arc<EvidenceItem> {
        EvidenceItem::new(self.signal, self.rule).into()
    }
}

/// The result of a signal, before it is written down.
pub(crate) struct SignalResult {
    outcome: SignalOutcome,
    refusal: Option<Refusal>,
    burst: Option<BurstId>,
    /// The trigger that it fired.
    pub(crate) trigger: Option<Trigger>,
}

impl SignalResult {
    pub(crate) const fn outcome(outcome: SignalOutcome, burst: Option<BurstId>) -> Self {
        Self { outcome, refusal: None, burst, trigger: None }
    }

    pub(crate) const fn refused(refusal: Refusal, burst: Option<BurstId>) -> Self {
        let outcome = match refusal {
            Refusal::Gate(_) => SignalOutcome::Gated,
            Refusal::Cap(_) => SignalOutcome::Capped,
        };
        Self { outcome, refusal: Some(refusal), burst, trigger: None }
    }

    pub(crate) const fn fired(edge: Edge, burst: BurstId, trigger: Option<Trigger>) -> Self {
        let outcome = match edge {
            Edge::Escalation => SignalOutcome::Escalated,
            Edge::Leading | Edge::Trailing | Edge::Update => SignalOutcome::FiredLeading,
        };
        Self { outcome, refusal: None, burst: Some(burst), trigger }
    }

    /// The decision on a signal. `machine`: its machine after it.
    pub(crate) fn decision(&self, arrival: &Arrival<'_>, machine: Option<&Machine>) -> Decision {
        let signal = Box::new(bounded_signal(arrival.signal));
        Decision {
            account: arrival.signal.account.clone(),
            policy: arrival.newest.name.clone(),
            policy_version: arrival.policy.version,
            subject: Subject::Signal { signal, outcome: self.outcome, burst: self.burst },
            refusal: self.refusal.clone(),
            at: arrival.at,
            trigger: self.trigger.as_ref().map(|trigger| trigger.id),
            deadline: machine.and_then(|machine| machine.burst.as_ref()).map(|burst| burst.deadline),
            cooldown_until: machine.and_then(|machine| cooldown_until(machine, arrival.at)),
            would_be: None,
        }
    }
}

fn cooldown_until(machine: &Machine, at: Time) -> Option<Time> {
    machine.cooldown_at(at).map(|cooldown| cooldown.until)
}

/// The decision on a signal that nobody judges, since no policy is in force: of a policy without a name. Its id is not
/// remembered, so that it counts when it comes again under a policy.
pub(crate) fn unjudged(signal: &MatchedSignal, now: Time) -> Decision {
    Decision {
        account: signal.account.clone(),
        policy: "".into(),
        policy_version: 0,
        subject: Subject::Signal {
            signal: Box::new(bounded_signal(signal)),
            outcome: SignalOutcome::Gated,
            burst: None,
        },
        refusal: Some(Refusal::Gate(Gate::NoPolicy)),
        at: signal.event_time.min(signal.append_time).max(now),
        trigger: None,
        deadline: None,
        cooldown_until: None,
        would_be: None,
    }
}

/// The end of a burst.
pub(crate) struct Ending {
    /// Its outcome.
    pub(crate) outcome: BurstOutcome,
    /// The event that ended it; `None` when it was cancelled.
    pub(crate) because: Option<FiredBecause>,
    /// The rule that forbade its trigger.
    pub(crate) refusal: Option<Refusal>,
    /// Its time.
    pub(crate) at: Time,
    /// The trigger that it made.
    pub(crate) trigger: Option<TriggerId>,
    /// The trigger that it would have made, were it not of a backlog.
    pub(crate) would_be: Option<Box<Trigger>>,
}

impl Ending {
    /// A burst that was cancelled.
    pub(crate) const fn cancelled(at: Time) -> Self {
        Self {
            outcome: BurstOutcome::Cancelled,
            because: None,
            refusal: None,
            at,
            trigger: None,
            would_be: None,
        }
    }

    /// The decision on the burst. `machine`: its machine after it; `policy`: the version that it lived under.
    pub(crate) fn decision(
        self,
        key: &MachineKey,
        burst: &Burst,
        machine: &Machine,
        policy: Option<&Policy>,
    ) -> Decision {
        Decision {
            account: key.account.clone(),
            policy: key.policy.clone(),
            policy_version: burst.policy_version,
            subject: Subject::Burst {
                id: burst.id,
                outcome: self.outcome,
                because: self.because,
                signals: burst.signals,
                score: burst.evidence.score(),
                carried: burst.evidence.carried_score,
                min_score: policy.map_or(0, |policy| policy.min_score),
                opened_at: burst.first,
            },
            refusal: self.refusal,
            at: self.at,
            trigger: self.trigger,
            deadline: None,
            cooldown_until: cooldown_until(machine, self.at),
            would_be: self.would_be,
        }
    }
}

/// The circumstances of a trigger: the version of the policy that its burst lives under, the newest version, the account,
/// and the time.
#[derive(Clone, Copy)]
pub(crate) struct Firing<'a> {
    pub(crate) policy: &'a Policy,
    pub(crate) newest: &'a Policy,
    pub(crate) state: &'a AccountState,
    pub(crate) at: Time,
}

impl Firing<'_> {
    /// Makes a trigger of a burst; one that starts something begins the cool-down. `None` without an account in the list.
    /// One that is larger than the newest policy allows, whatever is cut, changes nothing.
    pub(crate) fn trigger(
        self,
        machine: &mut Machine,
        burst: &Burst,
        edge: Edge,
        because: FiredBecause,
    ) -> Result<Option<Trigger>, TooLarge> {
        let Self { newest, at, .. } = self;
        let Some(mut trigger) = self.draft(burst, edge, because) else { return Ok(None) };
        fit(&mut trigger, newest.max_trigger_bytes)?;
        machine.said(&burst.evidence);
        if edge.starts() {
            machine.carried_score = None;
            machine.start_cooldown(burst.id, at, burst.strength, newest);
        }
        trigger.cooldown_until = machine.cooldown.map_or(at, |cooldown| cooldown.until);
        Ok(Some(trigger))
    }

    /// The trigger that a burst of a backlog would have made, for a decision; `None` for one that is too large for it.
    pub(crate) fn would_be(self, burst: &Burst, because: FiredBecause) -> Option<Box<Trigger>> {
        let mut trigger = self.draft(burst, Edge::Trailing, because)?;
        trigger.cooldown_until = self.at + self.newest.cooldown;
        fit(&mut trigger, WOULD_BE_BYTES.min(self.newest.max_trigger_bytes)).ok()?;
        Some(Box::new(trigger))
    }

    /// A trigger of a burst, of whatever size; `None` without an account in the list.
    fn draft(self, burst: &Burst, edge: Edge, because: FiredBecause) -> Option<Trigger> {
        let Self { policy, state, at, .. } = self;
        let account = state.account.as_ref()?;
        let months = months_since_churn(account, at);
        let mut snapshot = Snapshot::new(account, state.churn_number, months);
        complete(&mut snapshot, state, account, &burst.evidence);
        Some(Trigger {
            id: TriggerId::of(&policy.name, state.churn_number, &account.id, burst.id, edge, burst.strength),
            parent: burst.leading_trigger.filter(|_| edge == Edge::Update),
            policy: policy.name.clone(),
            policy_version: policy.version,
            edge,
            because,
            account: snapshot,
            priority: priority(account, &burst.evidence, burst.strength, months),
            burst: burst.id,
            min_score: policy.min_score,
            evidence: burst.evidence.clone(),
            play: recommended(policy, account, &burst.evidence, at).to_owned(),
            fired_at: at,
            deadline: burst.deadline,
            cooldown_until: at,
            strength: burst.strength,
            cut: state.cut.clone(),
        })
    }
}
