//! A policy file as a record of the inbox.

use winback_core::debounce::{PolicyContent, PolicyRecord, shadow};

use crate::file::parse;

/// The record of a file that was applied under that name and version. A file that is no policy is a record, too: each
/// partition refuses it with a dead letter. An empty file ends the shadow of that name.
pub fn record(name: &str, version: u32, text: &str) -> PolicyRecord {
    if text.is_empty() && shadow::is_shadow(name) {
        return PolicyRecord::shadow_ended(name, version);
    }
    let content = match parse(text, version) {
        Ok(policy) => PolicyContent::Compiled(policy.into()),
        Err(error) => PolicyContent::Invalid(error.to_string()),
    };
    PolicyRecord { name: name.into(), version, text: text.into(), content }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_a_policy_the_end_of_a_shadow_or_what_is_wrong_with_it() {
        assert_eq!(record("p", 3, "name = \"p\"").policy().map(|policy| policy.version), Some(3));
        assert!(record("p~shadow", 3, "").is_end());
        for text in ["", "nonsense", "name = \"p\"\nquiet = \"30\""] {
            let record = record("p", 3, text);
            let PolicyContent::Invalid(why) = &record.content else { panic!("{record:?}") };
            assert_eq!(*why, parse(text, 3).unwrap_err().to_string());
        }
    }
}
