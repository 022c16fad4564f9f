//! The failures of a ledger: each says the file, the fault and the fix.

/// A failure of the ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database cannot be read or written now.
    #[error("the ledger {path} cannot be used: {fault}: {fix}")]
    Unavailable {
        /// The file.
        path: String,
        /// The fault.
        fault: String,
        /// The fix.
        fix: String,
    },
    /// A newer version wrote it.
    #[error(
        "the ledger {path} was written by a newer winback (schema {found}, this one knows {known}): run that version, or \
         name another file in ledger.path"
    )]
    Newer {
        /// The file.
        path: String,
        /// Its schema.
        found: i64,
        /// The newest schema of this version.
        known: i64,
    },
    /// The file is no ledger.
    #[error("{path} is no ledger of winback: name another file in ledger.path")]
    Foreign {
        /// The file.
        path: String,
    },
    /// Another process keeps it.
    #[error("the ledger {path} is kept by another winback{by}: stop it, or name another file in ledger.path")]
    Held {
        /// The file.
        path: String,
        /// The process, where it is known.
        by: String,
    },
    /// Another member took over, or the log is another one.
    #[error(
        "the ledger {path}: {what} is not where this member left it: another member has taken over; start it again"
    )]
    Late {
        /// The file.
        path: String,
        /// The topic and partition.
        what: String,
    },
    /// The ledger knows records that the log does not have.
    #[error(
        "the ledger {path} has read {what} up to {position}, and the log ends at {end}: it belongs to another log; name \
         another file in ledger.path, or run `winback ledger rebuild`"
    )]
    Ahead {
        /// The file.
        path: String,
        /// The topic and partition.
        what: String,
        /// The ledger's position.
        position: i64,
        /// The end of the log.
        end: i64,
    },
    /// Somebody was erased, and the key is not known.
    #[error(
        "accounts were erased, and the key that tells which is not known here: set privacy.key to the deployment's key, \
         or put the key's file beside the log"
    )]
    NoKey,
    /// The file does not hold what was written.
    #[error(
        "the ledger {path} is damaged ({why}): put a backup in its place, or name a new file and run `winback ledger rebuild`"
    )]
    Damaged {
        /// The file.
        path: String,
        /// The fault.
        why: String,
    },
    /// Lines of a file that are wrong.
    #[error("{0}")]
    Input(String),
}

impl LedgerError {
    /// True if waiting, or a person who makes room, mends it.
    pub const fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::NoKey)
    }
}
