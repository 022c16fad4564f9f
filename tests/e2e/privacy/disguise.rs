//! The forms in which an address comes in, and an independent way to find one again.

/// In front of every address that the test makes; nothing else holds it, and no hash by chance.
pub(super) const MARK: &str = "zq7xkw";

/// The ways to write an address.
pub(super) const DISGUISES: [fn(&str) -> String; 12] = [
    str::to_owned,
    |address| address.replace('@', "%40"),
    |address| address.replace('@', "%2540"),
    |address| address.replace('@', "%EF%BC%A0"),
    |address| address.replace('@', "＠"),
    |address| address.replace('@', "&#64;"),
    |address| address.replace('@', "&#x40;").replace('.', "&period;"),
    |address| address.replace('@', "&amp;commat;"),
    |address| address.replace('@', "\u{200b}@\u{ad}").replace('q', "q\u{2060}"),
    |address| format!("\"{}\"{}", &address[..MARK.len()], &address[address.find('@').unwrap_or_default()..]),
    |address| address.replace('@', "+tag@xn--bcher-kva."),
    |address| address.bytes().map(|byte| format!("%{byte:02X}")).collect(),
];

/// Somebody's address.
pub(super) fn someone(nth: u32) -> String {
    format!("{MARK}person{nth}@acme{nth}.com")
}

/// True where bytes hold the mark, however it is written.
pub(super) fn has(bytes: &[u8]) -> bool {
    let mut text = String::from_utf8_lossy(bytes).into_owned();
    for _ in 0..4 {
        let seen: String = text.chars().filter(|c| !"\u{200b}\u{ad}\u{2060}".contains(*c)).collect();
        if seen.to_ascii_lowercase().contains(MARK) {
            return true;
        }
        if !seen.contains('%') {
            return false;
        }
        text = unescaped(&seen);
    }
    false
}

/// The text with each `%xx` read once, in the plainest way.
fn unescaped(text: &str) -> String {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, others)) = rest.split_first() {
        let code = others.get(..2).filter(|_| *first == b'%').and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                rest = &others[2..];
            }
            None => {
                out.push(*first);
                rest = others;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[test]
fn the_mark_is_found_in_every_disguise_and_nowhere_else() {
    for disguise in DISGUISES {
        let text = format!("x {} y", disguise(&someone(1)));
        assert!(has(text.as_bytes()), "{text}");
    }
    assert!(!has(b"/a%20b zq 7 (address) %4 %zz"));
}
