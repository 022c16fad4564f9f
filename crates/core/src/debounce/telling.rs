//! What is told of a step: decisions, triggers, and the account's fires that caps count.

use std::sync::Arc;

use super::account_state::{AccountState, Fire};
use super::bound::TooLarge;
use super::caps::Cap;
use super::gates::Gate;
use super::input::MatchedSignal;
use super::machine::{Burst, Machine, Quiet};
use super::outcome::{BurstOutcome, Edge, FiredBecause, SignalOutcome};
use super::partition::{Effect, MachineKey, Partition};
use super::policy::Policy;
use super::priority::Priority;
use super::rules::only_time_based;
use super::stepping::{Arrival, Verdict};
use super::trigger::{BurstId, Decision, Snapshot, Subject, Trigger, TriggerId};
use crate::time::{Span, Time};

impl Partition {
    pub(super) fn emit(
        &mut self,
        key: &MachineKey,
        arrival: &Arrival<'_>,
        machine: &Machine,
        told: Told,
        out: &mut Vec<Effect>,
    ) {
        let trigger = told.trigger.as_ref().map(|trigger| trigger.id);
        let at = Some((machine.burst.as_ref().map(|burst| burst.deadline), machine.quiet_at(arrival.at)));
        let about = Some((told.burst, trigger));
        self.tell(key, arrival, told.outcome, told.verdict, about, at, out);
        self.emit_trigger(arrival.newest, told.trigger, out);
    }

    pub(super) fn emit_trigger(&mut self, newest: &Policy, trigger: Option<Trigger>, out: &mut Vec<Effect>) {
        let Some(trigger) = trigger else { return };
        if trigger.edge.starts() {
            let reach = self.reach(newest);
            let time_based = only_time_based(&trigger.evidence);
            let fire = Fire { policy: newest.name.clone(), at: trigger.fired_at, time_based };
            self.edit(&trigger.account.id, |state| state.fired(fire, reach));
        }
        out.push(Effect::Trigger(Box::new(trigger)));
    }

    /// How long ago a fire beside one of this policy may lie and still count for some cap. What is kept of the fires of
    /// policies in force is for no shadow to say.
    fn reach(&self, of: &Policy) -> Span {
        let counts = |policy: &&Arc<Policy>| of.is_shadow() || !policy.is_shadow();
        let caps = self.newest.values().filter(counts).flat_map(|policy| &policy.caps);
        caps.map(Cap::reach).max().unwrap_or(Span::ZERO)
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a decision is one flat record; each argument is one of its facts"
    )]
    pub(super) fn tell(
        &self,
        key: &MachineKey,
        arrival: &Arrival<'_>,
        outcome: SignalOutcome,
        verdict: Option<Verdict>,
        about: Option<(Option<BurstId>, Option<TriggerId>)>,
        open: Option<(Option<Time>, Option<Quiet>)>,
        out: &mut Vec<Effect>,
    ) {
        let (burst, trigger) = about.unwrap_or_default();
        let (deadline, quiet) = open.unwrap_or_else(|| {
            let machine = self.machines.get(key);
            let deadline = machine.and_then(|machine| machine.burst.as_ref()).map(|burst| burst.deadline);
            (deadline, machine.and_then(|machine| machine.quiet_at(arrival.at)))
        });
        let (gate, cap) = refusal(verdict.unwrap_or(Verdict::Pass));
        out.push(Effect::Decision(Box::new(Decision {
            account: key.0.clone(),
            policy: key.1.clone(),
            policy_version: arrival.policy.version,
            subject: Subject::Signal { signal: Box::new(arrival.signal.told()), outcome, burst },
            gate,
            cap,
            at: arrival.at,
            trigger,
            deadline,
            quiet_until: quiet.map(|quiet| quiet.until),
        })));
    }

    /// A signal that nobody judges, since no policy is in force, has its decision, too: of a policy without a name. Its id
    /// is not remembered, so that it counts when it comes again under a policy.
    pub(super) fn tell_unjudged(&self, signal: &MatchedSignal, out: &mut Vec<Effect>) {
        out.push(Effect::Decision(Box::new(Decision {
            account: signal.account.clone(),
            policy: "".into(),
            policy_version: 0,
            subject: Subject::Signal {
                signal: Box::new(signal.told()),
                outcome: SignalOutcome::Gated,
                burst: None,
            },
            gate: Some(Gate::NoPolicy),
            cap: None,
            at: signal.event_time.min(signal.append_time).max(self.clock().now()),
            trigger: None,
            deadline: None,
            quiet_until: None,
        })));
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "a decision is one flat record; each argument is one of its facts"
    )]
    pub(super) fn ended(
        &mut self,
        key: &MachineKey,
        burst: &Burst,
        machine: &Machine,
        outcome: BurstOutcome,
        because: Option<(FiredBecause, Verdict)>,
        at: Time,
        trigger: Option<TriggerId>,
        out: &mut Vec<Effect>,
    ) {
        self.counts_mut().ended += 1;
        let (because, verdict) =
            because.map_or((None, Verdict::Pass), |(because, verdict)| (Some(because), verdict));
        let (gate, cap) = refusal(verdict);
        let policy = self.versions.get(&(key.1.clone(), burst.policy_version));
        out.push(Effect::Decision(Box::new(Decision {
            account: key.0.clone(),
            policy: key.1.clone(),
            policy_version: burst.policy_version,
            subject: Subject::Burst {
                id: burst.id,
                outcome,
                because,
                signals: burst.signals,
                score: burst.evidence.score(),
                carried: burst.evidence.carried_score,
                min_score: policy.map_or(0, |version| version.policy.min_score),
                opened_at: burst.first,
            },
            gate,
            cap,
            at,
            trigger,
            deadline: None,
            quiet_until: machine.quiet_at(at).map(|quiet| quiet.until),
        })));
    }
}

