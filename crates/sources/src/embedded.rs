//! JSON that producers write in more ways than one: a value or the same as text, one text or a list of them.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::json::{Lenient, Scalar};

/// A document, or a text that holds one, as where a column can only hold text.
#[derive(Debug)]
pub(crate) enum Embedded<'a, T> {
    /// As text, still to be parsed.
    Text(Cow<'a, str>),
    /// As itself.
    Value(Lenient<T>),
}

impl<T> Default for Embedded<'_, T> {
    fn default() -> Self {
        Self::Value(Lenient::Other)
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Embedded<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EmbeddedVisitor(PhantomData))
    }
}

struct EmbeddedVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for EmbeddedVisitor<T> {
    type Value = Embedded<'de, T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Embedded::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Embedded::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Embedded::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Embedded::default())
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Embedded::default())
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Embedded::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Embedded::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Lenient::deserialize(MapAccessDeserializer::new(map)).map(Embedded::Value)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        Lenient::deserialize(SeqAccessDeserializer::new(seq)).map(Embedded::Value)
    }
}

/// One text, or a list of them.
#[derive(Debug, Default)]
pub(crate) struct Several<'a>(pub(crate) Vec<Scalar<'a>>);

impl<'a> Several<'a> {
    /// The first value; missing where there is none.
    pub(crate) fn first(self) -> Scalar<'a> {
        self.0.into_iter().next().unwrap_or_default()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Several<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SeveralVisitor)
    }
}

struct SeveralVisitor;

impl<'de> Visitor<'de> for SeveralVisitor {
    type Value = Several<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Several(vec![Scalar::Bool(value)]))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Several(vec![Scalar::Int(value)]))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Several(vec![Scalar::Text(Cow::Owned(value.to_string()))]))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Several(vec![Scalar::Float(value)]))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Several::default())
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Several(vec![Scalar::Text(Cow::Borrowed(text))]))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Several(vec![Scalar::Text(Cow::Owned(text.to_owned()))]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(Several(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Several::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn a_document_is_read_as_itself_or_as_the_text_that_holds_it() {
        let read = |json: &str| match parse::<Embedded<'_, IgnoredAny>>(json).unwrap() {
            Embedded::Text(text) => text.into_owned(),
            Embedded::Value(value) => value.objects().len().to_string(),
        };
        let table = [
            (r#"{"a":1}"#, "1"),
            ("[{},{}]", "2"),
            (r#""{\"a\":1}""#, r#"{"a":1}"#),
            (r#""plain""#, "plain"),
            ("null", "0"),
            ("7", "0"),
            ("true", "0"),
        ];
        for (json, expected) in table {
            assert_eq!(read(json), expected, "{json}");
        }
    }

    #[test]
    fn one_text_and_a_list_of_them_are_read_alike() {
        let read = |json: &str| parse::<Several<'_>>(json).unwrap().0.len();
        for (json, count) in
            [(r#""a""#, 1), (r#"["a","b",{}]"#, 3), ("null", 0), ("{}", 0), ("7", 1), ("[]", 0)]
        {
            assert_eq!(read(json), count, "{json}");
        }
    }
}
