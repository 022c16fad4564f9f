//! A few words about a signal, from its fields: `{/company} raised[ {/amount}][ ({/round})]`.

use super::pointer::{Document, Field};

/// A text with holes.
#[derive(Debug)]
pub(super) struct Template(Vec<Part>);

#[derive(Debug)]
enum Part {
    Text(String),
    /// The first of the fields that has a value.
    Hole(Vec<Field>),
    /// Left out when a hole in it has no value.
    Optional(Template),
}

impl Template {
    /// The template in that text, or what is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '[', '}', ']']) {
            if at > 0 {
                parts.push(Part::Text(rest[..at].to_owned()));
            }
            let close = match rest.as_bytes()[at] {
                b'{' => '}',
                b'[' => ']',
                _ => return Err(format!("`{}` closes what was not opened", &rest[at..=at])),
            };
            let inside = &rest[at + 1..];
            let end = inside.find(close).ok_or_else(|| format!("`{}` is not closed", &rest[at..=at]))?;
            parts.push(match close {
                '}' => Part::Hole(inside[..end].split('|').map(Field::parse).collect::<Result<_, _>>()?),
                _ if inside[..end].contains('[') => return Err("`[` may not stand within `[…]`".to_owned()),
                _ => Part::Optional(Self::parse(&inside[..end])?),
            });
            rest = &inside[end + 1..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The text for that document.
    pub(super) fn fill(&self, document: Document<'_>) -> String {
        let mut out = String::with_capacity(64);
        self.write(document, &mut out);
        let end = out.trim_end().len();
        out.truncate(end);
        out
    }

    /// True if every hole had a value.
    fn write(&self, document: Document<'_>, out: &mut String) -> bool {
        let mut full = true;
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Hole(fields) => match document.text(fields) {
                    Some(value) => out.push_str(&value),
                    None => full = false,
                },
                Part::Optional(inner) => {
                    let before = out.len();
                    if !inner.write(document, out) {
                        out.truncate(before);
                    }
                }
            }
        }
        full
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_filled_and_leaves_out_what_is_not_known() {
        let absent = ["n/a".to_owned()];
        let table = [
            (
                "{/co} raised[ {/sum}][ ({/round})]",
                r#"{"co":"Acme","sum":"5,00,000","round":"A"}"#,
                "Acme raised 5,00,000 (A)",
            ),
            ("{/co} raised[ {/sum}][ ({/round})]", r#"{"co":"Acme","sum":"N/A"}"#, "Acme raised"),
            ("{/a|/b}", r#"{"a":"","b":7}"#, "7"),
            ("plain", "{}", "plain"),
            ("", "{}", ""),
        ];
        for (template, json, expected) in table {
            let root = sonic_rs::from_str(json).unwrap();
            let document = Document { root: &root, around: &root, absent: &absent };
            assert_eq!(Template::parse(template).unwrap().fill(document), expected);
        }
    }

    #[test]
    fn a_template_that_cannot_be_filled_is_refused() {
        for template in ["{/a", "[x", "}", "]", "{a}", "[[x]]"] {
            assert!(Template::parse(template).is_err(), "{template}");
        }
    }
}
