//! A set of networks that says in one search if an address is in one of them.

use std::net::IpAddr;

use ipnet::IpNet;

/// Networks, none inside of another, in order.
#[derive(Debug)]
pub(super) struct Networks(Vec<IpNet>);

impl Networks {
    /// Those networks; what lies inside of another one is not kept.
    pub(super) fn new(all: Vec<IpNet>) -> Self {
        let mut sorted: Vec<IpNet> = all.into_iter().map(|network| network.trunc()).collect();
        sorted.sort_unstable_by_key(|network| (network.addr(), network.prefix_len()));
        let mut kept: Vec<IpNet> = Vec::with_capacity(sorted.len());
        for network in sorted {
            if kept.last().is_none_or(|last| !last.contains(&network)) {
                kept.push(network);
            }
        }
        Self(kept)
    }

    /// True if the address is in one of them.
    pub(super) fn contain(&self, address: IpAddr) -> bool {
        let next = self.0.partition_point(|network| network.addr() <= address);
        next.checked_sub(1).is_some_and(|last| self.0[last].contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_the_network_that_holds_it() {
        let all = ["192.0.2.0/25", "198.51.100.0/22", "198.51.100.7/32", "2001:db8::/32", "192.0.2.3/24"];
        let networks = Networks::new(all.iter().map(|network| network.parse().unwrap()).collect());
        assert_eq!(networks.0.len(), 3);
        let table = [
            ("192.0.2.200", true),
            ("192.0.3.0", false),
            ("198.51.103.255", true),
            ("198.51.104.0", false),
            ("10.0.0.1", false),
            ("2001:db8:1::1", true),
            ("2001:db9::", false),
            ("::", false),
        ];
        for (address, inside) in table {
            assert_eq!(networks.contain(address.parse().unwrap()), inside, "{address}");
        }
    }
}
