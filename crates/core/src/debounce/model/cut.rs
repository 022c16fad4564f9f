//! The parts of a trigger that can be cut.

use crate::closed_enum;

closed_enum! {
    /// A part of a trigger that was cut, because the trigger was larger than `max_trigger_bytes` of its policy. The order
    /// is that of cutting.
    Cut {
        /// The reason in the books' own words.
        ReasonDetail = "reason_detail",
        /// Promises made at exit.
        Concessions = "concessions",
        /// Features that it missed.
        MissingFeatures = "missing_features",
        /// The competitor it went to.
        Competitor = "competitor",
        /// Its name.
        Name = "name",
        /// The signals, of which the strongest stay longest; counts and score are whole.
        Evidence = "evidence",
        /// Its people; who came stays longest.
        Contacts = "contacts",
        /// Its domains.
        Domains = "domains",
        /// The person who looks after it.
        Owner = "owner",
        /// Its time zone.
        Zone = "zone",
        /// Its ids in other systems.
        Ids = "ids",
        /// The recommended play: the worker chooses.
        Play = "play",
    }
}
