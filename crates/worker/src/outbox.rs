//! The outbox: a draft a person can read, one file a trigger.
//!
//! The path is a function of the trigger, apart from a counter where two triggers would share one; the file names its
//! trigger in its head. So a trigger that comes again, after a crash between write and commit, finds its own file
//! and writes itself over it: one effect. A file appears whole or not at all.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use lettre::Message;
use lettre::address::Envelope;
use lettre::message::header::{
    ContentTransferEncoding, ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0,
};
use lettre::message::{Body, Mailbox};
use winback_core::time::Time;
use winback_core::visible;

use crate::play::Play;
use crate::render::{Rendered, mailbox, one_line};
use crate::slug::slug;
use crate::trigger::CheckedTrigger;

mod withdraw;

pub use withdraw::Seen;

const ACCOUNT_HEADER: &str = "X-Winback-Account";
/// The fire time of its trigger, in milliseconds since 1970.
const FIRED_HEADER: &str = "X-Winback-Fired";
const TRIGGER_HEADER: &str = "X-Winback-Trigger";
const PLAY_HEADER: &str = "X-Winback-Play";
/// The head of a draft within which its trigger stands.
const HEAD_BYTES: u64 = 2_048;
/// The longest line of a mail, without its end.
const MAX_LINE_BYTES: usize = 998;
const MAX_SAME_NAME: u32 = 10_000;

/// A draft that could not be written.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// The mail itself is not possible.
    #[error("cannot build the draft: {0}: correct the play, or `worker.from`")]
    Mail(String),
    /// The file system would not.
    #[error("cannot write {path}: {why}")]
    Write {
        /// The file or folder.
        path: String,
        /// The system's message.
        why: io::Error,
    },
    /// Too many drafts of one name.
    #[error(
        "{0} has {MAX_SAME_NAME} drafts of one name: empty the outbox, or give the accounts different names"
    )]
    Crowded(String),
}

/// A directory of drafts.
#[derive(Clone, Debug)]
pub struct Outbox {
    dir: PathBuf,
    from: Mailbox,
}

impl Outbox {
    /// Drafts below `dir`, from `from`. Nothing is made until the first one.
    pub const fn new(dir: PathBuf, from: Mailbox) -> Self {
        Self { dir, from }
    }

    /// Writes a trigger's draft and returns where it is. The same trigger again gives the same file.
    ///
    /// # Errors
    /// When it cannot be built or written; trying later is right for the second.
    pub fn deliver(
        &self,
        trigger: &CheckedTrigger<'_>,
        play: &Play,
        message: &Rendered,
        note: &str,
    ) -> Result<PathBuf, OutboxError> {
        let bytes = self.draft(trigger, play, message, note)?;
        let day: String = trigger.fired_at.to_string().chars().take(10).collect();
        let dir = self.dir.join(slug(&[&day]));
        own_folder(&dir).map_err(|why| failed(&dir, why))?;
        let temporary = dir.join(format!(".{}.tmp", trigger.trigger.id));
        write_whole(&temporary, &bytes).map_err(|why| failed(&temporary, why))?;
        let name = slug(&[&trigger.account.name, &trigger.account.id]);
        let placed = place(&temporary, &dir, &name, &trigger.trigger.id);
        if placed.is_err() {
            // The error that matters is the one below; a left-over is overwritten by the next attempt.
            let _ = fs::remove_file(&temporary);
        }
        placed
    }

