//! A file name from foreign text: nothing in it can leave its directory or surprise a shell.

const MAX_CHARS: usize = 60;

/// Lower-case ASCII letters, digits and single dashes, from the first of `texts` that gives any.
pub(crate) fn slug(texts: &[&str]) -> String {
    texts.iter().map(|text| of(text)).find(|slug| !slug.is_empty()).unwrap_or_else(|| "account".to_owned())
}

fn of(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if slug.len() >= MAX_CHARS {
            break;
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_cannot_leave_its_directory() {
        let cases = [
            ("Northwind Tools", "northwind-tools"),
            ("../../etc/passwd", "etc-passwd"),
            ("..", "acc-1"),
            ("/", "acc-1"),
            ("C:\\Windows\\system32", "c-windows-system32"),
            ("a\0b\nc", "a-b-c"),
            ("-rf *", "rf"),
            ("北京公司", "acc-1"),
            ("Société Générale & Co.", "soci-t-g-n-rale-co"),
            ("", "acc-1"),
        ];
        for (name, expected) in cases {
            assert_eq!(slug(&[name, "acc_1"]), expected, "{name}");
        }
        assert_eq!(slug(&["..", "/"]), "account");
        assert!(slug(&["x".repeat(500).as_str()]).len() <= MAX_CHARS);
    }
}
