//! JSON read leniently: a field of a type that nobody expected is a missing field, not a dead record.
//!
//! Depth is bounded before anything recursive sees the bytes, so that no record can overflow the stack.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use memchr::memchr2_iter;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::decoder::MAX_DEPTH;
use crate::element::{DeadReason, Refusal};
use crate::text::quoted;

/// The document as a `T`.
pub(crate) fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Refusal> {
    check_depth(text)?;
    sonic_rs::from_str(text).map_err(|error| malformed(text, &error))
}

/// The parser's words without the part of the document that it quotes.
pub(crate) fn complaint(error: &sonic_rs::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

/// The elements of a list, as they are written.
pub(crate) fn items(text: &str) -> impl Iterator<Item = Result<Cow<'_, str>, Refusal>> {
    sonic_rs::to_array_iter(text)
        .map(move |item| item.map(|item| item.as_raw_cow()).map_err(|error| malformed(text, &error)))
}

/// The value of a field of an object, as it is written.
pub(crate) fn field<'t>(text: &'t str, name: &str) -> Option<Cow<'t, str>> {
    let members = sonic_rs::to_object_iter(text).map_while(Result::ok);
    members.filter(|(own, _)| *own == name).last().map(|(_, value)| value.as_raw_cow())
}

/// Whether a value is a list. What stands in it is read from the text, element by element.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct IsList(pub(crate) bool);

impl<'de> Deserialize<'de> for IsList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(matches!(Lenient::<IgnoredAny>::deserialize(deserializer)?, Lenient::Many(_))))
    }
}

/// An element of a list whose depth is known to be bounded.
pub(crate) fn parse_item<'t, T: Deserialize<'t>>(item: Cow<'t, str>) -> Result<T, Refusal> {
    match item {
        Cow::Borrowed(text) => sonic_rs::from_str(text).map_err(|error| malformed(text, &error)),
        // A list in a text that is borrowed has no other elements.
        Cow::Owned(text) => {
            Err(Refusal::Dead(DeadReason::MalformedJson, format!("not in place: {}", quoted(&text))))
        }
    }
}

fn malformed(text: &str, error: &sonic_rs::Error) -> Refusal {
    let what = complaint(error).to_lowercase();
    let text = format!(
        "not JSON: {what}; the record of {} bytes begins {}: send one JSON document a record",
        text.len(),
        quoted(text)
    );
    Refusal::Dead(DeadReason::MalformedJson, text)
}

/// A cheap count first: a document with few brackets cannot be deep.
fn check_depth(text: &str) -> Result<(), Refusal> {
    let bytes = text.as_bytes();
    if memchr2_iter(b'{', b'[', bytes).take(MAX_DEPTH + 1).count() <= MAX_DEPTH {
        return Ok(());
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            let text = format!("nested deeper than {MAX_DEPTH} at byte {at}: flatten the document");
            return Err(Refusal::Dead(DeadReason::TooDeep, text));
        }
    }
    Ok(())
}

/// A value without parts, of whatever type the producer chose.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Scalar<'a> {
    /// Absent, null, a list or an object.
    #[default]
    Missing,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(Cow<'a, str>),
}

impl<'a> Scalar<'a> {
    /// The value as text, trimmed; `None` where there is none or it is blank.
    pub(crate) fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Missing => None,
            Self::Bool(value) => Some(Cow::Borrowed(if value { "true" } else { "false" })),
            Self::Int(value) => Some(Cow::Owned(value.to_string())),
            Self::Float(value) => Some(Cow::Owned(value.to_string())),
            Self::Text(text) => trimmed(text),
        }
    }

    /// The value where it is text.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Missing | Self::Bool(_) | Self::Int(_) | Self::Float(_) => None,
        }
    }

    /// True if it is true: as a flag, or as a word or number with that meaning.
    pub(crate) fn is_true(&self) -> bool {
        match self {
            Self::Bool(value) => *value,
            Self::Int(value) => *value == 1,
            Self::Text(text) => matches!(text.as_ref(), "true" | "True" | "1"),
            Self::Missing | Self::Float(_) => false,
        }
    }

    pub(crate) fn is_missing(&self) -> bool {
        *self == Self::Missing || self.as_str().is_some_and(|text| text.trim().is_empty())
    }
}

