//! Reads what a record says of itself: when it happened and whom it is about.

use std::io::BufRead;

use winback_core::debounce::Policy;
use winback_core::signal::Candidate;
use winback_core::time::Time;
use winback_sources::{Decoder, Element};

use super::{Entry, Records, Sorter, Unwritable, key_of};

/// Asks the source's own decoder.
pub struct Intake<'a> {
    decoder: &'a Decoder,
    policies: &'a [Policy],
    now: Time,
    memory: usize,
}

/// The counts of accepted records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Records to be written.
    pub records: u64,
    /// Of them, those in which something cannot be understood: the matcher makes dead letters of it.
    pub dead: u64,
    /// Events that would be too old to count, were they judged now.
    pub old: u64,
    /// Events with a time.
    pub events: u64,
    /// The first and last time.
    pub times: Option<(Time, Time)>,
    /// Lines of records that are not written, with why.
    pub unwritable: Vec<(u64, Unwritable)>,
}

impl<'a> Intake<'a> {
    /// An intake of that source at that time; what is old is what every policy calls old.
    pub const fn new(decoder: &'a Decoder, policies: &'a [Policy], now: Time, memory: usize) -> Self {
        Self { decoder, policies, now, memory }
    }

    /// Reads all records and sorts them by when they happened. A record of several events happened with the newest; one
    /// whose time nobody knows, with the one before it.
    ///
    /// # Errors
    /// When the file cannot be read or a temporary one not written.
    pub fn sort<R: BufRead>(&self, records: &mut Records<R>) -> anyhow::Result<(Sorter, Taken)> {
        let mut sorter = Sorter::new(self.memory);
        let mut taken = Taken::default();
        let mut last = Time::MIN;
        while let Some(record) = records.next_record()? {
            let value = match record.value {
                Ok(value) => value,
                Err(why) => {
                    taken.unwritable.push((record.line, why));
                    continue;
                }
            };
            let (time, key) = self.read(&value, &mut taken);
            last = time.unwrap_or(last);
            taken.records += 1;
            sorter.push(Entry { time: last, key, value })?;
        }
        Ok((sorter, taken))
    }

    fn read(&self, value: &[u8], taken: &mut Taken) -> (Option<Time>, Option<Vec<u8>>) {
        let (mut newest, mut key, mut dead) = (None, None, false);
        self.decoder.decode(value, &mut |element| match element {
            Element::Signal(candidate) => {
                newest = newest.max(Some(candidate.at));
                key = key.take().or_else(|| key_of(&candidate.who));
                taken.events += 1;
                taken.old += u64::from(self.is_old(&candidate));
            }
            Element::Answer(answer) => {
                newest = newest.max(Some(answer.at));
                key = key.take().or_else(|| key_of(&answer.who));
                taken.events += 1;
            }
            Element::Broadcast(event) => {
                newest = newest.max(Some(event.at));
                taken.events += 1;
            }
            Element::Dead(_) => dead = true,
            Element::Dropped(_) => {}
        });
        taken.dead += u64::from(dead);
        if let Some(at) = newest {
            let (first, last) = taken.times.unwrap_or((at, at));
            taken.times = Some((first.min(at), last.max(at)));
        }
        (newest, key)
    }

    fn is_old(&self, candidate: &Candidate<'_>) -> bool {
        let class = candidate.class.as_deref().unwrap_or_default();
        let too_old =
            |policy: &Policy| self.now.since(candidate.at) > policy.rule(candidate.kind, class).max_age;
        !self.policies.is_empty() && self.policies.iter().all(too_old)
    }
}
