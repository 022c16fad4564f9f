//! Page views by programs, by their user agent. For pages, for clicks, and for opens that no proxy of a mailbox
//! provider and no mail program made: those two are bots to a page and may carry a person to a mail (`mail::machine`).
//! The programs that check the links of a mail are a third list (`mail::scanner`).
//!
//! A list is a file with a word a line (`words` says with which marks). The built-in ones can be replaced (`file`),
//! added to (`also`) and overruled (`never`) by the source's config.

mod browser;
mod words;

use std::sync::LazyLock;

use aho_corasick::BuildError;

use crate::config::BotConfig;
use browser::{Browsers, in_device};
pub(crate) use words::{Sense, Words};

/// The built-in list of programs that read pages: the rules and words, then the names that others publish.
pub(crate) const PAGE_BOTS: &str = concat!(
    include_str!("../../../../config/sources/page-bots.txt"),
    "\n",
    include_str!("../../../../config/sources/page-bots-names.txt")
);

/// The built-in list, built once: it is the same for every source.
static BUILT_IN: LazyLock<Result<List, BuildError>> = LazyLock::new(|| List::new(PAGE_BOTS));

/// A list with its parts.
#[derive(Debug)]
struct List {
    words: Words,
    /// The form of a browser's user agent, where the list has the parts `[browsers]` and `[systems]`.
    browsers: Option<Browsers>,
}

/// The part of a list that a line belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Anywhere,
    Words,
    Browsers,
    Systems,
}

impl List {
    fn new(text: &str) -> Result<Self, BuildError> {
        let (mut words, mut others, mut systems) = (Vec::new(), Vec::new(), Vec::new());
        let mut part = Part::Anywhere;
        for line in lines(text) {
            match (line, part) {
                ("[anywhere]", _) => part = Part::Anywhere,
                ("[words]", _) => part = Part::Words,
                ("[browsers]", _) => part = Part::Browsers,
                ("[systems]", _) => part = Part::Systems,
                (word, Part::Anywhere) => words.push((word, Sense::Anywhere)),
                (word, Part::Words) => words.push((word, Sense::NotInDevice)),
                (word, Part::Browsers) => others.push((word, Sense::Anywhere)),
                (word, Part::Systems) => systems.push((word, Sense::Anywhere)),
            }
        }
        let browsers = match (others.is_empty(), systems.is_empty()) {
            (true, true) => None,
            _ => Some(Browsers { others: Words::new(others)?, systems: Words::new(systems)? }),
        };
        Ok(Self { words: Words::new(words)?, browsers })
    }

    fn is_bot(&self, agent: &str) -> bool {
        self.browsers.as_ref().is_some_and(|browsers| !browsers.fits(agent))
            || self.words.find_outside(agent, |at| in_device(agent, at))
    }
}

/// The list that a source asks.
#[derive(Debug)]
enum Asked {
    BuiltIn,
    Own(Box<List>),
}

/// Knows a bot by its user agent.
#[derive(Debug)]
pub(crate) struct Bots {
    list: Asked,
    also: Option<Words>,
    never: Option<Words>,
}

impl Bots {
    /// The built-in list, or another one, with the config's words.
    pub(crate) fn new(list: &str, config: &BotConfig) -> Result<Self, BuildError> {
        let own = |words: &[String]| match words {
            [] => Ok(None),
            words => Words::new(words.iter().map(|word| (word.as_str(), Sense::Anywhere))).map(Some),
        };
        let list = match list {
            PAGE_BOTS => BUILT_IN.as_ref().map(|_| Asked::BuiltIn).map_err(Clone::clone)?,
            own => Asked::Own(Box::new(List::new(own)?)),
        };
        Ok(Self { list, also: own(&config.also)?, never: own(&config.never)? })
    }

    /// True if that user agent is a program's. One that is empty says nothing.
    pub(crate) fn is_bot(&self, user_agent: &str) -> bool {
        let agent = user_agent.trim();
        let found = |words: &Option<Words>| words.as_ref().is_some_and(|words| words.find(agent));
        let listed = match &self.list {
            Asked::BuiltIn => BUILT_IN.as_ref().is_ok_and(|list| list.is_bot(agent)),
            Asked::Own(list) => list.is_bot(agent),
        };
        !agent.is_empty() && (listed || found(&self.also)) && !found(&self.never)
    }
}

/// The lines of a list, without comments.
pub(crate) fn lines(list: &str) -> impl Iterator<Item = &str> {
    list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(also: &[&str], never: &[&str]) -> BotConfig {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        BotConfig { file: None, also: owned(also), never: owned(never) }
    }

    #[test]
    fn programs_are_told_from_people() {
        let bots = Bots::new(PAGE_BOTS, &config(&["AcmeMonitor"], &["KioskBrowser"])).unwrap();
        for agent in [
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 6_0 like Mac OS X) AppleWebKit/536.26 (compatible; Googlebot/2.1)",
            "curl/8.5.0",
            "python-requests/2.31",
            "Tiny Tiny RSS/1.11 (http://tt-rss.org/)",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0 Safari/537.36",
            "Mozilla/5.0 (compatible; Google-InspectionTool/1.0)",
            "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
            "meta-externalagent/1.1",
            "acmemonitor 7",
        ] {
            assert!(bots.is_bot(agent), "{agent}");
        }
        for agent in [
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari/605.1.15",
            "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0 Mobile Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_2 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 [FBAN/FBIOS;FBAV/443.0.0]",
            "KioskBrowser robot edition",
            "KioskBrowser",
            "",
        ] {
            assert!(!bots.is_bot(agent), "{agent}");
        }
    }

    #[test]
    fn a_list_of_ones_own_takes_the_place_of_the_built_in_one() {
        let bots = Bots::new("# mine\nspider\n!spiderman\n", &config(&[], &[])).unwrap();
        let judged = ["a Spider", "Spiderman", "curl/8"].map(|agent| bots.is_bot(agent));
        assert_eq!(judged, [true, false, false]);
    }
}
