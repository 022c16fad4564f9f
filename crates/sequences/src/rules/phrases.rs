//! S8: words that no message has, by language.

const FEELING: &str = "say what changed, not how we feel about it";
const WATCHED: &str = "what was observed is for the owner, never for the customer";
const NO_OFFER: &str = "the first message is never an offer";

/// English words that no first message has, and why.
pub const NEVER_FIRST: [(&str, &str); 4] =
    [("discount", NO_OFFER), ("% off", NO_OFFER), ("free trial", NO_OFFER), ("coupon", NO_OFFER)];

/// English words that no message has, and why.
pub const NEVER_SAID: [(&str, &str); 7] = [
    ("miss you", FEELING),
    ("missed you", FEELING),
    ("saw you", WATCHED),
    ("noticed you", WATCHED),
    ("noticed that you", WATCHED),
    ("you visited", WATCHED),
    ("you opened", WATCHED),
];

const JAPANESE: [(&str, &str); 9] = [
    ("寂し", FEELING),
    ("さみし", FEELING),
    ("残念でなりません", FEELING),
    ("お戻りください", FEELING),
    ("ご覧になっ", WATCHED),
    ("ご覧いただいたよう", WATCHED),
    ("アクセスされ", WATCHED),
    ("開封され", WATCHED),
    ("閲覧され", WATCHED),
];
const JAPANESE_FIRST: [(&str, &str); 4] =
    [("割引", NO_OFFER), ("値引", NO_OFFER), ("無料トライアル", NO_OFFER), ("クーポン", NO_OFFER)];
const MALAY: [(&str, &str); 7] = [
    ("rindu", FEELING),
    ("kembalilah", FEELING),
    ("kami nampak anda", WATCHED),
    ("kami perasan", WATCHED),
    ("anda melawat", WATCHED),
    ("anda telah melawat", WATCHED),
    ("anda membuka e-mel", WATCHED),
];
const MALAY_FIRST: [(&str, &str); 3] =
    [("diskaun", NO_OFFER), ("percubaan percuma", NO_OFFER), ("kupon", NO_OFFER)];

/// A phrase that a text has and must not have, and the reason.
pub(super) fn never(language: &str, text: &str, is_first: bool) -> Option<(&'static str, &'static str)> {
    let (always, first): (&[_], &[_]) = match language.split('-').next().unwrap_or_default() {
        "en" => (&NEVER_SAID, &NEVER_FIRST),
        "ja" => (&JAPANESE, &JAPANESE_FIRST),
        "ms" => (&MALAY, &MALAY_FIRST),
        _ => (&[], &[]),
    };
    let flat = text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    let first = first.iter().filter(|_| is_first);
    always.iter().chain(first).find(|(phrase, _)| flat.contains(phrase)).copied()
}
