//! A source as the config file states it. What is unknown or without effect is refused, never ignored.

use std::path::PathBuf;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use winback_core::time::Time;

use crate::envelope::EnvelopeKind;
use crate::mapping::Mapping;
use crate::web::PageClass;
use crate::wire::WireKind;

/// The largest record a source takes unless it says otherwise.
pub const DEFAULT_MAX_BYTES: usize = 1 << 20;

/// One source: `[sources.NAME]`. It has a `preset`, a `mapping` or a `jq` filter, one of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceConfig {
    /// The topic that it is read from.
    pub topic: String,
    /// A format that is built in: see [`crate::presets`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preset: Option<String>,
    /// Any other JSON, field by field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<Mapping>,
    /// Any other JSON, by a jq filter that gives signals in the plain shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jq: Option<String>,
    /// The wire format of a record: text, or bytes behind a schema's id.
    #[serde(default)]
    pub wire: WireKind,
    /// The envelope around the event, removed before any preset or mapping sees it.
    #[serde(default)]
    pub envelope: EnvelopeKind,
    /// The start of a deployment that never read the topic. It is stated, never guessed.
    pub start: Start,
    /// The encoding of records that are not UTF-8, such as `windows-1252`. Without it such records are dead letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// The IANA zone of times that name none; UTC unless stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// Records larger than this, in bytes, are dead letters.
    #[serde(default = "default_max_bytes")]
    pub max_bytes: usize,
    /// Web visits: classes of pages, the first that fits; the built-in list unless stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pages: Option<Vec<PageClass>>,
    /// Web visits and clicks: whose user agent is a program's.
    #[serde(default)]
    pub bots: BotConfig,
    /// Mail opens: whose user agent is a machine's.
    #[serde(default)]
    pub machines: BotConfig,
    /// Mail clicks: which user agents and networks are a link scanner's.
    #[serde(default)]
    pub scanners: BotConfig,
    /// Mail opens: what an image proxy of a mailbox provider is.
    #[serde(default)]
    pub image_proxies: ImageProxies,
    /// Segment, RudderStack, Snowplow, PostHog, GA4: whether the user's id is the account's id, as it is where one login
    /// belongs to one company.
    #[serde(default)]
    pub user_is_account: bool,
    /// Access logs: the addresses and networks of proxies of ours. Behind one of them the visitor is who it forwards for.
    /// Without it nobody's word about another address counts, since a visitor can write it, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proxies: Vec<String>,
}

const fn default_max_bytes() -> usize {
    DEFAULT_MAX_BYTES
}

impl SourceConfig {
    /// A source with a preset and nothing else said.
    pub fn of_preset(topic: &str, preset: &str, start: Start) -> Self {
        Self {
            topic: topic.to_owned(),
            preset: Some(preset.to_owned()),
            mapping: None,
            jq: None,
            wire: WireKind::default(),
            envelope: EnvelopeKind::default(),
            start,
            encoding: None,
            zone: None,
            max_bytes: DEFAULT_MAX_BYTES,
            pages: None,
            bots: BotConfig::default(),
            machines: BotConfig::default(),
            scanners: BotConfig::default(),
            image_proxies: ImageProxies::default(),
            user_is_account: false,
            proxies: Vec::new(),
        }
    }
}

/// One of the three lists of programs: words in a user agent, in any case, beside the list's own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BotConfig {
    /// A file with the list to take instead of the built-in one, in its format (`config/sources/*.txt`); it is read at
    /// the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// A program, too.
    #[serde(default)]
    pub also: Vec<String>,
    /// A person, whatever else it says.
    #[serde(default)]
    pub never: Vec<String>,
}

/// The meaning of an open through the image proxy of Gmail or Yahoo. They fetch when a person opens, but also ahead of
/// time, and an open alone can be enough for a trigger. So they are machines unless a source says otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImageProxies {
    /// Not an open.
    #[default]
    Machine,
    /// It carries a person: an open.
    Person,
}

/// The start in a topic that was never read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// With the oldest record.
    Earliest,
    /// With the next record.
    Latest,
    /// With the first record appended at or after this.
    At(Time),
}

impl Serialize for Start {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Earliest => serializer.serialize_str("earliest"),
            Self::Latest => serializer.serialize_str("latest"),
            Self::At(time) => serializer.collect_str(time),
        }
    }
}

impl<'de> Deserialize<'de> for Start {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "earliest" => Ok(Self::Earliest),
            "latest" => Ok(Self::Latest),
            other => match other.parse::<jiff::Timestamp>() {
                Ok(time) => Ok(Self::At(Time::from_millis(time.as_millisecond()))),
                Err(_) => Err(D::Error::custom(format!(
                    "start = \"{other}\" is no place to start: write \"earliest\", \"latest\" or a time such as \
                     \"2026-01-31T00:00:00Z\""
                ))),
            },
        }
    }
}
