//! Policy files in shadow.

/// The file with `shadow = true`.
pub fn as_shadow(toml: &str) -> String {
    format!("shadow = true\n{}", as_live(toml))
}

/// The file without `shadow`: as it would be in force.
pub fn as_live(toml: &str) -> String {
    let mut in_tables = false;
    let keep = |line: &&str| {
        in_tables |= line.trim_start().starts_with('[');
        in_tables || line.split_once('=').is_none_or(|(key, _)| key.trim() != "shadow")
    };
    toml.split_inclusive('\n').filter(keep).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file::parse;

    #[test]
    fn a_file_is_put_in_shadow_and_made_live_by_one_line() {
        let file = "# ours\nname = \"default\"\nshadow = false # not yet\n[kinds.hiring]\nweight = 3\n";
        let live = "# ours\nname = \"default\"\n[kinds.hiring]\nweight = 3\n";
        assert_eq!(as_live(file), live);
        assert_eq!(as_shadow(file), format!("shadow = true\n{live}"));
        let shadow = parse(&as_shadow(file), 1).unwrap();
        assert_eq!((shadow.name.as_str(), shadow.is_shadow()), ("default~shadow", true));
        assert_eq!(parse(&as_live(file), 1).unwrap().name.as_str(), "default");
    }
}