/// What came of a signal, before it is written down.
pub(super) struct Told {
    outcome: SignalOutcome,
    verdict: Option<Verdict>,
    burst: Option<BurstId>,
    trigger: Option<Trigger>,
}

impl Told {
    pub(super) const fn outcome(outcome: SignalOutcome, burst: Option<BurstId>) -> Self {
        Self { outcome, verdict: None, burst, trigger: None }
    }

    pub(super) const fn refused(verdict: Verdict, burst: Option<BurstId>) -> Self {
        let outcome = match verdict {
            Verdict::Capped(_) => SignalOutcome::Capped,
            Verdict::Gated(_) | Verdict::Pass => SignalOutcome::Gated,
        };
        Self { outcome, verdict: Some(verdict), burst, trigger: None }
    }

    pub(super) const fn fired(edge: Edge, burst: BurstId, trigger: Option<Trigger>) -> Self {
        let outcome = match edge {
            Edge::Escalation => SignalOutcome::Escalated,
            Edge::Leading | Edge::Trailing | Edge::Update => SignalOutcome::Led,
        };
        Self { outcome, verdict: None, burst: Some(burst), trigger }
    }
}

fn refusal(verdict: Verdict) -> (Option<Gate>, Option<Cap>) {
    match verdict {
        Verdict::Pass => (None, None),
        Verdict::Gated(gate) => (Some(gate), None),
        Verdict::Capped(cap) => (None, Some(cap)),
    }
}

/// Makes a trigger of a burst; one that starts something begins the quiet. `None` without an account in the list. One
/// that is larger than the newest policy allows, whatever is cut, changes nothing.
#[expect(
    clippy::too_many_arguments,
    reason = "a trigger is one flat record; each argument is one of its facts"
)]
pub(super) fn fire(
    machine: &mut Machine,
    burst: &Burst,
    edge: Edge,
    because: FiredBecause,
    at: Time,
    policy: &Policy,
    newest: &Policy,
    state: &AccountState,
) -> Result<Option<Trigger>, TooLarge> {
    let Some(account) = state.account.as_ref() else { return Ok(None) };
    let mut trigger = Trigger {
        id: TriggerId::of(&policy.name, state.churn_number, &account.id, burst.id, edge, burst.strength),
        parent: burst.led.filter(|_| edge == Edge::Update),
        policy: policy.name.clone(),
        policy_version: policy.version,
        edge,
        because,
        account: Snapshot::new(account, state.churn_number, at),
        priority: Priority::of(account, &burst.evidence, burst.strength),
        burst: burst.id,
        min_score: policy.min_score,
        evidence: burst.evidence.clone(),
        play: policy.recommended(account, at).to_owned(),
        fired_at: at,
        deadline: burst.deadline,
        quiet_until: at,
        strength: burst.strength,
        cut: state.cut.clone(),
    };
    trigger.fit(newest.max_trigger_bytes)?;
    if edge.starts() {
        machine.score = None;
        machine.hush(burst.id, at, burst.strength, newest);
    }
    trigger.quiet_until = machine.quiet.map_or(at, |quiet| quiet.until);
    Ok(Some(trigger))
}
