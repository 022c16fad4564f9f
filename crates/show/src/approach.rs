//! Facts beside the reason that a person must know before an approach.

use winback_core::account::Manner;
use winback_core::segment::Segment;
use winback_proto::v1;

use super::words;

/// `feature gap segment; left angry; promised at exit: free migration`; `None` where there is nothing to say.
pub fn approach(segment: &str, manner: &str, concessions: &[String]) -> Option<String> {
    let mut parts = Vec::new();
    if !segment.is_empty() {
        parts.push(format!("{} segment", words::spaced(segment)));
    }
    if Manner::parse(manner) == Some(Manner::Angry) {
        parts.push("left angry".to_owned());
    }
    if !concessions.is_empty() {
        parts.push(format!("promised at exit: {}", words::safe(&concessions.join(", "))));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// The same of an account's row; its segment is left out where the row is none that the core takes.
pub fn of_row(account: &v1::Account) -> Option<String> {
    approach(segment(account), &account.manner, &account.concessions)
}

/// The segment of an account's row; empty when none fits, or the row is none that the core takes.
pub fn segment(account: &v1::Account) -> &'static str {
    let account = winback_proto::account::from_wire(account.clone()).ok();
    account.as_ref().and_then(Segment::of).map_or("", Segment::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_said_and_nothing_else() {
        let promised = ["free migration".to_owned(), "\u{1b}[2Jtwo months".to_owned()];
        let all = approach("feature_gap", "angry", &promised).unwrap();
        let expected =
            "feature gap segment; left angry; promised at exit: free migration, \\u{1b}[2Jtwo months";
        assert_eq!(all, expected);
        assert_eq!(approach("", "graceful", &[]), None);
        assert_eq!(approach("", "", &promised[..1]).unwrap(), "promised at exit: free migration");
    }
}
