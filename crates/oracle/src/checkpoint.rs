//! What the core had made of an inbox up to an offset, in a file: for inboxes that retention cuts.
//!
//! The file is written beside the old one and renamed, and ends with the SHA-256 of all before it: it is there whole, or
//! the old one is, and what was torn or changed is noticed before a row is believed. It names the inbox's own id, so
//! that a topic that was deleted and made again is not mistaken for it.
//!
//! ```text
//! winback checkpoint 2\n  then JSON {deployment, inbox, partitions}\n
//! for each partition: its number, inbox offset, offsets of triggers, shadow triggers and decisions, how many
//!   rows (i64, little endian)
//!   for each row: length and bytes of the key, length and bytes of the value (lengths as i64)
//! SHA-256 of all of it
//! ```

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use winback_core::debounce::{StateKey, StateRow};
use winback_core::ids::Offset;
use winback_proto::{Encoding, WireMessage, state, v1};

use crate::error::{CheckpointError, MAGIC};
use crate::outputs::OutputOffsets;
use crate::state::Rows;

/// The beginning of every version's first line.
const ANY_MAGIC: &str = "winback checkpoint ";
const LONGEST_MAGIC: u64 = 64;
const DIGEST: u64 = 32;
/// No row is larger; a length beyond it is none.
const LARGEST: i64 = 64 << 20;

/// The owner of a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    pub(crate) deployment: String,
    /// The inbox's own id.
    pub(crate) inbox: String,
    pub(crate) partitions: i32,
}

/// One partition of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) partition: i32,
    /// The inbox record that comes next.
    pub(crate) next: Offset,
    /// The records of outputs that come next.
    pub(crate) outputs: OutputOffsets,
    rows: i64,
    /// The place of its rows in the file.
    at: u64,
}

/// A checkpoint that is whole.
#[derive(Debug)]
pub(crate) struct Checkpoint {
    path: PathBuf,
    file: BufReader<File>,
    pub(crate) header: Header,
    pub(crate) sections: Vec<Section>,
}

impl Checkpoint {
    /// Opens a file and checks that it is what was written; `None` where there is none.
    ///
    /// # Errors
    /// When it cannot be read, or is torn.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, CheckpointError> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(CheckpointError::Io { doing: "opening", path: path.to_path_buf(), why }),
        };
        let mut file = BufReader::new(file);
        if let Some(form) = another_form(&mut file).map_err(|why| torn(path, why.to_string()))? {
            return Err(CheckpointError::Form { path: path.to_path_buf(), form });
        }
        Self::read(path, file).map(Some).map_err(|why| torn(path, why))
    }

    fn read(path: &Path, mut file: BufReader<File>) -> Result<Self, String> {
        let end = check(&mut file).map_err(|why| why.to_string())??;
        let header = header(&mut file)?;
        let sections = sections(&mut file, header.partitions, end).map_err(|why| why.to_string())?;
        Ok(Self { path: path.to_path_buf(), file, header, sections })
    }

    /// The rows of a partition.
    pub(crate) fn rows(&mut self, section: Section) -> Result<Vec<(StateKey, StateRow)>, CheckpointError> {
        let read = |file: &mut BufReader<File>| {
            file.seek(SeekFrom::Start(section.at)).map_err(|why| why.to_string())?;
            (0..section.rows).map(|_| row(file)).collect::<Result<Vec<_>, String>>()
        };
        read(&mut self.file).map_err(|why| torn(&self.path, why))
    }
}

fn torn(path: &Path, why: String) -> CheckpointError {
    CheckpointError::Torn { path: path.to_path_buf(), why }
}

/// The form that another version wrote, when it is one; asked before the digest, which that version may make otherwise.
fn another_form(file: &mut BufReader<File>) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    file.by_ref().take(LONGEST_MAGIC).read_until(b'\n', &mut line)?;
    file.rewind()?;
    let line = String::from_utf8_lossy(&line).trim_end().to_owned();
    Ok((line.starts_with(ANY_MAGIC) && line != MAGIC.trim_end()).then_some(line))
}

/// The place of the digest, if it is right.
fn check(file: &mut BufReader<File>) -> io::Result<Result<u64, String>> {
    let length = file.get_ref().metadata()?.len();
    let Some(end) = length.checked_sub(DIGEST) else { return Ok(Err(format!("it has {length} bytes"))) };
    let mut hasher = Sha256::new();
    io::copy(&mut file.by_ref().take(end), &mut hasher)?;
    let mut digest = Vec::new();
    file.read_to_end(&mut digest)?;
    file.rewind()?;
    if digest[..] == hasher.finalize()[..] {
        return Ok(Ok(end));
    }
    Ok(Err("its checksum is not that of its content".to_owned()))
}

