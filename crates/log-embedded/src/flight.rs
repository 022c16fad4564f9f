//! Transactions whose end is on its way: given up by their sender, and neither committed nor aborted yet.
//!
//! As on a broker, whoever takes the transactional id anew ends them without effect, and until they have ended nobody
//! is told a position that they may change.

use parking_lot::Mutex;
use winback_core::ids::Offset;
use winback_log::LogError;

use super::Shared;
use super::faults::Fault;
use super::storage::{Pending, Positions, Slot, WriteError};

/// The writes of such a transaction on its arrival.
pub(super) struct Flight {
    pub(super) transactional_id: String,
    pub(super) group: String,
    pub(super) records: Vec<Pending>,
    pub(super) at: Vec<(Slot, Offset)>,
}

/// All of a log's.
#[derive(Default)]
pub(super) struct Flights {
    list: Mutex<Vec<Flight>>,
}

impl Flights {
    pub(super) fn add(&self, flight: Flight) {
        self.list.lock().push(flight);
    }

    pub(super) fn holds(&self, transactional_id: &str) -> bool {
        self.list.lock().iter().any(|flight| flight.transactional_id == transactional_id)
    }

    /// Takes the one of that transactional id out; dropping it is its abort.
    pub(super) fn take(&self, transactional_id: &str) -> Option<Flight> {
        let mut list = self.list.lock();
        let at = list.iter().position(|flight| flight.transactional_id == transactional_id)?;
        Some(list.remove(at))
    }

    /// The transaction that may still change the group's position in that partition.
    fn unsettling(&self, group: &str, slot: Slot) -> Option<String> {
        let list = self.list.lock();
        let touches = |flight: &&Flight| flight.group == group && flight.at.iter().any(|(at, _)| *at == slot);
        list.iter().find(touches).map(|flight| flight.transactional_id.clone())
    }
}

impl Shared {
    /// Fails where a position is not stable, or waits until it is.
    pub(super) fn check_stable(&self, group: &str, slot: Slot) -> Result<(), LogError> {
        let Some(id) = self.flights.unsettling(group, slot) else { return Ok(()) };
        if self.faults.take(&id, &[Fault::ArriveWhenAsked]).is_some() {
            return self.arrive(&id).map(drop).map_err(|error| LogError::Fatal(format!("{error:?}")));
        }
        let why = format!("a transaction with a position of group `{group}` has not ended");
        Err(LogError::Unavailable { log: self.storage.name(), why })
    }

    /// The end of the transaction in flight arrives as a commit; false when there is none.
    pub(super) fn arrive(&self, transactional_id: &str) -> Result<bool, WriteError> {
        let _gate = self.gate.lock();
        let Some(mut flight) = self.flights.take(transactional_id) else { return Ok(false) };
        let positions = Positions { group: &flight.group, at: flight.at };
        self.storage.write(&mut flight.records, &positions, self.clock.now(), None)?;
        self.wake.notify();
        Ok(true)
    }
}
