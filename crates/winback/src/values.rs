//! Values of arguments that crates without a command line define.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use winback_ingest::FileFormat;
use winback_lane::PositionsFrom;
use winback_service::RoleName;

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

/// The position that wins.
pub(crate) fn positions() -> impl TypedValueParser<Value = PositionsFrom> {
    choice(&[
        ("state", "The one in the detector's changelog", PositionsFrom::State),
        ("group", "The one that the group committed", PositionsFrom::Group),
    ])
}
