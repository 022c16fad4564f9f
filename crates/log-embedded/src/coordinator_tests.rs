//! The coordinator under random joins, leaves and answers.

use proptest::prelude::*;

use super::*;

fn partitions(count: i32) -> BTreeSet<TopicPartition> {
    (0..count).map(|at| TopicPartition::new("in", at)).collect()
}

fn settle(coordinator: &mut Coordinator, members: &[MemberId]) {
    let mut moved = true;
    while moved {
        moved = false;
        for &member in members {
            moved |= answer(coordinator, member);
        }
    }
}

/// Takes and answers one event.
fn answer(coordinator: &mut Coordinator, member: MemberId) -> bool {
    match coordinator.next_event(member) {
        None => return false,
        Some(GroupEvent::Assigned(list)) => assert!(coordinator.assigned(member, &list)),
        Some(GroupEvent::Revoked(list) | GroupEvent::Lost(list)) => coordinator.released(member, &list),
    }
    true
}

fn owned(coordinator: &Coordinator, member: MemberId) -> usize {
    coordinator.members.get(&member).map_or(0, |member| member.owned.len())
}

#[test]
fn a_second_member_gets_its_half_only_when_the_first_has_let_go() {
    let mut groups = Coordinator::default();
    let first = groups.join("g", "a", partitions(4));
    settle(&mut groups, &[first]);
    assert_eq!(owned(&groups, first), 4);

    let second = groups.join("g", "b", partitions(4));
    assert_eq!(groups.next_event(second), None, "nothing is free yet");
    let Some(GroupEvent::Revoked(revoked)) = groups.next_event(first) else { panic!("no revocation") };
    assert_eq!(revoked.len(), 2);
    assert_eq!(groups.next_event(first), None, "one event at a time");
    assert_eq!(groups.next_event(second), None, "asked for is not yet given");
    groups.released(first, &revoked);
    assert_eq!(groups.next_event(second), Some(GroupEvent::Assigned(revoked)));
}

#[test]
fn a_replaced_member_loses_all_and_may_not_commit() {
    let mut groups = Coordinator::default();
    let old = groups.join("g", "a", partitions(2));
    settle(&mut groups, &[old]);
    let new = groups.join("g", "a", partitions(2));
    assert_eq!(groups.may_commit(old, partitions(1).iter()), Err(Refusal::Replaced));
    settle(&mut groups, &[new]);
    assert_eq!(owned(&groups, new), 2);
    assert!(matches!(groups.next_event(old), Some(GroupEvent::Lost(list)) if list.len() == 2));
    groups.leave(old);
    assert_eq!(groups.may_commit(new, partitions(2).iter()), Ok(()));
}

#[test]
fn an_expelled_member_comes_back_after_it_has_heard_of_it() {
    let mut groups = Coordinator::default();
    let first = groups.join("g", "a", partitions(2));
    let second = groups.join("g", "b", partitions(2));
    settle(&mut groups, &[first, second]);
    assert!(groups.expel("a"));
    settle(&mut groups, &[second]);
    assert_eq!(owned(&groups, second), 2);
    assert!(matches!(groups.may_commit(first, partitions(2).iter()), Err(Refusal::NotOwned(_))));
    settle(&mut groups, &[first, second]);
    assert_eq!((owned(&groups, first), owned(&groups, second)), (1, 1));
}

#[derive(Clone, Debug)]
enum Op {
    Join(u8),
    Leave(usize),
    Expel(u8),
    Answer(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        (0..5_u8).prop_map(Op::Join),
        (0..8_usize).prop_map(Op::Leave),
        (0..5_u8).prop_map(Op::Expel),
        (0..8_usize).prop_map(Op::Answer),
        (0..8_usize).prop_map(Op::Answer),
    ]
}

proptest! {
    #[test]
    fn no_partition_has_two_owners_and_in_the_end_each_has_one(ops in prop::collection::vec(op(), 0..60)) {
        let mut groups = Coordinator::default();
        let mut members = Vec::new();
        for op in ops {
            match op {
                Op::Join(id) => members.push(groups.join("g", &id.to_string(), partitions(7))),
                Op::Leave(at) if at < members.len() => groups.leave(members.remove(at)),
                Op::Expel(id) => { groups.expel(&id.to_string()); }
                Op::Answer(at) if at < members.len() => { answer(&mut groups, members[at]); }
                Op::Leave(_) | Op::Answer(_) => {}
            }
            let mut all: Vec<_> = groups.members.values().flat_map(|member| member.owned.iter()).collect();
            let count = all.len();
            all.sort();
            all.dedup();
            prop_assert_eq!(all.len(), count, "two owners");
        }
        settle(&mut groups, &members);
        let live: Vec<usize> = members.iter().filter(|id| !groups.is_replaced(**id)).map(|id| owned(&groups, *id)).collect();
        if let (Some(most), Some(least)) = (live.iter().max(), live.iter().min()) {
            prop_assert_eq!(live.iter().sum::<usize>(), 7);
            prop_assert!(most - least <= 1, "{:?}", live);
        }
    }
}
