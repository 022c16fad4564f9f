//! A dead letter as a role or the lane gives it, before it is a record.

/// A record that a role cannot process; the lane adds the record and appends it in the same transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The source's name; empty for winback's own topics.
    pub source: String,
    /// The element of the record; `None` is the whole record.
    pub element: Option<u32>,
    /// From the role's closed list.
    pub reason: &'static str,
    /// The fault and the fix.
    pub text: String,
}

/// The reason of a dead letter for a record that no transaction takes.
pub const CANNOT_COMMIT: &str = winback_proto::letter::NothingKept::CannotCommit.as_str();

/// The dead letter of a quarantined record, or of an element of it.
pub(crate) fn cannot_commit(element: Option<u32>) -> DeadLetter {
    DeadLetter {
        source: String::new(),
        element,
        reason: CANNOT_COMMIT,
        text: "no transaction with what follows from this is taken by the log, and those without it are: mend what \
               the lane's last error names; `winback dead-letters replay` then sends the record again, or says what to do instead"
            .to_owned(),
    }
}
