//! Page views by programs, by their user agent. For pages and clicks only: who opens a mail is another list
//! (`mail::machine`), since a proxy that is a bot to a page can carry a person to a mail.

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use crate::config::BotConfig;

const LIST: &str = include_str!("../../../config/sources/page-bots.txt");

/// Knows a bot by a word in its user agent, whatever the case.
#[derive(Debug)]
pub(crate) struct Bots {
    words: AhoCorasick,
    /// Words after this many are exceptions: where one is found, it is no bot.
    bots: usize,
}

impl Bots {
    /// The built-in words with the config's. `Err` where there are too many.
    pub(crate) fn new(config: &BotConfig) -> Result<Self, aho_corasick::BuildError> {
        let (not, are): (Vec<_>, Vec<_>) = lines(LIST).partition(|line| line.starts_with('!'));
        let bots: Vec<_> = are.into_iter().chain(config.also.iter().map(String::as_str)).collect();
        let except = not.iter().map(|line| line[1..].trim()).chain(config.never.iter().map(String::as_str));
        let count = bots.len();
        let words = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .build(bots.into_iter().chain(except).filter(|word| !word.is_empty()))?;
        Ok(Self { words, bots: count })
    }

    /// Whether that user agent is a program's.
    pub(crate) fn is_bot(&self, user_agent: &str) -> bool {
        if !self.words.is_match(user_agent) {
            return false;
        }
        let excepted = |found: aho_corasick::Match| found.pattern().as_usize() >= self.bots;
        !self.words.find_overlapping_iter(user_agent).any(excepted)
    }
}

/// The lines of a list, without comments.
pub(crate) fn lines(list: &'static str) -> impl Iterator<Item = &'static str> {
    list.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_from_people() {
        let config = BotConfig { also: vec!["AcmeMonitor".into()], never: vec!["KioskBrowser".into()] };
        let bots = Bots::new(&config).unwrap();
        for agent in [
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 6_0 like Mac OS X) AppleWebKit/536.26 (compatible; Googlebot/2.1)",
            "curl/8.5.0",
            "python-requests/2.31",
            "Tiny Tiny RSS/1.11 (http://tt-rss.org/)",
            "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0 Safari/537.36",
            "acmemonitor 7",
        ] {
            assert!(bots.is_bot(agent), "{agent}");
        }
        for agent in [
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36",
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari/605.1.15",
            "Mozilla/5.0 (Linux; Android 9; CUBOT X19) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0 Mobile Safari/537.36",
            "KioskBrowser robot edition",
            "",
        ] {
            assert!(!bots.is_bot(agent), "{agent}");
        }
    }
}
