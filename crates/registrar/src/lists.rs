//! Lists of a row: JSON, or text with `;` between.

use serde_json::Value;
use winback_core::privacy::addresses;

use crate::strict::Strict;

/// The parts of a text with `;` between. A `;` within an address, such as that of `&#64;`, splits nothing.
pub(crate) fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut cuts: Vec<usize> = text.match_indices(';').map(|(at, _)| at).collect();
    if !cuts.is_empty() {
        let found = addresses(text);
        cuts.retain(|at| !found.iter().any(|address| address.range.contains(at)));
    }
    let mut from = 0;
    let ends: Vec<_> = cuts.into_iter().chain([text.len()]).collect();
    let all = ends.into_iter().map(move |end| {
        let part = text[from..end].trim();
        from = end + 1;
        part
    });
    all.filter(|part| !part.is_empty())
}

/// The list that a text holds as JSON, as a database's column has it.
pub(crate) fn of_text(text: &str) -> Option<Value> {
    let text = text.trim();
    let Strict(value) = text.starts_with(['[', '{']).then(|| serde_json::from_str(text).ok())??;
    Some(if value.is_object() { Value::Array(vec![value]) } else { value })
}

/// One list of both.
pub(crate) fn joined(first: Value, second: Value) -> Value {
    let mut items = items(first);
    for item in self::items(second) {
        if !items.contains(&item) {
            items.push(item);
        }
    }
    Value::Array(items)
}

fn items(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        Value::String(text) => parts(&text).map(Value::from).collect(),
        Value::Null => Vec::new(),
        other => vec![other],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_address_in_disguise_is_not_cut() {
        let all: Vec<&str> = parts("a; x jane&#64;acme.com y ;;b").collect();
        assert_eq!(all, ["a", "x jane&#64;acme.com y", "b"]);
    }

    #[test]
    fn two_lists_are_joined_without_what_is_in_both() {
        assert_eq!(joined(json!("a;b"), json!(["b", "c"])), json!(["a", "b", "c"]));
        assert_eq!(of_text(r#" [{"email":"x"}]"#), Some(json!([{"email":"x"}])));
        assert_eq!(of_text("[broken"), None);
    }
}
