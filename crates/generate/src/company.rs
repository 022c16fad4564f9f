//! Companies and people by number: the same seed and number give the same name, and no two numbers share a domain.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::words::{BEGIN, END, FIRST, LAST, MIDDLE, TRADE};

/// Companies that have a name of their own; those beyond it carry a number, too.
const NAMES: u64 = 32 * 32 * 32 * 64;

/// A stream of chance of its own: what is drawn for one purpose never shifts what is drawn for another.
pub(super) fn dice(seed: u64, purpose: u64, number: u64) -> ChaCha8Rng {
    // Odd multipliers keep different numbers different; ChaCha does the mixing.
    let mixed =
        seed ^ purpose.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number.wrapping_mul(0xd1b5_4a32_d192_ed03);
    ChaCha8Rng::seed_from_u64(mixed)
}

/// One of the list.
pub(super) fn pick<'a, T: ?Sized>(rng: &mut ChaCha8Rng, list: &[&'a T]) -> &'a T {
    list[rng.random_range(0..list.len())]
}

/// One in so many.
pub(super) fn one_in(rng: &mut ChaCha8Rng, many: u32) -> bool {
    rng.random_range(0..many) == 0
}

/// A company's name and domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Company {
    pub(super) name: String,
    pub(super) domain: String,
}

impl Company {
    /// The company of that number.
    pub(super) fn nth(seed: u64, number: u64) -> Self {
        // An odd factor makes a permutation of the names, so that neighbours in number are none in name.
        let at = (number % NAMES).wrapping_mul(1_640_531).wrapping_add(seed.wrapping_mul(7_919)) % NAMES;
        let part =
            |shift: u32, bits: u32| usize::try_from((at >> shift) & ((1 << bits) - 1)).unwrap_or_default();
        let (begin, middle, end) = (BEGIN[part(6, 5)], MIDDLE[part(11, 5)], END[part(16, 5)]);
        let trade = TRADE[part(0, 6)];
        let again = number / NAMES;
        let number = if again == 0 { String::new() } else { format!(" {}", again + 1) };
        let name = format!("{begin}{middle}{end} {trade}{number}");
        let domain = format!("{}.example", name.to_ascii_lowercase().replace(' ', "-"));
        Self { name, domain }
    }

    /// The address of one of its people.
    pub(super) fn mail(&self, person: u64) -> String {
        format!("{}@{}", local_part(person), self.domain)
    }
}

/// `ada.novak`, by number.
pub(super) fn local_part(person: u64) -> String {
    let at = |number: u64| usize::try_from(number % 32).unwrap_or_default();
    let again = person / 1_024;
    let number = if again == 0 { String::new() } else { again.to_string() };
    format!("{}.{}{number}", FIRST[at(person)], LAST[at(person / 32)])
}

/// A company's address range, by the account's number: from the ranges for documentation while they last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Range {
    /// A /28 or /29.
    Four(Ipv4Addr, u8),
    /// A /48.
    Six(u16),
}

impl Range {
    /// The range of the account of that number; no two share one.
    pub(super) fn nth(number: u64) -> Self {
        let byte = |value: u64| u8::try_from(value & 0xff).unwrap_or_default();
        match number {
            0..48 => {
                let [a, b, c] = [[203, 0, 113], [198, 51, 100], [192, 0, 2]]
                    [usize::try_from(number / 16).unwrap_or_default()];
                Self::Four(Ipv4Addr::new(a, b, c, byte(number % 16 * 16)), 28)
            }
            48..65_536 => Self::Six(u16::try_from(number).unwrap_or_default()),
            _ => {
                let start = number * 8;
                let first = 45 + byte(start >> 24) % 30;
                Self::Four(Ipv4Addr::new(first, byte(start >> 16), byte(start >> 8), byte(start)), 29)
            }
        }
    }

    /// One of its addresses.
    pub(super) fn address(self, visitor: u64) -> IpAddr {
        match self {
            Self::Four(start, length) => {
                let hosts = if length == 28 { 14 } else { 6 };
                let host = u32::try_from(1 + visitor % hosts).unwrap_or(1);
                IpAddr::V4(Ipv4Addr::from(u32::from(start) + host))
            }
            Self::Six(net) => IpAddr::V6(Ipv6Addr::new(
                0x2001,
                0xdb8,
                net,
                0,
                0,
                0,
                0,
                u16::try_from(1 + visitor % 999).unwrap_or(1),
            )),
        }
    }

    /// As books write it.
    pub(super) fn text(self) -> String {
        match self {
            Self::Four(start, length) => format!("{start}/{length}"),
            Self::Six(net) => format!("2001:db8:{net:x}::/48"),
        }
    }
}

/// An address of nobody that is on the list.
pub(super) fn stranger_address(rng: &mut ChaCha8Rng) -> IpAddr {
    let (second, third, fourth): (u8, u8, u8) = rng.random();
    IpAddr::V4(Ipv4Addr::new(rng.random_range(80..96), second, third, fourth.max(1)))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_companies_share_a_domain_or_a_range() {
        let numbers = || (0..40_000).chain(2_097_000..2_100_000);
        let domains: HashSet<String> = numbers().map(|number| Company::nth(7, number).domain).collect();
        assert_eq!(domains.len(), 43_000);
        let ranges: HashSet<String> = numbers().map(|number| Range::nth(number).text()).collect();
        assert_eq!(ranges.len(), 43_000);
    }

    #[test]
    fn a_domain_and_a_range_can_be_keys() {
        for number in [0, 5, 47, 48, 70_000, 999_999, 3_000_000] {
            let company = Company::nth(1, number);
            assert_eq!(winback_core::identity::company_domain(&company.domain).as_ref(), Ok(&company.domain));
            let range = winback_core::identity::parse_range(&Range::nth(number).text()).unwrap();
            for visitor in 0..50 {
                assert!(range.contains(&Range::nth(number).address(visitor)), "{range}");
            }
        }
    }
}
