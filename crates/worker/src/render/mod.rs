//! From a play and a trigger to the words.
//!
//! The customer's text can use five facts only: `account`, `owner`, `features`, `concessions` (what was promised at exit),
//! and `release` where the play needs one. What was observed, and what we think of the account, its segment for one, is out
//! of its reach by construction and stands in the owner's note.

mod facts;

use minijinja::Environment;
use serde::Serialize;
use winback_core::visible;
use winback_sequences::{strict_templates, told};

use crate::moment::Moment;
use crate::play::{Play, PlayError};
use crate::trigger::CheckedTrigger;
use facts::{MessageFacts, NoteFacts};

pub(crate) use winback_core::visible::one_line;
pub(crate) use winback_sequences::mailbox;

const SAMPLE_RELEASE: &str = "Release 4711";
const NOTE: &str = "owner-note";

/// A message to the customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rendered {
    /// One line.
    pub subject: String,
    /// The text.
    pub body: String,
}

/// The compiled templates of all plays and of the owner's note.
#[derive(Debug)]
pub struct Texts {
    env: Environment<'static>,
}

/// A template that passed the check failed on real data.
#[derive(Debug, thiserror::Error)]
#[error("the template {template} does not render, correct it: {why}")]
pub struct RenderError {
    template: String,
    why: String,
}

impl Texts {
    /// Compiles the templates and renders each once with many facts and once with few.
    ///
    /// # Errors
    /// When one does not compile, or uses a fact that there is not.
    pub fn compile(plays: &[Play], note_file: &str, note: &str) -> Result<Self, PlayError> {
        let mut texts = Self { env: strict_templates() };
        for play in plays {
            texts.add(&play.file, "message.subject", subject_of(play), &play.subject)?;
            texts.add(&play.file, "message.body", body_of(play), &play.body)?;
            texts.check(play)?;
        }
        texts.add(note_file, "text", NOTE.to_owned(), note)?;
        for facts in [NoteFacts::full(), NoteFacts::sparse()] {
            let facts = minijinja::Value::from_serialize(facts);
            texts.env.get_template(NOTE).and_then(|note| note.render(facts)).map_err(|why| {
                PlayError::Template { file: note_file.to_owned(), key: "text".to_owned(), why: told(&why) }
            })?;
        }
        Ok(texts)
    }

    /// The customer's message.
    ///
    /// # Errors
    /// When a template fails on this account's facts.
    pub fn message(
        &self,
        play: &Play,
        trigger: &CheckedTrigger<'_>,
        release: Option<&str>,
    ) -> Result<Rendered, RenderError> {
        let facts = minijinja::Value::from_serialize(MessageFacts::of(trigger, release));
        Ok(Rendered {
            subject: one_line(&self.render(&subject_of(play), facts.clone())?),
            body: visible::plain_lines(&self.render(&body_of(play), facts)?).into_owned(),
        })
    }

    /// The note for the owner, with the message below it.
    ///
    /// # Errors
    /// When the template fails on this account's facts.
    pub fn note(
        &self,
        play: &Play,
        trigger: &CheckedTrigger<'_>,
        message: &Rendered,
        moment: &Moment,
    ) -> Result<String, RenderError> {
        self.render(NOTE, minijinja::Value::from_serialize(NoteFacts::of(play, trigger, message, moment)))
    }

    fn add(&mut self, file: &str, key: &str, name: String, source: &str) -> Result<(), PlayError> {
        self.env.add_template_owned(name, source.to_owned()).map_err(|why| PlayError::Template {
            file: file.to_owned(),
            key: key.to_owned(),
            why: told(&why),
        })
    }

    fn check(&self, play: &Play) -> Result<(), PlayError> {
        let release = play.needs_release.then(|| SAMPLE_RELEASE.to_owned());
        let mut named = false;
        let some = ["sso", "audit log"].map(str::to_owned);
        for lists in [&[][..], &some[..]] {
            for (key, name) in [("message.subject", subject_of(play)), ("message.body", body_of(play))] {
                let facts = MessageFacts::sample(lists, release.as_deref());
                let text = self.env.get_template(&name).and_then(|one| one.render(facts)).map_err(|why| {
                    let why = format!(
                        "{}; there are account, owner, features, concessions, and release with needs_release = true",
                        told(&why)
                    );
                    PlayError::Template { file: play.file.clone(), key: key.to_owned(), why }
                })?;
                named |= text.contains(SAMPLE_RELEASE);
            }
        }
        if play.needs_release && !named {
            return Err(PlayError::Value {
                file: play.file.clone(),
                key: "needs_release".to_owned(),
                value: "true".to_owned(),
                fix: "put {{ release }} into the message: a claim names what was released".to_owned(),
            });
        }
        Ok(())
    }

    fn render(&self, template: &str, facts: minijinja::Value) -> Result<String, RenderError> {
        let rendered = self.env.get_template(template).and_then(|one| one.render(facts));
        rendered.map_err(|why| RenderError { template: template.to_owned(), why: told(&why) })
    }
}

fn subject_of(play: &Play) -> String {
    format!("{}/subject", play.name)
}

fn body_of(play: &Play) -> String {
    format!("{}/body", play.name)
}
