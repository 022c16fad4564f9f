//! Which producer's page views a record holds, and how each packs them.

use super::{Web, ga4, plain, posthog, rudderstack, segment, snowplow};
use crate::decoder::{Raw, each};
use crate::element::{Refusal, Sink, element};
use crate::json::{self, Lenient};
use crate::presets::Preset;

/// A producer of page views.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Segment,
    Plain,
    CombinedLog,
    SnowplowTsv,
    SnowplowJson,
    RudderStack,
    PostHog,
    Ga4Export,
}

impl Shape {
    /// The shape of a preset; `None` where it is no page views'.
    pub(crate) const fn of(preset: Preset) -> Option<Self> {
        Some(match preset {
            Preset::Segment => Self::Segment,
            Preset::Web => Self::Plain,
            Preset::CombinedLog => Self::CombinedLog,
            Preset::SnowplowTsv => Self::SnowplowTsv,
            Preset::SnowplowJson => Self::SnowplowJson,
            Preset::RudderStack => Self::RudderStack,
            Preset::PostHog => Self::PostHog,
            Preset::Ga4Export => Self::Ga4Export,
            _ => return None,
        })
    }

    /// Whether the producer tells a user's id, which may be the account's.
    pub(crate) const fn has_users(self) -> bool {
        !matches!(self, Self::Plain | Self::CombinedLog)
    }
}

impl Web {
    /// Gives the elements of a record of that shape.
    pub(crate) fn decode(&self, shape: Shape, text: &str, sink: &mut Sink<'_>) -> Result<(), Refusal> {
        let raw = |index| Raw { bytes: text.as_bytes(), index };
        match shape {
            Shape::Segment => each(json::parse::<Lenient<segment::Call<'_>>>(text)?, sink, |call, index| {
                self.segment(call, raw(index))
            }),
            Shape::Plain => each(json::parse::<Lenient<plain::View<'_>>>(text)?, sink, |view, index| {
                self.plain(view, raw(index))
            }),
            Shape::RudderStack => {
                each(json::parse::<Lenient<rudderstack::Call<'_>>>(text)?, sink, |call, index| {
                    self.rudderstack(call, raw(index))
                })
            }
            Shape::SnowplowJson => {
                each(json::parse::<Lenient<snowplow::Event<'_>>>(text)?, sink, |event, index| {
                    self.snowplow(event, raw(index))
                })
            }
            Shape::Ga4Export => each(json::parse::<Lenient<ga4::Row<'_>>>(text)?, sink, |row, index| {
                self.ga4(row, raw(index))
            }),
            Shape::PostHog => posthog::decode(self, text, sink),
            Shape::CombinedLog => {
                sink(element(self.combined_log(text), None));
                Ok(())
            }
            Shape::SnowplowTsv => {
                sink(element(self.snowplow_line(text), None));
                Ok(())
            }
        }
    }
}
