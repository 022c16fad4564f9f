//! The language that an account or a person is written to in.

use serde_json::Value;

use crate::error::RowError;
use crate::fields::{Fields, wrong};

/// The tag of the field `language`, in lower case but its region: `pt-BR`.
pub(crate) fn language(fields: &Fields<'_>) -> Result<Option<String>, RowError> {
    let Some(text) = fields.text(&["language"])? else { return Ok(None) };
    tag(&text)
        .map(Some)
        .ok_or_else(|| wrong("language", &Value::from(text), "write a BCP 47 tag such as en, ja or pt-BR"))
}

/// The tag; CRMs write `pt_BR`, too.
fn tag(text: &str) -> Option<String> {
    let mut parts = text.trim().split(['-', '_']);
    let first = parts.next().filter(|part| (2..=3).contains(&part.len()))?;
    let is_alphabetic = |part: &str| part.chars().all(|c| c.is_ascii_alphabetic());
    if !is_alphabetic(first) {
        return None;
    }
    let mut tag = first.to_ascii_lowercase();
    for part in parts {
        let is_part = (2..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric());
        if !is_part {
            return None;
        }
        tag.push('-');
        match part.len() {
            2 if is_alphabetic(part) => tag.push_str(&part.to_ascii_uppercase()),
            _ => tag.push_str(&part.to_ascii_lowercase()),
        }
    }
    Some(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_as_crms_write_it_and_a_name_is_none() {
        for (written, read) in [("en", "en"), ("pt_BR", "pt-BR"), ("JA", "ja"), ("zh-hant-tw", "zh-hant-TW")]
        {
            assert_eq!(tag(written).as_deref(), Some(read), "{written}");
        }
        for wrong in ["English", "", "e", "en--US", "12"] {
            assert_eq!(tag(wrong), None, "{wrong}");
        }
    }
}
