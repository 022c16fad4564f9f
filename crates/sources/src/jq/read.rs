//! An output of a filter, a signal or an answer in the plain shape: `{id, kind, class, at, account_id, email,
//! email_sha256, domain, name, ip, detail}`, or `{drop: reason}`. What is null is not there; a key that is none of these is refused, so that a slip is
//! seen and not lost.

use std::borrow::Cow;

use jaq_json::{Num, Val};
use jaq_std::ValT as _;
use winback_core::closed_enum;
use winback_core::signal::{Candidate, Identity, SignalKind};
use winback_core::text::nearest;

use super::{Event, mapping};
use crate::element::{Answer, AnswerKind, DropReason, Element, Refusal};
use crate::ids;
use crate::json::Scalar;
use crate::mapping::sha256;
use crate::text::{detail, quoted};
use crate::times::TimeReader;
use crate::web::address;

closed_enum! {
    /// A key of an output.
    Key {
        /// The producer's id.
        Id = "id",
        /// The kind of signal or of answer.
        Kind = "kind",
        /// The finer class.
        Class = "class",
        /// The event time.
        At = "at",
        /// The account's own id.
        AccountId = "account_id",
        /// A mail address.
        Email = "email",
        /// SHA-256 of a normalised mail address, in hex.
        EmailSha256 = "email_sha256",
        /// A domain, host or URL of the company.
        Domain = "domain",
        /// The company's name.
        Name = "name",
        /// The address that it came from.
        Ip = "ip",
        /// A few words for a person.
        Detail = "detail",
        /// The reason why it is no signal.
        Drop = "drop",
    }
}

/// One output, and what it was made of.
pub(super) struct Output<'o> {
    pub(super) value: &'o Val,
    pub(super) event: &'o Event<'o>,
    pub(super) number: u32,
    pub(super) times: &'o TimeReader,
}

/// The values of an output by key.
struct Shape<'o>([Scalar<'o>; Key::ALL.len()]);

impl<'o> Shape<'o> {
    fn text(&mut self, key: Key) -> Option<Cow<'o, str>> {
        std::mem::take(&mut self.0[key as usize]).text()
    }
}

impl<'o> Output<'o> {
    pub(super) fn judge(&self) -> Result<Element<'o>, Refusal> {
        let mut shape = self.shape()?;
        if let Some(reason) = shape.text(Key::Drop) {
            return Err(dropped(&reason));
        }
        let kind = shape.text(Key::Kind).ok_or_else(|| {
            mapping("an output has no `kind`: write a kind of signal, such as kind: \"hiring\", or of answer")
        })?;
        let kind = Kind::parse(&kind)?;
        let at = self.times.read("at", &std::mem::take(&mut shape.0[Key::At as usize]))?;
        let id = match shape.text(Key::Id) {
            Some(own) => ids::bounded(own),
            None => {
                let index = self.event.index.unwrap_or(u32::MAX);
                let (index, number) = (index.to_le_bytes(), self.number.to_le_bytes());
                ids::derived(&[b"jq", self.event.text.as_bytes(), &index, &number])
            }
        };
        let (class, said) = (shape.text(Key::Class), shape.text(Key::Detail));
        let who = identity(&mut shape)?;
        Ok(match kind {
            Kind::Answer(kind) => Element::Answer(Answer { id, kind, at, who, worth: None }),
            Kind::Signal(kind) => {
                let detail = detail(said.unwrap_or_default());
                Element::Signal(Candidate { id, kind, class, at, who, detail })
            }
        })
    }

    fn shape(&self) -> Result<Shape<'o>, Refusal> {
        let Val::Obj(map) = self.value else {
            let text = format!(
                "an output is {}: give objects such as {{kind, at, domain}}",
                quoted(&self.value.to_string())
            );
            return Err(mapping(&text));
        };
        let mut shape = Shape(Default::default());
        for (name, value) in map.iter() {
            let name =
                name.as_utf8_bytes().and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default();
            let Some(key) = Key::parse(name) else {
                let known: Vec<_> = Key::ALL.iter().map(|key| key.as_str()).collect();
                let hint = nearest(name, &known);
                return Err(mapping(&format!(
                    "an output has a key {}, which means nothing{hint}",
                    quoted(name)
                )));
            };
            shape.0[key as usize] = match (key, value) {
                (Key::Email, Val::Arr(all)) => several(all)?,
                (key, value) => scalar(key, value)?,
            };
        }
        Ok(shape)
    }
}

/// The kind of an output.
enum Kind {
    Signal(SignalKind),
    Answer(AnswerKind),
}

impl Kind {
    fn parse(text: &str) -> Result<Self, Refusal> {
        let answer = || AnswerKind::parse(text).map(Self::Answer);
        SignalKind::parse(text).map(Self::Signal).or_else(answer).ok_or_else(|| {
            let signals = SignalKind::ALL.iter().map(|kind| kind.as_str());
            let known: Vec<_> = signals.chain(AnswerKind::ALL.iter().map(|kind| kind.as_str())).collect();
            mapping(&format!("`kind` is {}, which is none{}", quoted(text), nearest(text, &known)))
        })
    }
}

/// A list of addresses as one value.
fn several<'v>(all: &[Val]) -> Result<Scalar<'v>, Refusal> {
    let texts = all.iter().map(|one| scalar(Key::Email, one).map(Scalar::text));
    let texts: Vec<_> = texts.collect::<Result<_, _>>()?;
    Ok(Scalar::Text(Cow::Owned(texts.into_iter().flatten().collect::<Vec<_>>().join(", "))))
}

fn dropped(reason: &str) -> Refusal {
    DropReason::parse(reason).map_or_else(
        || {
            let known: Vec<_> = DropReason::ALL.iter().map(|reason| reason.as_str()).collect();
            mapping(&format!("`drop` is {}, which is no reason{}", quoted(reason), nearest(reason, &known)))
        },
        Refusal::Drop,
    )
}

fn identity<'o>(shape: &mut Shape<'o>) -> Result<Identity<'o>, Refusal> {
    let hash = shape.text(Key::EmailSha256);
    let ip = shape.text(Key::Ip);
    let mut who = Identity {
        account_id: shape.text(Key::AccountId),
        email: shape.text(Key::Email),
        email_sha256: hash.as_deref().and_then(sha256),
        domain: shape.text(Key::Domain),
        address: ip.as_deref().and_then(address),
        name: shape.text(Key::Name),
    };
    if who.domain.is_none() {
        let is_url = |name: &Cow<'_, str>| name.starts_with("http://") || name.starts_with("https://");
        who.domain = who.name.take_if(|name| is_url(name));
    }
    if who.is_empty() {
        let text =
            "an output does not say whose it is: give account_id, email, email_sha256, domain, name or ip";
        return Err(mapping(text));
    }
    Ok(who)
}

fn scalar(key: Key, value: &Val) -> Result<Scalar<'_>, Refusal> {
    Ok(match value {
        Val::Null => Scalar::Missing,
        Val::Bool(value) => Scalar::Bool(*value),
        Val::TStr(text) | Val::BStr(text) => Scalar::Text(String::from_utf8_lossy(text)),
        Val::Num(Num::Int(number)) => i64::try_from(*number).map_or(Scalar::Missing, Scalar::Int),
        Val::Num(Num::Float(number)) => Scalar::Float(*number),
        Val::Num(number) => Scalar::Text(Cow::Owned(Val::Num(number.clone()).to_string())),
        Val::Arr(_) | Val::Obj(_) => {
            let text = format!("`{key}` is {}: give one text or number", quoted(&value.to_string()));
            return Err(mapping(&text));
        }
    })
}
