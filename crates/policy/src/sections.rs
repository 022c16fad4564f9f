//! The sections of a policy file about whom to leave alone, when a date may start something, and what is carried over.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use winback_core::account::Reason;
use winback_core::debounce::{
    Blackout, HoldOut, MOST_HELD_OUT, MOST_TIME_BASED, NotFit, Rules, TimeBased, default_window, half_life,
};
use winback_core::text::nearest;
use winback_core::time::Span;

use crate::error::{PolicyError, span, wrong};
use crate::schema::{Length, names};

/// A month and a day as files have them.
const DAY: &str = "^[0-9]{1,2}-[0-9]{1,2}$";

/// A share of all accounts, by hash, that nothing is ever started for, to measure against.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileHoldOut {
    /// Set the share in percent, at most 50.
    #[schemars(extend("maximum" = MOST_HELD_OUT))]
    percent: Option<u32>,
    /// Draws another group; policies with the same salt and share hold out the same accounts.
    salt: Option<String>,
}

/// When a date alone may start something. Live signals are not bound by any of it.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileTimeBased {
    /// Set the starts in 365 days for an account, over all policies; at most 4.
    #[schemars(extend("maximum" = MOST_TIME_BASED))]
    max_a_year: Option<u32>,
    /// So long after they left it may be for the first time, by reason of leaving.
    #[serde(default)]
    #[schemars(
        with = "BTreeMap<String, Length>",
        extend("propertyNames" = { "enum": names(Reason::ALL, Reason::as_str) })
    )]
    windows: BTreeMap<String, String>,
    /// Days of every year on which nothing starts, in the account's zone.
    #[serde(default)]
    blackout: Vec<FileBlackout>,
    /// The last so many days of each quarter are such days, too.
    #[schemars(extend("maximum" = 31))]
    quarter_end_days: Option<u8>,
}

/// Days of every year, both included; from a later to an earlier one it goes over the turn of the year.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FileBlackout {
    /// A month and a day such as `12-20`.
    #[schemars(extend("pattern" = DAY))]
    from: String,
    /// A month and a day such as `01-04`.
    #[schemars(extend("pattern" = DAY))]
    to: String,
}

/// Whether what bursts that did not fire left counts for the next one.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileScore {
    /// Carry it over.
    carry: Option<bool>,
    /// Set the time in which it halves: 1h to 365d.
    #[schemars(with = "Option<Length>")]
    half_life: Option<String>,
}

/// The three sections as the file has them.
pub(crate) struct FileRules<'f> {
    pub(crate) not_fit: Option<&'f str>,
    pub(crate) hold_out: &'f FileHoldOut,
    pub(crate) time_based: &'f FileTimeBased,
}

impl FileRules<'_> {
    /// The rules of the file, within the hard limits.
    pub(crate) fn rules(&self) -> Result<Rules, PolicyError> {
        Ok(Rules {
            not_fit: not_fit(self.not_fit)?,
            hold_out: self.hold_out.hold_out(),
            time_based: self.time_based.time_based()?,
        })
    }
}

fn not_fit(text: Option<&str>) -> Result<NotFit, PolicyError> {
    let Some(text) = text else { return Ok(NotFit::Gate) };
    NotFit::parse(text).ok_or_else(|| wrong("not_fit", text, "must be `gate` or `allow`"))
}

impl FileHoldOut {
    fn hold_out(&self) -> HoldOut {
        let salt = self.salt.clone().unwrap_or_else(|| "hold-out".to_owned());
        HoldOut { percent: self.percent.unwrap_or(0), salt }
    }
}

impl FileTimeBased {
    fn time_based(&self) -> Result<TimeBased, PolicyError> {
        let dates = |(at, dates): (usize, &FileBlackout)| dates.blackout(at);
        Ok(TimeBased {
            max_a_year: self.max_a_year.unwrap_or(MOST_TIME_BASED),
            windows: windows(&self.windows)?,
            blackout: self.blackout.iter().enumerate().map(dates).collect::<Result<_, _>>()?,
            quarter_end_days: self.quarter_end_days.unwrap_or(0),
        })
    }
}

fn windows(file: &BTreeMap<String, String>) -> Result<BTreeMap<Reason, Span>, PolicyError> {
    let names: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
    let window = |(name, text): (&String, &String)| -> Result<_, PolicyError> {
        let key = format!("time_based.windows.{name}");
        let unknown =
            || wrong("time_based.windows", name, &format!("no such reason{}", nearest(name, &names)));
        let reason = Reason::parse(name).ok_or_else(unknown)?;
        Ok((reason, span(&key, Some(text), Span::ZERO)?))
    };
    let mut windows: BTreeMap<_, _> =
        Reason::ALL.iter().map(|reason| (*reason, default_window(*reason))).collect();
    for stated in file {
        windows.extend([window(stated)?]);
    }
    Ok(windows)
}

impl FileBlackout {
    fn blackout(&self, at: usize) -> Result<Blackout, PolicyError> {
        let day = |field: &str, text: &str| {
            let fix = "must be a month and a day such as `12-20`";
            Blackout::day(text).ok_or_else(|| wrong(&format!("time_based.blackout[{at}].{field}"), text, fix))
        };
        Ok(Blackout { from: day("from", &self.from)?, to: day("to", &self.to)? })
    }
}

impl FileScore {
    /// The half-life of a score that is carried over; `None` where each burst counts for itself.
    pub(crate) fn half_life(&self) -> Result<Option<Span>, PolicyError> {
        let stated = span("score.half_life", self.half_life.as_deref(), Span::from_days(7))?;
        half_life(stated)?;
        Ok(self.carry.unwrap_or(false).then_some(stated))
    }
}
