//! Label values that belong to no other crate's enum.

use winback_core::closed_enum;

closed_enum! {
    /// The laws that [`super::list::CONSERVATION`] holds a lane to, each over committed work only.
    Law {
        /// Records = those of which at least one event came, be it dropped or dead.
        Records = "records",
        /// Events in them = matched + answers + unmatched + ambiguous + dropped + dead.
        Events = "events",
        /// Matched = outcomes + dead, for each policy.
        Decisions = "decisions",
        /// Bursts opened = ended + open.
        Bursts = "bursts",
    }
}
