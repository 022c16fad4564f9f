//! `explain`: the story of an account or a trigger, from the account's partition of each topic.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;

use winback_core::debounce::shadow;
use winback_core::ids::Offset;
use winback_log::{Log, Message};
use winback_proto::v1::account_change::Change;
use winback_proto::v1::inbox_record::Body;
use winback_proto::{WireMessage, v1};

use crate::EXIT_PARTLY;
use crate::context::Context;
use crate::reading::{self, Timed};
use crate::show::out::until_closed;
use crate::show::story::{Step, heading};
use crate::show::{Out, words};

pub(crate) fn run(context: &Context, subject: &str) -> anyhow::Result<ExitCode> {
    until_closed(explain(context, subject))
}

fn explain(context: &Context, subject: &str) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    if let Some(trigger) = trigger(context, &*log, subject)? {
        let account = trigger.account.clone().unwrap_or_default().id;
        let mut story = Story::read(context, &*log, &account)?;
        story.only(&trigger);
        return story.tell(context);
    }
    let story = Story::read(context, &*log, subject)?;
    if story.is_empty() {
        anstream::eprintln!("winback: {}", unknown(context, &*log, subject)?);
        return Ok(ExitCode::from(EXIT_PARTLY));
    }
    story.tell(context)
}

/// The trigger of that id, looked for only where the subject could be one.
fn trigger(context: &Context, log: &dyn Log, subject: &str) -> anyhow::Result<Option<v1::Trigger>> {
    let mut found = None;
    if subject.len() == 32 && subject.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        let partitions = reading::partitions(log, &context.topics.triggers)?;
        reading::merged::<v1::Trigger>(log, &partitions, |next| {
            if next.value.id == subject {
                found = Some(next.value);
                return Ok(ControlFlow::Break(()));
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(found)
}

/// What to say of a subject that is neither: whom it may mean.
fn unknown(context: &Context, log: &dyn Log, subject: &str) -> anyhow::Result<String> {
    let wanted = subject.to_lowercase();
    let mut meant: HashMap<String, String> = HashMap::new();
    for partition in reading::partitions(log, &context.topics.accounts)? {
        reading::scan(log, &partition, Offset::ZERO, |message| {
            let account = message.value().and_then(|value| v1::Account::from_bytes(value).ok());
            let Some(account) = account.filter(|account| means(account, &wanted)) else {
                return Ok(ControlFlow::Continue(()));
            };
            meant.insert(account.id, account.name);
            Ok(if meant.len() < 3 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
    }
    let mut meant: Vec<String> =
        meant.iter().map(|(id, name)| format!("{} ({})", words::safe(id), words::safe(name))).collect();
    meant.sort();
    let hint = if meant.is_empty() {
        "is it on the list? `winback accounts list` shows who is, `winback triggers` what fired".to_owned()
    } else {
        format!("did you mean {}?", meant.join(" or "))
    };
    Ok(format!("`{}` is neither an account that the inbox knows nor a trigger: {hint}", words::safe(subject)))
}

fn means(account: &v1::Account, wanted: &str) -> bool {
    let names = [&account.id, &account.name];
    names
        .into_iter()
        .chain(&account.aliases)
        .chain(&account.domains)
        .any(|name| name.to_lowercase() == wanted)
}

/// All that the topics say of one account.
struct Story {
    id: String,
    account: Option<v1::Account>,
    steps: Vec<Step>,
}

impl Story {
    fn read(context: &Context, log: &dyn Log, id: &str) -> anyhow::Result<Self> {
        let mut story = Self { id: id.to_owned(), account: None, steps: Vec::new() };
        story.inbox(context, log)?;
        let mut bursts = HashSet::new();
        let mut decisions = 0;
        own::<v1::Decision>(log, &context.topics.decisions, id, |decision, _| {
            if shadow::is_shadow(&decision.policy) {
                return;
            }
            story.steps.push(Step::of_decision(&decision, decisions, &mut bursts));
            decisions += 1;
        })?;
        let mut triggers = HashMap::new();
        own::<v1::Trigger>(log, &context.topics.triggers, id, |trigger, message| {
            let step = Step::of_trigger(&trigger, reading::cause(message), triggers.len());
            triggers.insert(trigger.id, step);
        })?;
        let mut actions = 0;
        own::<v1::Action>(log, &context.topics.actions, id, |action, _| {
            story.steps.push(Step::of_action(&action, triggers.get(&action.trigger_id), actions));
            actions += 1;
        })?;
        story.steps.extend(triggers.into_values());
        story.steps.sort_by_key(|step| step.order);
        Ok(story)
    }

    /// The account's own changes and answers, and what holds for everybody.
    fn inbox(&mut self, context: &Context, log: &dyn Log) -> anyhow::Result<()> {
        let inbox = &context.topics.inbox;
        for partition in reading::partitions_of(log, inbox, Some(&self.id))? {
            reading::scan(log, &partition, Offset::ZERO, |message| {
                if message.key().is_none_or(|key| key == self.id.as_bytes()) {
                    self.record(message);
                }
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(())
    }

    fn record(&mut self, message: &Message) {
        let record = message.value().and_then(|value| v1::InboxRecord::from_bytes(value).ok());
        let Some(record) = record else { return };
        let known = self.account.is_some();
        let step = Step::of_inbox(&record, message.partition.0, message.offset.0, message.timestamp, known);
        self.steps.extend(step);
        if let Some(Body::Account(change)) = record.body {
            self.account = match change.change {
                Some(Change::Upsert(account)) => Some(account),
                Some(Change::Gone(_) | Change::Erased(_)) | None => None,
            };
        }
    }

    /// Whether nothing is the account's own.
    fn is_empty(&self) -> bool {
        self.steps.iter().all(|step| matches!(step.step, "policy" | "hold"))
    }

    /// The story of one trigger: its burst up to it, what was done, and its updates.
    fn only(&mut self, trigger: &v1::Trigger) {
        let own = |step: &Step| step.burst == trigger.burst_id && step.policy == trigger.policy;
        let is_told = |step: &Step| step.trigger == trigger.id;
        let fired =
            self.steps.iter().filter(|step| is_told(step)).map(|step| step.order.0).max().unwrap_or(i64::MAX);
        let updates: HashSet<String> = self
            .steps
            .iter()
            .filter(|step| step.updates(&trigger.id))
            .map(|step| step.trigger.clone())
            .collect();
        self.steps.retain(|step| {
            is_told(step) || updates.contains(&step.trigger) || (own(step) && step.order.0 <= fired)
        });
    }

    fn tell(&self, context: &Context) -> anyhow::Result<ExitCode> {
        let mut out = Out::new();
        if context.json {
            self.steps.iter().try_for_each(|step| out.json(step))?;
        } else {
            out.line(&heading(&self.id, self.account.as_ref()))?;
            self.steps.iter().try_for_each(|step| out.line(&step.text()))?;
            if !self.steps.iter().any(|step| matches!(step.step, "signal" | "burst")) {
                out.line("  nothing that came was found to be theirs yet")?;
            }
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Visits the account's own records of a topic in the order of its partition.
fn own<T: Timed>(
    log: &dyn Log,
    topic: &Arc<str>,
    id: &str,
    mut visit: impl FnMut(T, &Message),
) -> anyhow::Result<()> {
    for partition in reading::partitions_of(log, topic, Some(id))? {
        reading::scan(log, &partition, Offset::ZERO, |message| {
            if message.key() == Some(id.as_bytes()) {
                let value = message.value().and_then(|value| T::from_bytes(value).ok());
                value.into_iter().for_each(|value| visit(value, message));
            }
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(())
}
