//! Consumer groups within one process, as a pure state machine.
//!
//! Invariant: a partition has at most one owner. It is owned from the moment that [`GroupEvent::Assigned`] is handed
//! out until its owner answers [`GroupEvent::Revoked`], leaves, is expelled or is replaced; only then is it given to
//! the next. A member with an unanswered event gets no other one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use winback_log::{GroupEvent, TopicPartition};

/// A session's number, never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct MemberId(u64);

/// The reason why a member may not commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A newer session has the transactional id.
    Replaced,
    /// The group gave the partition to somebody else, or never to this member.
    NotOwned(TopicPartition),
}

#[derive(Debug, Default)]
struct Member {
    group: String,
    transactional_id: String,
    /// The partitions of the topics that it reads.
    wants: BTreeSet<TopicPartition>,
    /// The partitions that the group assigns to it.
    target: BTreeSet<TopicPartition>,
    /// The partitions that it was given and has not released.
    owned: BTreeSet<TopicPartition>,
    /// The partitions that it had when it was expelled, and has not heard of yet.
    lost: BTreeSet<TopicPartition>,
    /// The event that it has not answered.
    unanswered: BTreeSet<TopicPartition>,
    /// Thrown out until it has answered the loss.
    expelled: bool,
    replaced: bool,
}

/// All groups of a log.
#[derive(Debug, Default)]
pub(super) struct Coordinator {
    next: u64,
    members: BTreeMap<MemberId, Member>,
    ids: HashMap<String, MemberId>,
}

impl Coordinator {
    /// Joins. A session that had the transactional id is replaced: it loses its partitions at once.
    pub(super) fn join(
        &mut self,
        group: &str,
        transactional_id: &str,
        wants: BTreeSet<TopicPartition>,
    ) -> MemberId {
        self.next += 1;
        let id = MemberId(self.next);
        if let Some(old) = self.ids.insert(transactional_id.to_owned(), id) {
            self.replace(old);
        }
        let member = Member {
            group: group.to_owned(),
            transactional_id: transactional_id.to_owned(),
            wants,
            ..Member::default()
        };
        self.members.insert(id, member);
        self.balance(group);
        id
    }

    /// Leaves; what it owned is free.
    pub(super) fn leave(&mut self, id: MemberId) {
        let Some(member) = self.members.remove(&id) else { return };
        if self.ids.get(&member.transactional_id) == Some(&id) {
            self.ids.remove(&member.transactional_id);
        }
        self.balance(&member.group);
    }

    /// Throws out the member with that transactional id, as a group does with one that is not heard of. It joins
    /// again when it has answered [`GroupEvent::Lost`].
    pub(super) fn expel(&mut self, transactional_id: &str) -> bool {
        let Some(&id) = self.ids.get(transactional_id) else { return false };
        self.throw_out(id);
        true
    }

    /// The member's next event, when it has answered the last one.
    pub(super) fn next_event(&mut self, id: MemberId) -> Option<GroupEvent> {
        let member = self.members.get(&id)?;
        if !member.unanswered.is_empty() {
            return None;
        }
        if !member.lost.is_empty() {
            let lost = member.lost.clone();
            return self.hand_out(id, lost, GroupEvent::Lost);
        }
        if member.owned == member.target {
            return None; // as at almost every poll
        }
        let revoked: BTreeSet<_> = member.owned.difference(&member.target).cloned().collect();
        if !revoked.is_empty() {
            return self.hand_out(id, revoked, GroupEvent::Revoked);
        }
        let free = |partition: &&TopicPartition| !self.is_owned(&member.group, partition);
        let assigned: BTreeSet<_> = member.target.difference(&member.owned).filter(free).cloned().collect();
        if assigned.is_empty() {
            return None;
        }
        if let Some(member) = self.members.get_mut(&id) {
            member.owned.extend(assigned.iter().cloned());
        }
        self.hand_out(id, assigned, GroupEvent::Assigned)
    }

    /// The member has taken partitions; false when one is not its own.
    pub(super) fn assigned(&mut self, id: MemberId, partitions: &[TopicPartition]) -> bool {
        let Some(member) = self.members.get_mut(&id) else { return false };
        for partition in partitions {
            member.unanswered.remove(partition);
        }
        partitions.iter().all(|partition| member.owned.contains(partition))
    }

