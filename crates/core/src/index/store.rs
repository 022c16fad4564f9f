//! The index's memory: rows of a fixed size, an arena with their keys, a table of offsets for every rung.
//!
//! One account costs no allocation of its own. What a change leaves behind in the arena is counted, and when it is a
//! quarter of all, the living move into a new arena. Vectors grow by an eighth, so that little room stands empty.

use super::entry::{Change, Entry};
use super::ranges::Lengths;
use super::record::{self, Kind, Prepared, flag};
use super::table::KeyTable;
use crate::account::{Account, Reason, Status, Tier};
use crate::time::Time;

/// Offsets have 31 bits: one marks the keys that several claim.
const ARENA_LIMIT: usize = 1 << 31;
/// Less garbage than this is not worth a move.
const MIN_GARBAGE: usize = 4 * 1024;

pub(super) struct Row {
    version: u64,
    churned_at: Time,
    at: u32,
    /// Zero where the row is free; an account has its id at least.
    len: u32,
    reason: Reason,
    tier: Tier,
    flags: u8,
}

/// The churned accounts and the keys that they are recognised by. Active ones are known by id only: an event that
/// names one belongs to it and to nobody on the list.
#[derive(Default)]
pub struct Index {
    rows: Vec<Row>,
    free_rows: Vec<u32>,
    pub(super) arena: Vec<u8>,
    garbage: usize,
    tables: [KeyTable; 5],
    pub(super) lengths: Lengths,
    version: u64,
}

impl Index {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an account, or replaces all that is known of it.
    pub fn upsert(&mut self, account: &Account) -> Change {
        let change = self.put(&Prepared::of(account));
        self.tidy();
        change
    }

    /// Forgets an account and all its keys; whether it was known.
    pub fn remove(&mut self, id: &str) -> bool {
        let known = self.take(id);
        self.tidy();
        known
    }

