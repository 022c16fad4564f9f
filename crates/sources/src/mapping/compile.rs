//! A mapping made ready to run; what is wrong with it is said here, by key, value and fix.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use winback_core::signal::SignalKind;

use super::pointer::{Field, Pointer};
use super::template::Template;
use super::{Fields, Keep, Mapping};
use crate::element::{AnswerKind, DropReason};
use crate::times::{TimeFormat, TimeReader};

/// A fault: the key, its value, the fix.
pub(crate) type Wrong = (String, String, String);

/// A mapping, ready to run.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(super) kind: SignalKind,
    /// `None` among them is the whole record.
    pub(super) events: Vec<Option<Pointer>>,
    pub(super) at: Vec<Field>,
    pub(super) times: TimeReader,
    pub(super) id: Vec<Field>,
    pub(super) id_of: Vec<Field>,
    pub(super) who: Who,
    pub(super) class: Vec<Field>,
    /// By what they are called in the record, in lower case.
    pub(super) classes: HashMap<String, String>,
    pub(super) detail: Template,
    pub(super) absent: Vec<String>,
    pub(super) required: Vec<Field>,
    pub(super) changed: Vec<Pointer>,
    pub(super) keep: Option<Deciding>,
    pub(super) features: Vec<Field>,
    pub(super) competitor: Vec<Field>,
    pub(super) arr: Vec<Field>,
    pub(super) currency: Vec<Field>,
    pub(super) terms: Vec<Field>,
}

/// The places of the parts of an identity.
#[derive(Debug)]
pub(super) struct Who {
    pub(super) account_id: Vec<Field>,
    pub(super) email: Vec<Field>,
    pub(super) email_sha256: Vec<Field>,
    pub(super) domain: Vec<Field>,
    pub(super) address: Vec<Field>,
    pub(super) name: Vec<Field>,
}

/// The deciding field; its values in lower case.
#[derive(Debug)]
pub(super) struct Deciding {
    pub(super) from: Vec<Field>,
    pub(super) values: HashMap<String, Meaning>,
    pub(super) otherwise: Meaning,
}

/// The meaning of a value of the deciding field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Signal,
    Kind(SignalKind),
    Answer(AnswerKind),
    Drop(DropReason),
    Dead,
}

impl Compiled {
    /// The mapping, ready to run. The zone is the source's, where it states one.
    pub(crate) fn new(mapping: &Mapping, zone: Option<TimeZone>) -> Result<Self, Wrong> {
        let zone = match (zone, &mapping.zone) {
            (Some(zone), _) => zone,
            (None, Some(name)) => zone_of("zone", name)?,
            (None, None) => TimeZone::UTC,
        };
        let at = fields("at", &mapping.at)?;
        if at.is_empty() {
            return Err(wrong("at", "", "say where the time of the event stands, such as \"/date\""));
        }
        Ok(Self {
            kind: mapping.kind,
            events: events(&mapping.events)?,
            at,
            times: TimeReader { formats: formats(&mapping.formats)?, zone },
            id: fields("id", &mapping.id)?,
            id_of: list("id_of", &mapping.id_of)?,
            who: Who::new(mapping)?,
            class: fields("class", &mapping.class)?,
            classes: mapping
                .classes
                .iter()
                .map(|(word, class)| (word.to_lowercase(), class.clone()))
                .collect(),
            detail: Template::parse(&mapping.detail).map_err(|fix| wrong("detail", &mapping.detail, fix))?,
            absent: mapping.absent.clone(),
            required: list("required", &mapping.required)?,
            changed: mapping.changed.iter().map(|text| pointer("changed", text)).collect::<Result<_, _>>()?,
            keep: mapping.keep.as_ref().map(Deciding::new).transpose()?,
            features: fields("features", &mapping.features)?,
            competitor: fields("competitor", &mapping.competitor)?,
            arr: fields("arr", &mapping.arr)?,
            currency: fields("currency", &mapping.currency)?,
            terms: fields("terms", &mapping.terms)?,
        })
    }
}

