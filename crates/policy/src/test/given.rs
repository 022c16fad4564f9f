//! The events in a test: an account, its signals, its answers, an operator's holds.

use schemars::JsonSchema;
use serde::Deserialize;

use winback_core::account::{Account, Reason};
use winback_core::debounce::{AccountChange, Body, MatchedSignal, Response, ResponseKind};
use winback_core::index::Method;
use winback_core::signal::SignalKind;
use winback_core::time::{Span, Time};

use super::{INPUT, Length};
use crate::error::{PolicyError, wrong};
use crate::schema::names;

/// The account's id in every test.
const ACCOUNT: &str = "test";
/// No more than this often in one line: a test is small.
const MOST_TIMES: u32 = 1_000;

/// The account of a test.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TestAccount {
    /// Why it left.
    #[schemars(with = "String", extend("enum" = names(Reason::ALL, Reason::as_str)))]
    reason: Reason,
    /// Set the time before the test's start at which it left.
    churned: Length,
    /// Yearly revenue before it left, whole US dollars.
    arr_usd: u64,
    /// Features it missed.
    missing_features: Vec<String>,
    /// Whom it went to.
    competitor: Option<String>,
    /// Set the term of its contracts there, in months.
    competitor_term_months: Option<u32>,
    /// Its IANA time zone.
    zone: Option<String>,
    /// Set the time before the test's start at which it said no.
    declined: Option<Length>,
    /// Set the time after the test's start from which it may be approached.
    earliest: Option<Length>,
    /// Kept in sight whatever the tier.
    strategic: bool,
    /// Never to be approached.
    do_not_contact: bool,
    /// State if it agreed to be written to.
    consent: Option<bool>,
    /// Never contacted, so that what comes back untouched can be measured.
    hold_out: bool,
}

impl Default for TestAccount {
    fn default() -> Self {
        Self {
            reason: Reason::PriceBudget,
            churned: Length(Span::from_days(400)),
            arr_usd: 24_000,
            missing_features: Vec::new(),
            competitor: None,
            competitor_term_months: None,
            zone: None,
            declined: None,
            earliest: None,
            strategic: false,
            do_not_contact: false,
            consent: None,
            hold_out: false,
        }
    }
}

impl TestAccount {
    pub(super) fn change(&self, start: Time) -> Body {
        let test = self.clone();
        let account = Account {
            arr_usd: test.arr_usd,
            missing_features: test.missing_features,
            competitor: test.competitor,
            competitor_term_months: test.competitor_term_months,
            zone: test.zone,
            declined_at: test.declined.map(|ago| start - ago.0),
            earliest_at: test.earliest.map(|ahead| start + ahead.0),
            strategic: test.strategic,
            do_not_contact: test.do_not_contact,
            consent: test.consent,
            hold_out: test.hold_out,
            version: 1,
            ..Account::new(ACCOUNT, "Test", start - test.churned.0, test.reason)
        };
        Body::Account(AccountChange::Upsert(Box::new(account)))
    }
}

/// Something that happens: a signal (`kind`), an answer (`response`), a sequence's end, or a hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    /// Set the time after the test's start.
    at: Length,
    /// A signal of this kind.
    #[schemars(with = "Option<String>", extend("enum" = names(SignalKind::ALL, SignalKind::as_str)))]
    kind: Option<SignalKind>,
    /// Its finer class, such as `pricing`.
    #[serde(default)]
    class: String,
    /// Its id, to come twice; another one for each without it.
    id: Option<String>,
    /// Set its age on arrival.
    #[serde(default)]
    age: Length,
    /// Choose the match method. Default: `domain`.
    #[schemars(with = "Option<String>", extend("enum" = names(Method::ALL, Method::as_str)))]
    method: Option<Method>,
    /// An answer of the account.
    #[schemars(with = "Option<String>", extend("enum" = names(ResponseKind::ALL, ResponseKind::as_str)))]
    response: Option<ResponseKind>,
    /// A whole sequence of messages ended without an answer.
    #[serde(default)]
    sequence_ended: bool,
    /// An operator holds starting triggers (true), or lets them go (false).
    hold: Option<bool>,
    /// It comes again after so long, `times` times.
    every: Option<Length>,
    /// How often it comes.
    times: Option<u32>,
}

/// A record that is due.
pub(super) struct Prepared {
    pub(super) at: Time,
    pub(super) body: Body,
}

impl Given {
    pub(super) fn prepared(
        &self,
        key: &str,
        number: usize,
        start: Time,
    ) -> Result<Vec<Prepared>, PolicyError> {
        let times = self.times.unwrap_or(1);
        if times > MOST_TIMES || (times > 1 && self.every.is_none()) {
            let fix = format!("must be at most {MOST_TIMES}, and say `every` how long it comes again");
            return Err(wrong(&format!("{key}.times"), &times.to_string(), &fix));
        }
        let every = self.every.unwrap_or_default().0.millis();
        let at = |time: u32| start + self.at.0 + Span::from_millis(every.saturating_mul(i64::from(time)));
        let one = |time: u32| Some(Prepared { at: at(time), body: self.body(number, time, at(time))? });
        let all: Option<Vec<_>> = (0..times).map(one).collect();
        all.ok_or_else(|| wrong(key, "nothing", "must have a `kind`, `response`, `sequence_ended` or `hold`"))
    }

    fn body(&self, number: usize, time: u32, at: Time) -> Option<Body> {
        if let Some(kind) = self.kind {
            let id = self.id.clone().unwrap_or_else(|| format!("{number}-{time}"));
            return Some(Body::Signal(Box::new(self.signal(kind, id, at))));
        }
        if let Some(kind) = self.response {
            let (source, contact) = ("test".to_owned(), Vec::new());
            let id = self.id.clone().unwrap_or_else(|| format!("{number}-{time}"));
            return Some(Body::Response(Response { account: ACCOUNT.into(), kind, at, contact, source, id }));
        }
        if self.sequence_ended {
            return Some(Body::SequenceEnded(ACCOUNT.into(), at));
        }
        self.hold.map(|held| Body::Hold(None, held))
    }

    fn signal(&self, kind: SignalKind, id: String, at: Time) -> MatchedSignal {
        MatchedSignal {
            account: ACCOUNT.into(),
            source: "test".to_owned(),
            id,
            kind,
            class: self.class.clone(),
            event_time: at - self.age.0,
            append_time: at,
            input: INPUT.into(),
            merged_with: Vec::new(),
            method: self.method.unwrap_or(Method::Domain),
            matched_on: String::new(),
            detail: String::new(),
        }
    }
}