/// The first of the named fields that has a value, taken out; where none has, that the one of that name is missing.
pub(crate) fn first_of<'a, const N: usize>(
    fields: [(&'static str, &mut Scalar<'a>); N],
    otherwise: &'static str,
) -> (&'static str, Scalar<'a>) {
    let found = fields.into_iter().find(|(_, value)| !value.is_missing());
    found.map_or((otherwise, Scalar::Missing), |(name, value)| (name, std::mem::take(value)))
}

fn trimmed(text: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let inner = text.trim();
    match (inner.is_empty(), inner.len() == text.len(), text) {
        (true, _, _) => None,
        (false, true, text) => Some(text),
        (false, false, Cow::Borrowed(text)) => Some(Cow::Borrowed(text.trim())),
        (false, false, Cow::Owned(text)) => Some(Cow::Owned(text.trim().to_owned())),
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Scalar<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Scalar::Int(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(value).map_or_else(|_| Scalar::Text(Cow::Owned(value.to_string())), Scalar::Int))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Float(value))
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
        Ok(Scalar::Text(Cow::Owned(value)))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Scalar::Missing)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Missing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Missing)
    }
}

/// One object, a list of them, or something else.
#[derive(Debug, Default)]
pub(crate) enum Lenient<T> {
    /// An object.
    One(T),
    /// A list; what is no object in it is `None`.
    Many(Vec<Option<T>>),
    /// Null, absent or a scalar.
    #[default]
    Other,
}

impl<T> Lenient<T> {
    /// The object; for a list its first.
    pub(crate) fn object(self) -> Option<T> {
        match self {
            Self::One(value) => Some(value),
            Self::Many(values) => values.into_iter().next().flatten(),
            Self::Other => None,
        }
    }

    /// All objects.
    pub(crate) fn objects(self) -> Vec<T> {
        match self {
            Self::One(value) => vec![value],
            Self::Many(values) => values.into_iter().flatten().collect(),
            Self::Other => Vec::new(),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LenientVisitor(PhantomData))
    }
}

struct LenientVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for LenientVisitor<T> {
    type Value = Lenient<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Lenient::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Lenient::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Lenient::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Lenient::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Lenient::Other)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Lenient::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Lenient::One)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element::<Lenient<T>>()? {
            values.push(match value {
                Lenient::One(value) => Some(value),
                Lenient::Many(_) | Lenient::Other => None,
            });
        }
        Ok(Lenient::Many(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(text: &str) -> Option<DeadReason> {
        match parse::<IgnoredAny>(text) {
            Ok(_) | Err(Refusal::Drop(_)) => None,
            Err(Refusal::Dead(reason, _)) => Some(reason),
        }
    }

    #[test]
    fn depth_is_bounded_before_anything_recurses() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(reason(&nested(MAX_DEPTH)), None);
        assert_eq!(reason(&nested(MAX_DEPTH + 1)), Some(DeadReason::TooDeep));
        assert_eq!(reason(&"[".repeat(1_000_000)), Some(DeadReason::TooDeep));
        let brackets_in_text = format!("{{\"a\":\"\\\"{}\"}}", "[".repeat(1_000));
        assert_eq!(reason(&brackets_in_text), None);
        assert_eq!(reason(&format!("[{}]", ["{}"; 500].join(","))), None);
    }

    #[test]
    fn what_is_not_one_document_is_malformed() {
        for text in ["{", "{\"a\":", "nul", "{} {}", "\0", "{\"a\":\"\0\"}", "{'a':1}"] {
            assert_eq!(reason(text), Some(DeadReason::MalformedJson), "{text:?}");
        }
    }

    #[test]
    fn a_scalar_takes_every_type_and_a_lenient_object_every_shape() {
        let scalars: Vec<Scalar<'_>> =
            parse(r#"["a", " \/ ", 7, -1, 1.5, true, null, {}, [1], 18446744073709551615]"#).unwrap();
        let texts: Vec<_> = scalars.into_iter().map(Scalar::text).collect();
        let text = |t: &'static str| Some(Cow::Borrowed(t));
        assert_eq!(
            texts,
            [
                text("a"),
                text("/"),
                text("7"),
                text("-1"),
                text("1.5"),
                text("true"),
                None,
                None,
                None,
                text("18446744073709551615")
            ]
        );
        for (json, objects) in [("{}", 1), ("[{},1,{}]", 2), ("7", 0), ("\"x\"", 0), ("null", 0), ("[]", 0)] {
            let lenient: Lenient<IgnoredAny> = parse(json).unwrap();
            assert_eq!(lenient.objects().len(), objects, "{json}");
        }
    }
}
