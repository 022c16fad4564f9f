//! An answer on its way to the inbox: whose is it, and what goes out.
//!
//! It goes to two places in one transaction: into the inbox, where it gates, and into the compacted topic of answers,
//! which the workers follow, so that a no is seen at the moment of sending, whatever fired before.

use winback_core::debounce::ResponseKind;
use winback_core::index::{Lookup, PinnedForBatch};
use winback_lane::Output;
use winback_log::Append;
use winback_proto::envelope::Envelope;
use winback_proto::v1::inbox_record::Body;
use winback_proto::{WireMessage, inbox, v1};
use winback_sources::Answer;

use crate::forward::Forward;
use crate::tally::Tally;

/// The type of an answer's event.
const RESPONSE_TYPE: &str = "winback.response.v1";

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
            sharing.iter().for_each(|account| self.respond(answer, account, index, out));
            return;
        }
        match index.lookup(&answer.who) {
            Lookup::None => tally.unmatched += 1,
            Lookup::Ambiguous(method) => tally.ambiguous[method as usize] += 1,
            Lookup::Match(found) => {
                tally.answers[answer.kind as usize] += 1;
                self.respond(answer, found.account.id, index, out);
            }
        }
    }

    fn respond(&self, answer: &Answer<'_>, account: &str, index: &PinnedForBatch, out: &mut Output) {
        let contact = index.contact_of(account, &answer.who);
        let contact = contact.or_else(|| answer.who.contact_hashes().into_iter().flatten().next());
        let response = v1::Response {
            account_id: account.to_owned(),
            id: answer.id.to_string(),
            kind: answer.kind.to_string(),
            event_time: inbox::timestamp(answer.at),
            contact_sha256: contact.map(|hash| hash.to_vec()).unwrap_or_default(),
            source: self.source.to_owned(),
        };
        let key = format!("{account}\0{}\0{}", self.source, answer.id);
        let record = v1::InboxRecord { body: Some(Body::Response(response.clone())) };
        self.put(&self.inbox.topic, account, &answer.id, &record, out);
        self.put(&self.inbox.answers, &key, &answer.id, &response, out);
    }

    fn put(&self, topic: &str, key: &str, id: &str, record: &impl WireMessage, out: &mut Output) {
        let id = format!("{}:{id}", self.source);
        let (from, encoding) = (&self.inbox.source, self.inbox.encoding);
        let envelope = Envelope::new(RESPONSE_TYPE, id, from, self.append_time, encoding);
        envelope.headers(|headers| {
            let key = Some(key.as_bytes());
            let append = Append { topic, partition: None, key, value: None, headers, timestamp: None };
            out.append_with(&append, |bytes| record.write(encoding, bytes));
        });
    }
}
