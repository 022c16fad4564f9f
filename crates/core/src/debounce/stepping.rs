//! What a signal does when it arrives, and what a burst comes to at its end (R3 to R10).

use std::sync::Arc;

use super::account_state::AccountState;
use super::bound::TooLarge;
use super::caps::Cap;
use super::evidence::{Evidence, EvidenceItem};
use super::gates::{Gate, gate};
use super::input::MatchedSignal;
use super::machine::{Burst, Machine, Quiet};
use super::outcome::{BurstOutcome, Edge, FiredBecause, SignalOutcome};
use super::partition::{Effect, MachineKey, Partition, note};
use super::policy::{Escalate, KindRule, Policy};
use super::rules::only_time_based;
use super::shadow;
use super::state::{Seen, SeenKey};
use super::telling::{Told, fire};
use super::trigger::BurstId;
use crate::ids::{AccountId, InputName, Offset};
use crate::index::Method;
use crate::signal::{SignalKind, is_from_the_future};
use crate::time::{Span, Time};

/// Whether a trigger may fire.
pub(super) enum Verdict {
    Pass,
    Gated(Gate),
    Capped(Cap),
}

/// A signal on its way through one policy.
pub(super) struct Arrival<'a> {
    pub(super) signal: &'a MatchedSignal,
    /// The newest version: caps and quiet times use it (R13).
    pub(super) newest: &'a Arc<Policy>,
    /// The version that its burst lives under.
    pub(super) policy: Arc<Policy>,
    rule: KindRule,
    /// Its effective time.
    pub(super) at: Time,
}

impl Partition {
    /// A matched signal.
    pub(super) fn signal(&mut self, offset: Offset, signal: &MatchedSignal, out: &mut Vec<Effect>) {
        if is_from_the_future(signal.event_time, signal.append_time) {
            let text = format!(
                "the signal is dated {}, more than a day after it arrived at {}: mend the producer's clock",
                signal.event_time, signal.append_time
            );
            out.push(Effect::Dead { reason: "future", text });
            return;
        }
        let moved = self.clock_mut().signal(&signal.input, &signal.merged_with, signal.append_time);
        self.take_in(offset, signal, moved, out);
    }

    /// A signal that the clock knows of, or that is made here: once through every live policy.
    pub(super) fn take_in(
        &mut self,
        offset: Offset,
        signal: &MatchedSignal,
        moved: Vec<(InputName, bool)>,
        out: &mut Vec<Effect>,
    ) {
        note(moved, out);
        self.end_due(out);
        self.exclude(signal);
        let key = SeenKey::of(&signal.account, &signal.source, &signal.id);
        let seen = self.seen.get(&key).copied().filter(|seen| seen.offset != offset);
        let policies = self.newest.clone();
        let mut remember = None;
        for newest in policies.values().filter(|policy| !policy.is_shadow()) {
            remember = remember.max(self.arrive(newest, seen, signal, out));
        }
        let is_judged = self.has_live_policy();
        if !is_judged {
            self.tell_unjudged(signal, out);
        }
        if let Some(dedupe) = remember {
            let until = signal.event_time + dedupe;
            self.put_seen(key, Some(Seen { event_time: signal.event_time, offset, until }));
        }
        self.shadows(offset, signal, (seen, remember), out);
        let is_news = remember.is_some() || (!is_judged && seen.is_none());
        if signal.kind == SignalKind::SelfReactivation && is_news {
            self.reactivate(&signal.account, out);
        }
    }

    /// Ends every burst that is due at `W`, in order of deadline, account, policy (R3).
    pub(super) fn end_due(&mut self, out: &mut Vec<Effect>) {
        while let Some((deadline, key)) = self.next_due() {
            if deadline > self.clock().now() {
                return;
            }
            self.end(&key, deadline, None, out);
        }
    }

    /// Cancels every open burst of an account (R10).
    pub(super) fn cancel_all(&mut self, account: &AccountId, out: &mut Vec<Effect>) {
        let at = self.clock().now();
        for policy in self.names() {
            let key = (account.clone(), policy);
            if !self.newest.contains_key(&key.1) {
                self.cancel_ended(&key, at, out);
                continue;
            }
            let Some(mut machine) = self.machine(&key) else { continue };
            let Some(burst) = machine.burst.take() else { continue };
            machine.score = None;
            let at = at.max(burst.last);
            self.ended(&key, &burst, &machine, BurstOutcome::Cancelled, None, at, None, out);
            self.put_machine(key, machine);
        }
    }

