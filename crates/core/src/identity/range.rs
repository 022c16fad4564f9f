//! Address ranges of companies, and those that are nobody's.
//!
//! Refused: what is broader than any company's network, and what is never a visitor's address (loopback, private,
//! carrier-grade NAT, link-local, multicast, reserved). The ranges for documentation stay allowed: nobody is there,
//! and examples need some.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// The shortest prefix that is taken as one company's: a few old ones hold a /8.
const SHORTEST_V4: u8 = 8;
/// The shortest prefix that is taken as one company's; registries give /19 to whole carriers.
const SHORTEST_V6: u8 = 19;

/// The reason why a range cannot identify an account.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// It cannot be read.
    #[error(
        "`{0}` is no address range: write an address and a prefix length, such as 203.0.113.0/24 or 2001:db8::/32"
    )]
    Syntax(String),
    /// It is a carrier's at least.
    #[error(
        "`{0}` is too broad for one company: write a longer prefix; the shortest is /8 for IPv4, /19 for IPv6"
    )]
    TooBroad(IpNet),
    /// It is nobody's.
    #[error(
        "`{0}` is private or reserved: leave it out, since no visitor comes from there, or everybody does"
    )]
    Reserved(IpNet),
}

impl RangeError {
    /// A stable name for labels.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Syntax(_) => "syntax",
            Self::TooBroad(_) => "too_broad",
            Self::Reserved(_) => "reserved",
        }
    }
}

/// Reads `203.0.113.0/24` or a single address; bits behind the prefix are cleared.
pub fn parse_range(text: &str) -> Result<IpNet, RangeError> {
    let trimmed = text.trim();
    let net = match trimmed.parse::<IpNet>() {
        Ok(net) => net,
        Err(_) => IpNet::from(trimmed.parse::<IpAddr>().map_err(|_| RangeError::Syntax(text.to_owned()))?),
    };
    check_range(net)
}

/// The network in its normal form (IPv4 mapped into IPv6 is IPv4), or why it cannot be one company's.
pub fn check_range(net: IpNet) -> Result<IpNet, RangeError> {
    let net = unmapped(net).trunc();
    let shortest = if net.addr().is_ipv4() { SHORTEST_V4 } else { SHORTEST_V6 };
    if net.prefix_len() < shortest {
        return Err(RangeError::TooBroad(net));
    }
    if reserved(&net) { Err(RangeError::Reserved(net)) } else { Ok(net) }
}

fn unmapped(net: IpNet) -> IpNet {
    let IpNet::V6(six) = net else { return net };
    let mapped = six.addr().to_ipv4_mapped().zip(six.prefix_len().checked_sub(96));
    mapped.and_then(|(four, len)| Ipv4Net::new(four, len).ok()).map_or(net, IpNet::V4)
}

const RESERVED_V4: [([u8; 4], u8); 11] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];
const RESERVED_V6: [([u16; 8], u8); 5] = [
    ([0, 0, 0, 0, 0, 0, 0, 0], 8),
    ([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 32),
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7),
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 9),
    ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8),
];

/// True if any part of it is reserved.
fn reserved(net: &IpNet) -> bool {
    match net {
        IpNet::V4(net) => RESERVED_V4.into_iter().any(|(start, len)| {
            let start = Ipv4Addr::from(start);
            Ipv4Net::new(start, len).is_ok_and(|it| it.contains(&net.network()) || net.contains(&start))
        }),
        IpNet::V6(net) => RESERVED_V6.into_iter().any(|(start, len)| {
            let start = Ipv6Addr::from(start);
            Ipv6Net::new(start, len).is_ok_and(|it| it.contains(&net.network()) || net.contains(&start))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_in_its_normal_form() {
        for (text, expected) in [
            ("203.0.113.0/24", "203.0.113.0/24"),
            (" 203.0.113.77/24 ", "203.0.113.0/24"),
            ("203.0.113.77", "203.0.113.77/32"),
            ("17.0.0.0/8", "17.0.0.0/8"),
            ("::ffff:203.0.113.0/120", "203.0.113.0/24"),
            ("2001:DB8::1/48", "2001:db8::/48"),
            ("2a00:1450::", "2a00:1450::/128"),
        ] {
            assert_eq!(parse_range(text).map(|net| net.to_string()).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn a_range_that_is_no_companys_is_refused() {
        for (text, kind) in [
            ("", "syntax"),
            ("203.0.113.0/33", "syntax"),
            ("203.0.113", "syntax"),
            ("acme.com", "syntax"),
            ("17.0.0.0/7", "too_broad"),
            ("0.0.0.0/0", "too_broad"),
            ("2000::/18", "too_broad"),
            ("10.1.2.0/24", "reserved"),
            ("127.0.0.1", "reserved"),
            ("192.168.0.0/16", "reserved"),
            ("192.0.0.0/8", "reserved"),
            ("100.64.0.0/16", "reserved"),
            ("224.0.0.1", "reserved"),
            ("::1", "reserved"),
            ("fe80::1/64", "reserved"),
            ("fd00:1234::/32", "reserved"),
            ("::ffff:10.0.0.0/104", "reserved"),
        ] {
            assert_eq!(parse_range(text).map_err(|error| error.kind()), Err(kind), "{text}");
        }
    }
}
