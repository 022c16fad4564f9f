//! One rung's keys: a table of offsets into the arena, where the keys themselves lie.
//!
//! A key that several accounts claim is there once and points to the sorted list of its records; so a key that
//! thousands of rows share (a placeholder in the books) costs no probe more than any other, and leaves exactly.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::record;

/// Marks a slot that is a list's number instead of an offset.
const SHARED: u32 = 1 << 31;
/// The same in every process: the keys come from the books, not from visitors.
const HASHER: FixedState = FixedState::with_seed(0x0057_494e_4241_434b);

#[derive(Default)]
pub(super) struct KeyTable {
    slots: HashTable<u32>,
    lists: Vec<Vec<u32>>,
    free_lists: Vec<u32>,
}

impl KeyTable {
    /// The offsets of the records that hold this key; empty where nobody claims it.
    pub(super) fn find(&self, arena: &[u8], key: &[u8]) -> &[u32] {
        let slot = self.slots.find(hash(key), |slot| key_of(arena, &self.lists, *slot) == key);
        slot.map_or(&[], |slot| match list_of(*slot) {
            Some(list) => &self.lists[list],
            None => std::slice::from_ref(slot),
        })
    }

    /// Adds the record at `at`, which must not be there yet.
    pub(super) fn insert(&mut self, arena: &[u8], at: u32) {
        let key = record::read(arena, at as usize).bytes;
        let lists = &self.lists;
        let same = |slot: &u32| key_of(arena, lists, *slot) == key;
        let rehash = |slot: &u32| hash(key_of(arena, lists, *slot));
        match self.slots.entry(hash(key), same, rehash) {
            Entry::Vacant(vacant) => {
                vacant.insert(at);
            }
            Entry::Occupied(mut slot) => match list_of(*slot.get()) {
                Some(list) => {
                    let list = &mut self.lists[list];
                    list.insert(list.partition_point(|other| *other < at), at);
                }
                None => {
                    let first = *slot.get();
                    *slot.get_mut() = SHARED | new_list(&mut self.lists, &mut self.free_lists, first, at);
                }
            },
        }
    }

    /// Takes the record at `at` out; the arena still holds it.
    pub(super) fn remove(&mut self, arena: &[u8], at: u32) {
        let key = record::read(arena, at as usize).bytes;
        let lists = &self.lists;
        let Ok(mut slot) = self.slots.find_entry(hash(key), |slot| key_of(arena, lists, *slot) == key) else {
            return;
        };
        let Some(number) = list_of(*slot.get()) else {
            slot.remove();
            return;
        };
        let list = &mut self.lists[number];
        if let Ok(position) = list.binary_search(&at) {
            list.remove(position);
        }
        if let [last] = list[..] {
            self.free_lists.push(*slot.get() & !SHARED);
            *slot.get_mut() = last;
            self.lists[number] = Vec::new();
        } else if list.len() < list.capacity() / 4 {
            list.shrink_to(list.len() * 2);
        }
    }

    /// The number of different keys.
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    /// An empty table with room for so many keys.
    pub(super) fn with_capacity(keys: usize) -> Self {
        Self { slots: HashTable::with_capacity(keys), ..Self::default() }
    }

    /// The heap that it owns.
    pub(super) fn bytes(&self) -> usize {
        let members: usize = self.lists.iter().map(Vec::capacity).sum();
        self.slots.allocation_size()
            + self.lists.capacity() * size_of::<Vec<u32>>()
            + (members + self.free_lists.capacity()) * size_of::<u32>()
    }
}

fn hash(key: &[u8]) -> u64 {
    HASHER.hash_one(key)
}

const fn list_of(slot: u32) -> Option<usize> {
    if slot & SHARED == 0 { None } else { Some((slot & !SHARED) as usize) }
}

/// The key of a slot; all records of a list have the same.
fn key_of<'a>(arena: &'a [u8], lists: &[Vec<u32>], slot: u32) -> &'a [u8] {
    let at = match list_of(slot) {
        Some(list) => lists[list].first().copied().unwrap_or(0),
        None => slot,
    };
    record::read(arena, at as usize).bytes
}

fn new_list(lists: &mut Vec<Vec<u32>>, free: &mut Vec<u32>, first: u32, second: u32) -> u32 {
    let members = vec![first.min(second), first.max(second)];
    if let Some(number) = free.pop() {
        lists[number as usize] = members;
        return number;
    }
    lists.push(members);
    // There are fewer lists than records, and records are addressed by 31 bits.
    u32::try_from(lists.len() - 1).unwrap_or(u32::MAX)
}