    fn draft(
        &self,
        trigger: &CheckedTrigger<'_>,
        play: &Play,
        message: &Rendered,
        note: &str,
    ) -> Result<Vec<u8>, OutboxError> {
        let id = &trigger.trigger.id;
        let account = one_line(&trigger.account.name);
        let account = if account.is_empty() { one_line(&trigger.account.id) } else { account };
        let owner = mailbox(&trigger.account.owner);
        let envelope = Envelope::new(None, vec![owner.clone().unwrap_or_else(|| self.from.clone()).email]);
        let envelope = envelope.map_err(|why| OutboxError::Mail(why.to_string()))?;
        let head = Message::builder()
            .raw_header(raw(TRIGGER_HEADER, id))
            .raw_header(raw(PLAY_HEADER, &play.name))
            .raw_header(raw(ACCOUNT_HEADER, &header_text(&trigger.account.id)))
            .raw_header(raw(FIRED_HEADER, &trigger.fired_at.millis().to_string()))
            .raw_header(raw("X-Unsent", "1"))
            .message_id(Some(format!("<{id}@winback.invalid>")))
            .date(date(trigger.fired_at))
            .from(self.from.clone());
        let addressed = match owner {
            Some(owner) => head.to(owner),
            None => head.raw_header(raw("To", "undisclosed-recipients:;")),
        };
        let mail = addressed
            .subject(format!("{account}: {}", message.subject))
            .envelope(envelope)
            .header(MIME_VERSION_1_0)
            .header(ContentType::TEXT_PLAIN)
            .body(readable(note))
            .map_err(|why| OutboxError::Mail(why.to_string()))?;
        Ok(mail.formatted())
    }
}

/// The text as it is where mail allows such lines, so that a person can read the file without a mail program.
fn readable(text: &str) -> Body {
    let text = visible::plain_lines(text);
    let lines: Vec<&str> = text.lines().collect();
    if lines.iter().any(|line| line.len() > MAX_LINE_BYTES) {
        return Body::new(text.into_owned());
    }
    Body::dangerous_pre_encoded(lines.join("\r\n").into_bytes(), ContentTransferEncoding::EightBit)
}

/// The account's id where it is plain ASCII without a blank at its edges; an id that is not is not told, and its draft is
/// withdrawn by a person.
fn header_text(id: &str) -> String {
    let is_plain = id.trim() == id && id.chars().all(|c| c.is_ascii_graphic() || c == ' ');
    if is_plain { id.to_owned() } else { String::new() }
}

/// A header of one unfolded line; ids and names of plays are plain ASCII without spaces.
fn raw(name: &'static str, value: &str) -> HeaderValue {
    let name = HeaderName::new_from_ascii_str(name);
    HeaderValue::dangerous_new_pre_encoded(name, value.to_owned(), value.to_owned())
}

fn date(at: Time) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(at.millis()).unwrap_or(0))
}

/// A left-over of a killed attempt may be the draft itself under a second name: it is unlinked, never written to.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(why) if why.kind() != io::ErrorKind::NotFound => return Err(why),
        _ => {}
    }
    let mut file = own_file(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A new folder that only its owner enters, with the folders above it.
fn own_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// A new file that only its owner reads.
fn own_file(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Moves the written draft to the first name that is free or already this trigger's.
fn place(temporary: &Path, dir: &Path, name: &str, id: &str) -> Result<PathBuf, OutboxError> {
    for n in 1..=MAX_SAME_NAME {
        let path = dir.join(if n == 1 { format!("{name}.eml") } else { format!("{name}-{n}.eml") });
        // A hard link never replaces, so that two lanes cannot both take a free name.
        match fs::hard_link(temporary, &path) {
            Ok(()) => {
                fs::remove_file(temporary).map_err(|why| failed(temporary, why))?;
                return Ok(path);
            }
            Err(why) if why.kind() == io::ErrorKind::AlreadyExists => {
                if trigger_of(&path).map_err(|why| failed(&path, why))?.as_deref() == Some(id) {
                    fs::rename(temporary, &path).map_err(|why| failed(&path, why))?;
                    return Ok(path);
                }
            }
            Err(why) => return Err(failed(&path, why)),
        }
    }
    Err(OutboxError::Crowded(dir.join(name).display().to_string()))
}

/// The trigger that a draft is for; `None` for a file that is no draft of ours.
fn trigger_of(path: &Path) -> io::Result<Option<String>> {
    let head = head_of(path)?;
    let prefix = format!("{TRIGGER_HEADER}: ");
    Ok(head.lines().find_map(|line| line.strip_prefix(&prefix)).map(|id| id.trim().to_owned()))
}

/// The head of a file.
fn head_of(path: &Path) -> io::Result<String> {
    let mut head = Vec::new();
    File::open(path)?.take(HEAD_BYTES).read_to_end(&mut head)?;
    Ok(String::from_utf8_lossy(&head).into_owned())
}

fn failed(path: &Path, why: io::Error) -> OutboxError {
    OutboxError::Write { path: path.display().to_string(), why }
}
