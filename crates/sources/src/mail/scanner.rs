//! Link scanners: what follows the links of a mail to see whether they are safe. Neither page bots nor openers of mails:
//! most wear a browser's user agent, so that what they do says more than what they call themselves.
//!
//! Decided from one record, since a decoder keeps nothing: the provider says it; the user agent or the network is a
//! scanner's; the click comes within two seconds of the delivery that the record tells of; or the record holds clicks on
//! different links of a mail within a second. What needs several records is not seen (`docs/sources.md`).

use aho_corasick::BuildError;
use ipnet::IpNet;
use winback_core::signal::SignalKind;
use winback_core::time::Span;

use super::networks::Networks;
use super::said::{Heard, Said};
use crate::bots::{Sense, Words, lines};
use crate::config::BotConfig;
use crate::json::Scalar;
use crate::times::TimeReader;

/// The built-in list of link scanners: words and networks, then the networks that the makers announce.
pub(crate) const SCANNERS: &str = concat!(
    include_str!("../../../../config/sources/link-scanners.txt"),
    "\n",
    include_str!("../../../../config/sources/link-scanner-networks.txt")
);

/// Nobody has read a mail so soon after it came.
const UNREAD: Span = Span::from_secs(2);
/// Some scan while they let the mail in, so that the click comes first; before that it is another matter.
const WHILE_LET_IN: Span = Span::from_mins(1);
/// Nobody follows two links of a mail within it.
const RAPID: Span = Span::from_secs(1);

/// Knows a link scanner by a word in its user agent or by its network.
#[derive(Debug)]
pub(crate) struct Scanners {
    words: Words,
    networks: Networks,
}

impl Scanners {
    /// The words and networks of a list with the config's.
    pub(crate) fn new(list: &str, config: &BotConfig) -> Result<Self, BuildError> {
        let (mut words, mut networks) = (Vec::new(), Vec::new());
        for line in lines(list).chain(config.also.iter().map(String::as_str)) {
            match line.parse::<IpNet>() {
                Ok(network) => networks.push(network),
                Err(_) => words.push((line, Sense::Anywhere)),
            }
        }
        for line in config.never.iter().map(String::as_str) {
            match line.parse::<IpNet>() {
                Ok(person) => networks.retain(|network| !person.contains(network)),
                Err(_) => words.push((line, Sense::Exception)),
            }
        }
        Ok(Self { words: Words::new(words)?, networks: Networks::new(networks) })
    }

    /// True if a click with that user agent, from that address, is a scanner's.
    pub(super) fn click(&self, user_agent: &str, address: &Scalar<'_>) -> bool {
        let from = || address.as_str().and_then(crate::web::address);
        self.words.find(user_agent) || from().is_some_and(|address| self.networks.contain(address))
    }
}

/// True if `at` is too soon after the mail was sent or delivered to be a person's doing.
pub(super) fn is_too_soon(at: i64, sent: i64) -> bool {
    (sent - WHILE_LET_IN.millis()..=sent + UNREAD.millis()).contains(&at)
}

/// Something that a record tells of a message to somebody.
struct Moment<'h> {
    /// The message and whom it went to.
    mail: (&'h str, &'h str),
    at: i64,
    what: What<'h>,
    /// The event's place in the record.
    place: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What<'h> {
    Delivered,
    Open,
    Click(&'h str),
}

/// Whether an event can say something of another one of the same record.
pub(super) fn is_moment(said: &Heard<'_>) -> bool {
    match said {
        Ok(Said::Delivered(one)) => one.message.is_some() && one.email.is_some(),
        Ok(Said::Touch(touch)) => touch.message.is_some() && touch.who.email.is_some(),
        _ => false,
    }
}

