//! Kafka's frames: four bytes of length, then a header of which two fields are read.

use std::io::{self, Read, Write};

/// No request of a test is larger; a larger length is no frame.
const MAX: usize = 64 << 20;

/// A request or an answer, without its length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame(pub(super) Vec<u8>);

impl Frame {
    /// The next one, or `None` at the end.
    pub(super) fn read(mut from: impl Read) -> io::Result<Option<Self>> {
        let mut length = [0; 4];
        match from.read_exact(&mut length) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("a frame of {length} bytes")));
        }
        let mut bytes = vec![0; length];
        from.read_exact(&mut bytes)?;
        Ok(Some(Self(bytes)))
    }

    pub(super) fn write(&self, mut to: impl Write) -> io::Result<()> {
        let length = u32::try_from(self.0.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut bytes = Vec::with_capacity(self.0.len() + 4);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(&self.0);
        to.write_all(&bytes)
    }

    /// The API key of a request.
    pub(super) fn api_key(&self) -> Option<i16> {
        self.0.first_chunk().map(|bytes| i16::from_be_bytes(*bytes))
    }

    /// The key of a request's answer: the API key and its version.
    pub(super) fn asked(&self) -> Option<i32> {
        self.0.get(4..).and_then(<[u8]>::first_chunk).map(|bytes| i32::from_be_bytes(*bytes))
    }

    /// The request that an answer belongs to.
    pub(super) fn answers(&self) -> Option<i32> {
        self.0.first_chunk().map(|bytes| i32::from_be_bytes(*bytes))
    }
}
