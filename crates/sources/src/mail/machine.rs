//! Opens by machines, by user agent. An image proxy is a machine unless the source says that it carries a person:
//! it fetches when somebody looks, but ahead of time, too, and one false open can be enough for a trigger.

use aho_corasick::AhoCorasick;

use crate::bots::lines;
use crate::config::ImageProxies;

const LIST: &str = include_str!("../../../../config/sources/mail-machines.txt");

/// Knows a machine by a word in its user agent, or by the whole of it.
#[derive(Debug)]
pub(crate) struct Machines {
    words: AhoCorasick,
    whole: Vec<&'static str>,
}

impl Machines {
    /// The built-in list, with the image proxies or without.
    pub(crate) fn new(proxies: ImageProxies) -> Result<Self, aho_corasick::BuildError> {
        let (mut words, mut whole, mut taken) = (Vec::new(), Vec::new(), true);
        for line in lines(LIST) {
            match (line, line.strip_prefix('=')) {
                ("[machines]", _) => taken = true,
                ("[proxies]", _) => taken = proxies == ImageProxies::Machine,
                (_, Some(agent)) if taken => whole.push(agent),
                (word, None) if taken => words.push(word),
                _ => {}
            }
        }
        let words = AhoCorasick::builder().ascii_case_insensitive(true).build(words)?;
        Ok(Self { words, whole })
    }

    /// Whether an open with that user agent is a machine's. Without one nobody knows, and it counts.
    pub(crate) fn opens(&self, user_agent: &str) -> bool {
        self.whole.contains(&user_agent.trim()) || self.words.is_match(user_agent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_that_open_mails_are_known_and_proxies_are_what_the_source_says() {
        let machine = Machines::new(ImageProxies::Machine).unwrap();
        let person = Machines::new(ImageProxies::Person).unwrap();
        let gmail =
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)";
        let table = [
            ("Mozilla/5.0", true, true),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15", false, false),
            (gmail, true, false),
            ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", true, false),
            ("BarracudaSentinel (EE)", true, true),
            ("", false, false),
        ];
        for (agent, as_machine, as_person) in table {
            assert_eq!((machine.opens(agent), person.opens(agent)), (as_machine, as_person), "{agent}");
        }
    }
}
