//! Drafts that must not be sent any more: an account answered, or changed, after its draft was written.
//!
//! A draft is renamed, so that no mail program opens it: `acme.eml` becomes `acme.eml.withdrawn-opted_out`. Nothing is lost,
//! and a person sees why.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use winback_core::account::Reason;
use winback_core::debounce::Edge;
use winback_core::time::Time;

use super::{ACCOUNT_HEADER, FIRED_HEADER, Outbox, head_of};
use crate::choose::Sendable;
use crate::standing::Suppression;

/// The ending of a draft that may be sent.
const DRAFT: &str = ".eml";

/// The drafts that were looked at before, with the part of their heads that is judged.
#[derive(Debug, Default)]
pub struct Seen(HashMap<PathBuf, Option<Sendable>>);

impl Outbox {
    /// Withdraws each draft that is forbidden now, and returns where it is. A folder or a file that cannot be read is left as
    /// it is.
    pub fn withdraw(
        &self,
        seen: &mut Seen,
        forbids: impl Fn(&Sendable) -> Option<Suppression>,
    ) -> Vec<(PathBuf, Suppression)> {
        let mut withdrawn = Vec::new();
        let mut before = std::mem::take(&mut seen.0);
        for path in entries(&self.dir).iter().flat_map(|day| entries(day)) {
            if !path.to_string_lossy().ends_with(DRAFT) {
                continue;
            }
            let draft = before.remove(&path).unwrap_or_else(|| read(&path).ok().flatten());
            match draft.as_ref().and_then(&forbids) {
                Some(why) => withdrawn.extend(moved(&path, why).map(|path| (path, why))),
                None => drop(seen.0.insert(path, draft)),
            }
        }
        withdrawn
    }
}

/// The new place of a draft; none where another process was faster, or the system would not.
fn moved(path: &Path, why: Suppression) -> Option<PathBuf> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".withdrawn-{why}"));
    let to = PathBuf::from(name);
    match fs::rename(path, &to) {
        Ok(()) => Some(to),
        Err(error) => {
            if error.kind() != io::ErrorKind::NotFound {
                let path = path.display();
                tracing::warn!(%path, %error, "a draft that must not be sent cannot be withdrawn: remove it");
            }
            None
        }
    }
}

/// The part of a draft's head that is judged; none for a file that says none of it, such as a draft of an older version.
fn read(path: &Path) -> io::Result<Option<Sendable>> {
    let head = head_of(path)?;
    let value = |name: &str| {
        let prefix = format!("{name}: ");
        head.lines().find_map(|line| line.strip_prefix(&prefix)).map(str::trim)
    };
    let fired_at = value(FIRED_HEADER).and_then(|millis| millis.parse().ok()).map(Time::from_millis);
    let account = value(ACCOUNT_HEADER).filter(|account| !account.is_empty());
    Ok(fired_at.zip(account).map(|(fired_at, account)| Sendable {
        account: account.to_owned(),
        zone: String::new(),
        // Whose reason is impossible has no draft.
        reason: Reason::Unknown,
        edge: Edge::Leading,
        fired_at,
    }))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut entries: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    entries.sort();
    entries
}
