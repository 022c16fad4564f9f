//! The headers of a mail that came in, in each way that providers write them: an object of names, whose values may be
//! lists; a list of names with their values; a list of objects of one name each.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::is_automatic;
use crate::embedded::Several;
use crate::json::{Lenient, Scalar};

/// Names and values, in their order; of a list of values the first.
#[derive(Debug, Default)]
pub(super) struct Headers<'a>(Vec<(Cow<'a, str>, Scalar<'a>)>);

impl<'a> Headers<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True if a machine wrote the mail, by its own word.
    pub(super) fn say_automatic(&self) -> bool {
        self.0.iter().any(|(name, value)| is_automatic(name, value.as_str().unwrap_or_default()))
    }

    /// The value of the header of that name, in whatever case.
    pub(super) fn take(&mut self, name: &str) -> Scalar<'a> {
        let found = self.0.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| std::mem::take(value)).unwrap_or_default()
    }

    /// Objects with a name and a value become one header; all others, one for each of their names.
    fn of_list(objects: Vec<Self>) -> Self {
        let mut all = Vec::new();
        for Headers(mut pairs) in objects {
            let place = |word: &str| pairs.iter().position(|(name, _)| name.eq_ignore_ascii_case(word));
            match (place("name"), place("value")) {
                (Some(name), Some(value)) => {
                    let value = std::mem::take(&mut pairs[value].1);
                    let name = std::mem::take(&mut pairs[name].1).text();
                    all.extend(name.map(|name| (name, value)));
                }
                _ => all.append(&mut pairs),
            }
        }
        Self(all)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Headers<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let document = Lenient::<Object<'a>>::deserialize(deserializer)?;
        Ok(match document {
            Lenient::One(Object(headers)) => headers,
            Lenient::Many(list) => Self::of_list(list.into_iter().flatten().map(|Object(one)| one).collect()),
            Lenient::Other => Self::default(),
        })
    }
}

/// One object of names and values.
struct Object<'a>(Headers<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor)
    }
}

struct ObjectVisitor;

impl<'de> Visitor<'de> for ObjectVisitor {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some((name, value)) = map.next_entry::<Scalar<'de>, Several<'de>>()? {
            pairs.extend(name.text().map(|name| (name, value.first())));
        }
        Ok(Object(Headers(pairs)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self::Value, A::Error> {
        Ok(Object(Headers::default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::parse;

    #[test]
    fn headers_are_read_however_they_are_written() {
        let table = [
            r#"{"Date":"now","Auto-Submitted":["auto-replied","no"]}"#,
            r#"[{"Name":"Date","Value":"now"},{"name":"auto-submitted","value":"auto-replied"}]"#,
            r#"[{"Date":"now"},{"AUTO-SUBMITTED":"auto-replied"},7]"#,
        ];
        for json in table {
            let mut headers: Headers<'_> = parse(json).unwrap();
            assert!(headers.say_automatic(), "{json}");
            assert_eq!(headers.take("date").text().as_deref(), Some("now"), "{json}");
        }
        for json in ["null", "7", "[]", "{}", r#"{"Auto-Submitted":"no"}"#, r#"[{"name":null,"value":"x"}]"#]
        {
            assert!(!parse::<Headers<'_>>(json).unwrap().say_automatic(), "{json}");
        }
    }
}
