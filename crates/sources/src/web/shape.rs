//! Which producer's page views a record holds, and how each packs them.

use super::{Web, ga4, plain, posthog, rudderstack, segment, snowplow};
use crate::element::{Refusal, element};
use crate::presets::Preset;
use crate::walk::{Placed, Raw, each};

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
    pub(crate) fn decode(&self, shape: Shape, text: &str, sink: &mut Placed<'_>) -> Result<(), Refusal> {
        let raw = |index| Raw { bytes: text.as_bytes(), index };
        match shape {
            Shape::Segment => {
                each(text, sink, |call: segment::Call<'_>, index| self.segment(call, raw(index)))
            }
            Shape::Plain => each(text, sink, |view: plain::View<'_>, index| self.plain(view, raw(index))),
            Shape::RudderStack => {
                each(text, sink, |call: rudderstack::Call<'_>, index| self.rudderstack(call, raw(index)))
            }
            Shape::SnowplowJson => {
                each(text, sink, |event: snowplow::Event<'_>, index| self.snowplow(event, raw(index)))
            }
            Shape::Ga4Export => each(text, sink, |row: ga4::Row<'_>, index| self.ga4(row, raw(index))),
            Shape::PostHog => posthog::decode(self, text, sink),
            Shape::CombinedLog => {
                sink(None, element(self.combined_log(text), None));
                Ok(())
            }
            Shape::SnowplowTsv => {
                sink(None, element(self.snowplow_line(text), None));
                Ok(())
            }
        }
    }
}
