//! Values of arguments that crates without a command line define.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use winback_core::time::{Span, Time};
use winback_deployment::config::ConfigError;
use winback_figures::By as Breakdown;
use winback_ingest::FileFormat;
use winback_lane::PositionsFrom;
use winback_ledger::Table;
use winback_service::RoleName;
use winback_show::tally::By;

/// One of a closed list: each value's name, its help and the value.
fn choice<T>(values: &'static [(&'static str, &'static str, T)]) -> impl TypedValueParser<Value = T> + use<T>
where
    T: Copy + Send + Sync + 'static,
{
    let names = values.iter().map(|(name, help, _)| PossibleValue::new(*name).help(*help));
    PossibleValuesParser::new(names).try_map(|given| {
        let found = values.iter().find(|(name, ..)| *name == given);
        found.map(|(.., value)| *value).ok_or_else(|| format!("`{given}` is none of the values in the help"))
    })
}

/// The format of a file.
pub(crate) fn file_format() -> impl TypedValueParser<Value = FileFormat> {
    choice(&[
        ("jsonl", "One JSON value a line", FileFormat::Jsonl),
        ("csv", "A header line and rows", FileFormat::Csv),
        ("combined-log", "A web server's combined access log", FileFormat::CombinedLog),
    ])
}

/// A role of the flow.
pub(crate) fn role() -> impl TypedValueParser<Value = RoleName> {
    choice(&[
        ("registrar", "Takes accounts in", RoleName::Registrar),
        ("matcher", "Decodes signals and finds whose they are", RoleName::Matcher),
        ("detector", "Decides", RoleName::Detector),
        ("worker", "Acts", RoleName::Worker),
    ])
}

/// The property that decisions are counted by.
pub(crate) fn by() -> impl TypedValueParser<Value = By> {
    choice(&[
        ("gate", "The outcome, with the gate or the cap", By::Gate),
        ("reason", "The churn reason of the account", By::Reason),
        ("policy", "The policy, shadows too", By::Policy),
    ])
}

/// The content of a file for the ledger.
pub(crate) fn table() -> impl TypedValueParser<Value = Table> {
    choice(&[
        (
            "costs",
            "What the programme costs: month, kind (fixed, touch, hour), name, amount, currency",
            Table::Costs,
        ),
        ("acquisition", "New customers: month, customers, amount, currency", Table::Acquisition),
        ("rates", "Rates of currencies: month, currency, into, rate", Table::Rates),
    ])
}

/// The property that a report is broken down by.
pub(crate) fn breakdown() -> impl TypedValueParser<Value = Breakdown> {
    PossibleValuesParser::new(Breakdown::ALL.map(|(name, _)| name)).try_map(|given| {
        let found = Breakdown::ALL.iter().find(|(name, _)| *name == given);
        found.map(|(_, by)| *by).ok_or_else(|| format!("`{given}` is none of the values in the help"))
    })
}

/// The order of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    /// The highest priority first.
    Priority,
}

/// The order of a listing.
pub(crate) fn sort() -> impl TypedValueParser<Value = Sort> {
    choice(&[("priority", "The highest priority first", Sort::Priority)])
}

/// The position that wins.
pub(crate) fn positions() -> impl TypedValueParser<Value = PositionsFrom> {
    choice(&[
        ("state", "The one in the detector's changelog", PositionsFrom::State),
        ("group", "The one that the group committed", PositionsFrom::Group),
    ])
}

/// A time, or a length of time before now, as `--since` of a command has it.
///
/// # Errors
/// When the text is neither.
pub(crate) fn since(command: &str, text: &str, now: Time) -> Result<Time, ConfigError> {
    let wrong = || ConfigError::Wrong {
        path: command.to_owned(),
        text: format!("--since {text}: write a time such as 2026-11-22T14:00:00Z, or one ago such as 2h"),
    };
    match text.parse::<Span>() {
        Ok(ago) => Ok(now - ago),
        Err(_) => text
            .parse::<jiff::Timestamp>()
            .map(|at| Time::from_millis(at.as_millisecond()))
            .map_err(|_| wrong()),
    }
}
