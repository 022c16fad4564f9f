//! A step of a sequence file.

use std::collections::BTreeMap;

use jiff::civil::Time as TimeOfDay;
use schemars::JsonSchema;
use serde::Deserialize;
use winback_core::account::{Manner, Tier};
use winback_policy::names;

use super::parts::FileRelease;
use crate::error::SequenceError;
use crate::model::{Condition, Step, Text, Variant};
use crate::words::{Channel, Engaged, News, Rule};

/// The hour of a step where the file does not say.
const HOUR: TimeOfDay = TimeOfDay::constant(9, 0, 0, 0);

/// One touch.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FileStep {
    /// The step's name, unique in the sequence: a-z, 0-9 and -; not `end`.
    id: String,
    /// Set the day; 1 is the day of the enrolment.
    day: u32,
    /// Set the local hour, such as "09:00", the default.
    #[schemars(extend("pattern" = "^[0-9]{2}:[0-9]{2}$"))]
    hour: Option<String>,
    /// Send it as soon as the account's day allows it.
    #[serde(default)]
    at_once: bool,
    /// Choose the way.
    #[schemars(with = "String", extend("enum" = names(Channel::ALL, Channel::as_str)))]
    channel: Channel,
    /// Roles of contacts, the preferred first; anybody without it.
    #[serde(default)]
    roles: Vec<String>,
    /// The condition beside that nobody answered.
    #[serde(default)]
    condition: FileCondition,
    /// Skip the step unless one of these is there and untold: the text says nothing new otherwise.
    #[serde(default)]
    #[schemars(with = "Vec<String>", extend("items" = { "type": "string", "enum": names(News::ALL, News::as_str) }))]
    news: Vec<News>,
    /// Name the offer that the text makes.
    offer: Option<String>,
    /// The text says that this was released. It knows `release`, `released` and `releases`.
    claim: Option<FileRelease>,
    /// It gives something to read, and asks for nothing.
    #[serde(default)]
    content: bool,
    /// Name the experiment whose arms the texts name.
    experiment: Option<String>,
    /// The arms that have this step; all without it.
    #[serde(default)]
    arms: Vec<String>,
    /// The words by language.
    #[serde(default)]
    text: BTreeMap<String, FileText>,
    /// Other words for some accounts; the first that fits is taken.
    #[serde(default)]
    variant: Vec<FileVariant>,
}

/// The condition of a step: all that is set must hold when it is due.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct FileCondition {
    /// Choose a person's reaction to an earlier touch of the enrolment.
    #[schemars(with = "Option<String>", extend("enum" = names(Engaged::ALL, Engaged::as_str)))]
    engaged: Option<Engaged>,
    /// Tiers.
    #[schemars(with = "Vec<String>", extend("items" = { "type": "string", "enum": names(Tier::ALL, Tier::as_str) }))]
    tiers: Vec<Tier>,
    /// A release on the shelf.
    release: Option<FileRelease>,
    /// A contact of this role is there.
    role: Option<String>,
}

/// The words of a step: templates.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FileText {
    /// One line; only where the channel has a subject.
    #[serde(default)]
    subject: String,
    /// The text.
    body: String,
}

/// Other words for some accounts: all that is set must hold.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FileVariant {
    /// Tiers.
    #[serde(default)]
    #[schemars(with = "Vec<String>", extend("items" = { "type": "string", "enum": names(Tier::ALL, Tier::as_str) }))]
    tiers: Vec<Tier>,
    /// Manners of leaving.
    #[serde(default)]
    #[schemars(with = "Vec<String>", extend("items" = { "type": "string", "enum": names(Manner::ALL, Manner::as_str) }))]
    manners: Vec<Manner>,
    /// Finer reasons, in the books' own words, such as `champion_left`.
    #[serde(default)]
    details: Vec<String>,
    /// The arm of the step's experiment.
    arm: Option<String>,
    /// The words by language.
    text: BTreeMap<String, FileText>,
}

impl FileStep {
    pub(super) fn step(&self, at: usize, faults: &mut Vec<SequenceError>) -> Step {
        let key = format!("steps[{at}]");
        Step {
            id: self.id.clone(),
            day: self.day,
            hour: self.local_hour(&key, faults),
            channel: self.channel,
            roles: self.roles.clone(),
            condition: Condition {
                engaged: self.condition.engaged,
                tiers: self.condition.tiers.clone(),
                release: self.condition.release.as_ref().map(FileRelease::rule),
                role: self.condition.role.clone(),
            },
            news: self.news.clone(),
            offer: self.offer.clone(),
            claim: self.claim.as_ref().map(FileRelease::rule),
            content: self.content,
            experiment: self.experiment.clone(),
            arms: self.arms.clone(),
            texts: self.texts(&key),
        }
    }

    fn local_hour(&self, key: &str, faults: &mut Vec<SequenceError>) -> Option<TimeOfDay> {
        let key = format!("{key}.hour");
        let mut wrong = |fix: &str| {
            let value = format!("{:?}", self.hour.as_deref().unwrap_or_default());
            faults.push(SequenceError::new(Rule::Due, &key, value, fix));
            None
        };
        match (&self.hour, self.at_once) {
            (Some(_), true) => wrong("leave it out, or leave out at_once = true: a step has one of them"),
            (None, true) => None,
            (None, false) => Some(HOUR),
            (Some(text), false) => {
                text.parse().ok().or_else(|| wrong("write a time of day such as \"09:00\""))
            }
        }
    }

    /// Those for some accounts stand before those for all.
    fn texts(&self, key: &str) -> Vec<Text> {
        let mut texts = Vec::new();
        for (at, other) in self.variant.iter().enumerate() {
            let variant = Variant {
                tiers: other.tiers.clone(),
                manners: other.manners.clone(),
                details: other.details.clone(),
            };
            let key = format!("{key}.variant[{at}]");
            texts.extend(
                other
                    .text
                    .iter()
                    .map(|(language, text)| text.text(&key, language, other.arm.clone(), variant.clone())),
            );
        }
        let own = self.text.iter();
        texts.extend(own.map(|(language, text)| text.text(key, language, None, Variant::default())));
        texts
    }
}

impl FileText {
    fn text(&self, key: &str, language: &str, arm: Option<String>, variant: Variant) -> Text {
        Text {
            key: format!("{key}.text.{language}"),
            language: language.to_owned(),
            arm,
            variant,
            subject: self.subject.clone(),
            body: self.body.clone(),
        }
    }
}
