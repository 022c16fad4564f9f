//! The documented files against the code's defaults.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};

use winback_core::debounce::Policy;
use winback_deployment::config::Config;

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config").join(name)
}

fn load(text: &str, environment: &[(&str, &str)]) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("winback.toml");
    std::fs::write(&path, text).unwrap();
    let of =
        |name: &str| environment.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
    Config::load(Some(&path), &of).map_err(|error| error.to_string())
}

/// The keys of a document, dotted.
fn keys(value: &toml::Value, prefix: &str, into: &mut Vec<String>) {
    let Some(table) = value.as_table() else { return into.push(prefix.to_owned()) };
    for (key, value) in table {
        keys(value, &format!("{prefix}.{key}"), into);
    }
}

#[test]
fn the_documented_file_says_what_the_code_does_without_a_file() {
    let documented = std::fs::read_to_string(shipped("winback.toml")).unwrap();
    assert_eq!(load(&documented, &[]).unwrap(), load("", &[]).unwrap());
}

#[test]
fn the_former_name_of_a_key_is_read() {
    let now = load("[lanes]\nunavailable_timeout = \"7s\"", &[]).unwrap();
    assert_ne!(now, load("", &[]).unwrap());
    assert_eq!(load("[lanes]\npatience = \"7s\"", &[]).unwrap(), now);
}

#[test]
fn no_key_of_the_defaults_is_missing_in_the_documented_file() {
    let documented = std::fs::read_to_string(shipped("winback.toml")).unwrap();
    let documented: toml::Value = toml::from_str(&documented).unwrap();
    let defaults: toml::Value = toml::from_str(&toml::to_string(&load("", &[]).unwrap()).unwrap()).unwrap();
    let (mut there, mut needed) = (Vec::new(), Vec::new());
    keys(&documented, "", &mut there);
    keys(&defaults, "", &mut needed);
    // One source shows every key of a source.
    needed.retain(|key| !key.starts_with(".sources.") || key.starts_with(".sources.web."));
    let missing: Vec<&String> = needed.iter().filter(|key| !there.contains(key)).collect();
    assert!(missing.is_empty(), "config/winback.toml lacks {missing:?}");
}

#[test]
fn the_examples_of_keys_without_a_default_can_be_used_as_they_stand() {
    let documented = std::fs::read_to_string(shipped("winback.toml")).unwrap();
    let uncomment = |line: &str| match line.strip_prefix('#') {
        Some(key) if !key.is_empty() && !key.starts_with(' ') => key.to_owned(),
        _ => line.to_owned(),
    };
    let all: Vec<String> = documented.lines().map(uncomment).collect();
    let config =
        load(&all.join("\n"), &[("KAFKA_PASSWORD", "hush"), ("REGISTRY_PASSWORD", "mumble")]).unwrap();
    assert_eq!(config.schema_registry.as_ref().map(|registry| registry.password.as_str()), Some("mumble"));
    assert_eq!(config.kafka.properties["sasl.password"], "hush");
    let webhook = config.worker.webhook.clone().unwrap();
    assert!(webhook.retry_policy().is_ok() && webhook.max_attempts.is_some());
    let shown = config.redacted();
    assert!(
        !shown.contains("hush")
            && !shown.contains("mumble")
            && !shown.contains("whsec_")
            && !shown.contains("hooks.example.com"),
        "{shown}"
    );
}

#[test]
fn what_a_variable_gave_is_shown_by_the_variables_name_and_nowhere_else() {
    let text = "[kafka.properties]\n\"sasl.username\" = \"env:A\"\n\"sasl.password\" = \"env:B\"\n\
                \"client.rack\" = \"env:C\"\n[privacy]\nkey = \"env:D\"\n[schema_registry]\n\
                url = \"https://r.example\"\nuser = \"env:E\"\npassword = \"env:F\"\n[worker.webhook]\n\
                url = \"env:G\"\nsecret = \"env:H\"\nheaders = { authorization = \"env:I\" }\n";
    let value = |name: &str| format!("t0ken-of-{name}-which-is-longer-than-32-characters");
    let names = ["A", "B", "C", "D", "E", "F", "G", "H", "I"];
    let values: Vec<String> = names.iter().map(|name| value(name)).collect();
    let environment: Vec<(&str, &str)> = names.into_iter().zip(values.iter().map(String::as_str)).collect();
    let config = load(text, &environment).unwrap();
    assert_eq!(config.kafka.properties["client.rack"], value("C"));
    let shown = config.redacted();
    for name in names {
        assert!(shown.contains(&format!("\"env:{name}\"")), "{name}: {shown}");
    }
    let registry = config.schema_registry.clone().unwrap();
    let debugged =
        format!("{config:?} {:?} {:?} {:?} {registry:?}", config.kafka, config.privacy, config.worker);
    assert!(!shown.contains("t0ken") && !debugged.contains("t0ken"), "{shown}\n{debugged}");
    for missing in names {
        let rest: Vec<(&str, &str)> =
            environment.iter().copied().filter(|(name, _)| *name != missing).collect();
        let error = load(text, &rest).unwrap_err();
        assert!(error.contains(&format!("the variable {missing},")) && !error.contains("t0ken"), "{error}");
    }
}