/// Which of so many events of a record happened too soon or too fast to be a person's, by their place; empty where none
/// did. What was heard comes with its place.
pub(super) fn too_fast(heard: &[(usize, Heard<'_>)], count: usize, times: &TimeReader) -> Vec<bool> {
    let (mut clicks, mut delivered) = (0_usize, 0_usize);
    for (_, said) in heard {
        match said {
            Ok(Said::Delivered(_)) => delivered += 1,
            Ok(Said::Touch(touch)) if touch.kind == SignalKind::EmailClick => clicks += 1,
            _ => {}
        }
    }
    if clicks < 2 && delivered == 0 {
        return Vec::new();
    }
    let mut moments: Vec<_> = heard.iter().filter_map(|(place, said)| moment(*place, said, times)).collect();
    moments.sort_by(|a, b| (a.mail, a.at, a.place).cmp(&(b.mail, b.at, b.place)));
    let mut fast = vec![false; count];
    for one in moments.chunk_by(|a, b| a.mail == b.mail) {
        after_delivery(one, &mut fast);
        rapid(one.iter(), &mut fast);
        rapid(one.iter().rev(), &mut fast);
    }
    fast
}

fn moment<'h>(place: usize, said: &'h Heard<'_>, times: &TimeReader) -> Option<Moment<'h>> {
    let (message, email, at, what) = match said {
        Ok(Said::Delivered(one)) => (&one.message, &one.email, &one.at, What::Delivered),
        Ok(Said::Touch(touch)) => {
            let what = match touch.kind {
                SignalKind::EmailOpen => What::Open,
                SignalKind::EmailClick => What::Click(touch.link.as_deref().unwrap_or_default()),
                _ => return None,
            };
            (&touch.message, &touch.who.email, &touch.at.1, what)
        }
        _ => return None,
    };
    let mail = (message.as_deref()?, email.as_deref()?);
    Some(Moment { mail, at: times.read("", at).ok()?.millis(), what, place })
}

/// Marks what happened at the moment of a delivery; the moments are of one mail, in order of time.
fn after_delivery(moments: &[Moment<'_>], fast: &mut [bool]) {
    let delivered: Vec<i64> =
        moments.iter().filter(|one| one.what == What::Delivered).map(|one| one.at).collect();
    for one in moments.iter().filter(|one| one.what != What::Delivered) {
        let next = delivered.partition_point(|sent| sent + UNREAD.millis() < one.at);
        if delivered.get(next).is_some_and(|sent| is_too_soon(one.at, *sent)) {
            fast[one.place] = true;
        }
    }
}

/// Marks clicks that come within a second of one on another link; the moments are of one mail, in order of time or
/// backwards.
fn rapid<'m, 'h: 'm>(moments: impl Iterator<Item = &'m Moment<'h>>, fast: &mut [bool]) {
    // The last click, and the last one on another link than that.
    let (mut last, mut other): (Option<(i64, &str)>, Option<i64>) = (None, None);
    for one in moments {
        let What::Click(link) = one.what else { continue };
        if let Some((at, _)) = last.filter(|(_, before)| *before != link) {
            other = Some(at);
        }
        if other.is_some_and(|at| (one.at - at).abs() <= RAPID.millis()) {
            fast[one.place] = true;
        }
        last = Some((one.at, link));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scanner_is_known_by_its_word_or_its_network_unless_the_source_knows_better() {
        let config = BotConfig {
            also: vec!["AcmeGuard".into(), "198.51.100.0/24".into()],
            never: vec!["209.222.80.0/21".into(), "harmless".into()],
            ..BotConfig::default()
        };
        let built_in = Scanners::new(SCANNERS, &BotConfig::default()).unwrap();
        let own = Scanners::new(SCANNERS, &config).unwrap();
        let browser = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120.0 Safari/537.36";
        let table = [
            ("BarracudaSentinel (EE)", "", true, true),
            (browser, "209.222.82.7", true, false),
            (browser, "198.51.100.9", false, true),
            (browser, "192.0.2.7", false, false),
            (browser, "", false, false),
            ("acmeguard/2", "", false, true),
            ("harmless AcmeGuard/2", "", false, false),
        ];
        for (agent, address, by_default, by_config) in table {
            let address = Scalar::Text(address.into());
            let judged = (built_in.click(agent, &address), own.click(agent, &address));
            assert_eq!(judged, (by_default, by_config), "{agent} {address:?}");
        }
    }

    #[test]
    fn what_is_too_soon_is_around_the_delivery_and_not_before_it() {
        let table = [(0, true), (2_000, true), (2_001, false), (-60_000, true), (-60_001, false)];
        for (after, soon) in table {
            assert_eq!(is_too_soon(1_000_000 + after, 1_000_000), soon, "{after}");
        }
    }

    fn places(moments: &[(i64, What<'static>)]) -> Vec<usize> {
        let one = |(place, (at, what)): (usize, &(i64, What<'static>))| Moment {
            mail: ("m", "a"),
            at: *at,
            what: *what,
            place,
        };
        let moments: Vec<_> = moments.iter().enumerate().map(one).collect();
        let mut fast = vec![false; moments.len()];
        after_delivery(&moments, &mut fast);
        rapid(moments.iter(), &mut fast);
        rapid(moments.iter().rev(), &mut fast);
        fast.iter().enumerate().filter(|(_, fast)| **fast).map(|(place, _)| place).collect()
    }

    /// A row of a table of cases: the events with their times, and those that no person caused.
    type Row<'t> = (&'t [(i64, What<'static>)], &'t [usize]);

    #[test]
    fn two_links_within_a_second_are_a_scanners_and_one_link_twice_is_a_persons() {
        use What::{Click, Delivered, Open};
        let table: [Row<'_>; 7] = [
            (&[(0, Click("a")), (1_000, Click("b"))], &[0, 1]),
            (&[(0, Click("a")), (1_001, Click("b"))], &[]),
            (&[(0, Click("a")), (200, Click("a"))], &[]),
            (&[(0, Click("a")), (100, Click("a")), (900, Click("b")), (9_000, Click("c"))], &[0, 1, 2]),
            (&[(0, Click("a")), (500, Click("b")), (1_400, Click("b")), (1_600, Click("b"))], &[0, 1]),
            (&[(0, Delivered), (1_000, Open), (2_000, Click("a")), (90_000, Click("b"))], &[1, 2]),
            (&[(0, Open), (5_000, Delivered), (9_000, Delivered), (12_000, Click("a"))], &[0]),
        ];
        for (moments, expected) in table {
            assert_eq!(places(moments), expected);
        }
    }
}
