//! A field of a form, as a webhook posts it (`application/x-www-form-urlencoded`) and a gateway writes it through.

/// The value of the field, where the text is a form that has it.
pub(super) fn field(text: &str, name: &str) -> Option<String> {
    text.split('&').find_map(|pair| {
        let value = pair.strip_prefix(name)?.strip_prefix('=')?;
        decoded(value)
    })
}

/// `+` is a space and `%7B` a brace. `None` where an escape is none or the bytes are not UTF-8.
fn decoded(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let (byte, left) = match (first, tail) {
            (b'+', _) => (b' ', tail),
            (b'%', [high, low, left @ ..]) => (digit(*high)? << 4 | digit(*low)?, left),
            (b'%', _) => return None,
            (other, _) => (*other, tail),
        };
        bytes.push(byte);
        rest = left;
    }
    String::from_utf8(bytes).ok()
}

fn digit(byte: u8) -> Option<u8> {
    let value = char::from(byte).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_and_its_escapes_are_undone() {
        let table = [
            ("events=%5B%7B%22a%22%3A+1%7D%5D", Some(r#"[{"a": 1}]"#)),
            ("x=1&events=a%C3%A9&y=2", Some("aé")),
            ("events=", Some("")),
            ("myevents=a", None),
            ("events", None),
            ("events=%", None),
            ("events=%4", None),
            ("events=%zz", None),
            ("events=%ff", None),
            ("", None),
        ];
        for (form, expected) in table {
            assert_eq!(field(form, "events").as_deref(), expected, "{form}");
        }
    }
}
