//! The JSON schema of a policy file, for editors: made of the structs that read it, so that no key is missing.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::file::File;

/// A length of time as files have it.
pub(crate) const SPAN: &str = r"^\s*[0-9]+\s*(ms|s|m|min|h|d)\s*$";

/// The JSON schema (draft 7) of a policy file.
pub fn policy_schema() -> Schema {
    schema_of::<File>("A policy of winback")
}

/// The JSON schema (draft 7) of a TOML file that is read by that type.
pub fn schema_of<F: JsonSchema>(title: &str) -> Schema {
    let settings = SchemaSettings::draft07().with_transform(RecursiveTransform(without_null));
    let mut schema = settings.into_generator().into_root_schema_for::<F>();
    schema.insert("title".to_owned(), title.into());
    schema
}

/// A TOML file has no null: what may be left out just is.
fn without_null(schema: &mut Schema) {
    let Some(types) = schema.get_mut("type") else { return };
    let Some(several) = types.as_array_mut() else { return };
    several.retain(|name| name.as_str() != Some("null"));
    if let [only] = several.as_slice() {
        *types = only.clone();
    }
}

/// The schema of a length of time.
pub(crate) struct Length;

impl JsonSchema for Length {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Length".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "A whole number and a unit: 500ms, 30s, 30m, 24h or 14d.",
            "pattern": SPAN,
            "examples": ["30m", "14d"]
        })
    }
}

/// The names of a closed list.
pub fn names<T: Copy>(all: &[T], name: impl Fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|value| name(*value)).collect()
}
