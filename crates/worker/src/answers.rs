//! The answers of accounts, as the worker must know them at the moment of sending: an answer may come between a
//! trigger and its message.

use std::collections::HashMap;

use parking_lot::Mutex;
use winback_core::debounce::ResponseKind;
use winback_core::ids::Partition;
use winback_core::time::Time;
use winback_log::Unreadable;
use winback_proto::{WireMessage as _, v1};

use crate::standing::AccountStanding;

/// The answers of one account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// The time of the last no.
    pub declined_at: Option<Time>,
    /// The time of the last return.
    pub reactivated_at: Option<Time>,
    /// The time of the last reply.
    pub replied_at: Option<Time>,
    /// The contacts that opted out, by hash; an empty hash is everybody.
    pub opted_out: Vec<Vec<u8>>,
}

impl Answered {
    fn take(&mut self, kind: ResponseKind, at: Time, contact: Vec<u8>) {
        let latest = |before: &mut Option<Time>| *before = (*before).max(Some(at));
        match kind {
            ResponseKind::Declined => latest(&mut self.declined_at),
            ResponseKind::Reactivated => latest(&mut self.reactivated_at),
            ResponseKind::Replied => latest(&mut self.replied_at),
            ResponseKind::OptedOut if self.opted_out.contains(&contact) => {}
            ResponseKind::OptedOut => self.opted_out.push(contact),
        }
    }

    /// True if somebody said yes, no or anything else at that time or later, or if nobody there may be written to any more.
    pub fn since(&self, at: Time) -> bool {
        let said = [self.declined_at, self.reactivated_at, self.replied_at];
        self.opted_out.iter().any(Vec::is_empty) || said.into_iter().flatten().any(|said| said >= at)
    }

    /// True if a contact is out; the books may know only the beginning of its hash.
    pub fn is_out(&self, contact: &[u8]) -> bool {
        self.opted_out.iter().any(|out| out.starts_with(contact))
    }

    /// The standing with these answers. `nobody_left` says whether all contacts that the books know are out by them.
    pub fn onto(&self, books: AccountStanding, churned_at: Time, nobody_left: bool) -> AccountStanding {
        let everybody = self.opted_out.iter().any(Vec::is_empty);
        AccountStanding {
            reactivated: books.reactivated || self.reactivated_at.is_some_and(|at| at >= churned_at),
            opted_out: books.opted_out || everybody || (!self.opted_out.is_empty() && nobody_left),
            declined_at: books.declined_at.max(self.declined_at),
            replied_at: books.replied_at.max(self.replied_at),
            ..books
        }
    }
}

/// All answers, by account; few accounts ever answer.
#[derive(Debug, Default)]
pub struct Answers(Mutex<HashMap<String, Answered>>);

impl Answers {
    /// Takes an answer in; one that says no known word or no time is left out, and told by `false`.
    pub fn apply(&self, response: v1::Response) -> bool {
        let kind = ResponseKind::parse(&response.kind);
        let Some((kind, at)) = kind.zip(response.event_time.as_ref().map(Time::from)) else { return false };
        self.0.lock().entry(response.account_id).or_default().take(kind, at, response.contact_sha256);
        true
    }

    /// The answers of the account.
    pub fn of(&self, account: &str) -> Option<Answered> {
        self.0.lock().get(account).cloned()
    }
}

/// A record of the topic of answers; `None` for a tombstone. `partitions` is how many the topic has.
///
/// # Errors
/// When no matcher can have written it there.
pub fn read_answer(
    key: &[u8],
    value: Option<&[u8]>,
    partition: Partition,
    partitions: i32,
) -> Result<Option<v1::Response>, Unreadable> {
    let Some(value) = value else { return Ok(None) };
    let parts = std::str::from_utf8(key).ok().map(|key| key.splitn(3, '\0').collect::<Vec<_>>());
    let Some([account, source, id]) = parts.as_deref().and_then(|parts| <[&str; 3]>::try_from(parts).ok())
    else {
        return Err(Unreadable::key(
            "its key names no answer: account, source and id with a zero byte between",
        ));
    };
    Unreadable::check_partition(key, partition, partitions)?;
    let why = |why: &dyn std::fmt::Display| Unreadable::value(format!("an answer: {why}"));
    let wire = v1::Response::from_bytes(value).map_err(|error| why(&error))?;
    if (&*wire.account_id, &*wire.source, &*wire.id) != (account, source, id) {
        return Err(why(&"its value is the answer of another key"));
    }
    if ResponseKind::parse(&wire.kind).is_none() {
        return Err(why(&format!(
            "kind = \"{}\" is not known: a newer winback wrote it; run that version again",
            wire.kind
        )));
    }
    if wire.event_time.is_none() {
        return Err(why(&"it says no time"));
    }
    Ok(Some(wire))
}

#[cfg(test)]
mod tests {
    use winback_core::time::Span;

    use super::*;

    fn answered(list: &[(&str, i64, &[u8])]) -> Answered {
        let answers = Answers::default();
        for (kind, seconds, contact) in list {
            let response = v1::Response {
                account_id: "a".to_owned(),
                kind: (*kind).to_owned(),
                event_time: Some(winback_proto::Timestamp { seconds: *seconds, nanos: 0 }),
                contact_sha256: contact.to_vec(),
                ..v1::Response::default()
            };
            assert!(answers.apply(response));
        }
        answers.of("a").unwrap_or_default()
    }

    fn standing(list: &[(&str, i64, &[u8])], nobody_left: bool) -> AccountStanding {
        answered(list).onto(AccountStanding::default(), Time::from_millis(50_000), nobody_left)
    }

    #[test]
    fn the_latest_no_counts_whatever_order_it_comes_in() {
        let at = Some(Time::from_millis(90_000));
        assert_eq!(standing(&[("declined", 90, b""), ("declined", 70, b"")], false).declined_at, at);
        let books =
            AccountStanding { declined_at: at.map(|at| at + Span::from_days(1)), ..Default::default() };
        assert_eq!(
            answered(&[("declined", 70, b"")]).onto(books, Time::MIN, false).declined_at,
            books.declined_at
        );
    }

    #[test]
    fn one_contact_is_out_alone_and_an_answer_that_names_none_means_all() {
        assert!(!standing(&[("opted_out", 60, &[7; 32])], false).opted_out);
        assert!(standing(&[("opted_out", 60, &[7; 32])], true).opted_out);
        assert!(standing(&[("opted_out", 60, b"")], false).opted_out);
        assert!(!standing(&[], true).opted_out, "nobody was asked");
        assert!(answered(&[("opted_out", 60, &[7; 32])]).is_out(&[7; 16]));
    }

    #[test]
    fn a_return_from_before_they_left_says_nothing() {
        assert!(!standing(&[("reactivated", 49, b"")], false).reactivated);
        assert!(standing(&[("reactivated", 51, b"")], false).reactivated);
    }

    #[test]
    fn what_says_nothing_known_is_left_out() {
        assert!(
            !Answers::default().apply(v1::Response { kind: "shrugged".to_owned(), ..Default::default() })
        );
    }
}
