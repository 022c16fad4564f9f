//! A compiled mapping at work on a document.

use std::borrow::Cow;

use sonic_rs::{JsonContainerTrait, JsonValueTrait, Value};
use winback_core::signal::{Candidate, Identity, SignalKind};
use winback_core::time::Time;

use super::compile::{Compiled, Deciding, Meaning, Who};
use super::pointer::{Document, Field, Pointer};
use crate::answers;
use crate::element::{Answer, AnswerKind, DeadReason, DropReason, Element, Refusal, Verdict, judged};
use crate::ids;
use crate::json;
use crate::text::{detail, quoted};
use crate::walk::{Placed, Raw};
use crate::web::address;

/// The kind of an event.
enum Says {
    Signal(SignalKind),
    Answer(AnswerKind),
}

impl Compiled {
    /// Every event of the record.
    pub(crate) fn decode(&self, text: &str, sink: &mut Placed<'_>) -> Result<(), Refusal> {
        let root: Value = json::parse(text)?;
        let events = self.events(&root)?;
        let Some(list) = events.as_array() else {
            let raw = Raw { bytes: text.as_bytes(), index: None };
            give(self.event(events, &root, raw), None, sink);
            return Ok(());
        };
        if list.is_empty() {
            return Err(DropReason::Empty.into());
        }
        for (index, event) in list.iter().enumerate() {
            let raw = Raw { bytes: text.as_bytes(), index: u32::try_from(index).ok() };
            give(self.event(event, &root, raw), raw.index, sink);
        }
        Ok(())
    }

    fn events<'v>(&self, root: &'v Value) -> Result<&'v Value, Refusal> {
        if self.events.is_empty() {
            return Ok(root);
        }
        let find = |place: &Option<Pointer>| place.as_ref().map_or(Some(root), |pointer| pointer.find(root));
        self.events.iter().find_map(find).ok_or_else(|| {
            let names: Vec<_> = self.events.iter().flatten().map(Pointer::as_str).collect();
            missing(&names.join(" or "))
        })
    }

    /// True if it is an update of a row without a change in a field that counts.
    fn is_unchanged(&self, root: &Value) -> bool {
        let Some(envelope) = root.get("_envelope").filter(|_| !self.changed.is_empty()) else { return false };
        let before = envelope.get("before").filter(|before| before.is_object());
        let unchanged = envelope.get("unchanged").and_then(|names| names.as_array());
        let is_named = |field: &Pointer| {
            unchanged.is_some_and(|names| names.iter().any(|name| name.as_str() == field.column()))
        };
        let is_same =
            |field: &Pointer| before.is_some_and(|before| same(field.find(before), field.find(root)));
        self.changed.iter().all(|field| is_named(field) || is_same(field))
    }

    fn event<'v>(&'v self, root: &'v Value, around: &'v Value, raw: Raw<'_>) -> Result<Element<'v>, Refusal> {
        if !root.is_object() {
            let text = "the event is no JSON object: send one object an event".to_owned();
            return Err(Refusal::Dead(DeadReason::MissingField, text));
        }
        if self.is_unchanged(root) {
            return Err(DropReason::Edited.into());
        }
        let document = Document { root, around, absent: &self.absent };
        let says = self.says(document)?;
        let required = |field: &&Field| document.first(std::slice::from_ref(*field)).is_none();
        if let Some(field) = self.required.iter().find(required) {
            return Err(missing(field.as_str()));
        }
        Ok(match says {
            Says::Signal(kind) if kind.is_broadcast() => {
                Element::Broadcast(Box::new(self.broadcast(document, kind, raw)?))
            }
            Says::Signal(kind) => Element::Signal(self.signal(document, kind, raw)?),
            Says::Answer(kind) => {
                let who = self.who.read(document)?;
                let worth = (kind == AnswerKind::Reactivated).then(|| self.worth(document)).flatten();
                Element::Answer(Answer {
                    id: self.id(document, raw),
                    kind,
                    at: self.time(document)?,
                    who,
                    worth,
                })
            }
        })
    }

    fn signal<'v>(&'v self, document: Document<'v>, kind: SignalKind, raw: Raw<'_>) -> Verdict<'v> {
        let who = self.who.read(document)?;
        Ok(Candidate {
            id: self.id(document, raw),
            kind,
            class: self.class(document),
            at: self.time(document)?,
            who,
            detail: self.words(document),
        })
    }

    pub(super) fn time(&self, document: Document<'_>) -> Result<Time, Refusal> {
        let (field, time) = document.first(&self.at).ok_or_else(|| missing(&names(&self.at)))?;
        self.times.read(field, &time)
    }

    pub(super) fn class<'v>(&'v self, document: Document<'v>) -> Option<Cow<'v, str>> {
        let class = document.text(&self.class)?;
        if self.classes.is_empty() {
            return Some(class);
        }
        let name = self.classes.get(&class.to_lowercase());
        Some(name.map_or(class, |name| Cow::Borrowed(name.as_str())))
    }

    pub(super) fn words(&self, document: Document<'_>) -> Cow<'static, str> {
        detail(Cow::Owned(self.detail.fill(document)))
    }

    fn says(&self, document: Document<'_>) -> Result<Says, Refusal> {
        let Some(keep) = &self.keep else { return Ok(Says::Signal(self.kind)) };
        let value = keep.from.iter().find_map(|field| document.text(std::slice::from_ref(field)));
        let known = value.as_ref().and_then(|value| keep.meaning(&value.to_lowercase()));
        match (known.unwrap_or(keep.otherwise), value) {
            (Meaning::Signal, _) => Ok(Says::Signal(self.kind)),
            (Meaning::Kind(kind), _) => Ok(Says::Signal(kind)),
            (Meaning::Answer(kind), _) => Ok(Says::Answer(kind)),
            (Meaning::Drop(reason), _) => Err(reason.into()),
            (Meaning::Dead, None) => Err(missing(&names(&keep.from))),
            (Meaning::Dead, Some(value)) => {
                let text = format!(
                    "`{}` is {}, which the mapping's `keep.values` does not name: add it, or state `keep.otherwise`",
                    names(&keep.from),
                    quoted(&value)
                );
                Err(Refusal::Dead(DeadReason::UnknownEvent, text))
            }
        }
    }

    pub(super) fn id<'v>(&'v self, document: Document<'v>, raw: Raw<'_>) -> Cow<'v, str> {
        if let Some(own) = document.text(&self.id) {
            return ids::bounded(own);
        }
        let parts: Vec<_> = self
            .id_of
            .iter()
            .map(|field| document.text(std::slice::from_ref(field)).unwrap_or_default())
            .collect();
        if parts.iter().all(|part| part.is_empty()) {
            return ids::from_raw(raw);
        }
        let parts: Vec<_> = parts.iter().map(|part| part.as_bytes()).collect();
        ids::derived(&parts)
    }
}

