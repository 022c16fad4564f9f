//! The most of each text and list that is taken in: one table for the import, the registrar and the detector.
//!
//! The registrar refuses a row beyond it. What an older version took is cut to it where a trigger would be too large.

use crate::account::{Account, Contact};

/// The most of one field: a text, or a list of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The name of the field, as a row has it.
    pub field: &'static str,
    /// The most items of a list; 1 for a text.
    pub items: usize,
    /// The most characters of the text, or of each item.
    pub chars: usize,
}

const fn text(field: &'static str, chars: usize) -> Limit {
    Limit { field, items: 1, chars }
}

const fn list(field: &'static str, items: usize, chars: usize) -> Limit {
    Limit { field, items, chars }
}

/// The account's name.
pub const NAME: Limit = text("name", 200);
/// Other names of the account.
pub const ALIASES: Limit = list("aliases", 1_000, 200);
/// Domains, or addresses of web pages on them.
pub const DOMAINS: Limit = list("domains", 1_000, 500);
/// People at the account; the text is a mail address.
pub const CONTACTS: Limit = list("contacts", 1_000, 254);
/// What a person does there.
pub const ROLE: Limit = text("role", 200);
/// Networks of the account.
pub const RANGES: Limit = list("ranges", 1_000, 50);
/// The reason in the books' own words.
pub const REASON_DETAIL: Limit = text("reason_detail", 1_000);
/// Features that it missed.
pub const MISSING_FEATURES: Limit = list("missing_features", 200, 200);
/// Whom it went to.
pub const COMPETITOR: Limit = text("competitor", 200);
/// The promises at exit.
pub const CONCESSIONS: Limit = list("concessions", 200, 500);
/// Who looks after it.
pub const OWNER: Limit = text("owner", 200);
/// The time zone.
pub const ZONE: Limit = text("zone", 64);
/// Its ids in other systems.
pub const IDS: Limit = list("ids", 50, 200);
/// The language to write in.
pub const LANGUAGE: Limit = text("language", 35);
/// The id of a person.
pub const CONTACT_ID: Limit = text("contacts.id", 200);

/// The fields of an account's row that hold text, with their limits.
pub const ACCOUNT: [Limit; 15] = [
    NAME,
    ALIASES,
    DOMAINS,
    CONTACTS,
    ROLE,
    RANGES,
    REASON_DETAIL,
    MISSING_FEATURES,
    COMPETITOR,
    CONCESSIONS,
    OWNER,
    ZONE,
    IDS,
    LANGUAGE,
    CONTACT_ID,
];

/// The most bytes of an account's row as a whole, however it is written.
pub const ROW_BYTES: usize = 512 << 10;
/// The most characters of an operator's reason for a hold.
pub const WHY_CHARS: usize = 1_000;
/// The most characters of the name of an operator.
pub const BY_CHARS: usize = 200;
/// The most bytes of a policy's file.
pub const POLICY_BYTES: usize = 256 << 10;
/// The most bytes of a trace header that is passed on; the W3C's has 55.
pub const TRACE_BYTES: usize = 128;
/// The most bytes of a signal's or an event's class.
pub const CLASS_BYTES: usize = 80;

/// What of a field is too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// So many items.
    Items(usize),
    /// A text of so many characters.
    Chars(usize),
}

impl Limit {
    /// What is too much of a list; a text is a list of one.
    pub fn excess<'t>(&self, texts: impl IntoIterator<Item = &'t str>) -> Option<Excess> {
        let mut items = 0;
        for text in texts {
            items += 1;
            // A character has at least one byte: what is short in bytes is not counted.
            let chars = if text.len() > self.chars { text.chars().count() } else { 0 };
            if chars > self.chars {
                return Some(Excess::Chars(chars));
            }
        }
        (items > self.items).then_some(Excess::Items(items))
    }

    /// Cuts a text down to the limit; whether anything was cut.
    pub fn cut_text(&self, text: &mut String) -> bool {
        let before = text.len();
        if before > self.chars {
            let end = text.char_indices().nth(self.chars).map_or(before, |(at, _)| at);
            text.truncate(end);
        }
        text.len() < before
    }

    /// Cuts a list and its items down to the limit, from their ends; whether anything was cut.
    pub fn cut_list(&self, list: &mut Vec<String>) -> bool {
        let longer = list.len() > self.items;
        list.truncate(self.items);
        // Every item is cut, also behind the first that was too long.
        list.iter_mut().fold(longer, |cut, text| self.cut_text(text) || cut)
    }
}

/// The most bytes that a text takes as JSON, without its quotes; protobuf takes fewer.
pub fn json_bytes(text: &str) -> usize {
    let byte = |byte: u8| match byte {
        b'"' | b'\\' => 2,
        0..=0x1f | 0x7f => 6,
        _ => 1,
    };
    text.bytes().map(byte).sum()
}

/// An account but its texts: names of fields, numbers, times.
const ROW: usize = 1_024;
/// An item of a list beside its bytes.
const ITEM: usize = 8;
/// A contact but its role.
const CONTACT: usize = 128;
/// A network.
const RANGE: usize = 64;

/// The most bytes that an account takes, in protobuf or JSON.
pub fn account_bytes(account: &Account) -> usize {
    let lists =
        [&account.aliases, &account.domains, &account.missing_features, &account.concessions, &account.ids];
    let lists = lists.into_iter().flatten().map(|text| ITEM + json_bytes(text)).sum::<usize>();
    let options = [&account.competitor, &account.owner, &account.zone, &account.language];
    let options = options.into_iter().flatten().map(|text| json_bytes(text)).sum::<usize>();
    let person = |contact: &Contact| {
        let texts = [&contact.role, &contact.id, &contact.language];
        CONTACT + texts.map(|text| json_bytes(text)).iter().sum::<usize>()
    };
    let people = account.contacts.iter().map(person).sum::<usize>();
    let own = [account.id.as_str(), &account.name, &account.reason_detail];
    let own = own.into_iter().map(json_bytes).sum::<usize>();
    ROW + lists + options + people + own + account.ranges.len() * RANGE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_measured_in_characters_and_cut_at_one() {
        let limit = text("name", 3);
        assert_eq!(limit.excess(["äöü"]), None);
        assert_eq!(limit.excess(["äöüx"]), Some(Excess::Chars(4)));
        let mut name = "äöüx".to_owned();
        assert!(limit.cut_text(&mut name) && name == "äöü");
        assert!(!limit.cut_text(&mut name));
    }

    #[test]
    fn a_list_is_measured_in_items_and_each_item_in_characters() {
        let limit = list("aliases", 2, 3);
        assert_eq!(limit.excess(["a", "b", "c"]), Some(Excess::Items(3)));
        assert_eq!(limit.excess(["a", "bcde"]), Some(Excess::Chars(4)));
        let mut aliases = ["abcd", "efgh", "i"].map(str::to_owned).to_vec();
        assert!(limit.cut_list(&mut aliases));
        assert_eq!(aliases, ["abc", "efg"]);
        assert!(!limit.cut_list(&mut aliases));
    }
}
