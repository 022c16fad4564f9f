//! The form of a browser's user agent: `Mozilla/5.0 (system; …) engine…`. Programs that imitate it seldom name a
//! system, and others begin with their own name.

use super::words::Words;

/// Longer user agents may have been cut off by the one who wrote them down.
const CUT_OFF: usize = 160;

/// The beginnings of the comment of nearly every browser: no list is asked for them.
const SYSTEMS: [&str; 6] = ["windows", "macintosh", "x11", "linux", "iphone", "ipad"];

/// Products that a browser names. Some logs keep a user agent without its comment.
const PRODUCTS: [&str; 5] = [" Chrome/", " Firefox/", " Safari/", " Edg/", " AppleWebKit/"];

/// Knows the form of a browser's user agent.
#[derive(Debug)]
pub(super) struct Browsers {
    /// Signs of a person's browser that does not begin with `Mozilla/` or `Opera/`.
    pub(super) others: Words,
    /// Words that name a system or a device.
    pub(super) systems: Words,
}

impl Browsers {
    /// True if a browser writes its user agent like that.
    pub(super) fn fits(&self, agent: &str) -> bool {
        if begins(agent, "opera/") {
            return true;
        }
        if !begins(agent, "mozilla/") {
            return self.others.find(agent);
        }
        let Some(open) = memchr::memchr(b'(', agent.as_bytes()) else {
            return self.others.find(agent) || PRODUCTS.iter().any(|product| agent.contains(product));
        };
        let comment = &agent[open + 1..];
        let closed = agent.len() > CUT_OFF || memchr::memchr(b')', comment.as_bytes()).is_some();
        closed && (SYSTEMS.iter().any(|system| begins(comment, system)) || self.systems.find(agent))
    }
}

fn begins(text: &str, head: &str) -> bool {
    text.get(..head.len()).is_some_and(|start| start.eq_ignore_ascii_case(head))
}

/// True if that place of a user agent is in the name of a device: in a comment behind `Android`, in that of a
/// television, or in one that begins with a phone's maker.
pub(super) fn in_device(agent: &str, at: usize) -> bool {
    let (mut depth, mut open) = (0_usize, 0);
    for (place, byte) in agent.bytes().enumerate().take(at) {
        match byte {
            b'(' => {
                if depth == 0 {
                    open = place;
                }
                depth += 1;
            }
            b')' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    if depth == 0 {
        return false;
    }
    let (before, comment) = (agent[..open].trim_end(), agent[open + 1..at].to_ascii_lowercase());
    let television = before.rsplit(' ').next().is_some_and(|word| begins(word, "hbbtv/"));
    television
        || ["android", "andr0id", "web0s", "smarttv", "smart-tv"].iter().any(|word| comment.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_without_its_comment_names_a_product() {
        let words = || Words::new(Vec::new()).unwrap();
        let browsers = Browsers { others: words(), systems: words() };
        assert!(browsers.fits("Mozilla/5.0 Chrome/120") && browsers.fits("Mozilla/5.0 Gecko Firefox/99.0"));
        assert!(!browsers.fits("Mozilla/5.0") && !browsers.fits("Mozilla/4.0 Fetcher/2"));
    }

    #[test]
    fn the_name_of_a_device_is_in_the_comment_behind_its_system() {
        let table = [
            ("Mozilla/5.0 (Linux; Android 13; Spider 8) AppleWebKit", true),
            ("Mozilla/5.0 (Linux; Android 7; M(Spider)) AppleWebKit", true),
            ("Mozilla/5.0 (Web0S; Linux) HbbTV/1.6.1 (+DRM; Spider;)", true),
            ("Mozilla/5.0 (Linux; Android 13; Pixel) AppleWebKit (Spider)", false),
            ("Mozilla/5.0 (X11; Spider)", false),
            ("Spider (Linux; Android 13)", false),
        ];
        for (agent, device) in table {
            let at = agent.find("Spider").unwrap();
            assert_eq!(in_device(agent, at), device, "{agent}");
        }
    }
}
