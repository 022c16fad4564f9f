//! One source's decoder: bytes in, elements out.
//!
//! Invariant: every record gives at least one element, and the same ones each time. Size, encoding and depth are
//! bounded before anything parses.

use std::borrow::Cow;
use std::sync::Arc;

use encoding_rs::Encoding;
use ipnet::IpNet;
use jiff::tz::TimeZone;

use crate::bots::{Bots, PAGE_BOTS};
use crate::config::{BotConfig, ImageProxies, SourceConfig};
use crate::element::{AnswerKind, Dead, DeadReason, DropReason, Element, Refusal, element};
use crate::envelope::{EnvelopeKind, Opened};
use crate::error::SourceError;
use crate::jq::Jq;
use crate::lists;
use crate::mail::{DecodeMail, MACHINES, Machines, Mail, SCANNERS, Scanners, form};
use crate::mapping::{Compiled, Mapping, Wrong, zone_of};
use crate::presets::{self, Preset};
use crate::text;
use crate::times::TimeReader;
use crate::walk::{Placed, Wanted, only};
use crate::web::{Pages, Web, WebFormat};
use crate::wire::{Away, Schemas, Wire, WireKind};

/// The deepest that a document may be nested.
pub const MAX_DEPTH: usize = 64;

/// Decodes one source's records. Built once, shared by its lanes.
#[derive(Debug)]
pub struct Decoder {
    max_bytes: usize,
    encoding: Option<&'static Encoding>,
    wire: Option<Wire>,
    envelope: EnvelopeKind,
    format: Format,
}

/// A visit of a record's headers, in order.
pub type EachHeader<'h> = dyn Fn(&mut dyn FnMut(&str, &[u8])) + 'h;

/// A record as it came: its bytes, and its headers for those formats that have something in them.
#[derive(Clone, Copy)]
pub struct Incoming<'r> {
    /// Its value.
    pub value: &'r [u8],
    /// Its headers; read only where the envelope needs them.
    pub headers: &'r EachHeader<'r>,
}

impl<'r> Incoming<'r> {
    /// A record without headers.
    pub fn bare(value: &'r [u8]) -> Self {
        Self { value, headers: &|_| {} }
    }
}

#[derive(Debug)]
enum Format {
    Web(WebFormat, Web),
    Mail(DecodeMail, Mail),
    Mapped(Box<Compiled>),
    Filtered(Box<Jq>),
}

impl Decoder {
    /// The decoder of the source of that name.
    pub fn new(name: &str, config: &SourceConfig) -> Result<Self, SourceError> {
        let build = Build { name, config };
        let preset = build.preset()?;
        build.refuse_what_has_no_effect(preset)?;
        let format = match preset {
            Some(preset) => build.preset_format(preset)?,
            None => match &config.jq {
                Some(code) => build.filtered(code)?,
                None => build.mapped(config.mapping.as_ref())?,
            },
        };
        let wire = (config.wire == WireKind::Confluent).then(|| Wire::new(None));
        let envelope = config.envelope;
        Ok(Self { max_bytes: config.max_bytes, encoding: build.encoding()?, wire, envelope, format })
    }

    /// The decoder, asking there for schemas where its wire format needs them.
    #[must_use]
    pub fn with_schemas(mut self, schemas: Arc<dyn Schemas>) -> Self {
        self.wire = self.wire.map(|_| Wire::new(Some(schemas)));
        self
    }

    /// Has at hand what the record needs; it may wait for a schema registry. Nothing for most sources.
    ///
    /// # Errors
    /// When the registry does not answer: the record is to be read again later.
    pub fn prepare(&self, value: &[u8]) -> Result<(), Away> {
        self.wire.as_ref().map_or(Ok(()), |wire| wire.prepare(value))
    }

    /// Gives every element of the record to the sink: at least one, in the record's order. A candidate borrows from
    /// the record and from the decoder's scratch, so that it lives only as long as the sink's call.
    pub fn decode(&self, value: &[u8], sink: &mut dyn FnMut(Element<'_>)) {
        self.decode_record(&Incoming::bare(value), sink);
    }

    /// As [`Self::decode`], of a record with its headers.
    pub fn decode_record(&self, incoming: &Incoming<'_>, sink: &mut dyn FnMut(Element<'_>)) {
        self.decode_wanted(incoming, Wanted::ALL, &mut |_, element| sink(element));
    }

