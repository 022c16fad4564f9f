//! The bytes of a file as text, where what they are is certain; else what they are and what to do.

use std::io::{self, BufRead, BufReader, Chain, Cursor, Read};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_16BE, UTF_16LE};

/// Bytes that are looked at.
const LOOK: usize = 64;
const BUFFER: usize = 1 << 18;
/// A file within a file within a file is a mistake.
const DEPTH: usize = 2;

/// The reader of a file's text.
pub(crate) type Input = Box<dyn BufRead>;

/// The kind of a file, by its first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Plain,
    Gzip,
    Utf16(&'static Encoding),
    /// It cannot be read here: what it is, and the fix.
    Other(&'static str),
}

const WORKBOOK: &str = "a zip file or a workbook: save the sheet as CSV, or unpack it";

fn kind(head: &[u8]) -> Kind {
    match head {
        [0x1f, 0x8b, ..] => Kind::Gzip,
        [b'P', b'K', 3 | 5, 4 | 6, ..] => Kind::Other(WORKBOOK),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Kind::Other("an old workbook: save the sheet as CSV"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Kind::Other("compressed with zstd: unpack it with `zstd -d`"),
        [b'B', b'Z', b'h', ..] => Kind::Other("compressed with bzip2: unpack it with `bunzip2`"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Kind::Other("compressed with xz: unpack it with `unxz`"),
        [b'P', b'A', b'R', b'1', ..] => Kind::Other("a Parquet file: export CSV or JSON lines"),
        [b'O', b'b', b'j', 1, ..] => Kind::Other("an Avro file: export CSV or JSON lines"),
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Kind::Other("UTF-32: save it as UTF-8"),
        [0xff, 0xfe, ..] => Kind::Utf16(UTF_16LE),
        [0xfe, 0xff, ..] => Kind::Utf16(UTF_16BE),
        // The names of columns and fields are ASCII mostly: every second byte is zero.
        [a, 0, b, 0, c, 0, ..] if [*a, *b, *c].iter().all(is_text) => Kind::Utf16(UTF_16LE),
        [0, a, 0, b, 0, c, ..] if [*a, *b, *c].iter().all(is_text) => Kind::Utf16(UTF_16BE),
        _ => Kind::Plain,
    }
}

const fn is_text(byte: &u8) -> bool {
    byte.is_ascii_graphic() || *byte == b' '
}

/// The file's text: unpacked where it is gzip, and in UTF-8 where it is UTF-16, or in the encoding that was stated.
///
/// # Errors
/// When it cannot be read, or is nothing that holds lines; then what it is and the fix.
pub(crate) fn text_of(input: Input, stated: Option<&'static Encoding>) -> io::Result<Input> {
    unwrapped(input, stated, DEPTH)
}

fn unwrapped(input: Input, stated: Option<&'static Encoding>, depth: usize) -> io::Result<Input> {
    let (head, input) = peeked(input)?;
    match kind(&head) {
        Kind::Gzip if depth > 0 => {
            let unpacked = flate2::bufread::MultiGzDecoder::new(input);
            unwrapped(Box::new(BufReader::with_capacity(BUFFER, unpacked)), stated, depth - 1)
        }
        Kind::Gzip => Err(other("packed more than twice: unpack it")),
        Kind::Other(what) => Err(other(what)),
        Kind::Utf16(encoding) => Ok(transcoded(input, encoding)),
        Kind::Plain => Ok(match stated {
            Some(encoding) => transcoded(input, encoding),
            None => input,
        }),
    }
}

fn other(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("it is {what}"))
}

/// The first bytes, and the input with them.
fn peeked(mut input: Input) -> io::Result<(Vec<u8>, Input)> {
    let mut head = Vec::with_capacity(LOOK);
    input.by_ref().take(LOOK as u64).read_to_end(&mut head)?;
    let whole: Chain<Cursor<Vec<u8>>, Input> = Cursor::new(head.clone()).chain(input);
    Ok((head, Box::new(whole)))
}

fn transcoded(input: Input, encoding: &'static Encoding) -> Input {
    let decoder = encoding.new_decoder_with_bom_removal();
    Box::new(BufReader::with_capacity(
        BUFFER,
        Transcoder { input, decoder, ready: Vec::new(), at: 0, ended: false },
    ))
}

/// Gives the text of an encoding as UTF-8.
struct Transcoder {
    input: Input,
    decoder: Decoder,
    ready: Vec<u8>,
    at: usize,
    ended: bool,
}

impl Transcoder {
    fn refill(&mut self) -> io::Result<()> {
        let bytes = self.input.fill_buf()?;
        self.ended = bytes.is_empty();
        let room = self.decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(BUFFER);
        self.ready.resize(room.max(16), 0);
        let (result, read, written, bad) = self.decoder.decode_to_utf8(bytes, &mut self.ready, self.ended);
        if bad {
            let text = format!(
                "it holds bytes that are not {}: state the right encoding",
                self.decoder.encoding().name()
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        debug_assert_eq!(result, CoderResult::InputEmpty, "there is room for all of it");
        self.input.consume(read);
        self.ready.truncate(written);
        self.at = 0;
        Ok(())
    }
}

impl Read for Transcoder {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at == self.ready.len() {
            if self.ended {
                return Ok(0);
            }
            self.refill()?;
        }
        let count = into.len().min(self.ready.len() - self.at);
        into[..count].copy_from_slice(&self.ready[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn read(bytes: Vec<u8>, stated: Option<&str>) -> Result<String, String> {
        let stated = stated.map(|label| Encoding::for_label(label.as_bytes()).unwrap());
        let mut text = String::new();
        let input = text_of(Box::new(Cursor::new(bytes)), stated).map_err(|error| error.to_string())?;
        BufReader::with_capacity(3, input).read_to_string(&mut text).map_err(|error| error.to_string())?;
        Ok(text)
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    fn utf_16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(order).collect()
    }

    #[test]
    fn what_is_certain_is_read() {
        let text = "id,name\n1,Plövdell €\n";
        for bytes in [
            text.as_bytes().to_vec(),
            packed(text.as_bytes()),
            [packed(b"id,name\n"), packed("1,Plövdell €\n".as_bytes())].concat(),
            utf_16(&format!("\u{feff}{text}"), u16::to_le_bytes),
            utf_16(&format!("\u{feff}{text}"), u16::to_be_bytes),
            utf_16(text, u16::to_le_bytes),
            packed(&utf_16(text, u16::to_be_bytes)),
        ] {
            assert_eq!(read(bytes, None).as_deref(), Ok(text));
        }
        assert_eq!(read(b"1,Pl\xf6vdell \x80".to_vec(), Some("windows-1252")).as_deref(), Ok("1,Plövdell €"));
        assert_eq!(read(Vec::new(), None).as_deref(), Ok(""));
    }

    #[test]
    fn what_is_no_text_is_refused_with_what_it_is() {
        for (bytes, part) in [
            (&b"PK\x03\x04\x14"[..], "workbook: save the sheet as CSV"),
            (b"\xd0\xcf\x11\xe0\xa1", "old workbook"),
            (b"\x28\xb5\x2f\xfd\x04", "zstd"),
            (b"PAR1\x15", "Parquet"),
            (b"\xff\xfe\0\0a\0\0\0", "UTF-32"),
        ] {
            let why = read(bytes.to_vec(), None).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
        let why = read(packed(&packed(&packed(b"x"))), None).unwrap_err();
        assert!(why.contains("unpack"), "{why}");
        assert!(read(packed(b"id,name\n1,a\n")[..20].to_vec(), None).is_err(), "cut off");
        assert!(read(b"\x81\x82".to_vec(), Some("shift_jis")).is_ok());
        assert!(read(b"\xff\xff".to_vec(), Some("shift_jis")).unwrap_err().contains("not Shift_JIS"));
    }
}
