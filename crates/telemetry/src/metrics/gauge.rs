//! A gauge that several lanes write: each has a part, and the series shows what the parts come to.

use std::sync::Arc;

use metrics::Gauge;
use parking_lot::Mutex;

/// The way to combine the parts of a gauge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Combine {
    /// Their sum; 0 without parts.
    Sum,
    /// The least of them; NaN, which no alert compares with, without parts.
    Min,
    /// The greatest of them; NaN without parts.
    Max,
}

impl Combine {
    fn of(self, values: impl Iterator<Item = f64>) -> f64 {
        match self {
            Self::Sum => values.fold(0.0, |sum, value| sum + value),
            Self::Min => values.reduce(f64::min).unwrap_or(f64::NAN),
            Self::Max => values.reduce(f64::max).unwrap_or(f64::NAN),
        }
    }
}

pub(crate) struct SharedGauge {
    handle: Gauge,
    combine: Combine,
    parts: Mutex<Vec<Option<f64>>>,
}

impl SharedGauge {
    pub(crate) fn new(handle: Gauge, combine: Combine) -> Self {
        handle.set(combine.of(std::iter::empty()));
        Self { handle, combine, parts: Mutex::default() }
    }

    pub(crate) fn part(shared: &Arc<Self>) -> GaugePart {
        GaugePart { shared: Arc::clone(shared), place: None.into() }
    }

    fn publish(&self, parts: &[Option<f64>]) {
        self.handle.set(self.combine.of(parts.iter().copied().flatten()));
    }

    fn put(&self, place: Option<usize>, value: f64) -> usize {
        let mut parts = self.parts.lock();
        let place = place.or_else(|| parts.iter().position(Option::is_none)).unwrap_or(parts.len());
        match parts.get_mut(place) {
            Some(part) => *part = Some(value),
            None => parts.push(Some(value)),
        }
        self.publish(&parts);
        place
    }

    fn take(&self, place: usize) {
        let mut parts = self.parts.lock();
        if let Some(part) = parts.get_mut(place) {
            *part = None;
        }
        self.publish(&parts);
    }
}

/// One writer's part of a gauge. Until it is set, and after it is cleared or dropped, it does not count.
pub struct GaugePart {
    shared: Arc<SharedGauge>,
    place: Mutex<Option<usize>>,
}

impl GaugePart {
    /// Replaces this part's value.
    pub fn set(&self, value: f64) {
        let mut place = self.place.lock();
        *place = Some(self.shared.put(*place, value));
    }

    /// Takes this part's value out.
    pub fn clear(&self) {
        if let Some(place) = self.place.lock().take() {
            self.shared.take(place);
        }
    }

    /// Leaves the value for as long as the process runs.
    pub(crate) fn keep(self) {
        *self.place.lock() = None;
    }
}

impl Drop for GaugePart {
    fn drop(&mut self) {
        self.clear();
    }
}
