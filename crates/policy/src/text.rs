//! TOML errors and TOML texts, for people.

use winback_core::text::nearest;

/// A TOML error in one line: where it is, what it is and, for an unknown key, the nearest right one.
pub fn explain_toml(text: &str, error: &toml::de::Error) -> String {
    let at = error.span().map(|span| span.start.min(text.len()));
    let line = at.map(|at| text[..at].matches('\n').count() + 1);
    let message = error.message().replace('\n', " ");
    let place = line.map_or_else(String::new, |line| format!("line {line}: "));
    if let Some((field, known)) = unknown_field(&message) {
        return format!("{place}unknown key `{field}`{}", nearest(field, &known));
    }
    let key = at.and_then(|at| key_before(text, at)).map_or_else(String::new, |key| format!("{key}: "));
    format!("{place}{key}{message}")
}

/// The key whose value stands at `at`, when both are on one line.
fn key_before(text: &str, at: usize) -> Option<&str> {
    let line = text[..at].rsplit('\n').next()?;
    let key = line.split_once('=')?.0.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '"');
    (!key.is_empty() && key.chars().all(plain)).then_some(key)
}

/// Takes serde's "unknown field `a`, expected one of `b`, `c`" apart.
fn unknown_field(message: &str) -> Option<(&str, Vec<&str>)> {
    let mut quoted = message.strip_prefix("unknown field `")?.split('`');
    let field = quoted.next()?;
    let known = quoted.skip(1).step_by(2).collect();
    Some((field, known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its errors are looked at")]
    struct Config {
        quiet: u32,
        max_wait: Option<u32>,
    }

    #[test]
    fn an_error_names_line_key_and_fix() {
        for (text, expected) in [
            ("quiet = 1\nmax_wiat = 2", "line 2: unknown key `max_wiat`: did you mean `max_wait`?"),
            ("# two\nquiet = \"soon\"", "line 2: quiet: invalid type: string \"soon\", expected u32"),
            ("max_wait = 3", "line 1: missing field `quiet`"),
        ] {
            let error = toml::from_str::<Config>(text).unwrap_err();
            assert_eq!(explain_toml(text, &error), expected);
        }
    }
}
