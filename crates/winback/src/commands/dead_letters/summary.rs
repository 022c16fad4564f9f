//! `dead-letters list --summary`: how many there are of each role, source and reason.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::process::ExitCode;

use serde::Serialize;
use winback_admin::dead_letters::{Filter, each, whose};
use winback_core::time::Time;
use winback_deployment::Context;
use winback_deployment::scan::Found;
use winback_proto::v1;
use winback_show::differ::rfc3339;
use winback_show::letter;
use winback_show::words::{self, BAD, DIM, styled};
use winback_terminal::{EXIT_PARTLY, Out};

use super::none;

/// Letters of one role, source and reason.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    role: String,
    source: String,
    reason: String,
    letters: u64,
    /// How many records or elements they stand for.
    elements: u64,
    /// The number of letters that `dead-letters replay` would send.
    replayable: u64,
    #[serde(serialize_with = "rfc3339")]
    first: Option<Time>,
    #[serde(serialize_with = "rfc3339")]
    last: Option<Time>,
    /// The newest, by its offset, and what it says.
    newest: i64,
    text: String,
}

impl Group {
    fn new(letter: &v1::DeadLetter, reason: &str) -> Self {
        let failed = words::time(letter.failed_at.as_ref());
        Self {
            role: letter.role.clone(),
            source: letter.source.clone(),
            reason: reason.to_owned(),
            letters: 0,
            elements: 0,
            replayable: 0,
            first: failed,
            last: failed,
            newest: 0,
            text: String::new(),
        }
    }

    fn add(&mut self, found: &Found<v1::DeadLetter>, elements: u64, replayable: bool) {
        self.letters += 1;
        self.elements += elements;
        self.replayable += u64::from(replayable);
        self.last = words::time(found.value.failed_at.as_ref()).max(self.last);
        self.newest = found.offset;
        self.text.clone_from(&found.value.text);
    }

    fn line(&self) -> String {
        format!(
            "{:>7}  {:>8}  {:>10}  {:<9}  {:<10}  {}  {:<16}  {:<16}  {}",
            self.letters,
            self.elements,
            self.replayable,
            words::safe(&self.role),
            words::safe(if self.source.is_empty() { "-" } else { &self.source }),
            styled(BAD, &format!("{:<18}", words::safe(&self.reason))),
            words::minute(self.first),
            words::minute(self.last),
            words::short(&words::safe(&format!("{}: {}", self.newest, self.text)), 100)
        )
    }
}

pub(super) fn print(context: &Context, filter: &Filter) -> anyhow::Result<ExitCode> {
    let log = context.log()?;
    let mut groups: BTreeMap<(String, String, String), Group> = BTreeMap::new();
    let unreadable = each(context, &*log, filter, |found, _| {
        let letter = &found.value;
        let replayable = whose(&found, &context.config, &context.topics).is_ok();
        for (reason, elements) in letter::counts(letter) {
            if filter.reason.as_deref().is_some_and(|asked| asked != reason) {
                continue;
            }
            let key = (letter.role.clone(), letter.source.clone(), reason.to_owned());
            let group = groups.entry(key).or_insert_with(|| Group::new(letter, reason));
            group.add(&found, elements, replayable);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.letters));
    let mut out = Out::new();
    if context.json {
        groups.iter().try_for_each(|group| out.json(group))?;
    } else if !groups.is_empty() {
        out.line(&styled(
            DIM,
            &format!(
                "{:>7}  {:>8}  {:>10}  {:<9}  {:<10}  {:<18}  {:<16}  {:<16}  newest",
                "letters", "elements", "replayable", "role", "source", "reason", "first", "last"
            ),
        ))?;
        groups.iter().try_for_each(|group| out.line(&group.line()))?;
    }
    out.flush()?;
    if groups.is_empty() {
        none(context, &*log, filter)?;
    }
    Ok(if unreadable == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_PARTLY) })
}
