//! The transaction, and what each way of failing means for the lane (never for the role, which hears only `committed` or
//! `rolled_back`).

use winback_core::ids::Offset;
use winback_core::time::Time;
use winback_log::{CommitError, FailPoint, Session, TopicPartition, fail_point};

use crate::batch::CANNOT_COMMIT;
use crate::dead::append_left_out;
use crate::error::LaneError;
use crate::isolate::{Failure, Suspect, Verdict};
use crate::lane::{Batch, Lane};
use crate::observer::Committed;
use crate::output::{Origin, Output};
use crate::role::{InputView, Role, View};

/// A failure, whom it is laid to, and whether the transaction is still open.
struct Failed {
    error: CommitError,
    origin: Option<Origin>,
    open: bool,
}

impl<R: Role> Lane<R> {
    /// Commits what was stepped, with the positions of all live partitions. Afterwards the batch is empty, whatever
    /// happened: it is in the log, or dropped and read again, or `unknown` is set and everything is reloaded.
    pub(crate) fn transact(&mut self) -> Result<(), LaneError> {
        let now = self.clock.now();
        let probe = self.isolation.wants_probe();
        let positions = self.positions();
        self.last_seal = now;
        self.out.from(None);
        if !probe && !positions.is_empty() {
            self.tell_left_out(now);
        }
        self.seal(now, &positions);
        let moved = positions
            .iter()
            .any(|(at, position)| self.inputs.get(*at).is_some_and(|slot| slot.has_moved(*position)));
        if positions.is_empty() || (self.out.is_empty() && !moved && !probe) {
            self.role.committed();
            self.breaker.committed();
            self.allowance.committed();
            self.settle(&positions);
            self.drop_batch();
            return Ok(());
        }
        let named: Vec<_> = positions
            .iter()
            .filter_map(|(at, position)| Some((self.inputs.get(*at)?.input.partition.clone(), *position)))
            .collect();
        let id = &self.spec.transactional_id;
        let changelog = named.first().and_then(|(partition, _)| self.role.changelog(partition));
        let changelog = changelog.as_ref().map(|changelog| &*changelog.topic);
        match write(self.session.as_mut(), &self.out, &named, id, changelog) {
            Ok(()) => {
                fail_point(FailPoint::AfterCommit, id);
                let done = self.clock.now();
                self.role.committed_at(done);
                self.role.committed();
                self.breaker.committed();
                self.allowance.committed();
                self.count(now);
                self.note_chosen(&positions);
                self.settle(&positions);
                self.acquit(probe);
                self.drop_batch();
                Ok(())
            }
            Err(failed) => self.failed(failed, probe),
        }
    }

    fn positions(&self) -> Vec<(usize, Offset)> {
        let live = self.inputs.iter().filter(|slot| slot.is_live());
        live.map(|slot| (slot.input.slot, slot.position(self.session.position(&slot.input.partition))))
            .collect()
    }

    fn seal(&mut self, now: Time, positions: &[(usize, Offset)]) {
        for (at, position) in positions {
            if let Some(slot) = self.inputs.get_mut(*at) {
                slot.ends.reached(*position);
            }
        }
        let view = |(at, position): &(usize, Offset)| {
            let slot = self.inputs.get(*at)?;
            Some(InputView {
                input: &slot.input,
                position: *position,
                element: slot.element,
                committed: slot.committed,
                newest: slot.newest,
                end_seen: slot.ends.passed(),
            })
        };
        let inputs: Vec<_> = positions.iter().filter_map(view).collect();
        self.role.seal(&View { now, inputs: &inputs }, &mut self.out);
    }

    fn settle(&mut self, positions: &[(usize, Offset)]) {
        for (at, position) in positions {
            if let Some(slot) = self.inputs.get_mut(*at) {
                slot.settle(*position);
            }
        }
    }

    /// Writes the chosen positions into the log, and into the state where they moved.
    fn note_chosen(&mut self, positions: &[(usize, Offset)]) {
        for (at, position) in positions {
            let Some(slot) = self.inputs.get_mut(*at) else { continue };
            if slot.chosen && slot.committed != Some(*position) {
                slot.chosen = false;
                self.chosen.insert(slot.input.partition.clone());
            }
        }
    }

    fn acquit(&mut self, probe: bool) {
        let inputs = &self.inputs;
        let within = inputs.iter().any(crate::inputs::Slot::is_within);
        self.isolation.committed(self.batch.records, probe, within, |suspect| {
            let passed = |slot: &crate::inputs::Slot| slot.base > suspect.offset;
            inputs.iter().any(|slot| slot.input.partition == suspect.partition && passed(slot))
        });
    }

    fn count(&mut self, began: Time) {
        let took = self.clock.now().since(began);
        let (records, appends, bytes) = (self.batch.records, self.out.len(), self.out.size());
        self.observer.committed(&Committed { records, appends, bytes, took });
        let buried = &self.batch.buried;
        buried.iter().for_each(|(source, reason, count)| self.observer.dead_letters(source, reason, *count));
        self.batch.left_out.iter().for_each(|(source, count)| self.observer.left_out(source, *count));
        let more = |count: usize| u64::try_from(count).unwrap_or_default();
        let condemned = self.condemned();
        let mut status = self.status.lock();
        status.commits += 1;
        status.records += more(records);
        status.dead_letters += self.batch.buried.iter().map(|(.., count)| count).sum::<u64>();
        if let Some(why) = condemned {
            let cause = status.last_error.as_deref().unwrap_or("no error is known");
            status.condemned = Some(format!("{why}: {cause}"));
        }
    }

