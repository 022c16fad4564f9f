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
