//! The committed schema and the shipped policy against the code.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;

use winback_policy::{policy_schema, test_policy};

fn shipped(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/policies").join(name);
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_committed_schema_is_that_of_the_code() {
    let made = serde_json::to_value(policy_schema()).unwrap();
    let committed: serde_json::Value = serde_json::from_str(&shipped("policy.schema.json")).unwrap();
    assert!(made == committed, "write it anew: winback policy schema > config/policies/policy.schema.json");
}

#[test]
fn the_schema_knows_every_key_of_the_shipped_policy_and_says_what_each_is() {
    let schema = serde_json::to_value(policy_schema()).unwrap();
    let properties = schema["properties"].as_object().unwrap();
    let policy: toml::Table = toml::from_str(&shipped("default.toml")).unwrap();
    for key in policy.keys() {
        assert!(properties.contains_key(key), "no {key}");
    }
    assert_eq!(
        (&schema["additionalProperties"], &schema["required"]),
        (&false.into(), &serde_json::json!(["name"]))
    );
    let pattern = schema["properties"]["quiet"]["pattern"].as_str().unwrap();
    assert!(pattern.contains("[0-9]+"), "{pattern}");
    assert!(schema["properties"]["quiet"]["description"].as_str().unwrap().contains("burst"));
    assert!(!schema.to_string().contains("\"null\""), "TOML has no null");
    let kinds = schema["properties"]["kinds"]["propertyNames"]["enum"].as_array().unwrap();
    assert!(kinds.contains(&"web_visit".into()), "{kinds:?}");
}

#[test]
fn the_shipped_policy_holds_its_own_tests() {
    let tests = test_policy(&shipped("default.toml")).unwrap();
    assert!(tests.len() >= 4);
    for test in tests {
        assert_eq!(test.failure, None, "{} (line {})", test.name, test.line);
    }
}
