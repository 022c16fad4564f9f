//! What keeps mail addresses out of the logs, whoever wrote them there: the last step before a line is written.

use std::borrow::Cow;
use std::io;

use tracing_subscriber::fmt::MakeWriter;
use winback_core::privacy::masked;

/// Makes writers that mask.
pub(crate) struct Masking<W>(pub(crate) W);

/// Writes lines without addresses; a line comes in one piece.
pub(crate) struct Masked<W>(W);

impl<'w, W: MakeWriter<'w>> MakeWriter<'w> for Masking<W> {
    type Writer = Masked<W::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        Masked(self.0.make_writer())
    }
}

impl<W: io::Write> io::Write for Masked<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        match std::str::from_utf8(line).map(masked) {
            Ok(Cow::Owned(line)) => self.0.write_all(line.as_bytes())?,
            Ok(Cow::Borrowed(_)) | Err(_) => self.0.write_all(line)?,
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_line_is_written_without_the_addresses_in_it() {
        let mut out = Vec::new();
        Masked(&mut out).write_all(b"WARN no such contact: jane@acme.com\n").unwrap();
        assert_eq!(out, b"WARN no such contact: (address)\n");
    }
}
