//! The lists of programs: built in, or read from a file that the source names, when its decoder is built.

use std::borrow::Cow;

use crate::bots::lines;
use crate::config::BotConfig;
use crate::mapping::Wrong;

/// The list that stands under that key: the file's, or the built-in one. A file without a single word is refused: a
/// download that failed must not turn every robot into a person.
pub(crate) fn read(
    key: &str,
    config: &BotConfig,
    built_in: &'static str,
) -> Result<Cow<'static, str>, Wrong> {
    let Some(path) = &config.file else { return Ok(Cow::Borrowed(built_in)) };
    let wrong = |fix: String| (format!("{key}.file"), path.display().to_string(), fix);
    let text = std::fs::read_to_string(path)
        .map_err(|error| wrong(format!("{error}: name a list such as config/sources/page-bots.txt")))?;
    if lines(&text).next().is_none() {
        return Err(wrong("there is no word in it: write one a line".to_owned()));
    }
    Ok(Cow::Owned(text))
}