/// Gives what an event comes to.
fn give(event: Result<Element<'_>, Refusal>, index: Option<u32>, sink: &mut Placed<'_>) {
    match event {
        Ok(Element::Answer(answer)) => answers::give(answer, index, sink),
        event => sink(index, judged(event, index)),
    }
}

/// True if two values of a column are the same, also where a flag is written as a number.
fn same(left: Option<&Value>, right: Option<&Value>) -> bool {
    let flag = |value: Option<&Value>| {
        let value = value?;
        value
            .as_bool()
            .or_else(|| value.as_i64().filter(|number| matches!(number, 0 | 1)).map(|number| number == 1))
    };
    let is_flag = |value: Option<&Value>| value.is_some_and(|value| value.is_boolean());
    left == right || ((is_flag(left) || is_flag(right)) && flag(left).is_some() && flag(left) == flag(right))
}

impl Deciding {
    /// The meaning of a value in lower case. Databases write a flag as `true`, `1` or `t`.
    fn meaning(&self, value: &str) -> Option<Meaning> {
        const FLAGS: [[&str; 4]; 2] = [["true", "1", "t", "yes"], ["false", "0", "f", "no"]];
        let as_written = self.values.get(value);
        let flag = || {
            let same = FLAGS.iter().find(|forms| forms.contains(&value))?;
            same.iter().find_map(|form| self.values.get(*form))
        };
        as_written.or_else(flag).copied()
    }
}

impl Who {
    fn read<'v>(&'v self, document: Document<'v>) -> Result<Identity<'v>, Refusal> {
        let mut who = Identity {
            account_id: document.text(&self.account_id),
            email: document.text(&self.email),
            email_sha256: document.text(&self.email_sha256).as_deref().and_then(sha256),
            domain: document.text(&self.domain),
            address: document.text(&self.address).as_deref().and_then(address),
            name: document.text(&self.name),
        };
        let is_url = |name: &Cow<'_, str>| name.starts_with("http://") || name.starts_with("https://");
        if who.domain.is_none() {
            who.domain = who.name.take_if(|name| is_url(name));
        }
        if who.is_empty() {
            let all =
                [&self.account_id, &self.email, &self.email_sha256, &self.domain, &self.address, &self.name];
            let all: Vec<_> = all.into_iter().filter(|fields| !fields.is_empty()).map(|f| names(f)).collect();
            return Err(missing(&all.join(" or ")));
        }
        Ok(who)
    }
}

/// A hash in hex.
pub(crate) fn sha256(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text.trim(), &mut hash).ok().map(|()| hash)
}

pub(super) fn names(fields: &[Field]) -> String {
    fields.iter().map(Field::as_str).collect::<Vec<_>>().join(" or ")
}

pub(super) fn missing(field: &str) -> Refusal {
    Refusal::Dead(DeadReason::MissingField, format!("`{field}` has no value: add it and replay"))
}