    /// As [`Self::decode_record`], but only the wanted elements, each with its place in the record's list: in order, and
    /// the same for what an event comes to when that is several. A record that is refused as a whole has no place.
    pub fn decode_wanted(
        &self,
        incoming: &Incoming<'_>,
        wanted: Wanted<'_>,
        sink: &mut dyn FnMut(Option<u32>, Element<'_>),
    ) {
        if let Err(refusal) = self.record(incoming, wanted, sink) {
            sink(None, element(Err(refusal), None));
        }
    }

    /// `Err` where the record as a whole is refused, before any element was given.
    fn record(
        &self,
        incoming: &Incoming<'_>,
        wanted: Wanted<'_>,
        sink: &mut Placed<'_>,
    ) -> Result<(), Refusal> {
        let value = incoming.value;
        if value.len() > self.max_bytes {
            let text = format!(
                "the record has {} bytes, and the source takes {}: raise its `max_bytes`, or send less",
                value.len(),
                self.max_bytes
            );
            return Err(Refusal::Dead(DeadReason::TooLarge, text));
        }
        let text = match &self.wire {
            // A tombstone has no schema.
            Some(wire) if !value.is_empty() => Cow::Owned(wire.json(value)?),
            _ => match text::decode(value, self.encoding) {
                // A part of a posted form or of a mail may be in an encoding of its own; what matters is ASCII.
                Err(_) if self.format.takes_forms() && form::is_posted(value) => {
                    String::from_utf8_lossy(value)
                }
                decoded => decoded?,
            },
        };
        if text.trim().is_empty() {
            return Err(DropReason::Empty.into());
        }
        if self.envelope == EnvelopeKind::None {
            return self.format.decode(self.format.trimmed(&text), wanted, sink);
        }
        match self.envelope.open(incoming, text)? {
            Opened::One(text) => self.format.decode(self.format.trimmed(&text), wanted, sink),
            Opened::Snapshot { text, at } => {
                let mut of_snapshot =
                    |place: Option<u32>, element: Element<'_>| sink(place, of_snapshot(element, at));
                self.format.decode(self.format.trimmed(&text), wanted, &mut of_snapshot)
            }
            Opened::Batch(events) => {
                let placed = (0_u32..).zip(events);
                placed.filter(|(at, _)| wanted.takes(Some(*at))).for_each(|(at, event)| {
                    self.of_batch(event, at, sink);
                });
                Ok(())
            }
        }
    }

    /// One event of a batch: all that comes of it bears its place.
    fn of_batch(&self, event: Result<Cow<'_, str>, Refusal>, place: u32, sink: &mut Placed<'_>) {
        let decoded = event.and_then(|text| {
            self.format.decode(self.format.trimmed(&text), Wanted::ALL, &mut |_, element| {
                sink(
                    Some(place),
                    match element {
                        Element::Dead(dead) => Element::Dead(Dead { index: Some(place), ..dead }),
                        element => element,
                    },
                );
            })
        });
        if let Err(refusal) = decoded {
            sink(Some(place), element(Err(refusal), Some(place)));
        }
    }
}

/// What counts of a row that was there before anybody read changes. Nothing happened to it, so that it is no signal. But
/// a prohibition that it says holds; so does another answer, unless its only time is that of the reading.
fn of_snapshot(element: Element<'_>, read_at: Option<i64>) -> Element<'_> {
    match &element {
        Element::Signal(_) | Element::Broadcast(_) => Element::Dropped(DropReason::Snapshot),
        Element::Answer(answer)
            if answer.kind != AnswerKind::OptedOut && read_at.is_some_and(|at| at == answer.at.millis()) =>
        {
            Element::Dropped(DropReason::Snapshot)
        }
        Element::Answer(_) | Element::Dropped(_) | Element::Dead(_) => element,
    }
}

impl Format {
    /// The wanted elements with their places.
    fn decode(&self, text: &str, wanted: Wanted<'_>, sink: &mut Placed<'_>) -> Result<(), Refusal> {
        match self {
            Self::Filtered(filter) => filter.decode(text, wanted, sink),
            Self::Mail(decode, mail) => decode(mail, text, wanted, sink),
            Self::Web(format, web) => (format.decode)(web, text, &mut only(wanted, sink)),
            Self::Mapped(mapping) => mapping.decode(text, &mut only(wanted, sink)),
        }
    }

    /// True if its records may be forms as somebody posted them.
    const fn takes_forms(&self) -> bool {
        matches!(self, Self::Mail(..))
    }

    /// The text without what stands around it; a tab is a column without a value where columns are between tabs.
    fn trimmed<'t>(&self, text: &'t str) -> &'t str {
        match self {
            Self::Web(WebFormat { has_columns: true, .. }, _) => text.trim_matches(['\r', '\n']),
            _ => text.trim(),
        }
    }
}

