//! The words of a touch.

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use winback_core::visible::{one_line, plain_lines};

use crate::facts::{self, Facts};
use crate::model::{Sequence, Step, Text};
use crate::plan::Told;
use crate::situation::Situation;

/// A message or a task in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The language.
    pub language: String,
    /// The arm that has it; `None`: all.
    pub arm: Option<String>,
    /// One line; empty where the channel has none.
    pub subject: String,
    /// The text.
    pub body: String,
}

/// A template that passed the check failed on real data.
#[derive(Debug, thiserror::Error)]
#[error("{key} does not render, correct it: {why}")]
pub struct RenderError {
    key: String,
    why: String,
}

impl Message {
    /// The messages of a touch: one in each language and arm.
    ///
    /// # Errors
    /// When a template fails on this account's facts.
    pub fn of(
        sequence: &Sequence,
        step: &Step,
        situation: &Situation<'_>,
        told: &Told,
    ) -> Result<Vec<Self>, RenderError> {
        let mut messages = Vec::new();
        for language in &sequence.languages {
            let texts = step.texts_for(situation.account, language);
            if texts.is_empty() {
                continue;
            }
            let failed = |why| RenderError { key: format!("the offer of step {}", step.id), why };
            let facts = facts::of(sequence, step, situation, told, language).map_err(failed)?;
            for text in texts {
                messages.push(Self::rendered(text, &facts)?);
            }
        }
        Ok(messages)
    }

    fn rendered(text: &Text, facts: &Facts) -> Result<Self, RenderError> {
        let part = |field: &str, source: &str| {
            let failed = |why| RenderError { key: format!("{}.{field}", text.key), why: told(&why) };
            render(source, facts).map_err(failed)
        };
        Ok(Self {
            language: text.language.clone(),
            arm: text.arm.clone(),
            subject: one_line(&part("subject", &text.subject)?),
            body: plain_lines(part("body", &text.body)?.trim()).into_owned(),
        })
    }
}

/// The engine of texts to people: what is not known is an error, and nothing is escaped.
pub fn strict_templates() -> Environment<'static> {
    let mut env = Environment::new();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_auto_escape_callback(|_| AutoEscape::None);
    env
}

/// The same for sequences: a line of tags alone leaves no empty line.
pub(crate) fn environment() -> Environment<'static> {
    let mut env = strict_templates();
    env.set_trim_blocks(true);
    env.set_lstrip_blocks(true);
    env
}

pub(crate) fn render(source: &str, facts: &Facts) -> Result<String, minijinja::Error> {
    environment().render_str(&with_line_ends(source), facts)
}

/// Behind a tag at the end of a line with words the line ends as it is written: only a line of tags alone leaves none.
fn with_line_ends(source: &str) -> String {
    let keeps = |line: &str| {
        let line = line.trim();
        line.ends_with("%}") && !(line.starts_with("{%") && line.matches("{%").count() == 1)
    };
    let lines = source
        .split('\n')
        .map(|line| if keeps(line) { format!("{line}{{{{ \"\" }}}}") } else { line.to_owned() });
    lines.collect::<Vec<_>>().join("\n")
}

/// The engine's message on one line.
pub fn told(why: &minijinja::Error) -> String {
    why.to_string().replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_tags_alone_leaves_none_and_every_other_line_ends_as_it_is_written() {
        let source =
            "One.{% if link %} See {{ link }}.{% endif %}\n\n{% if link %}\nTwo.\n{% endif %}\nThree.";
        let facts = |link: &str| Facts::from([("link", link.into())]);
        assert_eq!(render(source, &facts("here")).unwrap(), "One. See here.\n\nTwo.\nThree.");
        assert_eq!(render(source, &facts("")).unwrap(), "One.\n\nThree.");
    }
}