    /// The warning about records that were condemned though they may not have been at fault.
    fn condemned(&self) -> Option<String> {
        let of =
            |(_, reason, count): &(String, &'static str, u64)| (*reason == CANNOT_COMMIT).then_some(*count);
        let count: u64 = self.batch.buried.iter().filter_map(of).sum();
        (count > 0 && self.role.writes_for_others()).then(|| {
            format!(
                "{count} records became dead letters ({CANNOT_COMMIT}) and may not be at fault, since what they wrote was \
                 about others: `winback dead-letters list` names them; mend the cause, see `cannot_commit` in the runbook, \
                 and restart; the log said"
            )
        })
    }

    pub(crate) fn drop_batch(&mut self) {
        self.out.clear();
        self.batch = Batch::default();
        self.last_commit = self.clock.now();
    }

    fn failed(&mut self, failed: Failed, probe: bool) -> Result<(), LaneError> {
        let Failed { error, origin, open } = failed;
        tracing::warn!(lane = self.config.name, kind = error.kind(), %error, "a transaction failed");
        self.observer.failed(error.kind());
        self.status.lock().last_error = Some(error.to_string());
        let aborted = if open { self.session.abort() } else { Ok(()) };
        self.forget();
        match (&error, aborted) {
            (
                CommitError::Aborted(_) | CommitError::Displaced(_) | CommitError::Record { .. },
                Ok(()) | Err(CommitError::Aborted(_)),
            ) => {}
            (CommitError::Unknown(_), _) | (_, Err(CommitError::Unknown(_))) => {
                self.status.lock().unknown += 1;
                self.unknown = true;
                self.drop_batch();
                return match self.isolation.unknown(self.clock.now()) {
                    Verdict::Again => Ok(()),
                    Verdict::GiveUp => Err(LaneError::CannotCommit(error.to_string())),
                };
            }
            (_, Err(second)) => return Err(LaneError::from_commit(second)),
            (_, Ok(())) => return Err(LaneError::from_commit(error)),
        }
        self.status.lock().aborts += 1;
        let verdict = self.judge(&error, origin, probe);
        self.roll_back()?;
        match verdict {
            Verdict::Again => Ok(()),
            Verdict::GiveUp => Err(LaneError::CannotCommit(error.to_string())),
        }
    }

    /// Drops the steps since the last commit in the role and in the observer.
    pub(crate) fn forget(&mut self) {
        self.role.rolled_back();
        self.breaker.rolled_back(self.clock.now());
        self.allowance.rolled_back();
    }

    /// Tells what was left out, when that is due.
    fn tell_left_out(&mut self, now: Time) {
        if let Some(left) = self.allowance.tell(now) {
            append_left_out(&self.config.dead_letters, self.role.name(), now, left, &mut self.out);
        }
    }

    fn judge(&mut self, error: &CommitError, origin: Option<Origin>, probe: bool) -> Verdict {
        let suspect = |origin: Origin| {
            let partition = self.inputs.get(origin.slot)?.input.partition.clone();
            Some(Suspect { partition, offset: origin.offset, element: origin.element })
        };
        if let (CommitError::Record { .. }, Some(suspect)) = (error, origin.and_then(suspect)) {
            return self.isolation.named(suspect);
        }
        if matches!(error, CommitError::Displaced(_)) {
            return self.isolation.displaced(self.clock.now());
        }
        let records = self.batch.records;
        let only = self.batch.last.filter(|_| records == 1).and_then(suspect);
        let elements = self.batch.elements;
        let cause = error.to_string();
        self.isolation.failed(self.clock.now(), Failure { cause: &cause, records, elements, only, probe })
    }

    /// Nothing stepped since the last commit is in the log: it is read again. The role has been told.
    pub(crate) fn roll_back(&mut self) -> Result<(), LaneError> {
        for at in self.inputs.order().to_vec() {
            let Some(slot) = self.inputs.get_mut(at).filter(|slot| slot.is_live()) else { continue };
            if slot.roll_back() {
                self.session.seek(&slot.input.partition, slot.base)?;
            }
        }
        self.drop_batch();
        Ok(())
    }
}

fn write(
    session: &mut dyn Session,
    out: &Output,
    positions: &[(TopicPartition, Offset)],
    id: &str,
    changelog: Option<&str>,
) -> Result<(), Failed> {
    fail_point(FailPoint::BeforeBegin, id);
    session.begin().map_err(|error| Failed { error, origin: None, open: false })?;
    out.each_with_origin(|record, origin| {
        session.append(record).map_err(|error| Failed { error, origin, open: true })?;
        fail_point(FailPoint::Append, id);
        if changelog == Some(record.topic) {
            fail_point(FailPoint::Changelog, id);
        }
        Ok(())
    })?;
    session.commit(positions).map_err(|error| {
        let open = matches!(error, CommitError::Record { .. });
        Failed { error, origin: None, open }
    })
}
