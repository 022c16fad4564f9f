//! `CloudEvents` 1.0 on Kafka: the attributes in headers and the data as it is, or both in one JSON document, or a list
//! of such documents.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Members, Opened, quoted, refused, with_envelope};
use crate::decoder::Incoming;
use crate::element::{DropReason, Refusal};

const PREFIX: &str = "ce_";
const VERSION: &str = "specversion";

pub(super) fn open<'r>(incoming: &Incoming<'_>, text: Cow<'r, str>) -> Result<Opened<'r>, Refusal> {
    let attributes = attributes(incoming);
    if let Some(version) = attributes.get(VERSION) {
        return binary(version, &attributes, text);
    }
    if text.trim_start().starts_with('[') {
        return batch(&text);
    }
    structured(&text).map(|event| Opened::One(Cow::Owned(event)))
}

fn attributes(incoming: &Incoming<'_>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    (incoming.headers)(&mut |name, value| {
        if let Some(name) = name.strip_prefix(PREFIX) {
            found.insert(name.to_owned(), String::from_utf8_lossy(value).into_owned());
        }
    });
    found
}

fn binary<'r>(
    version: &str,
    attributes: &BTreeMap<String, String>,
    text: Cow<'r, str>,
) -> Result<Opened<'r>, Refusal> {
    known(version)?;
    let fields: Vec<_> = attributes.iter().map(|(name, value)| (name.as_str(), quoted(value))).collect();
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    if !text.trim_start().starts_with('{') {
        return Ok(Opened::One(text));
    }
    Ok(Opened::One(Cow::Owned(with_envelope(&fields, &text))))
}

fn batch<'r>(text: &str) -> Result<Opened<'r>, Refusal> {
    let events: Vec<sonic_rs::Value> = crate::json::parse(text)?;
    if events.is_empty() {
        return Err(DropReason::Empty.into());
    }
    let one = |event: &sonic_rs::Value| {
        let text = sonic_rs::to_string(event).map_err(|error| refused(&error.to_string()))?;
        structured(&text).map(Cow::Owned)
    };
    Ok(Opened::Batch(events.iter().map(one).collect()))
}

fn structured(text: &str) -> Result<String, Refusal> {
    let members = Members::of(text)?;
    let version = members.text(VERSION).ok_or_else(|| {
        refused("no CloudEvent: neither the header `ce_specversion` nor a field `specversion` is there")
    })?;
    known(&version)?;
    let about = |name: &str| !matches!(name, "data" | "data_base64");
    let fields: Vec<_> = members.0.iter().filter(|(name, _)| about(name)).collect();
    let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_ref())).collect();
    if let Some(encoded) = members.text("data_base64") {
        let bytes = STANDARD.decode(encoded.trim()).ok();
        let data = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        let data = data.ok_or_else(|| refused("`data_base64` holds no text: send JSON, or `data`"))?;
        return Ok(with_envelope(&fields, &data));
    }
    match (members.raw("data"), members.text("data")) {
        // A text within: a log line, or a document that was written as text.
        (Some(_), Some(text)) => Ok(with_envelope(&fields, &text)),
        (Some(raw), None) => Ok(with_envelope(&fields, raw)),
        (None, _) => Err(DropReason::Empty.into()),
    }
}

fn known(version: &str) -> Result<(), Refusal> {
    if version.starts_with("1.") || version == "0.3" {
        return Ok(());
    }
    Err(refused(&format!("CloudEvents {version} is not known here: send specversion 1.0")))
}
