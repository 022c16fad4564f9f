//! Names and passwords within addresses of the network, kept out of what people read.

use std::borrow::Cow;

/// What stands where credentials stood.
pub const MASK: &str = "(credentials)";

/// The text with the part before the `@` of each address such as `https://user:password@host` replaced.
pub fn masked(text: &str) -> Cow<'_, str> {
    if !text.contains("://") || !text.contains('@') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        rest = after;
        if let Some(sign) = credentials(after) {
            out.push_str(MASK);
            rest = &after[sign..];
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The place of the `@` that ends the credentials of an address, after its `://`.
fn credentials(address: &str) -> Option<usize> {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>');
    let whole = &address[..address.find(ends).unwrap_or(address.len())];
    let host = &whole[..whole.find(['/', '?', '#']).unwrap_or(whole.len())];
    if let Some(sign) = host.rfind('@') {
        return Some(sign);
    }
    // A password with a bare `/`, `?` or `#` looks like a port that is no number.
    let port = host.rsplit_once(':').map(|(_, port)| port)?;
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_literal = host.starts_with('[') || host.contains(',');
    if is_port || is_literal { None } else { whole.rfind('@') }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_go_and_the_host_stays() {
        let table = [
            ("no address", "no address"),
            ("https://host/x?mail=a@b.example", "https://host/x?mail=a@b.example"),
            ("https://user:pa55@host:9092/x", "https://(credentials)@host:9092/x"),
            ("kafka://u:p@one:9092,two:9092: refused", "kafka://(credentials)@one:9092,two:9092: refused"),
            (
                "(http://token@localhost) and https://a:b@c",
                "(http://(credentials)@localhost) and https://(credentials)@c",
            ),
            ("https://u:p@ss@host/", "https://(credentials)@host/"),
            ("https://u:p/a?s#s@host/", "https://(credentials)@host/"),
            ("`https://u:p`@host", "`https://u:p`@host"),
            ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
        ];
        for (text, shown) in table {
            assert_eq!(masked(text), shown);
        }
    }
}