    /// The knowledge of an account, churned or active.
    pub fn get(&self, id: &str) -> Option<Entry<'_>> {
        self.row_of(id).map(|row| self.entry(row))
    }

    /// The number of known accounts, active ones included.
    pub fn len(&self) -> usize {
        self.rows.len() - self.free_rows.len()
    }

    /// True if no account is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of changes it has seen; two equal versions of one index are the same index.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// All heap that it owns, unused room included.
    pub fn bytes(&self) -> usize {
        self.rows.capacity() * size_of::<Row>()
            + self.free_rows.capacity() * size_of::<u32>()
            + self.arena.capacity()
            + self.tables.iter().map(KeyTable::bytes).sum::<usize>()
    }

    /// Moves the living into memory of just their size.
    pub fn compact(&mut self) {
        *self = self.compacted();
    }

    fn tidy(&mut self) {
        if self.wants_compaction() {
            self.compact();
        }
    }

    /// True if a move would free a fair share.
    pub(super) fn wants_compaction(&self) -> bool {
        let garbage = self.garbage > MIN_GARBAGE && self.garbage > self.arena.len() / 4;
        let free = self.free_rows.len() * size_of::<Row>();
        let rows = free > MIN_GARBAGE && self.free_rows.len() > self.rows.len() / 4;
        garbage || rows
    }

    pub(super) fn compacted(&self) -> Self {
        let mut new = Self {
            rows: Vec::with_capacity(self.len()),
            free_rows: Vec::new(),
            arena: Vec::with_capacity(self.arena.len() - self.garbage),
            garbage: 0,
            tables: Kind::KEYS.map(|kind| KeyTable::with_capacity(self.table(kind).len())),
            lengths: Lengths::default(),
            version: self.version,
        };
        for row in self.rows.iter().filter(|row| row.len > 0) {
            let at = new.append(&self.arena[row.at as usize..][..row.len as usize]);
            new.rows.push(Row { at, ..*row });
            new.link(new.rows.len() - 1);
        }
        new
    }

    pub(super) fn put(&mut self, account: &Prepared) -> Change {
        let id = record::read(&account.records, 0).bytes;
        let known = self.row_with(id);
        if known.is_some_and(|row| account.version < self.rows[row].version) {
            return Change::Stale;
        }
        let Some(len) = self.room_for(account.records.len()) else { return Change::Full };
        if let Some(row) = known {
            self.unlink(row);
        }
        let at = self.append(&account.records);
        let Prepared { version, churned_at, reason, tier, flags, .. } = *account;
        let row = Row { version, churned_at, at, len, reason, tier, flags };
        let place = known.or_else(|| self.free_rows.pop().map(|row| row as usize)).unwrap_or(self.rows.len());
        match self.rows.get_mut(place) {
            Some(old) => *old = row,
            None => {
                grow(&mut self.rows, 1);
                self.rows.push(row);
            }
        }
        self.link(place);
        self.version += 1;
        if known.is_some() { Change::Changed } else { Change::Added }
    }

    pub(super) fn take(&mut self, id: &str) -> bool {
        let Some(row) = self.row_with(id.as_bytes()) else { return false };
        self.unlink(row);
        self.rows[row].len = 0;
        self.free_rows.extend(u32::try_from(row));
        self.version += 1;
        true
    }

    /// The length of a new row's records, if they still fit. There are fewer rows than bytes, so these fit, too.
    fn room_for(&self, len: usize) -> Option<u32> {
        let end = self.arena.len().checked_add(len)?;
        u32::try_from(len).ok().filter(|_| end < ARENA_LIMIT)
    }

    fn append(&mut self, records: &[u8]) -> u32 {
        let at = self.arena.len();
        grow(&mut self.arena, records.len());
        self.arena.extend_from_slice(records);
        // Below the limit, as `room_for` has seen.
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// Enters a row's keys into the tables.
    fn link(&mut self, row: usize) {
        let (mut at, end) = self.span(row);
        while at < end {
            record::set_row(&mut self.arena, at, u32::try_from(row).unwrap_or(u32::MAX));
            let record = record::read(&self.arena, at);
            if record.kind == Kind::Range {
                self.lengths.add(record.bytes);
            }
            if let (Some(table), Ok(at)) = (self.tables.get_mut(record.kind as usize), u32::try_from(at)) {
                table.insert(&self.arena, at);
            }
            at = record.end();
        }
    }

    /// Takes a row's keys out of the tables; its bytes are garbage from now on.
    fn unlink(&mut self, row: usize) {
        let (start, end) = self.span(row);
        for record in record::walk(&self.arena, start, end) {
            if record.kind == Kind::Range {
                self.lengths.remove(record.bytes);
            }
            if let (Some(table), Ok(at)) =
                (self.tables.get_mut(record.kind as usize), u32::try_from(record.at))
            {
                table.remove(&self.arena, at);
            }
        }
        self.garbage += end - start;
    }

    fn span(&self, row: usize) -> (usize, usize) {
        let row = &self.rows[row];
        (row.at as usize, row.at as usize + row.len as usize)
    }

    /// The records of a row.
    pub(super) fn records(&self, row: usize) -> impl Iterator<Item = record::Record<'_>> {
        let (start, end) = self.span(row);
        record::walk(&self.arena, start, end)
    }

    pub(super) fn table(&self, kind: Kind) -> &KeyTable {
        &self.tables[kind as usize % self.tables.len()]
    }

    pub(super) fn row_of(&self, id: &str) -> Option<usize> {
        self.row_with(id.as_bytes())
    }

    fn row_with(&self, id: &[u8]) -> Option<usize> {
        let at = self.table(Kind::Id).find(&self.arena, id).first()?;
        Some(record::read(&self.arena, *at as usize).row as usize)
    }

    pub(super) fn entry(&self, row: usize) -> Entry<'_> {
        let Row { version, churned_at, reason, tier, flags, .. } = self.rows[row];
        let has = |bit: u8| flags & bit != 0;
        let mut records = self.records(row).peekable();
        let id = records.next().map_or(&[][..], |record| record.bytes);
        let mut time = |kind| records.next_if(|record| record.kind == kind).and_then(|record| record.time());
        let (declined_at, earliest_at) = (time(Kind::Declined), time(Kind::Earliest));
        Entry {
            id: std::str::from_utf8(id).unwrap_or_default(),
            version,
            status: if has(flag::ACTIVE) { Status::Active } else { Status::Churned },
            churned_at,
            reason,
            tier,
            do_not_contact: has(flag::DO_NOT_CONTACT),
            declined_at,
            earliest_at,
            hold_out: has(flag::HOLD_OUT),
            all_opted_out: has(flag::ALL_OPTED_OUT),
            consent: has(flag::CONSENT_KNOWN).then(|| has(flag::CONSENT)),
        }
    }
}

/// Makes room by an eighth at a time: doubling would leave up to half of the memory empty.
fn grow<T>(vector: &mut Vec<T>, more: usize) {
    if vector.capacity() - vector.len() < more {
        vector.reserve_exact(more + vector.len() / 8 + 64);
    }
}
