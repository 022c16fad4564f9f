//! The prefix lengths in use: a lookup by address probes those, the longest first, and no others.

use std::net::IpAddr;

use ipnet::IpNet;

/// The number of networks of every prefix length, in each family.
#[derive(Clone)]
pub(super) struct Lengths {
    four: Family<33>,
    six: Family<129>,
}

#[derive(Clone)]
struct Family<const N: usize> {
    counts: [u32; N],
    /// Bit `length - 1` is set where the count is not zero; a length of zero is refused long before.
    used: u128,
}

impl Default for Lengths {
    fn default() -> Self {
        Self { four: Family { counts: [0; 33], used: 0 }, six: Family { counts: [0; 129], used: 0 } }
    }
}

impl Lengths {
    /// Notes a network, by its key's bytes.
    pub(super) fn add(&mut self, key: &[u8]) {
        self.change(key, |count| count.saturating_add(1));
    }

    /// Forgets one.
    pub(super) fn remove(&mut self, key: &[u8]) {
        self.change(key, |count| count.saturating_sub(1));
    }

    fn change(&mut self, key: &[u8], change: impl Fn(u32) -> u32) {
        match key {
            [length, _, _, _, _] => self.four.change(*length, change),
            [length, ..] => self.six.change(*length, change),
            [] => {}
        }
    }

    /// The networks that this address would lie in, the longest prefix first.
    pub(super) fn around(&self, address: IpAddr) -> impl Iterator<Item = IpNet> + use<> {
        let address = address.to_canonical();
        let mut used = if address.is_ipv4() { self.four.used } else { self.six.used };
        std::iter::from_fn(move || {
            let length = u8::try_from(u128::BITS - used.leading_zeros()).ok().filter(|length| *length > 0)?;
            used &= !(1 << (length - 1));
            IpNet::new(address, length).ok()
        })
    }
}

impl<const N: usize> Family<N> {
    fn change(&mut self, length: u8, change: impl Fn(u32) -> u32) {
        let Some(count) = self.counts.get_mut(usize::from(length)).filter(|_| length > 0) else { return };
        *count = change(*count);
        let bit = 1 << (length - 1);
        self.used = if *count == 0 { self.used & !bit } else { self.used | bit };
    }
}