    /// Takes a signal through one policy; how long its id must be remembered, `None` when it changed nothing.
    pub(super) fn arrive(
        &mut self,
        newest: &Arc<Policy>,
        seen: Option<Seen>,
        signal: &MatchedSignal,
        out: &mut Vec<Effect>,
    ) -> Option<Span> {
        let key = (signal.account.clone(), newest.name.clone());
        let mut arrival = self.arrival(&key, newest, signal);
        let age_at = |arrival: &Arrival<'_>| arrival.at.max(signal.append_time);
        if let Some(seen) = seen {
            let remembered = age_at(&arrival) <= seen.event_time + arrival.rule.dedupe;
            let outcome = if remembered { SignalOutcome::Duplicate } else { SignalOutcome::Expired };
            self.tell(&key, &arrival, outcome, None, None, None, out);
            return None;
        }
        if self.end_own(&key, arrival.at, out) {
            arrival = self.arrival(&key, newest, signal);
        }
        if age_at(&arrival).since(signal.event_time) > arrival.rule.max_age {
            self.tell(&key, &arrival, SignalOutcome::Expired, None, None, None, out);
            return None;
        }
        let Some(state) = self.accounts.get(&signal.account).filter(|state| state.is_open()).cloned() else {
            let gate = shut(self.account_state(&signal.account));
            self.tell(&key, &arrival, SignalOutcome::Gated, Some(Verdict::Gated(gate)), None, None, out);
            // Nothing is remembered of an account that was erased.
            return (gate != Gate::Erased).then_some(arrival.rule.dedupe);
        };
        let dedupe = arrival.rule.dedupe;
        if signal.kind == SignalKind::SelfReactivation {
            self.tell(&key, &arrival, SignalOutcome::Ended, None, None, None, out);
        } else {
            self.count(&key, &arrival, &state, out);
        }
        Some(dedupe)
    }

