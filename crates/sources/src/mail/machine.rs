//! Opens by machines, by user agent. An image proxy is a machine unless the source says that it carries a person:
//! it fetches when somebody looks, but ahead of time, too, and one false open can be enough for a trigger. A mail
//! program is no browser, and so a bot to a page, but a person reads with it.

use aho_corasick::BuildError;

use crate::bots::{Sense, Words, lines};
use crate::config::{BotConfig, ImageProxies};

/// The built-in list of machines that open mails.
pub(crate) const MACHINES: &str = include_str!("../../../../config/sources/mail-machines.txt");

/// The verdict on a user agent that opened a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opener {
    /// A machine.
    Machine,
    /// A proxy that carries a person, a mail program, or one whom the source calls a person.
    Person,
    /// No word of the list. An open without a user agent counts, because nobody knows.
    Unknown,
}

/// Knows a machine by a word in its user agent, or by the whole of it.
#[derive(Debug)]
pub(crate) struct Machines {
    machines: Listed,
    people: Listed,
    never: Words,
}

/// Words in a user agent, and whole ones.
#[derive(Debug)]
struct Listed {
    words: Words,
    whole: Vec<String>,
}

/// The part of the list that a line belongs to.
#[derive(Clone, Copy)]
enum Part {
    Machines,
    Proxies,
    Readers,
}

impl Machines {
    /// The words of a list with the config's, with the image proxies or without.
    pub(crate) fn new(list: &str, config: &BotConfig, proxies: ImageProxies) -> Result<Self, BuildError> {
        let (mut machines, mut people, mut never) = (Vec::new(), Vec::new(), Vec::new());
        let mut part = Part::Machines;
        for line in lines(list).chain(["[machines]"]).chain(config.also.iter().map(String::as_str)) {
            match (line, part) {
                ("[machines]", _) => part = Part::Machines,
                ("[proxies]", _) => part = Part::Proxies,
                ("[readers]", _) => part = Part::Readers,
                (line, _) if line.starts_with('!') => never.push(line[1..].trim()),
                (line, Part::Proxies) if proxies == ImageProxies::Person => people.push(line),
                (line, Part::Machines | Part::Proxies) => machines.push(line),
                (line, Part::Readers) => people.push(line),
            }
        }
        never.extend(config.never.iter().map(String::as_str));
        Ok(Self {
            machines: Listed::new(&machines)?,
            people: Listed::new(&people)?,
            never: Words::new(never.into_iter().map(|word| (word, Sense::Anywhere)))?,
        })
    }

    /// The verdict on an open with that user agent.
    pub(super) fn judge(&self, user_agent: &str) -> Opener {
        let agent = user_agent.trim();
        if self.never.find(agent) {
            Opener::Person
        } else if self.machines.has(agent) {
            Opener::Machine
        } else if agent.is_empty() || self.people.has(agent) {
            Opener::Person
        } else {
            Opener::Unknown
        }
    }
}

impl Listed {
    fn new(lines: &[&str]) -> Result<Self, BuildError> {
        let whole = lines.iter().filter_map(|line| line.strip_prefix('=')).map(str::to_owned).collect();
        let words = lines.iter().filter(|line| !line.starts_with('=')).map(|line| (*line, Sense::Anywhere));
        Ok(Self { words: Words::new(words)?, whole })
    }

    fn has(&self, agent: &str) -> bool {
        self.whole.iter().any(|whole| whole == agent) || self.words.find(agent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_that_open_mails_are_known_and_proxies_are_what_the_source_says() {
        use Opener::{Machine, Person, Unknown};
        let built_in = |proxies| Machines::new(MACHINES, &BotConfig::default(), proxies).unwrap();
        let (machine, person) = (built_in(ImageProxies::Machine), built_in(ImageProxies::Person));
        let table = [
            ("Mozilla/5.0", Machine, Machine),
            ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15", Unknown, Unknown),
            (
                "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
                Machine,
                Person,
            ),
            ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", Machine, Person),
            ("Mozilla/5.0 (compatible; hey.com/imageproxy)", Machine, Person),
            ("Mozilla/5.0 SeznamEmailProxy/2.0.300", Machine, Person),
            (
                "Mozilla/5.0 (Windows NT 10.0) Chrome/70 Safari/537.36 (via images.example - mail.ukr.net proxy)",
                Machine,
                Person,
            ),
            ("Mozilla/5.0 (compatible; YandexImageResizer/2.0; +http://yandex.com/bots)", Machine, Person),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/42.0.2311.135 Safari/537.36 Edge/12.246 Mozilla/5.0",
                Machine,
                Machine,
            ),
            ("BarracudaSentinel (EE)", Machine, Machine),
            ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.5356; Pro)", Person, Person),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.1.0", Person, Person),
            ("", Person, Person),
        ];
        for (agent, as_machine, as_person) in table {
            assert_eq!((machine.judge(agent), person.judge(agent)), (as_machine, as_person), "{agent}");
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
            .map(|agent| machines.judge(agent) == Opener::Machine);
        assert_eq!(judged, [true, true, false, false, true]);
    }
}
