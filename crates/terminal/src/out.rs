//! Standard output: buffered, without colours where no terminal shows them, and quiet when its reader has gone.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use anstream::AutoStream;
use serde::Serialize;

use super::door;

/// Standard output of a command.
pub struct Out {
    to: BufWriter<AutoStream<io::Stdout>>,
}

impl Default for Out {
    fn default() -> Self {
        Self { to: BufWriter::new(AutoStream::auto(io::stdout())) }
    }
}

impl Out {
    /// The process's own.
    pub fn new() -> Self {
        Self::default()
    }

    /// A line of text.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn line(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.to, "{}", door::fit(text))
    }

    /// A value as one line of JSON.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn json(&mut self, value: &impl Serialize) -> io::Result<()> {
        let line = serde_json::to_string(value).map_err(io::Error::from)?;
        writeln!(self.to, "{}", door::json(&line))
    }

    /// Everything written so far is shown.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Ends quietly with 0 when the reader of standard output has gone, as `head` does.
///
/// # Errors
/// Every other error of the command.
pub fn until_closed(result: anyhow::Result<ExitCode>) -> anyhow::Result<ExitCode> {
    match result {
        Err(error) if error.chain().any(is_closed) => Ok(ExitCode::SUCCESS),
        result => result,
    }
}

fn is_closed(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