    /// The signal under the policy version and at the effective time that its key's state gives it.
    fn arrival<'a>(
        &self,
        key: &MachineKey,
        newest: &'a Arc<Policy>,
        signal: &'a MatchedSignal,
    ) -> Arrival<'a> {
        let burst = self.machines.get(key).and_then(|machine| machine.burst.as_ref());
        let policy = burst.map_or_else(|| newest.clone(), |burst| self.version(key, burst, newest));
        let newest_fire = self.accounts.get(&key.0).and_then(|state| shadow::newest_fire(state, &key.1));
        let own = signal.event_time.min(signal.append_time);
        let at = own.max(self.clock().now()).max(newest_fire.unwrap_or(Time::MIN));
        let at = burst.map_or(at, |burst| at.max(burst.first));
        let rule = policy.rule(signal.kind, &signal.class);
        Arrival { signal, newest, policy, rule, at }
    }

    fn version(&self, key: &MachineKey, burst: &Burst, newest: &Arc<Policy>) -> Arc<Policy> {
        let version = self.versions.get(&(key.1.clone(), burst.policy_version));
        version.map_or_else(|| newest.clone(), |version| version.policy.clone())
    }

    /// Ends the key's own burst when a signal comes `M` or more after its first (R3).
    fn end_own(&mut self, key: &MachineKey, at: Time, out: &mut Vec<Effect>) -> bool {
        let Some(burst) = self.machines.get(key).and_then(|machine| machine.burst.as_ref()) else {
            return false;
        };
        let Some(newest) = self.newest.get(&key.1).cloned() else { return false };
        let policy = self.version(key, burst, &newest);
        let due = at >= burst.first + policy.max_wait;
        if due {
            let deadline = burst.deadline;
            self.end(key, deadline, None, out);
        }
        due
    }

    /// A signal that counts: joins, opens, fires at once, or cools (R3, R4, R6, R7).
    fn count(
        &mut self,
        key: &MachineKey,
        arrival: &Arrival<'_>,
        state: &AccountState,
        out: &mut Vec<Effect>,
    ) {
        let mut machine = self.machine(key).unwrap_or_default();
        let quiet = machine.quiet_at(arrival.at);
        if machine.burst.is_none() && quiet.is_none() {
            self.open(&mut machine, arrival);
        }
        let told = match (machine.burst.take(), quiet) {
            (Some(mut burst), quiet) => {
                burst.join(arrival.signal, arrival.rule, arrival.at, &arrival.policy);
                let told = self.in_burst(&mut machine, &mut burst, quiet, arrival, state);
                machine.burst = Some(burst);
                told
            }
            (None, Some(quiet)) => self.in_quiet(&mut machine, quiet, arrival, state),
            (None, None) => return,
        };
        let full = machine.burst.as_ref().is_some_and(|burst| burst.signals >= arrival.policy.max_signals);
        self.emit(key, arrival, &machine, told, out);
        self.put_machine(key.clone(), machine);
        if full {
            self.end(key, arrival.at, Some(FiredBecause::MaxSignals), out);
        }
    }

    fn open(&mut self, machine: &mut Machine, arrival: &Arrival<'_>) {
        let id = BurstId::of(arrival.signal);
        let carried = std::mem::take(&mut machine.carried);
        machine.quiet = None;
        machine.burst = Some(Burst::open(id, arrival.policy.version, arrival.at, carried));
        self.counts_mut().opened += 1;
    }

    fn in_burst(
        &self,
        machine: &mut Machine,
        burst: &mut Burst,
        quiet: Option<Quiet>,
        arrival: &Arrival<'_>,
        state: &AccountState,
    ) -> Told {
        let edge = match quiet {
            Some(quiet) => escalates(arrival, quiet, burst.known_well).then_some(Edge::Escalation),
            None => {
                let meets = arrival.policy.leading.meets(arrival.rule.strength) && burst.known_well;
                (meets && !burst.leading_tried).then_some(Edge::Leading)
            }
        };
        let Some(edge) = edge else { return Told::outcome(SignalOutcome::Joined, Some(burst.id)) };
        burst.leading_tried |= edge == Edge::Leading;
        match self.judge(state, arrival.newest, &burst.evidence, arrival.at) {
            Verdict::Pass => {}
            verdict => return Told::refused(verdict, Some(burst.id)),
        }
        let trigger = fire(
            machine,
            burst,
            edge,
            edge_because(edge),
            arrival.at,
            &arrival.policy,
            arrival.newest,
            state,
        );
        // Nothing is lost: the signal is in its burst, whose end tells that its trigger is too large.
        let Ok(trigger) = trigger else {
            return Told::refused(Verdict::Gated(Gate::TooLarge), Some(burst.id));
        };
        burst.untold = 0;
        if edge == Edge::Leading {
            burst.led = trigger.as_ref().map(|trigger| trigger.id);
        }
        Told::fired(edge, burst.id, trigger)
    }

    fn in_quiet(
        &self,
        machine: &mut Machine,
        quiet: Quiet,
        arrival: &Arrival<'_>,
        state: &AccountState,
    ) -> Told {
        if !escalates(arrival, quiet, arrival.signal.method != Method::Name) {
            machine.carry(arrival.signal, arrival.rule);
            return Told::outcome(SignalOutcome::Cooled, Some(quiet.burst));
        }
        let mut evidence = Evidence::carried(machine.carried.clone());
        evidence.add(EvidenceItem::new(arrival.signal, arrival.rule));
        match self.judge(state, arrival.newest, &evidence, arrival.at) {
            Verdict::Pass => {}
            verdict => {
                machine.carry(arrival.signal, arrival.rule);
                return Told::refused(verdict, Some(quiet.burst));
            }
        }
        let told = Burst {
            evidence,
            strength: arrival.rule.strength,
            deadline: arrival.at,
            ..Burst::open(quiet.burst, arrival.policy.version, arrival.at, Vec::new())
        };
        let because = FiredBecause::StrengthUp;
        let trigger = fire(
            machine,
            &told,
            Edge::Escalation,
            because,
            arrival.at,
            &arrival.policy,
            arrival.newest,
            state,
        );
        let Ok(trigger) = trigger else {
            machine.carry(arrival.signal, arrival.rule);
            return Told::refused(Verdict::Gated(Gate::TooLarge), Some(quiet.burst));
        };
        machine.carried.clear();
        Told::fired(Edge::Escalation, quiet.burst, trigger)
    }

    /// Ends a burst at `at`; `because` where it is not its deadline that ended it.
    fn end(&mut self, key: &MachineKey, at: Time, because: Option<FiredBecause>, out: &mut Vec<Effect>) {
        let Some(newest) = self.newest.get(&key.1).cloned() else {
            return self.cancel_ended(key, at, out);
        };
        let Some(mut machine) = self.machine(key) else { return };
        let Some(mut burst) = machine.burst.take() else { return };
        let policy = self.version(key, &burst, &newest);
        let because = because.unwrap_or_else(|| burst.because(&policy));
        if burst.led.is_none() {
            burst.evidence.carried_score = machine.carried_score(at, &policy);
        }
        let state = self.accounts.get(&key.0).cloned();
        let (outcome, verdict) = self.conclude(state.as_deref(), &burst, &policy, &newest, at);
        if outcome == BurstOutcome::BelowThreshold {
            machine.keep_score(&burst, at, &policy);
        }
        let edge = match outcome {
            BurstOutcome::Fired => Some(Edge::Trailing),
            BurstOutcome::Updated => Some(Edge::Update),
            _ => None,
        };
        let fired = edge
            .zip(state.as_ref())
            .map(|(edge, state)| fire(&mut machine, &burst, edge, because, at, &policy, &newest, state));
        let (outcome, trigger) = match fired.transpose() {
            Ok(trigger) => (outcome, trigger.flatten()),
            Err(TooLarge) => (BurstOutcome::TooLarge, None),
        };
        let ended = trigger.as_ref().map(|trigger| trigger.id);
        self.ended(key, &burst, &machine, outcome, Some((because, verdict)), at, ended, out);
        self.put_machine(key.clone(), machine);
        self.emit_trigger(&newest, trigger, out);
        self.drop_unused(&key.1, burst.policy_version);
    }

    fn conclude(
        &self,
        state: Option<&AccountState>,
        burst: &Burst,
        policy: &Policy,
        newest: &Policy,
        at: Time,
    ) -> (BurstOutcome, Verdict) {
        let Some(state) = state.filter(|state| state.is_open()) else {
            return (BurstOutcome::Cancelled, Verdict::Pass);
        };
        if burst.led.is_some() && burst.untold == 0 {
            return (BurstOutcome::NothingNew, Verdict::Pass);
        }
        if burst.led.is_none() && burst.evidence.score() < policy.min_score {
            return (BurstOutcome::BelowThreshold, Verdict::Pass);
        }
        // An update starts nothing, so that neither holds nor caps bind it; what forbids contact does.
        let verdict = match burst.led {
            Some(_) => gate(state, newest, &burst.evidence, at).map_or(Verdict::Pass, Verdict::Gated),
            None => self.judge(state, newest, &burst.evidence, at),
        };
        let outcome = match &verdict {
            Verdict::Pass if burst.led.is_some() => BurstOutcome::Updated,
            Verdict::Pass => BurstOutcome::Fired,
            Verdict::Gated(_) => BurstOutcome::Gated,
            Verdict::Capped(_) => BurstOutcome::Capped,
        };
        (outcome, verdict)
    }

    fn judge(&self, state: &AccountState, newest: &Policy, evidence: &Evidence, at: Time) -> Verdict {
        if let Some(gate) = gate(state, newest, evidence, at) {
            return Verdict::Gated(gate);
        }
        let held = ["", shadow::in_force(newest.name.as_str())]
            .iter()
            .any(|name| self.holds.get(&(*name).to_owned()).is_some());
        if held {
            return Verdict::Gated(Gate::Hold);
        }
        let zone = state.account.as_ref().and_then(|account| account.zone.as_deref());
        let hard = only_time_based(evidence).then(|| newest.rules.time_based.cap());
        let mut caps = hard.iter().chain(&newest.caps);
        let fires = shadow::counted(&state.fires, &newest.name);
        let reached = caps.find(|cap| cap.is_reached(&fires, &newest.name, at, zone));
        reached.map_or(Verdict::Pass, |cap| Verdict::Capped(cap.clone()))
    }
}

/// Which gate shuts out an account whose bursts may not live.
fn shut(state: Option<&AccountState>) -> Gate {
    match state {
        Some(state) if state.erased => Gate::Erased,
        Some(state) if state.account.is_some() => Gate::Reactivated,
        Some(_) | None => Gate::NotListed,
    }
}

fn escalates(arrival: &Arrival<'_>, quiet: Quiet, known_well: bool) -> bool {
    arrival.newest.escalate == Escalate::StrengthUp && arrival.rule.strength > quiet.strength && known_well
}

const fn edge_because(edge: Edge) -> FiredBecause {
    match edge {
        Edge::Escalation => FiredBecause::StrengthUp,
        Edge::Leading | Edge::Trailing | Edge::Update => FiredBecause::Leading,
    }
}
