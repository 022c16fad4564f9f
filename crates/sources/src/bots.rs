//! Page views by programs, by their user agent. For pages and clicks only: who opens a mail is another list
//! (`mail::machine`), since a proxy that is a bot to a page can carry a person to a mail, and who checks the links of a
//! mail is a third (`mail::scanner`).
//!
//! A list is a file with a word a line. The built-in ones can be replaced (`file`), added to (`also`) and overruled
//! (`never`) by the source's config.

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError};

use crate::config::BotConfig;

/// The built-in list of programs that read pages.
pub(crate) const PAGE_BOTS: &str = include_str!("../../../config/sources/page-bots.txt");

/// Words of which one says what a text is, unless a word of the exceptions is there, too; whatever the case.
#[derive(Debug)]
pub(crate) struct Words {
    words: AhoCorasick,
    /// Words after this many are exceptions.
    are: usize,
}

impl Words {
    /// `Err` where there are too many.
    pub(crate) fn new<'w>(
        are: impl IntoIterator<Item = &'w str>,
        except: impl IntoIterator<Item = &'w str>,
    ) -> Result<Self, BuildError> {
        let mut words: Vec<_> = are.into_iter().filter(|word| !word.is_empty()).collect();
        let count = words.len();
        words.extend(except.into_iter().filter(|word| !word.is_empty()));
        let words = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .build(words)?;
        Ok(Self { words, are: count })
    }

    /// True if the text holds one of the words and none of the exceptions.
    pub(crate) fn find(&self, text: &str) -> bool {
        if !self.words.is_match(text) {
            return false;
        }
        let (mut found, mut excepted) = (false, false);
        for at in self.words.find_overlapping_iter(text) {
            found |= at.pattern().as_usize() < self.are;
            excepted |= at.pattern().as_usize() >= self.are;
        }
        found && !excepted
    }
}

/// Knows a bot by a word in its user agent.
#[derive(Debug)]
pub(crate) struct Bots(Words);

impl Bots {
    /// The words of a list with the config's.
    pub(crate) fn new(list: &str, config: &BotConfig) -> Result<Self, BuildError> {
        let (not, are): (Vec<_>, Vec<_>) = lines(list).partition(|line| line.starts_with('!'));
        let also = config.also.iter().map(String::as_str);
        let never = config.never.iter().map(String::as_str);
        let except = not.into_iter().map(|line| line[1..].trim());
        Words::new(are.into_iter().chain(also), except.chain(never)).map(Self)
    }

    /// True if that user agent is a program's.
    pub(crate) fn is_bot(&self, user_agent: &str) -> bool {
        self.0.find(user_agent)
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
