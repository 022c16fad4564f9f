//! A compiled mapping at work on a document.

use std::borrow::Cow;

use sonic_rs::{JsonContainerTrait, JsonValueTrait, Value};
use winback_core::signal::{Candidate, Identity, SignalKind};
use winback_core::time::Time;

use super::compile::{Compiled, Meaning, Who};
use super::pointer::{Document, Field};
use crate::decoder::Raw;
use crate::element::{DeadReason, DropReason, Element, Refusal, Sink, Verdict, element};
use crate::ids;
use crate::json;
use crate::text::{detail, quoted};
use crate::web::address;

impl Compiled {
    /// Every event of the record.
    pub(crate) fn decode(&self, text: &str, sink: &mut Sink<'_>) -> Result<(), Refusal> {
        let root: Value = json::parse(text)?;
        let events = match &self.events {
            None => &root,
            Some(pointer) => pointer.find(&root).ok_or_else(|| missing(pointer.as_str()))?,
        };
        let Some(list) = events.as_array() else {
            sink(self.element(events, Raw { bytes: text.as_bytes(), index: None }));
            return Ok(());
        };
        if list.is_empty() {
            return Err(DropReason::Empty.into());
        }
        for (index, event) in list.iter().enumerate() {
            let raw = Raw { bytes: text.as_bytes(), index: u32::try_from(index).ok() };
            sink(self.element(event, raw));
        }
        Ok(())
    }

    fn element<'v>(&'v self, root: &'v Value, raw: Raw<'_>) -> Element<'v> {
        let document = Document { root, absent: &self.absent };
        match self.begin(document) {
            Ok(kind) if kind.is_broadcast() => self.broadcast(document, kind, raw).map_or_else(
                |refusal| element(Err(refusal), raw.index),
                |event| Element::Broadcast(Box::new(event)),
            ),
            Ok(kind) => element(self.event(document, kind, raw), raw.index),
            Err(refusal) => element(Err(refusal), raw.index),
        }
    }

    /// The kind of an event that has all that it must.
    fn begin(&self, document: Document<'_>) -> Result<SignalKind, Refusal> {
        if !document.root.is_object() {
            let text = "the event is no JSON object: send one object an event".to_owned();
            return Err(Refusal::Dead(DeadReason::MissingField, text));
        }
        let kind = self.kind(document)?;
        let required = |field: &&Field| document.first(std::slice::from_ref(*field)).is_none();
        match self.required.iter().find(required) {
            Some(field) => Err(missing(field.as_str())),
            None => Ok(kind),
        }
    }

    fn event<'v>(&'v self, document: Document<'v>, kind: SignalKind, raw: Raw<'_>) -> Verdict<'v> {
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
        document.text(&self.class).map(|class| match self.classes.get(class.as_ref()) {
            Some(name) => Cow::Borrowed(name.as_str()),
            None => class,
        })
    }

    pub(super) fn words(&self, document: Document<'_>) -> Cow<'static, str> {
        detail(Cow::Owned(self.detail.fill(document)))
    }

    fn kind(&self, document: Document<'_>) -> Result<SignalKind, Refusal> {
        let Some(keep) = &self.keep else { return Ok(self.kind) };
        let value = keep.from.iter().find_map(|field| document.text(std::slice::from_ref(field)));
        let known = value.as_ref().and_then(|value| keep.values.get(&value.to_lowercase()));
        match (known.copied().unwrap_or(keep.otherwise), value) {
            (Meaning::Signal, _) => Ok(self.kind),
            (Meaning::Kind(kind), _) => Ok(kind),
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

fn sha256(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    hex::decode_to_slice(text.trim(), &mut hash).ok().map(|()| hash)
}

pub(super) fn names(fields: &[Field]) -> String {
    fields.iter().map(Field::as_str).collect::<Vec<_>>().join(" or ")
}

pub(super) fn missing(field: &str) -> Refusal {
    Refusal::Dead(DeadReason::MissingField, format!("`{field}` has no value: add it and replay"))
}
