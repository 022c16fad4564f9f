//! The connections that are open, and the one that goes when there is no room for a new one.
//!
//! A probe of health sends its request at once; who holds connections open without asking does not. So a new
//! connection is always let in, and where it is one too many the oldest that has not asked yet goes. Whoever opens
//! hundreds closes the ones that it opened before.

use std::collections::BTreeMap;
use std::net::IpAddr;

/// The origin of a connection: an address, or the network of an IPv6 address, of which one machine has many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Peer(IpAddr);

impl Peer {
    pub(super) fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V6(ip) if !ip.is_loopback() => {
                let network = u128::from(ip) >> 64 << 64;
                Self(IpAddr::V6(network.into()))
            }
            ip => Self(ip),
        }
    }
}

/// The most connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// In all.
    pub all: usize,
    /// From one address.
    pub of_one_peer: usize,
}

struct Guest<C> {
    peer: Peer,
    has_asked: bool,
    connection: C,
}

/// Open connections by their number, which grows.
pub(super) struct Crowd<C> {
    room: Room,
    next: u64,
    guests: BTreeMap<u64, Guest<C>>,
}

impl<C> Crowd<C> {
    pub(super) const fn new(room: Room) -> Self {
        Self { room, next: 0, guests: BTreeMap::new() }
    }

    /// The number of a new connection.
    pub(super) const fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Lets a connection in; gives the one that has to go for it.
    pub(super) fn enter(&mut self, number: u64, peer: Peer, connection: C) -> Option<C> {
        let leaves = self.leaves_for(peer).and_then(|number| self.guests.remove(&number));
        self.guests.insert(number, Guest { peer, has_asked: false, connection });
        leaves.map(|guest| guest.connection)
    }

    /// Its request is there.
    pub(super) fn asked(&mut self, number: u64) {
        if let Some(guest) = self.guests.get_mut(&number) {
            guest.has_asked = true;
        }
    }

    pub(super) fn left(&mut self, number: u64) {
        self.guests.remove(&number);
    }

    fn leaves_for(&self, peer: Peer) -> Option<u64> {
        let mut counts: BTreeMap<Peer, usize> = BTreeMap::new();
        for guest in self.guests.values() {
            *counts.entry(guest.peer).or_default() += 1;
        }
        let own = counts.get(&peer).copied().unwrap_or_default();
        let from = match (own >= self.room.of_one_peer, self.guests.len() >= self.room.all) {
            (true, _) => peer,
            // Who has most makes room.
            (false, true) => counts.into_iter().max_by_key(|(_, count)| *count)?.0,
            (false, false) => return None,
        };
        let those = self.guests.iter().filter(|(_, guest)| guest.peer == from);
        those.min_by_key(|(number, guest)| (guest.has_asked, **number)).map(|(number, _)| *number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOM: Room = Room { all: 6, of_one_peer: 4 };

    fn peer(text: &str) -> Peer {
        Peer::of(text.parse().unwrap())
    }

    fn enter(crowd: &mut Crowd<u64>, peer: Peer) -> (u64, Option<u64>) {
        let number = crowd.number();
        (number, crowd.enter(number, peer, number))
    }

    #[test]
    fn the_oldest_that_has_not_asked_makes_room_for_a_new_one() {
        let mut crowd = Crowd::new(ROOM);
        let local = peer("127.0.0.1");
        for _ in 0..4 {
            assert_eq!(enter(&mut crowd, local).1, None);
        }
        crowd.asked(1);
        assert_eq!(enter(&mut crowd, local), (5, Some(2)));
        [3, 4, 5].into_iter().for_each(|number| crowd.asked(number));
        assert_eq!(enter(&mut crowd, local), (6, Some(1)), "all have asked: the oldest");
        crowd.left(3);
        assert_eq!(enter(&mut crowd, local), (7, None));
    }

    #[test]
    fn one_peer_cannot_close_the_connections_of_another() {
        let mut crowd = Crowd::new(ROOM);
        let (many, few) = (peer("192.0.2.1"), peer("192.0.2.2"));
        assert_eq!(enter(&mut crowd, few), (1, None));
        for _ in 0..100 {
            assert_ne!(enter(&mut crowd, many).1, Some(1));
        }
        assert!(crowd.guests.len() <= ROOM.all);
        let third = peer("192.0.2.3");
        assert_eq!(enter(&mut crowd, third).1, None);
        let (_, left) = enter(&mut crowd, third);
        assert!(left.is_some_and(|left| left > 1), "who has most makes room: {left:?}");
    }

    #[test]
    fn a_network_of_ipv6_is_one_peer() {
        assert_eq!(peer("2001:db8::1"), peer("2001:db8::ffff:1"));
        assert_ne!(peer("2001:db8:0:1::1"), peer("2001:db8:0:2::1"));
        assert_eq!(peer("::ffff:192.0.2.1"), peer("192.0.2.1"));
        assert_ne!(peer("::1"), peer("::2"));
    }
}
