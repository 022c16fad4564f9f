//! The figures of win-back: pure functions over facts.
//!
//! A ledger fills [`facts`]; [`report()`] makes every figure of a period; [`text`] and [`page`] show it. What a figure
//! means stands at its function, with the rule of its name.
#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts of spells are far below 2^52, and shares are floats"
)]

mod breakdown;
pub mod facts;
pub mod holdout;
pub mod interval;
mod money;
mod page;
mod period;
mod report;
mod spells;
pub mod survival;
mod text;

pub use breakdown::{By, Row};
pub use money::MissingRate;
pub use page::page;
pub use period::{Period, PeriodError};
pub use report::{Asked, Cohort, HORIZONS, Money, Month, Report, SECOND, Step, report, second_life};
pub use spells::{ATTRIBUTION_DAYS, Origin};
pub use text::{csv, has_no_minor, text};