fn header(file: &mut BufReader<File>) -> Result<Header, String> {
    let mut line = || {
        let mut line = String::new();
        file.read_line(&mut line).map(|_| line).map_err(|why| why.to_string())
    };
    let magic = line()?;
    if magic != MAGIC {
        return Err(format!("it begins with {:?} instead of {MAGIC:?}", magic.trim_end()));
    }
    serde_json::from_str(&line()?).map_err(|why| why.to_string())
}

fn sections(file: &mut BufReader<File>, partitions: i32, end: u64) -> io::Result<Vec<Section>> {
    let mut sections = Vec::new();
    for _ in 0..partitions {
        let [number, next, triggers, in_shadow, decisions, rows] = numbers(file)?;
        let partition = i32::try_from(number).map_err(io::Error::other)?;
        let (triggers, in_shadow) = (Offset(triggers), Offset(in_shadow));
        let outputs = OutputOffsets { triggers, in_shadow, decisions: Offset(decisions) };
        let at = file.stream_position()?;
        sections.push(Section { partition, next: Offset(next), outputs, rows, at });
        for _ in 0..rows * 2 {
            let [length] = numbers(file)?;
            file.seek_relative(length)?;
        }
    }
    if file.stream_position()? == end { Ok(sections) } else { Err(io::Error::other("it has more in it")) }
}

fn numbers<const N: usize>(file: &mut impl Read) -> io::Result<[i64; N]> {
    let mut numbers = [0; N];
    for number in &mut numbers {
        let mut bytes = [0; 8];
        file.read_exact(&mut bytes)?;
        *number = i64::from_le_bytes(bytes);
    }
    Ok(numbers)
}

fn row(file: &mut impl Read) -> Result<(StateKey, StateRow), String> {
    let mut bytes = || {
        let [length] = numbers(file).map_err(|why| why.to_string())?;
        let length = usize::try_from(length.min(LARGEST)).map_err(|why| why.to_string())?;
        let mut bytes = vec![0; length];
        file.read_exact(&mut bytes).map_err(|why| why.to_string()).map(|()| bytes)
    };
    let (key, value) = (bytes()?, bytes()?);
    let key = state::key_from_bytes(&key).map_err(|why| why.to_string())?;
    let row = v1::StateRecord::from_bytes(&value).and_then(state::row_from_wire);
    Ok((key, row.map_err(|why| why.to_string())?))
}

/// A checkpoint on its way to the disk; dropped before [`Self::finish`], it leaves nothing.
pub(crate) struct CheckpointWriter {
    path: PathBuf,
    new: tempfile::NamedTempFile,
    out: Hashing,
}

impl CheckpointWriter {
    pub(crate) fn create(path: &Path, header: &Header) -> Result<Self, CheckpointError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let begin = || {
            let new = tempfile::Builder::new()
                .prefix(".checkpoint-")
                .tempfile_in(folder.unwrap_or(Path::new(".")))?;
            let mut out = Hashing { out: BufWriter::new(new.reopen()?), hasher: Sha256::new() };
            out.write_all(MAGIC.as_bytes())?;
            out.write_all(serde_json::to_string(header)?.as_bytes())?;
            out.write_all(b"\n")?;
            Ok((new, out))
        };
        let (new, out) = begin().map_err(|why| failed("writing", path, why))?;
        Ok(Self { path: path.to_path_buf(), new, out })
    }

    /// Adds the next partition.
    pub(crate) fn section(
        &mut self,
        partition: i32,
        next: Offset,
        outputs: OutputOffsets,
        rows: &Rows,
    ) -> Result<(), CheckpointError> {
        let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let out = &mut self.out;
        let mut write = || {
            let OutputOffsets { triggers, in_shadow, decisions } = outputs;
            out.numbers(&[i64::from(partition), next.0, triggers.0, in_shadow.0, decisions.0, count])?;
            rows.iter().try_for_each(|(key, row)| {
                out.bytes(&state::key_to_bytes(key))?;
                out.bytes(&state::row_to_wire(row).to_bytes(Encoding::Protobuf))
            })
        };
        write().map_err(|why| failed("writing", &self.path, why))
    }

    /// Puts the file where the old one was.
    pub(crate) fn finish(self) -> Result<(), CheckpointError> {
        let Self { path, new, out } = self;
        let end = || {
            let Hashing { mut out, hasher } = out;
            out.write_all(&hasher.finalize())?;
            out.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
            new.persist(&path)?;
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
        };
        end().map_err(|why: io::Error| failed("writing", &path, why))
    }
}

fn failed(doing: &'static str, path: &Path, why: io::Error) -> CheckpointError {
    CheckpointError::Io { doing, path: path.to_path_buf(), why }
}

struct Hashing {
    out: BufWriter<File>,
    hasher: Sha256,
}

impl Hashing {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.out.write_all(bytes)
    }

    fn numbers(&mut self, numbers: &[i64]) -> io::Result<()> {
        numbers.iter().try_for_each(|number| self.write_all(&number.to_le_bytes()))
    }

    fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.numbers(&[i64::try_from(bytes.len()).unwrap_or(i64::MAX)])?;
        self.write_all(bytes)
    }
}
