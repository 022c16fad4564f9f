//! The givens of a test: an account, releases, answers, reactions.

use schemars::JsonSchema;
use serde::Deserialize;
use winback_core::account::{Account, Contact, Manner, Reason};
use winback_core::debounce::Event;
use winback_core::signal::SignalKind;
use winback_core::text::nearest;
use winback_core::time::{Span, Time};
use winback_policy::names;

use crate::error::SequenceError;
use crate::material::Proof;
use crate::situation::{Happened, What};
use crate::words::{End, Engaged, ProofKind, Rule};

/// The account of a test.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TestAccount {
    /// Its name.
    name: String,
    /// Its reason of leaving.
    #[schemars(with = "String", extend("enum" = names(Reason::ALL, Reason::as_str)))]
    reason: Reason,
    /// The finer reason, in the books' own words.
    detail: String,
    /// The manner of leaving.
    #[schemars(with = "String", extend("enum" = names(Manner::ALL, Manner::as_str)))]
    manner: Manner,
    /// Set the days before the enrolment at which it left.
    left_days: i64,
    /// Yearly revenue before it left, whole US dollars.
    arr_usd: u64,
    /// Features it missed.
    missing_features: Vec<String>,
    /// The competitor that it went to.
    competitor: Option<String>,
    /// Promised at exit.
    concessions: Vec<String>,
    /// Its IANA time zone.
    zone: Option<String>,
    /// The roles of its contacts.
    roles: Vec<String>,
}

impl Default for TestAccount {
    fn default() -> Self {
        Self {
            name: "Test".to_owned(),
            reason: Reason::PriceBudget,
            detail: String::new(),
            manner: Manner::Neutral,
            left_days: 400,
            arr_usd: 24_000,
            missing_features: Vec::new(),
            competitor: None,
            concessions: Vec::new(),
            zone: None,
            roles: vec!["cto".to_owned()],
        }
    }
}

impl TestAccount {
    pub(super) fn zone(&self) -> &str {
        self.zone.as_deref().unwrap_or_default()
    }

    pub(super) fn account(&self, start: Time) -> Account {
        let contact = |(at, role): (usize, &String)| Contact {
            email_sha256: [u8::try_from(at).unwrap_or_default(); 32],
            role: role.clone(),
            opted_out: false,
            ..Contact::default()
        };
        Account {
            reason_detail: self.detail.clone(),
            manner: self.manner,
            arr_usd: self.arr_usd,
            missing_features: self.missing_features.clone(),
            competitor: self.competitor.clone(),
            concessions: self.concessions.clone(),
            zone: self.zone.clone(),
            contacts: self.roles.iter().enumerate().map(contact).collect(),
            owner: Some("Dana".to_owned()),
            ..Account::new("test", &self.name, start - Span::from_days(self.left_days), self.reason)
        }
    }
}

/// A release of ours.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TestRelease {
    /// Its title.
    title: String,
    /// Its class.
    #[serde(default)]
    class: String,
    /// The features that it brings.
    #[serde(default)]
    features: Vec<String>,
    /// Set the days since it shipped.
    #[serde(default)]
    days_ago: i64,
}

impl TestRelease {
    pub(super) fn event(&self, id: &str, at: Time) -> Event {
        let shipped = at - Span::from_days(self.days_ago);
        Event {
            source: "test".to_owned(),
            id: id.to_owned(),
            kind: SignalKind::ProductRelease,
            class: self.class.clone(),
            event_time: shipped,
            append_time: shipped,
            title: self.title.clone(),
            features: self.features.clone(),
            competitor: String::new(),
        }
    }
}

/// Something that happens: an answer, a reaction, or a release.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    /// Set the time since the enrolment, such as "8d".
    at: String,
    /// An answer.
    #[schemars(with = "Option<String>", extend("enum" = names(End::ALL, End::as_str)))]
    answer: Option<End>,
    /// A person's reaction to a touch: opened or clicked.
    #[schemars(with = "Option<String>", extend("enum" = ["opened", "clicked"]))]
    engaged: Option<Engaged>,
    /// A release of ours ships.
    release: Option<TestRelease>,
}

impl Given {
    pub(super) fn happened(&self, key: &str, number: usize, start: Time) -> Result<Happened, SequenceError> {
        let span: Result<Span, _> = self.at.parse();
        let at = span.map_err(|why| {
            let fix = format!("correct it: {why}");
            SequenceError::new(Rule::Due, &format!("{key}.at"), format!("{:?}", self.at), fix)
        })?;
        let at = start + at;
        let what = match (self.answer, self.engaged, &self.release) {
            (Some(end), None, None) => What::Answered(end),
            (None, Some(engaged @ (Engaged::Opened | Engaged::Clicked)), None) => What::Engaged(engaged),
            (None, None, Some(release)) => {
                What::Released(Box::new(release.event(&format!("given-{number}"), at)))
            }
            _ => {
                let fix = "write one of answer, engaged (opened or clicked) and release";
                return Err(SequenceError::new(Rule::Condition, key, "what happens", fix));
            }
        };
        Ok(Happened { at, what })
    }
}

/// The signals that a test names.
pub(super) fn signals(key: &str, texts: &[String]) -> Result<Vec<(SignalKind, String)>, SequenceError> {
    let known: Vec<&str> = SignalKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let signal = |(at, text): (usize, &String)| {
        let (kind, class) = text.split_once('/').unwrap_or((text, ""));
        SignalKind::parse(kind).map(|kind| (kind, class.to_owned())).ok_or_else(|| {
            let fix = format!("correct it, there is no such kind of signal{}", nearest(kind, &known));
            SequenceError::new(Rule::Enrol, &format!("{key}.signals[{at}]"), format!("{text:?}"), fix)
        })
    };
    texts.iter().enumerate().map(signal).collect()
}

/// A proof for everybody.
pub(super) fn proof(languages: &[String]) -> Proof {
    Proof {
        id: "test".to_owned(),
        kind: ProofKind::Story,
        reasons: Vec::new(),
        features: Vec::new(),
        words: languages.iter().map(|language| (language.clone(), "The proof.".to_owned())).collect(),
    }
}
