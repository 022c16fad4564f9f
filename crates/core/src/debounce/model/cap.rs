//! Caps (R9): the most starting triggers of an account in a window.

use crate::closed_enum;
use crate::time::Span;

closed_enum! {
    /// The triggers that a cap counts.
    CapScope {
        /// All of the account's.
        Account = "account",
        /// Those of this policy.
        Policy = "policy",
        /// Those of the account that only dates spoke for.
        TimeBased = "time_based",
    }
}

/// The window that a cap counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CapWindow {
    /// Any stretch of this length.
    Rolling(Span),
    /// A calendar day, week (from Monday), month, quarter or year in the account's zone.
    Calendar(Calendar),
}

closed_enum! {
    /// A unit of the calendar.
    Calendar {
        /// Midnight to midnight.
        Day = "day",
        /// Monday to Sunday.
        Week = "week",
        /// The first to the last.
        Month = "month",
        /// Three months from January, April, July, October.
        Quarter = "quarter",
        /// January to December.
        Year = "year",
    }
}

/// At most `max` starting triggers in a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    /// The triggers it counts.
    pub scope: CapScope,
    /// The most.
    pub max: u32,
    /// The window.
    pub window: CapWindow,
}

impl Cap {
    /// The cap as a person would say it: `4 in 365d for the account`.
    pub fn describe(&self) -> String {
        let whose = self.scope.describe();
        match self.window {
            CapWindow::Rolling(length) => format!("{} in {length} {whose}", self.max),
            CapWindow::Calendar(unit) => format!("{} a {unit} {whose}", self.max),
        }
    }

    /// The cap that [`Self::describe`] says.
    pub fn parse(text: &str) -> Option<Self> {
        let (max, rest) = text.split_once(' ')?;
        let (kind, rest) = rest.split_once(' ')?;
        let (window, whose) = rest.split_once(' ')?;
        let scope = CapScope::ALL.iter().copied().find(|scope| scope.describe() == whose)?;
        let window = match kind {
            "in" => CapWindow::Rolling(window.parse().ok()?),
            "a" => CapWindow::Calendar(Calendar::parse(window)?),
            _ => return None,
        };
        Some(Self { scope, max: max.parse().ok()?, window })
    }

    /// The age up to which a fire may count.
    pub const fn reach(&self) -> Span {
        match self.window {
            CapWindow::Rolling(length) => length,
            CapWindow::Calendar(unit) => Span::from_days(unit.days()),
        }
    }
}

impl CapScope {
    /// The triggers it counts, in words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Account => "for the account",
            Self::Policy => "for this policy",
            Self::TimeBased => "of what only dates speak for",
        }
    }
}

impl Calendar {
    const fn days(self) -> i64 {
        match self {
            Self::Day => 2,
            Self::Week => 8,
            Self::Month => 32,
            Self::Quarter => 93,
            Self::Year => 367,
        }
    }
}