impl Who {
    fn new(mapping: &Mapping) -> Result<Self, Wrong> {
        let who = Self {
            account_id: fields("account_id", &mapping.account_id)?,
            email: fields("email", &mapping.email)?,
            email_sha256: fields("email_sha256", &mapping.email_sha256)?,
            domain: fields("domain", &mapping.domain)?,
            address: fields("address", &mapping.address)?,
            name: fields("name", &mapping.name)?,
        };
        let all = [&who.account_id, &who.email, &who.email_sha256, &who.domain, &who.address, &who.name];
        if all.into_iter().all(Vec::is_empty) && !mapping.kind.is_broadcast() {
            let fix = "say whose it is: account_id, email, email_sha256, domain, address or name";
            return Err(wrong("name", "", fix));
        }
        Ok(who)
    }
}

impl Deciding {
    fn new(keep: &Keep) -> Result<Self, Wrong> {
        let mut values = HashMap::new();
        for (value, text) in &keep.values {
            let meaning = meaning(text).map_err(|fix| wrong(&format!("keep.values.{value}"), text, fix))?;
            values.insert(value.to_lowercase(), meaning);
        }
        let from = fields("keep.from", &keep.from)?;
        if from.is_empty() {
            return Err(wrong("keep.from", "", "say which field decides, such as \"/status\""));
        }
        let otherwise =
            meaning(&keep.otherwise).map_err(|fix| wrong("keep.otherwise", &keep.otherwise, fix))?;
        Ok(Self { from, values, otherwise })
    }
}

fn meaning(text: &str) -> Result<Meaning, String> {
    match text {
        "signal" => return Ok(Meaning::Signal),
        "dead" => return Ok(Meaning::Dead),
        _ => {}
    }
    let kind = SignalKind::parse(text).map(Meaning::Kind);
    let kind = kind.or_else(|| AnswerKind::parse(text).map(Meaning::Answer));
    kind.or_else(|| DropReason::parse(text).map(Meaning::Drop)).ok_or_else(|| {
        let answers: Vec<_> = AnswerKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let reasons: Vec<_> = DropReason::ALL.iter().map(|reason| reason.as_str()).collect();
        format!(
            "write signal, dead, a kind of signal, an answer ({}), or a reason to drop it: {}",
            answers.join(", "),
            reasons.join(", ")
        )
    })
}

fn fields(key: &str, fields: &Fields) -> Result<Vec<Field>, Wrong> {
    list(key, fields.all())
}

fn list(key: &str, texts: &[String]) -> Result<Vec<Field>, Wrong> {
    texts.iter().map(|text| Field::parse(text).map_err(|fix| wrong(key, text, fix))).collect()
}

fn events(fields: &Fields) -> Result<Vec<Option<Pointer>>, Wrong> {
    let place = |text: &String| (!text.is_empty()).then(|| pointer("events", text)).transpose();
    fields.all().iter().map(place).collect()
}

fn pointer(key: &str, text: &str) -> Result<Pointer, Wrong> {
    Pointer::parse(text).map_err(|fix| wrong(key, text, fix))
}

fn formats(texts: &[String]) -> Result<Vec<TimeFormat>, Wrong> {
    if texts.is_empty() {
        return Err(wrong("formats", "", "say how times are written, such as [\"auto\"]"));
    }
    texts.iter().map(|text| TimeFormat::parse(text).map_err(|fix| wrong("formats", text, fix))).collect()
}

/// The zone of that name.
pub(crate) fn zone_of(key: &str, name: &str) -> Result<TimeZone, Wrong> {
    TimeZone::get(name)
        .map_err(|_| wrong(key, name, "write an IANA zone such as \"Europe/Berlin\" or \"UTC\""))
}

fn wrong(key: &str, value: &str, fix: impl Into<String>) -> Wrong {
    (key.to_owned(), value.to_owned(), fix.into())
}
