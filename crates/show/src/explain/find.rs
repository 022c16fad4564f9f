//! The meaning of an id: a trigger, a burst or a signal, whole or by a unique beginning.
//!
//! All partitions of triggers and decisions are read, because an id does not name its account. A record is decoded
//! only if its bytes hold the id.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use winback_core::debounce::shadow;
use winback_core::ids::Offset;
use winback_deployment::{Context, scan};
use winback_log::{Log, Message};
use winback_proto::v1::decision::Subject;
use winback_proto::v1::inbox_record::Body;
use winback_proto::{WireMessage, v1};

use super::focus::Focus;
use crate::words;

/// A shorter beginning of an id could mean anything.
const SHORTEST: usize = 6;
/// So many meanings are enough to say that there are several.
const MOST: usize = 6;

/// Something that an id means, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Meaning {
    kind: Kind,
    id: String,
    /// The account.
    pub account: String,
    /// True if only shadow policies know it.
    pub in_shadow: bool,
    exact: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Trigger,
    Burst,
    Signal,
}

impl Meaning {
    /// The focus of its story.
    pub fn focus(&self) -> Focus {
        match self.kind {
            Kind::Trigger => Focus::Trigger(self.id.clone()),
            Kind::Burst => Focus::Burst(self.id.clone()),
            Kind::Signal => Focus::Signal(self.id.clone()),
        }
    }

    /// `trigger 0123… of acc-1`.
    pub fn words(&self) -> String {
        let kind = match self.kind {
            Kind::Trigger => "trigger",
            Kind::Burst => "burst",
            Kind::Signal => "signal",
        };
        let side = if self.in_shadow { ", in shadow" } else { "" };
        format!("{kind} {} of {}{side}", words::safe(&self.id), words::safe(&self.account))
    }
}

/// All that the id means; what it names whole hides what only begins with it.
///
/// # Errors
/// When the log is away or nothing has run.
pub fn meanings(context: &Context, log: &dyn Log, subject: &str) -> anyhow::Result<Vec<Meaning>> {
    let mut search = Search::new(subject);
    let topics = &context.topics;
    search.over(log, &topics.triggers, Search::trigger)?;
    search.over(log, &topics.shadow_triggers, Search::trigger)?;
    search.over(log, &topics.decisions, Search::decision)?;
    if search.found.is_empty() {
        search.over(log, &topics.inbox, Search::arrived)?;
    }
    Ok(search.chosen())
}

struct Search<'a> {
    subject: &'a str,
    /// The bytes that a record must hold: the id without its source.
    needle: memchr::memmem::Finder<'a>,
    found: BTreeSet<Meaning>,
}

impl<'a> Search<'a> {
    fn new(subject: &'a str) -> Self {
        // The id of `source:id` may itself hold a colon: what follows the last one is in it either way.
        let needle = subject.rsplit(':').next().unwrap_or(subject);
        Self { subject, needle: memchr::memmem::Finder::new(needle), found: BTreeSet::new() }
    }

    fn over(
        &mut self,
        log: &dyn Log,
        topic: &Arc<str>,
        look: fn(&mut Self, &Message, &[u8]),
    ) -> anyhow::Result<()> {
        for partition in scan::partitions(log, topic)? {
            scan::each(log, &partition, Offset::ZERO, |message| {
                let value = message.value().filter(|value| self.needle.find(value).is_some());
                if let Some(value) = value {
                    look(self, message, value);
                }
                let many = self.found.iter().filter(|meaning| !meaning.exact).count() >= MOST * MOST;
                Ok(if many { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })?;
        }
        Ok(())
    }

    fn trigger(&mut self, _: &Message, value: &[u8]) {
        let Ok(trigger) = v1::Trigger::from_bytes(value) else { return };
        let account = trigger.account.unwrap_or_default().id;
        let in_shadow = shadow::is_shadow(&trigger.policy);
        self.add(Kind::Trigger, &trigger.id, &account, in_shadow);
        self.add(Kind::Burst, &trigger.burst_id, &account, in_shadow);
    }

    fn decision(&mut self, _: &Message, value: &[u8]) {
        let Ok(decision) = v1::Decision::from_bytes(value) else { return };
        let in_shadow = shadow::is_shadow(&decision.policy);
        match &decision.subject {
            Some(Subject::Signal(signal)) => {
                self.add(Kind::Burst, &signal.burst_id, &decision.account_id, in_shadow);
                self.add_signal(&signal.source, &signal.id, &decision.account_id, in_shadow);
            }
            Some(Subject::Burst(burst)) => {
                self.add(Kind::Burst, &burst.burst_id, &decision.account_id, in_shadow);
            }
            None => {}
        }
    }

    fn arrived(&mut self, _: &Message, value: &[u8]) {
        let Ok(v1::InboxRecord { body: Some(Body::Signal(signal)) }) = v1::InboxRecord::from_bytes(value)
        else {
            return;
        };
        self.add_signal(&signal.source, &signal.id, &signal.account_id, false);
    }

    fn add(&mut self, kind: Kind, id: &str, account: &str, in_shadow: bool) {
        let exact = id == self.subject;
        if exact || (self.subject.len() >= SHORTEST && id.starts_with(self.subject)) {
            let (id, account) = (id.to_owned(), account.to_owned());
            self.found.insert(Meaning { kind, id, account, in_shadow, exact });
        }
    }

    fn add_signal(&mut self, source: &str, id: &str, account: &str, in_shadow: bool) {
        let key = format!("{source}:{id}");
        let exact = id == self.subject || key == self.subject;
        let begins = id.starts_with(self.subject) || key.starts_with(self.subject);
        if exact || (self.subject.len() >= SHORTEST && begins && !source.starts_with(self.subject)) {
            let (kind, id, account) = (Kind::Signal, key, account.to_owned());
            self.found.insert(Meaning { kind, id, account, in_shadow, exact });
        }
    }

    /// Prefers the meanings under policies in force.
    fn chosen(mut self) -> Vec<Meaning> {
        let in_force = self.found.iter().filter(|meaning| !meaning.in_shadow).cloned();
        for meaning in in_force.collect::<Vec<_>>() {
            self.found.remove(&Meaning { in_shadow: true, ..meaning });
        }
        let exact: Vec<Meaning> = self.found.iter().filter(|meaning| meaning.exact).cloned().collect();
        let all = if exact.is_empty() { self.found.into_iter().collect() } else { exact };
        all.into_iter().take(MOST).collect()
    }
}
