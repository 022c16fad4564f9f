//! An answer on its way to the inbox: whose is it, and what goes out.
//!
//! It goes to two places in one transaction: into the inbox, where it gates, and into the compacted topic of answers,
//! which the workers follow, so that a no is seen at the moment of sending, whatever fired before. Who comes back by a
//! signal has a place there, too. A sequence that ended without an answer goes into the inbox alone.

use winback_core::debounce::ResponseKind;
use winback_core::index::{Lookup, PinnedForBatch};
use winback_core::signal::Candidate;
use winback_lane::Output;
use winback_log::Append;
use winback_proto::envelope::Envelope;
use winback_proto::v1::inbox_record::Body;
use winback_proto::{WireMessage, inbox, v1};
use winback_sources::Answer;

use crate::door;
use crate::forward::Forward;
use crate::tally::Tally;

/// The type of an answer's event.
const RESPONSE_TYPE: &str = "winback.response.v1";
/// The type of the event that a sequence ended without one.
const SEQUENCE_ENDED_TYPE: &str = "winback.sequence_ended.v1";

/// The target and the form of a record.
struct Place<'a> {
    topic: &'a str,
    key: &'a str,
    /// Unique within the source, and no address.
    id: &'a str,
    event_type: &'static str,
}

impl Forward<'_> {
    /// An answer: looked up like a signal, forwarded, counted. One who opts out is out at every account that has them.
    pub(crate) fn answer(
        &self,
        answer: &Answer<'_>,
        index: &PinnedForBatch,
        tally: &mut Tally,
        out: &mut Output,
    ) {
        if self.refused_as_ahead(answer.at, tally, out) {
            return;
        }
        let sharing = if answer.kind == ResponseKind::OptedOut {
            index.accounts_of_contact(&answer.who)
        } else {
            Vec::new()
        };
        if sharing.len() > 1 {
            tally.answers[answer.kind as usize] += 1;
            sharing.iter().for_each(|account| self.tell(answer, account, index, out));
            return;
        }
        match index.lookup(&answer.who) {
            Lookup::None => tally.unmatched += 1,
            Lookup::Ambiguous(method) => tally.ambiguous[method as usize] += 1,
            Lookup::Match(found) => {
                tally.answers[answer.kind as usize] += 1;
                self.tell(answer, found.account.id, index, out);
            }
        }
    }

    fn tell(&self, answer: &Answer<'_>, account: &str, index: &PinnedForBatch, out: &mut Output) {
        match answer.kind.response() {
            Some(kind) => self.respond(answer, kind, account, index, out),
            None => self.end_sequence(answer, account, out),
        }
    }

    fn respond(
        &self,
        answer: &Answer<'_>,
        kind: ResponseKind,
        account: &str,
        index: &PinnedForBatch,
        out: &mut Output,
    ) {
        let contact = index.contact_of(account, &answer.who);
        let contact = contact.or_else(|| answer.who.contact_hashes().into_iter().flatten().next());
        let (arr, terms) = door::worth_of(answer);
        let response = v1::Response {
            account_id: account.to_owned(),
            id: door::id_of(answer),
            kind: kind.to_string(),
            event_time: inbox::timestamp(answer.at),
            contact_sha256: contact.map(|hash| hash.to_vec()).unwrap_or_default(),
            source: self.source.to_owned(),
            arr,
            terms,
        };
        let record = v1::InboxRecord { body: Some(Body::Response(response.clone())) };
        self.put_into_inbox(account, &response.id, RESPONSE_TYPE, &record, out);
        self.put_answer(&response, out);
    }

    /// Silence is no response: it says nothing that a worker would have to know.
    fn end_sequence(&self, answer: &Answer<'_>, account: &str, out: &mut Output) {
        let ended = v1::SequenceEnded {
            account_id: account.to_owned(),
            event_time: inbox::timestamp(answer.at),
            ..v1::SequenceEnded::default()
        };
        let record = v1::InboxRecord { body: Some(Body::SequenceEnded(ended)) };
        self.put_into_inbox(account, &door::id_of(answer), SEQUENCE_ENDED_TYPE, &record, out);
    }

    /// Tells the senders that an account came back by itself, so that nothing unsent goes out. The inbox has the
    /// signal itself.
    pub(crate) fn came_back(&self, candidate: &Candidate<'_>, account: &str, out: &mut Output) {
        let response = v1::Response {
            account_id: account.to_owned(),
            id: door::texts(candidate).id,
            kind: ResponseKind::Reactivated.to_string(),
            event_time: inbox::timestamp(candidate.at),
            contact_sha256: Vec::new(),
            source: self.source.to_owned(),
            ..v1::Response::default()
        };
        self.put_answer(&response, out);
    }

    fn put_into_inbox(
        &self,
        account: &str,
        id: &str,
        event_type: &'static str,
        record: &v1::InboxRecord,
        out: &mut Output,
    ) {
        self.put(&Place { topic: &self.inbox.topic, key: account, id, event_type }, record, out);
    }

    fn put_answer(&self, response: &v1::Response, out: &mut Output) {
        let key = format!("{}\0{}\0{}", response.account_id, self.source, response.id);
        let place =
            Place { topic: &self.inbox.answers, key: &key, id: &response.id, event_type: RESPONSE_TYPE };
        self.put(&place, response, out);
    }

    fn put(&self, place: &Place<'_>, record: &impl WireMessage, out: &mut Output) {
        let id = format!("{}:{}", self.source, place.id);
        let (from, encoding) = (&self.inbox.source, self.inbox.encoding);
        let envelope = Envelope::new(place.event_type, id, from, self.append_time, encoding);
        envelope.headers(|headers| {
            let key = Some(place.key.as_bytes());
            let append =
                Append { topic: place.topic, partition: None, key, value: None, headers, timestamp: None };
            out.append_with(&append, |bytes| record.write(encoding, bytes));
        });
    }
}