#[test]
fn a_password_within_an_address_is_not_shown() {
    let config =
        load("log = \"kafka://me:t0ken@h:1\"\n[kafka.properties]\n\"SASL.Password\" = \"t0ken\"\n", &[]);
    let config = config.unwrap();
    assert!(!config.redacted().contains("t0ken"), "{}", config.redacted());
}

#[test]
fn names_of_the_server_are_hosts() {
    assert!(load("[http]\nnames = [\"winback.internal\", \"10.0.0.7\"]", &[]).is_ok());
    for wrong in ["*", "http://x", "x:80", ""] {
        let error = load(&format!("[http]\nnames = [\"{wrong}\"]"), &[]).unwrap_err();
        assert!(error.contains("http.names") && error.contains("without scheme"), "{error}");
    }
}

#[test]
fn what_is_shown_can_be_read_again() {
    let config = load("", &[]).unwrap();
    assert_eq!(Config::parse(&config.redacted()).unwrap(), config);
}

#[test]
fn a_wrong_config_names_the_file_the_key_the_value_and_the_fix() {
    for (text, parts) in [
        ("deploymnt = \"x\"", &["winback.toml", "line 1", "deploymnt", "`deployment`"][..]),
        ("[lanes]\nmatchr = 2", &["line 2", "matchr", "`matcher`"]),
        ("[lanes]\nmatcher = 0", &["lanes.matcher = 0", "1 to 64"]),
        ("[logging]\nformat = \"text\"", &["logging.format", "text", "human"]),
        ("[http]\nlisten = \"0.0.0.0:9464\"", &["http.listen", "0.0.0.0:9464", "allow_remote"]),
        ("[http]\nlisten = \"9464\"", &["http.listen", "9464", "127.0.0.1:9464"]),
        ("deployment = \"a b\"", &["deployment", "a b", "letters"]),
        (
            "[sources.web]\ntopic = \"accounts\"\npreset = \"web\"\nstart = \"earliest\"",
            &["sources.web.topic", "accounts.topic"],
        ),
        ("[sources.web]\ntopic = \"w\"\npreset = \"web\"", &["start"]),
        ("[worker]\nstale_after = \"2 weeks\"", &["2 weeks", "14d"]),
        (
            "[sources.web]\ntopic = \"w\"\npreset = \"web\"\nstart = \"earliest\"\nwire = \"confluent\"",
            &["sources.web.wire", "[schema_registry] url"],
        ),
        ("[accounts]\nwire = \"confluent\"", &["accounts.wire", "[schema_registry] url"]),
        (
            "[schema_registry]\nurl = \"http://registry.example\"",
            &["schema_registry.url", "others can read", "https"],
        ),
        ("[schema_registry]\nurl = \"https://me:hush@registry.example\"", &["schema_registry.user"]),
        ("[schema_registry]\nurl = \"https://r\"\ntimeout = \"0s\"", &["schema_registry.timeout", "100ms"]),
        (
            "[schema_registry]\nurl = \"https://r\"\npassword = \"env:NOT_SET\"",
            &["schema_registry.password", "NOT_SET"],
        ),
        ("[kafka.properties]\n\"sasl.password\" = \"env:NOT_SET\"", &["sasl.password", "NOT_SET"]),
    ] {
        let error = load(text, &[]).unwrap_err();
        for part in parts {
            assert!(error.contains(part), "{text:?} says {error:?}, not {part:?}");
        }
    }
}

#[test]
fn the_environment_overrides_the_file() {
    let config =
        load("log = \"sqlite:a.db\"", &[("WINBACK_LOG", "sqlite:b.db"), ("WINBACK_LOG_FORMAT", "json")])
            .unwrap();
    assert_eq!((config.log.as_str(), config.logging.format.as_str()), ("sqlite:b.db", "json"));
    let error = load("", &[("WINBACK_LOG_FORMAT", "xml")]).unwrap_err();
    assert!(error.contains("xml") && error.contains("human"), "{error}");
}

#[test]
fn the_shipped_policy_says_what_the_code_does_but_for_its_caps_and_plays() {
    let text = std::fs::read_to_string(shipped("policies/default.toml")).unwrap();
    let shipped = winback_policy::parse(&text, 1).unwrap();
    let silent = winback_policy::parse("name = \"default\"", 1).unwrap();
    assert!(!shipped.caps.is_empty() && !shipped.plays.is_empty());
    assert_eq!(Policy { caps: silent.caps.clone(), plays: silent.plays.clone(), ..shipped }, silent);
}
