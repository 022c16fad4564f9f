//! Finding values in a document: RFC 6901 pointers and constants.

use std::borrow::Cow;

use sonic_rs::{JsonContainerTrait, JsonType, JsonValueTrait, Value};

use crate::json::Scalar;

/// A JSON pointer, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pointer {
    text: String,
    steps: Vec<String>,
}

impl Pointer {
    /// The pointer in that text, or what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = |fix: &str| Err(format!("{fix}, such as /company/name"));
        let Some(rest) = text.strip_prefix('/') else {
            return wrong("a field is a JSON pointer that begins with /");
        };
        let mut steps = Vec::new();
        for step in rest.split('/') {
            if step.replace("~0", "").replace("~1", "").contains('~') {
                return wrong("in a JSON pointer ~ is written ~0 and / is written ~1");
            }
            steps.push(step.replace("~1", "/").replace("~0", "~"));
        }
        Ok(Self { text: text.to_owned(), steps })
    }

    /// The value there.
    pub(super) fn find<'v>(&self, root: &'v Value) -> Option<&'v Value> {
        self.steps.iter().try_fold(root, |value, step| match value.get_type() {
            JsonType::Object => value.get(step.as_str()),
            JsonType::Array => value.get(step.parse::<usize>().ok()?),
            JsonType::Null | JsonType::Boolean | JsonType::Number | JsonType::String => None,
        })
    }

    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The column of a row that it stands in.
    pub(super) fn column(&self) -> Option<&str> {
        self.steps.first().map(String::as_str)
    }
}

/// A field: where its value stands, or its value.
#[derive(Clone, Debug)]
pub(super) enum Field {
    At(Pointer),
    /// In the record around the event.
    Around(Pointer),
    Constant(String),
}

impl Field {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        match (text.strip_prefix('='), text.strip_prefix('^')) {
            (Some(constant), _) => Ok(Self::Constant(constant.to_owned())),
            (None, Some(around)) => Pointer::parse(around).map(Self::Around),
            (None, None) => Pointer::parse(text).map(Self::At),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            Self::At(pointer) | Self::Around(pointer) => pointer.as_str(),
            Self::Constant(value) => value,
        }
    }
}

/// A document with what its mapping takes for no value.
#[derive(Clone, Copy)]
pub(super) struct Document<'v> {
    pub(super) root: &'v Value,
    /// The record that the event stands in; the event itself where it is all of it.
    pub(super) around: &'v Value,
    pub(super) absent: &'v [String],
}

impl<'v> Document<'v> {
    /// The first of the fields that has a value.
    pub(super) fn first(&self, fields: &'v [Field]) -> Option<(&'v str, Scalar<'v>)> {
        fields.iter().find_map(|field| self.value(field).map(|value| (field.as_str(), value)))
    }

    /// The first of the fields that has a value, as text.
    pub(super) fn text(&self, fields: &'v [Field]) -> Option<Cow<'v, str>> {
        self.first(fields).and_then(|(_, value)| value.text())
    }

    /// Every text of the first of the fields that has a value: each of a list, or what commas part.
    pub(super) fn texts(&self, fields: &'v [Field], most: usize) -> Vec<String> {
        let absent = |text: &str| self.absent.iter().any(|no| no.eq_ignore_ascii_case(text));
        for field in fields {
            let list = match field {
                Field::At(pointer) => pointer.find(self.root).and_then(|value| value.as_array()),
                Field::Around(pointer) => pointer.find(self.around).and_then(|value| value.as_array()),
                Field::Constant(_) => None,
            };
            let texts: Vec<String> = match list {
                Some(list) => list
                    .iter()
                    .filter(|part| !part.is_array())
                    .filter_map(|part| scalar(part).text())
                    .filter(|text| !absent(text))
                    .take(most)
                    .map(Cow::into_owned)
                    .collect(),
                None => {
                    let text = self.text(std::slice::from_ref(field)).unwrap_or_default();
                    let parts = text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty());
                    parts.take(most).map(str::to_owned).collect()
                }
            };
            if !texts.is_empty() {
                return texts;
            }
        }
        Vec::new()
    }

    fn value(&self, field: &'v Field) -> Option<Scalar<'v>> {
        let value = match field {
            Field::Constant(value) => Scalar::Text(Cow::Borrowed(value)),
            Field::At(pointer) => scalar(pointer.find(self.root)?),
            Field::Around(pointer) => scalar(pointer.find(self.around)?),
        };
        let absent = |text: &str| self.absent.iter().any(|no| no.eq_ignore_ascii_case(text.trim()));
        (!value.is_missing() && !value.as_str().is_some_and(absent)).then_some(value)
    }
}

/// A value without parts; a list of them as one text.
fn scalar(value: &Value) -> Scalar<'_> {
    match value.get_type() {
        JsonType::Boolean => value.as_bool().map_or(Scalar::Missing, Scalar::Bool),
        JsonType::String => value.as_str().map_or(Scalar::Missing, |text| Scalar::Text(Cow::Borrowed(text))),
        JsonType::Number => match (value.as_i64(), value.as_f64()) {
            (Some(whole), _) => Scalar::Int(whole),
            (None, Some(number)) => Scalar::Float(number),
            (None, None) => Scalar::Missing,
        },
        JsonType::Array => {
            let parts = value.as_array().into_iter().flatten();
            let texts: Vec<_> =
                parts.filter(|part| !part.is_array()).filter_map(|part| scalar(part).text()).collect();
            Scalar::Text(Cow::Owned(texts.join(", ")))
        }
        JsonType::Null | JsonType::Object => Scalar::Missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_finds_what_it_names() {
        let root: Value =
            sonic_rs::from_str(r#"{"a":{"b":[{"c":7},"x"]},"d/e":"s","f~":true,"":null,"l":["p","q"]}"#)
                .unwrap();
        let table = [
            ("/a/b/0/c", Some("7")),
            ("/a/b/1", Some("x")),
            ("/a/b/2", None),
            ("/a/b/x", None),
            ("/d~1e", Some("s")),
            ("/f~0", Some("true")),
            ("/", None),
            ("/l", Some("p, q")),
            ("/a", None),
            ("/l/0/x", None),
            ("=fixed", Some("fixed")),
        ];
        for (text, expected) in table {
            let fields = [Field::parse(text).unwrap()];
            let document = Document { root: &root, around: &root, absent: &[] };
            assert_eq!(document.text(&fields).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_text_that_is_no_pointer_is_refused() {
        for text in ["", "a", "a/b", "/a~b", "/a~2"] {
            assert!(Pointer::parse(text).is_err(), "{text}");
        }
    }
}
