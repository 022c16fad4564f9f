//! Walking the elements of a record: which are wanted, and what stands at which place.

use serde::Deserialize;
use serde::de::IgnoredAny;
use winback_core::places::Places;

use crate::element::{DeadReason, DropReason, Element, Refusal, Verdict, element};
use crate::json::{self, Lenient};

/// The elements of a record that are wanted, by their places in its list.
#[derive(Clone, Copy, Debug)]
pub enum Wanted<'p> {
    /// From that place on: what comes before it was stepped already.
    From(u32),
    /// The one at that place, as its dead letter named it.
    At(u32),
    /// Those at these places, as a dead letter named them that stands for many.
    Among(&'p Places),
}

impl Wanted<'_> {
    /// Everything.
    pub const ALL: Self = Self::From(0);

    /// Whether an element at that place is wanted; a record that is no list has none, and is its own first element.
    pub fn takes(&self, place: Option<u32>) -> bool {
        match (self, place) {
            (Self::From(first), place) => place.unwrap_or_default() >= *first,
            (Self::At(_) | Self::Among(_), None) => true,
            (Self::At(only), Some(place)) => place == *only,
            (Self::Among(places), Some(place)) => places.contains(place),
        }
    }
}

/// Where elements go, each with its place; without one where the record as a whole is meant.
pub(crate) type Placed<'s> = dyn FnMut(Option<u32>, Element<'_>) + 's;

/// A sink for the wanted elements only.
pub(crate) fn only<'s>(
    wanted: Wanted<'s>,
    sink: &'s mut Placed<'_>,
) -> impl FnMut(Option<u32>, Element<'_>) + 's {
    move |place, element| {
        if wanted.takes(place) {
            sink(place, element);
        }
    }
}

/// The base of a derived id: the record, and the event's place in it.
#[derive(Clone, Copy)]
pub(crate) struct Raw<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) index: Option<u32>,
}

/// Gives the elements of all events of a document, each judged by itself.
pub(crate) fn each<'t, T: Deserialize<'t>>(
    text: &'t str,
    sink: &mut Placed<'_>,
    judge: impl Fn(T, Option<u32>) -> Verdict<'t>,
) -> Result<(), Refusal> {
    events(text, |event, index| {
        sink(index, element(event.and_then(|event| judge(event, index)), index));
    })
}

/// Gives all events of a document with their places. Of a list one is in memory at a time, since it can have as many as
/// the record has bytes.
pub(crate) fn events<'t, T: Deserialize<'t>>(
    text: &'t str,
    mut give: impl FnMut(Result<T, Refusal>, Option<u32>),
) -> Result<(), Refusal> {
    if !text.trim_start().starts_with('[') {
        return listed(json::parse::<Lenient<T>>(text)?, give);
    }
    // The whole document before its first element, so that one that is torn gives none.
    let _: IgnoredAny = json::parse(text)?;
    let mut next = 0;
    for raw in json::items(text) {
        let event = json::parse_item::<Lenient<T>>(raw?);
        let event = event.and_then(|event| match event {
            Lenient::One(event) => Ok(event),
            Lenient::Many(_) | Lenient::Other => Err(no_object("event")),
        });
        give(event, Some(next));
        next += 1;
    }
    if next == 0 { Err(DropReason::Empty.into()) } else { Ok(()) }
}

fn no_object(what: &str) -> Refusal {
    let text = format!("the {what} is no JSON object: send one object an event");
    Refusal::Dead(DeadReason::MissingField, text)
}

/// Gives all events of a record with their places. `Err` where the record holds none.
pub(crate) fn listed<T>(
    events: Lenient<T>,
    mut give: impl FnMut(Result<T, Refusal>, Option<u32>),
) -> Result<(), Refusal> {
    match events {
        Lenient::One(event) => give(Ok(event), None),
        Lenient::Many(events) if events.is_empty() => return Err(DropReason::Empty.into()),
        Lenient::Many(events) => {
            for (index, event) in events.into_iter().enumerate() {
                give(event.ok_or_else(|| no_object("event")), u32::try_from(index).ok());
            }
        }
        Lenient::Other => return Err(no_object("record")),
    }
    Ok(())
}
