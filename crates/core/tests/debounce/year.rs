//! A year of many accounts under the policy that is shipped: no cap is exceeded, whatever the calendar and events bring.

use std::collections::BTreeMap;

use winback_core::account::{Account, Reason};
use winback_core::debounce::{
    AccountChange, Body, Effect, Event, Input, Partition, Progress, Reached, Subject,
};
use winback_core::ids::Offset;
use winback_core::signal::SignalKind;

use crate::rig::{at, signal};

const DAY: i64 = 86_400_000;
const HOUR: i64 = DAY / 24;
const DEFAULT: &str = include_str!("../../../../config/policies/default.toml");
/// Of DOMAIN, *How often*.
const ENTRIES_A_YEAR: usize = 4;

/// A small chance of its own: the same for the same number.
fn chance(number: u64) -> u64 {
    let mixed = (number ^ (number >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 17
}

fn account(number: u64) -> Account {
    let pick = chance(number);
    let reasons = Reason::ALL.len() as u64;
    let reason = Reason::ALL[usize::try_from(pick % reasons).unwrap()];
    let days_ago = i64::try_from(pick / 16 % 900).unwrap();
    let mut account = Account::new(&format!("acct-{number:07}"), "Company", at(-days_ago * DAY), reason);
    account.arr_usd = 84_000;
    account.version = 1;
    account.zone = ["UTC", "Asia/Tokyo", "America/New_York"]
        .get(usize::try_from(pick % 4).unwrap())
        .map(|z| (*z).into());
    account.competitor = pick.is_multiple_of(3).then(|| "Brightloom".into());
    account.competitor_term_months = pick.is_multiple_of(5).then_some(6);
    account.missing_features = if pick.is_multiple_of(7) { vec!["SSO".into()] } else { Vec::new() };
    account.earliest_at = pick.is_multiple_of(11).then(|| at(i64::try_from(pick % 300).unwrap() * DAY));
    account
}

fn event(number: i64, now: i64) -> Event {
    let (kind, class) = match number % 4 {
        0 => (SignalKind::ProductRelease, "major_version"),
        1 => (SignalKind::CompetitorEvent, "price_rise"),
        2 => (SignalKind::ProductRelease, "feature"),
        _ => (SignalKind::ProductRelease, "onboarding"),
    };
    Event {
        source: "news".into(),
        id: number.to_string(),
        kind,
        class: class.into(),
        event_time: at(now),
        append_time: at(now),
        title: format!("news {number}"),
        features: vec!["sso".into()],
        competitor: "Brightloom".into(),
    }
}

#[derive(Default)]
struct Year {
    partition: Partition,
    next: i64,
    effects: Vec<Effect>,
    fires: BTreeMap<String, Vec<i64>>,
    entries: BTreeMap<String, Vec<i64>>,
    told: u64,
}

impl Year {
    fn body(&mut self, body: Body) {
        self.partition
            .step(&Input { offset: Offset(self.next), appended_at: at(0), body }, &mut self.effects);
        self.next += 1;
        for effect in self.effects.drain(..) {
            match effect {
                Effect::Trigger(fired) if fired.edge.starts() => {
                    self.fires.entry(fired.account.id.to_string()).or_default().push(fired.fired_at.millis());
                }
                Effect::Decision(made) => match &made.subject {
                    Subject::Signal { signal, .. } if signal.source == "calendar" => {
                        let own = self.entries.entry(made.account.to_string()).or_default();
                        own.push(signal.event_time.millis());
                    }
                    Subject::Signal { signal, .. } if signal.source == "news" => self.told += 1,
                    _ => {}
                },
                _ => {}
            }
        }
    }

    fn lives(&mut self, accounts: u64) {
        let text = winback_policy::record("default", 1, DEFAULT);
        self.body(Body::Policy(text));
        for number in 0..accounts {
            self.body(Body::Account(AccountChange::Upsert(Box::new(account(number)))));
        }
        for hour in 0..400 * 24 {
            let now = hour * HOUR;
            if hour % 800 == 7 {
                self.body(Body::Event(Box::new(event(hour / 800, now))));
            }
            for visit in 0..accounts / 500 {
                let pick = chance(u64::try_from(hour).unwrap() * 1_000 + visit);
                let id = format!("acct-{:07}", pick % accounts);
                let strength = u8::try_from(pick / 7 % 3).unwrap();
                let mut signal = signal(&id, &format!("{hour}-{visit}"), strength, now, now);
                signal.account = id.as_str().into();
                self.body(Body::Signal(Box::new(signal)));
            }
            // As many progress records as a busy lane writes, so that nothing is left behind.
            for _ in 0..=accounts / 20_000 {
                let inputs = vec![("web/0".into(), Reached::NewestAppend(at(now)))];
                self.body(Body::Progress(Progress { inputs, known: Vec::new() }));
            }
            self.partition.commit();
        }
    }

    fn keeps_every_cap(&self) {
        let most = |times: &[i64], window: i64| {
            let within = |from: &i64| times.iter().filter(|at| (0..window).contains(&(*at - from))).count();
            times.iter().map(within).max().unwrap_or_default()
        };
        for (id, dues) in &self.entries {
            assert!(most(dues, 365 * DAY) <= ENTRIES_A_YEAR, "{id}: {dues:?}");
        }
        for (id, fires) in &self.fires {
            assert!(most(fires, 365 * DAY) <= 8, "{id}: {fires:?}");
        }
        assert!(self.partition.counts().synthetic > 0 && self.told > 0 && !self.fires.is_empty());
    }
}

#[test]
fn a_year_of_accounts_keeps_every_cap() {
    let mut year = Year::default();
    year.lives(3_000);
    year.keeps_every_cap();
    let most = year.entries.values().map(Vec::len).max();
    assert!(most >= Some(ENTRIES_A_YEAR), "somebody has them all: {most:?}");
}

#[test]
#[ignore = "the full size: half a minute"]
fn a_year_of_100_000_accounts_keeps_every_cap() {
    let mut year = Year::default();
    year.lives(100_000);
    year.keeps_every_cap();
    let entries: usize = year.entries.values().map(Vec::len).sum();
    let fires: usize = year.fires.values().map(Vec::len).sum();
    println!("{entries} entries, {} signals of events, {fires} starting triggers", year.told);
}
