//! The lines of a file that is read for its rows.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read};
use std::rc::Rc;

/// A reader that notes where each line with something on it begins.
pub(super) struct Lines<R> {
    from: R,
    /// The bytes that were read.
    read: u64,
    line: u64,
    /// The byte at which this line began; none once something was seen on it.
    blank_since: Option<u64>,
    starts: Starts,
}

/// The beginnings of lines that were read and not yet passed, as byte and line.
#[derive(Clone, Default)]
pub(super) struct Starts(Rc<RefCell<VecDeque<(u64, u64)>>>);

impl Starts {
    /// The line of the row that begins at this byte, or behind the line ends and blank lines that stand there. Rows are asked
    /// for in their order.
    pub(super) fn line_from(&self, byte: u64) -> u64 {
        let mut starts = self.0.borrow_mut();
        while starts.front().is_some_and(|(start, _)| *start < byte) {
            starts.pop_front();
        }
        starts.front().map_or(0, |(_, line)| *line)
    }
}

impl<R: Read> Lines<R> {
    pub(super) fn of(from: R) -> (Self, Starts) {
        let starts = Starts::default();
        (Self { from, read: 0, line: 1, blank_since: Some(0), starts: starts.clone() }, starts)
    }

    fn note(&mut self, bytes: &[u8]) {
        let mut starts = self.starts.0.borrow_mut();
        for byte in bytes {
            self.read += 1;
            match (byte, self.blank_since) {
                (b'\n', _) => {
                    self.line += 1;
                    self.blank_since = Some(self.read);
                }
                (b'\r', _) | (_, None) => {}
                (_, Some(start)) => {
                    starts.push_back((start, self.line));
                    self.blank_since = None;
                }
            }
        }
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.note(&buffer[..count]);
        Ok(count)
    }
}
