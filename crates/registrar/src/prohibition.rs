//! Names of columns that nobody knows and that may forbid something.

use serde_json::Value;

/// Parts of names that forbid where the value is set; small letters and digits only.
const FORBIDS: &[&str] = &[
    "donot",
    "dont",
    "dnc",
    "optout",
    "optedout",
    "unsubscri",
    "suppress",
    "blacklist",
    "blocklist",
    "blocked",
    "denylist",
    "nocontact",
    "nomail",
    "noemail",
    "nocall",
    "nophone",
    "forbid",
    "prohibit",
    "exclud",
    "legalhold",
    "forget",
    "erasure",
    "complain",
    "deceased",
    "objection",
    "sperr",
    "keinkontakt",
    "keinewerbung",
    "widerspruch",
    "nepas",
    "desabonn",
];
/// Parts of names that forbid where the value is no.
const PERMITS: &[&str] = &["consent", "optin", "optedin", "permission", "gdpr", "einwilligung", "mailable"];

/// True if a column of that name may forbid something. The name has small letters and digits only.
pub(crate) fn may_forbid(name: &str) -> bool {
    FORBIDS.iter().chain(PERMITS).any(|part| name.contains(part))
}

/// True if the value under such a name may forbid something.
pub(crate) fn forbids(name: &str, value: &Value) -> bool {
    let said = Said::of(value);
    if PERMITS.iter().any(|part| name.contains(part)) && !FORBIDS.iter().any(|part| name.contains(part)) {
        return !matches!(said, Said::Nothing | Said::Yes);
    }
    may_forbid(name) && !matches!(said, Said::Nothing | Said::No)
}

/// The meaning of a value as a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Nothing: it is empty.
    Nothing,
    /// Yes.
    Yes,
    /// No.
    No,
    /// Something else.
    Other,
}

impl Said {
    /// Of a value, as JSON, spreadsheets and databases write flags.
    pub(crate) fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Nothing,
            Value::Bool(true) => Self::Yes,
            Value::Bool(false) => Self::No,
            Value::Number(number) => match number.as_f64() {
                Some(1.0) => Self::Yes,
                Some(0.0) => Self::No,
                _ => Self::Other,
            },
            Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "" => Self::Nothing,
                "true" | "yes" | "y" | "1" | "t" | "1.0" => Self::Yes,
                "false" | "no" | "n" | "0" | "f" | "0.0" => Self::No,
                _ => Self::Other,
            },
            Value::Array(items) if items.is_empty() => Self::Nothing,
            Value::Array(_) | Value::Object(_) => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_that_forbids_does_so_unless_its_value_says_no() {
        for (name, value, expected) in [
            ("donotemail", json!(true), true),
            ("dncflag", json!("X"), true),
            ("dncflag", json!("0"), false),
            ("emailoptout", json!(1), true),
            ("emailoptout", json!(0), false),
            ("werbesperre", json!("ja"), true),
            ("blockeduntil", json!("2027-01-01"), true),
            ("blockeduntil", json!(""), false),
            ("gdprconsent", json!(false), true),
            ("gdprconsent", json!("withdrawn"), true),
            ("gdprconsent", json!(true), false),
            ("gdprconsent", json!(null), false),
            ("industry", json!("Steel"), false),
            ("billingcity", json!("Rome"), false),
        ] {
            assert_eq!(forbids(name, &value), expected, "{name} {value}");
        }
    }
}
