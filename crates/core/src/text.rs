//! Texts that help a person who wrote a config.

/// `: did you mean `x`?` for the candidate that is near enough to what was written, else what there is.
pub fn nearest(word: &str, candidates: &[&str]) -> String {
    let best = candidates
        .iter()
        .map(|candidate| (likeness(word, candidate), candidate))
        .max_by(|left, right| left.0.total_cmp(&right.0));
    match best {
        Some((likeness, candidate)) if likeness > 0.7 => format!(": did you mean `{candidate}`?"),
        _ => format!(": there are {}", candidates.join(", ")),
    }
}

fn likeness(word: &str, candidate: &str) -> f64 {
    if candidate.starts_with(word) && !word.is_empty() {
        return 0.99;
    }
    strsim::jaro_winkler(word, candidate)
}

/// A TOML error in one line: where it is, what it is and, for an unknown key, the nearest right one.
pub fn explain_toml(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
    let message = error.message().replace('\n', " ");
    let place = line.map_or_else(String::new, |line| format!("line {line}: "));
    match unknown_field(&message) {
        Some((field, known)) => format!("{place}unknown key `{field}`{}", nearest(field, &known)),
        None => format!("{place}{message}"),
    }
}

/// Takes serde's "unknown field `a`, expected one of `b`, `c`" apart.
fn unknown_field(message: &str) -> Option<(&str, Vec<&str>)> {
    let mut quoted = message.strip_prefix("unknown field `")?.split('`');
    let field = quoted.next()?;
    let known = quoted.skip(1).step_by(2).collect();
    Some((field, known))
}