    /// The member has given partitions back.
    pub(super) fn released(&mut self, id: MemberId, partitions: &[TopicPartition]) {
        let Some(member) = self.members.get_mut(&id) else { return };
        for partition in partitions {
            member.unanswered.remove(partition);
            member.owned.remove(partition);
            member.lost.remove(partition);
        }
        if member.expelled && !member.replaced && member.lost.is_empty() {
            member.expelled = false;
            let group = member.group.clone();
            self.balance(&group);
        }
    }

    /// True if the member may commit for these partitions.
    pub(super) fn may_commit<'a>(
        &self,
        id: MemberId,
        mut partitions: impl Iterator<Item = &'a TopicPartition>,
    ) -> Result<(), Refusal> {
        let Some(member) = self.members.get(&id).filter(|member| !member.replaced) else {
            return Err(Refusal::Replaced);
        };
        match partitions.find(|partition| !member.owned.contains(*partition)) {
            Some(partition) => Err(Refusal::NotOwned(partition.clone())),
            None => Ok(()),
        }
    }

    /// True if a newer session has the member's transactional id.
    pub(super) fn is_replaced(&self, id: MemberId) -> bool {
        self.members.get(&id).is_none_or(|member| member.replaced)
    }

    /// Takes the transactional id from a member, as if another session had opened it.
    pub(super) fn replace(&mut self, id: MemberId) {
        if let Some(member) = self.members.get_mut(&id) {
            member.replaced = true;
        }
        self.throw_out(id);
    }

    /// Takes everything from a member, which hears of it at its next event.
    pub(super) fn throw_out(&mut self, id: MemberId) {
        let Some(member) = self.members.get_mut(&id) else { return };
        member.lost.append(&mut member.owned);
        member.unanswered.clear();
        member.target.clear();
        // One that had nothing has nothing to answer, and is back at once.
        member.expelled = member.replaced || !member.lost.is_empty();
        let group = member.group.clone();
        self.balance(&group);
    }

    fn hand_out(
        &mut self,
        id: MemberId,
        partitions: BTreeSet<TopicPartition>,
        event: impl FnOnce(Vec<TopicPartition>) -> GroupEvent,
    ) -> Option<GroupEvent> {
        let list = partitions.iter().cloned().collect();
        self.members.get_mut(&id)?.unanswered = partitions;
        Some(event(list))
    }

    fn is_owned(&self, group: &str, partition: &TopicPartition) -> bool {
        self.members.values().any(|member| member.group == group && member.owned.contains(partition))
    }

    /// Gives every wanted partition one target member and evens out the counts, moving as few as it can.
    fn balance(&mut self, group: &str) {
        let mut members: Vec<&mut Member> =
            self.members.values_mut().filter(|member| member.group == group && !member.expelled).collect();
        let wanted: BTreeSet<_> = members.iter().flat_map(|member| member.wants.iter().cloned()).collect();
        let kept: BTreeSet<_> = members.iter().flat_map(|member| member.target.iter().cloned()).collect();
        for partition in wanted.difference(&kept) {
            let least = members
                .iter_mut()
                .filter(|member| member.wants.contains(partition))
                .min_by_key(|member| member.target.len());
            if let Some(member) = least {
                member.target.insert(partition.clone());
            }
        }
        while even_out(&mut members) {}
    }
}

/// Moves one partition to a member that has at least two fewer; false when there is none to move.
fn even_out(members: &mut [&mut Member]) -> bool {
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|&at| members[at].target.len());
    for &rich in order.iter().rev() {
        for &poor in &order {
            if members[poor].target.len() + 1 >= members[rich].target.len() {
                break;
            }
            let wants = &members[poor].wants;
            let Some(moved) = members[rich].target.iter().rev().find(|one| wants.contains(*one)).cloned()
            else {
                continue;
            };
            members[rich].target.remove(&moved);
            members[poor].target.insert(moved);
            return true;
        }
    }
    false
}

#[cfg(test)]
#[path = "coordinator_tests.rs"]
mod tests;
