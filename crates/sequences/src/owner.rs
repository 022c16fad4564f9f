//! The owner of an account: the address, and the name under a message.

use lettre::message::Mailbox;
use winback_core::visible::one_line;

/// The name under a draft whose owner's is not known: a person fills it in.
pub const UNNAMED: &str = "[your name]";

/// The owner's address, where the books have one.
pub fn mailbox(owner: &str) -> Option<Mailbox> {
    let mailbox: Mailbox = one_line(owner).parse().ok()?;
    // An address within quotes may hold what no header should.
    mailbox.email.to_string().bytes().all(|byte| byte.is_ascii_graphic()).then_some(mailbox)
}

/// The name under a message: that of the books, or of an address such as `dana.weber@…`.
pub fn sign_off(owner: &str) -> String {
    let name = match mailbox(owner) {
        Some(mailbox) => mailbox.name.or_else(|| named(mailbox.email.user())).unwrap_or_default(),
        None => owner.to_owned(),
    };
    let name = one_line(&name);
    if name.is_empty() || name.contains('@') { UNNAMED.to_owned() } else { name }
}

/// The name in `dana.weber`; a single word may be a team.
fn named(user: &str) -> Option<String> {
    let words: Vec<&str> = user.split('.').collect();
    let is_word = |word: &&str| word.len() > 1 && word.bytes().all(|byte| byte.is_ascii_alphabetic());
    if words.len() != 2 || !words.iter().all(is_word) {
        return None;
    }
    let capital = |word: &&str| {
        let (first, rest) = word.split_at(1);
        format!("{}{}", first.to_uppercase(), rest.to_lowercase())
    };
    Some(words.iter().map(capital).collect::<Vec<_>>().join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_under_a_message_is_a_persons_or_left_to_one() {
        for (owner, name) in [
            ("Dana Weber <d@ours.example>", "Dana Weber"),
            ("dana.weber@ours.example", "Dana Weber"),
            ("Dana", "Dana"),
            ("sales@ours.example", UNNAMED),
            ("north.7@ours.example", UNNAMED),
            ("", UNNAMED),
        ] {
            assert_eq!(sign_off(owner), name, "{owner}");
        }
    }
}