/// The file of a preset that is a filter.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct FilterFile {
    jq: String,
}

/// Builds the parts of a decoder and names the source in every error.
struct Build<'c> {
    name: &'c str,
    config: &'c SourceConfig,
}

impl Build<'_> {
    /// The stated preset; `None` for a mapping.
    fn preset(&self) -> Result<Option<Preset>, SourceError> {
        let not_one = |has| SourceError::NotOneFormat { source_name: self.name.to_owned(), has };
        match (&self.config.preset, &self.config.mapping, &self.config.jq) {
            (Some(_), Some(_), _) => Err(not_one("both a preset and a mapping")),
            (Some(_), _, Some(_)) => Err(not_one("both a preset and a jq filter")),
            (_, Some(_), Some(_)) => Err(not_one("both a mapping and a jq filter")),
            (None, None, None) => Err(not_one("neither a preset nor a mapping")),
            (None, _, _) => Ok(None),
            (Some(text), None, None) => {
                Preset::parse(text).map(Some).ok_or_else(|| SourceError::UnknownPreset {
                    source_name: self.name.to_owned(),
                    value: text.clone(),
                    nearest: Preset::nearest(text).to_string(),
                    known: Preset::ALL.iter().map(|preset| preset.as_str()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    }

    fn refuse_what_has_no_effect(&self, preset: Option<Preset>) -> Result<(), SourceError> {
        let format = preset.map(Preset::format);
        let web = matches!(format, Some(presets::Format::Web(_)));
        let mail = matches!(format, Some(presets::Format::Mail(_)));
        let users = matches!(format, Some(presets::Format::Web(WebFormat { has_users: true, .. })));
        let forwarded = matches!(format, Some(presets::Format::Web(WebFormat { has_forwarded: true, .. })));
        let config = self.config;
        let stated = [
            ("pages", config.pages.is_some() && !web),
            ("bots", config.bots != BotConfig::default() && !web && !mail),
            ("machines", config.machines != BotConfig::default() && !mail),
            ("scanners", config.scanners != BotConfig::default() && !mail),
            ("image_proxies", config.image_proxies != ImageProxies::default() && !mail),
            ("user_is_account", config.user_is_account && !users),
            ("proxies", !config.proxies.is_empty() && !forwarded),
        ];
        match stated.into_iter().find(|(_, without)| *without) {
            None => Ok(()),
            Some((key, _)) => Err(SourceError::NoEffect {
                source_name: self.name.to_owned(),
                key,
                format: preset.map_or_else(
                    || "a mapping or a filter".to_owned(),
                    |preset| format!("preset \"{preset}\""),
                ),
            }),
        }
    }

    fn preset_format(&self, preset: Preset) -> Result<Format, SourceError> {
        let text = match preset.format() {
            presets::Format::Web(format) => return Ok(Format::Web(format, self.web()?)),
            presets::Format::Mail(decode) => return Ok(Format::Mail(decode, self.mail()?)),
            presets::Format::File(text) => text,
        };
        if let Ok(FilterFile { jq }) = toml::from_str(text) {
            return self.filtered(&jq);
        }
        let mapping: Mapping = toml::from_str(text)
            .map_err(|error| self.bad(("preset".to_owned(), preset.to_string(), error.to_string())))?;
        self.mapped(Some(&mapping))
    }

    fn mapped(&self, mapping: Option<&Mapping>) -> Result<Format, SourceError> {
        let not_one = || SourceError::NotOneFormat { source_name: self.name.to_owned(), has: "no mapping" };
        let mapping = mapping.ok_or_else(not_one)?;
        let compiled = Compiled::new(mapping, self.zone()?)
            .map_err(|(key, value, fix)| self.bad((format!("mapping.{key}"), value, fix)))?;
        Ok(Format::Mapped(Box::new(compiled)))
    }

    fn filtered(&self, code: &str) -> Result<Format, SourceError> {
        let filter = Jq::new(code, self.zone()?).map_err(|wrong| self.bad(wrong))?;
        Ok(Format::Filtered(Box::new(filter)))
    }

    fn web(&self) -> Result<Web, SourceError> {
        let pages = match &self.config.pages {
            Some(classes) => Pages::new(classes),
            None => Pages::new(&Pages::built_in().map_err(|error| self.bad_built_in("pages", &error))?),
        };
        let too_many = |error: aho_corasick::BuildError| {
            self.bad(("pages".to_owned(), "all of them".to_owned(), format!("{error}: state fewer")))
        };
        Ok(Web {
            pages: pages.map_err(too_many)?,
            bots: self.bots()?,
            times: TimeReader::auto(self.zone()?.unwrap_or(TimeZone::UTC)),
            user_is_account: self.config.user_is_account,
            proxies: self.proxies()?,
        })
    }

    fn proxies(&self) -> Result<Vec<IpNet>, SourceError> {
        let network = |text: &String| {
            let one = || text.parse::<std::net::IpAddr>().ok().map(IpNet::from);
            text.parse().ok().or_else(one).ok_or_else(|| {
                let fix =
                    "write the address or the network of a proxy of yours, such as \"10.0.0.0/8\"".to_owned();
                self.bad(("proxies".to_owned(), text.clone(), fix))
            })
        };
        self.config.proxies.iter().map(network).collect()
    }

    fn mail(&self) -> Result<Mail, SourceError> {
        let SourceConfig { machines, scanners, image_proxies, .. } = self.config;
        let list = |key, config: &BotConfig, built_in| {
            lists::read(key, config, built_in).map_err(|wrong| self.bad(wrong))
        };
        let (openers, clickers) =
            (list("machines", machines, MACHINES)?, list("scanners", scanners, SCANNERS)?);
        Ok(Mail {
            machines: Machines::new(&openers, machines, *image_proxies)
                .map_err(|error| self.bad_built_in("machines", &error))?,
            scanners: Scanners::new(&clickers, scanners)
                .map_err(|error| self.bad_built_in("scanners", &error))?,
            bots: self.bots()?,
            times: TimeReader::of_mail(self.zone()?.unwrap_or(TimeZone::UTC)),
            proxies: *image_proxies,
        })
    }

    fn bots(&self) -> Result<Bots, SourceError> {
        let config = &self.config.bots;
        let list = lists::read("bots", config, PAGE_BOTS).map_err(|wrong| self.bad(wrong))?;
        Bots::new(&list, config).map_err(|error| self.bad_built_in("bots", &error))
    }

    fn zone(&self) -> Result<Option<TimeZone>, SourceError> {
        let zone = self.config.zone.as_deref().map(|name| zone_of("zone", name)).transpose();
        zone.map_err(|wrong| self.bad(wrong))
    }

    fn encoding(&self) -> Result<Option<&'static Encoding>, SourceError> {
        let Some(label) = self.config.encoding.as_deref() else { return Ok(None) };
        let found = Encoding::for_label(label.as_bytes()).filter(|encoding| encoding.is_ascii_compatible());
        found.map(Some).ok_or_else(|| {
            let fix = "write one that keeps ASCII as it is, such as \"windows-1252\", \"iso-8859-2\" or \"shift_jis\"";
            self.bad(("encoding".to_owned(), label.to_owned(), fix.to_owned()))
        })
    }

    fn bad(&self, (key, value, fix): Wrong) -> SourceError {
        SourceError::BadValue { source_name: self.name.to_owned(), key, value, fix }
    }

    fn bad_built_in(&self, key: &str, error: &dyn std::fmt::Display) -> SourceError {
        self.bad((key.to_owned(), "the built-in list".to_owned(), error.to_string()))
    }
}
