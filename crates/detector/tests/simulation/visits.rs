//! Page views as a source's producers write them.

use winback_core::account::{Account, Reason};
use winback_core::time::{Span, Time};

use crate::dice::Dice;
use crate::world::BASE;

/// Accounts that are looked for.
pub(crate) const LOOKED_FOR: [&str; 6] = ["acme", "borealis", "cobalt", "dunes", "ember", "fjord"];
/// A domain that all of them claim.
pub(crate) const SHARED: &str = "holding.io";

const PAGES: [&str; 5] = ["/pricing", "/docs", "/blog/news", "/features", "/"];

/// A record of the source.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub(crate) key: String,
    pub(crate) timestamp: Time,
    pub(crate) value: Vec<u8>,
}

/// The account of that id.
pub(crate) fn account(id: &str) -> Account {
    let mut account =
        Account::new(id, id, Time::from_millis(BASE) - Span::from_days(200), Reason::ProductGap);
    account.domains = vec![format!("{id}.io"), SHARED.to_owned()];
    account.arr_usd = 84_000;
    account.version = 1;
    account
}

/// A page view as JSON.
pub(crate) fn json(id: &str, page: &str, domain: &str, time: &str) -> Vec<u8> {
    format!(r#"{{"id":"{id}","url":"https://us.io{page}","domain":"{domain}","time":"{time}"}}"#).into_bytes()
}

/// Some days of views: bursts and single ones, of accounts and of others, a few twice, some known late.
pub(crate) fn visits(seed: u64, count: usize) -> Vec<Visit> {
    let mut dice = Dice::new(seed);
    let mut now = Time::from_millis(BASE);
    let mut written: Vec<Visit> = Vec::with_capacity(count);
    for number in 0..count {
        let minutes = if dice.one_in(5) { dice.between(30_u16, 400) } else { dice.between(0, 9) };
        now = now + Span::from_mins(minutes.into());
        if let Some(again) = written.last().filter(|_| dice.one_in(12)).cloned() {
            written.push(Visit { timestamp: now, ..again });
            continue;
        }
        let whose = if dice.one_in(4) { "nobody" } else { dice.of(&LOOKED_FOR) };
        let time = now - Span::from_mins(i64::from(dice.between(0_u8, 20)));
        let value = json(&format!("v{number}"), dice.of(&PAGES), &format!("{whose}.io"), &time.to_string());
        written.push(Visit { key: format!("visitor-{}", dice.between(0_u8, 40)), timestamp: now, value });
    }
    written
}
