//! Properties of the mask, held against a slow and plain way to find addresses.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails it")]

use std::time::Duration;

use proptest::prelude::*;
use winback_core::privacy::{addresses, head, holds_address, masked, told_apart, unnamed, words};

/// The pieces of which texts are made: parts of addresses, their disguises, what stands around them.
fn piece() -> impl Strategy<Value = String> {
    let fixed = prop::sample::select(vec![
        "@",
        "@",
        "%40",
        "%2540",
        "%25",
        "&#64;",
        "&#x40;",
        "&commat;",
        "&amp;",
        "#64;",
        "＠",
        "\\u0040",
        "\\u{40}",
        "\\\"",
        "\\\\",
        ".",
        "%2E",
        "&period;",
        "。",
        "jane",
        "acme.com",
        "x.io",
        "163.com",
        "1.2.3",
        "2x.png",
        "\"",
        "'",
        "\u{200b}",
        "\u{ad}",
        "\0",
        " ",
        "/",
        "=",
        "(address)",
        "%",
        "&",
        "\\",
        "(",
        ")",
        "-",
        "+",
        "[192.0.2.1]",
        "é",
        "%C3%A9",
        "…",
        "\n",
    ]);
    prop_oneof![4 => fixed.prop_map(str::to_owned), 1 => "\\PC{0,3}"]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..24).prop_map(|pieces| pieces.concat())
}

/// The text with its escapes read once, by replacing.
fn read_once(text: &str) -> String {
    [
        ("%40", "@"),
        ("%2E", "."),
        ("%25", "%"),
        ("&#64;", "@"),
        ("&#x40;", "@"),
        ("&commat;", "@"),
        ("&period;", "."),
        ("&amp;", "&"),
        ("\\u0040", "@"),
        ("\\u{40}", "@"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// True where an address stands in the text as it is: a letter, an `@`, two labels, the last of them letters.
fn stands_in(text: &str) -> bool {
    let text: Vec<char> = text
        .chars()
        .filter(|c| !"\u{200b}\u{ad}\0".contains(*c))
        .map(|c| if c == '＠' { '@' } else { c })
        .collect();
    (1..text.len()).filter(|at| text[*at] == '@').any(|at| {
        let host: String =
            text[at + 1..].iter().take_while(|c| c.is_ascii_alphanumeric() || **c == '.').collect();
        let labels: Vec<&str> = host.split('.').collect();
        let ending = |label: &str| label.len() >= 2 && label.chars().all(|c| c.is_ascii_alphabetic());
        let good = labels.len() >= 2
            && !labels[0].is_empty()
            && !labels[0].starts_with(|c: char| c.is_ascii_digit());
        text[at - 1].is_ascii_alphanumeric() && good && labels[1..].iter().all(|label| ending(label))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn what_is_masked_holds_no_address(text in text()) {
        let masked = masked(&text).into_owned();
        let mut read = masked.clone();
        for layer in 0..3 {
            prop_assert!(!stands_in(&read), "{text:?} became {masked:?}, and in layer {layer} {read:?}");
            read = read_once(&read);
        }
    }

    #[test]
    fn masking_twice_is_masking_once(text in text()) {
        let once = masked(&text).into_owned();
        prop_assert_eq!(masked(&once).into_owned(), once.clone(), "{:?}", text);
        let apart = told_apart(&text).into_owned();
        prop_assert_eq!(told_apart(&apart).into_owned(), apart.clone());
        prop_assert!(!holds_address(&once) && !holds_address(&apart));
    }

    #[test]
    fn addresses_are_apart_and_in_order_and_the_rest_stays(text in text()) {
        let found = addresses(&text);
        prop_assert!(found.windows(2).all(|pair| pair[0].range.end <= pair[1].range.start));
        let mut rest = String::new();
        let mut from = 0;
        for address in &found {
            rest += &text[from..address.range.start];
            rest += "(address)";
            from = address.range.end;
        }
        rest += &text[from..];
        prop_assert_eq!(masked(&text).into_owned(), rest);
    }

    #[test]
    fn nothing_makes_the_mask_panic(text in "\\PC{0,80}", bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        for text in [text, String::from_utf8_lossy(&bytes).into_owned()] {
            let words = words(&text, 20).into_owned();
            prop_assert!(words.len() <= 20 && text.starts_with(head(&text)));
            prop_assert!(unnamed(&text).len() <= text.len().max(34));
        }
    }

    #[test]
    fn a_text_without_an_at_in_any_form_is_unchanged(text in "[a-zA-Z0-9 ./:;=?+_éあ\"'<>()%&-]{0,80}") {
        prop_assume!(!text.contains("%4") && !text.contains("&c"));
        prop_assert_eq!(masked(&text).into_owned(), text);
    }
}

/// A text of a megabyte is masked in far less than a minute whatever it holds; a quadratic way takes hours.
#[test]
fn hostile_texts_take_linear_time() {
    let (say, heard) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for unit in [
            "@", "a@", "a@b.", "\"", "a\"@", "%25", "&#", "&#6", "&amp;", "\\", "\\u{", "=a.com@", "1.2@3.",
            "@[", "'.", "é＠",
        ] {
            let text = unit.repeat((1 << 20) / unit.len());
            assert!(masked(&text).len() <= text.len() * 10);
        }
        say.send(()).unwrap();
    });
    heard.recv_timeout(Duration::from_secs(60)).unwrap();
}
