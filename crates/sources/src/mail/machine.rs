//! Opens by machines, by user agent. An image proxy is a machine unless the source says that it carries a person:
//! it fetches when somebody looks, but ahead of time, too, and one false open can be enough for a trigger.

use aho_corasick::BuildError;

use crate::bots::{Words, lines};
use crate::config::{BotConfig, ImageProxies};

/// The built-in list of machines that open mails.
pub(crate) const MACHINES: &str = include_str!("../../../../config/sources/mail-machines.txt");

/// Knows a machine by a word in its user agent, or by the whole of it.
#[derive(Debug)]
pub(crate) struct Machines {
    words: Words,
    whole: Vec<String>,
}

impl Machines {
    /// The words of a list with the config's, with the image proxies or without.
    pub(crate) fn new(list: &str, config: &BotConfig, proxies: ImageProxies) -> Result<Self, BuildError> {
        let (mut words, mut except, mut whole, mut taken) = (Vec::new(), Vec::new(), Vec::new(), true);
        let marks = |line| match line {
            "[machines]" => Some(true),
            "[proxies]" => Some(proxies == ImageProxies::Machine),
            _ => None,
        };
        for line in lines(list).chain(["[machines]"]).chain(config.also.iter().map(String::as_str)) {
            match (marks(line), line.split_at_checked(1)) {
                (Some(now), _) => taken = now,
                (None, Some(("!", word))) => except.push(word.trim()),
                (None, Some(("=", agent))) if taken => whole.push(agent.to_owned()),
                (None, _) if taken => words.push(line),
                _ => {}
            }
        }
        except.extend(config.never.iter().map(String::as_str));
        Ok(Self { words: Words::new(words, except)?, whole })
    }

    /// True if an open with that user agent is a machine's. An open without one counts, because nobody knows.
    pub(crate) fn opens(&self, user_agent: &str) -> bool {
        self.whole.iter().any(|whole| whole == user_agent.trim()) || self.words.find(user_agent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_that_open_mails_are_known_and_proxies_are_what_the_source_says() {
        let built_in = |proxies| Machines::new(MACHINES, &BotConfig::default(), proxies).unwrap();
        let (machine, person) = (built_in(ImageProxies::Machine), built_in(ImageProxies::Person));
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

    #[test]
    fn a_source_adds_its_own_machines_and_says_who_is_none() {
        let config = BotConfig {
            file: None,
            also: vec!["AcmeFilter".into(), "=Opener".into()],
            never: vec!["barracuda".into()],
        };
        let machines = Machines::new(MACHINES, &config, ImageProxies::Person).unwrap();
        let judged = ["acmefilter 2", "Opener", "Opener 2", "BarracudaSentinel", "Proofpoint"]
            .map(|agent| machines.opens(agent));
        assert_eq!(judged, [true, true, false, false, true]);
    }
}
